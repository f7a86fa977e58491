"""What is told to be available is what `withdraw` lets out, and not a unit more."""

from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec import explain
from plimsoll.spec.ledger import QUOTE
from plimsoll.spec.words import call, future, put
from tests.deployment import BTC, ETH, SOL
from tests.harness import Contract, Reverted, reverts

from .desk import Desk

WITHDRAW = 1  # in the registry's flag of actions


def available(desk: Desk, account: int) -> dict[int, int]:
    tokens = desk.tokens(account).items()
    return {asset: desk.lens.available(account, token) for asset, token in tokens}


def withdraw(desk: Desk, account: int, token: Any, amount: int) -> None:
    owner = desk.trader
    desk.vault.withdraw(account, token, amount, owner, sender=owner)


def check(desk: Desk, account: int) -> dict[int, int]:
    """Each token: the specification says so, all of it goes out, and a unit more does not."""
    told = available(desk, account)
    ledger = desk.ledger(account)
    for asset, token in desk.tokens(account).items():
        amount = told[asset]
        assert amount == explain.available(ledger, account, asset)
        with desk.chain.isolate():
            if amount:
                before = token.balanceOf(desk.trader)
                withdraw(desk, account, token, amount)
                assert token.balanceOf(desk.trader) == before + amount
        with reverts():
            withdraw(desk, account, token, amount + 1)
    return told


def test_margin_is_the_bound(desk: Desk, account: int, counter: int) -> None:
    """Quote down to what covers initial margin: on credit, against the collateral."""
    desk.trade(account, counter, BTC, 45)
    margin = desk.margin(account)
    told = check(desk, account)
    assert told[QUOTE] == (margin.equity - margin.initial) // 10**12
    with reverts("vault: margin"):
        withdraw(desk, account, desk.quote, told[QUOTE] + 1)
    with reverts("vault: margin"):
        withdraw(desk, account, desk.wbtc, told[desk.assets["WBTC"]] + 1)
    assert 0 < told[desk.assets["WBTC"]] < 10 * 10**8
    assert 0 < told[desk.assets["WETH"]] <= 100 * 10**18


def test_liquidity_is_the_bound(desk: Desk) -> None:
    """What lenders have is lent, so what is there is less than the cash."""
    account = desk.open(desk.trader, 1, quote=1_000)
    borrower = desk.open(desk.taker, 5, weth=10)
    desk.vault.withdraw(
        borrower,
        desk.quote,
        desk.lens.available(borrower, desk.quote),
        desk.taker,
        sender=desk.taker,
    )
    assert check(desk, account)[QUOTE] == 100 * 10**6
    with reverts("vault: no liquidity"):
        withdraw(desk, account, desk.quote, 100 * 10**6 + 1)


def test_utilisation_is_the_bound(desk: Desk) -> None:
    """A loan must leave a tenth of the others' cash."""
    desk.open(desk.taker, 6, quote=1_000)
    account = desk.open(desk.trader, 2, weth=10, quote=10)
    assert check(desk, account)[QUOTE] == 910 * 10**6
    with reverts("vault: utilisation"):
        withdraw(desk, account, desk.quote, 910 * 10**6 + 1)


def test_without_risk_everything_is(desk: Desk) -> None:
    """An account that owes nothing needs no price to leave."""
    account = desk.open(desk.trader, 3, weth=2, wbtc=1)
    desk.chain.mine(delta=7 * 86_400)
    assert check(desk, account) == {
        QUOTE: 0,
        desk.assets["WETH"]: 2 * 10**18,
        desk.assets["WBTC"]: 10**8,
    }
    desk.open(desk.trader, 3, quote=7)
    assert check(desk, account)[QUOTE] == 7 * 10**6


