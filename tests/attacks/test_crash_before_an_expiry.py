"""A lane told less than two reference spots. When the index halved in the last minutes before an
expiry, what was averaged already kept its forward above that: calls counted with a lower forward
than the strikes that make puts of them, and puts that are worth nothing seemed to be debts.

At 22,000 after 60,000, five minutes before the expiry, each contract counted for 9,700 too little.
Who liquidated the holder of ten took all that he had, 40,000, and 58,600 from insurance; at 15,000
insurance paid 188,500. Whoever was short of such puts had as much too much.

Here a lane's unit is doubled in such an epoch, until lanes hold the forward.
"""

from dataclasses import astuple
from types import SimpleNamespace

import pytest

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import perpetual, put
from tests.deployment import BTC
from tests.harness import Chain
from tests.unit.test_life_of_options import INDEX, THOUSAND, dealers, p, stake, trade

__all__ = ["dealers", "p"]

STAKE = 40_000


@pytest.fixture
def holder(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain) -> int:
    """Ten puts at a third of the spot, and so little of the perpetual that it does not matter."""
    stake(p, dealers, STAKE)
    chain.mine(timestamp=p.expiry - 3 * 3_600)
    p.surface.post(BTC, p.expiry, astuple(smile_of(0.6)), WAD, chain.timestamp, sender=p.steward)
    chain.mine(delta=61)
    p.set_price(BTC, INDEX)
    trade(p, dealers.trader, dealers.maker, put(BTC, p.expiry, 20 * THOUSAND), 10 * SIZE)
    trade(p, dealers.trader, dealers.maker, perpetual(BTC), SIZE // 100)
    for left in (1_790, 1_200, 600, 301):
        chain.mine(timestamp=p.expiry - left)
        p.set_price(BTC, INDEX)
        p.market.roll(BTC, sender=p.stranger)
    chain.mine(delta=1)
    return dealers.trader


@pytest.mark.parametrize("price", [30_000, 22_000, 15_000, 600])
def test_what_is_bought_is_no_debt(p: SimpleNamespace, holder: int, price: int) -> None:
    """The perpetual loses up to 594, the puts nothing: they cost nothing."""
    p.set_price(BTC, price)
    p.surface.roll(BTC, sender=p.stranger)
    margin = p.lens.summary(holder).margin
    assert margin.equity >= (STAKE - 600) * WAD
    assert margin.equity >= margin.maintenance
