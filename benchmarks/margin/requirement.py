"""The specification's side: chains and books of floats, as the integers that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.margin.exact import Array, Chain
from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.margin import (
    Analysis,
    Book,
    Factors,
    Holding,
    RiskModel,
    Surface,
    analyse,
    margin_of,
)
from plimsoll.spec.market import OPEN, Forward, Market
from plimsoll.spec.scan import LANE_BITS, LANE_UNIT, Grid, UnderlyingParams
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import (
    KEY_SHIFT,
    PORTFOLIO,
    POSITION,
    STRIKE_UNIT,
    UNDERLYING,
    call,
    future,
    key_of,
    pack_position,
    perpetual,
)

NOW = 1_900_000_000
SPOT = 32_768  # S0 in quote currency: a lane's unit is then one
LEVELS = {"isolated": POSITION, "cross": UNDERLYING, "portfolio": PORTFOLIO}
LIQUIDITY = 0.02  # haircut of collateral beside the scan range
DECIMALS = 8  # of collateral
CASH = 2**120
DEEP = 2**47  # contracts: a market so deep that the depth charge is nothing


def wad(x: float) -> int:
    """Of a part of S0."""
    return round(x * 1e12) * SPOT * 10**6


def part(amount: int) -> float:
    """Of S0, of a WAD amount."""
    return amount / (SPOT * WAD)


@dataclass
class Holdings:
    """Sizes of one book in one chain: by strike, and the perpetual; contracts."""

    calls: Array
    puts: Array
    futures: Array  # of the expiry of each strike
    perpetual: float = 0.0
    spot: float = 0.0  # collateral that the underlying prices

    @classmethod
    def of(cls, calls: Array, perpetual: float = 0.0) -> "Holdings":
        return cls(calls, np.zeros_like(calls), np.zeros_like(calls), perpetual)

    def rounded(self) -> "Holdings":
        """To what the ledger can hold."""
        calls, puts, futures = (np.round(x, 8) for x in (self.calls, self.puts, self.futures))
        return Holdings(calls, puts, futures, round(self.perpetual, 8), round(self.spot, 8))

    def plus(self, other: "Holdings") -> "Holdings":
        return Holdings(
            self.calls + other.calls,
            self.puts + other.puts,
            self.futures + other.futures,
            self.perpetual + other.perpetual,
            self.spot + other.spot,
        )

    def value(self, chain: Chain, calls: Array, spots: Array) -> Array:
        """In each scenario: options at what calls cost there, all else by its forward."""
        forwards = chain.ratio[:, None] * spots
        puts = calls - forwards + chain.strike[:, None]
        linear = self.futures @ forwards + (self.perpetual + self.spot) * spots
        return self.calls @ calls + self.puts @ puts + linear


@dataclass(frozen=True)
class Requirement:
    """In parts of S0."""

    plain: float  # scan at the points of the grid, and extremes
    scan: float  # with what lies between
    total: float  # maintenance margin, without the least that it may be
    worth: float  # of everything held, as it is marked


class Specification:
    """One or several underlyings as the specification sees them."""

    def __init__(self, chains: Sequence[Chain], betas: Sequence[float] | None = None) -> None:
        betas = betas or [1.0] * len(chains)
        self.chains = chains
        self.keys: list[list[int]] = []  # of each strike
        forwards, grids, words, markets, underlyings, assets = {}, {}, {}, {}, {}, {}
        for u, (chain, beta) in enumerate(zip(chains, betas, strict=True), 1):
            reference, index = wad(1), wad(chain.spot)
            bound, span = round(chain.bound * BPS), round(chain.span * BPS)
            grids[u] = Grid(reference, span, bound)
            markets[u] = Market(index, index, index, 0, OPEN)
            underlyings[u] = UnderlyingParams(
                scan_range=round(chain.scan_range * BPS),
                beta=round(beta * BPS),
                calendar=50,
                depth=DEEP,
            )
            flat = (round((chain.scan_range + LIQUIDITY) * BPS),) * 4
            assets[u] = AssetParams(
                u, DECIMALS, (0, 0, 0), flat, round(LIQUIDITY * BPS), BPS, 2**40 - 1
            )
            lanes = np.minimum(np.floor(chain.lanes * LANE_UNIT), 2**LANE_BITS - 1)
            keys = []
            for days, strike, ratio, row in zip(
                chain.days, chain.strike, chain.ratio, lanes.astype(int).tolist(), strict=True
            ):
                expiry = NOW + round(days * 86_400)
                key = key_of(call(u, expiry, wad(strike) // STRIKE_UNIT))
                forwards[u, expiry] = Forward(0, round(ratio * WAD))
                words[key] = sum(value << LANE_BITS * k for k, value in enumerate([1, *row]))
                keys.append(key)
            self.keys.append(keys)
        self.surface = Surface(NOW, forwards, grids, words)
        self.markets = markets
        self.model = RiskModel(underlyings, assets, Factors())

    def book(self, level: int, holdings: Sequence[Holdings]) -> Book:
        words: list[int] = []
        collateral: list[Holding] = []
        for u, (chain, keys, held) in enumerate(
            zip(self.chains, self.keys, holdings, strict=True), 1
        ):
            linear: dict[int, int] = {key_of(perpetual(u)): round(held.perpetual * SIZE)}
            for i, key in enumerate(keys):
                calls, puts = round(held.calls[i] * SIZE), round(held.puts[i] * SIZE)
                if calls or puts:
                    words.append(pack_position(key, calls, puts))
                dated = key_of(future(u, NOW + round(chain.days[i] * 86_400)))
                linear[dated] = linear.get(dated, 0) + round(held.futures[i] * SIZE)
            if held.spot:
                amount = round(held.spot * 10**DECIMALS)
                collateral.append(Holding(u, amount, amount))
            words += [pack_position(key, size) for key, size in linear.items() if size]
        assert all(word >> KEY_SHIFT for word in words)
        return Book(level, 0, 0, tuple(words), tuple(collateral))

    def analyse(self, level: int, holdings: Sequence[Holdings]) -> Analysis:
        return analyse(self.book(level, holdings), self.model, self.markets, self.surface)

    def maintenance(self, level: int, holdings: Sequence[Holdings]) -> float:
        """Beside so much cash that nothing is owed."""
        analysis = replace(self.analyse(level, holdings), cash=CASH)
        return part(margin_of(analysis, self.model, self.markets).maintenance)

    def measure(self, held: Holdings) -> Requirement:
        """Of a book in the only underlying, netted."""
        analysis = self.analyse(UNDERLYING, [held])
        margin = margin_of(analysis, self.model, self.markets)
        asked = analysis.requirement(self.model.factors)
        parts = [part for owned in analysis.underlyings for part in owned.parts]
        return Requirement(
            plain=part(sum(max(one.plain, one.extreme) for one in parts)),
            scan=part(sum(one.loss for one in parts)),
            total=part(asked + sum(owned.charges for owned in analysis.underlyings)),
            worth=part(margin.equity),
        )
