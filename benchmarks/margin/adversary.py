"""The adversary: the book that hides the most, found by linear programs.

For one expiry and each scenario it picks sizes at a grid of strikes, gross longs and gross shorts
at most one contract each, and any amount of the expiry's future (beside the perpetual a calendar
would be charged), to make the loss in that scenario less the requirement as large as it can be.
The requirement is the least number above many linear ones, so this is a linear program; its
constraints are the formulas of `plimsoll/spec/scan.py` written down a second time. What is told is
measured by the specification itself, on the book that was found.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from benchmarks.margin.exact import Array, Chain, Scenarios
from benchmarks.margin.requirement import Holdings, Specification

NEAR, FADE = 7.0, 1.0  # days
SHORT = 0.01
PARTS = 16  # of a cell


@dataclass(frozen=True)
class Attack:
    hidden: float  # parts of spot, by the specification
    predicted: float  # the same by the linear program
    shift: float
    move: float
    holdings: Holdings


def weights(nodes: Array, x: float) -> Array:
    """With which a curve is read at x, on a line between its nodes."""
    return np.array([np.interp(x, nodes, row) for row in np.eye(len(nodes))])


class Program:
    """Variables: longs, shorts, the future, L_u, and what the rest bulges in each cell."""

    def __init__(self, chain: Chain, between: bool = True) -> None:
        self.chain, self.strikes = chain, len(chain.strike)
        self.spot = chain.spot
        x = (chain.spot - 1) / chain.bound
        now, self.down, self.up = np.split(chain.lanes, [3, 10], axis=1)
        self.mark = now @ np.array([x * (x - 1) / 2, 1 - x * x, x * (x + 1) / 2])
        self.places_down = 1 + chain.span * np.linspace(-1, 1, 7)
        self.places_up = 1 + chain.span * np.linspace(-1, 1, 5)
        self.low = chain.spot * (1 - chain.scan_range)
        self.high = chain.spot * (1 + chain.scan_range)
        self.size = 2 * self.strikes + 2 + 6
        self.future, self.loss = 2 * self.strikes, 2 * self.strikes + 1
        self.rows: list[Array] = []
        for nodes, curve in ((self.places_down, self.down), (self.places_up, self.up)):
            inside = [node for node in nodes if self.low < node < self.high]
            for place in (self.low, self.high, chain.spot, *inside):
                self._cover(curve @ weights(nodes, place), place)
        if between:
            self._between()
        self._extremes()

    def _row(self, options: Array, future: float, share: float = 1.0) -> Array:
        """share * (loss of options and future) - L_u"""
        row = np.zeros(self.size)
        row[: self.strikes], row[self.strikes : 2 * self.strikes] = options, -options
        row[self.future] = future
        row *= share
        row[self.loss] = -1
        return row

    def _cover(self, values: Array, place: float, share: float = 1.0) -> Array:
        row = self._row(self.mark - values, self.spot - place, share)
        self.rows.append(row)
        return row

    def _between(self) -> None:
        chain, step = self.chain, self.chain.span / 3
        ghosts = [
            np.maximum(chain.ratio * (1 + side * (chain.span + step)) - chain.strike, 0)
            for side in (-1, 1)
        ]
        inner = self.down[:, :-2] - 2 * self.down[:, 1:-1] + self.down[:, 2:]
        first = ghosts[0] - 2 * self.down[:, 0] + self.down[:, 1]
        last = self.down[:, -2] - 2 * self.down[:, -1] + ghosts[1]
        copied = np.column_stack([inner[:, 0], inner, inner[:, -1]])
        seen = np.column_stack(
            [np.maximum(first, inner[:, 0]), inner, np.maximum(last, inner[:, -1])]
        )
        near = np.clip((NEAR + FADE - chain.days) / FADE, 0, 1)
        for cell in range(6):
            rest = self.size - 6 + cell
            bend = (copied[:, cell] + copied[:, cell + 1]) / 2
            row = np.zeros(self.size)
            row[: self.strikes], row[self.strikes : 2 * self.strikes] = bend * (1 - near), -bend
            row[rest] = -1
            self.rows.append(row)
            start = self.places_down[cell]
            # the parabola's lowest point is near one of these
            places = [start + step * t / PARTS for t in range(1, PARTS)]
            places = [place for place in places if self.low < place < self.high]
            places += [p for p in (self.low, self.high) if start <= p < start + step]
            for place in places:
                t = (place - start) / step
                row = self._cover(self.down @ weights(self.places_down, place), place)
                bulge = seen[:, cell] + seen[:, cell + 1]
                row[: self.strikes] += t * (1 - t) * bulge * near
                row[rest] = t * (1 - t)

    def _extremes(self) -> None:
        for ranges, share in ((-2, 0.5), (2, 0.5), (-4, 0.25), (4, 0.25)):
            place = self.spot * (1 + max(ranges * self.chain.scan_range, -0.8))
            intrinsic = np.maximum(self.chain.ratio * place - self.chain.strike, 0)
            self._cover(intrinsic, place, share)

    def solve(self, values: Array, place: float) -> tuple[float, Holdings]:
        """The book that loses the most beyond its requirement where calls are worth `values`."""
        n = self.strikes
        gross = np.zeros((2, self.size))
        gross[0, :n] = gross[1, n : 2 * n] = 1
        cost = -self._row(self.mark - values, self.spot - place)
        cost[n : 2 * n] += SHORT * self.spot
        found = linprog(
            cost,
            A_ub=csr_matrix(np.vstack([*self.rows, gross])),
            b_ub=np.array([0.0] * len(self.rows) + [1.0, 1.0]),
            bounds=[(0, None)] * (2 * n) + [(None, None)] + [(0, None)] * 7,
            method="highs",
        )
        assert found.status == 0, found.message
        book = Holdings.of(found.x[:n] - found.x[n : 2 * n])
        book.futures[0] = found.x[self.future]
        return float(-found.fun), book


def strikes_of(scan_range: float, dense: int) -> Array:
    """Within the scan and a little beyond, and some far out."""
    inside = np.linspace(1 - 1.3 * scan_range, 1 + 1.3 * scan_range, dense)
    return np.sort(np.concatenate([inside, 1 + scan_range * np.array([-2, -1.5, 1.5, 2, 3])]))


def attack(
    days: float,
    volatility: float,
    scan_range: float,
    spot: float,
    between: bool = True,
    dense: int = 84,
    shifts: int = 17,
    moves: int = 7,
) -> Attack:
    """The worst over all scenarios; `spot` is where in the epoch, -1 .. 1."""
    strikes = strikes_of(scan_range, dense)
    chain = Chain.flat(days, strikes, volatility, scan_range)
    chain.spot = 1 + spot * chain.bound
    program, specification = Program(chain, between), Specification([chain])
    scenarios = Scenarios.box(scan_range, shifts, moves)
    prices, worst = scenarios.calls(chain), None
    for i, shift in enumerate(scenarios.shift):
        place = chain.spot * (1 + shift)
        predicted, book = program.solve(prices[:, i], place)
        if worst is not None and predicted <= worst.predicted:
            continue
        held = book.rounded()
        asked = specification.measure(held)
        here = held.value(chain, prices[:, [i]], np.array([place]))[0]
        required = asked.total if between else asked.total - asked.scan + asked.plain
        hidden = asked.worth - float(here) - required
        worst = Attack(hidden, predicted, float(shift), float(scenarios.move[i]), held)
    assert worst is not None
    return worst
