"""The mock price feed."""

import pytest

from tests.harness import Account, Chain, Contract, Project, reverts


@pytest.fixture
def feed(project: Project, owner: Account) -> Contract:
    return project.Aggregator.deploy("ETH / USD", 8, sender=owner)


def test_metadata(feed: Contract) -> None:
    assert (feed.description(), feed.decimals(), feed.version()) == ("ETH / USD", 8, 4)


def test_set_answer(feed: Contract, chain: Chain, stranger: Account) -> None:
    now = chain.timestamp
    feed.set_answer(100, sender=stranger)
    chain.mine(delta=60)
    feed.set_answer(-200, sender=stranger)
    assert feed.latestRoundData() == (2, -200, now + 60, now + 60, 2)
    assert feed.getRoundData(1) == (1, 100, now, now, 1)


def test_set_round(feed: Contract, stranger: Account) -> None:
    feed.set_round(2**64 + 7, 5, 3, 0, 4, sender=stranger)
    assert feed.latestRoundData() == feed.getRoundData(2**64 + 7) == (2**64 + 7, 5, 3, 0, 4)


def test_no_round(feed: Contract) -> None:
    with reverts("No data present"):
        feed.latestRoundData()
    with reverts("No data present"):
        feed.getRoundData(1)
