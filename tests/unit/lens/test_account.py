"""What one account holds, and why its margin is what it is; random books are in test_explain."""

import pytest

from plimsoll.spec.market import OPEN, STALE
from plimsoll.spec.wad import BPS, WAD
from plimsoll.spec.words import FUTURE, call, future, kind_of, perpetual, put
from tests.deployment import BTC, ETH, SOL
from tests.harness import Contract

from .desk import Desk


@pytest.mark.parametrize("level", [0, 1, 2])
def test_explained_to_the_wei(desk: Desk, account: int, counter: int, level: int) -> None:
    """With prices away from their stable prices, and a loan."""
    desk.vault.set_netting(account, level, sender=desk.trader)
    desk.trade(account, counter, BTC, -8)
    desk.trade(account, counter, ETH, -120)
    desk.trade(account, counter, SOL, 500)
    desk.vault.withdraw(account, desk.quote, 130_000 * 10**6, desk.trader, sender=desk.trader)
    desk.wait(600)
    desk.move(BTC, 61_000)
    desk.move(ETH, 3_100)
    desk.move(SOL, 145)
    told, view = desk.risk_lens.explain(account), desk.lens.account(account)
    book = desk.vault.book_of(account)
    margin = desk.engine.preview(book)
    assert told.margin == view.summary.margin == margin
    assert margin.validity == OPEN

    maintenance = (
        sum(item.haircut for item in told.collateral)
        + told.scan.requirement
        + sum(item.charges for item in told.underlyings)
    )
    concentration = sum(item.concentration for item in told.collateral)
    divergence = sum(item.divergence for item in (*told.collateral, *told.underlyings))
    assert maintenance == margin.maintenance
    assert margin.initial == (
        -(-desk.params.factors.initial * (maintenance + concentration) // BPS) + divergence
    )
    assert margin.equity == view.cash + view.unsettled + sum(item.value for item in view.collateral)
    assert divergence > 0
    assert view.cash < 0
    assert sum(item.loss for item in told.underlyings) == told.scan.total
    assert (told.scan.requirement < told.scan.total) == (level == 2)
    assert (view.level, view.cash, view.basis) == (level, book.cash, book.basis)


def test_what_is_held(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    desk.trade(account, counter, ETH, 120)
    desk.trade(account, counter, BTC, -8)
    desk.move(ETH, 3_100)
    told = lens.account(account)
    assert [(item.instrument, item.size) for item in told.positions] == [
        (perpetual(ETH), 120 * 10**8),
        (perpetual(BTC), -8 * 10**8),
    ]
    assert [(item.mark, item.value) for item in told.positions] == [
        (3_100 * WAD, 372_000 * WAD),
        (60_000 * WAD, -480_000 * WAD),
    ]
    assert told.unsettled == 12_000 * WAD
    assert [(item.asset, item.token, item.amount, item.value) for item in told.collateral] == [
        (desk.assets["WETH"], desk.weth.address, 100 * 10**18, 310_000 * WAD),
        (desk.assets["WBTC"], desk.wbtc.address, 10 * 10**8, 600_000 * WAD),
    ]
    desk.vault.settle(account, sender=desk.stranger)
    assert lens.account(account).unsettled == 0
    assert lens.account(account).cash == told.cash + told.unsettled


def test_calls_and_puts(desk: Desk, account: int, counter: int) -> None:
    """A strike may be two positions; marks are the engine's, and of a future its forward."""
    expiry = desk.list_expiry(BTC)
    instruments = {
        future(BTC, expiry): 3,
        call(BTC, expiry, 60_000 * 10**8): 2,
        put(BTC, expiry, 60_000 * 10**8): -5,
        put(BTC, expiry, 50_000 * 10**8): 1,
    }
    for instrument, contracts in instruments.items():
        desk.deal(account, counter, instrument, contracts)
    told = desk.lens.account(account)
    assert {item.instrument: item.size for item in told.positions} == {
        instrument: contracts * 10**8 for instrument, contracts in instruments.items()
    }
    assert len(desk.vault.book_of(account).positions) == 3
    for item in told.positions:
        assert item.mark == desk.marked(item.instrument) > 0
        assert item.value == item.size * item.mark // 10**8
    worth = sum(item.value for item in told.positions if kind_of(item.instrument) != FUTURE)
    worth += told.cash + told.unsettled + sum(item.value for item in told.collateral)
    # of a short the engine rounds each value up, by a 2**15th of the price at most
    assert 0 <= worth - told.summary.margin.equity <= 5 * 60_000 * WAD // 2**15 + 10
    explained = desk.risk_lens.explain(account)
    assert explained.margin == told.summary.margin
    assert len(explained.underlyings) == 2  # the other one prices ether


def test_what_is_over(desk: Desk, account: int, counter: int) -> None:
    """A payoff is unsettled from the moment that its price is fixed, and the law holds."""
    expiry = desk.list_expiry(BTC)
    long = call(BTC, expiry, 55_000 * 10**8)
    desk.deal(account, counter, long, 2)
    desk.deal(account, counter, future(BTC, expiry), -1)
    desk.trade(account, counter, BTC, 1)
    desk.expire(expiry)
    told, other = desk.lens.account(account), desk.lens.account(counter)
    settlement = desk.market.expiry_of(BTC, expiry).gathered
    assert desk.market.expiry_of(BTC, expiry).fixed
    marks = {item.instrument: item.mark for item in told.positions}
    assert marks[long] == settlement - 55_000 * WAD
    assert marks[future(BTC, expiry)] == settlement
    paid = desk.vault.settle(account, sender=desk.stranger).events_of(desk.vault.Settle)[0].profit
    assert told.unsettled == paid
    assert desk.lens.account(account).cash == told.cash + told.unsettled
    assert [item.instrument for item in desk.lens.account(account).positions] == [perpetual(BTC)]
    assert 0 <= desk.lens.ledger().surplus < 100
    desk.vault.settle(counter, sender=desk.stranger)
    assert desk.lens.account(counter).cash == other.cash + other.unsettled
    assert 0 <= desk.lens.ledger().surplus < 100


def test_nothing_but_cash(desk: Desk, lens: Contract) -> None:
    told = lens.account(desk.open(desk.taker, 4, quote=5))
    assert (told.cash, told.basis, told.unsettled) == (5 * WAD, 0, 0)
    assert (told.positions, told.collateral) == ([], [])


def test_while_prices_are_stale(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    desk.trade(account, counter, BTC, 30)
    before, prices = lens.account(account), lens.liquidation_prices(account, BTC)
    desk.chain.mine(delta=86_400)
    told = lens.account(account)
    assert told.summary.margin.validity == STALE
    assert told.summary.margin.maintenance == before.summary.margin.maintenance
    assert lens.liquidation_prices(account, BTC) == prices
    assert prices[0] > 0


@pytest.mark.pyrevm  # anvil keeps the memory of every step of a transaction
def test_gas(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    """Three positions and two collaterals cost an ordinary call, not a node's patience."""
    desk.vault.set_netting(account, 2, sender=desk.trader)
    for underlying, contracts in ((BTC, -8), (ETH, 100), (SOL, 500)):
        desk.trade(account, counter, underlying, contracts)
    desk.vault.withdraw(account, desk.quote, 500_000 * 10**6, desk.trader, sender=desk.trader)
    sender = desk.trader
    assert lens.account.transact(account, sender=sender).gas_used < 3_000_000
    assert desk.risk_lens.explain.transact(account, sender=sender).gas_used < 3_000_000
    assert lens.available.transact(account, desk.weth, sender=sender).gas_used < 25_000_000
    assert lens.liquidation_prices.transact(account, BTC, sender=sender).gas_used < 25_000_000
