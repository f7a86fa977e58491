"""A ChainlinkFeed takes a round only if all of it is sound."""

import pytest

from tests.harness import Account, Chain, Contract, reverts
from tests.unit.feeds.conftest import MAX_AGE

ROUND = 2**64 + 5  # aggregators behind a proxy number their rounds like this


def test_the_price_in_wad(chainlink: Contract, aggregator: Contract, governor: Account) -> None:
    now = aggregator.set_answer(2_000_12345678, sender=governor).timestamp
    assert chainlink.latest() == (2_000_12345678 * 10**10, now)


def test_as_old_as_allowed(
    chainlink: Contract, aggregator: Contract, governor: Account, chain: Chain
) -> None:
    made = aggregator.set_answer(1, sender=governor).timestamp
    chain.mine(delta=MAX_AGE)
    assert chainlink.latest() == (10**10, made)
    chain.mine(delta=1)
    with reverts("feed: stale"):
        chainlink.latest()


def test_time_of_the_update_counts(
    chainlink: Contract, aggregator: Contract, governor: Account, chain: Chain
) -> None:
    now = chain.timestamp
    aggregator.set_round(ROUND, 7, now - 2 * MAX_AGE, now - 5, ROUND + 1, sender=governor)
    assert chainlink.latest() == (7 * 10**10, now - 5)


@pytest.mark.parametrize("answer", [0, -1, -(2**255)])
def test_price_not_positive(
    chainlink: Contract, aggregator: Contract, governor: Account, answer: int
) -> None:
    aggregator.set_answer(answer, sender=governor)
    with reverts("feed: price not positive"):
        chainlink.latest()


@pytest.mark.parametrize(("started", "updated"), [(0, 1), (1, 0)])
def test_incomplete_round(
    chainlink: Contract,
    aggregator: Contract,
    governor: Account,
    chain: Chain,
    started: int,
    updated: int,
) -> None:
    now = chain.timestamp
    aggregator.set_round(ROUND, 1, started * now, updated * now, ROUND, sender=governor)
    with reverts("feed: incomplete round"):
        chainlink.latest()


def test_answer_of_an_earlier_round(
    chainlink: Contract, aggregator: Contract, governor: Account, chain: Chain
) -> None:
    now = chain.timestamp
    aggregator.set_round(ROUND, 1, now, now, ROUND - 1, sender=governor)
    with reverts("feed: answer of an earlier round"):
        chainlink.latest()


def test_time_in_the_future(
    chainlink: Contract, aggregator: Contract, governor: Account, chain: Chain
) -> None:
    future = chain.timestamp + 1_000
    aggregator.set_round(ROUND, 1, future, future, ROUND, sender=governor)
    with reverts("feed: time in the future"):
        chainlink.latest()
    chain.mine(timestamp=future)
    assert chainlink.latest() == (10**10, future)


def test_a_price_too_large_to_scale(
    chainlink: Contract, aggregator: Contract, governor: Account
) -> None:
    aggregator.set_answer(2**255 - 1, sender=governor)
    with reverts():
        chainlink.latest()


def test_no_round_yet(chainlink: Contract) -> None:
    with reverts("No data present"):
        chainlink.latest()
