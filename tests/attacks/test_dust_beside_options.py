"""Insurance tops up the reward for liquidating an account that has less than its margin asks.
Where a deposit, which nobody checks, can make margin jump, one makes it jump in an account of one's
own and liquidates oneself: nothing is lost, and insurance pays.

Long options need no more than they cost, however much a market could move against a holder of as
many; collateral beside them asks for no more than it does by itself.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import account_id, call
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.margin_vault.bench import ALL
from tests.unit.test_life_of_options import INDEX, THOUSAND, USD, dealers, p, trade

__all__ = ["dealers", "p"]


def test_a_satoshi_beside_cheap_calls(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """A thousand calls far out of the money, for 15 each: a market no deeper than this one
    asks millions for working them off."""
    insurance, thief = p.registry.insurance(), dealers.trader
    p.vault.deposit(insurance, p.quote, 200_000 * USD, sender=p.taker)
    p.quote.mint(p.maker, 10**14, sender=p.governor)
    p.vault.deposit(dealers.maker, p.quote, 5 * 10**7 * USD, sender=p.maker)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    trade(p, thief, dealers.maker, call(BTC, p.expiry, 66 * THOUSAND), 1_000 * SIZE)
    p.vault.withdraw(thief, p.quote, ALL, p.trader, sender=p.trader)
    before = p.lens.summary(thief)
    assert before.health >= 0
    p.wbtc.mint(p.trader, 1, sender=p.governor)
    p.wbtc.approve(p.vault, 1, sender=p.trader)
    p.vault.deposit(thief, p.wbtc, 1, sender=p.trader)
    assert p.lens.summary(thief).health >= before.health
    with reverts("liquidator: account is healthy"):
        p.liquidator.liquidate(
            thief, account_id(int(p.trader.address, 16), 1), WAD, 0, sender=p.trader
        )
    assert p.vault.book_of(insurance).cash == 200_000 * WAD
