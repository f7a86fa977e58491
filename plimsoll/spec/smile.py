"""The volatility smile of an expiry: SVI, of the annual variance, in its raw form.

    v(k) = a + b (rho (k - m) + sqrt((k - m)**2 + s**2)),  k = ln(strike / forward)

clipped to volatilities of 5 .. 500 %. The five parameters are in units of 1e-9 and share a word
with two times:

    posted 40 | time 40 | a int40 | b 40 | rho int32 | m int32 | s 32

Gatheral (2004), "A parsimonious arbitrage-free implied volatility parameterization".
"""

from dataclasses import dataclass
from itertools import product
from math import isqrt

from plimsoll.spec.wad import BPS, WAD, YEAR, clamp, require, toward_div

NANO = 10**9
MIN_VARIANCE = 25 * WAD // 10**4  # 5 %
MAX_VARIANCE = 25 * WAD  # 500 %
MAX_WING = 2  # steepest slope of total variance that moments allow (Lee 2004)
STEPS = 8  # standard deviations in which butterflies are looked at, each way
MAX_CHANGE = 2_500  # basis points by which an update may move a volatility
CHANGES = (-8, -4, -2, -1, 0, 1, 2, 4, 8)  # standard deviations at which that is looked at

_FIELDS = (("a", 40, True), ("b", 40, False), ("rho", 32, True), ("m", 32, True), ("s", 32, False))


@dataclass(frozen=True)
class Smile:
    a: int  # level
    b: int  # slope of the wings
    rho: int  # their asymmetry, -1 .. 1
    m: int  # where the vertex is
    s: int  # how round it is


def pack(smile: Smile, posted: int, time: int) -> int:
    """`posted` is the block's time, `time` the report's own."""
    word = posted << 40 | time
    for name, bits, _ in _FIELDS:
        word = word << bits | getattr(smile, name) % 2**bits
    return word


def unpack(word: int) -> tuple[Smile, int, int]:
    """(smile, posted, time)"""
    values = {}
    for name, bits, signed in reversed(_FIELDS):
        field = word % 2**bits
        values[name] = field - 2**bits if signed and field >> (bits - 1) else field
        word >>= bits
    return Smile(**values), word >> 40, word % 2**40


def vol(smile: Smile, k: int) -> int:
    """Annual volatility at k, both WAD. Both roots are found by Newton's method from within 7 % and
    43 %, with relative errors below 4e-12 and 2e-12."""
    x, s = k - smile.m * NANO, smile.s * NANO
    low, high = sorted((abs(x), s))
    root = high + low * 3 // 8
    for _ in range(3):
        root = (root + (x * x + s * s) // root) // 2
    v = smile.a * NANO + toward_div(smile.b * (smile.rho * x + NANO * root), WAD)
    v = clamp(v, MIN_VARIANCE, MAX_VARIANCE)
    z = (WAD + 30 * v) * WAD // (15 * WAD + 8 * v)
    for _ in range(4):
        z = (z + v * WAD // z) // 2
    return z


def variance(smile: Smile, k: int) -> int:
    """Annual variance at k, both WAD, not clipped."""
    x = k - smile.m * NANO
    root = isqrt(x * x + (smile.s * NANO) ** 2)
    return smile.a * NANO + toward_div(smile.b * (smile.rho * x + NANO * root), WAD)


def check(smile: Smile, time: int) -> None:
    """Refuses a smile with arbitrage in it, `time` seconds before its expiry: variance must be
    at least 1e-9 everywhere, the wings no steeper than moments allow, and butterflies must cost
    something (Durrleman's condition) on a grid of strikes. One between expiries is not looked for.
    """
    fits = 0 < smile.s < 2**32 and 0 <= smile.b < 2**40 and abs(smile.rho) < NANO
    fits = fits and abs(smile.a) < 2**39 and abs(smile.m) < 2**31
    require(fits, "surface: smile out of range")
    lowest = smile.a * NANO**2 + smile.b * smile.s * isqrt(NANO**2 - smile.rho**2)
    require(lowest >= NANO**2, "surface: variance not positive")
    wing = smile.b * (NANO + abs(smile.rho)) * time
    require(wing <= MAX_WING * NANO**2 * YEAR, "surface: wings too steep")
    for start, side in product((0, smile.m * NANO), (-1, 1)):
        k = start
        for _ in range(STEPS + 1):
            require(density(smile, k, time) >= 0, "surface: butterfly below nothing")
            k += side * deviation(smile, k, time)


def deviation(smile: Smile, k: int, time: int) -> int:
    """Total volatility at k, as options are priced with it, WAD."""
    return isqrt(clipped(smile, k) * time // YEAR * WAD)


def clipped(smile: Smile, k: int) -> int:
    return clamp(variance(smile, k), MIN_VARIANCE, MAX_VARIANCE)


def density(smile: Smile, k: int, time: int) -> int:
    """Durrleman's g(k) times 16 w**2, in WAD**2, w = v T the total variance:

    g = (1 - k w' / 2w)**2 - w'**2 / 4 (1 / w + 1 / 4) + w'' / 2
    """
    x = k - smile.m * NANO
    root = isqrt(x * x + (smile.s * NANO) ** 2)
    z = x * WAD // root
    w = variance(smile, k) * time // YEAR
    first = smile.b * (smile.rho * NANO + z) * time // (NANO * YEAR)
    second = smile.b * (WAD**2 - z * z) * time // (root * NANO * YEAR)
    return (
        4 * (2 * w - k * first // WAD) ** 2
        - w * (first * first // WAD) // WAD * (4 * WAD + w)
        + 8 * (w * w // WAD) * second
    )


def check_change(old: Smile, new: Smile, time: int) -> None:
    """Refuses a volatility that moves by more than a quarter: at the forward, at some standard
    deviations beside it, and at both vertices, between which variance runs almost straight."""
    most = (BPS + MAX_CHANGE) ** 2
    step = deviation(old, 0, time)
    for k in (*(n * step for n in CHANGES), old.m * NANO, new.m * NANO):
        before, after = clipped(old, k), clipped(new, k)
        near = after * BPS**2 <= before * most and before * BPS**2 <= after * most
        require(near, "surface: smile moves too far")
