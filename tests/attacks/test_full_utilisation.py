"""All of a pool was borrowed against collateral nobody wanted, so that lenders could not leave; or
a full pool stopped liquidations as well, and the debts went bad meanwhile.

Here the last tenth is not lent to who withdraws on credit; who gets it all the same, through an
own account, pays the highest rate to those who wait. Only withdrawals of quote stop.
"""

import pytest

from tests.unit.margin_vault.bench import ALL, BTC, DAY, SIZE, WAD, Bench, usd


@pytest.fixture
def drained(bench: Bench, lender: int) -> int:
    """The thief borrows 900,000 of a million, then all the rest through a sister account."""
    account = bench.fund(bench.account(bench.trader), wbtc=30 * 10**8)
    bench.withdraw(account, bench.quote, usd(900_000))
    with bench.refused("vault: utilisation"):
        bench.withdraw(account, bench.quote, 1)
    bench.transfer(account, account + 1, bench.quote, usd(100_000))
    bench.withdraw(account + 1, bench.quote, ALL)
    assert bench.vault.pool().tokens == 0
    return account


def test_it_is_covered_and_dear(bench: Bench, drained: int, lender: int) -> None:
    """The loan has its initial margin, and pays 60 % a year, all of it to the lender."""
    margin = bench.margin(drained)
    assert margin.equity >= margin.initial
    bench.chain.mine(delta=DAY)
    bench.accrue()
    earned = bench.cash(lender) - 1_000_000 * WAD
    paid = -bench.cash(drained) - 1_000_000 * WAD
    assert 0 <= paid - earned < 10
    assert abs(paid - 1_000_000 * WAD * 6 // 10 // 365) < 10**16


def test_lenders_wait_and_are_paid(bench: Bench, drained: int, lender: int) -> None:
    with bench.refused("vault: no liquidity"):
        bench.withdraw(lender, bench.quote, 1)
    bench.wait(DAY)
    bench.deposit(drained, bench.quote, usd(300_000), sender=bench.stranger)
    bench.withdraw(lender, bench.quote, usd(299_000))
    with bench.refused("vault: utilisation"):  # nobody can snatch it on credit
        bench.withdraw(drained, bench.quote, 1)


def test_everything_else_goes_on(bench: Bench, drained: int, lender: int, other: int) -> None:
    """Deposits, collateral, trades, settlements and liquidations."""
    bench.approve(drained, lender)
    bench.trade(lender, drained)
    bench.move(BTC, 60_500)
    bench.settle(lender)
    bench.trade(drained, lender)
    bench.fund(other, weth=10**18)
    bench.withdraw(other, bench.weth, ALL)
    bench.withdraw(drained, bench.wbtc, 10**8)

    bench.jump(BTC, 40_000)
    margin = bench.margin(drained)
    assert margin.equity < margin.maintenance
    keeper = bench.account(bench.keeper)
    bench.deposit(keeper, bench.quote, usd(600_000))
    bench.liquidate(drained, keeper)
    assert bench.vault.book_of(keeper).collateral[0].amount > 0
    # the keeper's cash is what the lender waited for
    bench.withdraw(lender, bench.quote, usd(600_000))


def test_without_collateral_nothing_is_borrowed(bench: Bench, twins: tuple[int, int]) -> None:
    """Profit and loss between own accounts, or gifts, make no credit."""
    first, second = twins
    bench.trade(first, second, SIZE)
    spare = bench.margin(first).equity - bench.margin(first).initial + WAD
    with bench.refused("vault: margin"):
        bench.book([(first, 0, 0, -spare), (second, 0, 0, spare)])
