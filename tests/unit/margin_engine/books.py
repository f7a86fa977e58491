"""Random books of everything that can be held, with markets and surfaces, by seed."""

from dataclasses import dataclass, replace
from random import Random

from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.margin import (
    Book,
    Factors,
    Holding,
    RiskModel,
    Surface,
    analyse,
    assess,
)
from plimsoll.spec.market import (
    COLLATERAL,
    LIQUIDATION,
    MAX_PRICE,
    OPEN,
    STALE,
    WINDOW,
    Forward,
    Market,
)
from plimsoll.spec.scan import Grid, UnderlyingParams
from plimsoll.spec.wad import BPS, WAD, ceil_div
from plimsoll.spec.words import (
    MAX_POSITIONS,
    POSITION,
    SIZE_LIMIT,
    STRIKE_UNIT,
    call,
    future,
    key_of,
    pack_position,
    perpetual,
)

DAY = 86_400
MAX_BOUND = 200  # basis points
KINDS = ("mixed", "options", "longs", "linear")


@dataclass(frozen=True)
class Case:
    book: Book
    model: RiskModel
    markets: dict[int, Market]
    surface: Surface


def on_edge(case: Case, level: int) -> Case:
    """The same with cash that covers to the wei what may be lost at stale prices."""
    book, terms = replace(case.book, level=level), (case.model, case.markets, case.surface)
    parts = analyse(book, *terms).underlyings
    lost = sum(part.lost(case.markets[part.underlying].validity) for part in parts)
    for _ in range(2):  # debts ask for something themselves
        margin = assess(book, *terms)
        book = replace(book, cash=book.cash + margin.initial + lost - margin.equity)
    return replace(case, book=book)


