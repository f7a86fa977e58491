"""A calendar spread needs a thirtieth of what is asked of its later leg once the other has expired,
and nobody checks a margin then. Insurance would pay whoever liquidates oneself in that moment; but
a forward fades over half an hour, and every keeper who comes before is paid by the account.
"""

from types import SimpleNamespace

from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import UNDERLYING, account_id, future
from tests.deployment import SOL
from tests.harness import Chain
from tests.unit.test_life_of_options import USD, dealers, lists, p

__all__ = ["dealers", "p"]

INDEX = 150
CONTRACTS = 8_000 * SIZE


def test_insurance_pays_for_no_leg(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Of 8,000 contracts it would be 2,500, had no keeper come for the whole of the half hour."""
    thief = account_id(int(p.trader.address, 16), 1)
    first = (chain.timestamp // 1_800 + 4) * 1_800
    for expiry in (first, first + 7 * 86_400):
        lists(p, chain, SOL, expiry, 0, 0, 0, 500_000)
    p.vault.deposit(p.insurance, p.quote, 100_000 * USD, sender=p.taker)
    p.vault.deposit(thief, p.quote, 20_000 * USD, sender=p.trader)
    p.vault.set_venue(thief, p.keeper, 10**9 * WAD, sender=p.trader)
    p.vault.set_netting(thief, UNDERLYING, sender=p.trader)
    chain.mine(timestamp=first - 1_860)
    p.set_price(SOL, INDEX)
    price = INDEX * CONTRACTS * WAD // SIZE
    legs = []
    for expiry, side in ((first, 1), (first + 7 * 86_400, -1)):
        legs.append((thief, future(SOL, expiry), side * CONTRACTS, -side * price))
        legs.append((dealers.maker, future(SOL, expiry), -side * CONTRACTS, side * price))
    p.vault.book(legs, sender=p.keeper)
    p.vault.withdraw(thief, p.quote, p.lens.available(thief, p.quote), p.trader, sender=p.trader)
    own, paid = p.lens.summary(thief).margin.equity, []
    for seconds in range(60, 1_860, 300):
        chain.mine(timestamp=first - 1_800 + seconds)
        p.set_price(SOL, INDEX)
        if p.lens.summary(thief).health < 0:
            done = p.liquidator.liquidate(thief, dealers.taker, WAD, 1, sender=p.taker)
            assert done.return_value.payment >= 0
            paid.append(done.return_value.reward)
    assert p.vault.book_of(p.insurance).cash > 100_000 * WAD
    assert len(paid) > 2
    assert 0 < sum(paid) < own
    assert p.lens.summary(thief).margin.equity >= 0
