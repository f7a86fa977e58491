"""Where values are rounded against accounts, options that are worth nothing may seem to owe, and
who holds many of them and nothing else has insurance pay for a debt that is none.

Here what only gives is worth nothing at least.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import PORTFOLIO, POSITION, UNDERLYING, put
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.margin_vault.bench import ALL
from tests.unit.test_life_of_options import DAY, INDEX, THOUSAND, USD, dealers, p, trade

__all__ = ["dealers", "p"]


def test_nobody_is_paid_for_them(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Puts on all the cash that an account has, then the price goes away from them."""
    insurance = p.registry.insurance()
    p.vault.deposit(insurance, p.quote, 10_000 * USD, sender=p.trader)
    p.vault.deposit(dealers.maker, p.quote, 5 * 10**6 * USD, sender=p.maker)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    account = dealers.trader
    for strike in (52, 53, 54):
        trade(p, account, dealers.maker, put(BTC, p.expiry, strike * THOUSAND), 100 * SIZE)
    p.vault.withdraw(account, p.quote, ALL, p.trader, sender=p.trader)
    for level in (POSITION, UNDERLYING, PORTFOLIO):
        p.vault.set_netting(account, level, sender=p.trader)
        for price in (61_500, 66_789, 72_345, 75_000):
            with chain.isolate():
                chain.mine(delta=DAY)
                p.set_price(BTC, price)
                assert 0 <= p.lens.summary(account).margin.equity < 200_000 * WAD
                with reverts("liquidator: account is healthy"):
                    p.liquidator.liquidate(account, dealers.taker, WAD, 0, sender=p.taker)
