"""accrue: debts pay interest by the second, lenders receive it, insurance what lenders are not due.

Rates here: nothing at no utilisation, 6 % a year at 80 %, 60 % when everything is lent.
"""

from plimsoll.spec.interest import Rates
from plimsoll.spec.wad import BPS, RAY
from tests.harness import Contract

from .bench import BTC, DAY, HOUR, SIZE, WAD, YEAR, Bench, logged, usd


def lend(bench: Bench, amount: float, used: int) -> tuple[int, int, int]:
    """A lender, a borrower of so many bps of what is lent, and what is borrowed, in WAD."""
    lender = bench.fund(bench.account(bench.stranger), amount)
    borrower = bench.fund(bench.account(bench.trader), wbtc=10**10)
    borrowed = amount * used / BPS
    bench.withdraw(borrower, bench.quote, usd(borrowed))
    return lender, borrower, round(borrowed) * WAD


def test_a_year_at_the_kink(bench: Bench, vault: Contract) -> None:
    """80,000 borrowed of 100,000 at 6 % cost 4,800, which the lender has: 4.8 %."""
    lender, borrower, borrowed = lend(bench, 100_000, 8_000)
    bench.chain.mine(delta=YEAR)
    bench.accrue()
    paid = -bench.cash(borrower) - borrowed
    earned = bench.cash(lender) - 100_000 * WAD
    assert abs(paid - 4_800 * WAD) < 10**15  # rates are whole WAD per second
    assert 0 <= paid - earned < 100
    assert bench.cash(bench.insurance) == 0
    pool = vault.pool()
    assert pool.supply_index == RAY + earned * RAY // (100_000 * WAD)
    assert pool.time == bench.chain.timestamp


def test_at_full_utilisation(bench: Bench) -> None:
    """When the lender has withdrawn the rest too, the rate is the highest."""
    lender, borrower, borrowed = lend(bench, 100_000, 9_000)
    bench.withdraw(lender, bench.quote, usd(10_000))
    assert bench.registry.borrow_rate(WAD) == 6_000 * WAD // (BPS * YEAR)
    bench.chain.mine(delta=YEAR)
    bench.accrue()
    paid = -bench.cash(borrower) - borrowed
    assert abs(paid - 54_000 * WAD) < 10**15
    assert 0 <= bench.cash(lender) - borrowed - paid + 100 < 101


def test_views_and_actions_count_to_now(bench: Bench, vault: Contract) -> None:
    """Without an accrual everything is told as if there had been one."""
    lender, borrower, _ = lend(bench, 100_000, 5_000)
    bench.chain.mine(delta=30 * DAY)
    told = (vault.pool(), vault.book_of(lender), vault.book_of(borrower))
    bench.accrue()
    assert (vault.pool(), vault.book_of(lender), vault.book_of(borrower)) == told
    assert told[2].cash < -50_000 * WAD


def test_nothing_without_time_or_debt(bench: Bench, vault: Contract) -> None:
    bench.fund(bench.account(bench.stranger), 100_000)
    bench.chain.mine(delta=YEAR)
    bench.accrue()
    assert vault.pool()[2:4] == (RAY, RAY)
    bench.wait(1)
    lend(bench, 100_000, 8_000)
    bench.accrue()
    assert vault.pool()[2:4] == (RAY, RAY)


def test_insurance_has_what_lenders_are_not_due(
    bench: Bench, vault: Contract, account: int, other: int
) -> None:
    """The loser's settled loss of 162,000 leaves a debt of 62,000, the winner's profit is still in
    basis and its cash 10,000: lenders are due interest on as much as they lend."""
    bench.set_rates(Rates(base=1_200, kink_rate=1_200, full_rate=1_200, kink=8_000))
    bench.fund(account, 10_000, wbtc=3 * 10**8)
    bench.fund(other, 100_000)
    bench.approve(account, other)
    bench.trade(account, other, 9 * SIZE)
    bench.move(BTC, 78_000)
    bench.settle(other)
    assert (bench.cash(account), bench.cash(other)) == (10_000 * WAD, -62_000 * WAD)
    bench.chain.mine(delta=30 * DAY)
    receipt = bench.accrue()
    assert [event["account"] for event in logged(receipt, vault.Updated)] == [bench.insurance]
    paid = -bench.cash(other) - 62_000 * WAD
    assert paid > 100 * WAD
    assert bench.cash(account) - 10_000 * WAD == paid * 10 // 62
    assert bench.cash(bench.insurance) == paid - paid * 10 // 62 - 1  # scaled, rounded down


def test_a_change_of_rates_counts_from_now(bench: Bench, vault: Contract) -> None:
    """The registry accrues at the old rates first."""
    lender, borrower, borrowed = lend(bench, 100_000, 8_000)
    bench.wait(DAY)
    bench.set_rates(Rates(base=0, kink_rate=0, full_rate=0, kink=8_000))
    paid = -bench.cash(borrower) - borrowed
    assert paid > 0
    bench.wait(YEAR)
    assert -bench.cash(borrower) - borrowed == paid
    assert bench.cash(lender) == 100_000 * WAD + paid


def test_interest_is_simple_between_accruals(bench: Bench, vault: Contract) -> None:
    """Who accrues more often compounds: a little more for the lender, never less."""
    lend(bench, 100_000, 8_000)
    with bench.chain.isolate():
        bench.chain.mine(delta=DAY)
        simple = vault.pool().supply_index
    for _ in range(24):
        bench.chain.mine(delta=HOUR)
        bench.accrue()
    compound = vault.pool().supply_index
    assert simple < compound < simple + simple // 10**7


def test_tiny_debts(bench: Bench, vault: Contract) -> None:
    """A debt of one token unit accrues as well, rounded up, second by second."""
    bench.fund(bench.account(bench.stranger), 1)
    borrower = bench.fund(bench.account(bench.trader), weth=10**18)
    bench.withdraw(borrower, bench.quote, 1)
    for _ in range(10):
        bench.chain.mine(delta=1)
        bench.accrue()
    assert 10**12 <= -bench.cash(borrower) < 10**12 + 100
