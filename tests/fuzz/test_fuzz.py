"""A short run of every kind, and that what it is meant to find would be found.

`make fuzz STEPS=... SEED=...` runs for as long as wanted.
"""

import pkgutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from plimsoll.spec.ledger import Account
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import PORTFOLIO, key_of, pack_position, perpetual
from tests.fuzz import invariants
from tests.fuzz.calls import Act, Call, Failure
from tests.fuzz.choices import Drawn, Seeded, Taped
from tests.fuzz.driver import RULES, SET_UP, Broken, episode, load, replay, shrink, step
from tests.fuzz.machine import Machine
from tests.fuzz.world import BTC, World
from tests.harness import chain

pytestmark = pytest.mark.pyrevm  # reads raw storage, thousands of times a second

SEEDS = 2, 3, 6, 9
EPISODES, STEPS = 8, 1_000  # a seed
REQUIRED = {  # by each seed alone
    "16 collaterals": 1,
    "bad debt": 50,
    "fair reduction": 40,
    "insurance pays": 20,
    "negative cash": 100,
    "option": 1_000,
    "option that is short": 800,
    "options liquidated": 20,
    "options paid for": 20,
    "payoff": 20,
    "safer, not safe": 100,
    "short account": 100,
    "sixteen positions": 10,
    "slice": 20,
    "three positions": 200,
    "whole liquidation": 20,
}
REFUSED = {
    ("book", "vault: daily loss limit"),
    ("book", "vault: margin"),
    ("book", "vault: not listed"),
    ("book", "vault: position limit"),
    ("book", "vault: sizes not zero-sum"),
    ("liquidate", "liquidator: account is healthy"),
    ("liquidate", "registry: grace period"),
    ("liquidate", "vault: margin"),
    ("list_expiry", "market: expiry out of range"),
    ("list_expiry", "market: ratio out of range"),
    ("post", "surface: expired"),
    ("post", "surface: smile moves too far"),
    ("withdraw", "vault: margin"),
    ("withdraw", "vault: not allowed"),
}


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize("seed", SEEDS)
def test_contracts_and_specification_in_lock_step(world: World, seed: int) -> None:
    """Both sides agree to the wei on 8,000 random steps, and every invariant holds after each."""
    coverage: Counter[tuple[str, ...]] = Counter()
    for number in range(EPISODES):
        episode(world, f"{seed}-{number}", STEPS, coverage)

    assert coverage.total() >= EPISODES * STEPS
    assert {key[1] for key in coverage if key[0] == "rule"} == set(RULES)
    seen = {key[1]: count for key, count in coverage.items() if key[0] == "seen"}
    assert {what: seen[what] for what in REQUIRED if seen[what] < REQUIRED[what]} == {}
    acts = {key[1:]: count for key, count in coverage.items() if key[0] == "act"}
    assert REFUSED - acts.keys() == set()
    done = sum(count for (_, outcome), count in acts.items() if outcome == "done")
    assert done > 0.6 * sum(acts.values())


