"""The volatility surface: what a call is worth in 15 scenarios, in one word per strike.

A scenario word holds 16 lanes of 16 bits, lane k at bits 16k:

    0         stamp: the low 16 bits of its epoch's number, never 0
    1 .. 3    the call now, at the spots S0 (1 - B), S0, S0 (1 + B)
    4 .. 10   at 7 spots S0 (1 + (i - 3) / 3 G), i = 0 .. 6, volatility down
    11 .. 15  at 5 spots S0 (1 + (j - 2) / 2 G), j = 0 .. 4, volatility up

in units of S0 / 2**15, rounded down. S0 is the reference spot of the *epoch*: the words of an
underlying are those of its epoch until spot has moved further from S0 than its bound B, or it is
too old, or a smile was posted since. So a word is computed once, and whoever holds the strike reads
one slot. In the last half hour before an expiry a forward hardly falls with the spot: if it is 2 S0
or more at any node, units are doubled until lanes hold it.

    T      expiry less the epoch's time; lanes with volatility down are a day later
    vol    the smile's at k = ln(strike / forward of the scenario), times 1 + g / 2 (up) or
           max(0.1, 1 - g / 4) (down), g = (30 / max(T, 1))**(0.30 if T < 30 else 0.13), T in days
    F      fixed + ratio * spot, as market data tells when the word is computed

What settles is an average over the last 30 minutes. So what counts of T is max(T - 20 minutes,
T / 3), and in the end F depends less and less on spot: volatility counts by the share
ratio * spot / F.
"""

from dataclasses import dataclass
from math import isqrt

from plimsoll.spec import black76, smile
from plimsoll.spec.market import HOUR, WINDOW, Forward
from plimsoll.spec.smile import Smile
from plimsoll.spec.wad import BPS, WAD, YEAR, clamp, toward_div
from plimsoll.spec.words import STRIKE_UNIT

DAY = 24 * HOUR
LANES = 16
# spots: places beside S0 in sixths of G, then the bounds; and the lanes of each, now, down and up
PLACES = (-6, -4, -3, -2, 0, 2, 3, 4, 6)
CENTER = 4
NODES = len(PLACES) + 2
NOW = {9: 1, CENTER: 2, 10: 3}
DOWN = {0: 4, 1: 5, 3: 6, 4: 7, 5: 8, 7: 9, 8: 10}
UP = {0: 11, 2: 12, 4: 13, 6: 14, 8: 15}
UNIT = 2**15  # lane units in S0
MAX_LANE = 2**16 - 1

BOUND_NEAR = 100  # basis points that spot may be off S0, while an expiry is near
BOUND_FAR = 200  # and while none is
NEAR = 3 * DAY
MIN_AGE = 60  # seconds: no smile ends an epoch that is younger
MAX_AGE = (120, HOUR)  # seconds: an eighth of the time to the next expiry, within these
MAX_SPAN = 5_000  # basis points


@dataclass(frozen=True)
class Epoch:
    reference: int  # S0, WAD
    time: int  # when it began
    number: int
    posted: int  # when a smile of the underlying was last posted
    span: int  # G, basis points
    bound: int  # B, basis points that spot may be off S0
    lift: int = 0  # how often a lane's unit is doubled


@dataclass(frozen=True)
class Series:
    """What the strikes of an expiry have in common in an epoch; WAD."""

    forwards: tuple[int, ...]  # at the nodes
    logs: tuple[int, ...]  # of them
    shares: tuple[int, ...]  # ratio * spot / forward
    now: int  # what annual volatility is to be multiplied by
    up: int
    down: int
    unit: int  # of a lane, WAD**2
    smile: Smile


def bound(next_expiry: int, now: int) -> int:
    """How far spot may be off S0, basis points; `next_expiry` is 0 where there is none."""
    return BOUND_NEAR if next_expiry and next_expiry <= now + NEAR else BOUND_FAR


