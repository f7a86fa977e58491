# pragma version 0.4.3
"""
@title Strips
@notice What a book has of one underlying, added up: a strip for each expiry, with its options as
        sums of scenario words and its forwards, then all of them as one profile. A put is a call
        less a forward and more of the strike in cash. As in plimsoll.spec.margin.
@dev Nothing overflows: calls and puts are below 2**67, of 128 positions below 2**75 together;
     prices are below 2**84 and move by a factor of at most 2.6, forwards are below 2**86. So sums
     of sizes times prices are below 2**162, and of notionals, each at most 2**106, below 2**114.
     See modules/scan for the rest.
"""

from interfaces import IMarginEngine
from interfaces import IMarketData
from interfaces import IScanner
from interfaces import IVolSurface
from modules import instrument as instrument_
from modules import scan
from modules import scenario
from modules import wad

MAX_STRIPS: constant(uint256) = 16  # live expiries of an underlying
NEAR: constant(uint256) = 8 * 86_400  # seconds to an expiry in which curvature matters in full

LARGEST: constant(uint256) = 2**106  # as in scan
SHORT: constant(uint256) = 2**135 + 2**67  # the signs of a position's calls and puts


# what positions of an underlying have in common
struct Frame:
    underlying: uint256
    prices: IMarketData.Market
    params: IMarginEngine.UnderlyingParams
    curved: bool  # whether there are options, else the rest is empty
    grid: IVolSurface.Epoch
    axis: IScanner.Axis
    moves: int256[4]  # to the extremes
    spots: uint256[6]  # of the extremes, then one step of the lower curve beyond each end, WAD


# of one expiry
struct Strip:
    expiry: uint256
    price: uint256  # its forward, WAD
    ratio: uint256  # of the forward to the index, WAD
    fresh: bool  # whether smile and forward are young
    near: bool
    levels: uint256[6]  # forwards at the extremes and at the ghosts, WAD
    gross: int256  # contracts of any kind, 1e-8
    contracts: int256  # of options, net in each strike, 1e-8
    forwards: int256  # futures less puts, 1e-8 contracts
    sums: uint256[8]  # of scenario words
    # of options struck below the upper extremes, in two's complement
    count: uint256  # 1e-8 contracts
    struck: uint256  # the same times their strikes, WAD * 1e-8


# positions that net
struct Risk:
    profit: int256  # of what is linear or has expired, WAD * 1e-8
    parity: uint256  # value of puts beside their calls, WAD * 1e-8, in two's complement
    gross: uint256  # sum of |notional|, WAD
    late: uint256  # the part of it whose smile and forward are old
    bound: bool  # whether an option is short, or something linear held
    curved: bool  # whether there are options
    unit: int256  # of their lanes, WAD * 2**64
    line: int256  # notional of what is linear, WAD
    delta: int256  # notional of everything
    deltas: int256  # sum of |notional| of the perpetual and of each expiry
    vega: int256  # half of what options are worth more with volatility up than down
    vegas: int256  # sum over expiries of its size
    contracts: uint256  # of options, net in each strike, 1e-8
    sums: uint256[8]  # of scenario words
    near: bool  # whether there are longs of near expiries
    longs: uint256[8]  # the part of the sums that these are
    # at the extremes, and of near longs at the ghosts, WAD * 1e-8, in two's complement
    intrinsics: uint256[6]


# what they are worth and ask for, WAD
struct Part:
    worth: int256  # of options
    profile: IScanner.Profile
    plain: int256  # loss at the points of the grid
    extreme: int256  # X_u
    loss: int256  # L_u
    charges: uint256[3]  # calendar, vega, short
    steep: uint256  # Q, the notional that the depth charge is about


@internal
@pure
def _frame(
    underlying: uint256,
    prices: IMarketData.Market,
    params: IMarginEngine.UnderlyingParams,
    grid: IVolSurface.Epoch,
) -> Frame:
    """
    @param grid Of the options; empty where there are none.
    """
    frame: Frame = empty(Frame)
    frame.underlying = underlying
    frame.prices = prices
    frame.params = params
    if grid.reference == 0:
        return frame
    frame.curved = True
    frame.grid = grid
    frame.axis = scan._axis(grid, prices.index)
    frame.moves = scan._extreme_moves(params.scan_range)
    for k: uint256 in range(4):
        # unsafe: see above
        moved: uint256 = convert(unsafe_add(wad.IWAD, frame.moves[k]), uint256)
        frame.spots[k] = unsafe_div(unsafe_mul(prices.index, moved), wad.WAD)  # rounds down
    # a span is below three quarters
    beyond: uint256 = unsafe_mul(unsafe_mul(grid.reference, grid.span), 4)
    beyond = wad._ceil_div(beyond, 3 * wad.BPS)
    frame.spots[4] = unsafe_sub(grid.reference, min(beyond, grid.reference))
    frame.spots[5] = unsafe_add(grid.reference, beyond)
    return frame


