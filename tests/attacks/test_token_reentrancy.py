"""Tokens that call out while they move have let their callers into a lending pool twice: the second
withdrawal comes before the first one is written down, or one transfer is counted for two deposits.

Here the vault writes first and moves tokens last, and it is locked while they move.
"""

import pytest

from tests.harness import Contract, Project, impersonate
from tests.unit.margin_vault.bench import ALL, Bench, usd


@pytest.fixture
def token(bench: Bench, project: Project) -> Contract:
    """A collateral with hooks; the thief controls what it calls, and it owns an account."""
    token: Contract = project.HookToken.deploy("Hook", "HOOK", 18, sender=bench.governor)
    bench.list_token(token)
    return token


def test_withdrawing_twice(bench: Bench, vault: Contract, token: Contract, lender: int) -> None:
    """While its own 100 are on the way out, the token asks for them again."""
    its = bench.account(token)
    bench.deposit(bench.account(bench.maker), token, 100)
    bench.deposit(its, token, 100)
    again = vault.withdraw.encode_input(its, token, 100, token)
    for hooks in ((again, b""), (b"", again)):
        token.set_hook(vault, *hooks, sender=bench.trader)
        with bench.refused(""):
            vault.withdraw(its, token, 100, bench.trader, sender=impersonate(token))
    token.set_hook(vault, b"", b"", sender=bench.trader)
    bench.withdraw(its, token, ALL)
    with bench.refused("vault: zero amount"):
        bench.withdraw(its, token, ALL)
    assert token.balanceOf(vault) == 100


def test_one_transfer_for_two_deposits(
    bench: Bench, vault: Contract, token: Contract, account: int
) -> None:
    """Inside the trader's deposit the token deposits as well, so that the outer one, measured by
    the vault's balance, would see both."""
    its = bench.account(token)
    owner = impersonate(token)
    bench.give(token, owner, 100)
    bench.give(token, bench.trader, 100)
    token.set_hook(vault, vault.deposit.encode_input(its, token, 100), b"", sender=bench.trader)
    with bench.refused(""):
        vault.deposit(account, token, 100, sender=bench.trader)
    # nor is it a deposit when the hook sends tokens by itself
    token.set_hook(token, token.transfer.encode_input(vault, 100), b"", sender=bench.trader)
    with bench.refused("vault: token takes a fee"):
        vault.deposit(account, token, 100, sender=bench.trader)


def test_borrowing_on_what_is_leaving(
    bench: Bench, vault: Contract, token: Contract, project: Project, lender: int
) -> None:
    """A contract withdraws its collateral and borrows on it from the hook, by an unlock, which
    has no lock itself."""
    caller = project.UnlockCaller.deploy(sender=bench.trader)
    account = bench.account(caller)
    owner = impersonate(caller)
    bench.deposit(account, token, 10**18)
    borrow = vault.withdraw.encode_input(account, bench.quote, usd(1_000), caller)
    unlock = caller.run.encode_input(vault, [(vault, borrow, False)])
    token.set_hook(caller, unlock, b"", sender=bench.trader)
    with bench.refused(""):
        vault.withdraw(account, token, 10**18, caller, sender=owner)
    # it may be made to look fine to the hook; nothing is borrowed all the same
    unlock = caller.run.encode_input(vault, [(vault, borrow, True)])
    token.set_hook(caller, unlock, b"", sender=bench.trader)
    bench.withdraw(account, token, 10**18)
    assert caller.successes(0) is False
    assert bench.quote.balanceOf(caller) == 0
