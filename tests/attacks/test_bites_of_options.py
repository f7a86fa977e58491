"""Insurance makes good a hole, and a little of the margin on top for whoever takes it over. Paid
anew for every slice, that little adds up; so do sizes that are truncated in each of them.

Here what is left after a slice has that much less of a hole and of a margin.
"""

from types import SimpleNamespace

import pytest

from plimsoll.spec.wad import BPS, WAD
from plimsoll.spec.words import account_id, call, perpetual, put
from tests.deployment import BTC
from tests.harness import Chain
from tests.unit.test_life_of_options import INDEX, THOUSAND, USD, dealers, p, trade

__all__ = ["dealers", "p"]

FUND = 10**6
DUST = WAD // 1_000  # what truncated sizes are worth
ODD = 123_456_789  # a size that no fraction divides


@pytest.mark.parametrize(
    "bites", [(WAD,), (WAD // 3,) * 9, (7, 9 * WAD // 10, WAD // 7, WAD // 100)]
)
def test_a_hole_in_bites(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain, bites: tuple[int, ...]
) -> None:
    """Calls and puts sold, some bought, a perpetual and collateral, after a gap far beyond
    margin: as much as at once."""
    insurance, thief = p.registry.insurance(), account_id(int(p.taker.address, 16), 0)
    p.vault.deposit(insurance, p.quote, FUND * USD, sender=p.taker)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    account = dealers.trader
    p.wbtc.mint(p.trader, 10**7, sender=p.governor)
    p.wbtc.approve(p.vault, 10**7, sender=p.trader)
    p.vault.deposit(account, p.wbtc, 10**7, sender=p.trader)
    for instrument, size in (
        (call(BTC, p.expiry, 62 * THOUSAND), -2 * ODD),
        (call(BTC, p.expiry, 70 * THOUSAND), ODD // 3),
        (put(BTC, p.expiry, 62 * THOUSAND), -ODD // 5),
        (perpetual(BTC), -ODD // 2),
    ):
        trade(p, account, dealers.maker, instrument, size)

    chain.mine(delta=1_200)
    p.set_price(BTC, 82_000)
    insured = p.params.liquidation.spec.reward_min
    margin = p.lens.summary(account).margin
    assert margin.equity < 0
    most = insured * margin.maintenance // BPS
    whole, before = most - margin.equity, p.lens.summary(thief).margin.equity
    for bite in bites:
        health = margin.equity - margin.maintenance
        p.liquidator.liquidate(account, thief, bite, 0, sender=p.taker)
        margin = p.lens.summary(account).margin
        assert margin.equity - margin.maintenance >= health - DUST
    paid = FUND * WAD - p.vault.book_of(insurance).cash
    left = insured * margin.maintenance // BPS - margin.equity
    assert paid > 0
    assert whole - WAD <= paid + left <= whole + DUST
    assert p.lens.summary(thief).margin.equity - before <= most + DUST
