"""Several underlyings net by what their books are worth after a few moves. Spot is seldom on a node
of its epoch, so a straddle seems to keep a part of what it is worth at the next one: what it loses
if spot returns is at none of these moves.

A wei of collateral of another underlying makes a book one of several. It lowers no margin.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call, put
from tests.deployment import SOL
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import dealers, legs, lists, p, stake

__all__ = ["dealers", "p"]

STRIKE, SPOT = 150, 151.4
CONTRACTS = 100_000 * SIZE


def test_straddles_on_credit(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain) -> None:
    """They cost 163,000, two and a half hours before they expire. Once 32,600 were enough for
    that: back at the strike they were worth 50,400 less, which the seller, an account of the
    buyer's, had won. Insurance paid what was missing, and a reward."""
    thief = dealers.trader
    expiry = (chain.timestamp // 1_800 + 6) * 1_800
    lists(p, chain, SOL, expiry, *[STRIKE * SIZE] * 3, 500_000)
    stake(p, dealers, 35_000)
    p.weth.mint(p.trader, 1_000, sender=p.governor)
    p.weth.approve(p.vault, 1_000, sender=p.trader)
    p.vault.deposit(thief, p.weth, 1_000, sender=p.trader)
    chain.mine(timestamp=expiry - 9_000)
    p.set_price(SOL, STRIKE)
    p.surface.roll(SOL, sender=p.stranger)
    p.set_price(SOL, SPOT)
    p.market.roll(SOL, sender=p.stranger)
    chain.mine(delta=700)  # the stable price follows, the epoch is the same
    p.set_price(SOL, SPOT)
    assert p.surface.epoch(SOL).reference == STRIKE * WAD
    straddle = [(option(SOL, expiry, STRIKE * SIZE), CONTRACTS) for option in (call, put)]
    with reverts("vault: margin"):
        p.vault.book(legs(p, thief, dealers.maker, *straddle), sender=p.keeper)
