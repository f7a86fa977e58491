"""unlock: the vault calls the caller back, and checks what was touched when the call returns."""

from typing import Any

import pytest

from plimsoll.spec.ledger import QUOTE, Leg
from tests.harness import Contract, Project, impersonate

from .bench import BTC, HOUR, SIZE, WAD, Bench, usd

TRUE = (1).to_bytes(32, "big")
FALSE = bytes(32)


@pytest.fixture
def caller(bench: Bench, project: Project) -> Contract:
    """A contract that makes calls while the vault is unlocked; it owns accounts, too."""
    contract: Contract = project.UnlockCaller.deploy(sender=bench.governor)
    return contract


@pytest.fixture
def its(bench: Bench, caller: Contract) -> int:
    """The contract's account with 10 ether, and tokens of its own that the vault may take."""
    account = bench.account(caller)
    bench.fund(account, weth=10 * 10**18)
    bench.give(bench.quote, impersonate(caller), usd(1_000))
    return account


def run(bench: Bench, caller: Contract, *calls: Any, may_fail: bool = False) -> Any:
    """Each call is (target, calldata)."""
    listed = [(target, data, may_fail) for target, data in calls]
    return caller.run(bench.vault, listed, sender=bench.stranger)


def outputs(caller: Contract, count: int) -> list[bytes]:
    return [caller.outputs(i) for i in range(count)]


def test_one_check_at_the_end(
    bench: Bench, vault: Contract, caller: Contract, its: int, lender: int
) -> None:
    """The contract borrows more than its ether bears, and brings 1,000 of its own in time."""
    borrow = vault.withdraw.encode_input(its, bench.quote, usd(24_000), caller)
    repay = vault.deposit.encode_input(its, bench.quote, usd(1_000))

    def spec(repays: bool) -> None:
        with bench.ledger.batch():
            bench.ledger.withdraw(its, QUOTE, usd(24_000))
            if repays:
                bench.ledger.deposit(its, QUOTE, usd(1_000))

    with bench.refused("vault: margin"):
        bench.both(lambda: spec(False), lambda: run(bench, caller, (vault, borrow)))
    bench.both(lambda: spec(True), lambda: run(bench, caller, (vault, borrow), (vault, repay)))
    assert bench.cash(its) == -23_000 * WAD
    assert bench.quote.balanceOf(caller) == usd(24_000)


def test_is_called_back_with_its_data(bench: Bench, vault: Contract, project: Project) -> None:
    contract = project.inline(
        """
# pragma version 0.4.3
from interfaces import IMarginVault

data: public(Bytes[8192])
sender: public(address)


@external
def run(vault: address, data: Bytes[8192]):
    extcall IMarginVault(vault).unlock(data)


@external
def on_unlock(data: Bytes[8192]):
    self.data = data
    self.sender = msg.sender
""",
        "Keeper",
    ).deploy(sender=bench.stranger)
    for data in (b"", b"\xab" * 8192):
        contract.run(vault, data, sender=bench.stranger)
        assert contract.data() == data
        assert contract.sender() == vault


def test_tells_what_is_pending(bench: Bench, vault: Contract, caller: Contract, its: int) -> None:
    """Inside, the vault tells that it is unlocked, and which accounts are still to be checked."""
    unlocked = (vault, vault.unlocked.encode_input())
    pending = (vault, vault.pending.encode_input(its))
    touch = (vault, vault.set_netting.encode_input(its, 1))
    run(bench, caller, unlocked, pending, touch, pending)
    assert outputs(caller, 4) == [TRUE, FALSE, b"", TRUE]
    assert not vault.unlocked()
    assert not vault.pending(its)


def test_views_work_inside(bench: Bench, vault: Contract, caller: Contract, its: int) -> None:
    """They tell what is so far, checked or not."""
    run(
        bench,
        caller,
        (vault, vault.withdraw.encode_input(its, bench.weth, 4 * 10**18, caller)),
        (vault, vault.totals.encode_input(0)),
        (bench.weth, bench.weth.balanceOf.encode_input(vault)),
    )
    assert outputs(caller, 3)[1:] == [(6 * 10**18).to_bytes(32, "big")] * 2


