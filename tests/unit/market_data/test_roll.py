"""Rolling takes in what the feeds say."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from plimsoll.spec.market import (
    COLLATERAL,
    LIQUIDATION,
    MAX_PRICE,
    OPEN,
    STALE,
    MarketState,
    advance,
)
from plimsoll.spec.wad import BPS, WAD
from tests.harness import Account, Chain, Contract, Project, reverts
from tests.unit.market_data.conftest import (
    BURN,
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

# asks several times in one transaction
CALLER = """
# pragma version 0.4.3
from interfaces import IMarketData


interface Feed:
    def set_answer(price: uint256, time: uint256): nonpayable


market: immutable(IMarketData)


event Told:
    market: IMarketData.Market


@deploy
def __init__(_market: address):
    market = IMarketData(_market)


@external
def roll_around(underlying: uint256, feed: address, price: uint256):
    self._tell(extcall market.roll(underlying))
    extcall Feed(feed).set_answer(price, block.timestamp)
    self._tell(staticcall market.peek(underlying))
    self._tell(extcall market.roll(underlying))


@external
def roll_with(underlying: uint256, allowance: uint256) -> bool:
    rolled: bool = raw_call(
        market.address,
        abi_encode(underlying, method_id=method_id("roll(uint256)")),
        gas=allowance,
        revert_on_failure=False,
    )
    self._tell(extcall market.roll(underlying))
    return rolled


@internal
def _tell(told: IMarketData.Market):
    log Told(market=told)
