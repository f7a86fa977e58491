"""Curvature between nodes matters in full for longs that expire soon, by half beside what is short
for others. Once an expiry was near in a second, eight days before: margins of hedged books rose by
up to a third, the calendar's from 5,780 to 7,640. Of who had just covered initial margin a keeper
took a seventh, for a reward of 52, while no price moved.

Here it becomes so over a day.
"""

from dataclasses import astuple
from types import SimpleNamespace

import pytest

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.margin import NEAR
from plimsoll.spec.scan import FADE
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call, perpetual, put
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import INDEX, THOUSAND, dealers, lists, p, stake, trade

__all__ = ["dealers", "p"]

STEPS = (60, 600, 3_600, 2 * 3_600)
CALENDAR = (  # the margin page's: (expiry, kind, strike, contracts)
    (0, call, 62, 3),
    (0, put, 62, 3),
    (1, call, 62, -2),
    (1, put, 62, -2),
)
BACK_SPREAD = ((0, call, 60, -1), (0, call, 65, 2))


@pytest.mark.parametrize("left", [NEAR, NEAR + FADE // 2, NEAR + FADE])
@pytest.mark.parametrize(("book", "hedge"), [(CALENDAR, 0.7), (BACK_SPREAD, 0)])
def test_nobody_is_liquidated_for_a_date(
    p: SimpleNamespace,
    dealers: SimpleNamespace,
    chain: Chain,
    book: tuple[tuple[int, object, int, int], ...],
    hedge: float,
    left: int,
) -> None:
    account = dealers.trader
    begin = (chain.timestamp // 1_800 + 4) * 1_800
    expiries = begin + left, begin + left + 22 * 86_400
    for expiry in expiries:
        lists(p, chain, BTC, expiry, THOUSAND, 20 * THOUSAND, 120 * THOUSAND, 1_000)
    stake(p, dealers, 40_000)
    chain.mine(timestamp=begin - 60)
    p.set_price(BTC, INDEX)
    for which, kind, strike, contracts in book:
        option = kind(BTC, expiries[which], strike * THOUSAND)  # type: ignore[operator]
        trade(p, account, dealers.maker, option, contracts * SIZE)
    if hedge:
        trade(p, account, dealers.maker, perpetual(BTC), round(hedge * SIZE))
    most = p.lens.available(account, p.quote)
    p.vault.withdraw(account, p.quote, most, p.trader, sender=p.trader)
    before = p.lens.summary(account).margin
    assert before.initial <= before.equity < before.initial + WAD
    for seconds in STEPS:
        chain.mine(timestamp=begin + seconds)
        for expiry in expiries:
            p.surface.post(
                BTC, expiry, astuple(smile_of(0.6)), WAD, chain.timestamp, sender=p.steward
            )
        p.set_price(BTC, INDEX)
        with reverts("liquidator: account is healthy"):
            p.liquidator.liquidate(account, dealers.taker, WAD, -(10**30), sender=p.taker)
