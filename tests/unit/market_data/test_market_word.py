"""What is packed comes out again, and what does not fit does not get in."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.spec.market import MAX_PRICE, MarketState
from plimsoll.spec.wad import WAD
from tests.harness import Accounts, Contract, Project, reverts

EXPOSED = """
# pragma version 0.4.3
from interfaces import IMarketData
from modules import market_word


@external
@pure
def pack_state(state: IMarketData.State) -> (uint256, uint256):
    return market_word._pack_state(state)


@external
@pure
def unpack_state(price: uint256, premium: uint256) -> IMarketData.State:
    return market_word._unpack_state(price, premium)


@external
@pure
def pack_config(feed: address, is_observed: bool, params: IMarketData.Params) -> uint256:
    return market_word._pack_config(feed, is_observed, params)


@external
@pure
def unpack_config(config: uint256) -> (address, bool, IMarketData.Params):
    return (
        market_word._feed(config), market_word._is_observed(config), market_word._params(config)
    )


@external
@pure
def pack_expiry(item: IMarketData.Expiry) -> uint256:
    return market_word._pack_expiry(item)


@external
@pure
def unpack_expiry(word: uint256) -> IMarketData.Expiry:
    return market_word._unpack_expiry(word)


@external
@pure
def pack_told(market: IMarketData.Market) -> uint256[2]:
    return market_word._pack_told(market)


@external
@pure
def unpack_told(words: uint256[2]) -> IMarketData.Market:
    return market_word._unpack_told(words)
"""

UINT96, INT96, INT60, UINT40 = 2**96 - 1, 2**95 - 1, 2**59 - 1, 2**40 - 1
LAST_EXPIRY = (2**24 - 1) * 1_800
times = st.integers(0, 2**24 - 1).map(lambda number: number * 1_800)
ZERO = MarketState(0, 0, 0, 0, 0, 0, 0)

nanos = st.integers(0, 2**32 - 1).map(lambda nano: nano * 10**9)
states = st.builds(
    MarketState,
    index=st.integers(0, UINT96),
    stable=st.integers(0, UINT96),
    updated=st.integers(0, UINT40),
    premium=st.integers(-INT60, INT60),
    observation=st.integers(-INT60, INT60),
    funding=st.integers(-INT96, INT96),
    time=st.integers(0, UINT40),
    next_expiry=times,
)


@pytest.fixture(scope="module")
def exposed(project: Project, accounts: Accounts) -> Contract:
    return project.inline(EXPOSED, "MarketWord").deploy(sender=accounts[0])


@settings(max_examples=300)
@given(state=states)
def test_state(exposed: Contract, state: MarketState) -> None:
    unpacked = exposed.unpack_state(*exposed.pack_state(state))
    assert MarketState(**unpacked._asdict()) == state


def test_the_layout(exposed: Contract) -> None:
    """As it is drawn in the module."""
    state = MarketState(
        index=1,
        stable=2,
        updated=3,
        premium=-4,
        observation=5,
        funding=-6,
        time=7,
        next_expiry=5_400,
    )
    price, premium = exposed.pack_state(state)
    assert price == 3 << 232 | 1 << 136 | 2 << 40 | 3
    assert premium == (2**96 - 6) << 160 | (2**60 - 4) << 100 | 5 << 40 | 7
    config = exposed.pack_config("0x" + "00" * 19 + "08", True, (1, 2, 3, 4, 5, 6))
    assert config == 1 << 236 | 2 << 216 | 3 << 204 | 4 << 190 | 5 << 178 | 6 << 161 | 1 << 160 | 8
    word = exposed.pack_expiry((10**9, 2, 4 * 10**9, True, 3, True, False, 9_000))
    assert word == 3 << 160 | 4 << 128 | 1 << 96 | 2 << 56 | 5 << 32 | 6
    assert exposed.pack_expiry((0, 0, 0, False, 0, False, True, 0)) == 1
    told = [3 << 232 | 1 << 136 | 2 << 40 | 2, (2**96 - 4) << 160 | 5]
    assert exposed.pack_told((1, 2, 5, -4, 2, 5_400)) == told


@pytest.mark.parametrize(
    ("field", "most", "reason"),
    [
        ("index", UINT96, "market: price too large"),
        ("stable", UINT96, "market: price too large"),
        ("updated", UINT40, "market: time too large"),
        ("time", UINT40, "market: time too large"),
        ("next_expiry", LAST_EXPIRY, "market: time too large"),
        ("premium", INT60, "market: premium too large"),
        ("premium", -INT60, "market: premium too large"),
        ("observation", INT60, "market: premium too large"),
        ("observation", -INT60, "market: premium too large"),
        ("funding", INT96, "market: funding too large"),
        ("funding", -INT96, "market: funding too large"),
    ],
)
def test_too_large(exposed: Contract, field: str, most: int, reason: str) -> None:
    state = replace(ZERO, **{field: most})
    assert getattr(exposed.unpack_state(*exposed.pack_state(state)), field) == most
    with reverts(reason):
        step = 1_800 if field == "next_expiry" else 1 if most > 0 else -1
        exposed.pack_state(replace(ZERO, **{field: most + step}))


def test_prices_and_premiums_within_their_bounds_fit() -> None:
    assert MAX_PRICE <= UINT96
    assert WAD // 10 <= INT60
    years = INT96 * WAD // (MAX_PRICE * (WAD // 10)) * 8 / (24 * 365)
    assert 36 < years < 37


@settings(max_examples=200)
@given(
    feed=st.integers(0, 2**160 - 1),
    is_observed=st.booleans(),
    params=st.tuples(
        st.integers(0, 86_400),
        st.integers(0, 86_400),
        st.integers(0, 2_000),
        st.integers(0, 5_000),
        st.integers(0, 1_000),
        st.integers(0, 86_400),
    ),
)
def test_config(exposed: Contract, feed: int, is_observed: bool, params: tuple[int, ...]) -> None:
    address = "0x" + feed.to_bytes(20).hex()
    config = exposed.pack_config(address, is_observed, params)
    unpacked, flag, fields = exposed.unpack_config(config)
    assert (int(unpacked, 16), flag) == (feed, is_observed)
    assert fields == params


@settings(max_examples=200)
@given(
    item=st.tuples(
        nanos,
        st.integers(0, UINT40),
        nanos,
        st.booleans(),
        st.integers(0, UINT96),
        st.booleans(),
        st.booleans(),
        times,
    )
)
def test_expiry(exposed: Contract, item: tuple[int, ...]) -> None:
    assert exposed.unpack_expiry(exposed.pack_expiry(item)) == item


@settings(max_examples=200)
@given(
    told=st.tuples(
        st.integers(0, UINT96),
        st.integers(0, UINT96),
        st.integers(0, UINT96),
        st.integers(-INT96, INT96),
        st.integers(0, 2),
        times,
    )
)
def test_told(exposed: Contract, told: tuple[int, ...]) -> None:
    assert exposed.unpack_told(exposed.pack_told(told)) == told


def test_what_a_window_gathers_fits() -> None:
    assert 1_800 * MAX_PRICE <= UINT96
