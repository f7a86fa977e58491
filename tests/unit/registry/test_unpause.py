"""The governor ends a pause early."""

from tests.harness import Account, Chain, Contract, reverts
from tests.unit.registry.conftest import DAY, TRADE, WITHDRAW


def test_ends_now(wired: Contract, governor: Account, guardian: Account, chain: Chain) -> None:
    wired.pause(TRADE, DAY, sender=guardian)
    wired.pause(WITHDRAW, DAY, sender=guardian)
    until = wired.paused_until(WITHDRAW)
    chain.mine(delta=60)
    receipt = wired.unpause(TRADE, sender=governor)
    [event] = receipt.events_of(wired.Paused)
    assert (event.action, event.until) == (TRADE, receipt.timestamp)
    assert wired.paused_until(TRADE) == receipt.timestamp
    wired.check_action(TRADE)
    assert wired.paused_until(WITHDRAW) == until


def test_the_cooldown_still_counts(
    registry: Contract, governor: Account, guardian: Account
) -> None:
    registry.pause(TRADE, DAY, sender=guardian)
    registry.unpause(TRADE, sender=governor)
    with reverts("registry: cooldown"):
        registry.pause(TRADE, DAY, sender=guardian)


def test_not_governor(registry: Contract, guardian: Account) -> None:
    registry.pause(TRADE, DAY, sender=guardian)
    with reverts("registry: not governor"):
        registry.unpause(TRADE, sender=guardian)


def test_not_paused(registry: Contract, governor: Account, guardian: Account, chain: Chain) -> None:
    """Else a pause of long ago would start the grace period again."""
    with reverts("registry: not paused"):
        registry.unpause(TRADE, sender=governor)
    registry.pause(TRADE, DAY, sender=guardian)
    chain.mine(delta=DAY)
    with reverts("registry: not paused"):
        registry.unpause(TRADE, sender=governor)


def test_none_or_several(registry: Contract, governor: Account) -> None:
    for actions in (0, WITHDRAW | TRADE):
        with reverts("registry: one action"):
            registry.unpause(actions, sender=governor)
