"""Netting reads a curve at a few places, on lines between its nodes, where options that are bought
are worth less than that. Who held some that such a reading had gain, just where options of other
underlyings are lost, was lent what the gain seemed to be: no loss had been missed, so none was
hidden.

What options lose within the range beyond the most that is read of them is asked in full, and where
all that is read is a gain, it is taken back.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE
from plimsoll.spec.words import call, put
from tests.deployment import BTC, ETH, SOL
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import dealers, legs, lists, p, stake

__all__ = ["dealers", "p"]

# reference of the epoch, spot, and what is bought: kind, strike, contracts
BOUGHT = {
    BTC: (60_000, 59_740, ((call, 59_643, 2.7), (call, 60_338, 0.5), (call, 60_353, 264))),
    ETH: (3_000, 3_003.7, ((call, 3_027.7, 131), (call, 3_061.4, 811), (call, 3_253, 21))),
    SOL: (150, 148.6, ((call, 146.2, 2_567), (put, 140.95, 9_277), (call, 148.1, 1_006))),
}


def test_options_on_credit(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain) -> None:
    """They cost 12,100, two hours before they expire. Once 8,500 were enough for that: after all
    had fallen by 0.15 of their ranges, 2 to 3 %, the account owed 3,400. The seller, an account of
    the buyer's, had won all that they cost, and insurance paid what was missing."""
    thief = dealers.trader
    expiry = (chain.timestamp // 1_800 + 6) * 1_800
    for underlying in BOUGHT:
        lists(p, chain, underlying, expiry, SIZE // 20, SIZE, 10**5 * SIZE, 500_000)
    stake(p, dealers, 8_600)
    chain.mine(timestamp=expiry - 7_200)
    for underlying, (reference, _, _) in BOUGHT.items():
        p.set_price(underlying, reference)
        p.surface.roll(underlying, sender=p.stranger)
    chain.mine(delta=1)
    bought = []
    for underlying, (reference, spot, options) in BOUGHT.items():
        p.set_price(underlying, spot)
        assert p.surface.epoch(underlying).reference == reference * 10**18
        for kind, strike, contracts in options:
            option = kind(underlying, expiry, round(strike * SIZE))
            bought.append((option, round(contracts * SIZE)))
    trade = legs(p, thief, dealers.maker, *bought)
    with reverts("vault: margin"):
        p.vault.book(trade, sender=p.keeper)
    cost = -sum(quote for account, _, _, quote in trade if account == thief)
    assert 12_000 < cost / 10**18 < 12_300
    p.vault.deposit(thief, p.quote, 3_800 * 10**6, sender=p.trader)
    p.vault.book(trade, sender=p.keeper)
