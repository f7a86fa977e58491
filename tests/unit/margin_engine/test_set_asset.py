"""set_asset: tiers, haircuts and scale of a collateral."""

from dataclasses import replace

import pytest

from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.wad import BPS
from tests.harness import reverts
from tests.unit.margin_engine.conftest import BTC, ETH, MARKETS, MODEL, WBTC, World

PARAMS = MODEL.assets[WBTC]


def stored(world: World, asset: int) -> AssetParams:
    params = world.engine.asset_params(asset)._asdict()
    return AssetParams(
        **{key: tuple(item) if isinstance(item, list) else item for key, item in params.items()}
    )


@pytest.mark.parametrize("asset", [2, 31])
@pytest.mark.parametrize(
    "params",
    [
        AssetParams(ETH, 0, (0, 0, 0), (1_600,) * 4, 0, BPS, 1),
        AssetParams(BTC, 18, (2**24 - 1,) * 3, (3_333,) * 4, 2_033, 3 * BPS, 2**40 - 1),
        AssetParams(BTC, 6, (1, 2, 3), (1_300, 1_301, 9_999, BPS), 0, BPS, 2**39),
    ],
)
def test_set_asset(world: World, asset: int, params: AssetParams) -> None:
    """The governor brings in a new one; bounds are allowed."""
    receipt = world.engine.set_asset(asset, params, sender=world.roles.governor)
    assert stored(world, asset) == params
    [event] = receipt.events_of(world.engine.AssetChanged)
    assert event.asset == asset
    assert event.params == world.engine.asset_params(asset)


@pytest.mark.parametrize("role", ["governor", "steward"])
def test_change(world: World, role: str) -> None:
    """Nothing else changes, not even of its underlying."""
    params = replace(PARAMS, haircuts=(1_500, 1_600, 1_700, 1_800), liquidity=200)
    before = world.engine.underlying_params(BTC), world.engine.asset_params(0)
    world.engine.set_asset(WBTC, params, sender=getattr(world.roles, role))
    assert stored(world, WBTC) == params
    assert (world.engine.underlying_params(BTC), world.engine.asset_params(0)) == before


def test_new_by_the_governor_only(world: World) -> None:
    with reverts("governed: not governor"):
        world.engine.set_asset(2, PARAMS, sender=world.roles.steward)


def test_change_by_the_steward_only(world: World) -> None:
    with reverts("governed: not steward"):
        world.engine.set_asset(WBTC, PARAMS, sender=world.roles.trader)


def test_not_in_a_batch(world: World) -> None:
    world.vault.set_unlocked(True, sender=world.roles.trader)
    with reverts("governed: batch under way"):
        world.engine.set_asset(WBTC, PARAMS, sender=world.roles.steward)


@pytest.mark.parametrize("asset", [32, 2**256 - 1])
def test_id_out_of_range(world: World, asset: int) -> None:
    with reverts("engine: id out of range"):
        world.engine.set_asset(asset, PARAMS, sender=world.roles.governor)


def test_unknown_underlying(bare: World) -> None:
    """Its market may be listed; its parameters must be here."""
    bare.set_markets(MARKETS)
    with reverts("engine: unknown underlying"):
        bare.engine.set_asset(WBTC, PARAMS, sender=bare.roles.governor)


def test_underlying_is_for_ever(world: World) -> None:
    with reverts("engine: underlying is for ever"):
        params = replace(PARAMS, underlying=ETH, haircuts=(2_000,) * 4)
        world.engine.set_asset(WBTC, params, sender=world.roles.governor)


def test_decimals_are_for_ever(world: World) -> None:
    with reverts("engine: decimals are for ever"):
        world.engine.set_asset(WBTC, replace(PARAMS, decimals=18), sender=world.roles.governor)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"decimals": 19}, "engine: asset out of bounds"),
        ({"scale": 0}, "engine: asset out of bounds"),
        ({"scale": 2**40}, "engine: asset out of bounds"),
        ({"limits": (101, 100, 200)}, "engine: asset out of bounds"),
        ({"limits": (100, 201, 200)}, "engine: asset out of bounds"),
        ({"limits": (0, 0, 2**24)}, "engine: asset out of bounds"),
        ({"haircuts": (1_701, 1_700, 2_500, 4_500)}, "engine: asset out of bounds"),
        ({"haircuts": (1_400, 2_501, 2_500, 4_500)}, "engine: asset out of bounds"),
        ({"haircuts": (1_400, 1_700, 4_501, 4_500)}, "engine: asset out of bounds"),
        ({"volatility": 9_999}, "engine: asset out of bounds"),
        ({"haircuts": (1_400,) * 4, "volatility": 30_001}, "engine: asset out of bounds"),
        ({"haircuts": (1_400, 1_400, 1_400, 10_001)}, "engine: asset out of bounds"),
        ({"haircuts": (1_400, 1_400, 1_400, 2**256 - 1)}, "engine: asset out of bounds"),
        ({"haircuts": (3_334,) * 4, "volatility": 30_000}, "engine: asset out of bounds"),
        ({"haircuts": (1_399,) * 4}, "engine: haircut below scan range"),
        ({"liquidity": 101}, "engine: haircut below scan range"),
        ({"liquidity": 2**256 - 1}, "engine: haircut below scan range"),
    ],
)
def test_out_of_range(world: World, changes: dict[str, object], reason: str) -> None:
    params = replace(PARAMS, **changes)  # type: ignore[arg-type]
    with reverts(reason):
        world.engine.set_asset(2, params, sender=world.roles.governor)
