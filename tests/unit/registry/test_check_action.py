"""What the vault asks before an action; pausing is in test_pause.py."""

import pytest

from tests.harness import Contract, reverts
from tests.unit.registry.conftest import ACTIONS, LIQUIDATE, TRADE, WITHDRAW


@pytest.mark.parametrize("action", ACTIONS)
def test_tells_the_engine(wired: Contract, action: int) -> None:
    assert wired.check_action(action) == wired.engine()


@pytest.mark.parametrize("actions", [0, WITHDRAW | TRADE, TRADE | LIQUIDATE])
def test_none_or_several(wired: Contract, actions: int) -> None:
    with reverts("registry: one action"):
        wired.check_action(actions)
    with reverts("registry: one action"):
        wired.paused_until(actions)
