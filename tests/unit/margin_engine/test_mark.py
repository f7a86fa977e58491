"""mark: what one contract of an option is worth now."""

from dataclasses import replace

import pytest

from plimsoll.spec.margin import Book, Surface, assess
from plimsoll.spec.market import STALE, Forward
from plimsoll.spec.scan import Grid
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import (
    UNDERLYING,
    call,
    future,
    key_of,
    kind_of,
    pack_position,
    perpetual,
    put,
)
from tests.harness import Chain, reverts
from tests.unit.margin_engine.conftest import BTC, MARKETS, MODEL, World

STRIKE = 61_000 * 10**8
DAY = 86_400
ROUNDED = 3  # WAD: terms of a parabola are rounded one by one


@pytest.fixture
def expiry(world: World, chain: Chain) -> int:
    """A month ahead, forward 60,600; the epoch began at 60,000 with nodes at +-1 % for now."""
    expiry = (chain.timestamp // DAY + 30) * DAY
    word = 7 | 1_300 << 16 | 1_500 << 32 | 1_720 << 48
    key = key_of(call(BTC, expiry, STRIKE))
    world.set_surface(
        Surface(
            chain.timestamp,
            {(BTC, expiry): Forward(0, 101 * WAD // 100)},
            {BTC: Grid(60_000 * WAD, 1_600, 100)},
            {key: word},
        )
    )
    return expiry


def marked(world: World, instrument: int) -> int:
    return asked(world, instrument)[0]


def asked(world: World, instrument: int) -> tuple[int, int]:
    """Rounded down, and up."""
    mark, validity, above = world.engine.mark.call(instrument, sender=world.roles.trader)
    assert validity in (STALE, MARKETS[BTC].validity)
    return int(mark), int(above)


def test_call_at_the_reference(world: World, expiry: int) -> None:
    """1,500 units of 60,000 / 2**15."""
    assert marked(world, call(BTC, expiry, STRIKE)) == 1_500 * 60_000 * WAD // 2**15


def test_put(world: World, expiry: int) -> None:
    """The call, less the forward at 60,600, and 61,000 of cash."""
    value = marked(world, call(BTC, expiry, STRIKE))
    assert marked(world, put(BTC, expiry, STRIKE)) == value + 400 * WAD


@pytest.mark.parametrize("instrument", [call, put])
@pytest.mark.parametrize("side", [1, -1])
def test_as_an_account_is_worth(world: World, expiry: int, instrument, side: int) -> None:
    """Half way to a node too: what an account with one contract and nothing else has, or owes."""
    world.move(BTC, index=60_300 * WAD)
    option = instrument(BTC, expiry, STRIKE)
    sizes = (side * SIZE, 0) if kind_of(option) == 3 else (0, side * SIZE)
    key = key_of(option)
    book = Book(UNDERLYING, 0, 0, (pack_position(key, *sizes),))
    [word] = world.surface.peek(list(book.positions))
    surface = Surface(
        expiry - 30 * DAY,
        {(BTC, expiry): Forward(0, 101 * WAD // 100)},
        {BTC: Grid(60_000 * WAD, 1_600, 100)},
        {key: word},
    )
    markets = {BTC: replace(MARKETS[BTC], index=60_300 * WAD)}
    equity = assess(book, MODEL, markets, surface).equity
    mark, above = asked(world, option)
    assert abs(side * equity - (mark if side > 0 else above)) <= (0 if side > 0 else ROUNDED)


def test_never_below_nothing(world: World, expiry: int) -> None:
    """A put far out of the money, which parity alone would make negative, not even at most."""
    world.set_surface(
        Surface(forwards={(BTC, expiry): Forward(0, 2 * WAD)}),
    )
    assert asked(world, put(BTC, expiry, STRIKE)) == (0, 0)


def test_linear(world: World, expiry: int) -> None:
    """Of what is no option it is nothing: the market tells those."""
    assert asked(world, perpetual(BTC)) == (0, 0)
    assert asked(world, future(BTC, expiry)) == (0, 0)


def test_over(world: World, expiry: int, chain: Chain) -> None:
    """An expired option has a payoff, and no mark."""
    chain.mine(delta=31 * DAY)
    assert marked(world, call(BTC, expiry, STRIKE)) == 0


def test_rolls(world: World, expiry: int) -> None:
    """Prices and volatilities are rolled first: here into an epoch whose words nobody knows."""
    before = world.market.rolls()
    world.engine.mark(call(BTC, expiry, STRIKE), sender=world.roles.trader)
    assert world.market.rolls() == before + 1
    world.move(BTC, index=61_000 * WAD)
    with reverts("surface: no smile"):
        world.engine.mark(call(BTC, expiry, STRIKE), sender=world.roles.trader)
