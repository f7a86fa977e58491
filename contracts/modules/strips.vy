# pragma version 0.4.3
"""
@title Strips
@notice What a book has of one underlying, added up: positions of one expiry in a row are a run,
        all runs of an expiry a strip, which has its forwards and the slope and vega of its
        options; of all of them together are the sums of scenario words, and the profile. A put is
        a call less a forward and more of the strike in cash. As in plimsoll.spec.margin.
@dev Nothing overflows: calls and puts are below 2**67, of 128 positions below 2**75 together;
     prices are below 2**84 and move by a factor of at most 2.6, forwards are below 2**86. So sums
     of sizes times prices are below 2**162, and of notionals, each at most 2**106, below 2**114.
     See modules/scan for the rest.
"""

from interfaces import IMarginEngine
from interfaces import IMarketData
from interfaces import IVolSurface
from modules import instrument as instrument_
from modules import scan
from modules import scenario
from modules import wad

MAX_STRIPS: constant(uint256) = 16  # live expiries of an underlying
NEAR: constant(uint256) = 7 * 86_400  # seconds to an expiry in which curvature matters in full
FADE: constant(uint256) = 86_400  # before these, in which it comes to do so

LARGEST: constant(uint256) = 2**106  # as in scan


# what options of an underlying have in common
struct Frame:
    grid: IVolSurface.Epoch
    axis: IVolSurface.Axis
    moves: int256[4]  # to the extremes
    spots: uint256[6]  # of the extremes, then one step of the lower curve beyond each end, WAD


# positions of one expiry in a row
struct Run:
    price: uint256  # its forward, WAD
    ratio: uint256  # of the forward to the index, WAD
    fresh: bool  # whether smile and forward are young
    near: uint256  # part of FADE: how far curvature of longs matters in full
    levels: uint256[6]  # forwards at the extremes and at the ghosts, WAD
    gross: int256  # contracts of any kind, 1e-8
    forwards: int256  # futures less puts, 1e-8 contracts
    # of options struck below the upper extremes, in two's complement
    count: uint256  # 1e-8 contracts
    struck: uint256  # the same times their strikes, WAD * 1e-8


# what all positions of an expiry add up to
struct Strip:
    expiry: uint256
    ratio: uint256  # of its forward to the index, WAD
    forwards: int256  # futures less puts, 1e-8 contracts
    slope: int256  # see scan
    vega: int256


# positions that net
struct Risk:
    profit: int256  # of what is linear or has expired, WAD * 1e-8
    parity: uint256  # value of puts beside their calls, WAD * 1e-8, in two's complement
    perpetual: int256  # its notional, WAD
    dated: uint256  # sum of sizes times their forwards, of what is not settled, WAD * 1e-8
    old: uint256  # the part of it whose smile and forward are old, or whose average settles nothing
    bound: bool  # whether an option is short, or something linear held
    curved: bool  # whether there are options
    net: int256  # options, 1e-8 contracts
    sums: uint256[8]  # of scenario words
    near: bool  # whether there are longs of near expiries
    longs: uint256[8]  # the part of the sums that these are
    # at the extremes, and of near longs at the ghosts, WAD * 1e-8, in two's complement
    intrinsics: uint256[6]
    # by expiry
    unit: int256  # of lanes, WAD * 2**64
    line: int256  # notional of what is linear, WAD
    delta: int256  # notional of everything
    deltas: int256  # sum of |notional| of the perpetual and of each expiry
    vega: int256  # half of what options are worth more with volatility up than down
    vegas: int256  # sum over expiries of its size


# what they are worth and ask for, WAD
struct Part:
    gross: uint256  # sum of |notional|
    late: uint256  # the part of it whose smile and forward are old
    worth: int256  # of options
    profile: IVolSurface.Profile
    plain: int256  # loss at the points of the grid
    deepest: int256  # with what lies between them
    extreme: int256  # X_u
    loss: int256  # L_u
    charges: uint256[3]  # calendar, vega, short
    steep: uint256  # Q, the notional that the depth charge is about


@internal
@pure
def _frame(grid: IVolSurface.Epoch, index: uint256, scan_range: uint256) -> Frame:
    """
    @param index Of the underlying, WAD.
    @param scan_range Its own, bps.
    """
    frame: Frame = empty(Frame)
    frame.grid = grid
    frame.axis = scan._axis(grid, index)
    frame.moves = scan._extreme_moves(scan_range)
    # unsafe: see above; a span is below three quarters
    beyond: uint256 = unsafe_mul(unsafe_mul(grid.reference, grid.span), 4)
    beyond = wad._ceil_div(beyond, 3 * wad.BPS)
    frame.spots = [
        self._after(index, frame.moves[0]),
        self._after(index, frame.moves[1]),
        self._after(index, frame.moves[2]),
        self._after(index, frame.moves[3]),
        unsafe_sub(grid.reference, min(beyond, grid.reference)),
        unsafe_add(grid.reference, beyond),
    ]
    return frame


@internal
@pure
def _after(spot: uint256, move: int256) -> uint256:
    """
    @notice The spot after a move, rounded down.
    """
    # unsafe: see above
    moved: int256 = unsafe_mul(convert(spot, int256), unsafe_add(wad.IWAD, move))
    return convert(unsafe_div(moved, wad.IWAD), uint256)


