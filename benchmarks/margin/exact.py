"""The exact side: a chain of options of one underlying, priced by Black-76 on its smile.

Nothing here comes from the specification: the normal distribution is scipy's, all else is floating
point. Prices are parts of the epoch's reference spot S0, times are days.

A scenario is a spot, a move of volatility (-1 down .. 0 as it is .. 1 up) and days that pass.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]

YEAR = 365.0
SVI_WIDTH = 0.2  # s of the smile: how far from the money its wings begin
MIN_VOLATILITY, MAX_VOLATILITY = 0.05, 5.0


def black76(forward: Any, strike: Any, deviation: Any) -> Array:
    """Undiscounted call; `deviation` is volatility times the square root of time."""
    forward, strike, deviation = np.broadcast_arrays(forward, strike, deviation)
    alive = deviation > 1e-9
    scale = np.where(alive, deviation, 1.0)
    high = np.log(forward / strike) / scale + scale / 2
    call = forward * ndtr(high) - strike * ndtr(high - scale)
    return np.asarray(np.where(alive, call, np.maximum(forward - strike, 0.0)))


def volatility_moves(days: Array) -> tuple[Array, Array]:
    """Factors of volatility, up and down."""
    g = (30 / np.maximum(days, 1.0)) ** np.where(days < 30, 0.30, 0.13)
    return 1 + 0.5 * g, np.maximum(0.1, 1 - 0.25 * g)


@dataclass
class Chain:
    """Strikes, each with its expiry; the smile is SVI, given by what it is at the money.

    `level` is the volatility at the money, `slope` (rho) and `bend` (b, in parts of level^2) shape
    its wings; a bend of 0 is a flat smile.
    """

    days: Array
    strike: Array
    level: Array
    slope: Array
    bend: Array
    ratio: Array  # of forward and spot
    scan_range: float
    bound: float
    spot: float = 1.0  # now; S0 is 1

    @classmethod
    def flat(
        cls, days: Any, strikes: Any, volatility: Any, scan_range: float, spot: float = 1.0
    ) -> "Chain":
        """Flat smiles, forwards at the spot; the bound of an epoch as the expiries want it."""
        strike, days, level = np.broadcast_arrays(
            np.asarray(strikes, float), np.asarray(days, float), np.asarray(volatility, float)
        )
        zero = np.zeros_like(strike)
        bound = bound_of(days)
        return cls(days, strike, level, zero, zero, zero + 1, scan_range, bound, spot)

    @cached_property
    def span(self) -> float:
        """G, in whole basis points as the contracts have it."""
        return float(np.ceil(((1 + self.bound) * (1 + self.scan_range) - 1) * 1e4 - 1e-6) / 1e4)

    def calls(self, spot: Any, move: Any = 0.0, passed: Any = 0.0) -> Array:
        """Value of each strike's call (rows) in each scenario (columns)."""
        spot, move, passed = (
            np.atleast_1d(np.asarray(x, float))[None, :] for x in (spot, move, passed)
        )
        forward = self.ratio[:, None] * spot
        k = np.log(self.strike[:, None] / forward)
        up, down = volatility_moves(self.days)
        factor = 1 + np.where(move > 0, move * (up[:, None] - 1), -move * (down[:, None] - 1))
        left = np.maximum(self.days[:, None] - passed, 0.0)
        return black76(
            forward, self.strike[:, None], self._volatility(k) * factor * np.sqrt(left / YEAR)
        )

    def _volatility(self, k: Array) -> Array:
        base = (self.level**2)[:, None]
        b, rho = base * self.bend[:, None], self.slope[:, None]
        variance = base + b * (rho * k + np.sqrt(k**2 + SVI_WIDTH**2) - SVI_WIDTH)
        return np.clip(np.sqrt(np.maximum(variance, 0)), MIN_VOLATILITY, MAX_VOLATILITY)

    @cached_property
    def lanes(self) -> Array:
        """Values in the order of a scenario word: now, down, up (rows: strikes)."""
        wide, g = self.bound, self.span
        return np.hstack(
            [
                self.calls(1 + wide * np.linspace(-1, 1, 3)),
                self.calls(1 + g * np.linspace(-1, 1, 7), -1, 1),
                self.calls(1 + g * np.linspace(-1, 1, 5), 1, 0),
            ]
        )


def bound_of(days: Any) -> float:
    """How far spot may be from S0 before an epoch ends."""
    return 0.01 if np.min(days) <= 3 else 0.02


@dataclass(frozen=True)
class Scenarios:
    """Points of the scan box: shifts of the current spot, moves of volatility, days passed."""

    shift: Array
    move: Array
    passed: Array

    @classmethod
    def box(cls, scan_range: float, shifts: int, moves: int = 5) -> "Scenarios":
        """A grid of shifts and moves; time passes as volatility falls, as it does in the scan."""
        shift, move = np.meshgrid(
            np.linspace(-scan_range, scan_range, shifts), np.linspace(-1, 1, moves)
        )
        return cls(shift.ravel(), move.ravel(), (1 - move.ravel()) / 2)

    def calls(self, chain: Chain) -> Array:
        return chain.calls(chain.spot * (1 + self.shift), self.move, self.passed)
