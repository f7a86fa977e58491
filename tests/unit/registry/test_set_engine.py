"""The margin engine, which shares its word with the pauses."""

import pytest

from tests.harness import Account, Contract, Project, reverts
from tests.unit.registry.conftest import ACTIONS, DAY, ENGINE, TRADE


def test_governor_sets(registry: Contract, engine: Contract, governor: Account) -> None:
    receipt = registry.set_engine(engine, sender=governor)
    [event] = receipt.events_of(registry.EngineChanged)
    assert event.engine == registry.engine() == engine
    assert registry.engine() == engine
    for action in ACTIONS:
        registry.check_action(action)


def test_replacing_keeps_pauses(
    project: Project, wired: Contract, governor: Account, guardian: Account
) -> None:
    until = wired.pause(TRADE, DAY, sender=guardian).timestamp + DAY
    other = project.inline(ENGINE, "EngineStub").deploy(12_000, sender=governor)
    wired.set_engine(other, sender=governor)
    assert wired.engine() == other
    assert [wired.paused_until(action) for action in ACTIONS] == [0, until, 0]


def test_not_governor(registry: Contract, engine: Contract, steward: Account) -> None:
    with reverts("registry: not governor"):
        registry.set_engine(engine, sender=steward)


@pytest.mark.usefixtures("batch")
def test_within_a_batch(registry: Contract, engine: Contract, governor: Account) -> None:
    with reverts("registry: batch under way"):
        registry.set_engine(engine, sender=governor)


def test_must_answer(registry: Contract, governor: Account, quote: Contract) -> None:
    for wrong in (governor, quote):
        with reverts():
            registry.set_engine(wrong, sender=governor)


def test_must_have_factors(project: Project, registry: Contract, governor: Account) -> None:
    bare = project.inline(ENGINE, "EngineStub").deploy(0, sender=governor)
    with reverts("registry: engine without factors"):
        registry.set_engine(bare, sender=governor)
