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

# lanes
NOW: constant(uint256) = 1
CURVE: constant(uint256) = 4
DOWN_CENTER: constant(uint256) = 7
UP_CENTER: constant(uint256) = 13


# of one expiry
struct Strip:
    expiry: uint256
    price: uint256  # its forward, WAD
    ratio: uint256  # of the forward to the index, WAD
    fresh: bool  # whether smile and forward are young
    near: bool
    levels: uint256[6]  # forwards at the extremes and at the ghosts, WAD
    gross: uint256  # sum of |notional|, WAD
    forwards: int256  # futures less puts, 1e-8 contracts
    sums: uint256[8]  # of scenario words


# positions that net
struct Risk:
    profit: int256  # of what is linear or has expired, WAD * 1e-8
    parity: uint256  # value of puts beside their calls, WAD * 1e-8, in two's complement
    gross: uint256  # sum of |notional|, WAD
    late: uint256  # the part of it whose smile and forward are old
    bound: bool  # whether an option is short, or something linear held
    axis: IScanner.Axis
    line: int256  # notional of what is linear, WAD
    delta: int256  # notional of everything
    deltas: int256  # sum of |notional| of the perpetual and of each expiry
    vega: int256  # half of what options are worth more with volatility up than down
    vegas: int256  # sum over expiries of its size
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
@view
def _gather(
    market: IMarketData,
    grid: IVolSurface.Epoch,
    underlying: uint256,
    prices: IMarketData.Market,
    scan_range: uint256,
    positions: DynArray[uint256, 128],
    words: DynArray[uint256, 128],
    first: uint256,
    last: uint256,
) -> Risk:
    """
    @notice Adds up positions of an underlying.
    @param grid Of the options; empty where there are none.
    @param words Scenario words of the positions; may be none where there are no options.
    @param first From this one on, of those that are of the underlying.
    @param last Up to, and without, this one.
    """
    risk: Risk = empty(Risk)
    spots: uint256[6] = empty(uint256[6])
    if grid.reference != 0:
        risk.axis = scan._axis(grid, prices.index)
        spots = self._spots(grid, scan_range, prices.index)
    strip: Strip = empty(Strip)  # the one in hand, and its place among all
    place: uint256 = 0
    signs: uint256 = 0
    strips: DynArray[Strip, MAX_STRIPS] = []

    for i: uint256 in range(first, last, bound=128):
        # unsafe: see above
        position: uint256 = positions[i]
        if position >> 240 != underlying:
            continue
        expiry: uint256 = (position >> 200) & (2**40 - 1)
        calls: int256 = 0
        puts: int256 = 0
        calls, puts = instrument_._sizes(position)
        if expiry == 0:
            notional: int256 = scan._notional(calls, prices.mark)
            gap: int256 = unsafe_sub(convert(prices.mark, int256), prices.funding)
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
                strip = self._strip(market, underlying, expiry, prices.index, spots)
                if expiry <= block.timestamp:  # nothing moves any more
                    gain: int256 = self._payoff(strip.price, strike, calls, puts)
                    risk.profit = unsafe_add(risk.profit, gain)
                    strip.expiry = 0
                    continue
                strips.append(strip)
        price: uint256 = strip.price
        strip.gross = unsafe_add(strip.gross, self._size_of(calls, price))
        if puts != 0:
            strip.gross = unsafe_add(strip.gross, self._size_of(puts, price))
            strip.forwards = unsafe_sub(strip.forwards, puts)
            sold: uint256 = convert(convert(puts, bytes32), uint256)
            risk.parity = unsafe_add(risk.parity, unsafe_mul(sold, unsafe_sub(strike, price)))
        if strike == 0:
            risk.profit = unsafe_add(risk.profit, unsafe_mul(calls, convert(price, int256)))
            strip.forwards = unsafe_add(strip.forwards, calls)
            risk.bound = True
            continue

        signs |= position
        size: int256 = unsafe_add(calls, puts)
        word: uint256 = words[i]
        strip.sums = scenario._add(strip.sums, word, size)
        n: uint256 = convert(convert(size, bytes32), uint256)
        if strip.levels[0] > strike:
            price = unsafe_mul(unsafe_sub(strip.levels[0], strike), n)
            risk.intrinsics[0] = unsafe_add(risk.intrinsics[0], price)
        if strip.levels[1] > strike:
            price = unsafe_mul(unsafe_sub(strip.levels[1], strike), n)
            risk.intrinsics[1] = unsafe_add(risk.intrinsics[1], price)
        if strip.levels[2] > strike:
            price = unsafe_mul(unsafe_sub(strip.levels[2], strike), n)
            risk.intrinsics[2] = unsafe_add(risk.intrinsics[2], price)
        if strip.levels[3] > strike:
            price = unsafe_mul(unsafe_sub(strip.levels[3], strike), n)
            risk.intrinsics[3] = unsafe_add(risk.intrinsics[3], price)
        if strip.near and size > 0:
            risk.near = True
            risk.longs = scenario._add(risk.longs, word, size)
            for k: uint256 in range(4, 6):
                if strip.levels[k] > strike:
                    price = unsafe_mul(unsafe_sub(strip.levels[k], strike), n)
                    risk.intrinsics[k] = unsafe_add(risk.intrinsics[k], price)
    if strip.expiry != 0:
        strips[place] = strip
    if signs & SHORT != 0:
        risk.bound = True
    risk.delta = risk.line
    risk.deltas = abs(risk.line)
    for i: uint256 in range(len(strips), bound=MAX_STRIPS):
        strip = strips[i]
        risk.gross = unsafe_add(risk.gross, strip.gross)
        if not strip.fresh:
            risk.late = unsafe_add(risk.late, strip.gross)
        # rounds down
        ratio: uint256 = unsafe_div(unsafe_mul(strip.ratio, prices.index), wad.WAD)
        delta: int256 = scan._notional(strip.forwards, ratio)
        risk.line = unsafe_add(risk.line, delta)
        if grid.reference != 0:
            risk.sums = scenario._merge(risk.sums, strip.sums)
            mark: int256 = 0
            slope: int256 = 0
            mark, slope = self._now(strip.sums, grid.reference, risk.axis)
            delta = unsafe_add(delta, slope)
            vega: int256 = (
                unsafe_sub(
                    scan._value(strip.sums, UP_CENTER, grid.reference),
                    scan._value(strip.sums, DOWN_CENTER, grid.reference),
                )
                >> 1
            )  # rounds down
            risk.vega = unsafe_add(risk.vega, vega)
            risk.vegas = unsafe_add(risk.vegas, abs(vega))
        risk.delta = unsafe_add(risk.delta, delta)
        risk.deltas = unsafe_add(risk.deltas, abs(delta))
    return risk


