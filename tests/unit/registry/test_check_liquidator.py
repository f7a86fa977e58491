"""What the vault asks before a slice."""

import pytest

from tests.harness import Account, Chain, Contract, reverts
from tests.unit.registry.conftest import ACTIONS, DAY, HOUR, INSURANCE, TRADE, WITHDRAW


def test_tells_the_insurance_account(wired: Contract, liquidator: Account) -> None:
    assert wired.check_liquidator(liquidator) == INSURANCE


def test_not_liquidator(wired: Contract, governor: Account) -> None:
    with reverts("registry: not liquidator"):
        wired.check_liquidator(governor)


@pytest.mark.parametrize("action", ACTIONS)
def test_waits_for_the_grace_period(
    wired: Contract,
    guardian: Account,
    liquidator: Account,
    chain: Chain,
    action: int,
) -> None:
    """While any action is paused, and an hour longer."""
    end = wired.pause(action, DAY, sender=guardian).timestamp + DAY
    for when in (end - DAY, end - 1, end, end + HOUR - 1):
        chain.mine(timestamp=when)
        with reverts("registry: grace period"):
            wired.check_liquidator(liquidator)
    chain.mine(timestamp=end + HOUR)
    assert wired.check_liquidator(liquidator) == INSURANCE


def test_the_latest_end_counts(
    wired: Contract, guardian: Account, governor: Account, liquidator: Account, chain: Chain
) -> None:
    """Also after an early end, and whatever the order of the pauses."""
    wired.pause(TRADE, 2 * DAY, sender=guardian)
    wired.pause(WITHDRAW, DAY, sender=guardian)
    chain.mine(delta=DAY + HOUR)
    with reverts("registry: grace period"):
        wired.check_liquidator(liquidator)
    end = wired.unpause(TRADE, sender=governor).timestamp
    chain.mine(timestamp=end + HOUR - 1)
    with reverts("registry: grace period"):
        wired.check_liquidator(liquidator)
    chain.mine(timestamp=end + HOUR)
    wired.check_liquidator(liquidator)