def test_all_cash_beside_options_that_are_long(desk: Desk, counter: int) -> None:
    """However old prices are; beside collateral none of it goes, unless all of that does."""
    account = desk.open(desk.trader, 7, quote=10_000)
    desk.deal(account, counter, call(BTC, desk.list_expiry(BTC), 60_000 * 10**8), 1)
    desk.chain.mine(delta=86_400)
    cash = desk.vault.book_of(account).cash // 10**12
    assert desk.lens.available(account, desk.quote) == cash > 0
    with reverts("vault: margin"):
        withdraw(desk, account, desk.quote, cash + 1)
    with desk.chain.isolate():
        withdraw(desk, account, desk.quote, cash)
    desk.set_price(ETH, desk.prices[ETH])  # there are positions for it to back
    desk.open(desk.trader, 7, weth=1)
    assert desk.lens.available(account, desk.quote) == 0
    assert desk.lens.available(account, desk.weth) == 10**18


def test_only_prices_that_are_left_count(desk: Desk, counter: int) -> None:
    """A stale collateral may go, if all of it goes; beside a stale position nothing may."""
    account = desk.open(desk.trader, 6, quote=100_000, weth=1)
    desk.trade(account, counter, BTC, 4)
    for underlying, asset_goes, quote_goes in ((BTC, True, False), (ETH, False, False)):
        with desk.chain.isolate():
            desk.chain.mine(delta=86_400)
            desk.set_price(underlying, desk.prices[underlying])
            told = check(desk, account)
            assert (told[desk.assets["WETH"]] == 10**18) == asset_goes
            assert (told[QUOTE] > 0) == quote_goes


def test_stale_prices_let_out_what_reduces(desk: Desk, account: int, counter: int) -> None:
    """Collateral goes whose haircut is a larger part of it than MM is of equity; quote does not."""
    desk.trade(account, counter, BTC, 1)
    assert all(check(desk, account).values())
    desk.chain.mine(delta=86_400)
    told = check(desk, account)
    assert told[QUOTE] == 0
    assert told[desk.assets["WETH"]] > 0


def test_a_short_account_keeps_all_but_dust(desk: Desk, counter: int) -> None:
    """A trillionth of a dollar is forgiven: some hundred wei of ether."""
    account = desk.open(desk.trader, 4, quote=10_000, weth=1)
    desk.trade(account, counter, BTC, 1)
    desk.move(BTC, 55_000)
    margin = desk.margin(account)
    assert margin.maintenance < margin.equity < margin.initial
    told = check(desk, account)
    assert told[QUOTE] == 0
    assert told[desk.assets["WETH"]] < 1_000


def test_nothing_while_paused(desk: Desk, account: int) -> None:
    assert all(available(desk, account).values())
    desk.registry.pause(WITHDRAW, 3_600, sender=desk.guardian)
    assert not any(available(desk, account).values())
    with reverts("registry: paused"):
        withdraw(desk, account, desk.quote, 1)
    desk.chain.mine(delta=3_600)
    assert all(available(desk, account).values())


@pytest.mark.pyrevm  # too many transactions for anvil
@settings(max_examples=25)
@given(
    level=st.integers(0, 2),
    sizes=st.tuples(st.integers(-40, 40), st.integers(-800, 800), st.integers(-9_000, 9_000)),
    moves=st.tuples(*[st.integers(-9, 9)] * 3),
    credit=st.integers(0, 100),
    idle=st.integers(0, 5_000),
)
def test_exact_for_any_book(
    desk: Desk,
    account: int,
    counter: int,
    level: int,
    sizes: tuple[int, ...],
    moves: tuple[int, ...],
    credit: int,
    idle: int,
) -> None:
    """Some positions, a part of what is left taken out, prices moved, time passed."""
    with desk.chain.isolate():
        desk.vault.set_netting(account, level, sender=desk.trader)
        try:
            for underlying, size in zip((BTC, ETH, SOL), sizes, strict=True):
                if size:
                    desk.trade(account, counter, underlying, size)
        except Reverted:
            assume(False)
        taken = desk.lens.available(account, desk.quote) * credit // 100
        if taken:
            withdraw(desk, account, desk.quote, taken)
        for underlying, move in zip((BTC, ETH, SOL), moves, strict=True):
            desk.set_price(underlying, desk.prices[underlying] * (100 + move) / 100)
        desk.chain.mine(delta=idle)
        check(desk, account)


