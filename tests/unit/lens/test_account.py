"""One account in all its pieces; random books are in test_random_books."""

import pytest

from plimsoll.spec.wad import BPS, WAD
from plimsoll.spec.words import perpetual
from tests.deployment import BTC, ETH, SOL
from tests.harness import Contract

from .desk import Desk


@pytest.mark.parametrize("level", [0, 1, 2])
def test_pieces_add_up_to_the_engine(
    desk: Desk, lens: Contract, account: int, counter: int, level: int
) -> None:
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
    told = lens.account(account)
    book = desk.vault.book_of(account)
    margin = desk.engine.preview(book)
    factors = desk.params.factors
    assert told.summary.margin == margin
    assert margin.validity == 2

    maintenance = (
        sum(item.haircut for item in told.collateral)
        + told.scan.requirement
        + sum(item.calendar + item.depth for item in told.underlyings)
    )
    concentration = sum(item.concentration for item in told.collateral)
    divergence = sum(item.divergence for item in (*told.collateral, *told.underlyings))
    assert maintenance == margin.maintenance
    assert margin.initial == (
        -(-factors.initial * (maintenance + concentration) // BPS) + divergence
    )
    assert margin.equity == told.cash + told.unsettled + sum(item.value for item in told.collateral)
    assert divergence > 0
    assert told.cash < 0
    assert sum(abs(item.loss) for item in told.underlyings) == told.scan.total
    assert (told.scan.requirement < told.scan.total) == (level == 2)
    assert (told.level, told.cash, told.basis) == (level, book.cash, book.basis)


def test_what_is_held(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    desk.trade(account, counter, ETH, 120)
    desk.trade(account, counter, BTC, -8)
    desk.move(ETH, 3_100)
    told = lens.account(account)
    assert [(item.instrument, item.size) for item in told.positions] == [
        (perpetual(ETH), 120 * 10**8),
        (perpetual(BTC), -8 * 10**8),
    ]
    assert [(item.mark, item.notional) for item in told.positions] == [
        (3_100 * WAD, 372_000 * WAD),
        (60_000 * WAD, -480_000 * WAD),
    ]
    assert told.unsettled == 12_000 * WAD
    assert [(item.asset, item.token, item.amount, item.value) for item in told.collateral] == [
        (desk.assets["WBTC"], desk.wbtc.address, 10 * 10**8, 600_000 * WAD),
        (desk.assets["WETH"], desk.weth.address, 100 * 10**18, 310_000 * WAD),
    ]
    assert [item.market for item in told.underlyings] == [
        desk.market.peek(BTC),
        desk.market.peek(ETH),
    ]
    desk.vault.settle(account, sender=desk.stranger)
    assert lens.account(account).unsettled == 0
    assert lens.account(account).cash == told.cash + told.unsettled


def test_bands_of_the_tiers(desk: Desk, lens: Contract) -> None:
    """100 bitcoins are 6,000,000: a million at 14 %, four at 17 %, one at 25 %."""
    [item] = lens.account(desk.open(desk.taker, 3, wbtc=100)).collateral
    assert item.bands == [1_000_000 * WAD, 4_000_000 * WAD, 1_000_000 * WAD, 0]
    assert item.haircut == (140_000 + 680_000 + 250_000) * WAD


def test_nothing_but_cash(desk: Desk, lens: Contract) -> None:
    told = lens.account(desk.open(desk.taker, 4, quote=5))
    assert (told.cash, told.basis, told.unsettled, told.available) == (5 * WAD, 0, 0, 5 * 10**6)
    assert (told.positions, told.collateral, told.underlyings) == ([], [], [])
    assert told.scan == (0, 0, 0, 0, 0, 0, 0)


def test_while_prices_are_stale(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    desk.trade(account, counter, BTC, 30)
    before = lens.account(account)
    desk.chain.mine(delta=86_400)
    told = lens.account(account)
    assert told.summary.margin.validity == 0
    assert told.summary.margin.maintenance == before.summary.margin.maintenance
    assert [item.market.validity for item in told.underlyings] == [0, 0]
    assert told.underlyings[0].below == before.underlyings[0].below > 0


@pytest.mark.pyrevm  # anvil keeps the memory of every step of a transaction
def test_gas(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    """Three positions and two collaterals cost an ordinary call, not a node's patience."""
    desk.vault.set_netting(account, 2, sender=desk.trader)
    for underlying, contracts in ((BTC, -8), (ETH, 100), (SOL, 500)):
        desk.trade(account, counter, underlying, contracts)
    desk.vault.withdraw(account, desk.quote, 500_000 * 10**6, desk.trader, sender=desk.trader)
    assert lens.account.transact(account, sender=desk.trader).gas_used < 6_000_000
