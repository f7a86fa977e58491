"""set_netting: how much of an account's risk is netted is its owner's choice."""

import pytest

from plimsoll.spec.market import STALE
from plimsoll.spec.words import PORTFOLIO, POSITION, UNDERLYING
from tests.harness import Contract

from .bench import BTC, CONFIGURE, DAY, HOUR, SIZE, TRANSFER, WAD, Bench, logged, usd


@pytest.mark.parametrize("level", [POSITION, UNDERLYING, PORTFOLIO])
def test_level(bench: Bench, vault: Contract, account: int, level: int) -> None:
    bench.fund(account, 1)
    receipt = bench.set_netting(account, level)
    assert logged(receipt, vault.NettingChanged) == [{"account": account, "level": level}]
    assert logged(receipt, vault.Updated) == [{"account": account, "word": WAD << 152 | level}]
    assert vault.book_of(account).level == level


def test_changes_what_the_account_needs(bench: Bench, pair: tuple[int, int], lender: int) -> None:
    """One bitcoin sold against one held: the more is netted, the less is needed."""
    account, other = pair
    bench.fund(account, wbtc=10**8)
    bench.trade(other, account)
    needs = []
    for level in (POSITION, UNDERLYING, PORTFOLIO):
        bench.set_netting(account, level)
        needs.append(bench.margin(account).maintenance)
    assert needs[0] == needs[1] > 5 * needs[2]


def test_needs_initial_margin(bench: Bench, pair: tuple[int, int], lender: int) -> None:
    """Who has used what netting saves must pay it back before choosing less of it."""
    account, other = pair
    bench.fund(account, wbtc=10**8)
    bench.trade(other, account)
    bench.set_netting(account, PORTFOLIO)
    margin = bench.margin(account)
    bench.withdraw(account, bench.quote, (margin.equity - margin.initial) // 10**12)
    with bench.refused("vault: margin"):
        bench.set_netting(account, UNDERLYING)
    bench.deposit(account, bench.quote, usd(30_000))
    bench.set_netting(account, UNDERLYING)


def test_what_is_safer_is_always_allowed(bench: Bench, pair: tuple[int, int]) -> None:
    """A short account on stale prices may net more, which lowers its margin, but not less."""
    account, other = pair
    bench.fund(account, wbtc=10**8)
    bench.trade(other, account, 9 * SIZE)
    bench.jump(BTC, 68_000)
    bench.chain.mine(delta=5 * HOUR)
    margin = bench.margin(account)
    assert margin.equity < margin.initial
    assert margin.validity == STALE
    bench.set_netting(account, PORTFOLIO)
    assert bench.margin(account).maintenance < margin.maintenance
    with bench.refused("vault: margin"):
        bench.set_netting(account, UNDERLYING)


def test_needs_no_price_without_risk(bench: Bench, account: int) -> None:
    bench.fund(account, 1, weth=1)
    bench.chain.mine(delta=30 * DAY)
    bench.set_netting(account, PORTFOLIO)


def test_unknown_level(bench: Bench, account: int) -> None:
    for level in (3, 2**256 - 1):
        with bench.refused("vault: unknown level"):
            bench.set_netting(account, level)


def test_operator(bench: Bench, vault: Contract, account: int) -> None:
    now = bench.chain.timestamp
    vault.set_operator(account, bench.keeper, CONFIGURE, now + HOUR, sender=bench.trader)
    vault.set_operator(account, bench.maker, TRANSFER, now + HOUR, sender=bench.trader)
    bench.set_netting(account, PORTFOLIO, sender=bench.keeper)
    with bench.refused("vault: not allowed"):
        vault.set_netting(account, POSITION, sender=bench.maker)
    bench.wait(HOUR + 1)
    with bench.refused("vault: not allowed"):
        vault.set_netting(account, POSITION, sender=bench.keeper)


def test_stranger(bench: Bench, vault: Contract, account: int) -> None:
    with bench.refused("vault: not allowed"):
        vault.set_netting(account, PORTFOLIO, sender=bench.stranger)
