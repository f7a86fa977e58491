"""Instruments and position words, as in plimsoll.spec.words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.spec.wad import Revert
from plimsoll.spec.words import (
    CALL,
    FUTURE,
    PERPETUAL,
    PUT,
    SIZE_LIMIT,
    call,
    expiry_of,
    future,
    is_canonical,
    is_option,
    key_of,
    kind_of,
    pack_position,
    perpetual,
    put,
    size_of,
    sizes_of,
    strike_of,
    underlying_of,
)
from tests.harness import Contract, Project, accounts, reverts
from tests.unit.spec.strategies import many

SOURCE = """
# pragma version 0.4.3
from modules import instrument


@external
@pure
def pack(key: uint256, calls: int256, puts: int256) -> uint256:
    return instrument._pack(key, calls, puts)


@external
@pure
def unpack(word: uint256) -> (uint256, uint256, uint256, uint256):
    return (
        instrument._underlying(word),
        instrument._expiry(word),
        instrument._strike(word),
        instrument._key(word),
    )


@external
@pure
def sizes(word: uint256) -> (int256, int256, int256):
    calls: int256 = 0
    puts: int256 = 0
    calls, puts = instrument._sizes(word)
    return calls, puts, instrument._size(word)


@external
@pure
def held(word: uint256, id: uint256) -> (int256, bool):
    return instrument._held(word, id), instrument._is_flat(word)


@external
@pure
def kind(id: uint256) -> (uint256, bool):
    return instrument._kind(id), instrument._is_canonical(id)
"""

U16, U40, U64 = (2**bits - 1 for bits in (16, 40, 64))
sizes = st.integers(-SIZE_LIMIT, SIZE_LIMIT) | st.sampled_from((-SIZE_LIMIT, -1, 0, 1, SIZE_LIMIT))
INSTRUMENTS = {
    PERPETUAL: perpetual(63),
    FUTURE: future(U16, U40),
    CALL: call(1, 1, 1),
    PUT: put(U16, U40, U64),
}


@pytest.fixture(scope="module")
def words(project: Project) -> Contract:
    return project.inline(SOURCE, "Words").deploy(sender=accounts[0])


@many
@given(st.integers(0, 2**120 - 1), sizes, sizes)
def test_round_trip(words: Contract, key: int, calls: int, puts: int) -> None:
    word = words.pack(key, calls, puts)
    assert word == pack_position(key, calls, puts)
    underlying, expiry, strike = key >> 104, key >> 64 & U40, key & U64
    assert words.unpack(word) == (underlying, expiry, strike, key)
    assert (underlying_of(word), expiry_of(word), strike_of(word)) == (underlying, expiry, strike)
    assert words.sizes(word) == (calls, puts, calls)
    assert (*sizes_of(word), size_of(word)) == (calls, puts, calls)
    flat = calls == puts == 0
    for kind in (PERPETUAL, FUTURE, CALL, PUT):
        size = puts if kind == PUT else calls
        assert words.held(word, key << 136 | kind) == (size, flat)


@pytest.mark.parametrize("size", [SIZE_LIMIT + 1, -SIZE_LIMIT - 1, 2**255 - 1])
def test_size_too_large(words: Contract, size: int) -> None:
    for sizes in ((size, 0), (0, size)):
        with reverts("vault: size too large"):
            words.pack(1, *sizes)
        with pytest.raises(Revert, match="vault: size too large"):
            pack_position(1, *sizes)


@pytest.mark.parametrize("kind", INSTRUMENTS)
def test_kinds(words: Contract, kind: int) -> None:
    """What an instrument is, and that its position's word has the same key."""
    id = INSTRUMENTS[kind]
    assert words.kind(id) == (kind, True)
    assert kind_of(id) == kind
    assert is_canonical(id)
    assert is_option(id) == (kind in (CALL, PUT))
    assert key_of(id) == key_of(pack_position(key_of(id), 1, -1))
    for bit in range(8, 136):
        assert words.kind(id | 1 << bit)[1] is is_canonical(id | 1 << bit) is False


@pytest.mark.parametrize("kind", range(8))
@pytest.mark.parametrize("expiry", [0, 1, U40])
@pytest.mark.parametrize("strike", [0, 1, U64])
def test_canonical(words: Contract, kind: int, expiry: int, strike: int) -> None:
    """A perpetual has neither expiry nor strike, a future no strike, an option both."""
    id = 5 << 240 | expiry << 200 | strike << 136 | kind
    terms = {PERPETUAL: (False, False), FUTURE: (True, False), CALL: (True, True)}
    terms[PUT] = terms[CALL]
    canonical = terms.get(kind) == (expiry > 0, strike > 0)
    assert words.kind(id) == (kind, canonical)
    assert is_canonical(id) == canonical
