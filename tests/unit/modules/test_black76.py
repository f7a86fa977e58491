"""Black-76 equals plimsoll.spec.black76 to the wei, and scipy within the stated errors."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from plimsoll.spec import black76
from plimsoll.spec.wad import WAD
from tests.harness import Contract, Project, accounts
from tests.unit.spec.strategies import many

EXPOSED = """
# pragma version 0.4.3
from modules import black76
from snekmate.utils import math


@external
@pure
def ln(x: int256) -> int256:
    return math._wad_ln(x)


@external
@pure
def exp(x: int256) -> int256:
    return math._wad_exp(x)


@external
@pure
def ln_1p(y: int256) -> int256:
    return black76._ln_1p(y)


@external
@pure
def cdf(x: int256) -> int256:
    return black76._cdf(x)


@external
@pure
def call(forward: int256, strike: int256, vol: int256) -> (int256, int256):
    return black76._call(forward, strike, vol), black76._put(forward, strike, vol)


@external
@pure
def call_at(
    forward: int256, strike: int256, ratio: int256, vol: int256, unit: int256
) -> int256:
    return black76._call_at(forward, strike, ratio, vol, unit)
"""

POINTS = 2_000
LARGEST = 2**128 - 1
CDF_ERROR = 4e-10
PRICE_ERROR = 4e-10  # of forward plus strike


@pytest.fixture(scope="module")
def exposed(project: Project) -> Contract:
    return project.inline(EXPOSED, "Black76").deploy(sender=accounts[0])


@pytest.fixture
def random() -> Random:
    return Random(76)


def magnitude(random: Random, low: float, high: float) -> int:
    """WAD, of any order of magnitude."""
    return round(10 ** random.uniform(np.log10(low), np.log10(high)) * WAD)


def exact(forward: float, strike: float, vol: float) -> float:
    d1 = np.log(forward / strike) / vol + vol / 2
    return float(forward * ndtr(d1) - strike * ndtr(d1 - vol))


def test_ln(exposed: Contract, random: Random) -> None:
    for x in (
        0,
        1,
        WAD,
        2**255 - 1,
        *(random.getrandbits(random.randint(1, 255)) for _ in range(POINTS)),
    ):
        value = exposed.ln(x)
        assert value == black76.ln(x)
        if x:
            assert value / WAD == pytest.approx(
                np.log(float(x)) - np.log(1e18), rel=1e-14, abs=1e-14
            )


def test_exp(exposed: Contract, random: Random) -> None:
    for x in (0, 1, -42 * WAD, *(random.randint(-42 * WAD, 135 * WAD) for _ in range(POINTS))):
        value = exposed.exp(x)
        assert value == black76.exp(x)
        assert value / WAD == pytest.approx(np.exp(x / WAD), rel=1e-13, abs=1e-18)


def test_ln_1p(exposed: Contract, random: Random) -> None:
    for y in (-WAD // 2, -1, 0, 1, WAD, *(random.randint(-WAD // 2, WAD) for _ in range(POINTS))):
        value = exposed.ln_1p(y)
        assert value == black76.ln_1p(y)
        assert abs(value / WAD - np.log1p(y / WAD)) < 1.3e-10


def test_cdf(exposed: Contract, random: Random) -> None:
    ends = [end + offset for end, _ in black76.TAIL for offset in (-1, 0, 1)]
    for x in (*ends, *(-end for end in ends), 0, 1, -1, 2**255 - 1, -(2**255)):
        assert exposed.cdf(x) == black76.cdf(x)
    for _ in range(POINTS):
        x = random.randint(-7 * WAD, 7 * WAD)
        assert exposed.cdf(x) == black76.cdf(x)


def test_error_of_cdf() -> None:
    """Nowhere more than 4e-10; symmetric, exact in the middle and far away."""
    points = [round(x * WAD) for x in np.linspace(-7, 7, 20_001)]
    values = [black76.cdf(x) for x in points]
    worst = max(abs(v / WAD - ndtr(x / WAD)) for x, v in zip(points, values, strict=True))
    assert 3e-10 < worst < CDF_ERROR
    assert all(v + black76.cdf(-x) == WAD for x, v in zip(points, values, strict=True) if x)
    assert black76.cdf(0) == WAD // 2
    far = black76.TAIL[-1][0]
    assert (black76.cdf(-far), black76.cdf(far)) == (0, WAD)


def test_prices(exposed: Contract, random: Random) -> None:
    for _ in range(POINTS):
        forward = magnitude(random, 1e-6, 1e9)
        strike = round(forward * np.exp(random.gauss(0, 1)))
        vol = magnitude(random, 1e-6, 10)
        call, put = exposed.call(forward, strike, vol)
        assert call == black76.call(forward, strike, vol)
        assert put == black76.put(forward, strike, vol) == call - forward + strike
        ratio = random.randint(-3 * WAD, 3 * WAD)
        at = (forward, strike, ratio, vol, random.randint(1, 2**80))
        assert exposed.call_at(*at) == black76.call_at(*at)


def test_error_of_price() -> None:
    """On a grid of 10,000 points, from deep in the money to far out of it, from an hour at 5 % to
    volatilities no market has seen."""
    forward, worst = 100.0, 0.0
    for moneyness in np.linspace(-3, 3, 100):
        strike = forward * float(np.exp(moneyness))
        for vol in np.geomspace(5e-4, 4, 100):
            price = black76.call(*(round(x * WAD) for x in (forward, strike, float(vol)))) / WAD
            worst = max(worst, abs(price - exact(forward, strike, float(vol))) / (forward + strike))
    assert worst < PRICE_ERROR


any_price = st.integers(0, LARGEST) | st.integers(0, 10**6) | st.integers(0, 10**24)
any_vol = any_price


@many
@given(any_price, any_price, any_vol)
def test_domain(exposed: Contract, forward: int, strike: int, vol: int) -> None:
    """Nothing in the domain reverts, and no value leaves its limits."""
    call, put = exposed.call(forward, strike, vol)
    assert call == black76.call(forward, strike, vol)
    assert max(forward - strike, 0) <= call <= forward
    assert max(strike - forward, 0) <= put <= strike


@pytest.mark.parametrize(
    ("forward", "strike", "vol", "call"),
    [
        (100, 90, 0, 10),
        (100, 110, 0, 0),
        (0, 90, WAD, 0),
        (100 * WAD, 0, WAD, 100 * WAD),
        (0, 0, WAD, 0),
        (100 * WAD, 10**6 * WAD, WAD, 0),  # far out of the money
        (10**6 * WAD, 100 * WAD, WAD, (10**6 - 100) * WAD),  # deep in it
        (100 * WAD, 100 * WAD, 14 * WAD, 100 * WAD),  # a volatility without end
        (100 * WAD, 90 * WAD, 1, 10 * WAD),
        (100 * WAD, 110 * WAD, 1, 0),
        (LARGEST, LARGEST, LARGEST, LARGEST),
    ],
)
def test_limits(exposed: Contract, forward: int, strike: int, vol: int, call: int) -> None:
    """Exact, not to a rounding."""
    assert exposed.call(forward, strike, vol) == (call, call - forward + strike)
