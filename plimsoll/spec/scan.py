"""Scan of one underlying: what the worst move of its price and volatility costs a book.

The methodology is SPAN's. What the options of an underlying are worth is known at nodes around the
reference spot S0 of its epoch, by scenario words (see `surface`): as they are now, at the spots
between which an epoch lasts; with volatility down and a day passed; and with volatility up. All
else (perpetual, futures, the forwards in puts, spot collateral) is a line in the price.

    place     0      2      3      4      6      8      9     10     12     beside S0, in G / 6
    down    1-G  1-2G/3        1-G/3     1   1+G/3         1+2G/3   1+G     times S0
    up      1-G         1-G/2            1          1+G/2           1+G
    now                             1-B, 1, 1+B

G is wide enough for the scan range R around every spot within an epoch, B the epoch's bound. A
shift s is a move of the price as a part of the current spot S, in WAD. Between nodes curves are
interpolated, lines for scenarios, a parabola for what is now. Money is in WAD and rounds so that
losses are not understated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from struct import Struct

from plimsoll.spec.wad import BPS, SIZE, WAD, ceil_div, ceil_sqrt, clamp, toward_div

ONE = 2**32  # of places
NOWS, DOWNS, UPS = 3, 7, 5
LANES = NOWS + DOWNS + UPS
DOWN_STEP, UP_STEP = 2 * ONE, 3 * ONE
CENTER = 6 * ONE
LANE_BITS = 16
LANES_OF = Struct(f"<2x{LANES}H")  # of a word in little-endian bytes, without its stamp
LANE_UNIT = 2**15  # parts of S0
FRACTION = 64  # bits of what is finer than a wei
LARGEST = 2**112  # WAD: no curve counts for more, so that no product can overflow
EXTREMES = 4
OUTER = 4  # of a loss at the outer extremes one part in so many counts
FURTHEST_FALL = 8 * WAD // 10
FADE = 86_400  # seconds in which an expiry becomes near

# (sin t, cos t) at t = -pi/2, -3 pi/8 .. pi/2 in WAD, rounded away from zero
_SIN = (0, 382683432365089772, 707106781186547525, 923879532511286757, WAD)
ANGLES = (
    *((-_SIN[4 - i], _SIN[i]) for i in range(4)),
    *((_SIN[i], _SIN[4 - i]) for i in range(5)),
)
THIRDS = (-3, -2, -1, 0, 1, 2, 3)  # of the scan range, in which everything moves together


@dataclass(frozen=True)
class UnderlyingParams:
    scan_range: int  # R, basis points
    beta: int  # loading on the market factor, basis points, -BPS .. BPS
    calendar: int  # charge on matched basis, basis points
    depth: int  # contracts that trade without moving the price by a range
    vega: int = 3_500  # charge on matched vega, basis points
    short: int = 100  # least requirement of a short option, basis points of the spot


@dataclass(frozen=True)
class Grid:
    """Where the nodes of an epoch are."""

    reference: int  # S0, WAD
    span: int  # G, basis points
    bound: int  # B, basis points
    lift: int = 0  # how often a lane's unit is doubled

    @property
    def ghosts(self) -> tuple[int, int]:
        """Spots one step beyond the ends of the grid."""
        beyond = ceil_div(self.reference * self.span * 4, 3 * BPS)
        return self.reference - beyond, self.reference + beyond


@dataclass
class Sums:
    """Scenario words of one expiry times sizes; a short counts one unit more in every lane."""

    near: int  # part of FADE: how far curvature of longs between nodes matters in full
    longs: list[int] = field(default_factory=lambda: [0] * LANES)
    shorts: list[int] = field(default_factory=lambda: [0] * LANES)
    short: int = 0  # 1e-8 contracts
    contracts: int = 0  # net in each strike, 1e-8
    nears: list[int] = field(default_factory=lambda: [0] * LANES)  # the part of longs that is near
    ghosts: list[int] = field(default_factory=lambda: [0, 0])  # the same beyond the grid

    def add(self, word: int, size: int) -> None:
        side = self.longs if size > 0 else self.shorts
        for lane, value in enumerate(LANES_OF.unpack(word.to_bytes(32, "little"))):
            side[lane] += value * abs(size)
            self.nears[lane] += value * self.soon(size)
        self.short += max(0, -size)
        self.contracts += abs(size)

    def soon(self, size: int) -> int:
        """Of so many contracts those that count as near."""
        return max(0, size) * self.near // FADE

    @property
    def net(self) -> list[int]:
        pairs = zip(self.longs, self.shorts, strict=True)
        return [long - short - self.short for long, short in pairs]

    def delta(self, axis: "Axis", unit: int) -> int:
        """Notional at the spot: the parabola's slope."""
        left, middle, right = self.net[:NOWS]
        slope = (right - left) * ONE + 2 * (right - 2 * middle + left) * axis.lean
        return (slope * axis.tilt // (2 * ONE)) * unit // (ONE << FRACTION)

    def vega(self, unit: int) -> int:
        """Half of what options are worth more with volatility up than down, at the centre."""
        _, down, up = split(self.net)
        return (up[UPS // 2] - down[DOWNS // 2]) * unit // (2 << FRACTION)


def split(lanes: Sequence[int]) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """Into now, down and up."""
    return lanes[:NOWS], lanes[NOWS : NOWS + DOWNS], lanes[NOWS + DOWNS :]


@dataclass(frozen=True)
class Curve:
    """Value of options, WAD."""

    now: Sequence[int]
    down: Sequence[int]
    up: Sequence[int]
    near: Sequence[int]  # of `down`: longs of near expiries
    ghosts: Sequence[int]  # the same one step beyond each end, intrinsic


def bounded(value: int) -> int:
    return clamp(value, -LARGEST, LARGEST)


def unit_of(parts: Iterable[Sums], grid: Grid) -> int:
    """What a lane's unit of 1e-8 contracts is worth, WAD with a fraction.

    No curve counts for more than `LARGEST`: beyond that, each contract counts for less. Contracts
    are net in each strike: what nets to nothing, and so may be had for nothing, makes no liability
    smaller.
    """
    price = grid.reference << grid.lift
    if contracts := sum(part.contracts for part in parts):
        price = min(price, LARGEST * SIZE // (2 * contracts))  # a lane is below twice that
    return (price << FRACTION) // (LANE_UNIT * SIZE)


def curve_of(parts: Sequence[Sums], unit: int) -> Curve:
    """The curve of some expiries together, rounded down."""

    def value(amounts: Iterable[int]) -> int:
        return sum(amounts) * unit >> FRACTION

    return Curve(
        *split([value(lanes) for lanes in zip(*(part.net for part in parts), strict=True)]),
        [value(part.nears[NOWS + i] for part in parts) for i in range(DOWNS)],
        [min(sum(part.ghosts[i] for part in parts) // SIZE, LARGEST) for i in range(2)],
    )


@dataclass(frozen=True)
class Axis:
    """From shifts of the current spot to places."""

    zero: int  # place of the current spot
    pitch: int  # places per shift of WAD
    lean: int  # where the current spot is between the bounds, -ONE .. ONE
    tilt: int  # ONE per shift of WAD

    def place(self, shift: int) -> int:
        return clamp(self.zero + shift * self.pitch // WAD, 0, 2 * CENTER)

    def reach(self, shift: int) -> tuple[int, int]:
        """The places so far below and above, and no further."""
        far = shift * self.pitch // WAD
        return max(0, self.zero - far), min(self.zero + far, 2 * CENTER)

    def shift(self, place: int) -> int:
        return (place - self.zero) * WAD // self.pitch


STRAIGHT = Axis(CENTER, ONE, 0, ONE)  # where there are no options any axis serves


def axis_of(grid: Grid, spot: int) -> Axis:
    span, bound = grid.reference * grid.span, grid.reference * grid.bound
    return Axis(
        zero=CENTER + (spot - grid.reference) * BPS * CENTER // span,
        pitch=spot * BPS * CENTER // span,
        lean=(spot - grid.reference) * BPS * ONE // bound,
        tilt=spot * BPS * ONE // bound,
    )


def between(values: Sequence[int], place: int, step: int) -> int:
    """Linear interpolation, rounded down."""
    cell = min(place // step, len(values) - 2)
    return values[cell] + (values[cell + 1] - values[cell]) * (place - cell * step) // step


@dataclass(frozen=True)
class Profile:
    """All that a book has of one underlying, as a function of the shift."""

    axis: Axis
    curve: Curve | None  # None: there are no options
    line: int  # notional of everything linear, WAD

    @cached_property
    def nodes(self) -> tuple[list[int], list[int]]:
        """Value at the nodes with volatility down and up."""
        assert self.curve is not None
        rate = (self.line << FRACTION) // self.axis.pitch  # from one place to the next

        def with_line(values: Sequence[int], step: int) -> list[int]:
            return [
                value + (rate * (node * step - self.axis.zero) >> FRACTION)
                for node, value in enumerate(values)
            ]

        return with_line(self.curve.down, DOWN_STEP), with_line(self.curve.up, UP_STEP)

    def at(self, place: int, shift: int) -> tuple[int, int]:
        """Value after a shift, which leads to a place, with volatility down and up."""
        linear = self.line * shift // WAD
        if self.curve is None:
            return linear, linear
        return (
            between(self.curve.down, place, DOWN_STEP) + linear,
            between(self.curve.up, place, UP_STEP) + linear,
        )

    def values(self, shift: int) -> tuple[int, int]:
        """Value after a shift with volatility down and up."""
        return self.at(self.axis.place(shift), shift)

    def blended(self, shift: int) -> tuple[int, int]:
        """Y, with volatility down and up: half of it is the lower of both, see `Netting`."""
        down, up = self.values(shift)
        low = min(down, up)
        return (down + low) // 2, (up + low) // 2

    @cached_property
    def mark(self) -> int:
        """Value of the options now."""
        if self.curve is None:
            return 0
        left, middle, right = self.curve.now
        x, bend = self.axis.lean, right - 2 * middle + left
        return middle + (right - left) * x // (2 * ONE) + bend * x * x // (2 * ONE * ONE)

    def steepest(self, spot: int) -> int:
        """The largest notional without that of spot collateral, anywhere on the grid."""
        found = abs(self.line - spot)
        if self.curve is None:
            return found
        for values, step in zip(self.nodes, (DOWN_STEP, UP_STEP), strict=True):
            for left, right in pairwise(values):
                found = max(found, abs((right - left) * self.axis.pitch // step - spot))
        return found


def scan_loss(profile: Profile, scan_range: int) -> tuple[int, int]:
    """(worst loss at the points of the grid, worst loss with what lies between them).

    An interpolated curve overstates long gamma. So within a cell of the down curve it is also
    read as chord - t (1 - t) * K, where K is the sum of the second differences at the cell's ends
    of near longs (a bound for convex curves) and half of that of the rest, if positive: a
    parabola, at its lowest.
    """
    axis, curve, mark = profile.axis, profile.curve, profile.mark
    end = scan_range * WAD // BPS
    if curve is None:  # it loses the most at an end
        worst = ceil_div(abs(profile.line) * end, WAD)
        return worst, worst
    low, high = axis.reach(end)
    down, up = profile.nodes
    least = min(mark, *profile.at(low, -end), *profile.at(axis.zero, 0), *profile.at(high, end))
    for values, step in ((down, DOWN_STEP), (up, UP_STEP)):
        for node, value in enumerate(values):
            if low < node * step < high:
                least = min(least, value)
    deepest = least
    rest = [whole - part for whole, part in zip(down, curve.near, strict=True)]
    bulges = zip(_bulges(curve.near, curve.ghosts), _bulges(rest), strict=True)
    for cell, (of_near, of_rest) in enumerate(bulges):
        bulge = max(0, of_near) + max(0, of_rest) // 2
        start = cell * DOWN_STEP
        first, last = max(0, low - start), min(high - start, DOWN_STEP)
        if bulge == 0 or first >= last:
            continue
        left, rise = down[cell], down[cell + 1] - down[cell]
        t = clamp(toward_div((bulge - rise) * ONE, bulge), first, last)
        dent = ceil_div(t * (DOWN_STEP - t) * bulge, DOWN_STEP**2)
        deepest = min(deepest, left + rise * t // DOWN_STEP - dent)
    return mark - least, mark - deepest


def _bulges(values: Sequence[int], ghosts: Sequence[int] | None = None) -> list[int]:
    """Second differences at both ends of each cell, added.

    At the outermost nodes those of their neighbours, or those with the ghosts, if larger.
    """
    seconds = [values[i - 1] - 2 * values[i] + values[i + 1] for i in range(1, len(values) - 1)]
    first, last = seconds[0], seconds[-1]
    if ghosts is not None:
        first = max(first, ghosts[0] - 2 * values[0] + values[1])
        last = max(last, values[-2] - 2 * values[-1] + ghosts[1])
    return [left + right for left, right in pairwise([first, *seconds, last])]


@lru_cache
def extremes(scan_range: int) -> tuple[tuple[int, int], ...]:
    """(shift, divisor of the loss there): half of it at two ranges, a quarter at four."""
    end = scan_range * WAD // BPS
    return (
        (-min(2 * end, FURTHEST_FALL), 2),
        (2 * end, 2),
        (-min(4 * end, FURTHEST_FALL), OUTER),
        (4 * end, OUTER),
    )


def after(amount: int, shift: int) -> int:
    """What a price, or what is worth it, is after a move, rounded down."""
    return amount * (WAD + shift) // WAD


def extreme_loss(profile: Profile, scan_range: int, intrinsics: Sequence[int]) -> int:
    """X_u, with the options at their intrinsic value (WAD) at each of the extremes."""
    mark, line = profile.mark, profile.line
    losses = [
        ceil_div(mark - value - line * shift // WAD, divisor)
        for (shift, divisor), value in zip(extremes(scan_range), intrinsics, strict=True)
    ]
    return max(0, *losses)


def matched(parts: Iterable[int]) -> int:
    """What long and short parts have in common, rounded up."""
    parts = list(parts)
    return ceil_div(sum(map(abs, parts)) - abs(sum(parts)), 2)


def depth_charge(params: UnderlyingParams, index: int, exposure: int) -> int:
    """R * Q^2 / (Q + depth): what it costs to work Q off in a market that is only so deep."""
    exposure = min(exposure, LARGEST)
    whole = exposure + params.depth * index
    return ceil_div(params.scan_range * exposure**2, whole * BPS) if exposure else 0


# -- across underlyings --------------------------------------------------------------------------


@lru_cache
def shifts(scan_range: int, beta: int) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """At each angle x beta R and y own R; then x R of what moves together: see `Netting`."""
    own = ceil_div(ceil_sqrt((BPS**2 - beta**2) * (WAD // BPS) ** 2) * scan_range, BPS)
    return (
        tuple(
            (toward_div(sine * beta * scan_range, BPS * BPS), cosine * own // WAD)
            for sine, cosine in ANGLES
        ),
        tuple(toward_div(third * scan_range * WAD, 3 * BPS) for third in THIRDS),
    )


@dataclass
class Netting:
    """The scan requirement of a portfolio, gathered underlying by underlying.

    One market factor moves each underlying by its loading beta, the rest of its range is its own:

        M_factor  max over t, v of sum (now - Y(x beta R, v)) + sqrt(sum I^2)
        I         max(0, Y(x beta R, v) - min over +- of Y(x beta R +- y own R, v))
        M_comove  max over x, v of sum (now - Y(x R, v)): everything moves together; of options what
                  is lost a third less or more far, if that is more
        M_apart   sqrt(sum L^2): everything moves on its own

    with x = sin t, y = cos t, own = sqrt(1 - beta^2).

    Volatilities need not move together: Y(s, v) is half V(s, v) and half the lower of both. A
    single underlying has nothing to net with, and needs what it loses; several never need more
    than the sum of that, nor less than any of them. Factor and comove read few places of a book:
    what options lose within the range beyond the most that comove reads of them, which may be a
    gain, is added to both.
    """

    count: int = 0  # of underlyings
    common: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in ANGLES])
    squares: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in ANGLES])
    comove: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in THIRDS])
    apart: int = 0  # sum of L^2
    total: int = 0  # sum of L
    hidden: int = 0  # sum of what options lose beyond what comove reads of them

    def add(self, params: UnderlyingParams, profile: Profile, deepest: int, loss: int) -> None:
        """One more underlying: what it loses within its range, and its L_u."""
        self.count += 1
        self.apart += loss**2
        self.total += loss
        mark, blended = profile.mark, profile.blended
        at_angles, together = shifts(params.scan_range, params.beta)
        rows = zip(at_angles, self.common, self.squares, strict=True)
        for (middle, side), common, squares in rows:
            center, left, right = blended(middle), blended(middle - side), blended(middle + side)
            for v in (0, 1):
                common[v] += mark - center[v]
                squares[v] += max(0, center[v] - min(left[v], right[v])) ** 2
        lost = [[mark - value for value in blended(shift)] for shift in together]
        for i, losses in enumerate(self.comove):
            # between the places that are read nobody knows how far a curve has come
            beside = lost[max(0, i - 1) : i + 2] if profile.curve else [lost[i]]
            for v in (0, 1):
                losses[v] += max(found[v] for found in beside)
        if profile.curve:
            seen = max(loss for found in lost for loss in found)
            self.hidden += max(0, min(deepest, loss) - seen)

    def terms(self, floor: int) -> tuple[int, int, int, int]:
        """Factor and comove, each with what is hidden from them, apart and floor."""
        factor = max(
            common + ceil_sqrt(squares)
            for row in zip(self.common, self.squares, strict=True)
            for common, squares in zip(*row, strict=True)
        )
        return (
            max(0, factor) + self.hidden,
            max(0, *(loss for row in self.comove for loss in row)) + self.hidden,
            ceil_sqrt(self.apart),
            ceil_div(floor * self.total, BPS),
        )

    def requirement(self, floor: int) -> int:
        return self.total if self.count < 2 else min(self.total, max(self.terms(floor)))
