"""preview: what assess would tell, changing nothing. That it tells the same is tested there."""

from plimsoll.spec.margin import Book, Holding
from plimsoll.spec.words import PORTFOLIO, POSITION
from tests.harness import reverts
from tests.unit.margin_engine.conftest import BTC, WETH, World, given
from tests.unit.margin_engine.test_assess import perp, usd, weth


def test_preview(world: World) -> None:
    """Peeks at the market, and does not roll it."""
    before = world.market.rolls()
    book = Book(PORTFOLIO, 0, 0, (perp(BTC, 2),), (weth(1),))
    margin = world.engine.preview(given(book))
    assert margin.equity == usd("123000")
    assert margin.maintenance == usd("15600") + usd("30") + usd("480") + usd(
        "15.584415584415584416"
    )
    assert world.market.rolls() == before


def test_unknown_underlying(world: World) -> None:
    book = Book(POSITION, 0, 0, (perp(3, 1),))
    with reverts("engine: unknown underlying"):
        world.engine.preview(given(book))


def test_unknown_asset(world: World) -> None:
    book = Book(POSITION, 0, 0, (), (Holding(WETH + 2, 1, 1),))
    with reverts("engine: unknown asset"):
        world.engine.preview(given(book))
