"""The smile equals plimsoll.spec.smile, refuses arbitrage, and moves only so far."""

from dataclasses import astuple, replace
from math import sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.spec import smile
from plimsoll.spec.smile import MAX_VARIANCE, MIN_VARIANCE, NANO, Smile
from plimsoll.spec.wad import WAD, YEAR, Revert, clamp
from tests.harness import Contract, Project, Reverted, accounts, reverts
from tests.unit.spec.strategies import many

EXPOSED = """
# pragma version 0.4.3
from interfaces import IVolSurface
from modules import smile


@external
@pure
def pack(shape: IVolSurface.Smile, posted: uint256, time: uint256) -> uint256:
    return smile._pack(shape, posted, time)


@external
@pure
def unpack(word: uint256) -> (IVolSurface.Smile, uint256, uint256):
    return smile._unpack(word), smile._posted(word), smile._time(word)


@external
@pure
def vol(shape: IVolSurface.Smile, k: int256) -> int256:
    return smile._vol(shape, k)


@external
@pure
def variance(shape: IVolSurface.Smile, k: int256) -> int256:
    return smile._variance(shape, k)


@external
@pure
def density(shape: IVolSurface.Smile, k: int256, time: int256) -> int256:
    return smile._density(shape, k, time)[0]


@external
@pure
def check(shape: IVolSurface.Smile, time: uint256):
    smile._check(shape, time)


@external
@pure
def check_change(old: IVolSurface.Smile, new: IVolSurface.Smile, time: uint256):
    smile._check_change(old, new, time)
"""

WEEK = 7 * 86_400
QUARTER = 90 * 86_400
# 50 % at the forward, 60 to 70 % a fifth away
PLAIN = Smile(a=130_000_000, b=1_200_000_000, rho=-100_000_000, m=10_000_000, s=100_000_000)

