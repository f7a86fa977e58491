"""The first depositor of an empty pool can own all of its shares with a wei, inflate what a share
is worth, and keep what later deposits lose to rounding.

Here cash is scaled by an interest index that starts at one and grows by interest alone. While the
pool holds a few wei, rounding is all the interest there is: it can push the index a little per
second, never by a gift, and what a deposit loses to it is some wei of 1e18.
"""

from plimsoll.spec.wad import RAY
from tests.unit.margin_vault.bench import ALL, WAD, Bench, usd

ROUNDS = 40


def test_first_wei(bench: Bench, account: int, other: int) -> None:
    """The thief lends one wei to an own account, and accrues for as long as he likes."""
    bench.fund(other, weth=10**18)
    bench.approve(other)
    bench.book([(other, 0, 0, -1), (account, 0, 0, 1)])
    assert bench.vault.pool()[:2] == (1, 1)
    for _ in range(ROUNDS):
        bench.wait(1)
        bench.accrue()
        debt = -bench.cash(other)
        bench.book([(other, 0, 0, -debt), (account, 0, 0, debt)])
    index = bench.vault.pool().supply_index
    assert index < ROUNDS * RAY

    victim = bench.account(bench.stranger)
    bench.deposit(victim, bench.quote, usd(1))
    assert WAD - ROUNDS <= bench.cash(victim) <= WAD
    thief = bench.cash(account) + bench.cash(other)
    bench.wait(1)
    bench.accrue()
    assert bench.cash(account) + bench.cash(other) <= thief
    assert bench.withdraw(victim, bench.quote, ALL).return_value >= usd(1) - 1


def test_first_deposit_and_a_gift(bench: Bench, account: int) -> None:
    """The classic: a unit deposited, a million sent, a victim's deposit in between."""
    bench.deposit(account, bench.quote, 1)
    bench.send(bench.quote, usd(1_000_000), bench.trader)
    victim = bench.fund(bench.account(bench.stranger), 1_999_999)
    assert bench.cash(victim) == 1_999_999 * WAD
    assert bench.cash(account) == 10**12
    assert bench.withdraw(victim, bench.quote, ALL).return_value == usd(1_999_999)


def test_empty_pool_with_a_debt(bench: Bench, account: int, other: int) -> None:
    """All cash is withdrawn, a debt is left: no division by nothing, and the next depositor has
    what he deposits."""
    bench.fund(other, 1_000)
    bench.fund(account, weth=10**18)
    bench.withdraw(account, bench.quote, usd(900))
    bench.withdraw(other, bench.quote, usd(100))
    bench.approve(other)
    left = bench.cash(other)
    bench.book([(other, 0, 0, -left), (account, 0, 0, left)])
    assert bench.vault.pool()[:2] == (0, 0)
    bench.wait(1)
    bench.fund(bench.account(bench.stranger), 5)
    assert bench.cash(bench.account(bench.stranger)) == 5 * WAD
