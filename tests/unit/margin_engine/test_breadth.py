"""Of whose futures and options an account may have: as many as a liquidation has gas for."""

from collections.abc import Callable
from dataclasses import astuple, replace

import pytest

from plimsoll.spec.margin import MAX_BREADTH, NO_MARGIN, Book, Margin, Surface, assess
from plimsoll.spec.market import Forward
from plimsoll.spec.scan import Grid
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import PORTFOLIO, POSITION, future, key_of, pack_position, perpetual
from tests.harness import Chain
from tests.unit.margin_engine.conftest import BTC, MARKETS, MODEL, World, given

IDS = range(1, MAX_BREADTH + 4)
DAY = 86_400

Assessed = Callable[[int, int], Margin]


@pytest.fixture
def assessed(bare: World, chain: Chain) -> Assessed:
    """Of futures of some underlyings, and of perpetuals, or of futures that are over, of others."""
    markets = dict.fromkeys(IDS, MARKETS[BTC])
    model = replace(MODEL, underlyings=dict.fromkeys(IDS, MODEL.underlyings[BTC]), assets={})
    ahead, over = chain.timestamp + DAY, chain.timestamp
    forwards = {(id, ahead): Forward(0, WAD) for id in IDS}
    forwards |= {(id, over): Forward(MARKETS[BTC].index, 0) for id in IDS}
    grids = dict.fromkeys(IDS, Grid(MARKETS[BTC].index, 2_000, 100))
    surface = Surface(chain.timestamp, forwards, grids, {})
    bare.set_markets(markets)
    bare.set_surface(surface)
    bare.set_model(model)

    def _assessed(level: int, breadth: int) -> Margin:
        words = [
            pack_position(key_of(instrument), SIZE)
            for id in IDS
            for instrument in (
                *([future(id, ahead)] if id <= breadth else []),
                *(perpetual(id), future(id, over)),
            )
        ]
        book = Book(level, 10**9 * WAD, 0, tuple(words))
        margin = assess(book, model, markets, surface)
        told = bare.engine.assess.call(given(book), sender=bare.roles.trader)
        assert tuple(told) == astuple(margin) == tuple(bare.engine.preview(given(book)))
        return margin

    return _assessed


@pytest.mark.parametrize("level", [POSITION, PORTFOLIO])
def test_what_opens_no_risk(assessed: Assessed, level: int) -> None:
    """Neither the perpetual nor what has expired counts; the maintenance margin is what it is."""
    most, more = assessed(level, MAX_BREADTH), assessed(level, MAX_BREADTH + 1)
    assert most.initial < most.equity < NO_MARGIN == more.initial
    assert most.maintenance < more.maintenance < more.equity
