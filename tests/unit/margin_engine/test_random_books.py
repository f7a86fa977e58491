"""assess and preview tell what the specification does, to the wei, whatever is held."""

from dataclasses import astuple, replace

import pytest

from plimsoll.spec.margin import assess
from plimsoll.spec.words import PORTFOLIO, POSITION, UNDERLYING
from tests.harness import Chain
from tests.unit.margin_engine.books import Desk
from tests.unit.margin_engine.conftest import World, given

LEVELS = (POSITION, UNDERLYING, PORTFOLIO)
EACH = 50  # cases of a test
BATCHES = 12


def compared(world: World, chain: Chain, seed: int, wild: bool) -> None:
    case = Desk(seed, chain.timestamp, wild).case()
    with chain.isolate():
        world.set_markets(case.markets)
        world.set_surface(case.surface)
        world.set_model(case.model)
        for level in LEVELS:
            book = replace(case.book, level=level)
            expected = astuple(assess(book, case.model, case.markets, case.surface))
            assert tuple(world.engine.preview(given(book))) == expected
            told = world.engine.assess.call(given(book), sender=world.roles.trader)
            assert tuple(told) == expected


@pytest.mark.parametrize("batch", range(BATCHES))
def test_as_specified(bare: World, chain: Chain, batch: int) -> None:
    for seed in range(batch * EACH, (batch + 1) * EACH):
        compared(bare, chain, seed, wild=False)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_whatever_is_said(bare: World, chain: Chain, batch: int) -> None:
    """Prices from a wei to the largest, positions as large as can be: nothing ever reverts."""
    for seed in range(batch * EACH, (batch + 1) * EACH):
        compared(bare, chain, seed, wild=True)
