"""Options were sold at the volatility of yesterday by who could hold back that of today.

Anyone brings smiles, and a smile is in effect from the next epoch on. Whoever posts the next one
just as that begins must not take its place in it: each is in effect a minute later, whoever is
first.
"""

from dataclasses import astuple
from itertools import pairwise
from types import SimpleNamespace

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.wad import WAD
from tests.deployment import BTC
from tests.harness import Chain
from tests.unit.test_life_of_options import INDEX, p

__all__ = ["p"]


def test_posting_as_every_epoch_begins(p: SimpleNamespace, chain: Chain) -> None:
    """Volatility rises by the minute; in the very block in which it would count there is more."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    p.surface.roll(BTC, sender=p.stranger)
    smiles = [astuple(smile_of(percent / 100)) for percent in range(60, 91, 5)]
    assert p.surface.smile(BTC, p.expiry) == smiles[0]
    for last, smile in pairwise(smiles):
        chain.mine(delta=60)
        p.surface.post(BTC, p.expiry, smile, WAD, chain.timestamp, sender=p.steward)
        p.surface.roll(BTC, sender=p.stranger)
        assert p.surface.smile(BTC, p.expiry) == last
