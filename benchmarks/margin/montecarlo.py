"""A day of markets that jump, against what is asked of the books that live through it.

Each underlying has a common and an own part, each diffusing and jumping, mostly down; its scale is
set so that the expected shortfall of a long position is its scan range. Volatility rises with the
size of jumps and when the market falls, by a common amount times the g(T) by which the scan moves
it too, and every expiry has a part of its own. What is told is the requirement over the expected
shortfall of the worst percent of days (ES99). This is a model, not a forecast: it says whether a
book is asked for much less than others of the same risk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.margin.exact import YEAR, Array, Chain, black76, bound_of, volatility_moves
from benchmarks.margin.requirement import LEVELS, Holdings, Specification

TAIL = 0.01


@dataclass(frozen=True)
class Asset:
    name: str
    scan_range: float
    beta: float
    volatility: float


BTC = Asset("BTC", 0.13, 0.75, 0.55)
ETH = Asset("ETH", 0.16, 0.75, 0.70)
SOL = Asset("SOL", 0.21, 0.60, 0.90)
ASSETS = (BTC, ETH, SOL)
EXPIRIES = (1, 3, 7, 30, 90)


def shortfall(losses: Array) -> float:
    """Mean of the worst percent."""
    count = max(1, round(len(losses) * TAIL))
    return float(np.sort(losses)[-count:].mean())


@dataclass(frozen=True)
class Days:
    spot: dict[str, Array]  # a day later; 1 now
    volatility: dict[str, dict[int, Array]]  # of each expiry, times what it was

    @classmethod
    def draw(cls, count: int, seed: int = 5) -> "Days":
        rng = np.random.default_rng(seed)
        spot: dict[str, Array] = {}
        volatility: dict[str, dict[int, Array]] = {}
        market = 0.8 * rng.standard_normal(count)
        crash = 0.85 * (rng.random(count) < 0.02) * rng.normal(-2.5, 3, count)
        for asset in ASSETS:
            own = 0.6 * rng.standard_normal(count)
            jumps = crash + (rng.random(count) < 0.01) * rng.normal(-1, 4, count)
            scale = -np.log(1 - asset.scan_range) / shortfall(-market - own - jumps)
            spot[asset.name] = np.exp(scale * (market + own + jumps))
            shock = 0.1 * rng.standard_normal(count) - 0.08 * market + 1.2 * scale * np.abs(jumps)
            volatility[asset.name] = {}
            for days in EXPIRIES:
                g = 2 * (volatility_moves(np.array([days]))[0][0] - 1)
                alone = 0.05 * rng.standard_normal(count)
                volatility[asset.name][days] = np.exp(g * (shock + alone))
        return cls(spot, volatility)


@dataclass(frozen=True)
class Leg:
    days: int
    strike: float
    size: float  # of calls


@dataclass
class Position:
    """Options of one underlying; hedged with the perpetual if `perpetual` is not given."""

    asset: Asset
    legs: Sequence[Leg]
    perpetual: float | None = None

    def __post_init__(self) -> None:
        days, strikes, sizes = (
            np.array([getattr(leg, name) for leg in self.legs] or [30.0 if name == "days" else 1.0])
            for name in ("days", "strike", "size")
        )
        self.chain = Chain.flat(days, strikes, self.asset.volatility, self.asset.scan_range)
        self.chain.bound = bound_of(days)
        self.sizes = sizes if self.legs else np.zeros(1)
        step = 1e-4
        delta = (self.chain.calls(1 + step) - self.chain.calls(1 - step))[:, 0] / (2 * step)
        if self.perpetual is None:
            self.perpetual = -float(self.sizes @ delta)
        self.held = Holdings.of(self.sizes, self.perpetual).rounded()

    def losses(self, days: Days) -> Array:
        spot, chain = days.spot[self.asset.name], self.chain
        profit = self.held.perpetual * (spot - 1)
        now = chain.calls(1.0)[:, 0]
        for i, size in enumerate(self.held.calls):
            if size == 0:
                continue
            expiry = round(chain.days[i])
            volatility = chain.level[i] * days.volatility[self.asset.name][expiry]
            left = np.sqrt(max(expiry - 1, 0) / YEAR)
            profit += size * (black76(spot, chain.strike[i], volatility * left) - now[i])
        return -profit


def straddle(asset: Asset, days: int, size: float) -> Position:
    return Position(asset, [Leg(days, 1.0, 2 * size)])


def strangle(asset: Asset, days: int, width: float, size: float) -> Position:
    return Position(asset, [Leg(days, 1 - width, size), Leg(days, 1 + width, size)])


def condor(asset: Asset, days: int, inner: float, outer: float) -> Position:
    strikes = ((1 - outer, 1.0), (1 - inner, -1.0), (1 + inner, -1.0), (1 + outer, 1.0))
    return Position(asset, [Leg(days, strike, size) for strike, size in strikes], 0.0)


def calendar(asset: Asset, near: int, far: int, side: float, weighted: bool) -> Position:
    """At the money, neutral to volatilities that move by the same, or by g(T) each."""
    chain = Chain.flat([near, far], [1.0, 1.0], asset.volatility, asset.scan_range)
    step = 1e-3
    vega = (chain.calls(1.0, step) - chain.calls(1.0))[:, 0]  # to g(T) each
    if not weighted:
        vega /= volatility_moves(chain.days)[0] - 1
    return Position(asset, [Leg(near, 1.0, side * vega[1] / vega[0]), Leg(far, 1.0, -side)])


def linear(asset: Asset, size: float) -> Position:
    return Position(asset, [], size)


def books() -> Iterator[tuple[str, list[Position]]]:
    yield "long a perpetual", [linear(BTC, 1)]
    yield "long three perpetuals", [linear(asset, 1) for asset in ASSETS]
    yield "long BTC, short ETH", [linear(BTC, 1), linear(ETH, -1)]
    for days in (1, 7, 30):
        yield f"short straddle, {days} d", [straddle(BTC, days, -1)]
        yield f"short straddles in three, {days} d", [straddle(a, days, -1) for a in ASSETS]
        yield (
            f"short 15 % strangles in three, {days} d",
            [strangle(a, days, 0.15, -1) for a in ASSETS],
        )
        yield (
            f"long BTC, short ETH straddle, {days} d",
            [
                straddle(BTC, days, 1),
                straddle(ETH, days, -1),
            ],
        )
        yield (
            f"iron condors 10/20 % in three, {days} d",
            [condor(a, days, 0.1, 0.2) for a in ASSETS],
        )
    for days in (7, 30):  # at a day they lose next to nothing 99 days of 100
        yield f"short 30 % wings in three, {days} d", [strangle(a, days, 0.3, -1) for a in ASSETS]
    for near, far in ((1, 7), (3, 30), (7, 30), (7, 90), (30, 90)):
        for side, name in ((1.0, "long near"), (-1.0, "short near")):
            for weighted, how in ((False, "vega-neutral"), (True, "shock-neutral")):
                yield (
                    f"{how} calendar {near}/{far} d, {name}",
                    [calendar(BTC, near, far, side, weighted)],
                )


@dataclass(frozen=True)
class Row:
    name: str
    shortfall: float
    ratios: dict[str, float]  # of requirement and ES99, by level
    exceeded: float  # part of days on which the portfolio's requirement was not enough


def measure(name: str, positions: Sequence[Position], days: Days) -> Row:
    losses = np.sum([position.losses(days) for position in positions], axis=0)
    tail = shortfall(losses)
    specification = Specification(
        [position.chain for position in positions],
        [position.asset.beta for position in positions],
    )
    held = [position.held for position in positions]
    asked = {name: specification.maintenance(level, held) for name, level in LEVELS.items()}
    return Row(
        name,
        tail,
        {name: amount / tail for name, amount in asked.items()},
        float((losses > asked["portfolio"]).mean()),
    )


def table(days: Days) -> Iterator[Row]:
    for name, positions in books():
        yield measure(name, positions, days)
