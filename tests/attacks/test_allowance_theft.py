"""Contracts that call whatever they are told, with users' approvals in their pocket, have been told
to call `transferFrom`.

Here the vault takes tokens from its caller only. It calls back who called `unlock` and nobody else,
and a batch calls the vault itself, with the caller's own rights.
"""

import pytest

from tests.harness import Contract, Project, impersonate, reverts
from tests.unit.margin_vault.bench import ALL, Bench, usd


@pytest.fixture
def victim(bench: Bench) -> Contract:
    """The maker has a thousand, and has approved the vault for everything."""
    bench.quote.mint(bench.maker, usd(1_000), sender=bench.maker)
    bench.quote.approve(bench.vault, ALL, sender=bench.maker)
    return bench.maker


def test_deposit_takes_the_callers(
    bench: Bench, vault: Contract, victim: Contract, account: int
) -> None:
    """There is no argument that names the payer; into whichever account, by batch or not."""
    call = vault.deposit.encode_input(account, bench.quote, usd(1_000))
    for act in (
        lambda: vault.deposit(account, bench.quote, usd(1_000), sender=bench.trader),
        lambda: vault.batch([call], sender=bench.trader),
        lambda: vault.batch([vault.batch.encode_input([call[:68]])], sender=bench.trader),
    ):
        with reverts():
            act()
    assert bench.quote.balanceOf(victim) == usd(1_000)


def test_batch_calls_the_vault_only(bench: Bench, vault: Contract, victim: Contract) -> None:
    """The token's calldata means nothing to the vault."""
    theft = bench.quote.transferFrom.encode_input(victim, bench.trader, usd(1_000))
    with bench.refused(""):
        vault.batch([theft], sender=bench.trader)
    assert bench.quote.balanceOf(victim) == usd(1_000)


def test_unlock_calls_the_caller_only(
    bench: Bench, vault: Contract, project: Project, victim: Contract, account: int
) -> None:
    """A callback is the thief's own call: the vault's approvals are not his, nor its rights."""
    thief = project.UnlockCaller.deploy(sender=bench.trader)
    token = bench.quote
    theft = token.transferFrom.encode_input(victim, thief, usd(1_000))
    with bench.refused("token: allowance"):
        thief.run(vault, [(token, theft, False)], sender=bench.trader)
    bench.fund(bench.account(bench.maker), 0.000001)
    take = vault.withdraw.encode_input(bench.account(victim), token, 1, thief)
    with bench.refused("vault: not allowed"):
        thief.run(vault, [(vault, take, False)], sender=bench.trader)
    with bench.refused(""):  # a token is no callback
        vault.unlock(theft, sender=impersonate(token))


def test_nobody_owns_the_vaults_own_account(
    bench: Bench, vault: Contract, project: Project
) -> None:
    """An account of the vault's address, or of nobody's, can be filled, and never emptied: the
    vault calls itself only for its caller."""
    for owner in (vault.address, "0x" + "00" * 20):
        lost = bench.account(impersonate(owner))
        bench.give(bench.quote, bench.stranger, usd(1))
        vault.deposit(lost, bench.quote, usd(1), sender=bench.stranger)
        call = vault.withdraw.encode_input(lost, bench.quote, usd(1), bench.trader)
        with reverts("vault: not allowed"):
            vault.batch([call], sender=bench.trader)
        with reverts(""):
            vault.batch([vault.batch.encode_input([call[:100]])], sender=bench.trader)
