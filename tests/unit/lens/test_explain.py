"""Why a margin is what it is, of random books of everything, against the specification."""

from dataclasses import astuple, replace
from typing import Any

import pytest

from plimsoll.spec import explain
from plimsoll.spec.margin import LARGEST_MARGIN, NO_MARGIN, Book, assess
from plimsoll.spec.market import LIQUIDATION, OPEN, STALE
from plimsoll.spec.wad import BPS, ceil_div
from plimsoll.spec.words import POSITION
from tests.harness import reverts
from tests.unit.margin_engine.books import Case, Desk, on_edge

from .stage import Stage, chain_book

ACCOUNT = 7
LEVELS = range(3)
EACH = 40  # cases of a test
BATCHES = 4
pytestmark = pytest.mark.pyrevm  # too many transactions for anvil


def drawn(stage: Stage, seed: int, wild: bool = False, tight: bool = False) -> Case:
    """A case; tight ones have little more or less than they must keep at PORTFOLIO."""
    case = Desk(seed, stage.chain.timestamp, wild).case()
    if not tight:
        return case
    terms = case.model, case.markets, case.surface
    margin = assess(replace(case.book, level=2), *terms)
    aim = margin.maintenance * (90 + seed % 60) // 100
    return replace(case, book=replace(case.book, cash=case.book.cash + aim - margin.equity))


def put(stage: Stage, case: Case, level: int) -> Book:
    book = replace(case.book, level=level)
    stage.vault.set_book(ACCOUNT, 0, chain_book(book), sender=stage.governor)
    return book


def plain(value: Any) -> Any:
    """Structs and lists as tuples."""
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


def underlyings(told: explain.Breakdown, book: Book, case: Case) -> list[tuple[Any, ...]]:
    rows = []
    for part in told.underlyings:
        terms = case.model, case.markets, case.surface
        shape = explain.shape_of(book, *terms, part.underlying)
        row = (
            part.underlying,
            astuple(case.markets[part.underlying]),
            part.gross,
            part.held,
            part.worth,
            sum(item.delta for item in part.parts),
            shape.gamma,
            shape.vega,
            sum(item.plain for item in part.parts),
            sum(item.extreme for item in part.parts),
            part.loss,
            part.calendar,
            part.vega,
            part.short,
            part.depth,
            part.charges,
            part.divergence,
            part.relief(case.model.factors.initial),
            shape.moves,
            shape.profits,
        )
        rows.append(row)
    return rows


@pytest.mark.parametrize("wild", [False, True], ids=["", "wild"])
@pytest.mark.parametrize("batch", range(BATCHES))
def test_told_as_specified(stage: Stage, batch: int, wild: bool) -> None:
    for seed in range(batch * EACH, (batch + 1) * EACH):
        case = drawn(stage, seed, wild=wild)
        with stage.chain.isolate():
            stage.set(case.model, case.markets, case.surface)
            for level in LEVELS:
                book = put(stage, case, level)
                want = explain.explain(book, case.model, case.markets, case.surface)
                told = stage.risk.explain(ACCOUNT)
                assert told.margin == stage.engine.preview(chain_book(book))
                assert plain(told.margin) == astuple(want.margin)
                assert (told.relief, told.least) == (want.relief, want.least)
                assert plain(told.scan) == astuple(want.scan)
                assert plain(told.underlyings) == tuple(underlyings(want, book, case))
                assert plain(told.collateral) == tuple(
                    (
                        part.asset,
                        part.value,
                        part.bands,
                        part.haircut,
                        part.concentration,
                        part.divergence,
                    )
                    for part in want.collateral
                )


@pytest.mark.parametrize("seed", [882, 1_211, 2_305])
def test_more_than_margins_can_be(stage: Stage, seed: int) -> None:
    """What hangs on prices that are not good is held against the margin that is told."""
    case = drawn(stage, seed, wild=True)
    with stage.chain.isolate():
        stage.set(case.model, case.markets, case.surface)
        book = put(stage, case, POSITION)
        margin = stage.engine.preview(chain_book(book))
        assert margin.maintenance == LARGEST_MARGIN
        assert margin.validity < OPEN
        assert stage.risk.explain(ACCOUNT).margin == margin


@pytest.mark.parametrize("level", LEVELS)
def test_what_may_be_lost_at_stale_prices(stage: Stage, level: int) -> None:
    """A wei decides what the margin is good for: it is the engine's."""
    decided = set()
    for seed in range(EACH):
        case = on_edge(drawn(stage, seed), level)
        with stage.chain.isolate():
            stage.set(case.model, case.markets, case.surface)
            for less in range(2):
                book = replace(case.book, cash=case.book.cash - less)
                stage.vault.set_book(ACCOUNT, 0, chain_book(book), sender=stage.governor)
                margin = stage.engine.preview(chain_book(book))
                assert stage.risk.explain(ACCOUNT).margin == margin
                decided.add((less, margin.validity))
    assert {(0, LIQUIDATION), (1, STALE)} <= decided


