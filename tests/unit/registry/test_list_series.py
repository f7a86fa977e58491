"""What can be traded of an expiry: its future, and options on a grid of strikes."""

import pytest

from plimsoll.spec.words import call, future, perpetual, put
from tests.harness import Account, Chain, Contract, reverts
from tests.unit.registry.conftest import DAY

SERIES = (500, 1_000, 3_000, 7)
LARGEST = 2**64 - 1


@pytest.fixture
def expiry(chain: Chain) -> int:
    return chain.timestamp // DAY * DAY + 2 * DAY


@pytest.fixture
def listed(registry: Contract, governor: Account, expiry: int) -> int:
    registry.set_size_limit(1, 9, sender=governor)
    registry.list_series(1, expiry, SERIES, sender=governor)
    return expiry


def test_lists(registry: Contract, governor: Account, expiry: int) -> None:
    receipt = registry.list_series(1, expiry, SERIES, sender=governor)
    [event] = receipt.events_of(registry.SeriesListed)
    assert (event.underlying, event.expiry, event.series) == (1, expiry, SERIES)
    assert registry.series(1, expiry) == SERIES
    assert registry.expiries(1) == [expiry]
    assert registry.series(1, expiry + DAY) == registry.series(2, expiry) == (0, 0, 0, 0)


def test_size_limits(registry: Contract, listed: int) -> None:
    """Strikes on the grid and the future have the series' limit, the perpetual its own."""
    assert registry.size_limit(perpetual(1)) == 9
    assert registry.size_limit(future(1, listed)) == 7
    for strike in (1_000, 1_500, 3_000):
        assert registry.size_limit(call(1, listed, strike)) == 7
        assert registry.size_limit(put(1, listed, strike)) == 7
    for strike in (1, 500, 999, 1_001, 1_499, 3_001, 3_500, LARGEST):
        assert registry.size_limit(call(1, listed, strike)) == 0
    for instrument in (
        perpetual(2),
        future(2, listed),
        future(1, listed + 1_800),
        call(2, listed, 1_000),
        put(1, listed - 1_800, 1_000),
    ):
        assert registry.size_limit(instrument) == 0


def test_canonical_words_only(registry: Contract, listed: int) -> None:
    for word in (
        0,
        perpetual(1) - 1,
        perpetual(1) + 4,
        perpetual(1) | 1 << 8,
        perpetual(1) | 1_000 << 136,
        future(1, listed) + 1,
        future(1, listed) - 1,
        future(1, listed) | 1 << 135,
        call(1, listed, 1_000) - 1,
        call(1, 0, 1_000),
        put(1, listed, 0),
        put(1, listed, 1_000) | 1 << 70,
    ):
        assert registry.size_limit(word) == 0


def test_expires(registry: Contract, listed: int, chain: Chain) -> None:
    instruments = future(1, listed), call(1, listed, 1_000), put(1, listed, 1_000)
    for time, limit in ((listed - 1, 7), (listed, 0), (listed + DAY, 0)):
        chain.mine(timestamp=time)
        assert [registry.size_limit(item) for item in instruments] == [limit] * 3
    assert registry.size_limit(perpetual(1)) == 9


def test_futures_only(registry: Contract, governor: Account, expiry: int) -> None:
    registry.list_series(1, expiry, (0, 0, 0, LARGEST), sender=governor)
    assert registry.size_limit(future(1, expiry)) == LARGEST
    for strike in (1, 1_000, LARGEST):
        assert registry.size_limit(call(1, expiry, strike)) == 0


def test_change(registry: Contract, listed: int, steward: Account) -> None:
    """The same expiry again: another grid, another limit, nothing traded."""
    registry.list_series(1, listed, (10**15, 10**15, 10**15, 8), sender=steward)
    assert registry.size_limit(call(1, listed, 1_000)) == 0
    assert registry.size_limit(call(1, listed, 10**15)) == 8
    registry.list_series(1, listed, (*SERIES[:3], 0), sender=steward)
    assert registry.size_limit(future(1, listed)) == 0
    assert registry.size_limit(call(1, listed, 1_000)) == 0
    assert registry.expiries(1) == [listed]


def test_too_many(registry: Contract, governor: Account, expiry: int, chain: Chain) -> None:
    """16 are ahead at most; those that have passed make room."""
    listed = [expiry + number * DAY for number in range(16)]
    for item in listed:
        registry.list_series(1, item, SERIES, sender=governor)
    with reverts("registry: too many expiries"):
        registry.list_series(1, expiry + 1_800, SERIES, sender=governor)
    registry.list_series(1, listed[5], SERIES, sender=governor)
    chain.mine(timestamp=listed[1])
    registry.list_series(1, expiry + 30 * DAY, SERIES, sender=governor)
    assert registry.expiries(1) == [*listed[2:5], *listed[6:], listed[5], expiry + 30 * DAY]


@pytest.mark.parametrize(
    ("step", "low", "high"),
    [
        (0, 1, 1),
        (0, 0, 1),
        (5, 0, 10),
        (5, 10, 5),
        (5, 6, 10),
        (5, 5, 9),
        (11, 10, 10),
        (2**256 - 1, 5, 10),
        (5, 2**256 - 1, 10),
        (1, 1, 10**15 + 1),
    ],
)
def test_strikes(
    registry: Contract, governor: Account, expiry: int, step: int, low: int, high: int
) -> None:
    with reverts("registry: strikes"):
        registry.list_series(1, expiry, (step, low, high, 7), sender=governor)


def test_too_large(registry: Contract, governor: Account, expiry: int) -> None:
    with reverts("registry: limit too large"):
        registry.list_series(1, expiry, (0, 0, 0, LARGEST + 1), sender=governor)


def test_expired(registry: Contract, governor: Account, chain: Chain) -> None:
    for expiry in (0, chain.timestamp):
        with reverts("registry: expired"):
            registry.list_series(1, expiry, SERIES, sender=governor)


@pytest.mark.parametrize("underlying", [0, 64, 2**256 - 1])
def test_unknown_underlying(
    registry: Contract, governor: Account, expiry: int, underlying: int
) -> None:
    with reverts("registry: unknown underlying"):
        registry.list_series(underlying, expiry, SERIES, sender=governor)


def test_steward_lists_where_the_governor_did(
    registry: Contract, governor: Account, steward: Account, expiry: int
) -> None:
    with reverts("registry: not governor"):
        registry.list_series(1, expiry, SERIES, sender=steward)
    registry.set_size_limit(1, 9, sender=governor)
    registry.list_series(1, expiry, SERIES, sender=steward)


def test_not_steward(registry: Contract, listed: int, guardian: Account) -> None:
    with reverts("registry: not steward"):
        registry.list_series(1, listed, SERIES, sender=guardian)
