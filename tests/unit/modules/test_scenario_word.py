"""Scenario words of any series equal those of plimsoll.spec.surface."""

from dataclasses import astuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.spec import surface
from plimsoll.spec.market import MAX_PRICE
from plimsoll.spec.smile import NANO, Smile
from plimsoll.spec.surface import DAY, Epoch
from plimsoll.spec.wad import WAD, YEAR
from tests.harness import Contract, Project, accounts
from tests.unit.spec.strategies import magnitudes, many

EXPOSED = """
# pragma version 0.4.3
from interfaces import IMarketData
from interfaces import IVolSurface
from modules import scenario_word


@external
@pure
def word(
    epoch: IVolSurface.Epoch,
    expiry: uint256,
    forward: IMarketData.Forward,
    smile: IVolSurface.Smile,
    strike: uint256,
) -> uint256:
    series: scenario_word.Series = scenario_word._series(epoch, expiry, forward, smile)
    return scenario_word._word(series, strike, epoch.number & (2**16 - 1))


@external
@pure
def factors(left: uint256) -> (int256, int256):
    return scenario_word._factors(left)
"""

START = 2 * 10**9

epochs = st.builds(
    Epoch,
    reference=magnitudes(1, MAX_PRICE),
    time=st.just(START),
    number=st.integers(1, 2**40 - 1),
    posted=st.just(0),
    span=st.integers(1, surface.MAX_SPAN),
    bound=st.sampled_from((surface.BOUND_NEAR, surface.BOUND_FAR)),
    lift=st.integers(0, 3),
)
smiles = st.builds(
    Smile,
    a=st.integers(0, 2 * NANO),
    b=magnitudes(0, 1_000 * NANO),
    rho=st.integers(1 - NANO, NANO - 1),
    m=st.integers(-NANO, NANO),
    s=magnitudes(1, NANO),
)
lives = st.integers(1, 2 * YEAR) | st.integers(1, 2 * DAY) | st.integers(1, 1_800)


@pytest.fixture(scope="module")
def exposed(project: Project) -> Contract:
    return project.inline(EXPOSED, "ScenarioWord").deploy(sender=accounts[0])


@many
@given(
    epochs,
    smiles,
    lives,
    st.integers(8 * WAD // 10, 125 * WAD // 100) | st.integers(0, WAD),
    st.just(0) | magnitudes(1, MAX_PRICE),
    magnitudes(1, 2**64 - 1),
    st.booleans(),
)
def test_words(
    exposed: Contract,
    epoch: Epoch,
    shape: Smile,
    left: int,
    ratio: int,
    fixed: int,
    strike: int,
    near: bool,
) -> None:
    """Nothing reverts, whatever the market and the smile; strikes far away and near."""
    if near:
        strike = (fixed + ratio * epoch.reference // WAD) // 10**10
        assume(0 < strike < 2**64)
    series = surface.series(epoch, START + left, fixed, ratio, shape)
    at = (epoch.reference, epoch.span, epoch.bound, epoch.time, epoch.number, epoch.lift)
    word = exposed.word(at, START + left, (fixed, ratio, True), astuple(shape), strike)
    assert word == surface.word(epoch, series, strike)


@pytest.mark.parametrize(
    ("days", "up", "down"),
    [
        (0.01, 2.3870956, 0.3064522),
        (1, 2.3870956, 0.3064522),
        (7, 1.7737078, 0.6131461),
        (29.9999, 1.5000005, 0.74999975),
        (30, 1.5, 0.75),
        (365, 1.3613247, 0.8193376),
    ],
)
def test_factors(exposed: Contract, days: float, up: float, down: float) -> None:
    """g is 2.77 at a day, 1 at a month, 0.72 at a year."""
    factors = surface.factors(round(days * DAY))
    assert exposed.factors(round(days * DAY)) == factors
    assert [x / WAD for x in factors] == pytest.approx([up, down], rel=1e-7)
