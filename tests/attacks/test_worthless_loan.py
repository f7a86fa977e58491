"""A price on which no more than a twentieth of MM hangs opened risk, and options that are paid for
are nearly all of MM until they are worth nothing: beside calls for 80,000, bought of an account of
his own, a thief borrowed 2,362 on an ether whose feed was silent and that was worth 150. The calls
expired, and 2,212 was owed by nobody.

Here initial margin is covered without what hangs on such prices, or nothing is opened.
"""

from types import SimpleNamespace

from plimsoll.spec.market import OPEN, STALE
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import UNDERLYING, call
from tests.deployment import BTC, ETH
from tests.harness import Chain, reverts
from tests.unit.margin_vault.bench import HOUR
from tests.unit.test_life_of_options import INDEX, THOUSAND, dealers, expire, p, stake, trade

__all__ = ["dealers", "p"]


def test_nothing_is_lent_on_what_nobody_can_price(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    stake(p, dealers, 110_000)
    thief = dealers.trader
    p.vault.set_netting(thief, UNDERLYING, sender=p.trader)
    p.weth.mint(p.trader, 10**18, sender=p.governor)
    p.weth.approve(p.vault, 10**18, sender=p.trader)
    p.vault.deposit(thief, p.weth, 10**18, sender=p.trader)
    for _ in range(5):
        chain.mine(delta=HOUR)
        p.set_price(BTC, INDEX)
    assert p.market.peek(ETH).validity == STALE
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    trade(p, thief, dealers.maker, call(BTC, p.expiry, 63 * THOUSAND), 520 * SIZE)
    assert p.lens.summary(thief).margin.validity == OPEN
    most = p.lens.available(thief, p.quote)
    with reverts("vault: margin"):
        p.vault.withdraw(thief, p.quote, most + 1, p.trader, sender=p.trader)
    p.vault.withdraw(thief, p.quote, most, p.trader, sender=p.trader)
    margin = p.lens.summary(thief).margin
    assert margin.validity == OPEN
    assert margin.equity - 3_000 * WAD >= margin.initial
    expire(p, chain, INDEX)
    p.set_price(ETH, 150)
    p.vault.settle(thief, sender=p.stranger)
    assert p.lens.summary(thief).margin.equity > 150 * WAD