@internal
@view
def _gather(
    market: IMarketData,
    frame: Frame,
    positions: DynArray[uint256, 128],
    words: DynArray[uint256, 128],
    first: uint256,
    last: uint256,
) -> Risk:
    """
    @notice Adds up positions of an underlying.
    @param words Scenario words of the positions; may be none where there are no options.
    @param first From this one on, of those that are of the underlying.
    @param last Up to, and without, this one.
    """
    risk: Risk = empty(Risk)
    strip: Strip = empty(Strip)  # the one in hand, and its place among all
    place: uint256 = 0
    signs: uint256 = 0
    strips: DynArray[Strip, MAX_STRIPS] = []

    for i: uint256 in range(first, last, bound=128):
        # unsafe: see above
        position: uint256 = positions[i]
        if position >> 240 != frame.underlying:
            continue
        expiry: uint256 = (position >> 200) & (2**40 - 1)
        # as instrument._sizes
        calls: int256 = convert(convert(position << 120, bytes32), int256) >> 188
        puts: int256 = convert(convert(position << 188, bytes32), int256) >> 188
        if expiry == 0:
            mark: uint256 = frame.prices.mark
            notional: int256 = scan._notional(calls, mark)
            gap: int256 = unsafe_sub(convert(mark, int256), frame.prices.funding)
            risk.profit = unsafe_add(risk.profit, unsafe_mul(calls, gap))
            risk.line = unsafe_add(risk.line, notional)
            risk.gross = unsafe_add(risk.gross, convert(abs(notional), uint256))
            risk.bound = True
            continue

        strike: uint256 = unsafe_mul((position >> 136) & (2**64 - 1), instrument_.STRIKE_UNIT)
        if expiry != strip.expiry:
            if strip.expiry != 0:
                strips[place] = strip
            place = 0
            count: uint256 = len(strips)
            for _: uint256 in range(MAX_STRIPS):
                if place == count or strips[place].expiry == expiry:
                    break
                place = unsafe_add(place, 1)
            if place < count:
                strip = strips[place]
            else:
                strip = self._strip(market, frame, expiry)
                if expiry <= block.timestamp:  # nothing moves any more
                    gain: int256 = self._payoff(strip.price, strike, calls, puts)
                    risk.profit = unsafe_add(risk.profit, gain)
                    strip.expiry = 0
                    continue
                strips.append(strip)
        size: int256 = unsafe_add(calls, puts)
        if calls < 0:
            strip.gross = unsafe_sub(strip.gross, calls)
        else:
            strip.gross = unsafe_add(strip.gross, calls)
        if puts != 0:
            strip.gross = unsafe_add(strip.gross, abs(puts))
            strip.forwards = unsafe_sub(strip.forwards, puts)
            sold: uint256 = convert(convert(puts, bytes32), uint256)
            ahead: uint256 = unsafe_sub(strike, strip.price)
            risk.parity = unsafe_add(risk.parity, unsafe_mul(sold, ahead))
        if strike == 0:
            risk.profit = unsafe_add(risk.profit, unsafe_mul(size, convert(strip.price, int256)))
            strip.forwards = unsafe_add(strip.forwards, size)
            risk.bound = True
            continue

        signs |= position
        strip.contracts = unsafe_add(strip.contracts, abs(size))
        n: uint256 = convert(convert(size, bytes32), uint256)
        # as scenario._add
        lanes: uint256 = (words[i] & ~scenario.STAMP) | (n >> 255)
        strip.sums[0] = unsafe_add(strip.sums[0], unsafe_mul(lanes & scenario.PAIR, n))
        strip.sums[1] = unsafe_add(strip.sums[1], unsafe_mul((lanes >> 16) & scenario.PAIR, n))
        strip.sums[2] = unsafe_add(strip.sums[2], unsafe_mul((lanes >> 32) & scenario.PAIR, n))
        strip.sums[3] = unsafe_add(strip.sums[3], unsafe_mul((lanes >> 48) & scenario.PAIR, n))
        strip.sums[4] = unsafe_add(strip.sums[4], unsafe_mul((lanes >> 64) & scenario.PAIR, n))
        strip.sums[5] = unsafe_add(strip.sums[5], unsafe_mul((lanes >> 80) & scenario.PAIR, n))
        strip.sums[6] = unsafe_add(strip.sums[6], unsafe_mul((lanes >> 96) & scenario.PAIR, n))
        strip.sums[7] = unsafe_add(strip.sums[7], unsafe_mul((lanes >> 112) & scenario.PAIR, n))

        # most strikes are below both upper extremes and above both lower ones
        gain: uint256 = 0
        if strip.levels[1] > strike:
            strip.count = unsafe_add(strip.count, n)
            strip.struck = unsafe_add(strip.struck, unsafe_mul(strike, n))
            if strip.levels[0] > strike:
                gain = unsafe_mul(unsafe_sub(strip.levels[0], strike), n)
                risk.intrinsics[0] = unsafe_add(risk.intrinsics[0], gain)
                if strip.levels[2] > strike:
                    gain = unsafe_mul(unsafe_sub(strip.levels[2], strike), n)
                    risk.intrinsics[2] = unsafe_add(risk.intrinsics[2], gain)
        elif strip.levels[3] > strike:
            gain = unsafe_mul(unsafe_sub(strip.levels[3], strike), n)
            risk.intrinsics[3] = unsafe_add(risk.intrinsics[3], gain)
        if strip.near and size > 0:
            risk.near = True
            risk.longs = scenario._add(risk.longs, lanes, size)
            for k: uint256 in range(4, 6):
                if strip.levels[k] > strike:
                    gain = unsafe_mul(unsafe_sub(strip.levels[k], strike), n)
                    risk.intrinsics[k] = unsafe_add(risk.intrinsics[k], gain)
    if strip.expiry != 0:
        strips[place] = strip
    risk.delta = risk.line
    risk.deltas = abs(risk.line)
    if signs != 0:
        risk.curved = True
        risk.bound = risk.bound or signs & SHORT != 0
        for each: Strip in strips:
            risk.contracts = unsafe_add(risk.contracts, convert(each.contracts, uint256))
        risk.unit = scan._unit(frame.grid, risk.contracts)
    for each: Strip in strips:
        gross: uint256 = self._size_of(convert(each.gross, uint256), each.price)
        risk.gross = unsafe_add(risk.gross, gross)
        if not each.fresh:
            risk.late = unsafe_add(risk.late, gross)
        # rounds down
        ratio: uint256 = unsafe_div(unsafe_mul(each.ratio, frame.prices.index), wad.WAD)
        delta: int256 = scan._notional(each.forwards, ratio)
        risk.line = unsafe_add(risk.line, delta)
        if each.contracts != 0:
            risk.sums = scenario._merge(risk.sums, each.sums)
            delta = unsafe_add(delta, scan._slope(each.sums, frame.axis, risk.unit))
            vega: int256 = scan._vega(each.sums, risk.unit)
            risk.vega = unsafe_add(risk.vega, vega)
            risk.vegas = unsafe_add(risk.vegas, abs(vega))
            above: uint256 = unsafe_sub(unsafe_mul(each.levels[1], each.count), each.struck)
            risk.intrinsics[1] = unsafe_add(risk.intrinsics[1], above)
            above = unsafe_sub(unsafe_mul(each.levels[3], each.count), each.struck)
            risk.intrinsics[3] = unsafe_add(risk.intrinsics[3], above)
        risk.delta = unsafe_add(risk.delta, delta)
        risk.deltas = unsafe_add(risk.deltas, abs(delta))
    return risk