@pytest.mark.parametrize("batch", range(BATCHES))
def test_pieces_add_up(stage: Stage, batch: int) -> None:
    """Nothing of a margin is left unexplained."""
    for seed in range(batch * EACH, (batch + 1) * EACH):
        case = drawn(stage, seed)
        with stage.chain.isolate():
            stage.set(case.model, case.markets, case.surface)
            for level in LEVELS:
                put(stage, case, level)
                told = stage.risk.explain(ACCOUNT)
                maintenance = (
                    sum(item.haircut for item in told.collateral)
                    + told.scan.requirement
                    + sum(item.charges for item in told.underlyings)
                )
                concentrated = sum(item.concentration for item in told.collateral)
                divergence = sum(item.divergence for item in (*told.collateral, *told.underlyings))
                most = max(maintenance + concentrated, told.least)
                initial = ceil_div(case.model.factors.initial * most, BPS)
                assert told.margin.maintenance == max(maintenance, told.least)
                asked = initial + divergence - told.relief
                assert told.margin.initial in (asked, NO_MARGIN)  # the latter of what is too broad


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_largest_term_binds(stage: Stage, batch: int) -> None:
    bound = set()
    for seed in range(batch * EACH, (batch + 1) * EACH):
        case = drawn(stage, seed)
        book = replace(case.book, level=2)
        scan = explain.explain(book, case.model, case.markets, case.surface).scan
        terms = (scan.factor, scan.comove, scan.apart, scan.floor)
        assert scan.requirement == ((scan.total, *terms)[scan.binding])
        assert scan.binding == 0 or scan.requirement == max(terms)
        bound.add(scan.binding)
    assert len(bound) > 2


@pytest.mark.parametrize("batch", range(BATCHES))
def test_at_another_price(stage: Stage, batch: int) -> None:
    """Of an underlying without live options; at its own price nothing changes."""
    moved = 0
    for seed in range(batch * EACH, (batch + 1) * EACH):
        case = drawn(stage, seed)
        with stage.chain.isolate():
            stage.set(case.model, case.markets, case.surface)
            for level in LEVELS:
                book = put(stage, case, level)
                for id, market in case.markets.items():
                    told = stage.risk.at_price(ACCOUNT, id, market.index)
                    terms = case.model, case.markets, case.surface
                    assert plain(told) == astuple(assess(book, *terms))
                    if explain.is_curved(book, case.surface, id):
                        continue
                    price = market.index * (70 + seed % 60) // 100
                    mark = price * market.mark // market.index
                    markets = {**case.markets, id: replace(market, index=price, mark=mark)}
                    told = stage.risk.at_price(ACCOUNT, id, price)
                    assert plain(told) == astuple(assess(book, case.model, markets, case.surface))
                    moved += 1
    assert moved > 0


def test_nothing_at_all(stage: Stage) -> None:
    case = drawn(stage, 0)
    with stage.chain.isolate():
        stage.set(case.model, case.markets, case.surface)
        told = stage.risk.explain(99)
    assert plain(told.margin) == (0, 0, 0, 0, OPEN, 0)
    assert (told.collateral, told.underlyings) == ([], [])


def test_unreadable(stage: Stage) -> None:
    with stage.chain.isolate():
        stage.set(*_nothing())
        stage.vault.set_mood(5, 1, sender=stage.governor)
        with reverts("stub: broken"):
            stage.risk.explain(5)
        with reverts("stub: broken"):
            stage.risk.at_price(5, 1, 1)


def _nothing() -> tuple[explain.RiskModel, dict[int, Any]]:
    return explain.RiskModel({}, {}), {}


@pytest.mark.parametrize("batch", range(BATCHES))
def test_liquidation_prices(stage: Stage, batch: int) -> None:
    """As specified, of accounts near their margins."""
    found = set()
    for seed in range(batch * EACH, (batch + 1) * EACH):
        case = drawn(stage, seed, tight=True)
        if len(case.book.positions) > 40:
            continue
        with stage.chain.isolate():
            stage.set(case.model, case.markets, case.surface)
            for level in LEVELS:
                book = put(stage, case, level)
                for id, market in case.markets.items():
                    terms = case.model, case.markets, id, case.surface
                    want = explain.liquidation_prices(book, *terms)
                    assert plain(stage.lens.liquidation_prices(ACCOUNT, id)) == want
                    below, above = want
                    assert below <= market.index <= above
                    curved = explain.is_curved(book, case.surface, id)
                    found.add((curved, 0 < below < market.index))
                    found.add((curved, "above" if market.index < above < explain.MAX else ""))
    assert {(True, True), (False, True), (True, "above")} <= found
