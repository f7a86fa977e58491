"""Undiscounted Black-76 in fixed point: what a European option on a forward is worth.

    call = F N(d1) - K N(d2),  d1 = ln(F / K) / w + w / 2,  d2 = d1 - w

F forward, K strike, w total volatility (sigma * sqrt(time)), all WAD; a put is call - F + K.
Black (1976), "The pricing of commodity contracts".

The normal distribution's lower tail is one of three polynomials of degree 10, those with the
smallest largest error, and beyond 6.15 it is 0. Its error is below 4e-10 everywhere, so that of a
price is below 4e-10 * (F + K).
Logarithms and exponentials are snekmate's `wad_ln` and `wad_exp`, bit for bit.
"""

from plimsoll.spec.wad import WAD, toward_div

# the lower tail: up to which x, and coefficients in ascending powers, WAD
TAIL = (
    (
        150 * WAD // 100,
        (
            500_000_000_000_000_000,
            -398_942_257_511_857_337,
            -710_721_626_715,
            66_497_978_212_668_211,
            -39_787_643_453_142,
            -9_856_115_073_135_035,
            -207_038_458_475_583,
            1_404_634_987_533_050,
            -121_807_349_742_908,
            -99_417_544_491_810,
            19_775_146_212_681,
        ),
    ),
    (
        350 * WAD // 100,
        (
            518_834_194_379_747_439,
            -493_942_355_013_621_445,
            215_188_679_065_610_850,
            -221_323_008_346_537_999,
            250_817_780_201_105_871,
            -157_602_584_091_288_623,
            58_356_066_647_520_039,
            -13_410_828_626_733_211,
            1_900_740_241_917_952,
            -153_345_467_586_393,
            5_419_318_744_158,
        ),
    ),
    (
        615 * WAD // 100,
        (
            1_606_744_334_208_037_956,
            -2_749_433_859_128_575_144,
            2_118_198_585_376_403_073,
            -966_701_121_374_810_384,
            289_156_186_601_783_346,
            -59_172_257_499_247_322,
            8_379_964_180_170_153,
            -809_894_080_096_505,
            51_039_453_661_546,
            -1_890_166_264_026,
            31_157_036_557,
        ),
    ),
)

# of snekmate's rational approximation of the logarithm, 2**96: in descending powers
LN_P = (
    3_273_285_459_638_523_848_632_254_066_296,
    24_828_157_081_833_163_892_658_089_445_524,
    43_456_485_725_739_037_958_740_375_743_393,
    -11_111_509_109_440_967_052_023_855_526_967,
    -45_023_709_667_254_063_763_336_534_515_857,
    -14_706_773_417_378_608_786_704_636_184_526,
    -795_164_235_651_350_426_258_249_787_498,
)
LN_Q = (
    5_573_035_233_440_673_466_300_451_813_936,
    71_694_874_799_317_883_764_090_561_454_958,
    283_447_036_172_924_575_727_196_451_306_956,
    401_686_690_394_027_663_651_624_208_769_553,
    204_048_457_590_392_012_362_485_061_816_622,
    31_853_899_698_501_571_402_653_359_427_138,
    909_429_971_244_387_300_277_376_558_375,
)
LN_SCALE = 1_677_202_110_996_718_588_342_820_967_067_443_963_516_166
LN_2 = (
    16_597_577_552_685_614_221_487_285_958_193_947_469_193_820_559_219_878_177_908_093_499_208_371
)
LN_UNIT = (
    600_920_179_829_731_861_736_702_779_321_621_459_595_472_258_049_074_101_567_377_883_020_018_308
)

