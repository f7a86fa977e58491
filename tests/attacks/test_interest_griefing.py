"""Accruing interest every block, or with debts of a wei, has made rounding eat what lenders were
due, or made debts grow faster than the rate.

Here the indexes have 27 digits, rounding is against who owes and never lost for who lends by more
than a wei of a billion, and many accruals only compound.
"""

from plimsoll.spec.wad import WAD
from tests.harness import CHAIN
from tests.unit.margin_vault.bench import BTC, SIZE, Bench, usd

ROUNDS = 500 if CHAIN == "pyrevm" else 20


def test_an_accrual_every_second(bench: Bench, account: int, lender: int) -> None:
    """After so many seconds, lender and borrower are where one accrual would have brought them,
    but for compounding, which is in the lender's favour."""
    bench.fund(account, wbtc=100 * 10**8)
    bench.withdraw(account, bench.quote, usd(800_000))
    with bench.chain.isolate():
        bench.chain.mine(delta=ROUNDS)
        lent, owed = bench.cash(lender), -bench.cash(account)
    for _ in range(ROUNDS):
        bench.chain.mine(delta=1)
        bench.vault.accrue(sender=bench.trader)
    more_lent, more_owed = bench.cash(lender) - lent, -bench.cash(account) - owed
    assert -ROUNDS < more_lent < 10**13
    assert 0 <= more_owed < 10**13
    pool = bench.vault.pool()
    due = -bench.cash(account) - 800_000 * WAD
    assert 0 <= due - (bench.cash(lender) - 1_000_000 * WAD) <= ROUNDS
    assert pool.tokens == 200_000 * WAD


def test_debts_of_a_wei(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """Sixteen accounts owe a wei each, and accrue second by second: nobody is due anything for it,
    and the vault is not short of a wei."""
    debtors = [bench.account(bench.trader, number) for number in range(10, 26)]
    for debtor in debtors:
        bench.fund(debtor, weth=10**12)
        bench.approve(debtor)
    bench.book([*[(debtor, 0, 0, -1) for debtor in debtors], (twins[0], 0, 0, 16)])
    for _ in range(10):
        bench.wait(1)
        bench.accrue()
    # each owes a wei more at most for the first second, and none for the next
    assert all(-2 <= bench.cash(debtor) <= -1 for debtor in debtors)
    assert bench.cash(lender) <= 1_000_000 * WAD + 32


def test_interest_does_not_liquidate_out_of_nothing(
    bench: Bench, twins: tuple[int, int], lender: int
) -> None:
    """Settling and accruing for somebody else, again and again, takes no more than a wei each."""
    long, short = twins
    bench.trade(long, short, 12_345_678)
    bench.jump(BTC, 59_999.99999999)
    before = bench.equity(long)
    for _ in range(20):
        bench.settle(long)
        bench.accrue()
    assert before - 20 <= bench.equity(long) <= before
    assert bench.vault.position(long, bench.btc) == 12_345_678 < SIZE
