"""assess and preview tell what the specification does, to the wei, whatever is held."""

from dataclasses import astuple, replace

import pytest

from plimsoll.spec.margin import Book, Margin, assess
from plimsoll.spec.market import LIQUIDATION, STALE
from plimsoll.spec.words import (
    KEY_SHIFT,
    PORTFOLIO,
    POSITION,
    UNDERLYING,
    is_option,
    pack_position,
    sizes_of,
)
from tests.harness import Chain
from tests.unit.margin_engine.books import Case, Desk, on_edge
from tests.unit.margin_engine.conftest import World, given

LEVELS = (POSITION, UNDERLYING, PORTFOLIO)
EACH = 50  # cases of a test
BATCHES = 12


def compared(world: World, chain: Chain, case: Case) -> list[Margin]:
    """The same at every level; the margins."""
    found = []
    with chain.isolate():
        world.set_markets(case.markets)
        world.set_surface(case.surface)
        world.set_model(case.model)
        for level in LEVELS:
            book = replace(case.book, level=level)
            margin = assess(book, case.model, case.markets, case.surface)
            assert tuple(world.engine.preview(given(book))) == astuple(margin)
            told = world.engine.assess.call(given(book), sender=world.roles.trader)
            assert tuple(told) == astuple(margin)
            found.append(margin)
    return found


@pytest.mark.parametrize("batch", range(BATCHES))
def test_as_specified(bare: World, chain: Chain, batch: int) -> None:
    for seed in range(batch * EACH, (batch + 1) * EACH):
        compared(bare, chain, Desk(seed, chain.timestamp, False).case())


@pytest.mark.parametrize("batch", range(BATCHES))
def test_whatever_is_said(bare: World, chain: Chain, batch: int) -> None:
    """Prices from a wei to the largest, positions as large as can be: nothing ever reverts."""
    for seed in range(batch * EACH, (batch + 1) * EACH):
        compared(bare, chain, Desk(seed, chain.timestamp, True).case())


@pytest.mark.parametrize("level", LEVELS)
def test_what_may_be_lost_at_stale_prices(bare: World, chain: Chain, level: int) -> None:
    """Who has as much more than IM may take slices, and with a wei less may not."""
    decided = set()
    for seed in range(EACH):
        case = on_edge(Desk(seed, chain.timestamp, False).case(), level)
        for less in range(2):
            book = replace(case.book, cash=case.book.cash - less)
            decided.add((less, compared(bare, chain, replace(case, book=book))[level].validity))
    assert {(0, LIQUIDATION), (1, STALE)} <= decided


@pytest.mark.parametrize("batch", range(4))
def test_what_is_paid_for(bare: World, chain: Chain, batch: int) -> None:
    """Options that are long, and nothing else, never need more than they are worth, nor less than
    nothing are they worth; in several underlyings too, and whatever words say."""
    for seed in range(batch * EACH, (batch + 1) * EACH):
        case = Desk(seed, chain.timestamp, False).case()
        long = [
            pack_position(word >> KEY_SHIFT, *map(abs, sizes_of(word)))
            for word in case.book.positions
            if is_option(word)
        ]
        book = Book(case.book.level, 0, 0, tuple(long), ())
        for margin in compared(bare, chain, replace(case, book=book)):
            assert 0 <= margin.maintenance <= margin.equity
