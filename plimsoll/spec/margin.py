"""Equity, maintenance margin, liquidation target and initial margin of one account.

For linear instruments and collateral the value of an underlying is a line in its price, so the
scan needs no grid: the worst point inside the range loses R * |delta|, and so does half the loss
at two ranges; a quarter of the loss at four ranges is no more. That holds while two ranges down
do not pass -80 %, the furthest fall that is looked at, so R is at most 40 %.

Netting levels:

    POSITION    every position by itself                   ("isolated")
    UNDERLYING  positions of one underlying together       ("cross")
    PORTFOLIO   underlyings with each other and with spot  ("portfolio")
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plimsoll.spec import haircut
from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.market import LIQUIDATION, OPEN, STALE, Market
from plimsoll.spec.wad import BPS, SIZE, WAD, away_div, ceil_div, ceil_sqrt, clamp
from plimsoll.spec.words import PORTFOLIO, POSITION, size_of, underlying_of

# WAD, 81 trillion: a position or a holding counts for no more, so that no product can overflow
# whatever a feed says, and every account can be assessed
LARGEST = 2**106
MATERIAL = 20  # a price counts if more than one part in so many of MM hangs on it
COST = 10  # what a reduction may cost: one part in so many of the margin that it frees
DUST = 10**6  # forgiven in `reduced`: a fair-priced trade loses some wei to rounding

# (sin t, cos t) at t = 0, pi/8 .. pi/2 in WAD, rounded up; a linear book is symmetric in t
ANGLES = (
    (0, WAD),
    (382683432365089772, 923879532511286757),
    (707106781186547525, 707106781186547525),
    (923879532511286757, 382683432365089772),
    (WAD, 0),
)


@dataclass(frozen=True)
class UnderlyingParams:
    scan_range: int  # R, basis points
    beta: int  # loading on the market factor, basis points, -BPS .. BPS
    calendar: int  # charge on matched basis, basis points
    depth: int  # contracts that trade without moving the price by a range


@dataclass(frozen=True)
class Factors:
    target: int = 11_000  # k_T, basis points
    initial: int = 12_500  # k_I, basis points
    floor: int = 2_000  # psi, basis points


@dataclass(frozen=True)
class Holding:
    asset: int
    amount: int  # token units
    total: int  # of all accounts, token units


@dataclass(frozen=True)
class Book:
    """One account, as the vault hands it to the engine; cash is unscaled."""

    level: int
    cash: int
    basis: int
    positions: tuple[int, ...] = ()
    collateral: tuple[Holding, ...] = ()


@dataclass(frozen=True)
class Margin:
    equity: int
    maintenance: int
    target: int
    initial: int
    validity: int


@dataclass
class Risk:
    """One underlying of a book, in WAD of quote."""

    gross: int = 0  # sum of |notional| over positions
    derivatives: int = 0  # net notional of positions
    spot: int = 0  # value of collateral that nets (PORTFOLIO only)
    exposure: int = 0  # all that hangs on its price: gross, and value of collateral


@dataclass(frozen=True)
class Requirement:
    scan: int
    calendar: int
    depth: int


@dataclass(frozen=True)
class RiskModel:
    """The engine's parameters."""

    underlyings: Mapping[int, UnderlyingParams]
    assets: Mapping[int, AssetParams]
    factors: Factors = field(default_factory=Factors)


def notional_of(size: int, mark: int) -> int:
    """Signed, rounded away from zero."""
    return clamp(away_div(size * mark, SIZE), -LARGEST, LARGEST)


