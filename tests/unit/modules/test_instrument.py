"""Position words, as in plimsoll.spec.words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.spec.words import (
    PERPETUAL,
    SIZE_LIMIT,
    key_of,
    pack_position,
    perpetual,
    size_of,
    underlying_of,
)
from tests.harness import Contract, Project, accounts, reverts
from tests.unit.spec.strategies import many

SOURCE = """
# pragma version 0.4.3
from modules import instrument


@external
@pure
def pack(key: uint256, size: int256) -> uint256:
    return instrument._pack(key, size)


@external
@pure
def unpack(word: uint256) -> (uint256, uint256, int256):
    return instrument._underlying(word), instrument._key(word), instrument._size(word)


@external
@pure
def is_perpetual(id: uint256) -> bool:
    return instrument._is_perpetual(id)
"""


@pytest.fixture(scope="module")
def words(project: Project) -> Contract:
    return project.inline(SOURCE, "Words").deploy(sender=accounts[0])


@many
@given(
    st.integers(0, 2**120 - 1),
    st.integers(-SIZE_LIMIT, SIZE_LIMIT) | st.sampled_from((-SIZE_LIMIT, -1, 0, 1, SIZE_LIMIT)),
)
def test_round_trip(words: Contract, key: int, size: int) -> None:
    word = words.pack(key, size)
    assert word == pack_position(key, size)
    assert words.unpack(word) == (key >> 104, key, size)
    assert (underlying_of(word), word >> 136, size_of(word)) == (key >> 104, key, size)


@pytest.mark.parametrize("size", [SIZE_LIMIT + 1, -SIZE_LIMIT - 1, 2**255 - 1])
def test_size_too_large(words: Contract, size: int) -> None:
    with reverts("vault: size too large"):
        words.pack(1, size)


@pytest.mark.parametrize("underlying", [1, 63, 2**16 - 1])
def test_is_perpetual(words: Contract, underlying: int) -> None:
    """One word only: nothing in expiry, strike or between, and its kind."""
    id = perpetual(underlying)
    assert words.is_perpetual(id)
    assert key_of(id) == key_of(pack_position(key_of(id), 1))
    for other in (id - PERPETUAL, id + 1, id | 1 << 8, id | 1 << 136, id | 1 << 200):
        assert not words.is_perpetual(other)
