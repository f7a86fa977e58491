"""The price of a thin asset was pumped, and a large loan taken on what it was worth for that hour:
on collateral, or on the unrealised profit of a position against another account of the thief's.

Here initial margin compares the index with a stable price that follows at a bounded rate. A pump
below the alarm gives no borrowing power, one beyond it opens and lets out nothing, and a profit
that an own account has lost without being able to pay is not paid out by others.
"""

import pytest

from plimsoll.spec.market import COLLATERAL, OPEN
from plimsoll.spec.words import PORTFOLIO, POSITION, UNDERLYING
from tests.unit.margin_vault.bench import ALL, ETH, HOUR, SIZE, SOL, WAD, Bench, usd


def spare(bench: Bench, account: int) -> int:
    """What an account could borrow, token units of quote."""
    margin = bench.margin(account)
    return (margin.equity - margin.initial) // 10**12


@pytest.mark.parametrize("level", [POSITION, UNDERLYING, PORTFOLIO])
def test_pumped_collateral(bench: Bench, account: int, lender: int, level: int) -> None:
    """18 % up in a second: not a cent more than before can be borrowed, rather less."""
    bench.fund(account, wsol=1_000 * 10**6)
    bench.set_netting(account, level)
    before = spare(bench, account)
    bench.jump(SOL, 177)
    assert bench.market.peek(SOL).validity == OPEN
    assert spare(bench, account) <= before
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, before + usd(1))
    bench.wait(HOUR)  # the stable price has come up, for an honest rise
    assert spare(bench, account) > before


@pytest.mark.parametrize("level", [UNDERLYING, PORTFOLIO])
def test_pumped_profit(bench: Bench, twins: tuple[int, int], lender: int, level: int) -> None:
    """18 % up: the profit of a long position lets nothing out that was not there before."""
    long, short = twins
    bench.set_netting(long, level)
    bench.trade(long, short, 2_000 * SIZE, instrument=bench.sol)
    before = spare(bench, long)
    bench.jump(SOL, 177)
    assert bench.equity(long) == 154_000 * WAD
    assert spare(bench, long) <= before
    with bench.refused("vault: margin"):
        bench.withdraw(long, bench.quote, before + usd(1))


def test_beyond_the_alarm(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """Doubled: against a position or a debt nothing leaves, and nothing is opened."""
    long, short = twins
    bench.fund(long, wsol=1_000 * 10**6)
    bench.trade(long, short, 10 * SIZE, instrument=bench.sol)
    bench.jump(SOL, 300)
    assert bench.market.peek(SOL).validity == COLLATERAL
    with bench.refused("vault: margin"):
        bench.withdraw(long, bench.quote, 1)
    with bench.refused("vault: margin"):
        bench.trade(long, short, SIZE, instrument=bench.sol)


def test_profit_of_an_insolvent_twin(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """60 % up: the thief's short account owes what it has not. It is not let out of its position,
    so the long one cannot turn its profit into cash against it."""
    long, short = twins
    before = bench.wealth(bench.trader, long, short)
    bench.trade(long, short, 2_500 * SIZE, instrument=bench.sol)
    bench.jump(SOL, 240)
    assert bench.equity(short) == -125_000 * WAD
    for price in (240, 239, 241):
        with bench.refused("vault: margin"):
            bench.trade(short, long, 2_500 * SIZE, price, bench.sol)
    for amount in (ALL, usd(100_000)):
        with bench.refused("vault: margin"):
            bench.withdraw(long, bench.quote, amount)
    # once it has been topped up it is, for what was topped up
    bench.fund(short, 125_000)
    bench.trade(short, long, 2_500 * SIZE, instrument=bench.sol)
    assert bench.withdraw(long, bench.quote, ALL).return_value == usd(325_000)
    assert bench.wealth(bench.trader, long, short) == before + 125_000 * WAD


def test_hedge_is_not_punished(bench: Bench, account: int, other: int, lender: int) -> None:
    """Ether held and sold in equal parts: the pump is worth nothing, and costs nothing."""
    bench.fund(account, weth=100 * 10**18)
    bench.fund(other, 1_000_000)
    bench.approve(account, other)
    bench.set_netting(account, PORTFOLIO)
    bench.trade(other, account, 100 * SIZE, instrument=bench.eth)
    before = bench.margin(account)
    bench.jump(ETH, 3_500)
    after = bench.margin(account)
    assert after.equity == before.equity
    assert after.initial - after.maintenance * 5 // 4 <= 1


def test_crash_works_the_other_way(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """For a short position the fall is the pump; the divergence charge is for rises only, and the
    profit is margined at once, but no loser is left who cannot pay."""
    long, short = twins
    bench.trade(long, short, 2_000 * SIZE, instrument=bench.sol)
    before = bench.wealth(bench.trader, long, short)
    bench.jump(SOL, 123)
    taken = spare(bench, short)
    bench.withdraw(short, bench.quote, taken)
    assert bench.equity(long) == 46_000 * WAD
    assert bench.wealth(bench.trader, long, short) == before
