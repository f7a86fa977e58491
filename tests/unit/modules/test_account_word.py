"""Account words, as in plimsoll.spec.words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.spec.words import CASH_LIMIT, pack_account, unpack_account
from tests.harness import Contract, Project, accounts, reverts
from tests.unit.spec.strategies import many

SOURCE = """
# pragma version 0.4.3
from modules import account_word


@external
@pure
def pack(fields: account_word.Fields) -> uint256:
    return account_word._pack(fields)


@external
@pure
def unpack(word: uint256) -> account_word.Fields:
    return account_word._unpack(word)


@external
@pure
def parts(word: uint256) -> (int256, uint256):
    return account_word._cash(word), account_word._positions(word)
"""

amounts = st.integers(-CASH_LIMIT, CASH_LIMIT) | st.sampled_from((-CASH_LIMIT, -1, 1, CASH_LIMIT))
bitmaps = st.integers(0, 2**32 - 1) | st.just(2**32 - 1)
bytes_ = st.integers(0, 255) | st.just(255)


@pytest.fixture(scope="module")
def words(project: Project) -> Contract:
    return project.inline(SOURCE, "AccountWords").deploy(sender=accounts[0])


@many
@given(amounts, amounts, bitmaps, bytes_, bytes_)
def test_round_trip(
    words: Contract, cash: int, basis: int, collateral: int, positions: int, level: int
) -> None:
    fields = (cash, basis, collateral, positions, level)
    word = words.pack(fields)
    assert word == pack_account(*fields)
    assert words.unpack(word) == unpack_account(word) == fields
    assert words.parts(word) == (cash, positions)


def test_every_field_has_its_place(words: Contract) -> None:
    """| cash 104 | basis 104 | collateral 32 | positions 8 | level 8 |"""
    assert words.pack((1, 0, 0, 0, 0)) == 1 << 152
    assert words.pack((0, 1, 0, 0, 0)) == 1 << 48
    assert words.pack((0, 0, 1, 0, 0)) == 1 << 16
    assert words.pack((0, 0, 0, 1, 0)) == 1 << 8
    assert words.pack((0, 0, 0, 0, 1)) == 1
    assert words.pack((-1, 0, 0, 0, 0)) == (2**104 - 1) << 152
    assert words.pack((0, -1, 0, 0, 0)) == (2**104 - 1) << 48


def test_any_word_can_be_read(words: Contract) -> None:
    """The one pattern that is never packed, -2**103, reads as it is."""
    assert words.unpack(0) == (0, 0, 0, 0, 0)
    assert words.unpack(2**256 - 1) == (-1, -1, 2**32 - 1, 255, 255)
    assert words.unpack(1 << 255 | 1 << 151) == (-(2**103), -(2**103), 0, 0, 0)


@pytest.mark.parametrize("amount", [CASH_LIMIT + 1, -CASH_LIMIT - 1, 2**255 - 1])
def test_amount_too_large(words: Contract, amount: int) -> None:
    for cash, basis in ((amount, 0), (0, amount)):
        with reverts("vault: amount too large"):
            words.pack((cash, basis, 0, 0, 0))


def test_least_integer(words: Contract) -> None:
    """It has no absolute value, which is a revert too."""
    for cash, basis in ((-(2**255), 0), (0, -(2**255))):
        with reverts(""):
            words.pack((cash, basis, 0, 0, 0))
