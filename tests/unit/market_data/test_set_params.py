"""Parameters move within bounds, and only from now on."""

from dataclasses import astuple, replace

import pytest

from plimsoll.spec.market import advance
from plimsoll.spec.wad import BPS, WAD
from tests.harness import Account, Chain, Contract, reverts
from tests.unit.market_data.conftest import (
    DAY,
    HOUR,
    PARAMS,
    PRICE,
    UNDERLYING,
    assert_rolled,
    stored,
)

LOWEST = (10, 10, 50, 10, 0, 60)
HIGHEST = (DAY, DAY, 2_000, 5_000, 1_000, DAY)


@pytest.mark.parametrize("params", [LOWEST, HIGHEST])
@pytest.mark.parametrize("role", ["steward", "governor"])
def test_bounds_are_allowed(
    market: Contract,
    feed: Contract,
    params: tuple[int, ...],
    role: str,
    request: pytest.FixtureRequest,
) -> None:
    receipt = market.set_params(UNDERLYING, params, sender=request.getfixturevalue(role))
    [event] = receipt.events_of(market.ParamsChanged)
    assert (event.underlying, event.params) == (UNDERLYING, params)
    assert market.params(UNDERLYING) == params
    assert market.feed(UNDERLYING) == feed


def test_the_past_keeps_the_old_ones(
    market: Contract,
    feed: Contract,
    premium_feed: Contract,
    governor: Account,
    steward: Account,
    chain: Chain,
) -> None:
    """The averages are stored up to now under the parameters of before."""
    premium_feed.set_answer(PRICE, chain.timestamp, sender=governor)  # soon half the index
    market.set_premium_feed(UNDERLYING, premium_feed, sender=governor)
    chain.mine(delta=1)
    feed.set_answer(2 * PRICE, chain.timestamp, sender=governor)
    market.roll(UNDERLYING, sender=governor)
    before = stored(market)
    chain.mine(delta=HOUR)
    new = replace(PARAMS, stable_rate=10, premium_window=60)
    receipt = market.set_params(UNDERLYING, new, sender=steward)
    after = advance(PARAMS, before, receipt.timestamp)
    assert after.stable == PRICE * 106 // 100  # 6 % an hour
    assert after.premium == -PARAMS.premium_bound * WAD // BPS  # after a whole window
    assert after.funding < 0
    assert_rolled(market, receipt, after)


def test_not_steward(market: Contract, stranger: Account) -> None:
    with reverts("governed: not steward"):
        market.set_params(UNDERLYING, PARAMS, sender=stranger)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(market: Contract, steward: Account) -> None:
    with reverts("governed: batch under way"):
        market.set_params(UNDERLYING, PARAMS, sender=steward)


def test_unknown_underlying(market: Contract, governor: Account) -> None:
    with reverts("market: unknown underlying"):
        market.set_params(2, PARAMS, sender=governor)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"max_age_open": 9}, "market: age out of range"),
        ({"max_age_open": 601}, "market: age out of range"),
        ({"max_age_open": 2**256 - 1}, "market: age out of range"),
        ({"max_age_liquidation": DAY + 1}, "market: age out of range"),
        ({"alarm": 49}, "market: alarm out of range"),
        ({"alarm": 2_001}, "market: alarm out of range"),
        ({"stable_rate": 9}, "market: rate out of range"),
        ({"stable_rate": 5_001}, "market: rate out of range"),
        ({"premium_bound": 1_001}, "market: premium bound out of range"),
        ({"premium_window": 59}, "market: window out of range"),
        ({"premium_window": DAY + 1}, "market: window out of range"),
    ],
)
def test_out_of_bounds(
    market: Contract, steward: Account, change: dict[str, int], reason: str
) -> None:
    with reverts(reason):
        market.set_params(UNDERLYING, replace(PARAMS, **change), sender=steward)
    assert market.params(UNDERLYING) == astuple(PARAMS)
