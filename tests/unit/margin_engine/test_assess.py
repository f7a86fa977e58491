"""assess: what an account is worth and what its risk needs, at prices rolled now."""

from dataclasses import astuple, replace
from decimal import Decimal

import hypothesis
import pytest

from plimsoll.spec.margin import DOUBT_BITS, Book, Holding, RiskModel, Surface, analyse, assess
from plimsoll.spec.market import LIQUIDATION, MAX_PRICE, OPEN, STALE, Forward, Market
from plimsoll.spec.scan import Grid
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import (
    PORTFOLIO,
    POSITION,
    SIZE_LIMIT,
    UNDERLYING,
    call,
    future,
    key_of,
    pack_position,
    perpetual,
)
from tests.harness import Chain, reverts
from tests.unit.margin_engine.conftest import BTC, ETH, MARKETS, MODEL, WBTC, WETH, World, given
from tests.unit.spec.strategies import Case, cases, many, wildest

LEVELS = (POSITION, UNDERLYING, PORTFOLIO)


def usd(amount: str) -> int:
    return int(Decimal(amount) * WAD)


def perp(underlying: int, contracts: int | str) -> int:
    return pack_position(key_of(perpetual(underlying)), int(Decimal(contracts) * SIZE))


def wbtc(coins: int, total: int | None = None) -> Holding:
    return Holding(WBTC, coins * 10**8, (coins if total is None else total) * 10**8)


def weth(coins: int) -> Holding:
    return Holding(WETH, coins * 10**18, coins * 10**18)


def assessed(world: World, book: Book) -> tuple[int, ...]:
    """(equity, maintenance, target, initial, validity)"""
    return tuple(world.engine.assess.call(given(book), sender=world.roles.trader))


# -- known answers, worked out by hand -----------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_cash(world: World, level: int) -> None:
    """Cash alone asks for nothing, and needs no price."""
    assert assessed(world, Book(level, 5 * WAD, 0)) == (5 * WAD, 0, 0, 0, OPEN, 0)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("side", [1, -1])
def test_one_position(world: World, level: int, side: int) -> None:
    """2 BTC at 60,000: 13 % of 120,000, and 13 % * 120,000**2 / 120,120,000 for its size."""
    book = Book(level, 20_000 * WAD, 0, (perp(BTC, 2 * side),))
    assert assessed(world, book) == (
        usd("20000") + side * usd("120000"),  # basis 0: bought (sold) at 0
        usd("15615.584415584415584416"),
        usd("17177.142857142857142858"),
        usd("19519.480519480519480520"),
        OPEN,
        0,
    )


def test_unsettled_profit(world: World) -> None:
    """basis + size * (mark - funding), rounded down."""
    world.move(BTC, mark=60_100 * WAD + 1, funding=-40 * WAD)
    book = Book(UNDERLYING, 0, -30_000 * WAD, (perp(BTC, "0.5"),))
    assert assessed(world, book)[0] == 70 * WAD  # half a wei is lost
    short = replace(book, basis=30_000 * WAD, positions=(perp(BTC, "-0.5"),))
    assert assessed(world, short)[0] == -70 * WAD - 1


def test_notional_is_at_mark(world: World) -> None:
    """13 % of 60,600, and 13 % * 60,600**2 / (60,600 + 2,000 * 60,000)."""
    world.move(BTC, mark=60_600 * WAD)
    book = Book(POSITION, 0, 0, (perp(BTC, 1),))
    assert assessed(world, book)[1] == usd("7878") + usd("3.976381927126800966")


def test_basis_trade(world: World) -> None:
    """2 BTC held, 2 BTC sold: 1 % of liquidity, 0.5 % of basis and half the size are left."""
    book = Book(UNDERLYING, 0, 120_000 * WAD, (perp(BTC, -2),), (wbtc(2),))
    cross = usd("16800") + usd("15600") + usd("15.584415584415584416")
    net = usd("1200") + usd("600") + usd("3.898050974512743629")
    assert assessed(world, book)[:2] == (120_000 * WAD, cross)
    assert assessed(world, replace(book, level=POSITION))[:2] == (120_000 * WAD, cross)
    assert assessed(world, replace(book, level=PORTFOLIO))[:2] == (120_000 * WAD, net)


