"""knows: whether positions of an expiry can be assessed."""

from tests.unit.margin_engine.conftest import BTC, World

EXPIRY = 1_900_800_000


def test_with_a_smile(world: World) -> None:
    assert not world.engine.knows(BTC, EXPIRY)
    world.surface.set_known(BTC, EXPIRY, True, sender=world.roles.governor)
    assert world.engine.knows(BTC, EXPIRY)
    assert not world.engine.knows(BTC, EXPIRY + 1_800)


def test_unknown_underlying(world: World) -> None:
    """A smile alone is not enough."""
    for underlying in (0, 3, 64):
        world.surface.set_known(underlying, EXPIRY, True, sender=world.roles.governor)
        assert not world.engine.knows(underlying, EXPIRY)
