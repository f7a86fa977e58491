"""Random books, markets and parameters within the bounds that the contracts keep."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st

from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.margin import Book, Factors, Holding, RiskModel
from plimsoll.spec.market import MAX_PRICE, OPEN, STALE, Market
from plimsoll.spec.scan import UnderlyingParams
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import (
    KEY_SHIFT,
    SIZE_LIMIT,
    key_of,
    pack_position,
    perpetual,
    size_of,
)

# for every test that draws books
many = settings(max_examples=100)

Case = tuple[Book, RiskModel, dict[int, Market]]


@st.composite
def magnitudes(draw: st.DrawFn, low: int, high: int) -> int:
    """An integer of any order of magnitude, both bounds allowed."""
    top = draw(st.integers(low.bit_length(), high.bit_length()))
    return draw(st.integers(low, max(low, min(high, 2**top))))


def signed(sizes: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    return st.builds(lambda size, side: size * side, sizes, st.sampled_from((-1, 1)))


@st.composite
def underlying_params(draw: st.DrawFn) -> UnderlyingParams:
    scan_range = draw(st.integers(100, 4_000))
    return UnderlyingParams(
        scan_range=scan_range,
        beta=draw(st.integers(-BPS, BPS)),
        calendar=draw(st.integers(0, min(500, scan_range // 2))),
        depth=draw(magnitudes(1, 2**48 - 1)),
        vega=draw(st.integers(0, BPS)),
        short=draw(st.integers(0, 500)),
    )


@st.composite
def asset_params(draw: st.DrawFn, underlying: int, scan_range: int) -> AssetParams:
    liquidity = draw(st.integers(0, 500) | st.integers(0, BPS - scan_range))
    tiers = st.lists(st.integers(liquidity + scan_range, BPS), min_size=4, max_size=4)
    a, b, c, d = sorted(draw(tiers))
    limits = st.lists(magnitudes(0, 2**24 - 1), min_size=3, max_size=3)
    first, second, third = sorted(draw(limits))
    return AssetParams(
        underlying=underlying,
        decimals=draw(st.sampled_from((0, 6, 8, 18))),
        limits=(first, second, third),
        haircuts=(a, b, c, d),
        liquidity=liquidity,
        volatility=draw(st.integers(BPS, min(3 * BPS, BPS**2 // d))),
        scale=draw(magnitudes(1, 2**40 - 1)),
    )


@st.composite
def factors(draw: st.DrawFn) -> Factors:
    target, initial = sorted(draw(st.tuples(*[st.integers(BPS + 1, 3 * BPS)] * 2)))
    return Factors(target, initial, draw(st.integers(500, BPS)))


@st.composite
def models(draw: st.DrawFn, most: int = 4) -> RiskModel:
    ids = draw(st.lists(st.integers(1, 63), min_size=1, max_size=most, unique=True))
    underlyings = {id: draw(underlying_params()) for id in ids}
    assets = {}
    for id in draw(st.lists(st.integers(0, 31), max_size=most, unique=True)):
        underlying = draw(st.sampled_from(ids))
        assets[id] = draw(asset_params(underlying, underlyings[underlying].scan_range))
    return RiskModel(underlyings, assets, draw(factors()))


@st.composite
def markets(draw: st.DrawFn, low: int = 10**12, high: int = 10**24) -> Market:
    """Prices near and far from their stable price."""
    index = draw(magnitudes(low, high))
    premium = draw(st.integers(-WAD // 10, WAD // 10))
    return Market(
        index=index,
        stable=max(1, index * draw(st.just(BPS) | st.integers(5_000, 20_000)) // BPS),
        mark=index * (WAD + premium) // WAD,
        funding=draw(st.integers(-index, index)),
        validity=draw(st.integers(STALE, OPEN)),
    )


any_level = st.integers(0, 2)
near = markets()
wildest = markets(1, MAX_PRICE)  # what a broken feed may say


@st.composite
def cases(
    draw: st.DrawFn,
    level: st.SearchStrategy[int] = any_level,
    quotes: st.SearchStrategy[Market] = near,
    largest: int = 10**9 * WAD,
) -> Case:
    """A book with its model and markets; `largest` bounds notionals and values, in WAD."""
    model = draw(models())
    prices = {id: draw(quotes) for id in model.underlyings}
    positions = []
    for id in draw(st.lists(st.sampled_from(sorted(model.underlyings)), unique=True)):
        most = max(1, min(SIZE_LIMIT, largest * SIZE // max(1, prices[id].mark)))
        size = draw(signed(magnitudes(1, most)))
        positions.append(pack_position(key_of(perpetual(id)), size))
    collateral = []
    for id in (
        draw(st.lists(st.sampled_from(sorted(model.assets)), unique=True)) if (model.assets) else []
    ):
        asset = model.assets[id]
        index = prices[asset.underlying].index
        most = max(1, min(2**112 - 1, largest * 10**asset.decimals // index))
        amount = draw(magnitudes(1, most))
        others = draw(st.just(0) | magnitudes(0, 2**112 - 1 - amount))
        collateral.append(Holding(id, amount, amount + others))
    wad = st.integers(-(10**9) * WAD, 10**9 * WAD)
    return (
        Book(
            draw(level),
            draw(wad),
            draw(wad),
            tuple(positions),
            tuple(collateral),
        ),
        model,
        prices,
    )


def at(book: Book, level: int) -> Book:
    return replace(book, level=level)


def joined(one: Book, other: Book) -> Book:
    """Both books in one account."""
    sizes: dict[int, int] = {}
    for word in one.positions + other.positions:
        key = word >> KEY_SHIFT
        sizes[key] = sizes.get(key, 0) + size_of(word)
    amounts: dict[int, int] = {}
    totals: dict[int, int] = {}
    for holding in one.collateral + other.collateral:
        amounts[holding.asset] = amounts.get(holding.asset, 0) + holding.amount
        totals[holding.asset] = holding.total
    return replace(
        one,
        cash=one.cash + other.cash,
        basis=one.basis + other.basis,
        positions=tuple(pack_position(key, size) for key, size in sizes.items() if size),
        collateral=tuple(Holding(id, amount, totals[id]) for id, amount in amounts.items()),
    )