def test_partly_hedged(world: World) -> None:
    """3 BTC held, 1 sold: 60,000 are matched, 120,000 are left in the scan."""
    book = Book(PORTFOLIO, 0, 60_000 * WAD, (perp(BTC, -1),), (wbtc(3),))
    depth = usd("0.974756310922269433")  # 13 % * 30,000**2 / 120,030,000
    assert assessed(world, book)[1] == usd("1800") + usd("15600") + usd("300") + depth


def test_spot_beside_a_long(world: World) -> None:
    """Nothing is matched: the scan is of both, the depth of what is traded."""
    book = Book(PORTFOLIO, 0, -60_000 * WAD, (perp(BTC, 1),), (wbtc(1),))
    depth = usd("3.898050974512743629")
    assert assessed(world, book)[1] == usd("600") + usd("15600") + depth


def test_two_underlyings_hedged(world: World) -> None:
    """Long 2 BTC, short 40 ETH: losses 15,600 and -19,200, their root sum of squares remains.

    The factor asks sqrt((1 - 0.75**2) * (15,600**2 + 19,200**2)) = 16,363, all falling together
    3,600, the floor 20 % of 34,800.
    """
    book = Book(UNDERLYING, 0, 0, (perp(BTC, 2), perp(ETH, -40)))
    depth = usd("15.584415584415584416") + usd("25.565912117177097204")
    assert assessed(world, book)[1] == usd("34800") + depth
    assert assessed(world, replace(book, level=POSITION))[1] == usd("34800") + depth
    netted = usd("24738.633753705963298929")
    assert assessed(world, replace(book, level=PORTFOLIO))[1] == netted + depth


def test_two_underlyings_on_one_side(world: World) -> None:
    """Long both: everything falls together, and nothing is saved."""
    book = Book(PORTFOLIO, 0, 0, (perp(BTC, 2), perp(ETH, 40)))
    depth = usd("15.584415584415584416") + usd("25.565912117177097204")
    assert assessed(world, book)[1] == usd("34800") + depth


def test_tiers(world: World) -> None:
    """10,000 ETH are worth 30 million: 17 % of 1, 20 % of 4, 30 % of 15, 50 % of 10 million."""
    book = Book(UNDERLYING, -WAD, 0, (), (weth(10_000),))
    assert assessed(world, book) == (
        usd("29999999"),
        usd("10470000"),
        usd("11517000"),
        usd("13087500"),
        OPEN,
        0,
    )
    # 1 % of all, 3, 13 and 33 % of the upper tiers, and the scan of 16 %
    netted = usd("300000") + usd("120000") + usd("1950000") + usd("3300000") + usd("4800000")
    assert assessed(world, replace(book, level=PORTFOLIO))[1] == netted


def test_volatility(world: World) -> None:
    """Twice the haircuts; netted, only of what the tiers exceed the first."""
    calm = world.engine.asset_params(WETH)._asdict()
    sender = world.roles.governor
    world.engine.set_asset(WETH, {**calm, "volatility": 20_000}, sender=sender)
    book = Book(UNDERLYING, 0, 0, (), (weth(1_000),))
    assert assessed(world, book)[1] == 2 * (usd("170000") + usd("400000"))
    netted = usd("30000") + 2 * usd("60000") + usd("480000")
    assert assessed(world, replace(book, level=PORTFOLIO))[1] == netted


@pytest.mark.parametrize("level", LEVELS)
def test_concentration(world: World, level: int) -> None:
    """4,500 BTC are held in all, half as many again as the scale of 3,000: IM asks half the
    haircut more, at each level: 1.25 * (14 % + 7 %) of 60,000.
    """
    book = Book(level, 0, 0, (), (wbtc(1, 4_500),))
    assert assessed(world, book)[1] == usd("8400")
    assert assessed(world, book)[3] == usd("15750")


@pytest.mark.parametrize("level", LEVELS)
def test_concentration_leaves_something(world: World, level: int) -> None:
    """At a hundred times the scale collateral counts for nothing, and for no less."""
    book = Book(level, 0, 0, (), (wbtc(1, 300_000),))
    assert assessed(world, book)[3] == usd("60000")


