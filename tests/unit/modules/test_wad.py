"""Division rounds the way it says, like plimsoll.spec.wad."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.spec import wad
from tests.harness import Accounts, Contract, Project, reverts

EXPOSED = """
# pragma version 0.4.3
from modules import wad


@external
@pure
def floor_div(a: int256, b: int256) -> int256:
    return wad._floor_div(a, b)


@external
@pure
def ceil_div(a: uint256, b: uint256) -> uint256:
    return wad._ceil_div(a, b)


@external
@pure
def ceil_div_signed(a: int256, b: int256) -> int256:
    return wad._ceil_div_signed(a, b)


@external
@pure
def toward_div(a: int256, b: int256) -> int256:
    return a // b  # Vyper's own


@external
@pure
def ceil_sqrt(a: uint256) -> uint256:
    return wad._ceil_sqrt(a)


@external
@pure
def units() -> (uint256, uint256, uint256, uint256, uint256):
    return wad.WAD, wad.RAY, wad.BPS, wad.SIZE, wad.YEAR


@external
@pure
def signed_units() -> (int256, int256, int256, int256):
    return wad.IWAD, wad.IRAY, wad.IBPS, wad.ISIZE
"""

LOWEST, HIGHEST = -(2**255), 2**255 - 1

signed = st.one_of(
    st.integers(-100, 100), st.integers(LOWEST, HIGHEST), st.sampled_from([LOWEST, HIGHEST])
)
unsigned = st.one_of(st.integers(0, 100), st.integers(0, wad.MAX), st.just(wad.MAX))
divisors = st.one_of(st.integers(1, 10), st.integers(1, HIGHEST), st.just(HIGHEST))


@pytest.fixture(scope="module")
def exposed(project: Project, accounts: Accounts) -> Contract:
    return project.inline(EXPOSED, "Wad").deploy(sender=accounts[0])


@settings(max_examples=500)
@given(a=signed, b=divisors)
def test_signed(exposed: Contract, a: int, b: int) -> None:
    assert exposed.floor_div(a, b) == a // b
    assert exposed.ceil_div_signed(a, b) == wad.ceil_div(a, b)
    assert exposed.toward_div(a, b) == wad.toward_div(a, b)


@settings(max_examples=300)
@given(a=unsigned, b=st.one_of(divisors, st.integers(1, wad.MAX)))
def test_ceil_div(exposed: Contract, a: int, b: int) -> None:
    assert exposed.ceil_div(a, b) == wad.ceil_div(a, b)


@settings(max_examples=300)
@given(root=st.one_of(st.integers(0, 100), st.integers(0, 2**128 - 1)), offset=st.integers(-1, 1))
def test_ceil_sqrt(exposed: Contract, root: int, offset: int) -> None:
    """At squares and beside them."""
    a = max(0, root * root + offset)
    assert exposed.ceil_sqrt(a) == wad.ceil_sqrt(a)


def test_largest_root(exposed: Contract) -> None:
    assert exposed.ceil_sqrt(wad.MAX) == 2**128


@pytest.mark.parametrize("name", ["floor_div", "ceil_div", "ceil_div_signed", "toward_div"])
def test_division_by_zero(exposed: Contract, name: str) -> None:
    for a in (0, 1):
        with reverts():
            getattr(exposed, name)(a, 0)


def test_units(exposed: Contract) -> None:
    assert exposed.units() == (wad.WAD, wad.RAY, wad.BPS, wad.SIZE, wad.YEAR)
    assert exposed.signed_units() == (wad.WAD, wad.RAY, wad.BPS, wad.SIZE)
