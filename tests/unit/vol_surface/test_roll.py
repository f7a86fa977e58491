"""Epochs: when one is over, and what the next begins with."""

from dataclasses import replace
from itertools import product

import pytest

from plimsoll.spec import surface as spec
from plimsoll.spec.market import HOUR
from plimsoll.spec.surface import DAY, Epoch
from plimsoll.spec.wad import WAD
from tests.harness import Account, Chain, Contract, reverts
from tests.unit.vol_surface.conftest import PRICE, SPAN, UNDERLYING, SetPrice


def test_not_due(surface: Contract, stranger: Account, chain: Chain) -> None:
    """Nothing is stored, nothing logged."""
    before = surface.epoch(UNDERLYING)
    receipt = surface.roll(UNDERLYING, sender=stranger)
    assert receipt.return_value == before == (PRICE, SPAN, 200, chain.timestamp, 2, 0)
    assert receipt.events_of(surface.EpochBegun) == []


@pytest.mark.parametrize(("move", "due"), [(200, False), (201, True), (-200, False), (-201, True)])
def test_spot_has_moved(
    surface: Contract, set_price: SetPrice, stranger: Account, move: int, due: bool, chain: Chain
) -> None:
    """By more than 2 %, either way."""
    price = PRICE * (10_000 + move) // 10_000
    set_price(price)
    told = surface.epoch(UNDERLYING)
    receipt = surface.roll(UNDERLYING, sender=stranger)
    assert receipt.return_value == told == surface.epoch(UNDERLYING)
    events = [(e.underlying, e.number, e.reference) for e in receipt.events_of(surface.EpochBegun)]
    assert events == ([(UNDERLYING, 3, price)] if due else [])
    if due:
        assert told == (price, SPAN, 200, chain.timestamp, 3, 0)


@pytest.mark.parametrize(("move", "due"), [(100, False), (101, True)])
def test_spot_has_moved_near_an_expiry(
    surface: Contract,
    expiries: list[int],
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
    move: int,
    due: bool,
) -> None:
    """By more than 1 % if an expiry was within three days when the epoch began."""
    chain.mine(timestamp=expiries[0] - 3 * DAY)
    set_price(PRICE)
    number = surface.roll(UNDERLYING, sender=stranger).return_value.number
    chain.mine(delta=1)
    set_price(PRICE * (10_000 + move) // 10_000)
    assert surface.epoch(UNDERLYING).number == number + due


@pytest.mark.parametrize("left", [6 * DAY, 8 * HOUR + 8, 6 * HOUR, HOUR, 1_000, 10])
def test_too_old(
    surface: Contract, expiries: list[int], stranger: Account, chain: Chain, left: int
) -> None:
    """An hour, or an eighth of the time to the next expiry, but two minutes at least."""
    chain.mine(timestamp=expiries[0] - left + 300)
    begun = surface.roll(UNDERLYING, sender=stranger).return_value
    for age in (*range(100, 3_601, 100), 3_601):
        now = begun.time + age
        chain.mine(timestamp=now)
        next_expiry = expiries[now >= expiries[0]]
        due = age > spec.max_age(next_expiry, now)
        assert surface.epoch(UNDERLYING).number == begun.number + due
    assert due


def test_equals_the_specification() -> None:
    """The bounds, written out."""
    epoch = Epoch(100 * WAD, 10**9, 7, 0, SPAN, 200)
    assert spec.max_age(0, 10**9) == 3_600
    assert [spec.max_age(10**9 + left, 10**9) for left in (1, 1_600, 8_000, 10**6)] == [
        120,
        200,
        1_000,
        3_600,
    ]
    assert [spec.bound(next_expiry, 0) for next_expiry in (0, 3 * DAY, 3 * DAY + 1)] == [
        200,
        100,
        200,
    ]
    for price, next_expiry, age in product((98, 99, 100, 101, 102), (0, DAY), (0, 3_600, 3_601)):
        bound = 1 if next_expiry else 2
        epoch = replace(epoch, bound=100 * bound)
        ahead = 10**9 + age + next_expiry if next_expiry else 0
        due = abs(price - 100) > bound or age > 3_600
        at = price * WAD + (price > 100) - (price < 100)
        assert spec.is_due(epoch, at, ahead, 10**9 + age) == (due or abs(price - 100) == bound)
    assert [
        spec.begin(Epoch(1, 0, n, 0, 1, 1), 1, 0, 1).number for n in (1, 2**16 - 2, 2**16 - 1)
    ] == [
        2,
        2**16 - 1,
        2**16 + 1,
    ]


def test_unknown_underlying(bare: Contract, stranger: Account) -> None:
    with reverts("surface: unknown underlying"):
        bare.roll(UNDERLYING, sender=stranger)
    with reverts("surface: unknown underlying"):
        bare.epoch(UNDERLYING)
    with reverts("market: unknown underlying"):
        bare.roll(2, sender=stranger)
