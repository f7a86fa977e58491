"""The governor replaces an index feed by one that agrees."""

from dataclasses import astuple

import pytest

from plimsoll.spec.market import advance
from tests.harness import Account, Chain, Contract, Project, reverts
from tests.unit.market_data.conftest import (
    DAY,
    HOUR,
    PARAMS,
    PRICE,
    REVERT,
    UNDERLYING,
    assert_rolled,
    new_feed,
    stored,
)


@pytest.fixture
def other(project: Project, governor: Account) -> Contract:
    return new_feed(project, governor)


@pytest.mark.parametrize("price", [PRICE, PRICE * 95 // 100, PRICE * 105 // 100])
def test_one_that_agrees(
    market: Contract,
    feed: Contract,
    other: Contract,
    governor: Account,
    chain: Chain,
    price: int,
) -> None:
    """From the next roll on, the new one's answers count, and the old one's no more."""
    before = stored(market)
    chain.mine(delta=HOUR)
    other.set_answer(price, chain.timestamp - 5, sender=governor)
    receipt = market.set_feed(UNDERLYING, other, sender=governor)
    [event] = receipt.events_of(market.FeedChanged)
    assert (event.underlying, event.feed) == (UNDERLYING, other)
    assert market.feed(UNDERLYING) == other
    assert market.params(UNDERLYING) == astuple(PARAMS)
    assert_rolled(market, receipt, advance(PARAMS, before, receipt.timestamp))

    feed.set_answer(9 * PRICE, chain.timestamp, sender=governor)
    market.roll(UNDERLYING, sender=governor)
    assert stored(market).index == price
    assert stored(market).updated == receipt.timestamp - 5


def test_an_older_answer_waits(
    market: Contract, other: Contract, governor: Account, chain: Chain
) -> None:
    """The index never goes back in time."""
    listed = chain.timestamp
    other.set_answer(PRICE + 1, listed - 10, sender=governor)
    market.set_feed(UNDERLYING, other, sender=governor)
    assert market.peek(UNDERLYING).index == PRICE
    other.set_answer(PRICE + 2, listed + 1, sender=governor)
    chain.mine(delta=1)
    assert market.peek(UNDERLYING).index == PRICE + 2


@pytest.mark.parametrize("price", [PRICE * 95 // 100 - 1, PRICE * 105 // 100 + 1])
def test_one_that_disagrees(
    market: Contract, other: Contract, governor: Account, chain: Chain, price: int
) -> None:
    """Unless what is stored is older than a day."""
    now = chain.timestamp
    other.set_answer(price, now, sender=governor)
    for when in (now, now + DAY):
        chain.mine(timestamp=when)
        with reverts("market: feeds disagree"):
            market.set_feed(UNDERLYING, other, sender=governor)
    chain.mine(delta=1)
    market.set_feed(UNDERLYING, other, sender=governor)
    assert market.feed(UNDERLYING) == other


def test_silent_feed(
    market: Contract, other: Contract, governor: Account, stranger: Account
) -> None:
    other.set_mode(REVERT, sender=governor)
    for silent in (other, stranger):
        with reverts("market: feed is silent"):
            market.set_feed(UNDERLYING, silent, sender=governor)


def test_not_governor(market: Contract, feed: Contract, steward: Account) -> None:
    with reverts("governed: not governor"):
        market.set_feed(UNDERLYING, feed, sender=steward)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(market: Contract, feed: Contract, governor: Account) -> None:
    with reverts("governed: batch under way"):
        market.set_feed(UNDERLYING, feed, sender=governor)


def test_unknown_underlying(market: Contract, feed: Contract, governor: Account) -> None:
    with reverts("market: unknown underlying"):
        market.set_feed(2, feed, sender=governor)
