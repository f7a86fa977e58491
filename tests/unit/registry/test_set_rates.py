"""What debts pay."""

import pytest

from plimsoll.spec.wad import BPS, WAD, YEAR
from tests.harness import Account, Contract, reverts
from tests.unit.registry.conftest import INSURANCE

RATES = (100, 600, 6_000, 8_000)


def test_steward_sets(registry: Contract, steward: Account) -> None:
    receipt = registry.set_rates(RATES, sender=steward)
    [event] = receipt.events_of(registry.RatesChanged)
    assert event.rates == registry.rates() == RATES


def test_the_line_has_a_kink(registry: Contract, steward: Account) -> None:
    assert registry.borrow_rate(WAD) == 0
    registry.set_rates(RATES, sender=steward)
    points = {0: 100, 4_000: 350, 8_000: 600, 9_000: 3_300, 10_000: 6_000}
    for used, rate in points.items():
        assert registry.borrow_rate(used * WAD // BPS) == rate * WAD // (BPS * YEAR)


def test_accrues_at_the_old_rate_first(
    wired: Contract, vault: Contract, steward: Account, governor: Account
) -> None:
    """The vault asks back for the rate and the insurance account while it accrues."""
    wired.set_rates(RATES, sender=steward)
    old = wired.borrow_rate(WAD)
    wired.set_rates((0, 0, 9_000, 5_000), sender=governor)
    assert vault.accrued() == old != wired.borrow_rate(WAD)
    assert vault.insured() == INSURANCE


def test_not_steward(registry: Contract, guardian: Account) -> None:
    with reverts("registry: not steward"):
        registry.set_rates(RATES, sender=guardian)


@pytest.mark.parametrize(
    ("rates", "reason"),
    [
        ((601, 600, 6_000, 8_000), "registry: rates fall"),
        ((100, 6_001, 6_000, 8_000), "registry: rates fall"),
        ((100, 600, BPS + 1, 8_000), "registry: rate too high"),
        ((100, 600, 6_000, 0), "registry: kink out of range"),
        ((100, 600, 6_000, BPS), "registry: kink out of range"),
    ],
)
def test_bounds(
    registry: Contract, steward: Account, rates: tuple[int, int, int, int], reason: str
) -> None:
    with reverts(reason):
        registry.set_rates(rates, sender=steward)
