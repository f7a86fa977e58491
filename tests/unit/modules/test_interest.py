"""The quote side of the ledger, as in plimsoll.spec.interest."""

from dataclasses import astuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.spec import interest
from plimsoll.spec.interest import Pool, Rates
from plimsoll.spec.wad import RAY, WAD, YEAR
from plimsoll.spec.words import CASH_LIMIT
from tests.harness import Contract, Project, accounts, chain, reverts
from tests.unit.spec.strategies import many

SOURCE = """
# pragma version 0.4.3
from interfaces import IMarginVault
from interfaces import IRegistry
from modules import governed
from modules import interest
from modules import rate_curve

initializes: governed
initializes: interest[governed := governed]
initializes: rate_curve


@deploy
def __init__():
    governed.__init__(self)
    interest.__init__()


@external
def set_rates(rates: IRegistry.Rates):
    rate_curve._set_rates(rates)


@external
@view
def borrow_rate(used: uint256) -> uint256:
    return rate_curve._borrow_rate(used)


@external
def store(pool: IMarginVault.Pool):
    interest._store(pool)


@external
@view
def load() -> IMarginVault.Pool:
    return interest._load()


@external
@view
def accrued() -> (IMarginVault.Pool, uint256):
    return interest._accrued()


@external
@pure
def totals(pool: IMarginVault.Pool) -> (uint256, uint256, uint256):
    return interest._total_cash(pool), interest._total_debt(pool), interest._utilisation(pool)


@external
@pure
def cash(pool: IMarginVault.Pool, scaled: int256) -> int256:
    return interest._cash(pool, scaled)


@external
@pure
def rescale(pool: IMarginVault.Pool, old: int256, cash: int256) -> (IMarginVault.Pool, int256):
    return interest._rescale(pool, old, cash)
"""

# from a wei to a trillion, and indexes of up to a million
amounts = st.integers(0, 10**6) | st.integers(0, 10**30) | st.just(0)
indexes = st.integers(RAY, 2 * RAY) | st.integers(RAY, 10**6 * RAY)
signed = st.integers(-(10**30), 10**30) | st.integers(-(10**6), 10**6)
pools = st.builds(
    Pool,
    supply=amounts,
    borrow=amounts,
    supply_index=indexes,
    borrow_index=indexes,
    tokens=amounts,
    basis=signed,
    time=st.just(0),
)
curves = st.builds(
    lambda rates, kink: Rates(*sorted(rates), kink),
    st.lists(st.integers(0, 10_000), min_size=3, max_size=3),
    st.integers(1, 9_999),
)


@pytest.fixture(scope="module")
def pool(project: Project) -> Contract:
    return project.inline(SOURCE, "Interest").deploy(sender=accounts[0])


def test_begins_empty(pool: Contract) -> None:
    assert Pool(*pool.load()) == Pool(time=chain.timestamp)


@many
@given(pools, st.integers(0, 2**40 - 1))
def test_store_and_load(pool: Contract, state: Pool, time: int) -> None:
    values = (*astuple(state)[:-1], time)
    pool.store(values, sender=accounts[0])
    assert tuple(pool.load()) == values


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("supply", 2**128 - 1),
        ("borrow", 2**128 - 1),
        ("supply_index", 2**128 - 1),
        ("borrow_index", 2**128 - 1),
        ("tokens", 2**104 - 1),
        ("basis", 2**103 - 1),
        ("basis", -(2**103) + 1),
    ],
)
def test_what_fits(pool: Contract, field: str, most: int) -> None:
    """Each field holds its largest value beside whatever the others are, and no more."""
    full = dict.fromkeys(Pool().__dict__, 0) | {"basis": -1, "time": 2**40 - 1, field: most}
    pool.store(full, sender=accounts[0])
    assert pool.load()._asdict() == full
    with reverts("vault: amount too large"):
        pool.store(full | {field: most + (1 if most > 0 else -1)}, sender=accounts[0])


@many
@given(pools)
def test_totals(pool: Contract, state: Pool) -> None:
    """Cash rounds down, debt up, utilisation up and within 0 and 1."""
    used = interest.utilisation(state.cash, state.debt, state.tokens)
    assert pool.totals(astuple(state)) == (state.cash, state.debt, used)
    assert 0 <= used <= WAD


@many
@given(pools, st.integers(-CASH_LIMIT, CASH_LIMIT))
def test_cash(pool: Contract, state: Pool, scaled: int) -> None:
    assert pool.cash(astuple(state), scaled) == interest.cash_of(state, scaled)


@many
@given(pools, signed, signed)
def test_rescale(pool: Contract, state: Pool, old: int, cash: int) -> None:
    """Nobody gains by being scaled, and nobody loses more than an index's unit."""
    assume(max(old, 0) <= state.supply)
    assume(max(-old, 0) <= state.borrow)
    after, scaled = pool.rescale(astuple(state), old, cash)
    want, expected = interest.rescale(state, old, cash)
    assert (Pool(*after), scaled) == (want, expected)
    index = state.supply_index if cash >= 0 else state.borrow_index
    assert cash - index // RAY - 1 <= interest.cash_of(state, scaled) <= cash


def test_rescale_of_more_than_there_is(pool: Contract) -> None:
    """An account's own scaled cash is part of the total: less cannot be."""
    for old in (1, -1):
        with reverts(""):
            pool.rescale(astuple(Pool()), old, 0)


@many
@given(pools, curves, st.integers(0, YEAR))
def test_accrued(pool: Contract, state: Pool, rates: Rates, elapsed: int) -> None:
    """Debts grow, lenders receive no more than that, and insurance the rest."""
    with chain.isolate():
        began = chain.timestamp
        pool.set_rates(astuple(rates), sender=accounts[0])
        pool.store((*astuple(state)[:-1], began), sender=accounts[0])
        chain.mine(delta=elapsed)
        grown, insured = pool.accrued()
    before = Pool(*astuple(state)[:-1], began)
    assert (Pool(*grown), insured) == interest.accrue(before, rates, began + elapsed)
    paid = Pool(*grown).debt - state.debt
    earned = Pool(*grown).cash - state.cash
    assert insured >= 0
    assert earned + insured <= paid + 1


def test_indexes_last() -> None:
    """At the highest rate, 100 % a year, a full year of daily accruals multiplies by less than e,
    so 128 bits last for 26 years."""
    rates = Rates(10_000, 10_000, 10_000, 5_000)
    state = Pool(supply=10**24, borrow=10**24)
    for day in range(1, 366):
        state = interest.accrue(state, rates, day * 86_400)[0]
    assert 271 * RAY // 100 < state.borrow_index < 272 * RAY // 100
    assert 272**26 * RAY < 2**128 * 100**26
