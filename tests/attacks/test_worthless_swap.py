"""Nothing that nobody can price was brought into an account with positions, but in an unlock it had
none: a thief laid all of them aside, deposited bitcoin whose feed was silent, and took back what he
had of ether, in the place of options on bitcoin that had been asked for as much. What was worth
nothing counted 108,000, and kept him from being liquidated down to 1,850 from 3,000: 61,500 less
than nothing, which another account of his had won.

Here no account is given what nobody can price.
"""

from types import SimpleNamespace

from plimsoll.spec.market import STALE
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call
from tests.deployment import BTC, ETH
from tests.harness import Chain, Project, reverts
from tests.unit.margin_vault.bench import HOUR
from tests.unit.test_life_of_options import INDEX, THOUSAND, dealers, kept, legs, p, stake, trade

__all__ = ["dealers", "p"]

WORTHLESS = 180_000_000  # wbtc, 108,000 at the last price


def test_nothing_is_laid_aside(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain, project: Project
) -> None:
    stake(p, dealers, 115_000)
    thief, maker, taker = dealers.trader, dealers.maker, dealers.taker
    helper = project.UnlockCaller.deploy(sender=p.trader)
    p.registry.set_venue(helper, True, sender=p.governor)
    for account, owner in ((thief, p.trader), (maker, p.maker), (taker, p.taker)):
        p.vault.set_venue(account, helper, 10**9 * WAD, sender=owner)
    p.vault.set_netting(thief, 1, sender=p.trader)
    p.wbtc.mint(p.trader, 1, sender=p.governor)
    p.wbtc.approve(p.vault, 1, sender=p.trader)
    p.vault.deposit(thief, p.wbtc, 1, sender=p.trader)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    p.set_price(ETH, 3_000)
    option, perpetual = call(BTC, p.expiry, 63 * THOUSAND), p.perpetuals[ETH]
    trade(p, thief, maker, option, 130 * SIZE)
    trade(p, thief, maker, perpetual, 150 * SIZE)
    for _ in range(5):
        chain.mine(delta=HOUR)
        p.set_price(ETH, 3_000)
    assert p.market.peek(BTC).validity == STALE
    p.wbtc.mint(helper, WORTHLESS, sender=p.governor)
    book, deposit = p.vault.book.encode_input, p.vault.deposit.encode_input
    calls = [
        (p.vault, book(legs(p, taker, thief, (perpetual, 150 * SIZE)))),
        (p.vault, book(legs(p, maker, thief, (option, 130 * SIZE)))),
        (p.wbtc, p.wbtc.approve.encode_input(p.vault, WORTHLESS)),
        (p.vault, deposit(thief, p.wbtc, WORTHLESS)),
        (p.vault, book(legs(p, thief, taker, (perpetual, 150 * SIZE)))),
    ]
    with reverts("registry: old price"):
        helper.run(p.vault, [(*each, False) for each in calls], sender=p.trader)
    for price in range(2_950, 1_500, -50):
        assert kept(p, chain, ETH, price, thief, taker).equity > 0
