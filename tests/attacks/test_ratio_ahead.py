"""Money left on a put in the minute between a new ratio and the words that know it.

A put is a call less a forward. Were a ratio to count before the words of calls are computed with
it, a far put would be off by all that it moved: who holds one could withdraw that, who owes one
could be liquidated for it. Anyone can bring a signed report just after an epoch has begun.
"""

from dataclasses import astuple
from types import SimpleNamespace

import pytest

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.surface import DAY
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import future, put
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import INDEX, THOUSAND, dealers, lists, p, trade

__all__ = ["dealers", "p"]

WING = 20 * THOUSAND  # a third of the spot


@pytest.fixture
def post(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain, bps: int, size: int) -> None:
    """The trader has puts; a ratio comes a second after everything was loaded."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    trade(p, dealers.trader, dealers.maker, put(BTC, p.expiry, WING), size)
    if size < 0:
        most = p.lens.available(dealers.trader, p.quote)
        p.vault.withdraw(dealers.trader, p.quote, most, p.trader, sender=p.trader)
    chain.mine(delta=3_601)
    p.set_price(BTC, INDEX)
    p.surface.load(p.vault.book_of(dealers.trader).positions, sender=p.stranger)
    chain.mine(delta=1)
    smile, ratio = astuple(smile_of(0.6)), WAD * (BPS - bps) // BPS
    p.surface.post(BTC, p.expiry, smile, ratio, chain.timestamp, sender=p.steward)


@pytest.mark.parametrize("size", [SIZE])
@pytest.mark.parametrize("bps", [25, 5])
@pytest.mark.usefixtures("post")
def test_nothing_is_withdrawn_that_is_not_there(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    account = dealers.trader
    most = p.lens.available(account, p.quote)
    p.vault.withdraw(account, p.quote, most, p.trader, sender=p.trader)
    chain.mine(delta=60)
    assert p.lens.summary(account).margin.equity >= 0


@pytest.mark.parametrize("size", [-20 * SIZE])
@pytest.mark.parametrize("bps", [25])
@pytest.mark.usefixtures("post")
def test_nobody_is_liquidated_for_a_ratio(p: SimpleNamespace, dealers: SimpleNamespace) -> None:
    with reverts("liquidator: account is healthy"):
        p.liquidator.liquidate(dealers.trader, dealers.taker, WAD, -(10**30), sender=p.taker)


@pytest.mark.parametrize("side", [1, -1])
def test_a_spread_bears_a_new_ratio(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain, side: int
) -> None:
    """Its margin is for the legs' forwards moving apart by as much as a post of each may."""
    account, later = dealers.trader, p.expiry + 7 * DAY
    lists(p, chain, BTC, later, 0, 0, 0, 500)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    legs = []
    for expiry, size in ((p.expiry, side * SIZE), (later, -side * SIZE)):
        paid = size // SIZE * INDEX * WAD
        legs.append((account, future(BTC, expiry), size, -paid))
        legs.append((dealers.maker, future(BTC, expiry), -size, paid))
    p.vault.book(legs, sender=p.keeper)
    most = p.lens.available(account, p.quote)
    p.vault.withdraw(account, p.quote, most, p.trader, sender=p.trader)

    def post(expiry: int, bps: int) -> None:
        ratio = WAD * (BPS + bps) // BPS
        smile = astuple(smile_of(0.6))
        p.surface.post(BTC, expiry, smile, ratio, chain.timestamp, sender=p.steward)

    chain.mine(delta=60)
    for expiry, way in ((p.expiry, -side), (later, side)):
        with reverts("market: ratio moves too far"):
            post(expiry, 26 * way)
        post(expiry, 25 * way)
    chain.mine(delta=60)
    assert p.lens.summary(account).health < 0 <= p.lens.summary(account).margin.equity
