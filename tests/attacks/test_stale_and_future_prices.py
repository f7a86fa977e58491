"""A market crashed while its oracle stood still at a floor, or was late by hours, and worthless
collateral was borrowed on at yesterday's price. Elsewhere an oracle was stopped by one report dated
in the future.

Here a price opens risk only while it is young, reductions are all that an old one serves, and what
a feed says of the future, of zero or of nothing is not heard.
"""

import pytest

from plimsoll.spec.market import COLLATERAL, OPEN
from tests.unit.margin_vault.bench import DAY, ETH, HOUR, SIZE, WAD, Bench, usd


def test_borrowing_on_an_old_price(bench: Bench, account: int, lender: int) -> None:
    """Ether is still 3,000 here, an hour and five minutes after the feed was last heard."""
    bench.fund(account, weth=100 * 10**18)
    bench.withdraw(account, bench.quote, usd(1_000))
    bench.chain.mine(delta=3_900)
    bench.withdraw(account, bench.quote, usd(1_000))
    bench.chain.mine(delta=1)
    for token, amount in ((bench.quote, usd(1)), (bench.weth, 10**18)):
        with bench.refused("vault: margin"):
            bench.withdraw(account, token, amount)
        with bench.refused("vault: margin"):
            bench.transfer(account, account + 1, token, amount)
    with bench.refused("registry: old price"):
        bench.fund(account, weth=10**18)  # nor is more of it taken


def test_trading_on_an_old_price(bench: Bench, twins: tuple[int, int]) -> None:
    """A thief who knows the new price buys from himself; from others he could not either."""
    first, second = twins
    bench.chain.mine(delta=2 * HOUR)
    with bench.refused("vault: margin"):
        bench.trade(first, second, SIZE, instrument=bench.eth)


def test_liquidating_on_an_old_price(bench: Bench, twins: tuple[int, int]) -> None:
    """It tolerates more, four hours, and then nobody is liquidated."""
    first, second = twins
    bench.trade(first, second, 120 * SIZE, instrument=bench.eth)
    keeper = bench.fund(bench.account(bench.keeper), 1_000_000)
    bench.jump(ETH, 2_550)
    margin = bench.margin(first)
    assert margin.equity < margin.maintenance
    bench.chain.mine(delta=4 * HOUR)
    with bench.chain.isolate():
        bench.liquidator.liquidate(first, keeper, WAD, 0, sender=bench.keeper)
    bench.chain.mine(delta=1)
    with bench.refused("liquidator: stale price"):
        bench.liquidator.liquidate(first, keeper, WAD, 0, sender=bench.keeper)


@pytest.mark.parametrize(
    ("answer", "ahead"),
    [
        (1, 1),  # a second ahead of the block
        (10**18, 365 * DAY),
        (0, 0),
        (-1, 0),
        (2**200, 0),  # more than any price
    ],
)
def test_nonsense_is_silence(bench: Bench, twins: tuple[int, int], answer: int, ahead: int) -> None:
    """The last price stays and ages; neither is anybody worth more, nor blocked, by it."""
    first, second = twins
    bench.trade(first, second, 10 * SIZE, instrument=bench.eth)
    before = bench.wealth(bench.trader, *twins)
    bench.chain.mine(delta=60)
    now = bench.chain.timestamp
    bench.feeds[ETH].set_round(100, answer, now, now + ahead, 100, sender=bench.governor)
    market = bench.market.peek(ETH)
    assert (market.index, market.validity) == (3_000 * WAD, OPEN)
    assert bench.wealth(bench.trader, *twins) == before
    bench.chain.mine(delta=2 * HOUR)
    with bench.refused("vault: margin"):
        bench.trade(first, second, SIZE, instrument=bench.eth)
    bench.trade(second, first, SIZE, instrument=bench.eth)
    # a later honest answer is heard, whatever the future one said
    now = bench.chain.timestamp
    bench.feeds[ETH].set_round(101, 3_100 * 10**8, now, now, 101, sender=bench.governor)
    assert bench.market.peek(ETH).index == 3_100 * WAD


def test_a_late_report_moves_no_average_for_the_time_it_was_silent(
    bench: Bench, twins: tuple[int, int]
) -> None:
    """Ten hours of silence, then a price twice as high: the stable price has not moved yet, so the
    jump opens nothing."""
    bench.wait(1)
    bench.market.roll(ETH, sender=bench.stranger)
    bench.chain.mine(delta=10 * HOUR)
    bench.set_price(ETH, 6_000)
    market = bench.market.peek(ETH)
    assert (market.index, market.stable, market.validity) == (6_000 * WAD, 3_000 * WAD, COLLATERAL)
    with bench.refused("vault: margin"):
        bench.trade(*twins, 10 * SIZE, instrument=bench.eth)
