"""What the vault asks before a venue's trades."""

from tests.harness import Account, Contract, reverts
from tests.unit.registry.conftest import DAY, LIQUIDATE, TRADE, WITHDRAW


def test_tells_the_engine(wired: Contract, venue: Account, guardian: Account) -> None:
    assert wired.check_venue(venue) == wired.engine()
    wired.pause(WITHDRAW, DAY, sender=guardian)
    wired.pause(LIQUIDATE, DAY, sender=guardian)
    assert wired.check_venue(venue) == wired.engine()


def test_unknown_venue(wired: Contract, stranger: Account) -> None:
    with reverts("registry: unknown venue"):
        wired.check_venue(stranger)


def test_trading_is_paused(wired: Contract, venue: Account, guardian: Account) -> None:
    wired.pause(TRADE, DAY, sender=guardian)
    with reverts("registry: paused"):
        wired.check_venue(venue)
