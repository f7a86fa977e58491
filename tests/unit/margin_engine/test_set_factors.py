"""set_factors: what margins are multiplied with, and the floor under netting."""

from dataclasses import astuple, replace

import pytest

from plimsoll.spec.margin import Book, Factors, assess
from plimsoll.spec.wad import SIZE
from plimsoll.spec.words import key_of, pack_position, perpetual
from tests.harness import reverts
from tests.unit.margin_engine.conftest import BTC, ETH, MARKETS, MODEL, World, given

FACTORS = MODEL.factors


@pytest.mark.parametrize(
    "factors", [FACTORS, Factors(10_001, 10_001, 500), Factors(30_000, 30_000, 10_000)]
)
def test_set_factors(bare: World, factors: Factors) -> None:
    """The governor sets them first; bounds are allowed."""
    assert tuple(bare.engine.factors()) == (0, 0, 0)
    receipt = bare.engine.set_factors(factors, sender=bare.roles.governor)
    assert Factors(*bare.engine.factors()) == factors
    [event] = receipt.events_of(bare.engine.FactorsChanged)
    assert Factors(*event.factors) == factors


@pytest.mark.parametrize("role", ["governor", "steward"])
def test_change(world: World, role: str) -> None:
    """Of margins too, whether an underlying was set before it or after it."""
    factors, sender = Factors(11_500, 14_000, 2_500), getattr(world.roles, role)
    world.engine.set_factors(factors, sender=sender)
    assert Factors(*world.engine.factors()) == factors
    world.engine.set_underlying(ETH, MODEL.underlyings[ETH], sender=sender)
    for underlying in (BTC, ETH):
        book = Book(0, 0, 0, (pack_position(key_of(perpetual(underlying)), SIZE),))
        want = assess(book, replace(MODEL, factors=factors), MARKETS)
        assert tuple(world.engine.preview(given(book))) == astuple(want)


def test_first_by_the_governor_only(bare: World) -> None:
    with reverts("governed: not governor"):
        bare.engine.set_factors(FACTORS, sender=bare.roles.steward)


def test_change_by_the_steward_only(world: World) -> None:
    with reverts("governed: not steward"):
        world.engine.set_factors(FACTORS, sender=world.roles.trader)


def test_not_in_a_batch(world: World) -> None:
    world.vault.set_unlocked(True, sender=world.roles.trader)
    with reverts("governed: batch under way"):
        world.engine.set_factors(FACTORS, sender=world.roles.steward)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"target": 10_000}, "engine: factors out of bounds"),
        ({"target": 12_501}, "engine: factors out of bounds"),
        ({"initial": 30_001}, "engine: factors out of bounds"),
        ({"floor": 499}, "engine: factors out of bounds"),
        ({"floor": 10_001}, "engine: factors out of bounds"),
    ],
)
def test_out_of_range(world: World, changes: dict[str, int], reason: str) -> None:
    with reverts(reason):
        world.engine.set_factors(replace(FACTORS, **changes), sender=world.roles.steward)
