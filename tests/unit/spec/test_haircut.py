"""Tiered haircuts: marginal bands that never jump."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.spec.haircut import TIER_UNIT, AssetParams, bands, concentration, haircut
from plimsoll.spec.wad import BPS, WAD
from tests.unit.spec.strategies import asset_params, magnitudes, many

PARAMS = AssetParams(
    underlying=1,
    decimals=18,
    limits=(100, 500, 2_000),
    haircuts=(1_700, 2_000, 3_000, 5_000),
    liquidity=100,
    volatility=BPS,
    scale=50_000,
)
MILLION = 10**6 * WAD
values = magnitudes(1, 10**12 * WAD)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, (0, 0, 0, 0)),
        (1, (1, 0, 0, 0)),
        (5, (1, 4, 0, 0)),
        (20, (1, 4, 15, 0)),
        (30, (1, 4, 15, 10)),
    ],
)
def test_bands(value: int, expected: tuple[int, ...]) -> None:
    """Limits of 1, 5 and 20 million."""
    assert bands(PARAMS, value * MILLION) == [band * MILLION for band in expected]


def test_haircut() -> None:
    """17 % of 1, 20 % of 4, 30 % of 15, 50 % of 10 million; netted 1 % and 0, 3, 13, 33 %."""
    assert haircut(PARAMS, 30 * MILLION, False) == 10_470_000 * WAD
    assert haircut(PARAMS, 30 * MILLION, True) == 5_670_000 * WAD
    assert haircut(PARAMS, 1, False) == 1


@many
@given(asset_params(1, 1_000), values)
def test_bands_add_up(params: AssetParams, value: int) -> None:
    parts = bands(params, value)
    assert sum(parts) == value
    assert min(parts) >= 0


@many
@given(asset_params(1, 1_000), values, st.booleans())
def test_no_jump(params: AssetParams, value: int, netted: bool) -> None:
    """A wei more of value costs a wei at most, at limits too; and never less than nothing."""
    edges = [limit * TIER_UNIT for limit in params.limits]
    for at in (value, *edges):
        step = haircut(params, at + 1, netted) - haircut(params, at, netted)
        assert 0 <= step <= 1


@many
@given(asset_params(1, 1_000), values, values, st.booleans())
def test_parts_pay_no_more(params: AssetParams, one: int, other: int, netted: bool) -> None:
    """As with progressive taxes: what is split pays no more, which is why concentration counts
    the deposits of all.
    """
    parts = haircut(params, one, netted) + haircut(params, other, netted)
    assert parts <= haircut(params, one + other, netted) + 1


@many
@given(asset_params(1, 1_000), values)
def test_netting_takes_at_least_the_range(params: AssetParams, value: int) -> None:
    """What netting saves of a haircut covers the scan range (1,000 here) that it brings in."""
    saved = haircut(params, value, False) - haircut(params, value, True)
    assert (saved + 1) * BPS >= value * 1_000


def test_concentration() -> None:
    """Deposits of 75,000 are 1.5 times the scale: half the haircut more, if there is room."""
    total = 75_000 * WAD
    assert concentration(PARAMS, MILLION, 50_000 * WAD, MILLION) == 0
    assert concentration(PARAMS, MILLION, total, MILLION) == 85_000 * WAD
    assert concentration(PARAMS, MILLION, total, 7) == 7
    assert concentration(PARAMS, MILLION, total, -1) == 0
    few = replace(PARAMS, decimals=6)
    assert concentration(few, MILLION, 75_000 * 10**6, MILLION) == 85_000 * WAD