def max_age(next_expiry: int, now: int) -> int:
    return clamp((next_expiry - now) // 8, *MAX_AGE) if next_expiry else MAX_AGE[1]


def is_due(epoch: Epoch, index: int, next_expiry: int, now: int) -> bool:
    """Whether the epoch is over."""
    age = now - epoch.time
    moved = abs(index - epoch.reference) * BPS > epoch.bound * epoch.reference
    posted = epoch.posted >= epoch.time and age >= MIN_AGE
    return moved or posted or age > max_age(next_expiry, now)


def begin(
    epoch: Epoch, index: int, next_expiry: int, now: int, forward: Forward | None = None
) -> Epoch:
    """The next epoch. Its number is none with a stamp of 0.

    Args:
        forward: of the next expiry, if that is within half an hour.
    """
    number = epoch.number + 1
    number += number % 2**16 == 0
    most = (
        forward.fixed + forward.ratio * index // WAD * (BPS + epoch.span) // BPS if forward else 0
    )
    lift = (most // (2 * index)).bit_length()
    return Epoch(index, now, number, epoch.posted, epoch.span, bound(next_expiry, now), lift)


def covers(span: int, scan_range: int) -> bool:
    """Whether the scan never leaves the nodes, wherever in its bound spot is; all basis points."""
    return (BPS + BOUND_FAR) * (BPS + scan_range) <= (BPS + span) * BPS


def effective(pending: int, before: int, epoch: Epoch) -> int:
    """The smile in effect: the one posted last, if that was before the epoch began, or if it is
    the expiry's first."""
    return before if smile.unpack(pending)[1] >= epoch.time and before else pending


def factors(left: int) -> tuple[int, int]:
    """What volatility is multiplied by if it rises and falls, WAD, `left` seconds before expiry."""
    exponent = 30 if left < 30 * DAY else 13
    g = black76.exp(toward_div(black76.ln(30 * DAY * WAD // max(left, DAY)) * exponent, 100))
    return WAD + g // 2, max(WAD // 10, WAD - g // 4)


def root(left: int) -> int:
    """sqrt of the years over which an average moves that ends after `left` seconds, WAD."""
    return isqrt(max(3 * left - 2 * WINDOW, left) * WAD**2 // (3 * YEAR))


def series(epoch: Epoch, expiry: int, fixed: int, ratio: int, shape: Smile) -> Series:
    left = expiry - epoch.time
    up, down = factors(left)
    now = root(left)
    moves = [place * epoch.span for place in PLACES] + [-6 * epoch.bound, 6 * epoch.bound]
    spots = [epoch.reference * (6 * BPS + move) // (6 * BPS) for move in moves]
    unit = (epoch.reference << epoch.lift) * WAD // UNIT
    forwards = [min(fixed + ratio * spot // WAD, MAX_LANE * unit // WAD) for spot in spots]
    middle = forwards[CENTER]
    log = black76.ln(middle)
    return Series(
        forwards=tuple(forwards),
        logs=tuple(log + black76.ln_1p(_div((f - middle) * WAD, middle)) for f in forwards),
        shares=tuple(_div(ratio * s, f) for s, f in zip(spots, forwards, strict=True)),
        now=now,
        up=now * up // WAD,
        down=root(max(left - DAY, 0)) * down // WAD,
        unit=unit,
        smile=shape,
    )


def _div(a: int, b: int) -> int:
    """Toward zero, and 0 where b is 0."""
    return toward_div(a, b) if b else 0


def word(epoch: Epoch, item: Series, strike: int) -> int:
    """The scenario word of a strike in 1e-8 of quote."""
    price = strike * STRIKE_UNIT
    middle = item.forwards[CENTER]
    move = _div((price - middle) * WAD, middle)
    near = abs(move) < WAD // 2
    log = item.logs[CENTER] + black76.ln_1p(move) if near else black76.ln(price)
    lanes = [0] * LANES
    lanes[0] = epoch.number % 2**16

    def value(i: int, ratio: int, vol: int) -> int:
        return black76.call_at(item.forwards[i], price, ratio, vol, item.unit)

    for i in range(NODES):
        ratio = item.logs[i] - log
        vol = smile.vol(item.smile, -ratio) * item.shares[i] // WAD
        for numbers, factor in ((NOW, item.now), (DOWN, item.down), (UP, item.up)):
            if i in numbers:
                lanes[numbers[i]] = value(i, ratio, vol * factor // WAD)
    return sum(lane << 16 * k for k, lane in enumerate(lanes))