# of snekmate's rational approximation of the exponential function, 2**96
EXP_LN_2 = 54_916_777_467_707_473_351_141_471_128
EXP_P = (
    1_346_386_616_545_796_478_920_950_773_328,
    57_155_421_227_552_351_082_224_309_758_442,
    94_201_549_194_550_492_254_356_042_504_812,
    28_719_021_644_029_726_153_956_944_680_412_240,
    4_385_272_521_454_847_904_659_076_985_693_276,
)
EXP_Q = (
    -2_855_989_394_907_223_263_936_484_059_900,
    50_020_603_652_535_783_019_961_831_881_945,
    -533_845_033_583_426_703_283_633_433_725_380,
    3_604_857_256_930_695_427_073_651_918_091_429,
    -14_423_608_567_350_463_180_887_372_962_807_573,
    26_449_188_498_355_588_339_934_803_723_976_023,
)
EXP_SCALE = 3_822_833_074_963_236_453_042_738_258_902_158_003_155_416_615_667


def ln(x: int) -> int:
    """Natural logarithm, WAD, of x > 0 in WAD; 0 of 0. As snekmate's `wad_ln`."""
    if x == 0:
        return 0
    k = x.bit_length() - 97
    x = x << (159 - k) >> 159
    p = q = 1 << 96
    for c in LN_P[:-1]:
        p = (p * x >> 96) + c
    p = p * x + (LN_P[-1] << 96)
    for c in LN_Q:
        q = (q * x >> 96) + c
    return toward_div(p, q) * LN_SCALE + k * LN_2 + LN_UNIT >> 174


def ln_1p(y: int) -> int:
    """ln(1 + y), WAD, for y in -1/2 .. 1, with an error below 1.3e-10: 2 artanh(y / (2 + y))."""
    z = toward_div(y * WAD, 2 * WAD + y)
    u = z * z // WAD
    p = WAD // 17
    for n in (15, 9):  # three powers of u between divisions
        p = (p * u + WAD**2 // n) * u + WAD**3 // (n - 2)
        p = (p * u + WAD**4 // (n - 4)) // WAD**3
    p = WAD + (p * u + WAD**2 // 3) * u // WAD**2
    return toward_div(2 * z * p, WAD)


def exp(x: int) -> int:
    """Exponential function, WAD, of x in WAD, below 135 WAD. As snekmate's `wad_exp`."""
    if x <= -41_446_531_673_892_822_313:
        return 0
    x = toward_div(x << 78, 5**18)
    k = toward_div(x << 96, EXP_LN_2) + 2**95 >> 96
    x -= k * EXP_LN_2
    y = ((x + EXP_P[0]) * x >> 96) + EXP_P[1]
    p = (((y + x - EXP_P[2]) * y >> 96) + EXP_P[3]) * x + (EXP_P[4] << 96)
    q = 1 << 96
    for c in EXP_Q:
        q = (q * x >> 96) + c
    return toward_div(p, q) * EXP_SCALE >> 195 - k


def cdf(x: int) -> int:
    """The normal distribution, WAD, of any x in WAD."""
    a = abs(x)
    tail = 0
    for end, c in TAIL:
        if a < end:
            p = c[10]
            for i in (9, 6, 3):  # three powers of x between divisions
                p = ((p * a + c[i] * WAD) * a + c[i - 1] * WAD**2) * a + c[i - 2] * WAD**3
                p = toward_div(p, WAD**3)
            tail = c[0] + toward_div(p * a, WAD)
            break
    return WAD - tail if x >= 0 else tail


def call_at(forward: int, strike: int, ratio: int, vol: int, unit: int = WAD) -> int:
    """A call in multiples of `unit` (WAD**2), where ratio = ln(forward / strike), WAD, is known;
    rounded down.

    Its limits are exact: never less than its intrinsic value, which it is without volatility, never
    more than the forward. None is a case of its own: without a forward the first product is 0,
    without a strike it is at most the intrinsic value, without volatility both distributions are
    1/2.
    """
    d1 = (toward_div(ratio * WAD, vol) if vol else 0) + vol // 2
    value = max(forward * cdf(d1) - strike * cdf(d1 - vol), (forward - strike) * WAD, 0)
    return value // unit


def call(forward: int, strike: int, vol: int) -> int:
    """A call on a forward, WAD; vol is total, sigma * sqrt(time)."""
    return call_at(forward, strike, ln(forward) - ln(strike), vol)


def put(forward: int, strike: int, vol: int) -> int:
    """By parity: call - forward + strike."""
    return call(forward, strike, vol) - forward + strike