@internal
@pure
def _spots(grid: IVolSurface.Epoch, scan_range: uint256, index: uint256) -> uint256[6]:
    """
    @notice The spots of the extremes, then one step of the lower curve beyond each end of the
        grid, WAD.
    """
    spots: uint256[6] = empty(uint256[6])
    moves: int256[4] = scan._extreme_moves(scan_range)
    for k: uint256 in range(4):
        moved: uint256 = convert(unsafe_add(wad.IWAD, moves[k]), uint256)
        spots[k] = unsafe_div(unsafe_mul(index, moved), wad.WAD)  # rounds down
    # a span is below three quarters
    beyond: uint256 = unsafe_mul(unsafe_mul(grid.reference, grid.span), 4)
    beyond = wad._ceil_div(beyond, 3 * wad.BPS)
    spots[4] = unsafe_sub(grid.reference, min(beyond, grid.reference))
    spots[5] = unsafe_add(grid.reference, beyond)
    return spots


@internal
@view
def _strip(
    market: IMarketData, underlying: uint256, expiry: uint256, index: uint256, spots: uint256[6]
) -> Strip:
    """
    @notice An empty strip; forwards are affine in the spot, and round down.
    """
    forward: IMarketData.Forward = staticcall market.forward(underlying, expiry)
    strip: Strip = empty(Strip)
    strip.expiry = expiry
    strip.ratio = forward.ratio
    strip.fresh = forward.fresh
    strip.near = expiry <= unsafe_add(block.timestamp, NEAR)
    # unsafe: see above
    moved: uint256 = unsafe_div(unsafe_mul(forward.ratio, index), wad.WAD)
    strip.price = unsafe_add(forward.fixed, moved)
    for k: uint256 in range(6):
        moved = unsafe_div(unsafe_mul(forward.ratio, spots[k]), wad.WAD)
        strip.levels[k] = unsafe_add(forward.fixed, moved)
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
def _size_of(size: int256, price: uint256) -> uint256:
    """
    @notice |notional|, WAD, rounded up.
    """
    # unsafe: see above
    contracts: uint256 = convert(max(size, unsafe_sub(0, size)), uint256)
    product: uint256 = unsafe_add(unsafe_mul(contracts, price), wad.SIZE - 1)
    return min(unsafe_div(product, wad.SIZE), LARGEST)


