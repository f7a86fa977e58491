"""What the Lens derives from an account: why its margin is what it is, and how far it can go.

A breakdown is made of the same pieces as `margin.assess`, and they add up to it to the wei. What
can be withdrawn and where an account can be liquidated are defined here by trying.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from plimsoll.spec.interest import Pool, Rates, rate_per_second, utilisation
from plimsoll.spec.ledger import QUOTE, Ledger
from plimsoll.spec.margin import (
    Analysis,
    Book,
    CollateralPart,
    Factors,
    Margin,
    RiskModel,
    Surface,
    UnderlyingPart,
    analyse,
    assess,
    gather,
    least_of,
    margin_of,
    measure,
    value_of,
)
from plimsoll.spec.market import FUNDING_PERIOD, MAX_PRICE, Market
from plimsoll.spec.scan import (
    CENTER,
    DOWN_STEP,
    DOWNS,
    ONE,
    UP_STEP,
    UPS,
    unit_of,
)
from plimsoll.spec.wad import BPS, MAX, WAD, Revert, ceil_div, toward_div
from plimsoll.spec.words import expiry_of, is_option, underlying_of

INT_MAX = 2**255 - 1
INT_MIN = -(2**255)
PRECISION = 10**6  # a liquidation price is found to one part in so many

SUM, FACTOR, COMOVE, EXTREMES, FLOOR = range(5)  # what the scan requirement can be


# -- of a margin ---------------------------------------------------------------------------------


def health(margin: Margin) -> int:
    """Equity above maintenance margin; below zero the account may be liquidated."""
    return margin.equity - margin.maintenance


def ratio(margin: Margin) -> int:
    """Equity over maintenance margin in WAD, rounded down, below one where health is below zero.

    Without anything to maintain it is as large as can be, or as small for a bare debt.
    """
    if margin.maintenance == 0:
        return INT_MAX if margin.equity >= 0 else INT_MIN
    return margin.equity * WAD // margin.maintenance


def used(margin: Margin) -> int:
    """Initial margin over equity in WAD, rounded up: how much of the account is in use."""
    if margin.initial == 0:
        return 0
    return ceil_div(margin.initial * WAD, margin.equity) if margin.equity > 0 else MAX


# -- of a book -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scan:
    requirement: int
    binding: int  # which of the following it is
    total: int  # sum of the losses: all there is where nothing nets
    factor: int = 0
    comove: int = 0
    apart: int = 0
    floor: int = 0
    hidden: int = 0  # what factor and comove do not see by themselves


@dataclass(frozen=True)
class Breakdown:
    margin: Margin
    collateral: tuple[CollateralPart, ...]
    underlyings: tuple[UnderlyingPart, ...]
    scan: Scan
    relief: int  # of IM
    least: int  # what MM is at least


@dataclass(frozen=True)
class Shape:
    """All that a book has of one underlying, positions and collateral, netted."""

    gamma: int  # what a move of 1 % adds to the notional of options
    vega: int  # half of what options are worth more with volatility up than down
    moves: tuple[int, ...]  # of the price, WAD, at the nodes: down, then up
    profits: tuple[int, ...]  # at the nodes, beside now

    def lower(self, move: int) -> int:
        """Profit by the lower of both curves, beyond their ends as at them."""
        return min(self._at(move, 0, DOWNS - 1), self._at(move, DOWNS, DOWNS + UPS - 1))

    def _at(self, move: int, first: int, last: int) -> int:
        if move <= self.moves[first]:
            return self.profits[first]
        for i in range(first, last):
            left, right = self.moves[i], self.moves[i + 1]
            if move < right:
                rise = self.profits[i + 1] - self.profits[i]
                return self.profits[i] + rise * (move - left) // (right - left)
        return self.profits[last]


# nodes of both curves in the order of their prices
JOINT = (0, 1, DOWNS + 1, 2, 3, 4, DOWNS + 3, 5, 6)


def shape_of(
    book: Book, model: RiskModel, markets: Mapping[int, Market], surface: Surface, underlying: int
) -> Shape:
    params, market = model.underlyings[underlying], markets[underlying]
    held = sum(
        value_of(item.amount, market.index, asset.decimals)
        for item in book.collateral
        if (asset := model.assets[item.asset]).underlying == underlying
    )
    words = [word for word in book.positions if underlying_of(word) == underlying]
    risk = gather(words, underlying, market, surface, params.scan_range)
    profile = measure(risk, underlying, params, market, surface, held).profile
    places = [i * DOWN_STEP for i in range(DOWNS)] + [i * UP_STEP for i in range(UPS)]
    if profile.curve is None:
        parts = [(place - CENTER) // ONE for place in places]
        moves = tuple(toward_div(part * params.scan_range * WAD, 6 * BPS) for part in parts)
        return Shape(0, 0, moves, tuple(profile.line * move // WAD for move in moves))
    moves = tuple(profile.axis.shift(place) for place in places)
    values = [*profile.curve.down, *profile.curve.up]
    left, middle, right = profile.curve.now
    options = [strip.options for strip in risk.strips.values()]
    unit = unit_of(options, surface.grids[underlying])
    return Shape(
        gamma=(left - 2 * middle + right) * profile.axis.tilt**2 // (100 * ONE**2),
        vega=sum(part.vega(unit) for part in options),
        moves=moves,
        profits=tuple(
            value - profile.mark + profile.line * move // WAD
            for value, move in zip(values, moves, strict=True)
        ),
    )


def is_curved(book: Book, surface: Surface, underlying: int) -> bool:
    """Whether there are live options on an underlying."""
    return any(
        underlying_of(word) == underlying and is_option(word) and expiry_of(word) > surface.now
        for word in book.positions
    )


def scan(analysis: Analysis, factors: Factors) -> Scan:
    """What the scan requirement is made of; of equal terms the first binds."""
    total = sum(part.loss for part in analysis.underlyings)
    requirement = analysis.requirement(factors)
    if analysis.netting.count < 2:
        return Scan(requirement, SUM, total)
    terms, hidden = analysis.netting.terms(factors.floor), analysis.netting.hidden
    binding = FACTOR + terms.index(requirement) if requirement == max(terms) else SUM
    return Scan(requirement, binding, total, *terms, hidden)


def explain(
    book: Book, model: RiskModel, markets: Mapping[int, Market], surface: Surface | None = None
) -> Breakdown:
    """`margin.assess`, with all that it is made of."""
    analysis = analyse(book, model, markets, surface or Surface())
    return Breakdown(
        margin=margin_of(analysis, model, markets),
        collateral=analysis.collateral,
        underlyings=analysis.underlyings,
        scan=scan(analysis, model.factors),
        relief=analysis.relief(model.factors),
        least=least_of(analysis, model),
    )


def at_levels(
    book: Book, model: RiskModel, markets: Mapping[int, Market], surface: Surface | None = None
) -> list[Margin]:
    """The margin at POSITION, UNDERLYING and PORTFOLIO."""
    return [assess(replace(book, level=level), model, markets, surface) for level in range(3)]


# -- how far an account can go -------------------------------------------------------------------


def available(ledger: Ledger, account: int, asset: int) -> int:
    """The largest amount of a token (QUOTE: the quote token) that `withdraw` would let out.

    More can be withdrawn until the account does not bear it, so halving finds the last amount;
    all there is comes first, since an account that is left without risk bears anything. (Where
    so little would be left that its stale price no longer matters, more may be borne again.)
    """
    if asset == QUOTE:
        most = ledger.pool.tokens // int(10 ** (18 - ledger.listing.quote_decimals))
    else:
        most = ledger.account(account).collateral.get(asset, 0)
    if most > 0 and _withdraws(ledger, account, asset, most):
        return most
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if _withdraws(ledger, account, asset, middle):
            low = middle
        else:
            high = middle
    return low


def _withdraws(ledger: Ledger, account: int, asset: int, amount: int) -> bool:
    trial = Ledger(ledger.listing, ledger.model, ledger.rates, ledger.now)
    trial.markets, trial.expiries, trial.surface = ledger.markets, ledger.expiries, ledger.surface
    trial.pool = ledger.pool
    trial.accounts, trial.totals = dict(ledger.accounts), dict(ledger.totals)
    try:
        trial.withdraw(account, asset, amount)
    except Revert:
        return False
    return True


def liquidation_prices(
    book: Book,
    model: RiskModel,
    markets: Mapping[int, Market],
    underlying: int,
    surface: Surface | None = None,
) -> tuple[int, int]:
    """The nearest prices of an underlying, below and above, at which health is below zero.

    Held as they are: all other prices, stable prices, cumulative funding, and the premium as a
    ratio of the index. Without live options health is concave in the price (equity is linear,
    margin convex), so there is one such price on each side at most. Below 0 stands for none (0),
    beyond MAX_PRICE too (MAX); an account that is short already is told the index.

    With live options equity follows the lower curve of the scan, within its nodes, and the margin
    is today's; the index is also told where a change of volatility alone would be enough.
    """
    surface = surface or Surface()
    market = markets[underlying]
    index = market.index

    def short(price: int) -> bool:
        moved = replace(market, index=price, mark=price * market.mark // index)
        return health(assess(book, model, {**markets, underlying: moved}, surface)) < 0

    def threshold(far: int) -> int:
        """Between the index and a price that liquidates, the one next to the index that does."""
        healthy = index
        while (gap := abs(far - healthy)) > 1 and gap * PRECISION > healthy:
            middle = (far + healthy) // 2
            far, healthy = (middle, healthy) if short(middle) else (far, middle)
        return far

    if is_curved(book, surface, underlying):
        spare = health(assess(book, model, markets, surface))
        shape = shape_of(book, model, markets, surface, underlying)
        if spare + shape.lower(0) < 0:
            return index, index
        return crossing(shape, spare, index, -1) or 0, crossing(shape, spare, index, 1) or MAX
    grids = {id: grid for id, grid in surface.grids.items() if id != underlying}
    surface = replace(surface, grids=grids)  # it may be far away, and nothing is on it
    if short(index):
        return index, index
    return (
        threshold(1) if short(1) else 0,
        threshold(MAX_PRICE) if short(MAX_PRICE) else MAX,
    )


def crossing(shape: Shape, spare: int, index: int, side: int) -> int | None:
    """The price next to the index on one side after which the lower curve has lost `spare`.

    Between neighbours of all nodes the lower of two lines is concave: what is borne at both ends
    is borne between them.
    """
    healthy = 0
    for short in [shape.moves[node] for node in JOINT[::side]]:
        if short * side <= 0:
            continue
        if spare + shape.lower(short) >= 0:
            healthy = short
            continue
        while abs(short - healthy) * PRECISION > WAD:
            middle = toward_div(healthy + short, 2)
            if spare + shape.lower(middle) < 0:
                short = middle
            else:
                healthy = middle
        return index * (WAD + short) // WAD
    return None


# -- of the market and the ledger ----------------------------------------------------------------


def premium(market: Market) -> int:
    """The perpetual's premium in WAD, as its mark tells: to the wei for prices above one."""
    return ceil_div(market.mark * WAD, market.index) - WAD


def funding_rate(market: Market) -> int:
    """What longs pay shorts, WAD per second and unit of notional at index, rounded down."""
    return premium(market) // FUNDING_PERIOD


def lending_rates(pool: Pool, rates: Rates) -> tuple[int, int]:
    """(borrow, supply) rate in WAD per second, both rounded down."""
    borrow = rate_per_second(rates, utilisation(pool.cash, pool.debt, pool.tokens))
    return borrow, borrow * min(pool.cash, pool.debt) // pool.cash if pool.cash > 0 else 0


def bad_debt(margins: Iterable[Margin]) -> int:
    """What accounts owe beyond what they have."""
    return sum(max(0, -margin.equity) for margin in margins)
