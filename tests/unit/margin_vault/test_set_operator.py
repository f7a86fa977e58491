"""set_operator: the owner lets somebody act for an account, in one scope, until a time."""

import pytest

from tests.harness import Contract

from .bench import CONFIGURE, HOUR, TRANSFER, WITHDRAW, Bench, logged


@pytest.mark.parametrize("scope", [WITHDRAW, TRANSFER, CONFIGURE, "0x" + "ab" * 20])
def test_permission(bench: Bench, vault: Contract, account: int, scope: str) -> None:
    """It is for this account, this operator and this scope, and lasts to its last second."""
    expiry = bench.chain.timestamp + HOUR
    receipt = vault.set_operator(account, bench.keeper, scope, expiry, sender=bench.trader)
    [event] = logged(receipt, vault.OperatorChanged)
    assert event["scope"].lower() == scope
    del event["scope"]
    assert event == {"account": account, "operator": bench.keeper.address, "expiry": expiry}
    assert vault.operators(account, bench.keeper, scope) == expiry
    assert vault.may(account, bench.keeper, scope)
    assert not vault.may(account + 1, bench.keeper, scope)
    assert not vault.may(account, bench.maker, scope)
    for another in {WITHDRAW, TRANSFER, CONFIGURE, bench.orders.address} - {scope}:
        assert not vault.may(account, bench.keeper, another)
    bench.chain.mine(delta=HOUR)
    assert vault.may(account, bench.keeper, scope)
    bench.chain.mine(delta=1)
    assert not vault.may(account, bench.keeper, scope)


def test_ends_at_once(bench: Bench, vault: Contract, account: int) -> None:
    now = bench.chain.timestamp
    vault.set_operator(account, bench.keeper, CONFIGURE, now + HOUR, sender=bench.trader)
    vault.set_operator(account, bench.keeper, CONFIGURE, 0, sender=bench.trader)
    assert not vault.may(account, bench.keeper, CONFIGURE)


def test_by_the_owner_only(bench: Bench, vault: Contract, account: int) -> None:
    """An operator, whatever the scope, names nobody, not even itself for longer."""
    expiry = bench.chain.timestamp + HOUR
    for scope in (WITHDRAW, TRANSFER, CONFIGURE):
        vault.set_operator(account, bench.keeper, scope, expiry, sender=bench.trader)
    for sender in (bench.keeper, bench.stranger, bench.governor):
        with bench.refused("vault: not allowed"):
            vault.set_operator(account, bench.keeper, WITHDRAW, expiry + 1, sender=sender)
