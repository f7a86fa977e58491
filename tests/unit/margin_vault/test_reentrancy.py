"""While a token moves, the vault is locked: its hooks call nothing in it, and read nothing."""

from typing import Any

import pytest

from tests.harness import Contract, Project, impersonate

from .bench import WAD, Bench, usd

NAMES = [
    *("deposit", "withdraw", "transfer", "set_netting", "set_operator", "set_venue"),
    *("book", "settle", "accrue", "slice"),
    *("pending", "book_of", "position", "may", "allowance", "words", "totals", "pool"),
    "operators",
]


@pytest.fixture
def token(bench: Bench, project: Project) -> Contract:
    """A collateral with hooks. It owns an account itself, may book trades and liquidate."""
    token: Contract = project.HookToken.deploy("Hook", "HOOK", 18, sender=bench.governor)
    bench.list_token(token)
    owner = impersonate(token)
    account = bench.account(token)
    bench.fund(account, 100)
    bench.give(bench.quote, owner, usd(100))
    bench.registry.set_venue(token, True, sender=bench.governor)
    bench.set_liquidator(token)
    bench.set_venue(account, token)
    return token


def arguments(bench: Bench, token: Contract, name: str) -> tuple[Any, ...]:
    """What the token could do, if it were not for the lock."""
    account, trader = bench.account(token), bench.account(bench.trader)
    legs = [(account, 0, 0, -WAD), (trader, 0, 0, WAD)]
    found: dict[str, tuple[Any, ...]] = {
        "deposit": (account, bench.quote, 1),
        "withdraw": (account, bench.quote, 1, token),
        "transfer": (account, account + 1, bench.quote, 1),
        "set_netting": (account, 1),
        "set_operator": (account, bench.stranger, bench.orders, 2**40),
        "set_venue": (account, bench.venue, 1),
        "book": (legs,),
        "settle": (account,),
        "accrue": (),
        "slice": (trader, account, token, 0, WAD, 0),
        "pending": (account,),
        "book_of": (account,),
        "position": (account, bench.btc),
        "may": (account, bench.stranger, bench.orders),
        "allowance": (account, bench.venue),
        "words": (account,),
        "totals": (0,),
        "pool": (),
        "operators": (account, bench.stranger, bench.orders),
    }
    return found[name]


def test_every_function_is_listed(vault: Contract) -> None:
    """But for what never changes, and what works on purpose: `batch`, `unlock` and `unlocked`."""
    constant = {"registry", "market", "quote", "WITHDRAW", "TRANSFER", "CONFIGURE"}
    reentrant = {"batch", "unlock", "unlocked"}
    assert set(vault.factory.methods) - constant - reentrant == set(NAMES)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", NAMES)
def test_locked(
    bench: Bench, vault: Contract, token: Contract, account: int, name: str, when: str
) -> None:
    """Alone the token can make the call; as a hook of a deposit or a withdrawal it cannot."""
    function, args = getattr(vault, name), arguments(bench, token, name)
    function.call(*args, sender=impersonate(token))
    bench.deposit(account, token, 10)
    calls = {"before": b"", "after": b"", when: function.encode_input(*args)}
    bench.give(token, bench.trader, 10)
    token.set_hook(vault, calls["before"], calls["after"], sender=bench.stranger)
    with bench.refused(""):
        vault.deposit(account, token, 1, sender=bench.trader)
    with bench.refused(""):
        vault.withdraw(account, token, 1, bench.trader, sender=bench.trader)
    assert token.calls() == 0


@pytest.mark.parametrize("name", ["deposit", "withdraw", "set_netting", "accrue"])
def test_batch_is_no_way_around(
    bench: Bench, vault: Contract, token: Contract, account: int, name: str
) -> None:
    """A batch may start inside a hook, but the calls in it meet the lock."""
    bench.deposit(account, token, 10)
    call = getattr(vault, name).encode_input(*arguments(bench, token, name))
    token.set_hook(vault, vault.batch.encode_input([call]), b"", sender=bench.stranger)
    with bench.refused(""):
        vault.withdraw(account, token, 1, bench.trader, sender=bench.trader)


def test_empty_batch_inside_does_no_harm(
    bench: Bench, vault: Contract, token: Contract, account: int, lender: int
) -> None:
    """It neither ends the batch around it, nor checks what is still pending there."""
    bench.fund(account, weth=10**18)
    bench.deposit(account, token, 10)
    bench.give(bench.quote, bench.trader, usd(2_000))
    hook = vault.batch.encode_input([])
    token.set_hook(vault, hook, hook, sender=bench.stranger)
    calls = [
        vault.withdraw.encode_input(account, bench.quote, usd(2_500), bench.trader),
        vault.withdraw.encode_input(account, token, 1, bench.trader),
    ]
    repay = vault.deposit.encode_input(account, bench.quote, usd(1_000))
    with bench.refused("vault: margin"):
        vault.batch(calls, sender=bench.trader)
    vault.batch([*calls, repay], sender=bench.trader)
    assert token.calls() == 2
    assert bench.cash(account) == -1_500 * WAD


def test_unlocked_can_be_asked(
    bench: Bench, vault: Contract, token: Contract, account: int
) -> None:
    """Setters elsewhere ask it, so it answers always."""
    bench.deposit(account, token, 10)
    ask = vault.unlocked.encode_input()
    token.set_hook(vault, ask, ask, sender=bench.stranger)
    bench.withdraw(account, token, 1)
    assert token.calls() == 2
