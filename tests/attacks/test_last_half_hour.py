"""Within the last half hour a forward depends on the index less by the second, but the words of
calls are of when their epoch began. Were a put taken for such a call less the forward of now, it
would seem to have a delta, of a ninth of its notional after three minutes. Sellers of far puts were
asked twice their margin for that, and liquidated, while no price moved. And where one did, a put
that was worth nothing had a mark, at which a venue could sell it without a loss for its limit.
"""

from dataclasses import astuple
from types import SimpleNamespace

import pytest

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.market import WINDOW
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import put
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import INDEX, THOUSAND, dealers, p, trade

__all__ = ["dealers", "p"]

WING = 20 * THOUSAND  # a third of the spot
AGES = (5, 60, 119)


@pytest.fixture(params=[WINDOW, WINDOW // 2, 600])
def begin(
    p: SimpleNamespace, chain: Chain, dealers: SimpleNamespace, request: pytest.FixtureRequest
) -> None:
    """An epoch begins within the window of an expiry whose smile is young."""
    left: int = request.param
    chain.mine(timestamp=p.expiry - WINDOW - 120)
    p.set_price(BTC, INDEX)
    p.surface.post(BTC, p.expiry, astuple(smile_of(0.6)), WAD, chain.timestamp, sender=p.steward)
    p.market.roll(BTC, sender=p.stranger)
    chain.mine(timestamp=p.expiry - left)
    p.set_price(BTC, INDEX)
    p.surface.roll(BTC, sender=p.stranger)


@pytest.mark.usefixtures("begin")
def test_nobody_is_liquidated_for_a_minute_that_passes(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Of who had just covered initial margin a keeper took 1,900 for twenty puts, a ninth of all
    that was there, three minutes into the window; at each epoch anew."""
    account, taker = dealers.trader, dealers.taker
    trade(p, account, dealers.maker, put(BTC, p.expiry, WING), -20 * SIZE)
    most = p.lens.available(account, p.quote)
    p.vault.withdraw(account, p.quote, most, p.trader, sender=p.trader)
    began, before = chain.timestamp, p.lens.summary(account).margin
    for age in AGES:
        chain.mine(timestamp=began + age)
        p.set_price(BTC, INDEX)
        assert p.lens.summary(account).margin.maintenance <= before.maintenance
        with reverts("liquidator: account is healthy"):
            p.liquidator.liquidate(account, taker, WAD, -(10**30), sender=p.taker)


@pytest.mark.usefixtures("begin")
@pytest.mark.parametrize("bps", [90, -90])
@pytest.mark.parametrize("age", AGES)
def test_nobody_is_sold_what_is_worth_nothing(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain, bps: int, age: int
) -> None:
    """At up to 57 each, 11,400 for these, in spite of a limit of 100 a day."""
    victim, thief = dealers.trader, dealers.maker
    p.vault.set_venue(victim, p.keeper, 100 * WAD, sender=p.trader)
    began, wing, before = chain.timestamp, put(BTC, p.expiry, WING), p.vault.book_of(victim).cash
    p.surface.load([wing], sender=p.stranger)
    for later in (0, 60, 120, 180):
        chain.mine(timestamp=began + age + later)
        p.set_price(BTC, INDEX * (BPS + bps) / BPS)
        with chain.isolate():
            trade(p, victim, thief, wing, 200 * SIZE)
            assert before - p.vault.book_of(victim).cash <= 200 * INDEX * WAD * 2 // 2**15
        p.market.roll(BTC, sender=p.stranger)