def test_pending_account_is_not_liquidated(
    bench: Bench, vault: Contract, caller: Contract, its: int, lender: int
) -> None:
    """Made unhealthy on the way, it is out of the liquidator's reach until it is checked."""
    bench.set_liquidator(caller)
    to = bench.fund(bench.account(bench.keeper), 100_000)
    borrow = vault.withdraw.encode_input(its, bench.quote, usd(29_000), caller)
    take = vault.slice.encode_input(its, to, bench.keeper, WAD, 0, 0)
    with bench.refused("vault: check pending"):
        run(bench, caller, (vault, borrow), (vault, take))
    bench.withdraw(its, bench.quote, usd(20_000), sender=impersonate(caller))
    take = vault.slice.encode_input(its, to, bench.keeper, WAD // 2, 0, 0)
    run(bench, caller, (vault, take))
    assert bench.cash(its) == -10_000 * WAD


def test_who_takes_a_slice_is_checked_at_the_end(
    bench: Bench, vault: Contract, caller: Contract, pair: tuple[int, int]
) -> None:
    """It may sell the slice on before that. The price must then be one that opens."""
    account, other = pair
    bench.trade(account, other, 9 * SIZE)
    bench.set_liquidator(caller)
    bench.registry.set_venue(caller, True, sender=bench.governor)
    its = bench.fund(bench.account(caller), 100)
    for item in (other, its):
        bench.set_venue(item, caller)
    take = vault.slice.encode_input(account, its, caller, WAD, 99_900 * WAD, 0)
    legs = bench.legs(other, its, 9 * SIZE)

    def spec(sells: bool) -> None:
        with bench.ledger.batch():
            bench.ledger.slice(account, its, WAD, 99_900 * WAD, 0)
            if sells:
                bench.ledger.book(caller.address, [Leg(*leg) for leg in legs])

    sell = vault.book.encode_input(legs)
    with bench.refused("vault: margin"):
        bench.both(lambda: spec(False), lambda: run(bench, caller, (vault, take)))
    bench.both(lambda: spec(True), lambda: run(bench, caller, (vault, take), (vault, sell)))
    assert vault.book_of(account).positions == vault.book_of(its).positions == []
    assert bench.cash(its) == 200 * WAD


def test_failure_that_is_caught_leaves_the_rest_to_be_checked(
    bench: Bench, vault: Contract, caller: Contract, its: int, lender: int
) -> None:
    """A batch that fails inside is undone with its depth; the outer check still comes."""
    inner = vault.batch.encode_input(
        [
            vault.withdraw.encode_input(its, bench.quote, usd(10), caller),
            vault.set_netting.encode_input(its, 3),
        ]
    )
    borrow = vault.withdraw.encode_input(its, bench.quote, usd(24_000), caller)
    unlocked = vault.unlocked.encode_input()
    run(bench, caller, (vault, inner), (vault, unlocked), may_fail=True)
    assert [caller.successes(i) for i in (0, 1)] == [False, True]
    assert caller.outputs(1) == TRUE
    assert bench.cash(its) == 0
    assert bench.quote.balanceOf(caller) == usd(1_000)
    with bench.refused("vault: margin"):
        run(bench, caller, (vault, inner), (vault, borrow), may_fail=True)


def test_unlock_inside_unlock(
    bench: Bench, vault: Contract, caller: Contract, its: int, lender: int
) -> None:
    """The check waits for the outermost."""
    borrow = vault.withdraw.encode_input(its, bench.quote, usd(24_000), caller)
    repay = vault.deposit.encode_input(its, bench.quote, usd(1_000))
    inner = caller.run.encode_input(vault, [(vault, borrow, False)])
    with bench.refused("vault: margin"):
        run(bench, caller, (caller, inner))
    run(bench, caller, (caller, inner), (vault, repay))
    assert bench.cash(its) == -23_000 * WAD


def test_others_accounts_are_checked_too(
    bench: Bench, vault: Contract, caller: Contract, pair: tuple[int, int]
) -> None:
    """Whoever unlocked, every account that was touched must bear what was done to it."""
    account, other = pair
    bench.registry.set_venue(caller, True, sender=bench.governor)
    for item in pair:
        bench.set_venue(item, caller)
    buy = vault.book.encode_input(bench.legs(account, other, 15 * SIZE))
    sell = vault.book.encode_input(bench.legs(other, account, 15 * SIZE))
    with bench.refused("vault: margin"):
        run(bench, caller, (vault, buy))
    run(bench, caller, (vault, buy), (vault, sell))
    assert vault.book_of(account) == (0, 100_000 * WAD, 0, [], [])


SETTERS = [
    ("registry", "set_engine", "registry: batch under way"),
    ("registry", "set_liquidator", "registry: batch under way"),
    ("registry", "set_insurance", "registry: batch under way"),
    ("engine", "set_underlying", "governed: batch under way"),
    ("engine", "set_asset", "governed: batch under way"),
    ("engine", "set_factors", "governed: batch under way"),
    ("market", "list_market", "governed: batch under way"),
    ("market", "set_feed", "governed: batch under way"),
    ("market", "set_premium_feed", "governed: batch under way"),
    ("market", "set_params", "governed: batch under way"),
]


def arguments(bench: Bench, name: str) -> tuple[Any, ...]:
    """The values that stand already, for a setter."""
    registry, engine, market = bench.registry, bench.engine, bench.market
    found: dict[str, tuple[Any, ...]] = {
        "set_engine": (engine,),
        "set_liquidator": (bench.liquidator,),
        "set_insurance": (registry.insurance(),),
        "set_underlying": (BTC, engine.underlying_params(BTC)),
        "set_asset": (0, engine.asset_params(0)),
        "set_factors": (engine.factors(),),
        "list_market": (9, market.feed(BTC), market.params(BTC)),
        "set_feed": (BTC, market.feed(BTC)),
        "set_premium_feed": (BTC, "0x" + "00" * 20),
        "set_params": (BTC, market.params(BTC)),
    }
    return found[name]


@pytest.mark.parametrize(("contract", "setter", "reason"), SETTERS)
def test_nothing_that_checks_depend_on_is_set_inside(
    bench: Bench, caller: Contract, contract: str, setter: str, reason: str
) -> None:
    """The governor is a contract that unlocks the vault first: the setter refuses, not so alone."""
    bench.registry.transfer_ownership(caller, sender=bench.governor)
    bench.registry.accept_ownership(sender=impersonate(caller))
    target = getattr(bench, contract)
    data = getattr(target, setter).encode_input(*arguments(bench, setter))
    with bench.refused(reason):
        run(bench, caller, (target, data))
    getattr(target, setter)(*arguments(bench, setter), sender=impersonate(caller))


def test_by_who_has_no_callback(bench: Bench, vault: Contract, project: Project) -> None:
    """A key, or a contract without `on_unlock`, cannot be called back."""
    with bench.refused(""):
        vault.unlock(b"", sender=bench.trader)
    with bench.refused(""):
        vault.unlock(b"", sender=impersonate(bench.quote))


def test_callback_that_fails(bench: Bench, caller: Contract) -> None:
    with bench.refused("token: allowance"):
        run(
            bench,
            caller,
            (bench.quote, bench.quote.transferFrom.encode_input(bench.trader, caller, 1)),
        )


def test_nobody_is_unlocked_for_longer(bench: Bench, vault: Contract, caller: Contract) -> None:
    """The next transaction is checked at once again."""
    run(bench, caller)
    bench.wait(HOUR)
    account = bench.fund(bench.account(bench.trader), 1)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, usd(1) + 1)
