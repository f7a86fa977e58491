"""A feed was held to a quarter of the volatility at the forward and one standard deviation beside
it; wings beyond were free. In one post that of a far call went from 60 to 134 %, within all bounds.

Who was short of five hundred such calls, with 702,000 of initial margin, saw their mark go from 7
to 2,411, and was 500,000 short of anything a minute later. Who took the account over was paid
672,000 by insurance, and had won that and all the margin, 1,374,000, once two more posts had taken
the wing back. If the account was his own, he had robbed insurance; if not, its owner too.

Here a post moves no volatility by more than a quarter, which is less than what the scan does.
"""

from dataclasses import astuple, replace
from types import SimpleNamespace

from plimsoll.spec.smile import Smile
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import INDEX, THOUSAND, USD, dealers, lists, p, trade

__all__ = ["dealers", "p"]

FLAT = Smile(a=360_000_000, b=0, rho=0, m=0, s=250_000_000)
WING = Smile(a=487_649_410, b=1_046_618_942, rho=966_824_522, m=267_637_421, s=29_391_783)


def test_nobody_is_ruined_by_a_wing(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Who has sold calls at four fifths above the spot, and kept no more than initial margin."""
    expiry, account = p.expiry + 88 * 86_400, dealers.trader
    lists(p, chain, BTC, expiry, THOUSAND, 20 * THOUSAND, 400 * THOUSAND, 5_000)
    p.surface.set_feed(BTC, p.stranger, sender=p.governor)

    def post(smile: Smile) -> None:
        chain.mine(delta=60)
        p.set_price(BTC, INDEX)
        p.surface.post(BTC, expiry, astuple(smile), WAD, chain.timestamp, sender=p.stranger)

    post(FLAT)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    p.vault.deposit(dealers.maker, p.quote, 5 * 10**6 * USD, sender=p.maker)
    p.vault.deposit(account, p.quote, 10**6 * USD, sender=p.trader)
    trade(p, dealers.maker, account, call(BTC, expiry, 150 * THOUSAND), 500 * SIZE)
    most = p.lens.available(account, p.quote)
    p.vault.withdraw(account, p.quote, most, p.trader, sender=p.trader)
    with reverts("surface: smile moves too far"):
        post(WING)
    post(replace(FLAT, a=FLAT.a * 125**2 // 100**2))
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    assert p.surface.smile(BTC, expiry).a == FLAT.a * 25 // 16
    assert p.lens.summary(account).margin.equity > 0
