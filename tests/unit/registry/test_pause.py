"""The guardian stops one action for a while."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import Account, Chain, Contract, reverts
from tests.unit.registry.conftest import ACTIONS, DAY, LIQUIDATE, TRADE, WITHDRAW


@pytest.mark.parametrize("action", ACTIONS)
def test_one_action(wired: Contract, guardian: Account, chain: Chain, action: int) -> None:
    receipt = wired.pause(action, DAY, sender=guardian)
    until = receipt.timestamp + DAY
    [event] = receipt.events_of(wired.Paused)
    assert (event.action, event.until) == (action, until)
    assert wired.paused_until(action) == until
    assert wired.paused_at(action) == receipt.timestamp
    for other in ACTIONS:
        if other != action:
            assert wired.paused_until(other) == 0
            wired.check_action(other)
    chain.mine(timestamp=until - 1)
    with reverts("registry: paused"):
        wired.check_action(action)
    chain.mine(timestamp=until)
    wired.check_action(action)


def test_not_guardian(registry: Contract, governor: Account) -> None:
    with reverts("registry: not guardian"):
        registry.pause(TRADE, 1, sender=governor)


def test_too_long(registry: Contract, guardian: Account) -> None:
    with reverts("registry: pause too long"):
        registry.pause(TRADE, 3 * DAY + 1, sender=guardian)


def test_again_only_after_the_cooldown(registry: Contract, guardian: Account, chain: Chain) -> None:
    """Not to extend it either; counted from the start, so a short pause gains nothing."""
    start = registry.pause(WITHDRAW, 60, sender=guardian).timestamp
    for when in (start, start + 60, start + 10 * DAY - 1):
        chain.mine(timestamp=when)
        with reverts("registry: cooldown"):
            registry.pause(WITHDRAW, 3 * DAY, sender=guardian)
    registry.pause(TRADE, 60, sender=guardian)
    chain.mine(timestamp=start + 10 * DAY)
    registry.pause(WITHDRAW, 3 * DAY, sender=guardian)
    assert registry.paused_until(WITHDRAW) == start + 13 * DAY


def test_beyond_what_a_word_holds(registry: Contract, guardian: Account, chain: Chain) -> None:
    with chain.isolate():
        chain.mine(timestamp=2**32 - 61)
        with reverts("registry: end out of range"):
            registry.pause(TRADE, DAY, sender=guardian)
        registry.pause(TRADE, 0, sender=guardian)


@pytest.mark.parametrize("actions", [0, WITHDRAW | TRADE, WITHDRAW | TRADE | LIQUIDATE])
def test_none_or_several(registry: Contract, guardian: Account, actions: int) -> None:
    with reverts("registry: one action"):
        registry.pause(actions, 60, sender=guardian)


@settings(max_examples=50)
@given(
    pauses=st.lists(
        st.tuples(st.sampled_from(ACTIONS), st.integers(0, 3 * DAY), st.integers(0, 11 * DAY)),
        max_size=12,
    )
)
def test_actions_share_a_word_and_nothing_else(
    registry: Contract,
    governor: Account,
    guardian: Account,
    engine: Contract,
    chain: Chain,
    pauses: list[tuple[int, int, int]],
) -> None:
    with chain.isolate():
        registry.set_engine(engine, sender=governor)
        starts: dict[int, int] = {}
        ends = dict.fromkeys(ACTIONS, 0)
        for action, duration, delta in pauses:
            chain.mine(delta=delta)
            now = chain.timestamp
            if action in starts and now < starts[action] + 10 * DAY:
                with reverts("registry: cooldown"):
                    registry.pause(action, duration, sender=guardian)
            else:
                registry.pause(action, duration, sender=guardian)
                starts[action], ends[action] = now, now + duration
            assert registry.engine() == engine
            assert {each: registry.paused_until(each) for each in ACTIONS} == ends
