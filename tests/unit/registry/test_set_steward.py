"""Who is steward."""

from tests.harness import Account, Contract, reverts


def test_governor_sets(registry: Contract, governor: Account, stranger: Account) -> None:
    receipt = registry.set_steward(stranger, sender=governor)
    [event] = receipt.events_of(registry.StewardChanged)
    assert event.steward == registry.steward() == stranger


def test_not_governor(registry: Contract, steward: Account) -> None:
    with reverts("registry: not governor"):
        registry.set_steward(steward, sender=steward)
