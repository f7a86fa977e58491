"""Posting a smile; that words wait for the next epoch is in test_load.py."""

from collections.abc import Callable
from dataclasses import astuple, replace

import pytest

from plimsoll.spec.smile import NANO, Smile
from plimsoll.spec.wad import WAD
from tests.harness import Account, Chain, Contract, reverts
from tests.unit.vol_surface.conftest import (
    PRICE,
    RATIO,
    SMILE,
    UNDERLYING,
    SetPrice,
    moved,
)

NEW = moved(SMILE, 2)
Post = Callable[..., object]


@pytest.fixture
def post(surface: Contract, expiries: list[int], poster: Account, chain: Chain) -> Post:
    """Posts for the first expiry, as of now."""

    def _post(
        shape: Smile = NEW,
        *,
        expiry: int = expiries[0],
        ratio: int = RATIO,
        time: int | None = None,
        sender: Account = poster,
    ) -> object:
        at = chain.timestamp if time is None else time
        return surface.post(UNDERLYING, expiry, astuple(shape), ratio, at, sender=sender)

    return _post


@pytest.fixture(autouse=True)
def _later(surface: Contract, chain: Chain) -> None:
    chain.mine(delta=100)


def test_by_the_feed(
    surface: Contract, market: Contract, expiries: list[int], post: Post, chain: Chain
) -> None:
    """Smile and ratio are kept, the smile with both times."""
    ratio, time = RATIO * 1_002 // 1_000, chain.timestamp - 7
    receipt = post(ratio=ratio, time=time)
    [event] = receipt.events_of(surface.SmilePosted)
    assert event.args == {
        "underlying": UNDERLYING,
        "expiry": expiries[0],
        "smile": astuple(NEW),
        "ratio": ratio,
        "time": time,
    }
    assert surface.posted(UNDERLYING, expiries[0]) == (astuple(NEW), time, chain.timestamp)
    began = surface.epoch(UNDERLYING).time
    assert market.forward(UNDERLYING, expiries[0], began, 0).ratio == RATIO
    assert market.forward(UNDERLYING, expiries[0], chain.timestamp + 1, 0).ratio == ratio


def test_by_steward_and_governor(
    post: Post, steward: Account, governor: Account, chain: Chain
) -> None:
    post(sender=steward)
    chain.mine(delta=60)
    post(sender=governor)


def test_takes_effect_with_the_next_epoch(
    surface: Contract, expiries: list[int], post: Post, stranger: Account, chain: Chain
) -> None:
    """At once, as the epoch is a minute old; a block later for who asks in the same one."""
    post()
    assert surface.smile(UNDERLYING, expiries[0]) == astuple(SMILE)
    chain.mine(delta=1)
    assert surface.smile(UNDERLYING, expiries[0]) == astuple(NEW)
    assert surface.roll(UNDERLYING, sender=stranger).return_value.number == 3
    assert surface.smile(UNDERLYING, expiries[0]) == astuple(NEW)


def test_twice_before_the_next_epoch(
    surface: Contract,
    expiries: list[int],
    post: Post,
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
) -> None:
    """What is in effect stays, what was about to be is replaced."""
    surface.roll(UNDERLYING, sender=stranger)
    for percent in (2, 4, 6):
        post(moved(SMILE, percent))
        # nobody rolls
        chain.mine(delta=60)
    assert surface.smile(UNDERLYING, expiries[0]) == astuple(moved(SMILE, 6))
    surface.roll(UNDERLYING, sender=stranger)
    chain.mine(delta=10)
    post(moved(SMILE, 8))
    assert surface.smile(UNDERLYING, expiries[0]) == astuple(moved(SMILE, 6))


def test_the_first_smile_of_an_expiry(
    surface: Contract,
    market: Contract,
    expiries: list[int],
    post: Post,
    governor: Account,
    stranger: Account,
    chain: Chain,
) -> None:
    """In effect at once, and for the rest of the epoch, whatever is posted then."""
    expiry = expiries[0] + 1_800
    market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)
    assert not surface.knows(UNDERLYING, expiry)
    surface.roll(UNDERLYING, sender=stranger)
    post(expiry=expiry)
    assert surface.knows(UNDERLYING, expiry)
    assert surface.smile(UNDERLYING, expiry) == astuple(NEW)
    chain.mine(delta=60)
    post(moved(NEW, 1), expiry=expiry)
    time = surface.epoch(UNDERLYING).time
    assert time == chain.timestamp  # due: the first smile is in effect
    assert surface.smile(UNDERLYING, expiry) == astuple(NEW)
    chain.mine(delta=1)
    assert surface.smile(UNDERLYING, expiry) == astuple(moved(NEW, 1))


def test_stranger(post: Post, stranger: Account) -> None:
    with reverts("governed: not steward"):
        post(sender=stranger)


def test_unknown_underlying(bare: Contract, expiries: list[int], governor: Account) -> None:
    with reverts("surface: unknown underlying"):
        bare.post(UNDERLYING, expiries[0], astuple(NEW), RATIO, 1, sender=governor)


def test_expired(post: Post, expiries: list[int], chain: Chain) -> None:
    chain.mine(timestamp=expiries[0])
    with reverts("surface: expired"):
        post()


def test_unknown_expiry(post: Post, expiries: list[int]) -> None:
    with reverts("market: unknown expiry"):
        post(expiry=expiries[0] + 1_800)
    with reverts():  # what would look like another expiry
        post(Smile(NANO // 4, 0, 0, 0, NANO), expiry=expiries[0] + (1 << 40))


def test_time_in_the_future(post: Post, chain: Chain) -> None:
    with reverts("surface: time in the future"):
        post(time=chain.timestamp + 1)


def test_not_newer(surface: Contract, expiries: list[int], post: Post, chain: Chain) -> None:
    last = surface.posted(UNDERLYING, expiries[0])[1]
    with reverts("surface: not newer"):
        post(time=last)
    post(time=last + 1)


def test_too_soon(post: Post, chain: Chain) -> None:
    """A minute after the last was posted, whenever that was made."""
    post(time=chain.timestamp - 90)
    chain.mine(delta=59)
    with reverts("surface: too soon"):
        post()
    chain.mine(delta=1)
    post()


def test_arbitrage(post: Post) -> None:
    with reverts("surface: variance not positive"):
        post(replace(SMILE, a=-NANO))
    with reverts("surface: smile out of range"):
        post(replace(SMILE, s=0))


def test_moves_too_far(post: Post) -> None:
    with reverts("surface: smile moves too far"):
        post(moved(SMILE, 20))


def test_ratio_moves_too_far(post: Post) -> None:
    with reverts("market: ratio moves too far"):
        post(ratio=RATIO * 1_003 // 1_000)
    assert WAD < RATIO < PRICE


def test_batch_under_way(post: Post, batch: None) -> None:
    with reverts("governed: batch under way"):
        post()
