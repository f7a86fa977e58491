# pragma version 0.4.3
"""
@title Black-76
@notice What a European option on a forward is worth, undiscounted:

            call = F N(d1) - K N(d2),  d1 = ln(F / K) / w + w / 2,  d2 = d1 - w

        F forward, K strike, w total volatility (sigma * sqrt(time)), all WAD; a put is
        call - F + K. As in plimsoll.spec.black76.
@dev The normal distribution's lower tail is one of three polynomials of degree 10, those with the
     smallest largest error, and beyond 6.15 it is 0. Its error is below 4e-10 everywhere, so that
     of a price is below 4e-10 * (F + K). A price costs about 1,000 gas.
     Domain: forward and strike below 2**128, volatility below 2**128; nothing in it reverts.
"""

from modules import wad
from snekmate.utils import math

NEAR: constant(int256) = 15 * 10**17
MIDDLE: constant(int256) = 35 * 10**17
FAR: constant(int256) = 615 * 10**16

# coefficients of x**0 .. x**10, WAD: up to NEAR, up to MIDDLE, up to FAR
A0: constant(int256) = 500_000_000_000_000_000
A1: constant(int256) = -398_942_257_511_857_337
A2: constant(int256) = -710_721_626_715
A3: constant(int256) = 66_497_978_212_668_211
A4: constant(int256) = -39_787_643_453_142
A5: constant(int256) = -9_856_115_073_135_035
A6: constant(int256) = -207_038_458_475_583
A7: constant(int256) = 1_404_634_987_533_050
A8: constant(int256) = -121_807_349_742_908
A9: constant(int256) = -99_417_544_491_810
A10: constant(int256) = 19_775_146_212_681
B0: constant(int256) = 518_834_194_379_747_439
B1: constant(int256) = -493_942_355_013_621_445
B2: constant(int256) = 215_188_679_065_610_850
B3: constant(int256) = -221_323_008_346_537_999
B4: constant(int256) = 250_817_780_201_105_871
B5: constant(int256) = -157_602_584_091_288_623
B6: constant(int256) = 58_356_066_647_520_039
B7: constant(int256) = -13_410_828_626_733_211
B8: constant(int256) = 1_900_740_241_917_952
B9: constant(int256) = -153_345_467_586_393
B10: constant(int256) = 5_419_318_744_158
C0: constant(int256) = 1_606_744_334_208_037_956
C1: constant(int256) = -2_749_433_859_128_575_144
C2: constant(int256) = 2_118_198_585_376_403_073
C3: constant(int256) = -966_701_121_374_810_384
C4: constant(int256) = 289_156_186_601_783_346
C5: constant(int256) = -59_172_257_499_247_322
C6: constant(int256) = 8_379_964_180_170_153
C7: constant(int256) = -809_894_080_096_505
C8: constant(int256) = 51_039_453_661_546
C9: constant(int256) = -1_890_166_264_026
C10: constant(int256) = 31_157_036_557

WAD_1: constant(int256) = 10**18
WAD_2: constant(int256) = 10**36
WAD_3: constant(int256) = 10**54
WAD_4: constant(int256) = 10**72


@internal
@pure
def _call(forward: int256, strike: int256, vol: int256) -> int256:
    """
    @notice A call, WAD, rounded down.
    @param vol Total volatility, WAD.
    """
    ratio: int256 = math._wad_ln(forward) - math._wad_ln(strike)
    return self._call_at(forward, strike, ratio, vol, wad.IWAD)


@internal
@pure
def _put(forward: int256, strike: int256, vol: int256) -> int256:
    """
    @notice A put, WAD, by parity. Never negative: a call is no less than forward - strike.
    """
    return self._call(forward, strike, vol) - forward + strike


