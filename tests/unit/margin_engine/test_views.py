"""What the engine tells of itself; its parameters are read in the tests of their setters."""

from tests.harness import reverts
from tests.unit.margin_engine.conftest import World


def test_parts(bare: World) -> None:
    assert bare.engine.market() == bare.market.address
    assert bare.engine.registry() == bare.registry.address


def test_unknown_underlying(world: World) -> None:
    with reverts("engine: unknown underlying"):
        world.engine.underlying_params(3)


def test_unknown_asset(world: World) -> None:
    with reverts("engine: unknown asset"):
        world.engine.asset_params(2)
