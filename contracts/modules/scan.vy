# pragma version 0.4.3
"""
@title Scan of an underlying
@notice What the worst move of its price and volatility costs a book, and what is charged beside
        it. Options are known at nodes around the reference spot S0 of their epoch, as sums of
        scenario words; all else is a line in the price.

            place    0     2      3      4      6      8      9     10     12     in G / 6
            down    1-G  1-2G/3        1-G/3    1   1+G/3         1+2G/3   1+G    times S0
            up      1-G        1-G/2            1          1+G/2           1+G
            now                            1-B, 1, 1+B

        G is the epoch's span, B its bound. A move is one of the price as a part of the spot, in
        WAD. Between nodes curves are interpolated: lines for scenarios, a parabola for what
        is now. An underlying's parameters share a word with the bitmap of the assets that are
        priced by it:

            | 0 48 | factors 48 | short 16 | vega 16 | depth 48 | scan_range 16 | beta int16 |
                   208          160        144       128        80              64           48
            | calendar 16 | assets 32 |
            48            32          0

        as in plimsoll.spec.scan and plimsoll.spec.margin.
@dev Nothing overflows:
     - No curve counts for more than LARGEST_CURVE = 2**112, no position or holding for more than
       LARGEST = 2**106; of at most 128 positions and 16 holdings lines are below 2**114. So what
       a book is worth anywhere is below 2**115 beside a move of at most 1.6, and any two such
       values differ by less than 2**117.
     - Prices are below 2**84. The spot is within the epoch's bound of the reference, so places
       per move are below 2**(35 + 14), a lean within +-2**32 and a tilt below 2**(33 + 14).
     - Sums of lanes are below 2**93 and a unit of them below 2**107: with 2**128 for a slope times
       ONE no product of theirs reaches 2**250. What a line gains per place is below 2**144 with
       its fraction of 64 bits, a bulge times a square of places below 2**186.
     - Ratios are below 2**14, a depth is below 2**48.
"""

from interfaces import IMarginEngine
from interfaces import IVolSurface
from modules import scenario
from modules import wad


# netting levels
POSITION: constant(uint256) = 0  # every position by itself
UNDERLYING: constant(uint256) = 1  # positions of one underlying together
PORTFOLIO: constant(uint256) = 2  # underlyings with each other and with spot

LARGEST: constant(int256) = 2**106  # WAD, 81 trillion: no position counts for more
LARGEST_CURVE: constant(uint256) = 2**112  # WAD
LARGEST_EXPOSURE: constant(uint256) = 2**112  # WAD
# WAD: no account counts for more, so that products of its equity and margin do not overflow
LARGEST_EQUITY: constant(int256) = 2**140
LARGEST_MARGIN: constant(uint256) = 2**113
# what opens risk, or money leaves, where an account is too broad to: more than any account has
NO_MARGIN: constant(uint256) = 2**140 + 1

LEAST: constant(uint256) = 100  # bps of debts and gross ranges that a margin is at least

# underlyings of whose futures and options an account may have: more of them could not be liquidated
# with the gas of one transaction
MAX_BREADTH: constant(uint256) = 8

# lanes
NOW: constant(uint256) = 1
DOWN: constant(uint256) = 4
DOWN_CENTER: constant(uint256) = 7
UP: constant(uint256) = 11
UP_CENTER: constant(uint256) = 13

# places
ONE: constant(int256) = 2**32
DOWN_STEP: constant(int256) = 2 * ONE
UP_STEP: constant(int256) = 3 * ONE
CENTER: constant(int256) = 6 * ONE
LIFT: constant(int256) = 2**180

LANE_UNITS: constant(uint256) = 2**15 * wad.SIZE  # in S0, for a contract of 1e-8
FURTHEST_FALL: constant(int256) = 8 * wad.IWAD // 10

MAX_BOUND: constant(uint256) = 200  # bps: no epoch outlives a larger move of the spot
MIN_RANGE: constant(uint256) = 100
MAX_RANGE: constant(uint256) = 4_000
MAX_CALENDAR: constant(uint256) = 500
MAX_SHORT: constant(uint256) = 500
MAX_DEPTH: constant(uint256) = 2**48 - 1