@internal
@pure
def _call_at(forward: int256, strike: int256, ratio: int256, vol: int256, unit: int256) -> int256:
    """
    @notice A call, rounded down, where the logarithm is known. Its limits are exact: never
        less than its intrinsic value, which it is without volatility, never more than the forward.
    @param ratio ln(forward / strike), WAD.
    @param vol Total volatility, WAD.
    @param unit What the price is counted in, WAD**2.
    @dev Nothing of it needs a case of its own: without a forward, high is 0, without a strike,
         high is at most the intrinsic value; without volatility, as what is divided by 0 is 0,
         both distributions are 1/2.
    """
    # unsafe: |ratio| < 2**68 and vol < 2**128, so |d1| < 2**129; forward and strike are below
    # 2**128, distributions at most WAD < 2**60. Divisions of what is negative round toward zero
    d1: int256 = unsafe_add(unsafe_div(unsafe_mul(ratio, wad.IWAD), vol), vol >> 1)
    high: int256 = unsafe_mul(forward, self._cdf(d1))
    value: int256 = unsafe_sub(high, unsafe_mul(strike, self._cdf(unsafe_sub(d1, vol))))
    intrinsic: int256 = unsafe_mul(unsafe_sub(forward, strike), wad.IWAD)
    if value < intrinsic:
        value = intrinsic
    return unsafe_div(value, unit) if value > 0 else 0


