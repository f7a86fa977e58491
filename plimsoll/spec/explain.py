"""What the Lens derives from an account: why its margin is what it is, and how far it can go.

A breakdown is made of the same pieces as `margin.assess`, and they add up to it to the wei. What
can be withdrawn and where an account can be liquidated are defined here by trying; the Lens finds
the same by closed forms and bisection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from plimsoll.spec import haircut
from plimsoll.spec.interest import Pool, Rates, rate_per_second, utilisation
from plimsoll.spec.ledger import QUOTE, Ledger
from plimsoll.spec.margin import (
    ANGLES,
    Book,
    Factors,
    Margin,
    Risk,
    RiskModel,
    assess,
    charges,
    notional_of,
    value_of,
)
from plimsoll.spec.market import FUNDING_PERIOD, MAX_PRICE, Market
from plimsoll.spec.wad import BPS, MAX, WAD, Revert, ceil_div, ceil_sqrt
from plimsoll.spec.words import PORTFOLIO, size_of, underlying_of

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
class CollateralPart:
    asset: int
    amount: int
    value: int  # at index
    bands: tuple[int, ...]  # of the value, in each tier
    haircut: int  # in MM
    concentration: int  # beside it in IM, before k_I
    divergence: int  # in IM: index above stable price (POSITION, UNDERLYING)


@dataclass(frozen=True)
class UnderlyingPart:
    underlying: int
    gross: int  # sum of |notional|
    derivatives: int  # net notional
    spot: int  # collateral that nets (PORTFOLIO)
    loss: int  # of the scan, signed by the side that loses when the price falls
    calendar: int
    depth: int
    divergence: int  # in IM


@dataclass(frozen=True)
class Scan:
    requirement: int
    binding: int  # which of the following it is
    total: int  # sum of the losses: all there is below PORTFOLIO
    factor: int = 0
    comove: int = 0
    extremes: int = 0
    floor: int = 0


@dataclass(frozen=True)
class Breakdown:
    margin: Margin
    collateral: tuple[CollateralPart, ...]
    underlyings: tuple[UnderlyingPart, ...]
    scan: Scan


def scan(level: int, factors: Factors, losses: list[tuple[int, int]]) -> Scan:
    """The terms of `margin.aggregate`; of equal ones the first binds."""
    total = sum(abs(loss) for _, loss in losses)
    if level != PORTFOLIO:
        return Scan(total, SUM, total)
    common = abs(sum(beta * loss for beta, loss in losses))
    own = ceil_sqrt(sum((BPS**2 - beta**2) * loss**2 for beta, loss in losses))
    terms = (
        max(ceil_div(x * common + y * own, WAD * BPS) for x, y in ANGLES),
        abs(sum(loss for _, loss in losses)),
        ceil_sqrt(sum(loss**2 for _, loss in losses)),
        ceil_div(factors.floor * total, BPS),
    )
    return Scan(max(terms), FACTOR + terms.index(max(terms)), total, *terms)


def explain(book: Book, model: RiskModel, markets: Mapping[int, Market]) -> Breakdown:
    """`margin.assess`, with all that it is made of."""
    netted = book.level == PORTFOLIO
    risks: dict[int, Risk] = {}
    for word in book.positions:
        notional = notional_of(size_of(word), markets[underlying_of(word)].mark)
        risk = risks.setdefault(underlying_of(word), Risk())
        risk.gross += abs(notional)
        risk.derivatives += notional

    collateral = []
    for holding in book.collateral:
        if holding.amount == 0:
            continue
        params = model.assets[holding.asset]
        market = markets[params.underlying]
        risk = risks.setdefault(params.underlying, Risk())
        value = value_of(holding.amount, market.index, params.decimals)
        cut = haircut.haircut(params, value, netted)
        room = value * BPS // model.factors.initial - cut
        divergence = 0
        if netted:
            risk.spot += value
            room -= ceil_div(value * model.underlyings[params.underlying].scan_range, BPS)
        elif market.index > market.stable:
            divergence = value - value_of(holding.amount, market.stable, params.decimals)
        collateral.append(
            CollateralPart(
                asset=holding.asset,
                amount=holding.amount,
                value=value,
                bands=tuple(haircut.bands(params, value)),
                haircut=cut,
                concentration=haircut.concentration(params, value, holding.total, room),
                divergence=divergence,
            )
        )

    underlyings = []
    for underlying, risk in sorted(risks.items()):
        market = markets[underlying]
        loss, calendar, depth = charges(
            book.level, model.underlyings[underlying], market.index, risk
        )
        gap = (risk.derivatives + risk.spot) * (market.index - market.stable)
        underlyings.append(
            UnderlyingPart(
                underlying=underlying,
                gross=risk.gross,
                derivatives=risk.derivatives,
                spot=risk.spot,
                loss=loss,
                calendar=calendar,
                depth=depth,
                divergence=max(0, ceil_div(gap, market.index)),
            )
        )
    losses = [(model.underlyings[part.underlying].beta, part.loss) for part in underlyings]
    return Breakdown(
        margin=assess(book, model, markets),
        collateral=tuple(collateral),
        underlyings=tuple(underlyings),
        scan=scan(book.level, model.factors, losses),
    )


def maintenance(breakdown: Breakdown) -> int:
    """The pieces of MM, added up."""
    return (
        sum(part.haircut for part in breakdown.collateral)
        + breakdown.scan.requirement
        + sum(part.calendar + part.depth for part in breakdown.underlyings)
    )


def initial(breakdown: Breakdown, factors: Factors) -> int:
    """The pieces of IM, added up."""
    concentrated = sum(part.concentration for part in breakdown.collateral)
    divergence = sum(part.divergence for part in breakdown.collateral)
    divergence += sum(part.divergence for part in breakdown.underlyings)
    return ceil_div(factors.initial * (maintenance(breakdown) + concentrated), BPS) + divergence


def at_levels(book: Book, model: RiskModel, markets: Mapping[int, Market]) -> list[Margin]:
    """The margin at POSITION, UNDERLYING and PORTFOLIO."""
    return [assess(replace(book, level=level), model, markets) for level in range(3)]


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
    trial.markets, trial.pool = ledger.markets, ledger.pool
    trial.accounts, trial.totals = dict(ledger.accounts), dict(ledger.totals)
    try:
        trial.withdraw(account, asset, amount)
    except Revert:
        return False
    return True


def liquidation_prices(
    book: Book, model: RiskModel, markets: Mapping[int, Market], underlying: int
) -> tuple[int, int]:
    """The nearest prices of an underlying, below and above, at which health is below zero.

    Held as they are: all other prices, stable prices, cumulative funding, and the premium as a
    ratio of the index. Health is concave in the price (equity is linear, margin convex), so there
    is one such price on each side at most. Below 0 stands for none (0), beyond MAX_PRICE too
    (MAX); an account that is short already is told the index.
    """
    market = markets[underlying]

    def short(price: int) -> bool:
        moved = replace(market, index=price, mark=price * market.mark // market.index)
        return health(assess(book, model, {**markets, underlying: moved})) < 0

    def threshold(far: int) -> int:
        """Between the index and a price that liquidates, the one next to the index that does."""
        healthy = market.index
        while (gap := abs(far - healthy)) > 1 and gap * PRECISION > healthy:
            middle = (far + healthy) // 2
            far, healthy = (middle, healthy) if short(middle) else (far, middle)
        return far

    if short(market.index):
        return market.index, market.index
    return (
        threshold(1) if short(1) else 0,
        threshold(MAX_PRICE) if short(MAX_PRICE) else MAX,
    )


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
