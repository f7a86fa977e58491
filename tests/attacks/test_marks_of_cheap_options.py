"""Losses were limited against a mark, and the mark was coarse: who traded between its steps took
what the limit did not see.

A lane is a 32,768th of the spot, 1.83 dollars of bitcoin: an option worth 3.70 is marked at 3.66,
and worth 3.60 at 1.83. A venue that bought such options for an account where their marks were
exact, and sold them hours later where they were not, took 64,000 of 100,000 dollars within a day,
and nothing of a limit of 100.

Here what is sold counts at its mark rounded up, as a short does in margins.
"""

from contextlib import suppress
from random import Random
from types import SimpleNamespace

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec import black76, smile, surface
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import PUT, account_id, call, kind_of, put, strike_of
from tests.deployment import BTC
from tests.harness import Chain, Reverted
from tests.unit.test_life_of_options import INDEX, THOUSAND, USD, dealers, lists, p

__all__ = ["dealers", "p"]

LIMIT = 100 * WAD
HOURS = 20  # a forward opens risk for a day
VOLATILITY = 0.6


def worth(option: int, index: int, left: int) -> int:
    """By the formula, not rounded to a lane."""
    strike = strike_of(option) * 10**10
    sigma = smile.vol(smile_of(VOLATILITY), black76.ln(strike) - black76.ln(index))
    value = black76.call(index, strike, sigma * surface.root(left) // WAD)
    return value - index + strike if kind_of(option) == PUT else value


def test_nothing_is_taken_between_two_marks(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    expiry = p.expiry + 12 * 86_400
    lists(p, chain, BTC, expiry, THOUSAND, 28 * THOUSAND, 120 * THOUSAND, 5_000, vol=VOLATILITY)
    options = [kind(BTC, expiry, i * THOUSAND) for kind in (call, put) for i in range(28, 121)]
    p.quote.mint(p.maker, 10**15, sender=p.governor)
    p.vault.deposit(dealers.maker, p.quote, 500_000_000 * USD, sender=p.maker)
    victim = account_id(int(p.trader.address, 16), 1)
    p.vault.deposit(victim, p.quote, 100_000 * USD, sender=p.trader)
    p.vault.set_venue(victim, p.keeper, LIMIT, sender=p.trader)
    index, random, taken, bought, sold = INDEX * WAD, Random(1), 0, 0, 0

    def book(option: int, size: int, mark: int) -> int:
        """At the mark, against the venue's own account; what the victim has lost by it."""
        quote = size * mark // SIZE
        legs = [(victim, option, size, -quote), (dealers.maker, option, -size, quote)]
        p.vault.book(legs, sender=p.keeper)
        return quote - size * worth(option, index, left) // SIZE

    for _ in range(HOURS):
        chain.mine(delta=3_601)
        index = index * random.randint(99_700, 100_300) // 100_000 // 10**10 * 10**10
        p.set_price(BTC, index / WAD)
        left = expiry - p.surface.roll(BTC, sender=p.keeper).return_value.time
        marks = {item: p.engine.mark.call(item, sender=p.keeper)[0] for item in options}
        missing = {item: worth(item, index, left) - marks[item] for item in options}
        held = {item: size for item in options if (size := p.vault.position(victim, item))}
        for option, size in held.items():
            if missing[option] < WAD:
                continue
            for part in (size, size // 100, min(size, SIZE)):  # as much as the limit lets
                with suppress(Reverted):
                    taken += book(option, -part, marks[option])
                    sold += 1
                    break
        cheap = [item for item in options if 0 < marks[item] < 60 * WAD and item not in held]
        for option in sorted(cheap, key=marks.__getitem__):
            size = min(5_000 * SIZE, p.vault.book_of(victim).cash * SIZE // marks[option])
            if missing[option] < WAD // 3 and size > SIZE:
                taken += book(option, size, marks[option])
                bought += 1
    assert bought > 5
    assert sold > 5
    assert taken <= 2 * LIMIT  # of two days
