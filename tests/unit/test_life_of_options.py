"""Options on the whole protocol: listed, traded, liquidated in a crash, settled, to the wei."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from plimsoll.deploy.expiries import Listing, list_expiry, series, smile_of
from plimsoll.spec.margin import LEAST
from plimsoll.spec.market import LIQUIDATION
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import PORTFOLIO, account_id, call, future, is_option, put
from tests.deployment import BTC, HarnessChain, deploy
from tests.harness import Accounts, Chain, Project, reverts
from tests.unit.margin_vault.bench import ALL

DAY = 86_400
USD = 10**6
THOUSAND = 1_000 * SIZE
INDEX = 60_000


@pytest.fixture(scope="module")
def p(project: Project, accounts: Accounts, chain: Chain) -> Iterator[SimpleNamespace]:
    """Options on bitcoin that expire in two days; the keeper is a venue too."""
    with chain.isolate():
        p = deploy(project, accounts, chain)
        p.expiry = (chain.timestamp // 1_800 + 96) * 1_800
        lists(p, chain, BTC, p.expiry, THOUSAND, 20 * THOUSAND, 120 * THOUSAND, 1_000)
        p.registry.set_venue(p.keeper, True, sender=p.governor)
        for trader in (p.trader, p.maker, p.taker):
            p.quote.mint(trader, 10**13, sender=p.governor)
            p.quote.approve(p.vault, 2**256 - 1, sender=trader)
        yield p


def lists(
    p: SimpleNamespace, chain: Chain, underlying: int, expiry: int, *terms: int, vol: float = 0.6
) -> None:
    """The steward lists an expiry with a series of strikes (step, low, high) and a limit."""
    listing = Listing(underlying, expiry, WAD, smile_of(vol), series(*terms))
    harness = HarnessChain(p.deployer.chain.project, chain, p.governor)
    for finding in list_expiry(harness, p.record, listing, lambda: chain.timestamp):
        assert finding.holds


def stake(p: SimpleNamespace, dealers: SimpleNamespace, dollars: int) -> None:
    """The maker can bear a lot, the trader has just this."""
    p.quote.mint(p.maker, 10**14, sender=p.governor)
    p.vault.deposit(dealers.maker, p.quote, 5 * 10**7 * USD, sender=p.maker)
    p.vault.withdraw(dealers.trader, p.quote, ALL, p.trader, sender=p.trader)
    p.vault.deposit(dealers.trader, p.quote, dollars * USD, sender=p.trader)


@pytest.fixture
def dealers(p: SimpleNamespace, chain: Chain) -> SimpleNamespace:
    def account(trader: object, dollars: int) -> int:
        number = account_id(int(trader.address, 16), 0)  # type: ignore[attr-defined]
        p.vault.deposit(number, p.quote, dollars * USD, sender=trader)
        p.vault.set_venue(number, p.keeper, 10**9 * WAD, sender=trader)
        p.vault.set_netting(number, PORTFOLIO, sender=trader)
        return number

    return SimpleNamespace(
        maker=account(p.maker, 2_000_000),
        trader=account(p.trader, 40_000),
        taker=account(p.taker, 1_000_000),
    )


def legs(
    p: SimpleNamespace, buyer: int, seller: int, *traded: tuple[int, int]
) -> list[tuple[int, int, int, int]]:
    """Of instruments and sizes, at their marks, so that nobody gains by trading."""
    made = []
    for instrument, size in traded:
        mark = p.engine.mark if is_option(instrument) else p.market.price
        quote = mark.call(instrument, sender=p.keeper)[0] * size // SIZE
        made += [(buyer, instrument, size, -quote), (seller, instrument, -size, quote)]
    return made


def trade(p: SimpleNamespace, buyer: int, seller: int, instrument: int, size: int) -> None:
    p.vault.book(legs(p, buyer, seller, (instrument, size)), sender=p.keeper)


def kept(
    p: SimpleNamespace, chain: Chain, underlying: int, price: float, account: int, taker: int
) -> Any:
    """An account's margin at another index, once a keeper has tried."""
    chain.mine(delta=1)
    p.set_price(underlying, price)
    margin = p.lens.summary(account).margin
    if margin.validity >= LIQUIDATION and margin.equity < margin.maintenance:
        p.liquidator.liquidate(account, taker, WAD, 0, sender=p.taker)
    return p.lens.summary(account).margin


def expire(p: SimpleNamespace, chain: Chain, price: int) -> None:
    """The index stands still through the window."""
    for moment in (p.expiry - 1_900, p.expiry - 600, p.expiry + 5):
        chain.mine(timestamp=moment)
        p.set_price(BTC, price)
        p.market.roll(BTC, sender=p.keeper)


def test_from_trade_to_settlement(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """A conversion needs little margin; a short straddle is liquidated; all closes to the wei."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    middle, maker, taker, trader = INDEX * SIZE, dealers.maker, dealers.taker, dealers.trader
    # a conversion: short the call, long the put and the future
    trade(p, maker, taker, call(BTC, p.expiry, middle), SIZE)
    trade(p, taker, maker, put(BTC, p.expiry, middle), SIZE)
    trade(p, taker, maker, future(BTC, p.expiry), SIZE)
    ranges = 3 * INDEX * WAD * p.engine.underlying_params(BTC).scan_range
    assert p.lens.summary(taker).margin.maintenance == LEAST * ranges // BPS**2
    # a short straddle on little capital
    for instrument in (call(BTC, p.expiry, middle), put(BTC, p.expiry, middle)):
        trade(p, maker, trader, instrument, 2 * SIZE)
    before = p.lens.summary(trader)
    assert before.margin.equity >= before.margin.initial > 0
    with reverts("liquidator: account is healthy"):
        p.liquidator.liquidate(trader, taker, WAD, 0, sender=p.taker)

    chain.mine(delta=3_600)
    p.set_price(BTC, INDEX * 72 // 100)
    assert p.lens.summary(trader).health < 0
    p.vault.deposit(taker, p.quote, 10**6 * USD, sender=p.taker)
    p.liquidator.liquidate(trader, taker, WAD, 0, sender=p.taker)
    healed = p.lens.summary(trader)
    assert healed.health >= 0
    assert healed.margin.equity < before.margin.equity

    expire(p, chain, 44_000)
    assert p.market.expiry_of(BTC, p.expiry).fixed
    with reverts("vault: not listed"):
        trade(p, maker, taker, call(BTC, p.expiry, middle), SIZE)
    worth = {who: p.lens.summary(who).margin.equity for who in (maker, taker, trader)}
    for who in (maker, taker, trader):
        p.vault.settle(who, sender=p.stranger)
        assert 0 <= p.lens.ledger().surplus <= 10**6
        assert p.vault.book_of(who).positions == []
        assert abs(p.lens.summary(who).margin.equity - worth[who]) <= 10
    assert p.lens.ledger().basis == 0


def test_long_options_need_what_they_cost(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Bought with all the cash there is, an option leaves an account that covers its margin."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    wing = call(BTC, p.expiry, 64 * THOUSAND)
    trade(p, dealers.trader, dealers.maker, wing, 5 * SIZE)
    margin = p.lens.summary(dealers.trader).margin
    p.vault.withdraw(dealers.trader, p.quote, 2**256 - 1, p.trader, sender=p.trader)
    left = p.lens.summary(dealers.trader).margin
    assert left.initial <= left.equity < margin.equity
    assert p.vault.book_of(dealers.trader).cash < WAD
