"""Runs of the machine: by a seed for volume, from a tape to repeat one, cut down to what matters.

A run is a number of episodes; each starts from the same contracts with accounts and parameters of
its own, and is known by its seed alone, whichever process it runs in.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal

from tests.fuzz import parameters, probes, rules
from tests.fuzz.choices import Seeded, Taped
from tests.fuzz.machine import Machine
from tests.fuzz.world import World

LENGTH = 1_000  # steps of an episode
SET_UP = "set_up"
WEIGHTS: dict[Callable[[Machine], None], int] = {
    rules.tick: 15,
    rules.jump: 4,
    rules.wait: 3,
    rules.fail: 1,
    rules.roll: 1,
    rules.list_expiry: 2,
    rules.list_strikes: 1,
    rules.post: 3,
    rules.refresh: 2,
    rules.expire: 2,
    rules.fix: 1,
    rules.deposit: 8,
    rules.withdraw: 9,
    rules.transfer: 4,
    rules.choose_netting: 4,
    rules.settle: 4,
    rules.accrue: 1,
    rules.approve_venue: 2,
    rules.appoint_operator: 1,
    rules.operate: 1,
    rules.hoard: 2,
    rules.insure: 2,
    rules.donate: 1,
    rules.batch: 4,
    rules.unlock: 4,
    rules.trade: 22,
    rules.close: 7,
    rules.collect: 2,
    rules.sign: 1,
    rules.cancel: 1,
    rules.match: 2,
    rules.liquidate: 10,
    rules.pause: 1,
    parameters.any_change: 2,
    probes.fair_reductions_pass: 2,
    probes.doing_and_undoing_gains_nothing: 2,
    probes.netting_only_helps: 2,
    probes.previews_equal_execution: 2,
    probes.surfaces_tell_the_same: 1,
}
RULES = {rule.__name__: rule for rule in [rules.set_up, *WEIGHTS]}

Tape = list[tuple[str, list[int]]]  # rules and what they drew; the first entry is the set-up


@dataclass
class Broken(Exception):
    """What went wrong, how to repeat it, and the last transactions before it."""

    seed: str
    error: str
    tape: Tape
    last: list[str]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, step {len(self.tape) - 1}: {self.error}"]
        return "\n".join(lines + [f"    {line}" for line in self.last])

    @property
    def kind(self) -> str:
        """What stays the same while a tape is cut down."""
        return self.error.partition(": ")[0]

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"seed": self.seed, "error": self.error, "tape": self.tape}))


Outcome = tuple[Counter[tuple[str, ...]], Broken | None]


@contextmanager
def _watched(machine: Machine, seed: str, tape: Tape) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        last = [f"{machine.tell(call)} -> {refused or 'done'}" for call, refused in machine.log]
        text = str(error) if isinstance(error, AssertionError) else repr(error)
        raise Broken(seed, text, tape, last) from error


def step(machine: Machine, rule: str) -> None:
    machine.coverage["rule", rule] += 1
    RULES[rule](machine)


def episode(world: World, seed: str, steps: int, coverage: Counter[tuple[str, ...]]) -> None:
    """Random rules with random numbers."""
    choices = Seeded(seed)
    drawn = choices.random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=steps)
    names = [rule.__name__ for rule in drawn]
    tape: Tape = []
    with world.chain.isolate():
        machine = Machine(world, choices, coverage)
        with _watched(machine, seed, tape):
            for rule in [SET_UP, *names]:
                choices.tape = []
                tape.append((rule, choices.tape))
                step(machine, rule)
            machine.compare_all()


def replay(
    world: World, seed: str, tape: Tape, watch: Callable[[str], None] | None = None
) -> Broken | None:
    """Goes through a tape; how it breaks, None if it does not."""
    choices = Taped()
    with world.chain.isolate():
        machine = Machine(world, choices, Counter())
        done: Tape = []
        try:
            with _watched(machine, seed, done):
                for rule, drawn in tape:
                    choices.load(drawn)
                    done.append((rule, drawn))
                    machine.log.clear()
                    step(machine, rule)
                    for call, refused in machine.log if watch else ():
                        watch(f"{rule:>10} | {machine.tell(call)} -> {refused or 'done'}")
                machine.compare_all()
        except Broken as broken:
            return broken
    return None


def shrink(world: World, broken: Broken, attempts: int = 300) -> Broken:
    """Leaves out steps, many at a time first, as long as it breaks in the same way."""
    part = len(broken.tape) // 2
    while part > 0 and attempts > 0:
        at = 1  # after the set-up
        while at < len(broken.tape) and attempts > 0:
            attempts -= 1
            shorter = broken.tape[:at] + broken.tape[at + part :]
            found = replay(world, broken.seed, shorter)
            if found is not None and found.kind == broken.kind:
                broken = found
            else:
                at += part
        part //= 2
    return broken


@cache
def world() -> World:
    """The contracts of this process."""
    return World()


def outcome(task: tuple[str, int]) -> Outcome:
    """Of one episode: what it covered, and how it broke, cut down."""
    seed, steps = task
    coverage: Counter[tuple[str, ...]] = Counter()
    try:
        episode(world(), seed, steps, coverage)
    except Broken as broken:
        return coverage, shrink(world(), broken)
    return coverage, None


def outcomes(tasks: Sequence[tuple[str, int]], jobs: int) -> Iterator[Outcome]:
    """Of many episodes, in as many processes, as they come."""
    if jobs == 1:
        yield from map(outcome, tasks)
        return
    # a Ctrl-C is the parent's business
    with get_context("spawn").Pool(jobs, signal, (SIGINT, SIG_IGN)) as pool:
        yield from pool.imap_unordered(outcome, tasks)


def load(path: Path) -> tuple[str, Tape]:
    saved = json.loads(path.read_text())
    return saved["seed"], [(rule, drawn) for rule, drawn in saved["tape"]]


def table(coverage: Counter[tuple[str, ...]]) -> str:
    """Counts by rule, by action and outcome, and of what has been seen."""
    lines = []
    for key, count in sorted(coverage.items()):
        lines.append(f"{count:10,}  {' '.join(key)}")
    return "\n".join(lines)
