"""Who may post forward ratios, beside the steward."""

import pytest

from tests.harness import Account, Contract, reverts
from tests.harness.contracts import NOBODY


def test_set(market: Contract, governor: Account, stranger: Account) -> None:
    assert market.surface() == NOBODY
    receipt = market.set_surface(stranger, sender=governor)
    [event] = receipt.events_of(market.SurfaceChanged)
    assert event.surface == market.surface() == stranger


def test_not_governor(market: Contract, steward: Account) -> None:
    with reverts("governed: not governor"):
        market.set_surface(steward, sender=steward)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(market: Contract, governor: Account) -> None:
    with reverts("governed: batch under way"):
        market.set_surface(governor, sender=governor)
