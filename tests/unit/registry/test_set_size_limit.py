"""Listing underlyings and limiting positions in their perpetuals."""

import pytest

from plimsoll.spec.words import perpetual
from tests.harness import Account, Contract, reverts


def test_governor_lists(registry: Contract, governor: Account) -> None:
    receipt = registry.set_size_limit(63, 500 * 10**8, sender=governor)
    [event] = receipt.events_of(registry.SizeLimitChanged)
    assert (event.underlying, event.limit) == (63, 500 * 10**8)
    assert registry.size_limit(perpetual(63)) == 500 * 10**8


def test_steward_moves_what_is_listed(
    registry: Contract, governor: Account, steward: Account
) -> None:
    with reverts("registry: not governor"):
        registry.set_size_limit(1, 5, sender=steward)
    registry.set_size_limit(1, 5, sender=governor)
    registry.set_size_limit(1, 2**67 - 1, sender=steward)
    assert registry.size_limit(perpetual(1)) == 2**67 - 1
    registry.set_size_limit(1, 0, sender=steward)
    with reverts("registry: not governor"):
        registry.set_size_limit(1, 5, sender=steward)


def test_not_steward(registry: Contract, governor: Account, guardian: Account) -> None:
    registry.set_size_limit(1, 5, sender=governor)
    with reverts("registry: not steward"):
        registry.set_size_limit(1, 6, sender=guardian)


@pytest.mark.parametrize("underlying", [0, 64, 2**256 - 1])
def test_unknown_underlying(registry: Contract, governor: Account, underlying: int) -> None:
    with reverts("registry: unknown underlying"):
        registry.set_size_limit(underlying, 5, sender=governor)


def test_more_than_a_position_word_holds(registry: Contract, governor: Account) -> None:
    with reverts("registry: limit too large"):
        registry.set_size_limit(1, 2**67, sender=governor)
