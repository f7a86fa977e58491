"""Where the mark follows trades, trading with oneself at an absurd price makes profits that can be
withdrawn, and losses of others that can be liquidated.

Here trades at any price move neither index nor mark: what is paid off the mark is the other
side's, at once, and the sum is what it was.
"""

import pytest

from tests.unit.margin_vault.bench import BTC, HOUR, SIZE, Bench, usd


@pytest.mark.parametrize("price", [1, 59_000, 61_000, 70_000])
def test_wash_trades(bench: Bench, twins: tuple[int, int], price: float) -> None:
    """A tenth of a bitcoin goes to and fro between two accounts of the thief's."""
    first, second = twins
    victim = bench.fund(bench.account(bench.maker), 20_000)
    counterpart = bench.fund(bench.account(bench.stranger), 1_000_000)
    bench.approve(victim, counterpart)
    bench.trade(victim, counterpart)
    market, margin = bench.market.peek(BTC), bench.margin(victim)
    before = bench.wealth(bench.trader, *twins)
    for _ in range(5):
        bench.trade(first, second, SIZE // 10, price)
        bench.trade(second, first, SIZE // 10, price)
        bench.market.roll(BTC, sender=bench.trader)
    assert bench.market.peek(BTC) == market
    assert bench.margin(victim) == margin
    assert bench.wealth(bench.trader, *twins) == before


def test_time_does_not_help(bench: Bench, twins: tuple[int, int]) -> None:
    """Nor does the last trade's price seep into premium or funding."""
    first, second = twins
    bench.trade(first, second, SIZE // 10, 100_000)
    for _ in range(8):
        bench.wait(HOUR)
        bench.market.roll(BTC, sender=bench.trader)
    state = bench.market.state(BTC)
    assert (state.premium, state.observation, state.funding) == (0, 0, 0)
    assert bench.market.peek(BTC).mark == bench.market.peek(BTC).index


def test_gain_is_the_other_sides_loss(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """Profit is moved from one account to the other and withdrawn: it was the thief's already,
    and the loser keeps what its own position needs."""
    first, second = twins
    bench.trade(first, second)
    with bench.refused("vault: margin"):
        bench.trade(first, second, SIZE, 155_000)
    bench.trade(first, second, SIZE, 140_000)
    bench.settle(second)
    with bench.refused("vault: margin"):
        bench.withdraw(second, bench.quote, usd(179_000))
    assert bench.equity(first, second) == bench.wealth(bench.trader, first, second)


def test_premium_is_bounded(bench: Bench, twins: tuple[int, int]) -> None:
    """A premium feed that tells nonsense moves the mark by half a per cent at most."""
    bench.set_premium(BTC, 9_000)
    assert bench.market.peek(BTC).mark == bench.market.peek(BTC).index * 1_005 // 1_000