@internal
@view
def _strip(market: IMarketData, frame: Frame, expiry: uint256) -> Strip:
    """
    @notice An empty strip; forwards are affine in the spot, and round down.
    """
    forward: IMarketData.Forward = staticcall market.forward(frame.underlying, expiry)
    strip: Strip = empty(Strip)
    strip.expiry = expiry
    strip.ratio = forward.ratio
    strip.fresh = forward.fresh
    strip.near = expiry <= unsafe_add(block.timestamp, NEAR)
    # unsafe: see above
    moved: uint256 = unsafe_div(unsafe_mul(forward.ratio, frame.prices.index), wad.WAD)
    strip.price = unsafe_add(forward.fixed, moved)
    if not frame.curved:
        return strip
    ratio: uint256 = forward.ratio
    spots: uint256[6] = frame.spots
    fixed: uint256 = forward.fixed
    strip.levels[0] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[0]), wad.WAD))
    strip.levels[1] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[1]), wad.WAD))
    strip.levels[2] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[2]), wad.WAD))
    strip.levels[3] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[3]), wad.WAD))
    if strip.near:
        strip.levels[4] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[4]), wad.WAD))
        strip.levels[5] = unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, spots[5]), wad.WAD))
    return strip


@internal
@pure
def _payoff(price: uint256, strike: uint256, calls: int256, puts: int256) -> int256:
    """
    @notice What expired positions pay, WAD * 1e-8; a future is a call struck at 0.
    """
    if price > strike:
        return unsafe_mul(calls, convert(unsafe_sub(price, strike), int256))
    return unsafe_mul(puts, convert(unsafe_sub(strike, price), int256))


