"""Approving venues."""

from tests.harness import Account, Contract, reverts


def test_approve_and_withdraw(registry: Contract, governor: Account, venue: Account) -> None:
    for approved in (True, False):
        receipt = registry.set_venue(venue, approved, sender=governor)
        [event] = receipt.events_of(registry.VenueChanged)
        assert (event.venue, event.approved) == (venue, approved)
        assert registry.venues(venue) is approved


def test_not_governor(registry: Contract, steward: Account, venue: Account) -> None:
    with reverts("registry: not governor"):
        registry.set_venue(venue, True, sender=steward)
