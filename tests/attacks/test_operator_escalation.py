"""Keys that were meant for one thing (a trading bot's, a session's) have been used to name other
keys, to approve other spenders, or to send money elsewhere.

Here a permission is for one account and one scope, nobody but the owner gives any, and what an
operator withdraws goes to the owner.
"""

from typing import Any

import pytest

from tests.unit.margin_vault.bench import CONFIGURE, HOUR, TRANSFER, WAD, WITHDRAW, Bench, usd

TRADE, SLICE = "trade", "slice"  # the order book's address, and the liquidator's
SCOPES = [WITHDRAW, TRANSFER, CONFIGURE, TRADE, SLICE]
# what each scope is for; everything else is refused with one of the reasons below
MEANT = {
    "withdraw": WITHDRAW,
    "transfer": TRANSFER,
    "set_netting": CONFIGURE,
    "new collateral": CONFIGURE,
    "cancel": TRADE,
    "liquidate": SLICE,
}
NEVER = ["withdraw elsewhere", "transfer elsewhere", "set_operator", "set_venue", "book", "slice"]
REASONS = {
    "new collateral": "vault: new collateral",
    "cancel": "orders: not authorised",
    "transfer elsewhere": "vault: not one owner",
    "book": "registry: unknown venue",
    "slice": "registry: not liquidator",
}


def attempt(bench: Bench, account: int, operator: Any, action: str) -> Any:
    vault, quote, owner = bench.vault, bench.quote, bench.owner(account)
    victim = bench.account(bench.maker)
    actions = {
        "withdraw": lambda: vault.withdraw(account, quote, 1, owner, sender=operator),
        "withdraw elsewhere": lambda: vault.withdraw(account, quote, 1, operator, sender=operator),
        "transfer": lambda: vault.transfer(account, account + 1, quote, 1, sender=operator),
        "transfer elsewhere": lambda: vault.transfer(
            account, bench.account(operator), quote, 1, sender=operator
        ),
        "set_netting": lambda: vault.set_netting(account, 2, sender=operator),
        "new collateral": lambda: vault.deposit(account, bench.weth, 1, sender=operator),
        "set_operator": lambda: vault.set_operator(
            account, operator, WITHDRAW, 2**40, sender=operator
        ),
        "set_venue": lambda: vault.set_venue(account, operator, WAD, sender=operator),
        "book": lambda: vault.book([(account, 0, 0, -1), (victim, 0, 0, 1)], sender=operator),
        "slice": lambda: vault.slice(victim, account, operator, WAD, 0, 0, sender=operator),
        "cancel": lambda: bench.orders.cancel_below(account, 1, sender=operator),
        "liquidate": lambda: bench.liquidator.liquidate(
            victim, account, WAD, -(2**255), sender=operator
        ),
    }
    return actions[action]()


@pytest.fixture
def operator(bench: Bench, account: int, pair: tuple[int, int]) -> Any:
    """Somebody with tokens of his own; the maker's account can be liquidated."""
    operator = bench.keeper
    bench.give(bench.weth, operator, 10)
    bench.trade(bench.fund(third(bench), 200_000), pair[1], 10 * 10**8)
    bench.jump(1, 66_000)
    return operator


def third(bench: Bench) -> int:
    account = bench.account(bench.stranger)
    bench.approve(account)
    return account


@pytest.mark.parametrize("action", [*MEANT, *NEVER])
@pytest.mark.parametrize("scope", SCOPES)
def test_one_scope_at_a_time(
    bench: Bench, account: int, operator: Any, scope: str, action: str
) -> None:
    target = {TRADE: bench.orders.address, SLICE: bench.liquidator.address}.get(scope, scope)
    expiry = bench.chain.timestamp + HOUR
    bench.vault.set_operator(account, operator, target, expiry, sender=bench.trader)
    reason = REASONS.get(action, "vault: not allowed")
    if action == "transfer elsewhere" and scope != TRANSFER:
        reason = "vault: not allowed"
    if MEANT.get(action) == scope:
        attempt(bench, account, operator, action)
    else:
        with bench.refused(reason):
            attempt(bench, account, operator, action)


@pytest.mark.parametrize("action", [*MEANT, *NEVER])
def test_not_on_another_account(bench: Bench, account: int, operator: Any, action: str) -> None:
    """With every permission on one account there is none on its sister."""
    sister = bench.fund(account + 1, 1_000)
    scopes = [WITHDRAW, TRANSFER, CONFIGURE, bench.orders.address, bench.liquidator.address]
    for scope in scopes:
        bench.vault.set_operator(account, operator, scope, 2**40, sender=bench.trader)
    reason = REASONS.get(action, "vault: not allowed")
    reason = "vault: not allowed" if action == "transfer elsewhere" else reason
    with bench.refused(reason):
        attempt(bench, sister, operator, action)


def test_scope_of_a_venue_is_no_approval_of_it(bench: Bench, account: int, operator: Any) -> None:
    """An operator's scope names a venue, and does not let that venue trade."""
    fresh = bench.fund(bench.account(bench.trader, 9), 1_000)
    bench.vault.set_operator(fresh, operator, bench.venue, 2**40, sender=bench.trader)
    with bench.refused("vault: venue not approved"):
        bench.book([(fresh, 0, 0, -1), (account, 0, 0, 1)])


def test_borrowing_for_the_owner(bench: Bench, account: int, operator: Any, lender: int) -> None:
    """The worst that WITHDRAW does: the owner has the money, and the debt."""
    bench.vault.set_operator(account, operator, WITHDRAW, 2**40, sender=bench.trader)
    bench.fund(account, weth=100 * 10**18)
    before = bench.wealth(bench.trader, account)
    bench.withdraw(account, bench.quote, usd(200_000), sender=operator)
    assert bench.cash(account) < 0
    assert bench.wealth(bench.trader, account) == before
