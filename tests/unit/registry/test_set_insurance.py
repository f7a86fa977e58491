"""The account that is the insurance fund."""

import pytest

from tests.harness import Account, Contract, reverts
from tests.unit.registry.conftest import INSURANCE


def test_governor_sets(registry: Contract, governor: Account) -> None:
    receipt = registry.set_insurance(INSURANCE, sender=governor)
    [event] = receipt.events_of(registry.InsuranceChanged)
    assert event.account == registry.insurance() == INSURANCE


def test_not_governor(registry: Contract, steward: Account) -> None:
    with reverts("registry: not governor"):
        registry.set_insurance(INSURANCE, sender=steward)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(registry: Contract, governor: Account) -> None:
    with reverts("registry: batch under way"):
        registry.set_insurance(INSURANCE, sender=governor)