@internal
@pure
def _cdf(x: int256) -> int256:
    """
    @notice The normal distribution, WAD, of any x in WAD.
    """
    # unsafe: three powers of x between divisions (toward zero); x < 2**63, the coefficients and
    # what was divided are below 2**62, so the largest sum is below 2**(62 + 3 * 63 + 2)
    p: int256 = 0
    if x < 0:
        if x > -MIDDLE:
            if x > -NEAR:
                p = unsafe_add(
                    -A7 * WAD_3,
                    unsafe_mul(
                        x,
                        unsafe_add(
                            A8 * WAD_2, unsafe_mul(x, unsafe_add(-A9 * WAD_1, unsafe_mul(x, A10)))
                        ),
                    ),
                )
                p = unsafe_add(
                    A4 * WAD_3,
                    unsafe_mul(
                        x,
                        unsafe_add(
                            -A5 * WAD_2,
                            unsafe_mul(
                                x, unsafe_add(A6 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))
                            ),
                        ),
                    ),
                )
                p = unsafe_add(
                    -A1 * WAD_3,
                    unsafe_mul(
                        x,
                        unsafe_add(
                            A2 * WAD_2,
                            unsafe_mul(
                                x, unsafe_add(-A3 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))
                            ),
                        ),
                    ),
                )
                return unsafe_add(A0, unsafe_div(unsafe_mul(x, unsafe_div(p, WAD_3)), WAD_1))
            p = unsafe_add(
                -B7 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        B8 * WAD_2, unsafe_mul(x, unsafe_add(-B9 * WAD_1, unsafe_mul(x, B10)))
                    ),
                ),
            )
            p = unsafe_add(
                B4 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        -B5 * WAD_2,
                        unsafe_mul(x, unsafe_add(B6 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                    ),
                ),
            )
            p = unsafe_add(
                -B1 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        B2 * WAD_2,
                        unsafe_mul(x, unsafe_add(-B3 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                    ),
                ),
            )
            return unsafe_add(B0, unsafe_div(unsafe_mul(x, unsafe_div(p, WAD_3)), WAD_1))
        if x > -FAR:
            p = unsafe_add(
                -C7 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        C8 * WAD_2, unsafe_mul(x, unsafe_add(-C9 * WAD_1, unsafe_mul(x, C10)))
                    ),
                ),
            )
            p = unsafe_add(
                C4 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        -C5 * WAD_2,
                        unsafe_mul(x, unsafe_add(C6 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                    ),
                ),
            )
            p = unsafe_add(
                -C1 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        C2 * WAD_2,
                        unsafe_mul(x, unsafe_add(-C3 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                    ),
                ),
            )
            return unsafe_add(C0, unsafe_div(unsafe_mul(x, unsafe_div(p, WAD_3)), WAD_1))
        return 0
    if x < MIDDLE:
        if x < NEAR:
            p = unsafe_add(
                -A7 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        -A8 * WAD_2, unsafe_mul(x, unsafe_add(-A9 * WAD_1, unsafe_mul(x, -A10)))
                    ),
                ),
            )
            p = unsafe_add(
                -A4 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        -A5 * WAD_2,
                        unsafe_mul(x, unsafe_add(-A6 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                    ),
                ),
            )
            p = unsafe_add(
                -A1 * WAD_3,
                unsafe_mul(
                    x,
                    unsafe_add(
                        -A2 * WAD_2,
                        unsafe_mul(x, unsafe_add(-A3 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                    ),
                ),
            )
            return unsafe_add(WAD_1 - A0, unsafe_div(unsafe_mul(x, unsafe_div(p, WAD_3)), WAD_1))
        p = unsafe_add(
            -B7 * WAD_3,
            unsafe_mul(
                x,
                unsafe_add(
                    -B8 * WAD_2, unsafe_mul(x, unsafe_add(-B9 * WAD_1, unsafe_mul(x, -B10)))
                ),
            ),
        )
        p = unsafe_add(
            -B4 * WAD_3,
            unsafe_mul(
                x,
                unsafe_add(
                    -B5 * WAD_2,
                    unsafe_mul(x, unsafe_add(-B6 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                ),
            ),
        )
        p = unsafe_add(
            -B1 * WAD_3,
            unsafe_mul(
                x,
                unsafe_add(
                    -B2 * WAD_2,
                    unsafe_mul(x, unsafe_add(-B3 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                ),
            ),
        )
        return unsafe_add(WAD_1 - B0, unsafe_div(unsafe_mul(x, unsafe_div(p, WAD_3)), WAD_1))
    if x < FAR:
        p = unsafe_add(
            -C7 * WAD_3,
            unsafe_mul(
                x,
                unsafe_add(
                    -C8 * WAD_2, unsafe_mul(x, unsafe_add(-C9 * WAD_1, unsafe_mul(x, -C10)))
                ),
            ),
        )
        p = unsafe_add(
            -C4 * WAD_3,
            unsafe_mul(
                x,
                unsafe_add(
                    -C5 * WAD_2,
                    unsafe_mul(x, unsafe_add(-C6 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                ),
            ),
        )
        p = unsafe_add(
            -C1 * WAD_3,
            unsafe_mul(
                x,
                unsafe_add(
                    -C2 * WAD_2,
                    unsafe_mul(x, unsafe_add(-C3 * WAD_1, unsafe_mul(x, unsafe_div(p, WAD_3)))),
                ),
            ),
        )
        return unsafe_add(WAD_1 - C0, unsafe_div(unsafe_mul(x, unsafe_div(p, WAD_3)), WAD_1))
    return WAD_1


@internal
@pure
def _ln_1p(y: int256) -> int256:
    """
    @notice ln(1 + y), WAD, for y in -1/2 .. 1, with an error below 1.3e-10: it is
        2 artanh(y / (2 + y)), at a fourth of the cost of `wad_ln`.
    @dev z is in -1/3 .. 1/3, so nothing reaches 2**128. Divisions round toward zero.
    """
    z: int256 = unsafe_div(unsafe_mul(y, wad.IWAD), unsafe_add(2 * wad.IWAD, y))
    u: int256 = unsafe_div(unsafe_mul(z, z), wad.IWAD)
    # three powers of u between divisions
    p: int256 = unsafe_mul(u, unsafe_add(WAD_2 // 15, unsafe_mul(u, wad.IWAD // 17)))
    p = unsafe_add(WAD_4 // 11, unsafe_mul(u, unsafe_add(WAD_3 // 13, p)))
    p = unsafe_mul(u, unsafe_add(WAD_2 // 9, unsafe_mul(u, unsafe_div(p, WAD_3))))
    p = unsafe_add(WAD_4 // 5, unsafe_mul(u, unsafe_add(WAD_3 // 7, p)))
    p = unsafe_mul(u, unsafe_add(WAD_2 // 3, unsafe_mul(u, unsafe_div(p, WAD_3))))
    p = unsafe_add(wad.IWAD, unsafe_div(p, WAD_2))
    return unsafe_div(unsafe_mul(unsafe_mul(2, z), p), wad.IWAD)
