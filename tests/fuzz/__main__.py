"""python -m tests.fuzz --steps 1000000 --seed 7       runs, on all cores
python -m tests.fuzz --replay build/fuzz/7-12.json   repeats what broke, one line a transaction

Prints the seed first, then speed, and at the end how often each rule ran, each action passed or was
refused and why. What breaks is cut down to the steps that matter, printed, and saved for --replay.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from random import SystemRandom
from time import monotonic

from tests.fuzz.driver import LENGTH, Broken, load, outcomes, replay, table, world

SAVED = Path("build/fuzz")


def run(seed: int, steps: int, jobs: int) -> int:
    print(f"seed {seed}, {steps:,} steps in episodes of {LENGTH:,}, {jobs} at a time", flush=True)
    sizes = [min(LENGTH, steps - start) for start in range(0, steps, LENGTH)]
    tasks = [(f"{seed}-{number}", size) for number, size in enumerate(sizes)]
    coverage: Counter[tuple[str, ...]] = Counter()
    start = told = monotonic()
    for found, broken in outcomes(tasks, jobs):
        coverage += found
        done = sum(count for key, count in coverage.items() if key[0] == "rule")
        if broken is not None:
            path = SAVED / f"{broken.seed}.json"
            broken.save(path)
            print(f"{broken}\n{len(broken.tape) - 1} steps matter: {_rules(broken)}")
            print(f"repeat it with: python -m tests.fuzz --replay {path}")
            return 1
        if monotonic() - told > 5:
            told = monotonic()
            print(f"{done:,} steps, {done / (told - start):,.0f} a second", flush=True)
    print(table(coverage))
    print(f"{done:,} steps, {done / (monotonic() - start):,.0f} a second, seed {seed}: all well")
    return 0


def _rules(broken: Broken) -> str:
    return ", ".join(rule for rule, _ in broken.tape[1:])


def repeat(path: Path) -> int:
    seed, tape = load(path)
    broken = replay(world(), seed, tape, print)
    print(broken or "all well")
    return 1 if broken else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, help="any number; drawn and printed if not given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="repeat a saved run")
    args = parser.parse_args()
    if min(args.steps, args.jobs) < 1:
        parser.error("--steps and --jobs are at least 1")
    if args.replay:
        return repeat(args.replay)
    seed = SystemRandom().randrange(10**9) if args.seed is None else args.seed
    try:
        return run(seed, args.steps, args.jobs)
    except KeyboardInterrupt:
        print("stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
