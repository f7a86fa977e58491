"""Slices into accounts that hold some of the same instruments: each has one word, and what is flat
none, whatever cancels out."""

from collections.abc import Iterable
from random import Random
from types import SimpleNamespace

import pytest

from plimsoll.spec.wad import SIZE, WAD, toward_div
from plimsoll.spec.words import KEY_SHIFT, call, future, key_of, put, sizes_of
from tests.deployment import BTC
from tests.harness import Chain
from tests.unit.test_life_of_options import INDEX, THOUSAND, USD, dealers, p, trade

__all__ = ["dealers", "p"]

ROUNDS = 3


def held(words: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Sizes by key, of which there is one each."""
    sizes = {word >> KEY_SHIFT: sizes_of(word) for word in words}
    assert len(sizes) == len(list(words))
    assert (0, 0) not in sizes.values()
    return sizes


def plus(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


@pytest.mark.parametrize("seed", range(12))
def test_what_cancels_out(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain, seed: int
) -> None:
    source, vault, seller, buyer = Random(seed), p.vault, dealers.trader, dealers.taker
    p.registry.set_liquidator(p.keeper, sender=p.governor)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    some = [kind(BTC, p.expiry, (50 + i) * THOUSAND) for i in range(8) for kind in (call, put)]
    some += [p.perpetuals[BTC], future(BTC, p.expiry)]
    flat = 0
    for _ in range(ROUNDS):
        for account, owner in ((seller, p.trader), (buyer, p.taker), (dealers.maker, p.maker)):
            p.quote.mint(owner, 10**14, sender=p.governor)
            vault.deposit(account, p.quote, 10**8 * USD, sender=owner)
        fraction = source.choice((WAD, WAD // 2, WAD // 4, source.randint(1, WAD)))
        for instrument in source.sample(some, source.randint(1, len(some))):
            size = source.choice((4, -4, 8, source.randint(1, 9))) * SIZE
            trade(p, seller, dealers.maker, instrument, size)
            if source.random() < 0.7:  # what the slice brings, or anything
                now = held(vault.book_of(seller).positions).get(key_of(instrument), (0, 0))
                side = instrument & 0xFF == put(BTC, 1, 1) & 0xFF
                mine = held(vault.book_of(buyer).positions).get(key_of(instrument), (0, 0))[side]
                moved = toward_div(now[side] * fraction, WAD)
                change = -moved - mine if source.random() < 0.7 else -size
                if change:
                    trade(p, buyer, dealers.maker, instrument, change)
        before = [held(vault.book_of(account).positions) for account in (seller, buyer)]
        vault.slice(seller, buyer, p.taker, fraction, 0, 0, sender=p.keeper)
        left, taken = [held(vault.book_of(account).positions) for account in (seller, buyer)]
        keys = {*before[0], *before[1]}
        for key in keys:
            sizes = before[0].get(key, (0, 0))
            moved = toward_div(sizes[0] * fraction, WAD), toward_div(sizes[1] * fraction, WAD)
            assert plus(left.get(key, (0, 0)), moved) == sizes
            assert taken.get(key, (0, 0)) == plus(before[1].get(key, (0, 0)), moved)
        assert {*left, *taken} <= keys
        flat += len({*before[1]} - {*taken})
    assert flat > 0