@internal
@pure
def _now(sums: uint256[8], reference: uint256, axis: IScanner.Axis) -> (int256, int256):
    """
    @notice What options are worth now as calls, and their notional, WAD, rounded down.
    """
    left: int256 = scan._value(sums, NOW, reference)
    middle: int256 = scan._value(sums, NOW + 1, reference)
    right: int256 = scan._value(sums, NOW + 2, reference)
    return scan._parabola(left, middle, right, axis)


@internal
@pure
def _measure(
    risk: Risk,
    grid: IVolSurface.Epoch,
    params: IMarginEngine.UnderlyingParams,
    index: uint256,
    spot: uint256,
) -> Part:
    """
    @notice Scan and charges of positions, with collateral that nets with them.
    @param spot Value of the collateral, WAD.
    """
    part: Part = empty(Part)
    # unsafe: see above
    held: int256 = convert(spot, int256)
    part.profile.line = unsafe_add(risk.line, held)
    longs: int256[9] = empty(int256[9])
    intrinsics: int256[6] = empty(int256[6])
    if grid.reference != 0:
        delta: int256 = 0
        part.profile.mark, delta = self._now(risk.sums, grid.reference, risk.axis)
        part.profile.curved = True
        part.profile.axis = risk.axis
        for k: uint256 in range(12):
            lane: uint256 = unsafe_add(k, CURVE)
            part.profile.curve[k] = scan._value(risk.sums, lane, grid.reference)
            if risk.near and k < 7:
                longs[unsafe_add(k, 1)] = scan._value(risk.longs, lane, grid.reference)
        for k: uint256 in range(6):
            whole: int256 = scan._contracts(risk.intrinsics[k])
            intrinsics[k] = scan._clamped(whole, scan.LARGEST_CURVE)
        longs[0] = intrinsics[4]
        longs[8] = intrinsics[5]
        part.worth = unsafe_add(part.profile.mark, scan._contracts(risk.parity))
        part.charges[1] = wad._ceil_div(
            unsafe_mul(params.vega, scan._matched(risk.vegas, risk.vega)), wad.BPS
        )
        short: uint256 = unsafe_mul(unsafe_mul(params.short, scenario._short(risk.sums)), index)
        part.charges[2] = min(wad._ceil_div(short, wad.BPS * wad.SIZE), scan.LARGEST_EXPOSURE)

    part.plain, part.loss = scan._loss(part.profile, params.scan_range, longs)
    part.extreme = part.loss  # as for every line
    if grid.reference != 0:
        part.extreme = scan._extreme_loss(part.profile, params.scan_range, intrinsics)
        part.loss = max(part.loss, part.extreme)
    among: uint256 = scan._matched(risk.deltas, risk.delta)
    overall: uint256 = scan._matched(unsafe_add(risk.deltas, held), unsafe_add(risk.delta, held))
    part.charges[0] = wad._ceil_div(unsafe_mul(params.calendar, overall), wad.BPS)
    # spot never adds to what has to be worked off, and a spread is worked off as one
    steep: uint256 = scan._steepest(part.profile, risk.line)
    steep = unsafe_add(steep, unsafe_add(among, 1) >> 1)
    part.steep = unsafe_sub(steep, min(steep, unsafe_sub(overall, among) >> 1))
    return part
