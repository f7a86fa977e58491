"""Expiries ahead of an underlying are a sorted list, at most 16 of them."""

import pytest

from plimsoll.spec.market import NEWEST
from tests.harness import Account, Chain, Contract, reverts
from tests.unit.market_data.conftest import DAY, HOUR, PRICE, UNDERLYING, WAD, WINDOW, stored

RATIO = 102 * WAD // 100


@pytest.fixture
def hour(market: Contract, chain: Chain) -> int:
    """The last full hour."""
    return chain.timestamp // HOUR * HOUR


def expiries(market: Contract) -> list[int]:
    found, expiry = [], market.peek(UNDERLYING).next_expiry
    while expiry:
        found.append(expiry)
        expiry = market.expiry_of(UNDERLYING, expiry).next
    return found


def test_lists(market: Contract, steward: Account, hour: int, chain: Chain) -> None:
    expiry = hour + 3 * HOUR
    assert market.peek(UNDERLYING).next_expiry == 0
    receipt = market.list_expiry(UNDERLYING, expiry, RATIO, sender=steward)
    [event] = receipt.events_of(market.ExpiryListed)
    assert (event.underlying, event.expiry) == (UNDERLYING, expiry)
    [event] = receipt.events_of(market.RatioChanged)
    assert (event.underlying, event.expiry, event.ratio) == (UNDERLYING, expiry, RATIO)
    told = (RATIO, receipt.timestamp, RATIO, False, 0, False, False, 0)
    assert market.expiry_of(UNDERLYING, expiry) == told
    assert market.peek(UNDERLYING).next_expiry == stored(market).next_expiry == expiry


def test_in_any_order(market: Contract, governor: Account, hour: int) -> None:
    """Before, between and behind what is listed."""
    for ahead in (8, 4, 12, 6, 3, 20):
        market.list_expiry(UNDERLYING, hour + ahead * HOUR, RATIO, sender=governor)
    assert expiries(market) == [hour + ahead * HOUR for ahead in (3, 4, 6, 8, 12, 20)]


def test_what_has_passed_makes_room(
    market: Contract, governor: Account, hour: int, chain: Chain
) -> None:
    """16 may be ahead; what nobody rolled over is rolled over by the next listing."""
    listed = [hour + ahead * HOUR for ahead in range(2, 18)]
    for expiry in reversed(listed):
        market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)
    assert expiries(market) == listed
    for expiry in (hour + 5 * WINDOW, hour + 30 * HOUR):
        with reverts("market: too many expiries"):
            market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)
    chain.mine(timestamp=listed[1])
    market.list_expiry(UNDERLYING, hour + 30 * HOUR, RATIO, sender=governor)
    market.list_expiry(UNDERLYING, listed[3] + WINDOW, RATIO, sender=governor)
    assert expiries(market) == [*listed[2:4], listed[3] + WINDOW, *listed[4:], hour + 30 * HOUR]


def test_first_and_last(market: Contract, governor: Account, hour: int, chain: Chain) -> None:
    """More than an hour ahead, at most two years."""
    chain.mine(timestamp=hour + HOUR)
    for expiry in (hour + 2 * HOUR, hour + HOUR + 730 * DAY + WINDOW, hour, 0, hour + 3 * HOUR + 1):
        with reverts("market: expiry out of range"):
            market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)
    for expiry in (hour + 2 * HOUR + WINDOW, hour + HOUR + 730 * DAY):
        market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)
        assert market.forward(UNDERLYING, expiry, NEWEST, 0) == (0, RATIO, True)


def test_already_listed(market: Contract, governor: Account, expiry: int) -> None:
    with reverts("market: already listed"):
        market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)


@pytest.mark.parametrize("ratio", [8 * WAD // 10 - 1, 125 * WAD // 100 + 1, 0, 2**256 - 1])
def test_ratio_out_of_range(market: Contract, governor: Account, hour: int, ratio: int) -> None:
    with reverts("market: ratio out of range"):
        market.list_expiry(UNDERLYING, hour + 3 * HOUR, ratio, sender=governor)


def test_averages_are_advanced(
    market: Contract, feed: Contract, governor: Account, hour: int, chain: Chain
) -> None:
    """Nothing else about the market changes."""
    chain.mine(delta=1)
    feed.set_answer(2 * PRICE, chain.timestamp, sender=governor)
    market.roll(UNDERLYING, sender=governor)
    chain.mine(delta=HOUR)
    before = market.peek(UNDERLYING)
    market.list_expiry(UNDERLYING, hour + 4 * HOUR, RATIO, sender=governor)
    assert market.peek(UNDERLYING)[:5] == before[:5]
    assert stored(market).time == chain.timestamp


def test_unknown_underlying(market: Contract, governor: Account, hour: int) -> None:
    with reverts("market: unknown underlying"):
        market.list_expiry(2, hour + 3 * HOUR, RATIO, sender=governor)


def test_not_steward(market: Contract, stranger: Account, hour: int) -> None:
    with reverts("governed: not steward"):
        market.list_expiry(UNDERLYING, hour + 3 * HOUR, RATIO, sender=stranger)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(market: Contract, governor: Account, hour: int) -> None:
    with reverts("governed: batch under way"):
        market.list_expiry(UNDERLYING, hour + 3 * HOUR, RATIO, sender=governor)