# masks
UINT16: constant(uint256) = 2**16 - 1
UINT32: constant(uint256) = 2**32 - 1
UINT48: constant(uint256) = 2**48 - 1


# how scenario sums change, in lane units times 1e-8 contracts
struct Lean:
    slope: int256  # with the spot, as much as it may move either way, times 2 * ONE
    vega: int256  # with volatility, from down to up at the centre


# how longs of near expiries bend a lower curve, WAD
struct Hollow:
    known: bool  # whether there are any
    bulges: int256[6]  # sums of the second differences at both ends of each cell
    # by how much the outermost second differences, known from intrinsic values, are larger than
    # their neighbours, for which they stand elsewhere
    first: int256
    last: int256


# what a profile loses, WAD
struct Loss:
    plain: int256  # at the points of the grid
    deepest: int256  # with what lies between them
    steepest: int256  # the largest notional without collateral, anywhere on the grid


# what is asked of an underlying, WAD
struct Asked:
    loss: uint256  # L_u
    charges: uint256
    divergence: uint256
    relief: uint256  # of IM, where it asks more of what is fully paid than that


# -- parameters ------------------------------------------------------------------------------------


@internal
@pure
def _check(params: IMarginEngine.UnderlyingParams):
    """
    @notice Refuses parameters out of bounds.
    """
    assert (
        params.scan_range >= MIN_RANGE
        and params.scan_range <= MAX_RANGE
        and params.beta >= -wad.IBPS
        and params.beta <= wad.IBPS
        and params.calendar <= MAX_CALENDAR
        # rounding down is exact: a matched pair never costs more than its two sides
        and params.calendar <= params.scan_range // 2
        and params.depth > 0
        and params.depth <= MAX_DEPTH
        and params.vega <= wad.BPS
        and params.short <= MAX_SHORT
    ), "engine: underlying out of bounds"


@internal
@pure
def _span(scan_range: uint256) -> uint256:
    """
    @notice The span, bps, in which an epoch holds the scan range around every spot within it.
    """
    return wad._ceil_div((wad.BPS + MAX_BOUND) * (wad.BPS + scan_range), wad.BPS) - wad.BPS


@internal
@pure
def _pack(params: IMarginEngine.UnderlyingParams, assets: uint256) -> uint256:
    """
    @notice The caller vouches for `_check` and assets < 2**32. Never 0, as the depth is not.
    """
    beta: uint256 = convert(convert(params.beta, bytes32), uint256) & UINT16
    return (
        (params.short << 144)
        | (params.vega << 128)
        | (params.depth << 80)
        | (params.scan_range << 64)
        | (beta << 48)
        | (params.calendar << 32)
        | assets
    )


@internal
@pure
def _unpack(word: uint256) -> IMarginEngine.UnderlyingParams:
    return IMarginEngine.UnderlyingParams(
        scan_range=(word >> 64) & UINT16,
        # shifted up to the sign bit, then down with it
        beta=convert(convert(word << 192, bytes32), int256) >> 240,
        calendar=(word >> 32) & UINT16,
        depth=(word >> 80) & UINT48,
        vega=(word >> 128) & UINT16,
        short=(word >> 144) & UINT16,
    )


@internal
@pure
def _with_factors(word: uint256, factors: uint256) -> uint256:
    """
    @param factors Their word, see modules/factor. They are the same for all underlyings, but so
        no margin reads another slot for them.
    """
    return (word & (2**160 - 1)) | (factors << 160)


@internal
@pure
def _factors(word: uint256) -> uint256:
    return word >> 160


@internal
@pure
def _assets(word: uint256) -> uint256:
    """
    @notice Bitmap of the assets that an underlying prices.
    """
    return word & UINT32


# -- values ----------------------------------------------------------------------------------------
# unsafe: see above


@internal
@pure
def _floor_div(a: int256, b: int256) -> int256:
    """
    @notice a / b rounded toward minus infinity, b > 0.
    """
    quotient: int256 = unsafe_div(a, b)  # rounded toward zero
    return unsafe_sub(quotient, convert(unsafe_mul(quotient, b) > a, int256))