class Desk:
    """Draws cases; wild ones have what a broken feed may say, and sizes as large as can be."""

    def __init__(self, seed: int, now: int, wild: bool) -> None:
        self.source, self.now, self.wild = Random(seed), now, wild
        self.kind = self.source.choice(KINDS)

    def magnitude(self, low: int, high: int) -> int:
        """Of any order, both bounds allowed."""
        top = 2 ** self.source.randint(low.bit_length(), high.bit_length())
        return self.source.randint(low, max(low, min(high, top)))

    def size(self) -> int:
        size = self.magnitude(1, SIZE_LIMIT if self.wild else 10**13)
        return size if self.kind == "longs" else size * self.source.choice((1, -1))

    def params(self) -> UnderlyingParams:
        scan_range = self.source.randint(100, 4_000)
        return UnderlyingParams(
            scan_range=scan_range,
            beta=self.source.randint(-BPS, BPS),
            calendar=self.source.randint(0, min(500, scan_range // 2)),
            depth=self.magnitude(1, 2**48 - 1),
            vega=self.source.randint(0, BPS),
            short=self.source.randint(0, 500),
        )

    def asset(self, underlying: int, scan_range: int) -> AssetParams:
        liquidity = self.source.randint(0, 500)
        a, b, c, d = sorted(
            self.source.randint(min(BPS, liquidity + scan_range), BPS) for _ in range(4)
        )
        first, second, third = sorted(self.magnitude(0, 2**24 - 1) for _ in range(3))
        return AssetParams(
            underlying=underlying,
            decimals=self.source.choice((0, 6, 8, 18)),
            limits=(first, second, third),
            haircuts=(a, b, c, d),
            liquidity=liquidity,
            volatility=self.source.randint(BPS, min(3 * BPS, BPS**2 // d)),
            scale=self.magnitude(1, 2**40 - 1),
        )

    def market(self) -> Market:
        index = self.magnitude(1, MAX_PRICE) if self.wild else self.magnitude(10**12, 10**24)
        far = self.source.choice((BPS, self.source.randint(5_000, 20_000)))
        premium = self.source.randint(-WAD // 10, WAD // 10)
        return Market(
            index=index,
            stable=max(1, index * far // BPS),
            mark=index * (WAD + premium) // WAD,
            funding=self.source.randint(-index, index),
            validity=self.source.choice((STALE, LIQUIDATION, COLLATERAL, OPEN, OPEN)),
        )

    def grid(self, index: int, scan_range: int) -> Grid:
        """An epoch with the spot within its bound."""
        bound = self.source.choice((100, MAX_BOUND))
        gone = 0 if index < 10**6 else self.source.randint(-bound, bound)
        reference = ceil_div(index * BPS, BPS + gone) if gone > 0 else index * BPS // (BPS + gone)
        least = ceil_div((BPS + MAX_BOUND) * (BPS + scan_range), BPS) - BPS
        return Grid(reference, self.source.randint(least, 6_000), bound)

    def expiries(self) -> list[int]:
        """At most 16 live ones, and some that are over."""
        live = {self.now + self.source.randint(1, 2_880) * WINDOW for _ in range(15)}
        some = self.source.sample(sorted(live), self.source.randint(1, len(live)))
        over = [self.now - i * WINDOW for i in range(self.source.randint(0, 3))]
        last_minutes = [self.now + self.source.randint(1, WINDOW - 1)]
        return some + over + last_minutes

    def forward(self, index: int, expiry: int) -> Forward:
        if expiry <= self.now:
            moved = self.source.randint(5_000, 15_000)
            return Forward(index * moved // BPS, 0, fresh=moved % 5 != 0)
        fresh = self.source.random() < 0.8
        if expiry - self.now < WINDOW:
            gathered = index * self.source.randint(0, BPS) // BPS
            return Forward(gathered, self.source.randint(0, WAD), fresh)
        return Forward(0, self.source.randint(80, 125) * WAD // 100, fresh)

    def word(self, strike: int, grid: Grid) -> int:
        """Noise, or noise upon what calls are worth at least."""
        if self.source.random() < 0.5:
            return self.source.getrandbits(256)
        spots = (0, 0, 0, -6, -4, -2, 0, 2, 4, 6, -6, -3, 0, 3, 6)
        word = self.source.randint(1, 2**16 - 1)
        for lane, place in enumerate(spots, start=1):
            spot = grid.reference + grid.reference * grid.span * place // (6 * BPS)
            least = max(0, spot - strike) * 2**15 // grid.reference
            word |= min(2**16 - 1, least + self.source.randint(0, 20)) << 16 * lane
        return word

    def case(self) -> Case:
        source = self.source
        ids = source.sample(range(1, 64), source.choice((1, 1, 1, 2, 2, 3, 10)))
        params = {id: self.params() for id in ids}
        markets = {id: self.market() for id in ids}
        grids = {id: self.grid(markets[id].index, params[id].scan_range) for id in ids}
        expiries = {id: self.expiries() for id in ids}
        forwards = {
            (id, expiry): self.forward(markets[id].index, expiry)
            for id in ids
            for expiry in expiries[id]
        }

        positions: dict[int, tuple[int, int]] = {}
        words: dict[int, int] = {}
        for _ in range(source.choice((0, 1, 2, 3, 5, 8, 16, 40, MAX_POSITIONS))):
            id = source.choice(ids)
            if self.kind == "linear" or (self.kind == "mixed" and source.random() < 0.2):
                dated = future(id, source.choice(expiries[id]))
                key = key_of(source.choice((perpetual(id), dated)))
                positions[key] = (self.size(), 0)
                continue
            index = markets[id].index
            strike = max(1, index * source.randint(2_000, 30_000) // BPS // STRIKE_UNIT)
            strike = 2**64 - 1 if self.wild and source.random() < 0.1 else min(strike, 2**64 - 1)
            expiry = source.choice(expiries[id])
            key = key_of(call(id, expiry, strike))
            calls = self.size()
            positions[key] = source.choice(
                ((calls, 0), (0, calls), (calls, self.size()), (calls, -calls))
            )
            if self.kind == "longs":
                positions[key] = source.choice(((calls, 0), (0, calls)))
            if expiry > self.now:
                words[key] = self.word(strike * STRIKE_UNIT, grids[id])

        assets: dict[int, AssetParams] = {}
        holdings = []
        for asset in source.sample(range(32), source.choice((0, 0, 1, 3))):
            id = source.choice(ids)
            assets[asset] = self.asset(id, params[id].scan_range)
            most = max(1, 10**27 * 10 ** assets[asset].decimals // markets[id].index)
            amount = self.magnitude(1, 2**111 if self.wild else min(2**111, most))
            holdings.append(Holding(asset, amount, amount + self.magnitude(0, 2**111)))
        target, initial = sorted(source.randint(BPS + 1, 3 * BPS) for _ in range(2))
        money = 2**140 if self.wild else 10**27
        book = Book(
            POSITION,
            source.randint(-money, money),
            source.randint(-money, money),
            tuple(pack_position(key, *sizes) for key, sizes in positions.items()),
            tuple(holdings),
        )
        factors = Factors(target, initial, source.randint(500, BPS))
        surface = Surface(self.now, forwards, grids, words)
        return Case(book, RiskModel(params, assets, factors), markets, surface)
