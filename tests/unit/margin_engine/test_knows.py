"""knows: whether positions of an expiry can be assessed."""

from tests.unit.margin_engine.conftest import BTC, World

EXPIRY = 1_900_800_000
SPAN = 1_526  # that holds 13 % around any spot within 2 %


def test_with_a_smile(world: World) -> None:
    world.set_span(BTC, SPAN)
    assert not world.engine.knows(BTC, EXPIRY)
    world.surface.put_known(BTC, EXPIRY, True, sender=world.roles.governor)
    assert world.engine.knows(BTC, EXPIRY)
    assert not world.engine.knows(BTC, EXPIRY + 1_800)


def test_nodes_too_near(world: World) -> None:
    """Where the surface was given its nodes after the engine its scan range."""
    world.surface.put_known(BTC, EXPIRY, True, sender=world.roles.governor)
    for span, knows in ((0, False), (SPAN - 1, False), (SPAN, True)):
        world.set_span(BTC, span)
        assert world.engine.knows(BTC, EXPIRY) == knows


def test_unknown_underlying(world: World) -> None:
    """A smile alone is not enough."""
    for underlying in (0, 3, 64):
        world.surface.put_known(underlying, EXPIRY, True, sender=world.roles.governor)
        world.set_span(underlying, SPAN)
        assert not world.engine.knows(underlying, EXPIRY)