def value_of(amount: int, price: int, decimals: int) -> int:
    """What an amount of collateral is worth, rounded down."""
    unit: int = 10**decimals
    return min(amount * price // unit, LARGEST)


def depth_charge(params: UnderlyingParams, index: int, exposure: int) -> int:
    """R * Q^2 / (Q + depth): what it costs to work Q off in a market that is only so deep."""
    whole = exposure + params.depth * index
    return ceil_div(params.scan_range * exposure**2, whole * BPS) if exposure else 0


def charges(level: int, params: UnderlyingParams, index: int, risk: Risk) -> tuple[int, int, int]:
    """(signed scan loss, calendar charge, depth charge) of one underlying.

    At POSITION nothing nets, so the loss is that of the gross notional. Spot collateral halves the
    depth charge of what it is matched with, and adds none: its size is in its tiers.
    """
    net = risk.derivatives + risk.spot
    loss = away_div(params.scan_range * (risk.gross if level == POSITION else net), BPS)
    matched = (abs(risk.derivatives) + risk.spot - abs(net)) // 2
    exposure = risk.gross if level == POSITION else abs(risk.derivatives) - matched // 2
    return (
        loss,
        ceil_div(params.calendar * matched, BPS),
        depth_charge(params, index, exposure),
    )


def aggregate(level: int, factors: Factors, losses: list[tuple[int, int]]) -> int:
    """Scan requirement of a book from (beta, signed scan loss) per underlying, rounded up.

    PORTFOLIO: max(M_factor, M_comove, sqrt(sum X_u^2), psi * sum L_u). One market factor moves
    each underlying by its loading beta, the rest of each one's range is its own; M_comove is the
    crash in which everything moves together by its full range.
    """
    total = sum(abs(loss) for _, loss in losses)
    if level != PORTFOLIO:
        return total
    common = abs(sum(beta * loss for beta, loss in losses))
    own = ceil_sqrt(sum((BPS**2 - beta**2) * loss**2 for beta, loss in losses))
    factor = max(ceil_div(x * common + y * own, WAD * BPS) for x, y in ANGLES)
    comove = abs(sum(loss for _, loss in losses))
    extremes = ceil_sqrt(sum(loss**2 for _, loss in losses))
    return max(factor, comove, extremes, ceil_div(factors.floor * total, BPS))


def unsettled(book_basis: int, positions: tuple[int, ...], markets: Mapping[int, Market]) -> int:
    """X = basis + sum q * (mark - F), rounded down."""
    total = 0
    for word in positions:
        market = markets[underlying_of(word)]
        total += size_of(word) * (market.mark - market.funding)
    return book_basis + total // SIZE


def assess(book: Book, model: RiskModel, markets: Mapping[int, Market]) -> Margin:
    """Everything that the vault and the liquidator want to know of an account."""
    equity = book.cash + unsettled(book.basis, book.positions, markets)
    netted = book.level == PORTFOLIO
    risks: dict[int, Risk] = {}
    for word in book.positions:
        underlying = underlying_of(word)
        notional = notional_of(size_of(word), markets[underlying].mark)
        risk = risks.setdefault(underlying, Risk())
        risk.gross += abs(notional)
        risk.exposure += abs(notional)
        risk.derivatives += notional

    haircuts = concentrated = divergence = 0
    for holding in book.collateral:
        if holding.amount == 0:
            continue
        asset = model.assets[holding.asset]
        market = markets[asset.underlying]
        risk = risks.setdefault(asset.underlying, Risk())
        value = value_of(holding.amount, market.index, asset.decimals)
        equity += value
        risk.exposure += value
        cut = haircut.haircut(asset, value, netted)
        haircuts += cut
        room = value * BPS // model.factors.initial - cut
        if netted:
            risk.spot += value
            scan_range = model.underlyings[asset.underlying].scan_range
            room -= ceil_div(value * scan_range, BPS)
        elif market.index > market.stable:
            divergence += value - value_of(holding.amount, market.stable, asset.decimals)
        concentrated += haircut.concentration(asset, value, holding.total, room)

    losses = []
    added = 0
    for underlying, risk in risks.items():
        market = markets[underlying]
        params = model.underlyings[underlying]
        loss, calendar, depth = charges(book.level, params, market.index, risk)
        losses.append((params.beta, loss))
        added += calendar + depth
        gap = (risk.derivatives + risk.spot) * (market.index - market.stable)
        divergence += max(0, ceil_div(gap, market.index))

    maintenance = haircuts + aggregate(book.level, model.factors, losses) + added
    return Margin(
        equity=equity,
        maintenance=maintenance,
        target=ceil_div(model.factors.target * maintenance, BPS),
        initial=ceil_div(model.factors.initial * (maintenance + concentrated), BPS) + divergence,
        validity=validity_of(
            [(markets[underlying].validity, risk.exposure) for underlying, risk in risks.items()],
            maintenance,
        ),
    )


def validity_of(exposures: list[tuple[int, int]], maintenance: int) -> int:
    """The least validity of prices on which more than a twentieth of MM hangs together.

    A price matters as far as it can move the margin: otherwise a wei of something whose feed is
    silent would keep an account from being liquidated.
    """
    for validity in (STALE, LIQUIDATION):
        if MATERIAL * sum(exposure for v, exposure in exposures if v <= validity) > maintenance:
            return validity
    return OPEN


def covered(margin: Margin, validity: int = OPEN) -> bool:
    """Whether an account covers its initial margin, at prices that are good enough."""
    return margin.validity >= validity and margin.equity >= margin.initial


def reduced(before: Margin, after: Margin) -> bool:
    """Whether an action made an account safer, for little.

    MM is no higher, the margin ratio is no worse, and what it cost (spread and fees) is at most a
    tenth of the margin that it freed: money does not leave this way. An insolvent account may lose
    nothing, and only at prices that open risk. This serves accounts that are short already, and
    everybody while prices are stale.
    """
    freed = before.maintenance - after.maintenance
    equity = after.equity + DUST
    if freed < 0:
        return False
    if before.equity < 0:
        return before.validity == OPEN and equity >= before.equity
    return (
        equity >= max(0, before.equity - freed // COST)
        and equity * before.maintenance >= before.equity * after.maintenance
    )
