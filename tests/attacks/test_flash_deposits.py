"""Where rewards or interest are shared by balances of the moment, somebody deposits a loan for one
block, takes a share of what others earned in a month, and leaves.

Here interest up to a moment is accrued before a deposit of that moment counts, and settling
somebody else's profit gives nobody a share of it.
"""

import pytest

from plimsoll.spec.ledger import QUOTE
from tests.unit.margin_vault.bench import ALL, BTC, DAY, WAD, Bench, usd


@pytest.fixture
def month(bench: Bench, lender: int) -> int:
    """A borrower of 800,000 has not been accrued for a month."""
    borrower = bench.fund(bench.account(bench.keeper), wbtc=100 * 10**8)
    bench.withdraw(borrower, bench.quote, usd(800_000))
    bench.wait(30 * DAY)
    return borrower


def flash(bench: Bench, account: int, amount: int, *between: object) -> int:
    """What a deposit, some calls of the vault and a withdrawal of it all leave, in one batch."""
    vault, quote, thief = bench.vault, bench.quote, bench.trader
    bench.give(quote, thief, amount)
    before = quote.balanceOf(thief)
    calls = [
        vault.deposit.encode_input(account, quote, amount),
        *[call for call, _ in between],
        vault.withdraw.encode_input(account, quote, ALL, thief),
    ]
    specs = [
        lambda: bench.ledger.deposit(account, QUOTE, amount),
        *[spec for _, spec in between],
        lambda: bench.ledger.withdraw(account, QUOTE, ALL),
    ]
    bench.batch(calls, specs, thief)
    return quote.balanceOf(thief) - before


def test_around_an_accrual(bench: Bench, month: int, lender: int, account: int) -> None:
    """A hundred million for a moment, with the month's interest in it: not a unit of that."""
    vault = bench.vault
    due = bench.cash(lender)
    accrual = (vault.accrue.encode_input(), bench.ledger.accrue)
    assert -1 <= flash(bench, account, usd(10**8), accrual) <= 0
    assert bench.cash(lender) == due


def test_around_a_settlement(bench: Bench, pair: tuple[int, int], lender: int) -> None:
    """A profit of 3,000 and a loss of 3,000 are settled in between."""
    bench.trade(*pair)
    bench.move(BTC, 63_000)
    thief = bench.account(bench.trader, 7)
    settling = [
        (bench.vault.settle.encode_input(item), lambda item=item: bench.ledger.settle(item))
        for item in pair
    ]
    assert -1 <= flash(bench, thief, usd(10**8), *settling) <= 0
    assert [bench.cash(item) for item in pair] == [103_000 * WAD, 97_000 * WAD]


def test_rate_of_the_moment(bench: Bench, month: int, lender: int, account: int) -> None:
    """A flash deposit makes utilisation small for a moment in which no time passes: what borrowers
    owe is what they would have owed."""
    with bench.chain.isolate():
        bench.chain.mine(delta=DAY)
        owed = bench.cash(month)
    flash(bench, account, usd(10**8))
    bench.chain.mine(delta=DAY)
    # the month is compounded by a touch of the pool, which is all the difference
    assert 0 <= owed - bench.cash(month) < 800_000 * WAD // 10**4


def test_before_a_price(bench: Bench, account: int, other: int) -> None:
    """Prices are what feeds tell in a transaction, whatever is deposited before they are asked."""
    bench.fund(other, 100_000)
    before = bench.market.peek(BTC)
    flash(bench, account, usd(10**8))
    assert bench.market.peek(BTC) == before
