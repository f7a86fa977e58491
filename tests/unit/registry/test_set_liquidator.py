"""The liquidator."""

import pytest

from tests.harness import Account, Contract, reverts
from tests.harness.contracts import NOBODY


def test_governor_sets(registry: Contract, governor: Account, liquidator: Account) -> None:
    receipt = registry.set_liquidator(liquidator, sender=governor)
    [event] = receipt.events_of(registry.LiquidatorChanged)
    assert event.liquidator == registry.liquidator() == liquidator


def test_none_stops_liquidation(wired: Contract, governor: Account, liquidator: Account) -> None:
    wired.set_liquidator(NOBODY, sender=governor)
    with reverts("registry: not liquidator"):
        wired.check_liquidator(liquidator)


def test_not_governor(registry: Contract, steward: Account) -> None:
    with reverts("registry: not governor"):
        registry.set_liquidator(steward, sender=steward)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(registry: Contract, governor: Account, liquidator: Account) -> None:
    with reverts("registry: batch under way"):
        registry.set_liquidator(liquidator, sender=governor)
