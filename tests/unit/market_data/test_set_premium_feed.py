"""The governor sets what tells the perpetual's impact mid price."""

import pytest

from plimsoll.spec.market import advance
from plimsoll.spec.wad import WAD
from tests.harness import Account, Chain, Contract, reverts
from tests.harness.contracts import NOBODY
from tests.unit.market_data.conftest import (
    HOUR,
    PARAMS,
    PRICE,
    REVERT,
    UNDERLYING,
    assert_rolled,
    stored,
)


def test_set_and_removed(
    market: Contract, premium_feed: Contract, governor: Account, chain: Chain
) -> None:
    """Removed, its last observation counts until the next roll."""
    before = stored(market)
    chain.mine(delta=HOUR)
    premium_feed.set_answer(PRICE * 1_001 // 1_000, chain.timestamp, sender=governor)
    receipt = market.set_premium_feed(UNDERLYING, premium_feed, sender=governor)
    [event] = receipt.events_of(market.PremiumFeedChanged)
    assert (event.underlying, event.feed) == (UNDERLYING, premium_feed)
    assert market.premium_feed(UNDERLYING) == premium_feed
    assert_rolled(market, receipt, advance(PARAMS, before, receipt.timestamp))

    market.roll(UNDERLYING, sender=governor)
    before = stored(market)
    assert (before.premium, before.observation) == (0, WAD // 1_000)
    chain.mine(delta=HOUR // 2)
    receipt = market.set_premium_feed(UNDERLYING, NOBODY, sender=governor)
    [event] = receipt.events_of(market.PremiumFeedChanged)
    assert (event.underlying, event.feed) == (UNDERLYING, NOBODY)
    assert market.premium_feed(UNDERLYING) == NOBODY
    after = advance(PARAMS, before, receipt.timestamp)
    assert after.premium == WAD // 2_000
    assert_rolled(market, receipt, after)

    market.roll(UNDERLYING, sender=governor)
    assert stored(market).observation == 0
    chain.mine(delta=HOUR)
    told = market.peek(UNDERLYING)
    assert told.mark == told.index


def test_it_stays_whatever_else_changes(
    market: Contract, feed: Contract, premium_feed: Contract, governor: Account, chain: Chain
) -> None:
    premium_feed.set_answer(PRICE * 1_001 // 1_000, chain.timestamp, sender=governor)
    market.set_premium_feed(UNDERLYING, premium_feed, sender=governor)
    market.set_params(UNDERLYING, PARAMS, sender=governor)
    market.set_feed(UNDERLYING, feed, sender=governor)
    market.roll(UNDERLYING, sender=governor)
    assert stored(market).observation == WAD // 1_000


def test_silent_feed(market: Contract, premium_feed: Contract, governor: Account) -> None:
    premium_feed.set_mode(REVERT, sender=governor)
    with reverts("market: feed is silent"):
        market.set_premium_feed(UNDERLYING, premium_feed, sender=governor)


def test_not_governor(market: Contract, steward: Account) -> None:
    with reverts("governed: not governor"):
        market.set_premium_feed(UNDERLYING, NOBODY, sender=steward)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(market: Contract, governor: Account) -> None:
    with reverts("governed: batch under way"):
        market.set_premium_feed(UNDERLYING, NOBODY, sender=governor)


def test_unknown_underlying(market: Contract, governor: Account) -> None:
    with reverts("market: unknown underlying"):
        market.set_premium_feed(2, NOBODY, sender=governor)
