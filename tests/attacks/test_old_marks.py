"""Exchanges went on trading while the oracle stood still, and whoever knew the new price sold to
others what was worth nothing any more.

A venue's daily limit counts losses against mark, which is only as good as the mark is young. So
nobody takes what he has not at a mark that does not open risk, however little he has to lose.
"""

from types import SimpleNamespace

import pytest

from plimsoll.spec.market import OPEN, STALE
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import DAY, INDEX, THOUSAND, dealers, p, trade

__all__ = ["dealers", "p"]

LOT = 20 * SIZE


@pytest.fixture
def option(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain) -> int:
    """The thief has bought it; the victim lets a venue lose a hundred a day."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    p.vault.set_venue(dealers.trader, p.keeper, 100 * WAD, sender=p.trader)
    option: int = call(BTC, p.expiry, 62 * THOUSAND)
    trade(p, dealers.taker, dealers.maker, option, LOT)
    chain.mine(delta=DAY)
    return option


@pytest.mark.parametrize("price", [None, INDEX * 3 // 2], ids=["silent", "pumped"])
def test_nobody_is_made_to_buy_at_them(
    p: SimpleNamespace, dealers: SimpleNamespace, option: int, price: int | None
) -> None:
    """The feed is silent while the price falls, or tells one that is far too high."""
    if price is not None:
        p.set_price(BTC, price)
    assert p.market.peek(BTC).validity < OPEN
    with reverts("vault: margin"):
        trade(p, dealers.trader, dealers.taker, option, SIZE)


def test_who_has_them_may_sell(p: SimpleNamespace, dealers: SimpleNamespace, option: int) -> None:
    """To who is short of them: that is a reduction for both."""
    assert p.market.peek(BTC).validity == STALE
    for _ in range(2):
        trade(p, dealers.maker, dealers.taker, option, LOT // 2)
    assert p.vault.book_of(dealers.taker).positions == []
