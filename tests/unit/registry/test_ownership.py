"""The governor hands over in two steps and cannot resign."""

import pytest

from tests.harness import Account, Contract, reverts
from tests.harness.contracts import NOBODY


def test_two_steps(registry: Contract, governor: Account, stranger: Account) -> None:
    receipt = registry.transfer_ownership(stranger, sender=governor)
    [event] = receipt.events_of(registry.OwnershipTransferStarted)
    assert (event.previous_owner, event.new_owner) == (governor, stranger)
    assert registry.owner() == governor
    assert registry.pending_owner() == stranger

    receipt = registry.accept_ownership(sender=stranger)
    [event] = receipt.events_of(registry.OwnershipTransferred)
    assert (event.previous_owner, event.new_owner) == (governor, stranger)
    assert registry.owner() == stranger
    assert registry.pending_owner() == NOBODY
    with reverts("registry: not governor"):
        registry.set_guardian(governor, sender=governor)
    registry.set_guardian(governor, sender=stranger)


def test_transfer_by_a_stranger(registry: Contract, stranger: Account) -> None:
    with reverts("ownable: caller is not the owner"):
        registry.transfer_ownership(stranger, sender=stranger)


def test_acceptance_by_a_stranger(
    registry: Contract, governor: Account, guardian: Account, stranger: Account
) -> None:
    registry.transfer_ownership(guardian, sender=governor)
    with reverts("ownable_2step: caller is not the new owner"):
        registry.accept_ownership(sender=stranger)


def test_there_is_no_renouncing(registry: Contract) -> None:
    with pytest.raises(AttributeError):
        _ = registry.renounce_ownership