def test_divergence_of_collateral(world: World) -> None:
    """The index is 5 % above the stable price: 3,000 of each coin's 63,000 give no room."""
    world.move(BTC, index=63_000 * WAD)
    book = Book(UNDERLYING, 0, 0, (), (wbtc(1),))
    haircut = usd("11025")  # 1.25 * 14 % of 63,000
    assert assessed(world, book)[3] == haircut + usd("3000")
    assert assessed(world, replace(book, level=PORTFOLIO))[3] == haircut + usd("3000")
    world.move(BTC, index=57_000 * WAD)
    assert assessed(world, book)[3] == usd("9975")


@pytest.mark.parametrize(("index", "side"), [(63_000, 1), (57_000, -1)])
def test_divergence_of_positions(world: World, index: int, side: int) -> None:
    """What a jump of the index has brought gives no room; what it has cost is gone."""
    world.move(BTC, index=index * WAD, mark=index * WAD)
    winner = Book(UNDERLYING, 0, 0, (perp(BTC, side),))
    loser = replace(winner, positions=(perp(BTC, -side),))
    assert assessed(world, winner)[1] == assessed(world, loser)[1]
    assert assessed(world, winner)[3] == assessed(world, loser)[3] + usd("3000")


def test_divergence_of_a_hedge(world: World) -> None:
    """At PORTFOLIO spot and short cancel, below collateral alone is charged."""
    world.move(BTC, index=63_000 * WAD, mark=63_000 * WAD)
    book = Book(PORTFOLIO, 0, 63_000 * WAD, (perp(BTC, -1),), (wbtc(1),))
    _, maintenance, _, initial, *_ = assessed(world, book)
    assert initial == -(-maintenance * 5 // 4)
    _, maintenance, _, initial, *_ = assessed(world, replace(book, level=UNDERLYING))
    assert initial == -(-maintenance * 5 // 4) + usd("3000")


def test_validity(world: World) -> None:
    """The least valid price counts, of what is held only."""
    world.move(BTC, validity=LIQUIDATION)
    world.move(ETH, validity=STALE)
    both = Book(UNDERLYING, -52_000 * WAD, 0, (perp(BTC, 1), perp(ETH, 1)))
    assert assessed(world, both)[4] == STALE
    assert assessed(world, replace(both, positions=both.positions[:1]))[4] == LIQUIDATION
    assert assessed(world, replace(both, positions=()))[4] == OPEN
    assert assessed(world, Book(POSITION, 0, 0, (), (weth(1),)))[4] == STALE
    assert assessed(world, Book(POSITION, 0, 0, (), (weth(0),)))[4] == OPEN


def test_prices_that_decide_whether_margin_is_covered(world: World) -> None:
    """They open no risk, or take no slices, however little hangs on them."""
    book = Book(UNDERLYING, 0, 600_000 * WAD, (perp(BTC, 10),), (weth(1),))
    equity, maintenance, _, initial, *_ = assessed(world, book)
    held = 3_000 * WAD
    assert 20 * held < maintenance
    for told in (LIQUIDATION, STALE):
        world.move(ETH, validity=told)
        for cash, validity in (
            (initial - 1, OPEN),  # covers nothing anyway
            (initial, told),
            (initial + held - 1, told),
            (initial + held, OPEN),
        ):
            assert assessed(world, replace(book, cash=cash - equity))[4] == validity


def test_stale_prices_that_decide_nothing(world: World) -> None:
    """They liquidate who is short even if they have moved by the scan range in his favour, and let
    him take slices who bears that all is lost that hangs on them."""
    world.move(ETH, validity=STALE)
    book = Book(UNDERLYING, 0, 60_000 * WAD, (perp(BTC, 1),), (weth(10),))
    equity, maintenance, _, initial, *_ = assessed(world, book)
    held = 30_000 * WAD
    reach = held * MODEL.underlyings[ETH].scan_range // BPS
    for cash, validity in (
        (maintenance - reach - 1, LIQUIDATION),
        (maintenance - reach, STALE),
        (initial + held - 1, STALE),
        (initial + held, LIQUIDATION),
    ):
        at = replace(book, cash=book.cash + cash - equity)
        found = assessed(world, at)
        assert found[:2] == (cash, maintenance)
        assert found[3:5] == (initial, validity)


def test_what_is_hedged_is_no_shield(world: World) -> None:
    """Stale prices that are asked for little keep nobody from being liquidated for longer than if
    nothing were asked for there: ether is sold short as it is held."""
    world.move(ETH, validity=STALE)
    held = 900_000 * WAD
    hedged = Book(PORTFOLIO, 0, held, (perp(ETH, -300),), (weth(300),))
    asks = assessed(world, hedged)[1]
    assert asks < held * MODEL.underlyings[ETH].scan_range // BPS // 8
    book = replace(hedged, positions=(*hedged.positions, perp(BTC, 10)))
    equity, maintenance, *_ = assessed(world, book)
    for cash, validity in ((maintenance - asks - 1, LIQUIDATION), (maintenance - asks, STALE)):
        at = replace(book, cash=book.cash + cash - equity)
        assert assessed(world, at)[4] == validity


def test_what_netting_saves_is_no_shield(world: World) -> None:
    """Two stale markets hedge each other, by seven tenths of what they ask for alone: a shield of
    both scan ranges would keep who has less than nothing from being liquidated."""
    world.move(BTC, validity=STALE)
    world.move(ETH, validity=STALE)
    book = Book(PORTFOLIO, 0, 0, (perp(BTC, 8), perp(ETH, -130)))
    equity, maintenance, *_ = assessed(world, book)
    ranges = 62_400 * WAD + 62_400 * WAD
    alone = [assessed(world, replace(book, positions=(word,)))[1] for word in book.positions]
    assert maintenance < sum(alone) * 3 // 4
    depth = sum(alone) - ranges
    assert 0 < depth < 1_000 * WAD
    for cash, validity in ((depth - 1, LIQUIDATION), (depth, STALE)):
        at = replace(book, cash=book.cash + cash - equity)
        assert assessed(world, at)[4] == validity


def test_what_positions_may_lose_at_stale_prices(world: World) -> None:
    """Who takes slices bears four scan ranges of positions, not all that they are about."""
    world.move(ETH, validity=STALE)
    alone = Book(UNDERLYING, 0, 0, (perp(ETH, 10),))
    lost = 4 * assessed(world, alone)[1]
    assert lost < 30_000 * WAD
    book = replace(alone, positions=(perp(ETH, 10), perp(BTC, 1)))
    equity, _, _, initial, *_ = assessed(world, book)
    for left, validity in ((initial + lost - 1, STALE), (initial + lost, LIQUIDATION)):
        assert assessed(world, replace(book, cash=left - equity))[4] == validity


def test_what_is_hedged_is_not_lost(world: World) -> None:
    """Nor does he bear all collateral that is sold short as well, where it nets: a hundred of it
    are left, and what four scan ranges may cost beside."""
    world.move(ETH, validity=STALE)
    for level, left, haircut in ((PORTFOLIO, 100, 100), (UNDERLYING, 300, 1_700)):
        alone = Book(level, 0, 600_000 * WAD, (perp(ETH, -200),), (weth(300),))
        asks = assessed(world, alone)[1] - 900_000 * WAD * haircut // BPS
        lost = left * 3_000 * WAD + min(600_000 * WAD, 4 * asks)
        book = replace(alone, positions=(perp(ETH, -200), perp(BTC, 1)))
        equity, _, _, initial, *_ = assessed(world, book)
        for spare, validity in ((lost - 1, STALE), (lost, LIQUIDATION)):
            at = replace(book, cash=book.cash + initial + spare - equity)
            assert assessed(world, at)[4] == validity


@pytest.mark.parametrize(("strike", "left"), [(40_000, 0), (20_000, 288_000)])
def test_what_pays_far_below_hedges_nothing_before(
    world: World, chain: Chain, strike: int, left: int
) -> None:
    """Puts for ten bitcoin if these go to nothing: of what four scan ranges leave, 48 %, they hedge
    nothing if they are struck below that, at 28,800."""
    world.move(BTC, validity=STALE)
    grid, expiry = Grid(60_000 * WAD, 2_000, 100), chain.timestamp // 1_800 * 1_800 + 10 * 86_400
    key = key_of(call(BTC, expiry, strike * SIZE))
    places = (-1 / 20, 0, 1 / 20, -1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1, -1, -1 / 2, 0, 1 / 2, 1)
    lanes = [int((12_000 * place + 60_000 - strike) * 2**15 / 60_000) for place in places]
    word = sum(lane << 16 * i for i, lane in enumerate((1, *lanes)))
    surface = Surface(chain.timestamp, {(BTC, expiry): Forward(0, WAD)}, {BTC: grid}, {key: word})
    world.set_surface(surface)
    puts = pack_position(key, 0, 600_000 * SIZE // strike)
    book = Book(PORTFOLIO, 0, 0, (puts, perp(ETH, 1)), (wbtc(10),))
    [part, _] = analyse(book, MODEL, MARKETS, surface).underlyings
    lost = left * WAD + 4 * (part.loss + part.charges)
    equity, _, _, initial, *_ = assessed(world, book)
    for spare, validity in ((lost - 1, STALE), (lost, LIQUIDATION)):
        at = replace(book, cash=initial + spare - equity)
        assert assessed(world, at)[4] == validity


@pytest.mark.parametrize("level", LEVELS)
def test_what_waits_for_its_price_may_lose(world: World, chain: Chain, level: int) -> None:
    """Who takes slices bears four scan ranges of what has expired, where nobody knows yet what it
    settles at: of two futures sold and a call bought, 52 % of one. Once that is known, nothing."""
    expiry, price = chain.timestamp // 1_800 * 1_800, 60_000 * WAD
    sold = pack_position(key_of(future(BTC, expiry)), -2 * SIZE)
    bought = pack_position(key_of(call(BTC, expiry, 60_000 * SIZE)), SIZE, 0)
    book = Book(level, 150_000 * WAD, 0, (sold, bought, perp(ETH, 1)))
    for fresh in (False, True):
        forwards = {(BTC, expiry): Forward(price, 0, fresh)}
        grids = {BTC: Grid(price, 2_000, 100)}
        world.set_surface(Surface(chain.timestamp, forwards, grids))
        equity, _, _, initial, *_ = assessed(world, book)
        lost = 0 if fresh else price * 52 // 100
        told = (OPEN,) * 2 if fresh else (STALE, LIQUIDATION)
        for spare, validity in zip((lost - 1, lost), told, strict=True):
            at = replace(book, cash=book.cash + initial + spare - equity)
            assert assessed(world, at)[4] == validity


@pytest.mark.parametrize("level", LEVELS)
def test_what_waits_for_two_prices(world: World, chain: Chain, level: int) -> None:
    """A future of one expiry is no hedge of another one's: they settle at two prices."""
    last, price = chain.timestamp // 1_800 * 1_800, 60_000 * WAD
    expiries = last - 3_600, last
    words = [
        pack_position(key_of(future(BTC, expiry)), side * SIZE)
        for expiry, side in zip(expiries, (3, -2), strict=True)
    ]
    forwards = {(BTC, expiry): Forward(price, 0, False) for expiry in expiries}
    world.set_surface(Surface(chain.timestamp, forwards, {BTC: Grid(price, 2_000, 100)}))
    book = Book(level, 500_000 * WAD, 0, (*words, perp(ETH, 1)))
    equity, _, _, initial, *_ = assessed(world, book)
    lost = 5 * price * 52 // 100
    for spare, validity in ((lost - 1, STALE), (lost, LIQUIDATION)):
        at = replace(book, cash=book.cash + initial + spare - equity)
        assert assessed(world, at)[4] == validity


def test_doubt(world: World) -> None:
    """What is asked for where the index does not open risk, before netting."""
    book = Book(PORTFOLIO, 10**6 * WAD, 0, (perp(BTC, -2), perp(ETH, 20)), (wbtc(1),))
    assert assessed(world, book)[5] == 0
    world.move(BTC, validity=LIQUIDATION)
    alone = assessed(world, replace(book, positions=book.positions[:1]))
    assert assessed(world, book)[5] == alone[5] == -(-alone[1] // WAD) << DOUBT_BITS * BTC
    assert assessed(world, replace(book, positions=book.positions[1:], collateral=()))[5] == 0
    world.move(ETH, validity=STALE)
    parts = (replace(book, positions=book.positions[1:], collateral=()), book)
    other, both = (assessed(world, part) for part in parts)
    assert other[5] == -(-other[1] // WAD) << DOUBT_BITS * ETH
    assert both[5] == alone[5] + other[5]


# -- as in the specification ---------------------------------------------------------------------


@pytest.mark.pyrevm  # thousands of transactions
@many
@hypothesis.given(cases())
def test_specification(bare: World, chain: Chain, case: Case) -> None:
    """Any book, any parameters within bounds, stale and diverged prices: the same wei; and
    `preview` tells the same.
    """
    book, model, markets = case
    with chain.isolate():
        bare.set_markets(markets)
        bare.set_model(model)
        expected = astuple(assess(book, model, markets))
        assert assessed(bare, book) == expected
        assert tuple(bare.engine.preview(given(book))) == expected


@pytest.mark.pyrevm  # thousands of transactions
@many
@hypothesis.given(cases(quotes=wildest, largest=2**200))
def test_never_reverts(bare: World, chain: Chain, case: Case) -> None:
    """Sizes, amounts and prices as large as they can be: no feed makes an account unassessable."""
    book, model, markets = case
    with chain.isolate():
        bare.set_markets(markets)
        bare.set_model(model)
        assert assessed(bare, book) == astuple(assess(book, model, markets))


@pytest.mark.parametrize("level", LEVELS)
def test_largest_book(bare: World, chain: Chain, level: int) -> None:
    """63 positions and 16 collaterals, all as large and as dear as can be."""
    params = replace(MODEL.underlyings[BTC], scan_range=4_000, beta=0, depth=1)
    asset = replace(MODEL.assets[WBTC], decimals=0, haircuts=(10_000,) * 4, liquidity=6_000)
    top = Market(MAX_PRICE, 1, MAX_PRICE * 11 // 10, -(2**95 - 1), OPEN)
    ids = range(1, 64)
    model = RiskModel(
        dict.fromkeys(ids, params),
        {id: replace(asset, underlying=id + 1, scale=1) for id in range(16)},
        replace(MODEL.factors, target=30_000, initial=30_000, floor=BPS),
    )
    bare.set_markets(dict.fromkeys(ids, top))
    bare.set_model(model)
    size = Decimal(SIZE_LIMIT) / SIZE
    book = Book(
        level,
        2**140,
        2**103 - 1,
        tuple(perp(id, str(size)) for id in ids),
        tuple(Holding(id, 2**112 - 1, 2**112 - 1) for id in range(16)),
    )
    equity, maintenance, *rest = assessed(bare, book)
    expected = astuple(assess(book, model, dict.fromkeys(ids, top)))
    assert (equity, maintenance, *rest) == expected
    assert equity * maintenance < 2**255
    with chain.cold():
        receipt = bare.engine.assess(given(book), sender=bare.roles.trader)
    assert receipt.gas_used < (5_000_000 if level == PORTFOLIO else 2_700_000)


# -- what is asked of the market -----------------------------------------------------------------


def test_rolls_what_it_looks_at(world: World) -> None:
    """Once each, what is traded and what collateral depends on."""
    before = world.market.rolls()
    book = Book(PORTFOLIO, 0, 0, (perp(BTC, 1),), (weth(1), wbtc(1)))
    world.engine.assess(given(book), sender=world.roles.trader)
    assert world.market.rolls() == before + 2


@pytest.mark.parametrize("underlying", [0, 3, 64, 256, 2**16 - 1])
def test_unknown_underlying(world: World, underlying: int) -> None:
    book = Book(POSITION, 0, 0, (perp(underlying, 1),))
    with reverts("engine: unknown underlying"):
        world.engine.assess(given(book), sender=world.roles.trader)


@pytest.mark.parametrize("asset", [2, 32, 2**256 - 1])
def test_unknown_asset(world: World, asset: int) -> None:
    book = Book(POSITION, 0, 0, (), (Holding(asset, 1, 1),))
    with reverts("engine: unknown asset"):
        world.engine.assess(given(book), sender=world.roles.trader)