@internal
@view
def _run(spots: uint256[6], index: uint256, expiry: uint256, forward: IMarketData.Forward) -> Run:
    """
    @notice An empty run; forwards are affine in the spot, and round down.
    @param spots Of the extremes and the ghosts, or none where there are no options.
    """
    run: Run = empty(Run)
    run.ratio = forward.ratio
    run.fresh = forward.fresh
    # unsafe: see above
    far: uint256 = unsafe_add(block.timestamp, NEAR + FADE)
    if far > expiry:
        run.near = min(unsafe_sub(far, expiry), FADE)
    moved: uint256 = unsafe_div(unsafe_mul(forward.ratio, index), wad.WAD)
    run.price = unsafe_add(forward.fixed, moved)
    if spots[1] == 0:
        return run
    ratio: uint256 = forward.ratio
    fixed: uint256 = forward.fixed
    run.levels[0] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[0]), wad.WAD))
    run.levels[1] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[1]), wad.WAD))
    run.levels[2] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[2]), wad.WAD))
    run.levels[3] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[3]), wad.WAD))
    if run.near != 0:
        run.levels[4] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[4]), wad.WAD))
        run.levels[5] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[5]), wad.WAD))
    return run


@internal
@pure
def _payoff(position: uint256, price: uint256) -> int256:
    """
    @notice What an expired position pays, WAD * 1e-8; a future is a call struck at 0.
    @param price At which it settles, WAD.
    """
    # unsafe: see above
    calls: int256 = 0
    puts: int256 = 0
    calls, puts = instrument_._sizes(position)
    strike: uint256 = unsafe_mul(instrument_._strike(position), instrument_.STRIKE_UNIT)
    if price > strike:
        return unsafe_mul(calls, convert(unsafe_sub(price, strike), int256))
    return unsafe_mul(puts, convert(unsafe_sub(strike, price), int256))


@internal
@pure
def _waiting(position: uint256, price: uint256) -> uint256:
    """
    @notice Contracts of an expired position times the average, which may not be what it settles
        at, WAD * 1e-8.
    """
    calls: int256 = 0
    puts: int256 = 0
    calls, puts = instrument_._sizes(position)
    # unsafe: see above
    return unsafe_mul(convert(unsafe_add(abs(calls), abs(puts)), uint256), price)


@internal
@pure
def _gross(product: uint256) -> uint256:
    """
    @notice Notional of sizes times prices, WAD, rounded up.
    """
    return min(wad._ceil_div(product, wad.SIZE), LARGEST)


@internal
@pure
def _measure(
    risk: Risk,
    frame: Frame,
    params: IMarginEngine.UnderlyingParams,
    index: uint256,
    spot: uint256,
) -> Part:
    """
    @notice Scan and charges of positions, with collateral that nets with them.
    @param index Of the underlying, WAD.
    @param spot Value of the collateral, WAD.
    """
    part: Part = empty(Part)
    # unsafe: see above
    held: int256 = convert(spot, int256)
    part.gross = unsafe_add(convert(abs(risk.perpetual), uint256), self._gross(risk.dated))
    part.late = self._gross(risk.old)
    part.profile.line = unsafe_add(risk.line, held)
    hollow: scan.Hollow = empty(scan.Hollow)
    if risk.curved:
        part.profile.curve = scenario._values(risk.sums, risk.unit)
        part.profile.mark = scan._mark(
            part.profile.curve[scan.NOW],
            part.profile.curve[scan.NOW + 1],
            part.profile.curve[scan.NOW + 2],
            frame.axis,
        )
        part.profile.curved = True
        part.profile.axis = frame.axis
        if risk.near:
            hollow = scan._hollow(
                scenario._values(risk.longs, risk.unit),
                scan._intrinsic(risk.intrinsics[4]),
                scan._intrinsic(risk.intrinsics[5]),
            )
        part.worth = unsafe_add(part.profile.mark, scan._contracts(risk.parity))
        part.charges[1] = wad._ceil_div(
            unsafe_mul(params.vega, scan._matched(risk.vegas, risk.vega)), wad.BPS
        )
        short: uint256 = unsafe_mul(params.short, scenario._short(risk.sums))
        short = unsafe_mul(short, index)
        part.charges[2] = min(wad._ceil_div(short, wad.BPS * wad.SIZE), scan.LARGEST_EXPOSURE)

    lost: scan.Loss = scan._loss(part.profile, params.scan_range, hollow, held)
    part.plain = lost.plain
    part.deepest = lost.deepest
    part.loss = lost.deepest
    part.extreme = part.loss  # as for every line
    if risk.curved:
        part.extreme = scan._extreme_loss(
            part.profile,
            frame.moves,
            [
                scan._intrinsic(risk.intrinsics[0]),
                scan._intrinsic(risk.intrinsics[1]),
                scan._intrinsic(risk.intrinsics[2]),
                scan._intrinsic(risk.intrinsics[3]),
            ],
        )
        part.loss = max(part.loss, part.extreme)
    among: uint256 = scan._matched(risk.deltas, risk.delta)
    overall: uint256 = scan._matched(unsafe_add(risk.deltas, held), unsafe_add(risk.delta, held))
    part.charges[0] = wad._ceil_div(unsafe_mul(params.calendar, overall), wad.BPS)
    # spot never adds to what has to be worked off, and a spread is worked off as one
    steep: uint256 = convert(lost.steepest, uint256)
    steep = unsafe_add(steep, unsafe_add(among, 1) >> 1)
    part.steep = unsafe_sub(steep, min(steep, unsafe_sub(overall, among) >> 1))
    return part