def test_unaccrued_insurance_is_counted(desk: Desk) -> None:
    """Debts beyond all positive cash: what lenders cannot be due of the interest is insurance's.

    It becomes cash, of which a loan must leave a tenth, as soon as anybody acts.
    """
    account = desk.open(desk.trader, 5, weth=100)
    desk.open(desk.stranger, quote=1_000)
    loser = desk.open(desk.taker, 8, weth=100)
    winner = desk.open(desk.maker, 1, weth=100)
    desk.trade(winner, loser, BTC, 10)
    desk.move(BTC, 62_000)
    desk.vault.settle(loser, sender=desk.stranger)
    withdraw(desk, account, desk.quote, 500 * 10**6)
    desk.wait(300 * 86_400)
    ledger = desk.lens.ledger()
    assert ledger.debt > 20 * ledger.cash
    told = available(desk, account)[QUOTE]
    assert 0 < told < (ledger.tokens - ledger.cash // 10) // 10**12
    with reverts("vault: utilisation"):
        withdraw(desk, account, desk.quote, told + 1)
    assert ledger.surplus > 100 * 10**18
    assert ledger.supply_rate == ledger.borrow_rate > 0
    withdraw(desk, account, desk.quote, told)
    assert 0 <= desk.lens.ledger().surplus < 10**9


def test_interest_is_counted(desk: Desk, lens: Contract, account: int) -> None:
    """A year of interest on a loan, not accrued by anybody yet."""
    desk.open(desk.taker, 7, quote=600_000)
    withdraw(desk, account, desk.quote, 550_000 * 10**6)
    desk.wait(30 * 86_400)
    assert lens.account(account).cash < -450_000 * 10**18
    told = check(desk, account)
    assert told[desk.assets["WBTC"]] < 10 * 10**8


@pytest.mark.parametrize("level", [0, 1, 2])
def test_beside_options(desk: Desk, account: int, counter: int, level: int) -> None:
    """All that is told goes out and a unit more does not, before expiry and after it."""
    desk.vault.set_netting(account, level, sender=desk.trader)
    expiry = desk.list_expiry(BTC)
    desk.deal(account, counter, put(BTC, expiry, 55_000 * 10**8), -20)
    desk.deal(account, counter, call(BTC, expiry, 70_000 * 10**8), 4)
    desk.deal(account, counter, future(BTC, expiry), 8)
    for moment in ("live", "over"):
        if moment == "over":
            desk.expire(expiry)
        for asset, amount in available(desk, account).items():
            token = desk.tokens(account)[asset]
            assert amount > 0
            with desk.chain.isolate():
                withdraw(desk, account, token, amount)
            with reverts():
                withdraw(desk, account, token, amount + 1)


def test_a_ratio_of_now(desk: Desk) -> None:
    """The vault settles a future at the ratio posted last, before margins know it: what is told to
    be unsettled, and what can be withdrawn where nothing may be lent, is of that ratio, too."""
    account = desk.open(desk.trader, quote=20_000, wbtc=10)
    other = desk.open(desk.maker, quote=1_000_000)
    borrower = desk.open(desk.taker, wbtc=2_000)
    expiry = desk.list_expiry(BTC, 2)
    desk.wait(120)
    desk.deal(account, other, future(BTC, expiry), 10)
    desk.vault.withdraw(borrower, desk.quote, 900_000 * 10**6, desk.taker, sender=desk.taker)
    desk.vault.withdraw(other, desk.quote, 100_000 * 10**6, desk.maker, sender=desk.maker)
    assert desk.lens.ledger().utilisation > 95 * 10**16
    desk.surface.roll(BTC, sender=desk.keeper)
    desk.wait(30)
    ratio = desk.market.expiry_of(BTC, expiry).ratio * 9_976 // 10_000
    post = (BTC, expiry, astuple(smile_of(0.6)), ratio, desk.chain.timestamp)
    desk.surface.post(*post, sender=desk.steward)
    told, unsettled = available(desk, account)[QUOTE], desk.lens.account(account).unsettled
    with desk.chain.isolate():
        receipt = desk.vault.settle(account, sender=desk.stranger)
        assert receipt.events_of(desk.vault.Settle)[0].profit == unsettled < -1_400 * 10**18
    with reverts("vault: utilisation"):
        withdraw(desk, account, desk.quote, told + 1)
    withdraw(desk, account, desk.quote, told)
