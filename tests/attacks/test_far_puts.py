"""Thirty puts for nearly nothing, struck at a third of the price, were a hedge of ten silent
bitcoin if that goes to nothing, and so made these good for slices: where bitcoin was at 20,000 they
were worth 200,000, of 600,000, and the puts nothing. 206 ether of another account of the same owner
could be taken with that by 2,050, on 510,000 at the last price, of which 110,000 were left.

Here what pays only beyond four scan ranges does not cover what is lost on the way there.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import account_id, put
from tests.deployment import BTC, ETH
from tests.harness import Chain, reverts
from tests.unit.margin_vault.bench import ALL
from tests.unit.test_life_of_options import INDEX, THOUSAND, USD, dealers, p, trade

__all__ = ["dealers", "p"]

HOUR = 3_600


def test_far_puts_cover_no_slices(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    account, sister = dealers.trader, account_id(int(p.trader.address, 16), 1)
    p.wbtc.mint(p.trader, 10 * SIZE, sender=p.governor)
    p.wbtc.approve(p.vault, 10 * SIZE, sender=p.trader)
    p.vault.deposit(account, p.wbtc, 10 * SIZE, sender=p.trader)
    p.vault.deposit(sister, p.quote, 165_000 * USD, sender=p.trader)
    p.vault.set_venue(sister, p.keeper, 10**9 * WAD, sender=p.trader)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    p.set_price(ETH, 3_000)
    trade(p, account, dealers.maker, put(BTC, p.expiry, 20 * THOUSAND), 30 * SIZE)
    p.vault.withdraw(account, p.quote, ALL, p.trader, sender=p.trader)
    trade(p, sister, dealers.taker, p.perpetuals[ETH], 250 * SIZE)
    chain.mine(delta=5 * HOUR)
    p.set_price(ETH, 2_750)
    assert p.lens.summary(sister).health < 0
    with reverts("vault: margin"):
        p.liquidator.liquidate(sister, account, WAD, 0, sender=p.trader)
