"""Smiles of a volatility feed that were as steep as could be beside next to nothing, or that rose
all at once beyond what had been looked at, so that far calls were dearer than near ones. It took
one post, of a new expiry or a quarter off the last, and butterflies were looked at within five
standard deviations of the forward: of the first of these smiles within a basis point of it.

One account bought four hundred of the far calls from its twin for fewer of the near ones, which are
never worth less. By the marks it had 1,860 a contract more than its initial margin, 746,000 in all:
so much it withdrew, having brought a dollar. Lenders bore that; the twin lost nothing.
"""

from collections.abc import Callable
from dataclasses import astuple
from types import SimpleNamespace

import pytest

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.smile import Smile
from plimsoll.spec.wad import WAD
from tests.deployment import BTC
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import p

__all__ = ["p"]

MONTH = 30 * 86_400
STEEP = Smile(a=-108_625_737, b=24_309_000_000, rho=0, m=0, s=4_468_540)
LATE = Smile(a=20_631_322, b=12_166_561_775, rho=998_017_225, m=275_127_920, s=499_951)

Post = Callable[[Smile], object]


@pytest.fixture
def post(p: SimpleNamespace, chain: Chain) -> Post:
    """By the feed, for an expiry in a month."""
    expiry = chain.timestamp // 1_800 * 1_800 + MONTH
    p.market.list_expiry(BTC, expiry, WAD, sender=p.steward)
    p.surface.set_feed(BTC, p.stranger, sender=p.governor)

    def _post(smile: Smile) -> object:
        terms = BTC, expiry, astuple(smile), WAD, chain.timestamp
        return p.surface.post(*terms, sender=p.stranger)

    return _post


@pytest.mark.parametrize("smile", [STEEP, LATE])
def test_of_a_new_expiry(post: Post, smile: Smile) -> None:
    with reverts("surface: butterfly below nothing"):
        post(smile)


def test_a_quarter_off_the_last(post: Post, chain: Chain) -> None:
    """At the forward and beside it volatility hardly moves, from 20 %."""
    post(smile_of(0.2))
    chain.mine(delta=60)
    with reverts("surface: butterfly below nothing"):
        post(LATE)
