"""Several underlyings net by what their books are worth after a few moves. Between the nodes of an
epoch a straddle near its expiry seems to be worth more than it is: a gain that is none, and beside
it a loss of another underlying. What that loses is not seen at the extremes either, if far puts
that are worth nothing end it there.

A margin is at least what any underlying loses by itself.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call, perpetual, put
from tests.deployment import ETH, SOL
from tests.harness import Chain, reverts
from tests.unit.test_life_of_options import dealers, legs, lists, p, stake

__all__ = ["dealers", "p"]

ETHER, FAR = 3_000, 2_400
SOLANA, REFERENCE = 148.6, 150
ETHERS, STRADDLES = 100 * SIZE, 16_000 * SIZE


def test_a_perpetual_on_the_margin_of_straddles(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Ether for 300,000 loses 48,000 within its range. Beside straddles in another coin for 9,520,
    two and a half hours before they expire, 26,100 were enough for all that: after a fall of 15 %
    the account owed 18,000. Its other one had won 45,000, and insurance paid what was missing."""
    thief, strike = dealers.trader, round(SOLANA * SIZE)
    expiry = (chain.timestamp // 1_800 + 6) * 1_800
    for underlying, listed in ((ETH, FAR * SIZE), (SOL, strike)):
        lists(p, chain, underlying, expiry, *[listed] * 3, 500_000, vol=0.3)
    stake(p, dealers, 27_000)
    chain.mine(timestamp=expiry - 9_000)
    p.set_price(ETH, ETHER)
    p.set_price(SOL, REFERENCE)
    p.surface.roll(SOL, sender=p.stranger)
    p.set_price(SOL, SOLANA)
    p.market.roll(SOL, sender=p.stranger)
    chain.mine(delta=700)  # the stable price follows, the epoch is the same
    p.set_price(ETH, ETHER)
    p.set_price(SOL, SOLANA)
    assert p.surface.epoch(SOL).reference == REFERENCE * WAD
    bought = (
        (perpetual(ETH), ETHERS),
        (put(ETH, expiry, FAR * SIZE), 3 * ETHERS),
        (call(SOL, expiry, strike), STRADDLES),
        (put(SOL, expiry, strike), STRADDLES),
    )
    with reverts("vault: margin"):
        p.vault.book(legs(p, thief, dealers.maker, *bought), sender=p.keeper)
