"""Brute force: random books, and what the worst point of the scan box does to them.

The box is full: every spot, every volatility between down and up, anywhere in an epoch, at prices
that are exact. What a book can lose there beyond what the specification asks of it is *hidden*; it
is told per contract, of the larger of gross longs and gross shorts, in parts of spot.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.margin.exact import Array, Chain, Scenarios, bound_of
from benchmarks.margin.requirement import Holdings, Specification

DAYS = np.array([1 / 12, 1 / 3, 1, 2, 3, 7, 14, 30, 90])
STRIKES = 14  # of each expiry
RANGES = (0.13, 0.16, 0.21)
Random = np.random.Generator


def random_chain(rng: Random, expiries: int, soon: bool = False) -> Chain:
    """Strikes anywhere, also beyond the scan; smiles, forwards and the place in the epoch too."""
    days = np.sort(rng.choice(DAYS[:4] if soon else DAYS, expiries, replace=False))
    scan_range = rng.choice(RANGES)
    spread = scan_range * rng.choice([0.5, 1.15])
    strikes = [np.exp(np.sort(rng.uniform(-spread, spread, STRIKES))) for _ in days]

    def each(values: Array) -> Array:
        return np.repeat(values, STRIKES)

    bound = bound_of(days)
    return Chain(
        days=each(days),
        strike=np.concatenate(strikes),
        level=each(rng.uniform(0.3, 1.2) * rng.uniform(0.8, 1.25, expiries)),
        slope=each(rng.uniform(-0.6, 0.3, expiries)),
        bend=each(rng.uniform(0, 3, expiries)),
        ratio=each(1 + rng.uniform(-0.05, 0.2, expiries) * days / 365),
        scan_range=scan_range,
        bound=bound,
        spot=1 + bound * rng.choice([0.0, 1.0, -1.0, rng.uniform(-1, 1)]),
    )


def _as_puts(rng: Random, chain: Chain, sizes: Array) -> Holdings:
    """The same options, some of them as puts (and no forwards beside them)."""
    puts = np.where(rng.random(len(sizes)) < 0.5, sizes, 0.0)
    return Holdings(sizes - puts, puts, np.zeros_like(sizes))


def scattered(rng: Random, chain: Chain) -> Holdings:
    count = len(chain.strike)
    sizes = rng.normal(size=count) * (rng.random(count) < rng.uniform(0.05, 0.6))
    held = _as_puts(rng, chain, sizes)
    held.futures = rng.normal(size=count) * (rng.random(count) < 0.05)
    held.perpetual = rng.normal() * rng.choice([0.0, 1.0, 3.0])
    return held


def shaped(rng: Random, chain: Chain) -> Holdings:
    """A straddle, butterfly, condor or ratio spread, of any strikes, bought or sold."""
    sizes, side = np.zeros(len(chain.strike)), rng.choice([-1.0, 1.0])
    first = STRIKES * rng.integers(len(chain.strike) // STRIKES)
    a, b, c, d = first + np.sort(rng.choice(STRIKES, 4, replace=False))
    kind = rng.integers(4)
    if kind == 0:
        sizes[a] = 2 * side
    elif kind == 1:
        left, right = chain.strike[b] - chain.strike[a], chain.strike[c] - chain.strike[b]
        sizes[[a, b, c]] = side * np.array([right, -left - right, left]) / max(left, right)
    elif kind == 2:
        sizes[[a, b, c, d]] = side * np.array([1, -1, -1, 1])
    else:
        sizes[[a, b]] = side, -side * rng.uniform(0.3, 3)
    held = Holdings.of(sizes)
    if kind == 0 or rng.random() < 0.3:
        held.perpetual = -sizes.sum() * rng.uniform(0.2, 0.8)
    return held


def bought(rng: Random, chain: Chain) -> Holdings:
    """Nothing but long options: cash that was borrowed may have paid for them."""
    count = len(chain.strike)
    sizes = np.abs(rng.normal(size=count)) * (rng.random(count) < 0.15)
    return _as_puts(rng, chain, sizes)


@dataclass(frozen=True)
class Kind:
    name: str
    chain: Callable[[Random], Chain]
    book: Callable[[Random, Chain], Holdings]


KINDS = (
    Kind("any, one expiry", lambda rng: random_chain(rng, 1), scattered),
    Kind(
        "any, several expiries", lambda rng: random_chain(rng, int(rng.integers(2, 5))), scattered
    ),
    Kind("any, two days at most", lambda rng: random_chain(rng, 1, soon=True), scattered),
    Kind("straddles to condors", lambda rng: random_chain(rng, 1), shaped),
    Kind("the same, two days at most", lambda rng: random_chain(rng, 1, soon=True), shaped),
    Kind("long options only", lambda rng: random_chain(rng, 2), bought),
)


@dataclass
class Result:
    """Hidden losses beside three requirements, of each book."""

    plain: list[float] = field(default_factory=list)  # the scan's grid alone
    scan: list[float] = field(default_factory=list)  # L_u
    total: list[float] = field(default_factory=list)  # maintenance margin
    required: float = 0.0
    lost: float = 0.0

    @property
    def ratio(self) -> float:
        """Of all requirements and all worst losses."""
        return self.required / self.lost


def run(kind: Kind, books: int, seed: int = 1, shifts: int = 81, per_chain: int = 50) -> Result:
    rng, result = np.random.default_rng(seed), Result()
    while len(result.total) < books:
        chain = kind.chain(rng)
        specification = Specification([chain])
        scenarios = Scenarios.box(chain.scan_range, shifts)
        prices = scenarios.calls(chain)
        spots = chain.spot * (1 + scenarios.shift)
        delta = (chain.calls(chain.spot * 1.0001) - chain.calls(chain.spot * 0.9999))[:, 0]
        delta /= 0.0002 * chain.spot
        for _ in range(per_chain):
            held = kind.book(rng, chain)
            if kind.book is not bought and rng.random() < 0.4:  # hedged, more or less
                options = held.calls @ delta + held.puts @ (delta - chain.ratio)
                linear = held.futures @ chain.ratio
                held.perpetual = -float(options + linear) * rng.uniform(0.8, 1.2)
            held = held.rounded()
            net = held.calls + held.puts
            contracts = max(np.maximum(net, 0).sum(), np.maximum(-net, 0).sum())
            if contracts < 1e-3:
                continue
            asked = specification.measure(held)
            loss = asked.worth - float(held.value(chain, prices, spots).min())
            cap = asked.total if kind.book is bought else np.inf  # fully paid
            result.plain.append((loss - min(asked.plain, cap)) / contracts)
            result.scan.append((loss - min(asked.scan, cap)) / contracts)
            result.total.append((loss - asked.total) / contracts)
            result.required += asked.total
            result.lost += max(loss, 0.0)
    return result
