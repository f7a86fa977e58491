"""The adversary across two underlyings: the book that is asked for least of what it loses.

For each scenario a linear program picks sizes, at a grid of strikes of one expiry, and of the
future of each underlying, so that the book loses one there and the margin at PORTFOLIO is as small
as it can be. Netting assumes that underlyings do not part as they please, so scenarios are of three
kinds:

    alone      one moves within its range, the other stands still
    together   both move by the same part of their ranges
    likely     both move as their loadings let them: to the edge of an ellipse, in any direction

Roots are read along a few tangents. What is hidden is a difference of losses, so one of the losses
that are seen is taken for it, the largest of the book that was found before. What is told is
measured by the specification, on the book that was found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, vstack

from benchmarks.margin.adversary import SHORT, Program, strikes_of, weights
from benchmarks.margin.brute import random_chain, scattered, shaped
from benchmarks.margin.exact import Array, Chain
from benchmarks.margin.requirement import Holdings, Specification, part
from plimsoll.spec.scan import LANE_UNIT
from plimsoll.spec.words import PORTFOLIO

RANGES, BETA = (0.13, 0.16), 0.75
KINDS = ("alone", "together", "likely")
MOVES = (-1, 1)  # of volatility
FLOOR = 0.2  # psi
MOST = 1_000.0  # contracts, for a loss of one
TRIES = 3
TANGENTS = [(np.cos(angle), np.sin(angle)) for angle in np.linspace(0, np.pi / 2, 9)]
ANGLES = np.linspace(-np.pi / 2, np.pi / 2, 9)
THIRDS = np.linspace(-1, 1, 7)

Row = dict[int, float]  # coefficients by column
Scenario = tuple[tuple[float, float], int]  # parts of the ranges, move of volatility


@dataclass(frozen=True)
class Attack:
    ratio: float  # of margin and loss, by the specification
    bare: float  # without the term for what moves apart
    predicted: float  # the same by the linear program


def scenarios(kind: str, steps: int) -> Iterator[Scenario]:
    line = [x for x in np.linspace(-1, 1, 2 * steps + 1) if x != 0]
    if kind == "alone":
        places = [(x, 0.0) for x in line] + [(0.0, x) for x in line]
    elif kind == "together":
        places = [(x, x) for x in line]
    else:
        angles = np.linspace(0, 2 * np.pi, 4 * steps, endpoint=False)
        places = [(np.cos(a), np.cos(a - np.arccos(BETA**2))) for a in angles]
    yield from ((place, move) for place in places for move in MOVES)


def added(*rows: tuple[float, Row]) -> Row:
    total: Row = {}
    for share, row in rows:
        for column, value in row.items():
            total[column] = total.get(column, 0.0) + share * value
    return total


class Pair:
    """Two underlyings, spot on opposite sides of their epochs."""

    def __init__(
        self, days: float, volatility: float, place: float, dense: int, apart: bool
    ) -> None:
        self.chains = [
            Chain.flat(days, strikes_of(scan_range, dense), volatility, scan_range)
            for scan_range in RANGES
        ]
        for chain, side in zip(self.chains, (1, -1), strict=True):
            chain.spot = 1 + side * place * chain.bound
        self.programs = [Program(chain) for chain in self.chains]
        self.specification = Specification(self.chains, [BETA, BETA])
        sizes = [program.size for program in self.programs]
        self.starts = [0, sizes[0]]
        self.columns = sum(sizes)
        self.rows: list[Row] = []
        for start, program in zip(self.starts, self.programs, strict=True):
            self.rows += [dict(enumerate(row, start)) for row in program.rows]
        self.losses = [
            {start + program.loss: 1.0}
            for start, program in zip(self.starts, self.programs, strict=True)
        ]
        self.asked = self._column()  # the scan requirement
        self.hidden = [self._column(), self._column()]
        self.seen = [self._reads(u) for u in range(2)]
        self._factor()
        self._comove()
        self._cover([(FLOOR, loss) for loss in self.losses])
        for tangent in TANGENTS if apart else ():
            self._cover(list(zip(tangent, self.losses, strict=True)))

    def _column(self) -> int:
        self.columns += 1
        return self.columns - 1

    def _least(self, *rows: Row) -> Row:
        """A variable that is no less than any of them."""
        column = self._column()
        self.rows += [added((1, row), (-1, {column: 1.0})) for row in rows]
        return {column: 1.0}

    def _cover(self, rows: Sequence[tuple[float, Row]], hidden: bool = False) -> None:
        """The requirement is no less than their sum."""
        beside = [(1.0, {column: 1.0}) for column in self.hidden] if hidden else []
        self.rows.append(added(*rows, *beside, (-1, {self.asked: 1.0})))

    def _loss(self, u: int, values: Array, place: float) -> Row:
        program, start = self.programs[u], self.starts[u]
        options = program.mark - values
        row = dict(enumerate(options, start)) | dict(enumerate(-options, start + len(options)))
        return row | {start + program.future: program.spot - place}

    def _read(self, u: int, shift: float) -> list[Row]:
        """What is lost after a shift with volatility down and up."""
        program = self.programs[u]
        place = program.spot * (1 + shift * RANGES[u])
        curves = (program.places_down, program.down), (program.places_up, program.up)
        return [self._loss(u, curve @ weights(nodes, place), place) for nodes, curve in curves]

    def _blended(self, u: int, shift: float) -> list[Row]:
        """The same, half of it at the worse of both."""
        rows = self._read(u, shift)
        half = added(*((0.5, row) for row in rows))
        return [self._least(row, half) for row in rows]

    def _reads(self, u: int) -> list[Row]:
        """What comove reads: losses beyond the largest of these are hidden. (Here all of L_u, by
        the specification what is lost within the range: they differ where extremes decide.)"""
        return [row for x in THIRDS for row in self._read(u, x)]

    def _factor(self) -> None:
        own = np.sqrt(1 - BETA**2)
        for angle in ANGLES:
            middle, side = np.sin(angle) * BETA, np.cos(angle) * own
            here = [self._blended(u, middle) for u in range(2)]
            sides = [
                [self._blended(u, middle - side), self._blended(u, middle + side)] for u in range(2)
            ]
            for v in range(2):
                worst = [self._least(here[u][v], *(at[v] for at in sides[u])) for u in range(2)]
                for tangent in TANGENTS:
                    terms = [
                        term
                        for u, share in enumerate(tangent)
                        for term in ((1 - share, here[u][v]), (share, worst[u]))
                    ]
                    self._cover(terms, hidden=True)

    def _comove(self) -> None:
        read = [[self._blended(u, x) for x in THIRDS] for u in range(2)]
        for i in range(len(THIRDS)):
            for v in range(2):
                beside = [[row[v] for row in rows[max(0, i - 1) : i + 2]] for rows in read]
                self._cover([(1, self._least(*rows)) for rows in beside], hidden=True)

    @cached_property
    def _matrix(self) -> csr_matrix:
        return csr_matrix(np.array([self._row(row) for row in self.rows]))

    def solve(self, scenario: Scenario) -> Attack:
        """The book that is asked for least."""
        (places, move), found = scenario, None
        lost = self._row(added(*((1, self._exact(u, x, move)) for u, x in enumerate(places))))
        cost = self._row({self.asked: 1.0})
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * self.columns
        for start, program in zip(self.starts, self.programs, strict=True):
            n = program.strikes
            cost[start + n : start + 2 * n] = SHORT * program.spot
            for column in range(start, start + program.size):
                bounds[column] = (0, MOST if column < start + 2 * n else None)
            bounds[start + program.future] = (-MOST, MOST)
        for column in (self.asked, *self.hidden):
            bounds[column] = (0, None)
        chosen = [0, 0]
        for _ in range(TRIES):
            seen = [
                self._row(added((1, loss), (-1, rows[k]), (-1, {column: 1.0})))
                for loss, rows, k, column in zip(
                    self.losses, self.seen, chosen, self.hidden, strict=True
                )
            ]
            result = linprog(
                cost,
                A_ub=vstack([self._matrix, np.array(seen)]),
                b_ub=np.zeros(len(self.rows) + 2),
                A_eq=csr_matrix(lost[None]),
                b_eq=[1.0],
                bounds=bounds,
                method="highs",
            )
            if result.status != 0 or (found is not None and result.fun >= found.fun - 1e-9):
                break
            found = result
            chosen = [
                int(np.argmax([self._row(row) @ result.x for row in rows])) for rows in self.seen
            ]
        assert found is not None, result.message
        return Attack(*self._measured(found.x, lost), found.fun)

    def _row(self, row: Row) -> Array:
        dense = np.zeros(self.columns)
        dense[list(row)] = list(row.values())
        return dense

    def _exact(self, u: int, x: float, move: int) -> Row:
        """What stands still is neither older nor as volatile as the other."""
        if x == 0:
            return {}
        chain = self.chains[u]
        place = chain.spot * (1 + x * chain.scan_range)
        return self._loss(u, chain.calls(place, move, (1 - move) / 2)[:, 0], place)

    def _measured(self, x: Array, lost: Array) -> tuple[float, float]:
        books, kept = [], np.zeros(self.columns)
        for start, program in zip(self.starts, self.programs, strict=True):
            n = program.strikes
            book = Holdings.of(x[start : start + n] - x[start + n : start + 2 * n])
            book.futures[0] = x[start + program.future]
            books.append(book.rounded())
            kept[start : start + n] = books[-1].calls
            kept[start + program.future] = books[-1].futures[0]
        analysis = self.specification.analyse(PORTFOLIO, books)
        factors = self.specification.model.factors
        factor, comove, _, floor = analysis.netting.terms(factors.floor)
        charges = sum(owned.charges for owned in analysis.underlyings)
        asked = part(analysis.requirement(factors) + charges)
        bare = part(max(factor, comove, floor) + charges)
        loss = float(lost @ kept)
        return asked / loss, min(asked, bare) / loss


def attack(
    kind: str,
    days: float,
    volatility: float,
    place: float,
    steps: int = 4,
    dense: int = 30,
    apart: bool = True,
) -> Attack:
    """The worst over all scenarios; `place` is where in the epoch spots are, 0 .. 1."""
    pair = Pair(days, volatility, place, dense, apart)
    attacks = [pair.solve(scenario) for scenario in scenarios(kind, steps)]
    return min(attacks, key=lambda attack: attack.ratio if apart else attack.bare)


def joined(pairs: int, seed: int) -> tuple[float, float]:
    """Of random pairs of books in three underlyings: how many ask for more together than apart, but
    for the units of lanes, and by what part the worst."""
    rng, more = np.random.default_rng(seed), []
    for _ in range(pairs):
        chains = [random_chain(rng, int(rng.integers(1, 4))) for _ in range(3)]
        specification = Specification(chains, [0.75, 0.75, 0.6])

        def asked(books: Sequence[Holdings], specification: Specification = specification) -> float:
            analysis = specification.analyse(PORTFOLIO, books)
            return part(analysis.requirement(specification.model.factors))

        one, other = (
            [
                (scattered if rng.random() < 0.5 else shaped)(rng, chain).rounded()
                for chain in chains
            ]
            for _ in range(2)
        )
        whole = [a.plus(b) for a, b in zip(one, other, strict=True)]
        apart = asked(one) + asked(other)
        contracts = sum(np.abs(book.calls).sum() + np.abs(book.puts).sum() for book in one + other)
        more.append((asked(whole) - 2 * contracts / LANE_UNIT) / apart - 1)
    return float(np.mean(np.array(more) > 0)), max(more)