shapes = st.builds(
    Smile,
    a=st.integers(1 - 2**39, 2**39 - 1) | st.integers(0, NANO),
    b=st.integers(0, 2**40 - 1) | st.integers(0, 5 * NANO),
    rho=st.integers(1 - NANO, NANO - 1),
    m=st.integers(1 - 2**31, 2**31 - 1) | st.integers(-NANO // 10, NANO // 10),
    s=st.integers(1, 2**32 - 1) | st.integers(1, NANO),
)
moneyness = st.integers(-90 * WAD, 90 * WAD) | st.integers(-WAD, WAD)
times = st.integers(1, 2 * YEAR)


@pytest.fixture(scope="module")
def exposed(project: Project) -> Contract:
    return project.inline(EXPOSED, "Smile").deploy(sender=accounts[0])


def outcome(call: Any, *args: Any) -> str:
    """The reason of a refusal, "" where there is none."""
    try:
        call(*args)
    except (Revert, Reverted) as error:
        return str(error)
    return ""


def exact(shape: Smile, k: float) -> float:
    a, b, rho, m, s = (x / NANO for x in astuple(shape))
    return a + b * (rho * (k - m) + sqrt((k - m) ** 2 + s**2))


@many
@given(shapes, st.integers(0, 2**40 - 1), st.integers(0, 2**40 - 1))
def test_word(exposed: Contract, shape: Smile, posted: int, time: int) -> None:
    word = smile.pack(shape, posted, time)
    assert exposed.pack(astuple(shape), posted, time) == word
    unpacked, *rest = exposed.unpack(word)
    assert (Smile(*unpacked), *rest) == smile.unpack(word) == (shape, posted, time)


@many
@given(shapes, moneyness)
def test_vol(exposed: Contract, shape: Smile, k: int) -> None:
    assert exposed.vol(astuple(shape), k) == smile.vol(shape, k)
    assert exposed.variance(astuple(shape), k) == smile.variance(shape, k)


@many
@given(shapes, moneyness)
def test_error_of_vol(shape: Smile, k: int) -> None:
    """Against the exact square roots: Newton's steps suffice wherever they start."""
    variance = clamp(smile.variance(shape, k), MIN_VARIANCE, MAX_VARIANCE)
    root = abs(k - shape.m * NANO) + shape.s * NANO
    slack = 4e-12 * root / WAD * shape.b / NANO + 1e-9
    value = smile.vol(shape, k) / WAD
    assert abs(value**2 - variance / WAD) <= slack * 1.1 + 1e-11


def test_known_values() -> None:
    for k in (-0.5, -0.1, 0.0, 0.01, 0.2, 1.0):
        want = sqrt(exact(PLAIN, k))
        assert smile.vol(PLAIN, round(k * WAD)) / WAD == pytest.approx(want, rel=1e-11)


def test_clipped(exposed: Contract) -> None:
    """Between 5 and 500 %."""
    low, high = replace(PLAIN, a=1, b=1), replace(PLAIN, a=30 * NANO)
    for shape, want in ((low, 0.05), (high, 5.0)):
        assert exposed.vol(astuple(shape), 0) == smile.vol(shape, 0)
        assert smile.vol(shape, 0) / WAD == pytest.approx(want, rel=2e-12)


@many
@given(shapes, times, moneyness)
def test_density(exposed: Contract, shape: Smile, time: int, k: int) -> None:
    assert exposed.density(astuple(shape), k, time) == smile.density(shape, k, time)


@many
@given(shapes, times)
def test_check(exposed: Contract, shape: Smile, time: int) -> None:
    want = outcome(smile.check, shape, time)
    assert outcome(exposed.check, astuple(shape), time) == want


def test_fair_smiles_pass(exposed: Contract) -> None:
    """Of all lives, scaled as markets do: the shorter, the steeper."""
    for days in (1 / 24, 1, 7, 30, 365):
        scale = sqrt(30 / days)
        shape = replace(
            PLAIN, b=round(0.1 * scale * NANO), s=round(0.1 / scale * NANO), m=0, a=NANO // 4
        )
        exposed.check(astuple(shape), round(days * 86_400))


@pytest.mark.parametrize(
    "change",
    [
        {"a": 2**39},
        {"a": -(2**39)},
        {"b": -1},
        {"b": 2**40},
        {"rho": NANO},
        {"rho": -NANO},
        {"m": 2**31},
        {"m": -(2**31)},
        {"s": 0},
        {"s": 2**32},
    ],
)
def test_out_of_range(exposed: Contract, change: dict[str, int]) -> None:
    shape = replace(PLAIN, **change)
    with reverts("surface: smile out of range"):
        exposed.check(astuple(shape), WEEK)
    assert outcome(smile.check, shape, WEEK) == "surface: smile out of range"


def test_variance_not_positive(exposed: Contract) -> None:
    """At the vertex, though not at the forward."""
    shape = Smile(a=-119_500_000, b=1_200_000_000, rho=-100_000_000, m=300_000_000, s=100_000_000)
    assert smile.variance(shape, 0) > 0
    with reverts("surface: variance not positive"):
        exposed.check(astuple(shape), WEEK)


@pytest.mark.parametrize(("slope", "skew"), [(105, 0), (100, 50_000_000), (100, -50_000_000)])
def test_wings_too_steep(exposed: Contract, slope: int, skew: int) -> None:
    """Total variance would rise faster than twice the moneyness, on the steeper side."""
    shape = replace(PLAIN, b=slope * NANO, rho=skew)
    with reverts("surface: wings too steep"):
        exposed.check(astuple(shape), WEEK)


def test_butterfly_below_nothing(exposed: Contract) -> None:
    """Gatheral and Jacquier's example (2014), due to Axel Vogt: a smile that looks fair."""
    vogt = Smile(-41_000_000, 133_100_000, 306_000_000, 358_600_000, 415_300_000)
    with reverts("surface: butterfly below nothing"):
        exposed.check(astuple(vogt), YEAR)
    assert outcome(smile.check, vogt, YEAR) == "surface: butterfly below nothing"


@many
@given(shapes, shapes, times)
def test_check_change(exposed: Contract, old: Smile, new: Smile, time: int) -> None:
    if outcome(smile.check, old, time) or outcome(smile.check, new, time):
        return
    want = outcome(smile.check_change, old, new, time)
    assert outcome(exposed.check_change, astuple(old), astuple(new), time) == want


def test_a_quarter(exposed: Contract) -> None:
    """Volatility may rise to 125 %, or fall from there, and no further."""
    flat = Smile(a=NANO, b=0, rho=0, m=0, s=NANO)
    for a in (1_562_500_000, 640_000_000):
        exposed.check_change(astuple(flat), astuple(replace(flat, a=a)), WEEK)
    for a in (1_562_500_001, 639_999_999):
        with reverts("surface: smile moves too far"):
            exposed.check_change(astuple(flat), astuple(replace(flat, a=a)), WEEK)


def test_a_quarter_of_what_is_clipped(exposed: Contract) -> None:
    """A smile out of the range that options are priced in keeps nobody from what is within it."""
    flat = Smile(a=1, b=0, rho=0, m=0, s=NANO)
    least, most = MIN_VARIANCE // NANO, MAX_VARIANCE // NANO
    for a, far in ((1, least * 25 // 16), (2**39 - 1, most * 16 // 25)):
        old, near = replace(flat, a=a), astuple(replace(flat, a=far))
        exposed.check_change(astuple(old), near, WEEK)
        beyond = replace(flat, a=far + (1 if a == 1 else -1))
        with reverts("surface: smile moves too far"):
            exposed.check_change(astuple(old), astuple(beyond), WEEK)
        assert outcome(smile.check_change, old, beyond, WEEK) == "surface: smile moves too far"


def test_a_wing_moves(exposed: Contract) -> None:
    """Nothing at the forward, too much beside it."""
    time = YEAR
    old = Smile(a=NANO // 4, b=NANO // 2, rho=0, m=0, s=NANO // 10)
    new = replace(old, rho=-9 * NANO // 10)
    assert smile.variance(old, 0) == smile.variance(new, 0)
    with reverts("surface: smile moves too far"):
        exposed.check_change(astuple(old), astuple(new), time)


@pytest.mark.parametrize("side", [1, -1])
def test_a_wing_moves_further_out(exposed: Contract, side: int) -> None:
    """Nothing at the forward and a deviation beside it, too much in the wing."""
    old = Smile(a=360_000_000, b=0, rho=0, m=0, s=NANO)
    new = Smile(487_649_410, 1_046_618_942, side * 966_824_522, side * 267_637_421, 29_391_783)
    deviation = smile.deviation(old, 0, QUARTER)
    for k in (-deviation, 0, deviation):
        assert smile.variance(new, k) < smile.variance(old, k) * 25 // 16
    exposed.check(astuple(new), QUARTER)
    with reverts("surface: smile moves too far"):
        exposed.check_change(astuple(old), astuple(new), QUARTER)
    assert outcome(smile.check_change, old, new, QUARTER) == "surface: smile moves too far"


@pytest.mark.parametrize("back", [False, True])
def test_a_dip_is_filled(exposed: Contract, back: bool) -> None:
    """Two fifths of a deviation from the forward, where the vertex is, and nowhere else."""
    dip = Smile(178_351_224, 2_523_174_631, -731_177_846, 250_545_668, 581_891)
    filled = Smile(480_430_149, 1_705_487_061, -486_064_025, 595_064_377, 953_937)
    old, new = (filled, dip) if back else (dip, filled)
    with reverts("surface: smile moves too far"):
        exposed.check_change(astuple(old), astuple(new), QUARTER)
    assert outcome(smile.check_change, old, new, QUARTER) == "surface: smile moves too far"


def test_vol_of_random_smiles(exposed: Contract) -> None:
    random = Random(5)
    for _ in range(2_000):
        shape = Smile(
            random.randint(0, NANO),
            random.randint(0, 5 * NANO),
            random.randint(1 - NANO, NANO - 1),
            random.randint(-NANO // 5, NANO // 5),
            random.randint(1, NANO),
        )
        k = random.randint(-WAD, WAD)
        assert exposed.vol(astuple(shape), k) == smile.vol(shape, k)
