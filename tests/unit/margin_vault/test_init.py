"""A vault is for one registry, one market and one quote token, for ever."""

import pytest

from plimsoll.spec.wad import RAY
from tests.harness import Contract, Project, reverts

from .bench import Bench


def test_is_empty(bench: Bench, vault: Contract) -> None:
    assert vault.registry() == bench.registry
    assert vault.market() == bench.market
    assert vault.quote() == bench.quote
    pool = vault.pool()
    assert (pool.supply, pool.borrow, pool.tokens, pool.basis) == (0, 0, 0, 0)
    assert (pool.supply_index, pool.borrow_index) == (RAY, RAY)
    assert pool.time == bench.chain.timestamp


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_quote_counts_in_wad(bench: Bench, project: Project, decimals: int) -> None:
    """One whole token of the trader's is 1e18 of cash, whatever its decimals."""
    token = project.Token.deploy("Dollar", "USD", decimals, sender=bench.governor)
    vault = project.MarginVault.deploy(bench.registry, bench.market, token, sender=bench.governor)
    account = bench.account(bench.trader)
    token.mint(bench.trader, 10**decimals, sender=bench.trader)
    token.approve(vault, 10**decimals, sender=bench.trader)
    vault.deposit(account, token, 10**decimals, sender=bench.trader)
    assert vault.book_of(account).cash == vault.pool().tokens == 10**18


def test_quote_with_too_many_decimals(bench: Bench, project: Project) -> None:
    token = project.Token.deploy("Dollar", "USD", 19, sender=bench.governor)
    with reverts("vault: quote decimals"):
        project.MarginVault.deploy(bench.registry, bench.market, token, sender=bench.governor)
