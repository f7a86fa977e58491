# pragma version 0.4.3
"""
@title Volatility smile
@notice SVI, of an expiry's annual variance, in its raw form:

            v(k) = a + b (rho (k - m) + sqrt((k - m)**2 + s**2)),  k = ln(strike / forward)

        clipped to volatilities of 5 .. 500 %. The five parameters are in units of 1e-9 and share
        a word with two times, the block's and the report's own; as in plimsoll.spec.smile:

            | posted 40 | time 40 | a int40 | b 40 | rho int32 | m int32 | s 32 |
            256         216       176       136    96          64        32     0

@dev Nothing overflows: |k| is below 2**68 (a logarithm of what has 255 bits), |m| and s below
     2**62 in WAD, so a root is below 2**69, times b below 2**139.
"""

from interfaces import IVolSurface
from modules import wad

NANO: constant(int256) = 10**9
MIN_VARIANCE: constant(int256) = 25 * 10**14  # WAD: 5 %
MAX_VARIANCE: constant(int256) = 25 * 10**18  # 500 %
MAX_WING: constant(int256) = 2  # steepest slope of total variance that moments allow
STEPS: constant(uint256) = 8  # standard deviations in which butterflies are looked at, each way
MAX_CHANGE: constant(int256) = 2_500  # bps by which an update may move a volatility
YEAR: constant(int256) = 365 * 86_400

# masks
UINT32: constant(uint256) = 2**32 - 1
UINT40: constant(uint256) = 2**40 - 1


@internal
@pure
def _pack(smile: IVolSurface.Smile, posted: uint256, time: uint256) -> uint256:
    """
    @notice The caller vouches for `_check`, and times below 2**40.
    """
    return (
        (posted << 216)
        | (time << 176)
        | ((convert(convert(smile.a, bytes32), uint256) & UINT40) << 136)
        | (convert(smile.b, uint256) << 96)
        | ((convert(convert(smile.rho, bytes32), uint256) & UINT32) << 64)
        | ((convert(convert(smile.m, bytes32), uint256) & UINT32) << 32)
        | convert(smile.s, uint256)
    )


@internal
@pure
def _unpack(word: uint256) -> IVolSurface.Smile:
    return IVolSurface.Smile(
        # shifted up to the sign bit, then down with it
        a=convert(convert(word << 80, bytes32), int256) >> 216,
        b=convert((word >> 96) & UINT40, int256),
        rho=convert(convert(word << 160, bytes32), int256) >> 224,
        m=convert(convert(word << 192, bytes32), int256) >> 224,
        s=convert(word & UINT32, int256),
    )


@internal
@pure
def _posted(word: uint256) -> uint256:
    """
    @notice The block's time at which it was posted.
    """
    return word >> 216


@internal
@pure
def _time(word: uint256) -> uint256:
    """
    @notice The report's own time.
    """
    return (word >> 176) & UINT40


@internal
@pure
def _vol(smile: IVolSurface.Smile, k: int256) -> int256:
    """
    @notice Annual volatility at k, both WAD. Both roots are found by Newton's method from within
        7 % and 43 %, with relative errors below 4e-12 and 2e-12.
    """
    # unsafe: see above; what divides is no less than s > 0
    x: int256 = unsafe_sub(k, unsafe_mul(smile.m, NANO))
    high: int256 = unsafe_mul(smile.s, NANO)
    low: int256 = x if x > 0 else unsafe_sub(0, x)
    square: int256 = unsafe_add(unsafe_mul(x, x), unsafe_mul(high, high))
    root: int256 = unsafe_add(high, unsafe_mul(low, 3) >> 3)
    if low > high:
        root = unsafe_add(low, unsafe_mul(high, 3) >> 3)
    root = unsafe_add(root, unsafe_div(square, root)) >> 1
    root = unsafe_add(root, unsafe_div(square, root)) >> 1
    root = unsafe_add(root, unsafe_div(square, root)) >> 1
    skewed: int256 = unsafe_add(unsafe_mul(smile.rho, x), unsafe_mul(root, NANO))
    # rounds toward a
    v: int256 = unsafe_add(
        unsafe_mul(smile.a, NANO), unsafe_div(unsafe_mul(smile.b, skewed), wad.IWAD)
    )
    if v < MIN_VARIANCE:
        v = MIN_VARIANCE
    elif v > MAX_VARIANCE:
        v = MAX_VARIANCE
    # unsafe: v < 2**65, and what divides is no less than 5 %
    z: int256 = unsafe_div(
        unsafe_mul(unsafe_add(wad.IWAD, unsafe_mul(30, v)), wad.IWAD),
        unsafe_add(15 * wad.IWAD, unsafe_mul(8, v)),
    )
    v = unsafe_mul(v, wad.IWAD)
    z = unsafe_add(z, unsafe_div(v, z)) >> 1
    z = unsafe_add(z, unsafe_div(v, z)) >> 1
    z = unsafe_add(z, unsafe_div(v, z)) >> 1
    return unsafe_add(z, unsafe_div(v, z)) >> 1


