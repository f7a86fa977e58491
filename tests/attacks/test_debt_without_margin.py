"""A box or a conversion is worth the same wherever prices go, so the scan asks nothing of it.
Bought on credit from an account of one's own, it is a debt for which nobody has put anything up:
the seller earns the interest and takes it out, the buyer owes it and has nothing, so lenders pay.

A debt needs something that its interest can come from.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import UNDERLYING, account_id, call, put
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import INDEX, THOUSAND, dealers, p

__all__ = ["dealers", "p"]


def test_a_box_on_credit(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain) -> None:
    """Two empty accounts, and ten million in cash and in debt."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    buyer, seller = (account_id(int(p.stranger.address, 16), number) for number in (0, 1))
    for account in (buyer, seller):
        p.vault.set_venue(account, p.keeper, 10**9 * WAD, sender=p.stranger)
        p.vault.set_netting(account, UNDERLYING, sender=p.stranger)
    low, high, size = 20 * THOUSAND, 120 * THOUSAND, 100 * SIZE
    price = (high - low) * size * WAD // SIZE**2
    legs = [(buyer, 0, 0, -price), (seller, 0, 0, price)]
    for strike, side in ((low, size), (high, -size)):
        for instrument, bought in ((call, side), (put, -side)):
            traded = instrument(BTC, p.expiry, strike)
            legs += [(buyer, traded, bought, 0), (seller, traded, -bought, 0)]
    with reverts("vault: margin"):
        p.vault.book(legs, sender=p.keeper)
