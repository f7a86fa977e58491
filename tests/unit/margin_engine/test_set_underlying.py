"""set_underlying: scan range, loading, calendar charge and depth of an underlying."""

from dataclasses import replace

import pytest

from plimsoll.spec.scan import UnderlyingParams
from plimsoll.spec.wad import BPS, WAD
from tests.harness import reverts
from tests.unit.margin_engine.conftest import BTC, ETH, MARKETS, MODEL, WBTC, World

PARAMS = MODEL.underlyings[BTC]


def stored(world: World, underlying: int) -> UnderlyingParams:
    return UnderlyingParams(*world.engine.underlying_params(underlying))


@pytest.mark.parametrize("underlying", [1, 63])
@pytest.mark.parametrize(
    "params",
    [
        UnderlyingParams(scan_range=100, beta=-BPS, calendar=0, depth=1),
        UnderlyingParams(scan_range=4_000, beta=BPS, calendar=500, depth=2**48 - 1),
        UnderlyingParams(scan_range=101, beta=-1, calendar=50, depth=2**47),
    ],
)
def test_set_underlying(bare: World, underlying: int, params: UnderlyingParams) -> None:
    """The governor brings in a new one; bounds are allowed."""
    bare.set_markets({underlying: MARKETS[BTC]})
    receipt = bare.engine.set_underlying(underlying, params, sender=bare.roles.governor)
    assert stored(bare, underlying) == params
    [event] = receipt.events_of(bare.engine.UnderlyingChanged)
    assert event.underlying == underlying
    assert UnderlyingParams(*event.params) == params


@pytest.mark.parametrize("role", ["governor", "steward"])
def test_change(world: World, role: str) -> None:
    """Nothing else changes: neither another underlying, nor which assets it prices."""
    before = world.engine.underlying_params(ETH), world.engine.asset_params(WBTC)
    params = replace(PARAMS, scan_range=1_200, beta=-100)
    world.engine.set_underlying(BTC, params, sender=getattr(world.roles, role))
    assert stored(world, BTC) == params
    assert (world.engine.underlying_params(ETH), world.engine.asset_params(WBTC)) == before
    collateral = (WBTC, 10**8, 10**8)
    assert world.engine.preview((0, 0, 0, [], [collateral])).equity == 60_000 * WAD


def test_new_by_the_governor_only(bare: World) -> None:
    bare.set_markets(MARKETS)
    with reverts("governed: not governor"):
        bare.engine.set_underlying(BTC, PARAMS, sender=bare.roles.steward)


def test_change_by_the_steward_only(world: World) -> None:
    with reverts("governed: not steward"):
        world.engine.set_underlying(BTC, PARAMS, sender=world.roles.trader)


def test_not_in_a_batch(world: World) -> None:
    world.vault.set_unlocked(True, sender=world.roles.trader)
    with reverts("governed: batch under way"):
        world.engine.set_underlying(BTC, PARAMS, sender=world.roles.steward)


@pytest.mark.parametrize("underlying", [0, 64, 2**256 - 1])
def test_id_out_of_range(bare: World, underlying: int) -> None:
    with reverts("engine: id out of range"):
        bare.engine.set_underlying(underlying, PARAMS, sender=bare.roles.governor)


def test_no_market(world: World) -> None:
    with reverts("engine: no market"):
        world.engine.set_underlying(3, PARAMS, sender=world.roles.governor)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scan_range": 99}, "engine: underlying out of bounds"),
        ({"scan_range": 4_001}, "engine: underlying out of bounds"),
        ({"beta": BPS + 1}, "engine: underlying out of bounds"),
        ({"beta": -BPS - 1}, "engine: underlying out of bounds"),
        ({"beta": -(2**255)}, "engine: underlying out of bounds"),
        ({"scan_range": 1_200, "calendar": 501}, "engine: underlying out of bounds"),
        ({"scan_range": 800, "calendar": 401}, "engine: underlying out of bounds"),
        ({"calendar": 2**256 - 1}, "engine: underlying out of bounds"),
        ({"depth": 0}, "engine: underlying out of bounds"),
        ({"depth": 2**48}, "engine: underlying out of bounds"),
        ({"vega": BPS + 1}, "engine: underlying out of bounds"),
        ({"short": 501}, "engine: underlying out of bounds"),
    ],
)
def test_out_of_range(world: World, changes: dict[str, int], reason: str) -> None:
    with reverts(reason):
        world.engine.set_underlying(BTC, replace(PARAMS, **changes), sender=world.roles.steward)


def test_range_above_a_haircut(world: World) -> None:
    """Of any asset that the underlying prices: here a second one, with less to spare."""
    second = replace(MODEL.assets[WBTC], haircuts=(1_350,) * 4, liquidity=50)
    world.engine.set_asset(31, second, sender=world.roles.governor)
    world.engine.set_asset(
        WBTC, replace(MODEL.assets[WBTC], liquidity=0), sender=world.roles.steward
    )
    world.engine.set_underlying(BTC, PARAMS, sender=world.roles.steward)
    with reverts("engine: haircut below scan range"):
        world.engine.set_underlying(
            BTC, replace(PARAMS, scan_range=1_301), sender=world.roles.steward
        )


def test_range_beyond_the_span(world: World) -> None:
    """Every epoch's nodes must hold the range around a spot at its bound: 1.02 * 1.13 - 1."""
    world.set_span(BTC, 1_526)
    world.engine.set_underlying(BTC, PARAMS, sender=world.roles.steward)
    world.set_span(BTC, 1_525)
    with reverts("engine: scan range beyond span"):
        world.engine.set_underlying(BTC, PARAMS, sender=world.roles.steward)