@internal
@pure
def _contracts(amount: uint256) -> int256:
    """
    @notice What an amount for contracts of 1e-8, in two's complement, is for whole ones, rounded
        down.
    """
    return self._floor_div(convert(convert(amount, bytes32), int256), wad.ISIZE)


@internal
@pure
def _intrinsic(amount: uint256) -> int256:
    """
    @notice The same of what options are worth at their intrinsic value, as far as curves count.
    """
    product: int256 = convert(convert(amount, bytes32), int256)
    # made positive for the division, as that rounds toward zero
    worth: int256 = unsafe_div(unsafe_add(product, LIFT * wad.ISIZE), wad.ISIZE)
    worth = unsafe_sub(worth, LIFT)
    if worth > convert(LARGEST_CURVE, int256):
        return convert(LARGEST_CURVE, int256)
    if worth < -convert(LARGEST_CURVE, int256):
        return -convert(LARGEST_CURVE, int256)
    return worth


@internal
@pure
def _clamped(amount: int256, most: int256) -> int256:
    return max(unsafe_sub(0, most), min(amount, most))


@internal
@pure
def _notional(size: int256, price: uint256) -> int256:
    """
    @notice Signed notional of a size, WAD, rounded away from zero.
    @param size 1e-8 contracts, below 2**75.
    @param price WAD, below 2**86.
    """
    product: int256 = unsafe_mul(size, convert(price, int256))
    if product < 0:
        return unsafe_sub(0, self._most(unsafe_sub(0, product)))
    return self._most(product)


@internal
@pure
def _most(product: int256) -> int256:
    """
    @notice Notional of a product of size and price that is not negative.
    """
    notional: int256 = unsafe_div(unsafe_add(product, wad.ISIZE - 1), wad.ISIZE)
    return min(notional, LARGEST)


@internal
@pure
def _axis(grid: IVolSurface.Epoch, spot: uint256) -> IVolSurface.Axis:
    """
    @notice Where the spot is on the grid of its epoch, each rounded down.
    """
    reference: int256 = convert(grid.reference, int256)
    span: int256 = unsafe_mul(reference, convert(grid.span, int256))
    bound: int256 = unsafe_mul(reference, convert(grid.bound, int256))
    price: int256 = unsafe_mul(convert(spot, int256), wad.IBPS)
    gone: int256 = unsafe_sub(price, unsafe_mul(reference, wad.IBPS))
    return IVolSurface.Axis(
        zero=unsafe_add(CENTER, self._floor_div(unsafe_mul(gone, CENTER), span)),
        pitch=unsafe_div(unsafe_mul(price, CENTER), span),
        lean=self._floor_div(unsafe_mul(gone, ONE), bound),
        tilt=unsafe_div(unsafe_mul(price, ONE), bound),
    )


