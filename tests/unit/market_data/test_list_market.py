"""The governor lists underlyings."""

from dataclasses import astuple, replace

import pytest

from plimsoll.spec.market import MAX_PRICE, OPEN, listed
from tests.harness import Account, Chain, Contract, reverts
from tests.harness.contracts import NOBODY
from tests.unit.market_data.conftest import PARAMS, PRICE, REVERT, UNDERLYING, assert_rolled


def test_starts_at_the_feeds_price(
    bare: Contract, feed: Contract, governor: Account, chain: Chain
) -> None:
    updated = chain.timestamp
    chain.mine(delta=30)
    receipt = bare.list_market(UNDERLYING, feed, PARAMS, sender=governor)
    [event] = receipt.events_of(bare.MarketListed)
    assert (event.underlying, event.feed) == (UNDERLYING, feed)
    [event] = receipt.events_of(bare.ParamsChanged)
    assert (event.underlying, event.params) == (UNDERLYING, astuple(PARAMS))
    assert_rolled(bare, receipt, listed(PRICE, updated, receipt.timestamp))
    assert bare.params(UNDERLYING) == astuple(PARAMS)
    assert bare.feed(UNDERLYING) == feed
    assert bare.premium_feed(UNDERLYING) == NOBODY
    assert bare.peek(UNDERLYING) == (PRICE, PRICE, PRICE, 0, OPEN, 0)


def test_first_and_last_id(bare: Contract, feed: Contract, governor: Account) -> None:
    for underlying in (1, 63):
        bare.list_market(underlying, feed, PARAMS, sender=governor)
        assert bare.peek(underlying).index == PRICE


@pytest.mark.parametrize("underlying", [0, 64, 2**256 - 1])
def test_id_out_of_range(
    bare: Contract, feed: Contract, governor: Account, underlying: int
) -> None:
    with reverts("market: id out of range"):
        bare.list_market(underlying, feed, PARAMS, sender=governor)


def test_already_listed(market: Contract, feed: Contract, governor: Account) -> None:
    with reverts("market: already listed"):
        market.list_market(UNDERLYING, feed, PARAMS, sender=governor)


def test_not_governor(bare: Contract, feed: Contract, steward: Account) -> None:
    with reverts("governed: not governor"):
        bare.list_market(UNDERLYING, feed, PARAMS, sender=steward)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(bare: Contract, feed: Contract, governor: Account) -> None:
    with reverts("governed: batch under way"):
        bare.list_market(UNDERLYING, feed, PARAMS, sender=governor)


def test_silent_feed(bare: Contract, feed: Contract, governor: Account, stranger: Account) -> None:
    with reverts("market: feed is silent"):
        bare.list_market(UNDERLYING, stranger, PARAMS, sender=governor)
    feed.set_mode(REVERT, sender=governor)
    with reverts("market: feed is silent"):
        bare.list_market(UNDERLYING, feed, PARAMS, sender=governor)


def test_extreme_prices(bare: Contract, feed: Contract, governor: Account, chain: Chain) -> None:
    for underlying, price in ((1, 1), (2, MAX_PRICE)):
        feed.set_answer(price, chain.timestamp, sender=governor)
        bare.list_market(underlying, feed, PARAMS, sender=governor)
        assert bare.roll.call(underlying) == (price, price, price, 0, OPEN, 0)
    feed.set_answer(MAX_PRICE + 1, chain.timestamp, sender=governor)
    with reverts("market: feed is silent"):
        bare.list_market(3, feed, PARAMS, sender=governor)


def test_params_are_checked(bare: Contract, feed: Contract, governor: Account) -> None:
    """All bounds are in test_set_params.py."""
    with reverts("market: alarm out of range"):
        bare.list_market(UNDERLYING, feed, replace(PARAMS, alarm=49), sender=governor)
