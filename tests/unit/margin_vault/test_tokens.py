"""Tokens that do not behave: as collateral, and as the quote token of a vault of their own."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.harness import Contract, Project, impersonate, reverts

from .bench import ALL, WAD, Bench, usd

Maker = Callable[..., Contract]


@pytest.fixture
def make(bench: Bench, project: Project) -> Maker:
    """Lists a token as collateral."""

    def make(kind: str, decimals: int = 18) -> Contract:
        token = getattr(project, kind).deploy("Coin", "COIN", decimals, sender=bench.governor)
        bench.list_token(token)
        return token

    return make


def with_quote(bench: Bench, kind: str) -> Bench:
    """The same with another vault, whose quote token is an odd one."""
    project, governor = bench.project, bench.governor
    token = getattr(project, kind).deploy("Dollar", "USD", 6, sender=governor)
    vault = project.MarginVault.deploy(bench.registry, bench.market, token, sender=governor)
    protocol = SimpleNamespace(**{**vars(bench.protocol), "quote": token, "vault": vault})
    return Bench(project, bench.chain, protocol, bench.venue)


# -- tokens that return nothing --------------------------------------------------------------------


@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_silent_token_works(bench: Bench, make: Maker, account: int, decimals: int) -> None:
    """Its transfers tell nothing, which is as good as true."""
    token = make("SilentToken", decimals)
    bench.deposit(account, token, 1_000)
    bench.withdraw(account, token, 400)
    assert bench.withdraw(account, token, ALL).return_value == 600
    assert token.balanceOf(bench.trader) == 1_000


# -- tokens that say no ----------------------------------------------------------------------------


def test_false_is_a_failure(bench: Bench, vault: Contract, make: Maker, account: int) -> None:
    """Where nothing is paid, nothing is credited, and nothing debited."""
    token = make("FalseToken")
    token.mint(bench.trader, 100, sender=bench.trader)
    with bench.refused("vault: transfer failed"):
        vault.deposit(account, token, 100, sender=bench.trader)
    bench.deposit(account, token, 100)
    bench.withdraw(account, token, 50)

    thief = impersonate(vault)  # no such thing happens, but then the token would say no
    token.transfer(bench.stranger, 50, sender=thief)
    with reverts("vault: transfer failed"):
        vault.withdraw(account, token, 50, bench.trader, sender=bench.trader)
    token.transfer(vault, 50, sender=bench.stranger)
    bench.withdraw(account, token, 50)


# -- tokens that take a fee ------------------------------------------------------------------------


def test_fee_token_is_refused(bench: Bench, vault: Contract, make: Maker, account: int) -> None:
    """What arrives must be what was sent; a transfer too small for a fee is as good as any."""
    token = make("FeeToken")
    bench.give(token, bench.trader, 1_000)
    with bench.refused("vault: token takes a fee"):
        vault.deposit(account, token, 100, sender=bench.trader)
    assert token.balanceOf(bench.trader) == 1_000
    bench.deposit(account, token, 99, mint=False)
    assert token.balanceOf(vault) == vault.totals(bench.asset(token)) == 99


# -- tokens whose balances change ------------------------------------------------------------------


def test_rebase_upward_is_nobodys(bench: Bench, make: Maker, account: int) -> None:
    """Balances double: the account has what it deposited, the rest is just there."""
    token = make("RebasingToken")
    bench.deposit(account, token, 1_000)
    token.set_factor(2 * WAD, sender=bench.stranger)
    bench.sent[bench.asset(token)] = 1_000
    bench.check()
    assert bench.vault.totals(bench.asset(token)) == 1_000
    with bench.refused("vault: balance"):
        bench.withdraw(account, token, 1_001)
    bench.withdraw(account, token, ALL)
    assert token.balanceOf(bench.trader) == 1_000
    assert token.balanceOf(bench.vault) == 1_000


def test_rebase_downward_is_the_last_ones_loss(
    bench: Bench, vault: Contract, make: Maker, account: int, other: int
) -> None:
    """Balances halve: who withdraws first is paid in full, then the token has no more. Nothing
    else is touched: cash and other collateral leave as ever."""
    token = make("RebasingToken")
    for item in (account, other):
        bench.deposit(item, token, 1_000)
        bench.fund(item, 50, weth=10)
    token.set_factor(WAD // 2, sender=bench.stranger)
    asset = bench.asset(token)
    bench.sent[asset] = -1_000
    bench.check()
    assert bench.withdraw(account, token, ALL).return_value == 1_000
    assert token.balanceOf(vault) == 0
    with bench.refused("token: balance"):
        vault.withdraw(other, token, 1, bench.maker, sender=bench.maker)
    assert vault.book_of(other).collateral[-1] == (asset, 1_000, 1_000)
    for item in (account, other):
        bench.withdraw(item, bench.quote, ALL)
        bench.withdraw(item, bench.weth, ALL)


def test_rounding_of_a_rebasing_token_is_a_fee(
    bench: Bench, vault: Contract, make: Maker, account: int
) -> None:
    """Where shares round, less arrives than was sent, which is refused."""
    token = make("RebasingToken")
    token.set_factor(3 * WAD, sender=bench.stranger)
    bench.give(token, bench.trader, 3_000)
    with bench.refused("vault: token takes a fee"):
        vault.deposit(account, token, 1_000, sender=bench.trader)
    bench.deposit(account, token, 999, mint=False)


# -- tokens that are simply sent -------------------------------------------------------------------


def test_sent_tokens_change_nothing(bench: Bench, account: int, other: int) -> None:
    """Quote and collateral that come without a deposit are nobody's: no balance, no total, no
    utilisation and no interest moves, and no withdrawal can reach them."""
    bench.fund(account, 1_000, weth=10**18)
    bench.fund(other, 1_000)
    before = (bench.vault.pool(), bench.vault.book_of(account), bench.vault.book_of(other))
    bench.send(bench.quote, usd(10_000), bench.stranger)
    bench.send(bench.weth, 10**18, bench.stranger)
    after = (bench.vault.pool(), bench.vault.book_of(account), bench.vault.book_of(other))
    assert before == after
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, usd(5_000))
    for item in (account, other):
        bench.withdraw(item, bench.quote, ALL)
    bench.withdraw(account, bench.weth, ALL)
    assert bench.quote.balanceOf(bench.vault) == usd(10_000)
    assert bench.weth.balanceOf(bench.vault) == 10**18


# -- as quote token --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SilentToken", "FalseToken", "HookToken"])
def test_as_quote(bench: Bench, kind: str) -> None:
    odd = with_quote(bench, kind)
    account = odd.fund(odd.account(odd.trader), 100)
    odd.withdraw(account, odd.quote, usd(40))
    odd.transfer(account, account + 1, odd.quote, usd(10))
    odd.withdraw(account, odd.quote, ALL)
    assert odd.quote.balanceOf(odd.trader) == usd(90)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("FalseToken", "vault: transfer failed"), ("FeeToken", "vault: token takes a fee")],
)
def test_refused_as_quote(bench: Bench, kind: str, reason: str) -> None:
    odd = with_quote(bench, kind)
    odd.quote.mint(odd.trader, usd(100), sender=odd.trader)
    odd.quote.approve(odd.vault, usd(99) if kind == "FalseToken" else ALL, sender=odd.trader)
    with odd.refused(reason):
        odd.vault.deposit(odd.account(odd.trader), odd.quote, usd(100), sender=odd.trader)


def test_hooks_of_the_quote_token(bench: Bench) -> None:
    """A credit stands before its tokens arrive, but nobody can use it or see it in between."""
    odd = with_quote(bench, "HookToken")
    owner, its = impersonate(odd.quote), odd.account(odd.quote)
    account = odd.fund(odd.account(odd.trader), 100)
    odd.fund(its, 100)
    odd.give(odd.quote, odd.trader, usd(1))
    odd.vault.withdraw.call(its, odd.quote, usd(50), odd.stranger, sender=owner)
    for attempt in (
        odd.vault.withdraw.encode_input(its, odd.quote, usd(50), odd.stranger),
        odd.vault.pool.encode_input(),
    ):
        for hooks in ((attempt, b""), (b"", attempt)):
            odd.quote.set_hook(odd.vault, *hooks, sender=odd.stranger)
            with odd.refused(""):
                odd.vault.deposit(account, odd.quote, usd(1), sender=odd.trader)
            with odd.refused(""):
                odd.vault.withdraw(account, odd.quote, usd(1), odd.trader, sender=odd.trader)