"""


@pytest.fixture
def caller(project: Project, market: Contract, governor: Account) -> Contract:
    return project.inline(CALLER, "MarketCaller").deploy(market, sender=governor)


@pytest.fixture
def premium(market: Contract, premium_feed: Contract, governor: Account, chain: Chain) -> Contract:
    """The premium feed, set, at the index."""
    premium_feed.set_answer(PRICE, chain.timestamp, sender=governor)
    market.set_premium_feed(UNDERLYING, premium_feed, sender=governor)
    return premium_feed


# What is observed


def test_new_price(
    market: Contract, feed: Contract, start: MarketState, stranger: Account, chain: Chain
) -> None:
    """A report after ten silent hours moves nothing for those hours."""
    chain.mine(delta=10 * HOUR)
    now = chain.timestamp
    feed.set_answer(2 * PRICE, now - 7, sender=stranger)
    receipt = market.roll(UNDERLYING, sender=stranger)
    assert receipt.return_value == (2 * PRICE, PRICE, 2 * PRICE, 0, COLLATERAL, 0)
    state = MarketState(2 * PRICE, PRICE, now - 7, 0, 0, 0, now)
    assert_rolled(market, receipt, state)


def test_stable_price_follows(
    market: Contract, feed: Contract, stranger: Account, chain: Chain
) -> None:
    """By 6 % an hour of what it was when last stored, up and down, and not beyond the index."""
    chain.mine(delta=1)
    feed.set_answer(2 * PRICE, chain.timestamp, sender=stranger)
    market.roll(UNDERLYING, sender=stranger)
    chain.mine(delta=HOUR // 2)
    assert market.peek(UNDERLYING).stable == PRICE * 103 // 100
    chain.mine(delta=HOUR // 2)
    assert market.peek(UNDERLYING).stable == PRICE * 106 // 100
    feed.set_answer(PRICE // 2, chain.timestamp, sender=stranger)
    market.roll(UNDERLYING, sender=stranger)
    assert stored(market).stable == PRICE * 106 // 100
    chain.mine(delta=HOUR)
    assert market.peek(UNDERLYING).stable == PRICE * 106 // 100 * 94 // 100
    chain.mine(delta=10 * HOUR)
    assert market.peek(UNDERLYING).stable == PRICE // 2


def test_premium_and_funding(
    market: Contract, feed: Contract, premium: Contract, stranger: Account, chain: Chain
) -> None:
    """A premium of 0.1 % over a window of an hour, kept for 7.5 hours: half a window's area for the
    ramp, 7.5 hours' for the plateau, an eight-hourth of it charged per hour."""
    chain.mine(delta=1)
    feed.set_answer(PRICE, chain.timestamp, sender=stranger)
    premium.set_answer(PRICE * 1_001 // 1_000, chain.timestamp, sender=stranger)
    receipt = market.roll(UNDERLYING, sender=stranger)
    assert receipt.return_value.mark == PRICE
    assert stored(market).observation == WAD // 1_000
    chain.mine(delta=HOUR // 2)
    assert market.peek(UNDERLYING).mark == PRICE * 10_005 // 10_000
    chain.mine(delta=HOUR // 2)
    told = market.peek(UNDERLYING)
    assert told.mark == PRICE * 1_001 // 1_000
    assert told.funding == PRICE // 1_000 // 16
    chain.mine(delta=HOUR * 15 // 2)
    told = market.peek(UNDERLYING)
    assert told.funding == PRICE // 1_000
    assert told.mark == PRICE * 1_001 // 1_000


def test_premium_is_bounded(
    market: Contract, premium: Contract, stranger: Account, chain: Chain
) -> None:
    for price, bound in ((2 * PRICE, 1), (PRICE // 2, -1), (MAX_PRICE, 1)):
        premium.set_answer(price, chain.timestamp, sender=stranger)
        market.roll(UNDERLYING, sender=stranger)
        assert stored(market).observation == bound * PARAMS.premium_bound * WAD // BPS


def test_premium_of_an_old_price_is_none(
    market: Contract, premium: Contract, stranger: Account, chain: Chain
) -> None:
    """Older than what opens risk."""
    premium.set_answer(PRICE + WAD, chain.timestamp, sender=stranger)
    chain.mine(delta=PARAMS.max_age_open)
    market.roll(UNDERLYING, sender=stranger)
    assert stored(market).observation == WAD * WAD // PRICE
    chain.mine(delta=1)
    receipt = market.roll(UNDERLYING, sender=stranger)
    assert stored(market).observation == 0
    assert len(receipt.events_of(market.Rolled)) == 1


def test_bound_of_zero_observes_nothing(
    market: Contract, premium: Contract, steward: Account, chain: Chain
) -> None:
    """The premium feed is not even asked."""
    market.set_params(UNDERLYING, replace(PARAMS, premium_bound=0), sender=steward)
    premium.set_mode(BURN, sender=steward)
    receipt = market.roll(UNDERLYING, sender=steward)
    assert receipt.gas_used < 100_000
    assert stored(market).observation == 0


def test_nothing_new_stores_nothing(
    market: Contract, start: MarketState, stranger: Account, chain: Chain
) -> None:
    chain.mine(delta=100)
    receipt = market.roll(UNDERLYING, sender=stranger)
    assert receipt.logs == []
    assert stored(market) == start
    assert receipt.return_value.validity == LIQUIDATION


def test_rolling_in_between_changes_nothing(
    market: Contract, feed: Contract, premium: Contract, stranger: Account, chain: Chain
) -> None:
    """Without a new observation, the same is told whether others rolled meanwhile or not."""
    chain.mine(delta=1)
    feed.set_answer(PRICE * 3 // 2, chain.timestamp, sender=stranger)
    premium.set_mode(REVERT, sender=stranger)
    market.roll(UNDERLYING, sender=stranger)
    with chain.isolate():
        chain.mine(delta=5 * HOUR)
        at_once = market.peek(UNDERLYING)
    for _ in range(5):
        chain.mine(delta=HOUR)
        market.roll(UNDERLYING, sender=stranger)
    assert market.peek(UNDERLYING) == at_once


# What a price may be used for


@pytest.mark.parametrize(
    ("age", "validity"),
    [
        (0, OPEN),
        (PARAMS.max_age_open, OPEN),
        (PARAMS.max_age_open + 1, LIQUIDATION),
        (PARAMS.max_age_liquidation, LIQUIDATION),
        (PARAMS.max_age_liquidation + 1, STALE),
        (DAY * 365, STALE),
    ],
)
def test_validity_by_age(market: Contract, chain: Chain, age: int, validity: int) -> None:
    """Of the price, not of the roll."""
    chain.mine(delta=age)
    assert market.peek(UNDERLYING).validity == validity


@pytest.mark.parametrize(
    ("price", "validity"),
    [
        (PRICE * 102 // 100, OPEN),
        (PRICE * 102 // 100 + 1, COLLATERAL),
        (PRICE * 98 // 100, OPEN),
        (PRICE * 98 // 100 - 1, COLLATERAL),
    ],
)
def test_alarm(
    market: Contract, feed: Contract, stranger: Account, chain: Chain, price: int, validity: int
) -> None:
    """The alarm is 2 % off the stable price, which does not move within the second."""
    chain.mine(delta=1)
    feed.set_answer(price, chain.timestamp, sender=stranger)
    assert market.roll(UNDERLYING, sender=stranger).return_value.validity == validity


# Silence


def _answer(price: int, age: int = 0) -> Callable[[Chain, Contract, Account], None]:
    def act(chain: Chain, feed: Contract, sender: Account) -> None:
        feed.set_answer(price, chain.timestamp - age, sender=sender)

    return act


def _raw(answer: bytes) -> Callable[[Chain, Contract, Account], None]:
    def act(chain: Chain, feed: Contract, sender: Account) -> None:
        feed.set_raw(answer, sender=sender)

    return act


def _mode(mode: int) -> Callable[[Chain, Contract, Account], None]:
    def act(chain: Chain, feed: Contract, sender: Account) -> None:
        feed.set_mode(mode, sender=sender)

    return act


SILENCES = {
    "revert": _mode(REVERT),
    "invalid opcode": _mode(BURN),
    "nothing": _raw(b""),
    "one word": _raw((PRICE + 1).to_bytes(32)),
    "63 bytes": _raw(b"\1" * 63),
    "price of zero": _answer(0),
    "price too large": _answer(MAX_PRICE + 1),
    "largest word": _answer(2**256 - 1),
    "future time": _answer(PRICE + 1, age=-1),
}


@pytest.mark.parametrize("silence", SILENCES)
def test_silent_index_feed(
    market: Contract,
    feed: Contract,
    start: MarketState,
    stranger: Account,
    chain: Chain,
    silence: str,
) -> None:
    """The last price stays and ages."""
    chain.mine(delta=10)
    SILENCES[silence](chain, feed, stranger)
    receipt = market.roll(UNDERLYING, sender=stranger)
    assert receipt.return_value == (PRICE, PRICE, PRICE, 0, OPEN, 0)
    assert receipt.logs == []
    assert stored(market) == start


@pytest.mark.parametrize("silence", SILENCES)
def test_silent_premium_feed(
    market: Contract,
    premium: Contract,
    stranger: Account,
    chain: Chain,
    silence: str,
) -> None:
    """No premium is observed, and the index is."""
    premium.set_answer(PRICE + WAD, chain.timestamp, sender=stranger)
    market.roll(UNDERLYING, sender=stranger)
    before = stored(market)
    assert before.observation > 0
    chain.mine(delta=10)
    SILENCES[silence](chain, premium, stranger)
    receipt = market.roll(UNDERLYING, sender=stranger)
    now_state = advance(PARAMS, before, receipt.timestamp)
    assert_rolled(market, receipt, replace(now_state, observation=0))


def test_an_older_answer_is_nothing_new(
    market: Contract, feed: Contract, start: MarketState, stranger: Account, chain: Chain
) -> None:
    for age in (0, 1, 100):
        feed.set_answer(PRICE + 1, start.updated - age, sender=stranger)
        assert market.roll(UNDERLYING, sender=stranger).logs == []
        assert stored(market) == start


# Within a transaction


def test_told_once_per_transaction(
    market: Contract, feed: Contract, caller: Contract, stranger: Account, chain: Chain
) -> None:
    """Prices do not move inside a batch, and `peek` agrees; in the next transaction they do."""
    chain.mine(delta=10)
    receipt = caller.roll_around(UNDERLYING, feed, PRICE + WAD, sender=stranger)
    first, peeked, second = (event.market for event in receipt.events_of(caller.Told))
    assert first == peeked == second == (PRICE, PRICE, PRICE, 0, OPEN, 0)
    assert market.peek(UNDERLYING).index == PRICE + WAD

    receipt = caller.roll_around(UNDERLYING, feed, PRICE, sender=stranger)
    tolds = [event.market for event in receipt.events_of(caller.Told)]
    assert tolds == [(PRICE + WAD, PRICE, PRICE + WAD, 0, OPEN, 0)] * 3
    assert len(receipt.events_of(market.Rolled)) == 1


@pytest.mark.parametrize(("depth", "needs"), [(0, 0), (0, 180_000), (2, 160_000)])
def test_too_little_gas_silences_no_feed(
    project: Project,
    market: Contract,
    feed: Contract,
    premium: Contract,
    caller: Contract,
    stranger: Account,
    chain: Chain,
    depth: int,
    needs: int,
) -> None:
    """Whatever gas somebody gives a roll, it either fails or tells what the feeds said; both feeds
    in turn are the ones that need much, themselves or behind two others."""
    chain.mine(delta=1)
    now = chain.timestamp
    feed.set_answer(PRICE + WAD, now, sender=stranger)
    premium.set_answer(PRICE + 2 * WAD, now, sender=stranger)
    truth = market.roll.call(UNDERLYING, sender=stranger)
    for asked, price in ((feed, PRICE + WAD), (premium, PRICE + 2 * WAD)):
        with chain.isolate():
            for _ in range(depth):
                source = new_feed(project, stranger)
                asked.set_source(source, sender=stranger)
                asked = source
            asked.set_answer(price, now, sender=stranger)
            asked.set_needs(needs, sender=stranger)
            outcomes = set()
            for gas in range(5_000, needs + 300_000, 999 + needs // 200):
                with chain.isolate():
                    receipt = caller.roll_with(UNDERLYING, gas, sender=stranger)
                    [event] = receipt.events_of(caller.Told)
                    assert event.market == truth, gas
                    assert stored(market).observation > 0
                    outcomes.add(receipt.return_value)
            assert outcomes == {False, True}


def test_a_feed_that_burns_all_gas_is_silent(
    market: Contract, feed: Contract, stranger: Account
) -> None:
    """It gets so much and no more, and nobody is blocked."""
    feed.set_mode(BURN, sender=stranger)
    receipt = market.roll(UNDERLYING, sender=stranger, gas=600_000)
    assert 200_000 < receipt.execution_gas < 300_000
    with reverts("market: too little gas"):
        market.roll(UNDERLYING, sender=stranger, gas=200_000)


def test_unknown_underlying(market: Contract, stranger: Account) -> None:
    for underlying in (0, 2, 2**256 - 1):
        with reverts("market: unknown underlying"):
            market.roll(underlying, sender=stranger)
