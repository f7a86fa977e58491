"""Linear books of any kind: what can be withdrawn, against the specification's own vault."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.spec import explain
from plimsoll.spec.ledger import QUOTE
from plimsoll.spec.margin import Book, RiskModel, assess
from plimsoll.spec.market import Market, unsettled
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import size_of, underlying_of
from tests.unit.spec.strategies import Case, cases, magnitudes, wildest

from .stage import Stage

ACCOUNT = 7

many = settings(max_examples=60)
pytestmark = pytest.mark.pyrevm  # too many transactions for anvil


@st.composite
def tight(draw: st.DrawFn) -> Case:
    """A book whose cash leaves it near its margins."""
    book, model, markets = draw(cases())
    margin = assess(book, model, markets)
    aim = margin.initial * draw(st.integers(50, 300)) // 100
    return replace(book, cash=book.cash + aim - margin.equity), model, markets


def check(stage: Stage, case: Case, tokens: int) -> None:
    book, model, markets = case
    with stage.chain.isolate():
        stage.set(model, markets)
        ledger = stage.put(ACCOUNT, book, model, markets, tokens)
        told = stage.lens.account(ACCOUNT)
        levels = stage.lens.at_levels(ACCOUNT)
        available = {
            holding.asset: stage.lens.available(ACCOUNT, stage.tokens[holding.asset])
            for holding in book.collateral
        }
        available[QUOTE] = stage.lens.available(ACCOUNT, stage.quote)

    margin = assess(book, model, markets)
    assert told.summary == (
        ACCOUNT,
        True,
        astuple(margin),
        explain.health(margin),
        explain.ratio(margin),
        explain.used(margin),
        len(book.positions),
    )
    assert [tuple(level) for level in levels] == [
        astuple(level) for level in explain.at_levels(book, model, markets)
    ]
    assert (told.level, told.cash, told.basis) == (book.level, book.cash, book.basis)
    profit = sum(
        unsettled(word, markets[underlying_of(word)], None, now=0)[0] for word in book.positions
    )
    assert told.unsettled == book.basis + profit // SIZE
    assert [item.size for item in told.positions] == [size_of(word) for word in book.positions]
    worth = told.cash + told.unsettled + sum(item.value for item in told.collateral)
    assert margin.equity == max(-(2**140), min(worth, 2**140))
    for asset, amount in available.items():
        assert amount == explain.available(ledger, ACCOUNT, asset)


@many
@given(case=cases() | tight(), tokens=magnitudes(0, 10**9 * WAD))
def test_told_as_specified(stage: Stage, case: Case, tokens: int) -> None:
    check(stage, case, tokens)


@many
@given(case=cases(quotes=wildest, largest=2**200), tokens=magnitudes(0, 10**9 * WAD))
def test_told_whatever_feeds_say(stage: Stage, case: Case, tokens: int) -> None:
    check(stage, case, tokens)


@pytest.mark.parametrize("cash", [-1, 0, 1, WAD])
def test_forgiven_dust(stage: Stage, cash: int) -> None:
    """A trillionth of a dollar is forgiven, if the quote token can express it, beside no cash."""
    check(stage, (Book(0, cash, 0), RiskModel({}, {}), {}), 100 * WAD)


@many
@given(case=cases() | tight())
def test_liquidation_prices_flip_health(case: Case) -> None:
    """At the price told an account is short; one part in a million nearer it is not."""
    book, model, markets = case
    for underlying, market in markets.items():

        def healthy(price: int, market: Market = market, underlying: int = underlying) -> bool:
            mark = price * market.mark // market.index
            moved = Market(price, market.stable, mark, market.funding, market.validity)
            return explain.health(assess(book, model, {**markets, underlying: moved})) >= 0

        below, above = explain.liquidation_prices(book, model, markets, underlying)
        if not healthy(market.index):
            assert below == above == market.index
            continue
        assert below == 0 or not healthy(below)
        assert healthy(below + below // explain.PRECISION + 1)
        assert above == explain.MAX or not healthy(above)
        if above != explain.MAX:
            assert healthy(above - above // explain.PRECISION - 1)