def test_lock_step_by_hypothesis(world: World) -> None:
    """The same rules with numbers that Hypothesis draws, so that it can shrink what it finds."""

    class LockStep(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.snapshot = chain.snapshot()

        @initialize(seed=st.integers(0, 2**32))
        def set_up(self, seed: int) -> None:
            self.machine = Machine(world, Seeded(str(seed)))
            step(self.machine, SET_UP)

        @rule(name=st.sampled_from([name for name in RULES if name != SET_UP]), data=st.data())
        def step(self, name: str, data: st.DataObject) -> None:
            self.machine.log.clear()
            self.machine.choices = Drawn(lambda low, high: data.draw(st.integers(low, high)))
            try:
                step(self.machine, name)
            finally:
                for call, refused in self.machine.log:
                    note(f"{self.machine.tell(call)} -> {refused or 'done'}")

        def teardown(self) -> None:
            chain.restore(self.snapshot)

    run_state_machine_as_test(
        LockStep,
        settings=settings(max_examples=15, stateful_step_count=40, database=None, derandomize=True),
    )


# -- would it be found? --------------------------------------------------------------------------


def test_a_defect_is_found_cut_down_and_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A wei too much at each trade breaks the run; few steps are left of it, and they repeat it."""
    with monkeypatch.context() as patch:
        patch.setattr("plimsoll.spec.ledger.ceil_div", lambda a, b: a // b)
        with pytest.raises(Broken) as found:
            episode(world, "defect", 1_000, Counter())
        broken = shrink(world, found.value)
        assert broken.kind == found.value.kind
        assert len(broken.tape) < 10  # the set-up, and what leads to the trade
        broken.save(tmp_path / "run.json")
        seed, tape = load(tmp_path / "run.json")
        again = replay(world, seed, tape)
        assert again is not None
        assert again.error == broken.error
    assert replay(world, seed, tape) is None  # the defect is gone


DEFECTS: dict[str, Callable[..., Any]] = {
    "plimsoll.spec.black76.call_at": lambda right, *args: right(*args) + 1,
    "plimsoll.spec.ledger.unsettled": lambda right, *args: _more(*right(*args)),
    "plimsoll.spec.market.average": lambda right, gathered: right(gathered) + 10**8,
    "plimsoll.spec.smile.vol": lambda right, *args: right(*args) * 101 // 100,
    "plimsoll.spec.surface.is_due": lambda right, *args: right(*args[:-1], args[-1] - 1),
}


def _more(value: int, over: bool) -> tuple[int, bool]:
    """A wei too much of a payoff."""
    return value + over * SIZE, over


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_of_dated_instruments_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In words, smiles, epochs, and what an expiry settles at and pays."""
    right = pkgutil.resolve_name(name)
    monkeypatch.setattr(name, partial(DEFECTS[name], right))
    with pytest.raises(Broken):
        episode(world, "defect", 5_000, Counter())


def test_a_tape_repeats_what_was_drawn() -> None:
    seeded, taped = Seeded("any"), Taped()

    def draw(choices: Seeded | Taped) -> list[object]:
        return [
            choices.integer(-5, 5),
            choices.chance(30),
            choices.pick("abc"),
            choices.sample(range(9), 4),
            choices.magnitude(3, 10**30),
        ]

    drawn = draw(seeded)
    taped.load(seeded.tape)
    assert draw(taped) == drawn
    taped.load([99])
    assert taped.integer(1, 6) == 6  # out of bounds: as near as can be
    assert taped.integer(1, 6) == 1  # nothing left: the simplest


@pytest.fixture
def machine(world: World) -> Machine:
    """At the start of a run: accounts with some money."""
    machine = Machine(world, Seeded("a machine"))
    step(machine, SET_UP)
    return machine


def _first(m: Machine) -> int:
    return m.world.accounts[0]


def _change(m: Machine, **fields: object) -> None:
    account = _first(m)
    m.ledger.accounts[account] = replace(m.ledger.account(account), **fields)  # type: ignore


def _pool(m: Machine, **fields: int) -> None:
    m.ledger.pool = replace(m.ledger.pool, **fields)


TAMPERED: dict[Callable[[Machine], None], Callable[[Machine], None]] = {
    invariants.law: lambda m: _pool(m, tokens=m.ledger.pool.tokens - m.dust - 1),
    invariants.sizes_sum_to_zero: lambda m: _change(
        m, positions=(pack_position(key_of(perpetual(BTC)), 1),)
    ),
    invariants.settlement_is_zero_sum: lambda m: m.paid.update({(BTC, m.now): 1}),
    invariants.totals_are_sums: lambda m: _change(m, cash=m.ledger.account(_first(m)).cash + 1),
    invariants.tokens_are_accounted: lambda m: _pool(m, tokens=m.ledger.pool.tokens + 10**12),
    invariants.nothing_is_owned_twice: lambda m: _change(m, basis=2 * m.dust + WAD),
    invariants.accounts_are_well_formed: lambda m: _change(m, level=PORTFOLIO + 1),
}


@pytest.mark.parametrize("invariant", invariants.STATE, ids=lambda invariant: invariant.__name__)
def test_each_invariant_of_the_state_can_fail(
    machine: Machine, invariant: Callable[[Machine], None]
) -> None:
    invariant(machine)
    TAMPERED[invariant](machine)
    with pytest.raises(Failure):
        invariant(machine)


def _ruin(m: Machine, **call: object) -> Act:
    """An act that leaves an account with nothing but a debt."""
    account = _first(m)
    before = dict(m.ledger.accounts)
    _change(m, cash=-(10**12) * WAD, collateral={})
    blank = Call(m.world.stranger, m.world.vault.settle, (), lambda: None, **call)  # type: ignore
    return Act(blank, before, {}, [account], m.ledger.pool, None)


def _fallen_index(m: Machine) -> Act:
    act = _ruin(m)
    _pool(m, supply_index=m.ledger.pool.supply_index - 1)
    return act


def _half_a_slice(m: Machine) -> Act:
    account = _first(m)
    act = _ruin(m, sellers=(account,))
    call = replace(act.call, args=(account, account, WAD, 0))
    return replace(act, call=call, result=(WAD // 2, 0, 0, 0))


def _robbery(m: Machine) -> Act:
    act = _ruin(m)
    return replace(act, call=replace(act.call, function=m.world.vault.book))


def _theft_by_rolling(m: Machine) -> Act:
    act = _ruin(m)
    return replace(act, call=replace(act.call, function=m.world.surface.roll))


def _insurance_in_debt(m: Machine) -> Act:
    act = _ruin(m, sellers=(_first(m),))
    m.ledger.accounts[m.world.insurance] = Account(cash=-1)
    return act


ACTS: dict[Callable[[Machine, Act], None], Callable[[Machine], Act]] = {
    invariants.indexes_never_fall: _fallen_index,
    invariants.leaves_no_risk: _ruin,
    invariants.healthy_stays_healthy: _ruin,
    invariants.no_action_leaves_bad_debt: _ruin,
    invariants.settling_moves_no_equity: _ruin,
    invariants.rolling_moves_no_money: _theft_by_rolling,
    invariants.venues_take_what_they_may: _robbery,
    invariants.liquidation_heals: lambda m: _ruin(m, sellers=(_first(m),)),
    invariants.liquidation_reaches_its_target: _half_a_slice,
    invariants.insurance_pays_what_it_has: _insurance_in_debt,
}


@pytest.mark.parametrize("invariant", invariants.ACT, ids=lambda invariant: invariant.__name__)
def test_each_invariant_of_an_act_can_fail(
    machine: Machine, invariant: Callable[[Machine, Act], None]
) -> None:
    with pytest.raises(Failure):
        invariant(machine, ACTS[invariant](machine))
