"""Deployment of a ChainlinkFeed."""

import pytest

from tests.harness import Account, Contract, Project, reverts
from tests.unit.feeds.conftest import MAX_AGE


def test_what_it_reads(chainlink: Contract, aggregator: Contract) -> None:
    assert chainlink.aggregator() == aggregator
    assert chainlink.max_age() == MAX_AGE


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_any_decimals_up_to_18(project: Project, governor: Account, decimals: int) -> None:
    aggregator = project.Aggregator.deploy("FEED", decimals, sender=governor)
    feed = project.ChainlinkFeed.deploy(aggregator, MAX_AGE, sender=governor)
    now = aggregator.set_answer(3 * 10**decimals, sender=governor).timestamp
    assert feed.latest() == (3 * 10**18, now)


def test_too_many_decimals(project: Project, governor: Account) -> None:
    aggregator = project.Aggregator.deploy("FEED", 19, sender=governor)
    with reverts("feed: too many decimals"):
        project.ChainlinkFeed.deploy(aggregator, MAX_AGE, sender=governor)


def test_not_an_aggregator(project: Project, governor: Account, registry: Contract) -> None:
    for wrong in (governor, registry):
        with reverts():
            project.ChainlinkFeed.deploy(wrong, MAX_AGE, sender=governor)
