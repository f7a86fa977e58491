"""Who is guardian."""

from tests.harness import Account, Contract, reverts


def test_governor_sets(registry: Contract, governor: Account, stranger: Account) -> None:
    receipt = registry.set_guardian(stranger, sender=governor)
    [event] = receipt.events_of(registry.GuardianChanged)
    assert event.guardian == registry.guardian() == stranger


def test_not_governor(registry: Contract, guardian: Account) -> None:
    with reverts("registry: not governor"):
        registry.set_guardian(guardian, sender=guardian)
