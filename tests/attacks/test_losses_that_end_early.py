"""Several underlyings net by what their books are worth after a few moves in common, a third of the
range apart. What puts cost is lost before the first of them, and there options of another
underlying that cost nothing gain enough for all of it: so much was lent on the puts until prices
rose by less than that.

Options are asked for what they lose a third less or more far, if that is more.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE
from plimsoll.spec.words import call, put
from tests.deployment import BTC, ETH, SOL
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import dealers, legs, lists, p, stake

__all__ = ["dealers", "p"]

BOUGHT = (  # puts a tenth of the range in the money, and a strangle three tenths out of it
    (BTC, put, 60_780, 10),
    (ETH, put, 3_048, 200),
    (SOL, call, 159.45, 12_000),
    (SOL, put, 140.55, 12_000),
)


def test_puts_on_credit(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain) -> None:
    """They cost 17,550, two hours before they expire. Once 12,540 were enough for that: after all
    had risen by a fifth of their ranges, 2.6 to 4.2 %, the account owed 4,660. The seller, an
    account of the buyer's, had won all that they cost, and insurance paid what was missing."""
    thief = dealers.trader
    expiry = (chain.timestamp // 1_800 + 6) * 1_800
    for underlying in (BTC, ETH, SOL):
        lists(p, chain, underlying, expiry, SIZE // 20, SIZE, 10**5 * SIZE, 500_000)
    stake(p, dealers, 12_700)
    chain.mine(timestamp=expiry - 7_200)
    for underlying, price in ((BTC, 60_000), (ETH, 3_000), (SOL, 150)):
        p.set_price(underlying, price)
    bought = [
        (kind(underlying, expiry, round(strike * SIZE)), contracts * SIZE)
        for underlying, kind, strike, contracts in BOUGHT
    ]
    trade = legs(p, thief, dealers.maker, *bought)
    with reverts("vault: margin"):
        p.vault.book(trade, sender=p.keeper)
    cost = -sum(quote for account, _, _, quote in trade if account == thief)
    assert 17_500 < cost / 10**18 < 17_600
    p.vault.deposit(thief, p.quote, 4_900 * 10**6, sender=p.trader)
    p.vault.book(trade, sender=p.keeper)