@internal
@pure
def _size_of(contracts: uint256, price: uint256) -> uint256:
    """
    @notice Notional of a sum of sizes, WAD, rounded up.
    """
    # unsafe: see above
    product: uint256 = unsafe_add(unsafe_mul(contracts, price), wad.SIZE - 1)
    return min(unsafe_div(product, wad.SIZE), LARGEST)


@internal
@pure
def _measure(risk: Risk, frame: Frame, spot: uint256) -> Part:
    """
    @notice Scan and charges of positions, with collateral that nets with them.
    @param spot Value of the collateral, WAD.
    """
    part: Part = empty(Part)
    params: IMarginEngine.UnderlyingParams = frame.params
    # unsafe: see above
    held: int256 = convert(spot, int256)
    part.profile.line = unsafe_add(risk.line, held)
    hollow: scan.Hollow = empty(scan.Hollow)
    intrinsics: int256[6] = empty(int256[6])
    if risk.curved:
        part.profile.curve = scenario._values(risk.sums, risk.unit)
        part.profile.mark = scan._mark(part.profile.curve, frame.axis)
        part.profile.curved = True
        part.profile.axis = frame.axis
        for k: uint256 in range(6 if risk.near else 4, bound=6):
            whole: int256 = scan._contracts(risk.intrinsics[k])
            intrinsics[k] = scan._clamped(whole, convert(scan.LARGEST_CURVE, int256))
        if risk.near:
            longs: int256[16] = scenario._values(risk.longs, risk.unit)
            hollow = scan._hollow(longs, intrinsics[4], intrinsics[5])
        part.worth = unsafe_add(part.profile.mark, scan._contracts(risk.parity))
        part.charges[1] = wad._ceil_div(
            unsafe_mul(params.vega, scan._matched(risk.vegas, risk.vega)), wad.BPS
        )
        short: uint256 = unsafe_mul(params.short, scenario._short(risk.sums))
        short = unsafe_mul(short, frame.prices.index)
        part.charges[2] = min(wad._ceil_div(short, wad.BPS * wad.SIZE), scan.LARGEST_EXPOSURE)

    lost: scan.Loss = scan._loss(part.profile, params.scan_range, hollow, held)
    part.plain = lost.plain
    part.loss = lost.deepest
    part.extreme = part.loss  # as for every line
    if risk.curved:
        part.extreme = scan._extreme_loss(part.profile, frame.moves, intrinsics)
        part.loss = max(part.loss, part.extreme)
    among: uint256 = scan._matched(risk.deltas, risk.delta)
    overall: uint256 = scan._matched(unsafe_add(risk.deltas, held), unsafe_add(risk.delta, held))
    part.charges[0] = wad._ceil_div(unsafe_mul(params.calendar, overall), wad.BPS)
    # spot never adds to what has to be worked off, and a spread is worked off as one
    steep: uint256 = convert(lost.steepest, uint256)
    steep = unsafe_add(steep, unsafe_add(among, 1) >> 1)
    part.steep = unsafe_sub(steep, min(steep, unsafe_sub(overall, among) >> 1))
    return part