@internal
@pure
def _unit(grid: IVolSurface.Epoch, contracts: uint256) -> int256:
    """
    @notice What a lane's unit of 1e-8 contracts is worth, WAD * 2**64: by the epoch, or less where
        there is so much that its curve would count for more than LARGEST_CURVE.
    @param contracts Of options, net in each strike, 1e-8: what nets to nothing, and so may be had
        for nothing, makes no liability smaller.
    """
    price: uint256 = grid.reference << grid.lift
    if contracts != 0:  # a lane is below twice that
        price = min(price, unsafe_div(LARGEST_CURVE * wad.SIZE // 2, contracts))
    return convert(unsafe_div(price << 64, LANE_UNITS), int256)


@internal
@pure
def _mark(left: int256, middle: int256, right: int256, axis: IVolSurface.Axis) -> int256:
    """
    @notice What the parabola through the values of now tells at the spot, each term rounded down.
    """
    rise: int256 = unsafe_sub(right, left)
    bend: int256 = self._bend(left, middle, right)
    # shifting right rounds down: by 2 * ONE, by 2 * ONE**2
    mark: int256 = unsafe_add(middle, unsafe_mul(rise, axis.lean) >> 33)
    return unsafe_add(mark, unsafe_mul(unsafe_mul(bend, axis.lean), axis.lean) >> 65)


@internal
@pure
def _lean(sums: uint256[8], axis: IVolSurface.Axis) -> Lean:
    """
    @notice Of scenario sums, the slope of that parabola, and what volatility up is worth more than
        volatility down.
    """
    # differences of lanes: what shorts add to each drops out
    left: int256 = convert(convert(sums[NOW] << 128, bytes32), int256) >> 128
    middle: int256 = convert(convert(sums[NOW + 1] << 128, bytes32), int256) >> 128
    right: int256 = convert(convert(sums[NOW + 2] << 128, bytes32), int256) >> 128
    bend: int256 = unsafe_mul(2, self._bend(left, middle, right))
    slope: int256 = unsafe_add(unsafe_sub(right, left) << 32, unsafe_mul(bend, axis.lean))
    down: int256 = convert(convert(sums[DOWN_CENTER] << 128, bytes32), int256) >> 128
    upper: uint256 = unsafe_add(sums[UP_CENTER - 8], scenario.HALF)
    up: int256 = convert(convert(upper, bytes32), int256) >> 128
    return Lean(slope=slope, vega=unsafe_sub(up, down))


@internal
@pure
def _slope(slope: int256, axis: IVolSurface.Axis, unit: int256) -> int256:
    """
    @notice A lean's slope per move of the spot, a notional: WAD, rounded down.
    """
    # shifting right rounds down: by 2 * ONE, by ONE * 2**64
    return unsafe_mul(unsafe_mul(slope, axis.tilt) >> 33, unit) >> 96


@internal
@pure
def _moved(line: int256, move: int256) -> int256:
    """
    @notice What a line gains by a move, rounded down.
    """
    # made positive for the division, as that rounds toward zero
    gain: int256 = unsafe_div(unsafe_add(unsafe_mul(line, move), LIFT * wad.IWAD), wad.IWAD)
    return unsafe_sub(gain, LIFT)


@internal
@pure
def _at(curve: int256[16], place: int256) -> (int256, int256):
    """
    @notice Value at a place with volatility down and up, rounded down.
    """
    i: uint256 = convert(min(place >> 33, 5), uint256)
    left: int256 = curve[unsafe_add(i, DOWN)]
    rise: int256 = unsafe_sub(curve[unsafe_add(i, DOWN + 1)], left)
    rest: int256 = unsafe_sub(place, unsafe_mul(convert(i, int256), DOWN_STEP))
    # shifting right rounds down, by DOWN_STEP
    down: int256 = unsafe_add(left, unsafe_mul(rise, rest) >> 33)
    i = convert(min(unsafe_div(place, UP_STEP), 3), uint256)
    left = curve[unsafe_add(i, UP)]
    rise = unsafe_sub(curve[unsafe_add(i, UP + 1)], left)
    rest = unsafe_sub(place, unsafe_mul(convert(i, int256), UP_STEP))
    # made positive for the division, as that rounds toward zero
    gain: int256 = unsafe_div(unsafe_add(unsafe_mul(rise, rest) >> 32, 3 * LIFT), 3)
    return down, unsafe_add(left, unsafe_sub(gain, LIFT))


# -- losses ----------------------------------------------------------------------------------------
# unsafe: see above


@internal
@pure
def _hollow(curve: int256[16], left: int256, right: int256) -> Hollow:
    """
    @param curve Of longs of near expiries.
    @param left What they are worth one step before the lower curve, intrinsic value; and behind.
    """
    first: int256 = self._bend(curve[DOWN], curve[DOWN + 1], curve[DOWN + 2])
    second: int256 = self._bend(curve[DOWN + 1], curve[DOWN + 2], curve[DOWN + 3])
    third: int256 = self._bend(curve[DOWN + 2], curve[DOWN + 3], curve[DOWN + 4])
    fourth: int256 = self._bend(curve[DOWN + 3], curve[DOWN + 4], curve[DOWN + 5])
    fifth: int256 = self._bend(curve[DOWN + 4], curve[DOWN + 5], curve[DOWN + 6])
    before: int256 = max(first, self._bend(left, curve[DOWN], curve[DOWN + 1]))
    behind: int256 = max(fifth, self._bend(curve[DOWN + 5], curve[DOWN + 6], right))
    return Hollow(
        known=True,
        bulges=[
            unsafe_add(before, first),
            unsafe_add(first, second),
            unsafe_add(second, third),
            unsafe_add(third, fourth),
            unsafe_add(fourth, fifth),
            unsafe_add(fifth, behind),
        ],
        first=unsafe_sub(before, first),
        last=unsafe_sub(behind, fifth),
    )


@internal
@pure
def _loss(profile: IVolSurface.Profile, scan_range: uint256, hollow: Hollow, spot: int256) -> Loss:
    """
    @notice What a profile loses in the scan range.
    @dev An interpolated curve overstates long gamma. So within a cell of the lower curve it is
         also read as chord - t (1 - t) * K, where K is the sum of the second differences at the
         cell's ends: of near longs (a bound for convex curves), and half of that of the rest, if
         positive. The lowest point of this parabola counts.
    @param spot The part of the line that is collateral.
    """
    end: int256 = unsafe_mul(convert(scan_range, int256), wad.IWAD // wad.IBPS)
    steepest: int256 = abs(unsafe_sub(profile.line, spot))
    if not profile.curved:  # a line loses the most at an end
        most: int256 = unsafe_sub(0, self._moved(unsafe_sub(0, abs(profile.line)), end))
        return Loss(plain=most, deepest=most, steepest=steepest)

    axis: IVolSurface.Axis = profile.axis
    far: int256 = unsafe_div(unsafe_mul(axis.pitch, end), wad.IWAD)  # rounded down
    low: int256 = max(0, unsafe_sub(axis.zero, far))
    high: int256 = min(unsafe_add(axis.zero, far), 2 * CENTER)
    least: int256 = profile.mark
    down: int256 = 0
    up: int256 = 0
    down, up = self._at(profile.curve, axis.zero)
    least = min(least, min(down, up))
    down, up = self._at(profile.curve, low)
    down = unsafe_add(min(down, up), self._moved(profile.line, unsafe_sub(0, end)))
    if down < least:
        least = down
    down, up = self._at(profile.curve, high)
    down = unsafe_add(min(down, up), self._moved(profile.line, end))
    if down < least:
        least = down

    rise: int256 = 0
    highest: int256 = min_value(int256)
    lowest: int256 = max_value(int256)
    # what the line gains from one place to the next, WAD * 2**64
    rate: int256 = self._floor_div(profile.line << 64, axis.pitch)
    # from node to node, of which the outermost are never within the range
    place: int256 = 0
    gain: int256 = unsafe_mul(rate, unsafe_sub(0, axis.zero)) >> 64
    left: int256 = unsafe_add(profile.curve[UP], gain)
    for lane: uint256 in range(UP + 1, 16):
        place = unsafe_add(place, UP_STEP)
        gain = unsafe_mul(rate, unsafe_sub(place, axis.zero)) >> 64
        right: int256 = unsafe_add(profile.curve[lane], gain)
        if right < least and place > low and place < high:
            least = right
        rise = unsafe_sub(right, left)
        if rise > highest:
            highest = rise
        if rise < lowest:
            lowest = rise
        left = right
    # rounded down, by UP_STEP
    up = self._floor_div(unsafe_mul(highest, axis.pitch) >> 32, 3)
    down = self._floor_div(unsafe_mul(lowest, axis.pitch) >> 32, 3)
    steepest = max(steepest, max(unsafe_sub(up, spot), unsafe_sub(spot, down)))

    # from cell to cell
    deepest: int256 = max_value(int256)
    highest = min_value(int256)
    lowest = max_value(int256)
    place = 0
    gain = unsafe_mul(rate, unsafe_sub(0, axis.zero)) >> 64
    left = unsafe_add(profile.curve[DOWN], gain)
    gain = unsafe_mul(rate, unsafe_sub(DOWN_STEP, axis.zero)) >> 64
    right: int256 = unsafe_add(profile.curve[DOWN + 1], gain)
    bend: int256 = 0  # second difference at the cell's left end
    for cell: uint256 in range(6):
        rise = unsafe_sub(right, left)
        if rise > highest:
            highest = rise
        if rise < lowest:
            lowest = rise
        bulge: int256 = bend
        next: int256 = 0
        if cell < 5:
            way: int256 = unsafe_sub(unsafe_add(place, 2 * DOWN_STEP), axis.zero)
            gain = unsafe_mul(rate, way) >> 64
            next = unsafe_add(profile.curve[unsafe_add(cell, DOWN + 2)], gain)
            bend = unsafe_sub(unsafe_sub(next, right), rise)
            if cell == 0:
                bulge = unsafe_add(bend, hollow.first)
        else:
            bend = unsafe_add(bend, hollow.last)
        bulge = unsafe_add(bulge, bend)
        inner: int256 = 0
        if hollow.known:
            inner = hollow.bulges[cell]
            bulge = unsafe_sub(bulge, inner)
        if bulge > 0:
            bulge = bulge >> 1
        else:
            bulge = 0
        if inner > 0:
            bulge = unsafe_add(bulge, inner)
        if left < least and place > low and place < high:
            least = left
        if bulge != 0 and place < high and unsafe_add(place, DOWN_STEP) > low:
            t: int256 = unsafe_div(unsafe_mul(unsafe_sub(bulge, rise), ONE), bulge)
            # within the cell, and within the range
            if t > DOWN_STEP:
                t = DOWN_STEP
            elif t < 0:
                t = 0
            if unsafe_add(place, t) > high:
                t = unsafe_sub(high, place)
            elif unsafe_add(place, t) < low:
                t = unsafe_sub(low, place)
            # shifting right rounds down, by DOWN_STEP and by its square
            chord: int256 = unsafe_add(left, unsafe_mul(rise, t) >> 33)
            dent: int256 = unsafe_mul(unsafe_mul(unsafe_sub(t, DOWN_STEP), t), bulge) >> 66
            worth: int256 = unsafe_add(chord, dent)
            if worth < deepest:
                deepest = worth
        place = unsafe_add(place, DOWN_STEP)
        left = right
        right = next
    # rounded down, by DOWN_STEP
    up = unsafe_mul(highest, axis.pitch) >> 33
    down = unsafe_mul(lowest, axis.pitch) >> 33
    return Loss(
        plain=unsafe_sub(profile.mark, least),
        deepest=unsafe_sub(profile.mark, min(least, deepest)),
        steepest=max(steepest, max(unsafe_sub(up, spot), unsafe_sub(spot, down))),
    )


@internal
@pure
def _move_to(axis: IVolSurface.Axis, place: int256) -> int256:
    """
    @notice The move to a place, rounded down.
    """
    return self._floor_div(unsafe_mul(unsafe_sub(place, axis.zero), wad.IWAD), axis.pitch)


@internal
@pure
def _bend(left: int256, middle: int256, right: int256) -> int256:
    return unsafe_sub(unsafe_add(left, right), unsafe_mul(2, middle))


@internal
@pure
def _extreme_moves(scan_range: uint256) -> int256[4]:
    """
    @notice Two ranges down and up, where half of a loss counts, and four, where a quarter does;
        the fall never beyond -80 %.
    """
    end: int256 = unsafe_mul(convert(scan_range, int256), wad.IWAD // wad.IBPS)
    twice: int256 = unsafe_mul(2, end)
    far: int256 = unsafe_mul(4, end)
    return [
        unsafe_sub(0, min(twice, FURTHEST_FALL)), twice, unsafe_sub(0, min(far, FURTHEST_FALL)), far
    ]


@internal
@pure
def _extreme_loss(profile: IVolSurface.Profile, moves: int256[4], intrinsics: int256[4]) -> int256:
    """
    @notice The largest part of a loss at the extremes that counts, rounded up.
    @param moves To them.
    @param intrinsics Options at their intrinsic value there, WAD.
    """
    near: int256 = min(
        unsafe_add(intrinsics[0], self._moved(profile.line, moves[0])),
        unsafe_add(intrinsics[1], self._moved(profile.line, moves[1])),
    )
    far: int256 = min(
        unsafe_add(intrinsics[2], self._moved(profile.line, moves[2])),
        unsafe_add(intrinsics[3], self._moved(profile.line, moves[3])),
    )
    # shifting right rounds a gain down, by half and by a quarter
    near = unsafe_sub(near, profile.mark) >> 1
    far = unsafe_sub(far, profile.mark) >> 2
    return unsafe_sub(0, min(0, min(near, far)))


# -- charges ---------------------------------------------------------------------------------------


@internal
@pure
def _matched(gross: int256, net: int256) -> uint256:
    """
    @notice What long and short parts have in common, rounded up.
    @param gross Sum of their sizes.
    """
    # unsafe: see above; shifting right rounds down
    return convert(unsafe_add(unsafe_sub(gross, abs(net)), 1) >> 1, uint256)


@internal
@pure
def _depth(params: IMarginEngine.UnderlyingParams, index: uint256, exposure: uint256) -> uint256:
    """
    @notice R * Q**2 / (Q + depth): what it costs to work Q off in a market that is only so deep,
        WAD, rounded up.
    """
    # unsafe: see above
    worked: uint256 = min(exposure, LARGEST_EXPOSURE)
    whole: uint256 = unsafe_add(worked, unsafe_mul(params.depth, index))
    charge: uint256 = unsafe_mul(unsafe_mul(params.scan_range, worked), worked)
    return wad._ceil_div(charge, unsafe_mul(whole, wad.BPS))


@internal
@pure
def _divergence(net: int256, index: uint256, stable: uint256) -> uint256:
    """
    @notice What a book is worth more at the index than at the stable price, WAD, rounded up:
        a pumped price gives nobody borrowing power, a hedge is not punished.
    @param net Notional, WAD.
    """
    # unsafe: see above
    apart: int256 = unsafe_sub(convert(index, int256), convert(stable, int256))
    return wad._ceil_div(convert(max(0, unsafe_mul(net, apart)), uint256), index)


@internal
@pure
def _paid(asked: Asked, worth: int256, alone: uint256, gap: uint256, initial: uint256) -> Asked:
    """
    @notice What is asked of options that are fully paid, and of collateral that nets with them:
        never more than what the options cost and what the collateral asks by itself.
    @param alone What the collateral loses by itself, WAD.
    @param gap What it is worth more at the index than at the stable price, WAD.
    @param initial k_I, bps.
    """
    # unsafe: see above
    capped: Asked = asked
    cost: uint256 = convert(max(0, worth), uint256)
    most: uint256 = unsafe_add(cost, alone)
    capped.loss = min(asked.loss, most)
    capped.charges = min(asked.charges, unsafe_sub(most, capped.loss))
    all: uint256 = unsafe_add(capped.loss, capped.charges)
    capped.divergence = min(asked.divergence, unsafe_add(unsafe_sub(most, all), gap))
    all = unsafe_add(initial * all // wad.BPS, capped.divergence)  # rounded down
    most = unsafe_add(unsafe_add(cost, wad._ceil_div(initial * alone, wad.BPS)), gap)
    capped.relief = unsafe_sub(max(all, most), most)
    return capped


@internal
@pure
def _least(settled: int256, ranges: uint256) -> uint256:
    """
    @notice What maintenance margin is at least, whatever offsets what: interest is owed on a debt
        until it is paid, and positions on both sides can become one. WAD, rounded up.
    @param settled Cash after all profits and losses, WAD, above -2**145.
    @param ranges Scan ranges of positions, without netting, WAD * BPS; not of options that are
        fully paid.
    """
    # unsafe: see above
    debt: uint256 = convert(max(0, unsafe_sub(0, settled)), uint256)
    whole: uint256 = unsafe_add(unsafe_mul(debt, wad.BPS), ranges)
    return wad._ceil_div(unsafe_mul(LEAST, whole), wad.BPS**2)


@internal
@pure
def _is_broad(dated: uint256) -> bool:
    """
    @param dated Bitmap of underlyings with futures or options that have not expired.
    """
    left: uint256 = dated
    for _: uint256 in range(MAX_BREADTH):
        if left == 0:
            break
        left &= unsafe_sub(left, 1)  # without its lowest bit
    return left != 0
