"""What the engine tells of itself; its parameters are read in the tests of their setters."""

from plimsoll.spec.market import OPEN
from tests.harness import reverts
from tests.unit.margin_engine.conftest import BTC, ETH, WBTC, WETH, World


def test_parts(bare: World) -> None:
    assert bare.engine.market() == bare.market.address
    assert bare.engine.registry() == bare.registry.address


def test_unknown_underlying(world: World) -> None:
    with reverts("engine: unknown underlying"):
        world.engine.underlying_params(3)


def test_unknown_asset(world: World) -> None:
    with reverts("engine: unknown asset"):
        world.engine.asset_params(2)
    with reverts("engine: unknown asset"):
        world.engine.collateral_validity(2)


def test_collateral_validity(world: World) -> None:
    """That of the price of its underlying."""
    for validity in range(OPEN + 1):
        world.move(ETH, validity=validity)
        world.move(BTC, validity=OPEN)
        assert world.engine.collateral_validity(WETH) == validity
        assert world.engine.collateral_validity(WBTC) == OPEN