@internal
@pure
def _variance(smile: IVolSurface.Smile, k: int256) -> int256:
    """
    @notice Annual variance at k, both WAD, not clipped.
    """
    x: int256 = k - smile.m * NANO
    return self._variance_at(smile, x, self._root(smile, x))


@internal
@pure
def _variance_at(smile: IVolSurface.Smile, x: int256, root: int256) -> int256:
    """
    @notice The same where k - m and its root are known; rounded toward a.
    """
    return smile.a * NANO + smile.b * (smile.rho * x + NANO * root) // wad.IWAD


@internal
@pure
def _root(smile: IVolSurface.Smile, x: int256) -> int256:
    """
    @notice sqrt(x**2 + s**2), WAD, rounded down.
    """
    return convert(isqrt(convert(x**2 + (smile.s * NANO)**2, uint256)), int256)


@internal
@pure
def _check(smile: IVolSurface.Smile, time: uint256):
    """
    @notice Refuses a smile with arbitrage in it, `time` seconds before its expiry: variance must
        be at least 1e-9 everywhere, the wings no steeper than moments allow, and butterflies must
        cost something (Durrleman's condition) wherever one gets from the forward and from the
        vertex in steps of a standard deviation of the place. One between expiries is not looked
        for.
    """
    t: int256 = convert(time, int256)
    assert smile.s > 0 and smile.s < 2**32, "surface: smile out of range"
    assert smile.b >= 0 and smile.b < 2**40, "surface: smile out of range"
    assert abs(smile.rho) < NANO, "surface: smile out of range"
    assert abs(smile.a) < 2**39 and abs(smile.m) < 2**31, "surface: smile out of range"
    # rounds down, against the smile
    cosine: int256 = convert(isqrt(convert(NANO**2 - smile.rho**2, uint256)), int256)
    assert smile.a * NANO**2 + smile.b * smile.s * cosine >= NANO**2, (
        "surface: variance not positive"
    )
    assert smile.b * (NANO + abs(smile.rho)) * t <= MAX_WING * NANO**2 * YEAR, (
        "surface: wings too steep"
    )
    for start: int256 in [0, smile.m * NANO]:
        for side: int256 in [-1, 1]:
            k: int256 = start
            for _: uint256 in range(STEPS + 1):
                density: int256 = 0
                variance: int256 = 0
                density, variance = self._density(smile, k, t)
                assert density >= 0, "surface: butterfly below nothing"
                k += side * self._deviation(variance, t)


@internal
@pure
def _density(smile: IVolSurface.Smile, k: int256, time: int256) -> (int256, int256):
    """
    @notice Durrleman's g(k) times 16 w**2, in WAD**2, w = v T the total variance; rounded down
        term by term:

            g = (1 - k w' / 2w)**2 - w'**2 / 4 (1 / w + 1 / 4) + w'' / 2

    @return And the annual variance v.
    """
    x: int256 = k - smile.m * NANO
    root: int256 = self._root(smile, x)
    v: int256 = self._variance_at(smile, x, root)
    z: int256 = wad._floor_div(x * wad.IWAD, root)
    w: int256 = wad._floor_div(v * time, YEAR)
    first: int256 = wad._floor_div(smile.b * (smile.rho * NANO + z) * time, NANO * YEAR)
    second: int256 = wad._floor_div(smile.b * (wad.IWAD**2 - z * z) * time, root * NANO * YEAR)
    convexity: int256 = 2 * w - wad._floor_div(k * first, wad.IWAD)
    slope: int256 = wad._floor_div(w * (first * first // wad.IWAD), wad.IWAD)
    return (
        4 * convexity * convexity - slope * (4 * wad.IWAD + w) + 8 * (w * w // wad.IWAD) * second,
        v,
    )


@internal
@pure
def _deviation(variance: int256, time: int256) -> int256:
    """
    @notice Total volatility of an annual variance, as options are priced with it, WAD, rounded
        down.
    """
    total: int256 = self._clipped(variance) * time // YEAR
    return convert(isqrt(convert(total * wad.IWAD, uint256)), int256)


@internal
@pure
def _clipped(variance: int256) -> int256:
    return max(MIN_VARIANCE, min(variance, MAX_VARIANCE))


@internal
@pure
def _check_change(old: IVolSurface.Smile, new: IVolSurface.Smile, time: uint256):
    """
    @notice Refuses a volatility that moves by more than a quarter: at the forward, at some standard
        deviations beside it, and at both vertices, between which variance runs almost straight.
    """
    deviation: int256 = self._deviation(self._variance(old, 0), convert(time, int256))
    for n: int256 in [-8, -4, -2, -1, 0, 1, 2, 4, 8]:
        self._check_change_at(old, new, n * deviation)
    for m: int256 in [old.m, new.m]:
        self._check_change_at(old, new, m * NANO)


@internal
@pure
def _check_change_at(old: IVolSurface.Smile, new: IVolSurface.Smile, k: int256):
    most: int256 = (wad.IBPS + MAX_CHANGE)**2
    before: int256 = self._clipped(self._variance(old, k))
    after: int256 = self._clipped(self._variance(new, k))
    assert after * wad.IBPS**2 <= before * most, "surface: smile moves too far"
    assert before * wad.IBPS**2 <= after * most, "surface: smile moves too far"
