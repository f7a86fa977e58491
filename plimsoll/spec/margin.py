"""Equity, maintenance margin, liquidation target and initial margin of one account.

Options are valued and scanned by scenario words, all else is a line in the price; see `scan`. A
put is a call less a forward and more of the strike in cash, so that calls and puts of one strike
count together and a conversion or a box has no risk at all.

Netting levels:

    POSITION    every position by itself                   ("isolated")
    UNDERLYING  positions of one underlying together       ("cross")
    PORTFOLIO   underlyings with each other and with spot  ("portfolio")
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from plimsoll.spec import haircut
from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.market import LIQUIDATION, OPEN, STALE, Forward, Market, payoff
from plimsoll.spec.scan import (
    EXTREMES,
    FADE,
    OUTER,
    STRAIGHT,
    Grid,
    Netting,
    Profile,
    Sums,
    UnderlyingParams,
    after,
    axis_of,
    bounded,
    curve_of,
    depth_charge,
    extreme_loss,
    extremes,
    matched,
    scan_loss,
    unit_of,
)
from plimsoll.spec.wad import BPS, MAX, SIZE, WAD, away_div, ceil_div, clamp
from plimsoll.spec.words import (
    KEY_SHIFT,
    PORTFOLIO,
    POSITION,
    STRIKE_UNIT,
    expiry_of,
    is_option,
    sizes_of,
    strike_of,
    underlying_of,
)

# WAD, 81 trillion: a position or a holding counts for no more, so that no product can overflow
# whatever a feed says, and every account can be assessed
LARGEST = 2**106
LARGEST_EQUITY = 2**140  # nor does an account: products of its equity and margin do not overflow
LARGEST_MARGIN = 2**113
NO_MARGIN = LARGEST_EQUITY + 1  # where an account is too broad: more than any account has
MAX_BREADTH = 8  # underlyings of whose futures and options an account may have, see `margin_of`
LEAST = 100  # basis points of debts and gross ranges that a margin is at least, see `least_of`
MATERIAL = 20  # a price counts if more than one part in so many of MM hangs on it
COST = 10  # what a reduction may cost: one part in so many of the margin that it frees
DUST = 10**6  # forgiven in `reduced`: a fair-priced trade loses some wei to rounding
DOUBTS, DOUBT_BITS = 8, 32  # lanes of what is asked for at prices that do not open risk
LARGEST_DOUBT = 2**31 - 1  # quote
NEAR = 7 * 86_400  # seconds to an expiry within which curvature between nodes matters in full


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
    doubt: int = 0  # what is asked for at prices that do not open risk, see `doubt_of`


@dataclass(frozen=True)
class RiskModel:
    """The engine's parameters."""

    underlyings: Mapping[int, UnderlyingParams]
    assets: Mapping[int, AssetParams]
    factors: Factors = field(default_factory=Factors)


@dataclass(frozen=True)
class Surface:
    """What is told of expiries and of the values of options, as of `now`."""

    now: int = 0
    forwards: Mapping[tuple[int, int], Forward] = field(default_factory=dict)
    grids: Mapping[int, Grid] = field(default_factory=dict)
    words: Mapping[int, int] = field(default_factory=dict)  # scenario word of each key


@dataclass
class Strip:
    """What a book has of one expiry."""

    options: Sums
    gross: int = 0  # contracts of any kind, 1e-8
    forwards: int = 0  # contracts, 1e-8: futures, less puts
    intrinsics: list[int] = field(default_factory=lambda: [0] * EXTREMES)  # WAD * SIZE


@dataclass
class Risk:
    """Positions of one underlying, added up."""

    profit: int = 0  # of what is linear, WAD * SIZE
    parity: int = 0  # value of puts beside their calls, WAD * SIZE
    payoff: int = 0  # of what has expired, WAD * SIZE
    perpetual: int = 0  # notional, WAD
    strips: dict[int, Strip] = field(default_factory=dict)  # by expiry
    short: int = 0  # contracts that are short, net of each strike, 1e-8
    gross: int = 0  # sum of |notional|, WAD
    late: int = 0  # the part of it whose smile and forward are old
    bound: bool = False  # whether an option is short, or something linear held
    curved: bool = False  # there are options


@dataclass(frozen=True)
class Part:
    """What positions of one underlying are worth and ask for, WAD."""

    profile: Profile
    worth: int  # of options
    plain: int  # loss at the points of the grid
    deepest: int  # with what lies between them
    extreme: int  # X_u
    loss: int  # L_u
    calendar: int
    vega: int
    short: int
    steep: int  # Q, the notional that the depth charge is about
    delta: int  # notional of positions


def notional_of(size: int, price: int) -> int:
    """Signed, rounded away from zero."""
    return clamp(away_div(size * price, SIZE), -LARGEST, LARGEST)


def value_of(amount: int, price: int, decimals: int) -> int:
    """What an amount of collateral is worth, rounded down."""
    unit: int = 10**decimals
    return min(amount * price // unit, LARGEST)


# -- one underlying ------------------------------------------------------------------------------


def gather(
    words: Iterable[int], underlying: int, market: Market, surface: Surface, scan_range: int
) -> Risk:
    """Adds up positions of one underlying."""
    risk = Risk()
    waiting = 0
    spots = [after(market.index, shift) for shift, _ in extremes(scan_range)]
    for word in words:
        expiry = expiry_of(word)
        calls, puts = sizes_of(word)
        if expiry == 0:
            notional = notional_of(calls, market.mark)
            risk.profit += calls * (market.mark - market.funding)
            risk.perpetual += notional
            risk.gross += abs(notional)
            risk.bound = True
            continue
        forward = surface.forwards[underlying, expiry]
        price, strike = forward.at(market.index), strike_of(word) * STRIKE_UNIT
        if expiry <= surface.now:  # nothing moves any more
            risk.payoff += payoff(word, price)
            if not forward.fresh:  # but nobody knows yet where it stands
                waiting += (abs(calls) + abs(puts)) * price
            continue
        near = clamp(NEAR + FADE - (expiry - surface.now), 0, FADE)
        strip = risk.strips.setdefault(expiry, Strip(Sums(near)))
        strip.gross += abs(calls) + abs(puts)
        if not is_option(word):
            risk.profit += calls * price
            strip.forwards += calls
            risk.bound = True
            continue
        risk.curved = True
        size = calls + puts
        risk.parity += puts * (strike - price)
        strip.forwards -= puts
        strip.options.add(surface.words[word >> KEY_SHIFT], size)
        if soon := strip.options.soon(size):
            for i, spot in enumerate(surface.grids[underlying].ghosts):
                strip.options.ghosts[i] += soon * max(0, forward.at(spot) - strike)
        for i, spot in enumerate(spots):
            strip.intrinsics[i] += size * max(0, forward.at(spot) - strike)
        risk.short += max(0, -size)
        risk.bound |= calls < 0 or puts < 0
    dated = late = waiting
    for expiry, strip in risk.strips.items():
        forward = surface.forwards[underlying, expiry]
        product = strip.gross * forward.at(market.index)
        dated += product
        late += 0 if forward.fresh else product
    risk.gross += min(ceil_div(dated, SIZE), LARGEST)
    risk.late = min(ceil_div(late, SIZE), LARGEST)
    return risk


def measure(
    risk: Risk,
    underlying: int,
    params: UnderlyingParams,
    market: Market,
    surface: Surface,
    spot: int = 0,
) -> Part:
    """Scan and charges of positions that net, with spot collateral that nets with them."""
    axis, curve, unit = STRAIGHT, None, 0
    options = [strip.options for strip in risk.strips.values()]
    if risk.curved:
        grid = surface.grids[underlying]
        axis, unit = axis_of(grid, market.index), unit_of(options, grid)
        curve = curve_of(options, unit)
    lines = [
        notional_of(
            strip.forwards, surface.forwards[underlying, expiry].ratio * market.index // WAD
        )
        for expiry, strip in risk.strips.items()
    ]
    whole = Profile(axis, curve, risk.perpetual + sum(lines) + spot)
    plain, loss = scan_loss(whole, params.scan_range)
    intrinsics = [
        bounded(sum(values) // SIZE)
        for values in zip(
            (0,) * EXTREMES, *(strip.intrinsics for strip in risk.strips.values()), strict=True
        )
    ]
    extreme = extreme_loss(whole, params.scan_range, intrinsics)

    deltas = [risk.perpetual]
    deltas += [line + part.delta(axis, unit) for line, part in zip(lines, options, strict=True)]
    vegas = [part.vega(unit) for part in options]
    among, overall = matched(deltas), matched([*deltas, spot])
    # spot never adds to what has to be worked off, and a spread is worked off as one
    steep = whole.steepest(spot) + ceil_div(among, 2) - (overall - among) // 2
    return Part(
        profile=whole,
        worth=whole.mark + risk.parity // SIZE,
        plain=plain,
        deepest=loss,
        extreme=extreme,
        loss=max(loss, extreme),
        calendar=ceil_div(params.calendar * overall, BPS),
        vega=ceil_div(params.vega * matched(vegas), BPS),
        short=bounded(ceil_div(params.short * risk.short * market.index, BPS * SIZE)),
        steep=max(0, steep),
        delta=sum(deltas),
    )


# -- the account ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class CollateralPart:
    asset: int
    amount: int
    value: int  # at index
    bands: tuple[int, ...]  # of the value, in each tier
    haircut: int  # in MM
    concentration: int  # beside it in IM, before k_I
    divergence: int  # in IM: index above stable price (POSITION, UNDERLYING)


def unfixed_of(words: Iterable[int], underlying: int, surface: Surface, scan_range: int) -> int:
    """What expired positions may lose, in four scan ranges, that settle at what nobody knows yet,
    WAD, rounded up. Those of one expiry net: what another one settles at is another price."""
    lost: dict[int, list[int]] = {}  # of each expiry, down and up, WAD * SIZE
    for word in words:
        expiry = expiry_of(word)
        if not 0 < expiry <= surface.now:
            continue
        forward = surface.forwards[underlying, expiry]
        if forward.fresh:
            continue
        both = lost.setdefault(expiry, [0, 0])
        for i, (shift, _) in enumerate(extremes(scan_range)[2:]):
            both[i] += payoff(word, forward.fixed) - payoff(word, after(forward.fixed, shift))
    return min(ceil_div(sum(max(0, *both) for both in lost.values()), SIZE), LARGEST)


def unhedged_of(
    profile: Profile, words: Iterable[int], spot: int, index: int, scan_range: int
) -> int:
    """Of collateral, what is lost with the positions that it nets with if the price goes to
    nothing: calls do then, and puts are calls less forwards. What pays only beyond four scan ranges
    is no hedge of what is lost on the way there. WAD."""
    fall, _ = extremes(scan_range)[2]
    far = 0  # what longs beyond that are struck at, WAD * SIZE
    for word in words:
        strike = strike_of(word) * STRIKE_UNIT
        if strike < after(index, fall):
            far += max(0, sum(sizes_of(word))) * strike
    lost = profile.line + profile.mark
    return clamp(max(lost, min(lost + far // SIZE, after(spot, fall))), 0, spot)


@dataclass(frozen=True)
class UnderlyingPart:
    """What a book has of one underlying, and what that asks for."""

    underlying: int
    parts: tuple[Part, ...]  # at POSITION one for each position
    profit: int  # of what is linear or has expired, WAD * SIZE
    gross: int  # sum of |notional| of positions
    late: int  # the part of it whose smile and forward are old
    unfixed: int  # what may be lost of what has expired, where nobody knows yet where it stands
    spot: int  # collateral that nets (PORTFOLIO)
    alone: int  # what that loses by itself
    gap: int  # what that is worth more at the index than at the stable price
    held: int  # value of collateral, whether it nets or not
    unhedged: int  # the part of it that no position that it nets with makes good
    depth: int
    ahead: int  # what positions are worth more at the index than at the stable price
    bound: bool  # whether an option is short, or something linear held
    live: bool  # whether there are futures or options that have not expired

    @cached_property
    def worth(self) -> int:
        """Of options; where none is short they only give, however values are rounded."""
        total = sum(part.worth for part in self.parts)
        return total if self.bound else max(0, total)

    @cached_property
    def loss(self) -> int:
        """L_u. Options that are fully paid cannot lose more than that."""
        return min(sum(part.loss for part in self.parts), self._room(0))

    def lost(self, validity: int) -> int:
        """What may be lost at prices that nobody knows: of what has expired, and where the index
        is stale, of collateral, and of positions as much as at the extremes."""
        if validity != STALE:
            return self.unfixed
        at_most = min(self.gross, OUTER * (self.loss + self.charges))
        return self.unfixed + self.unhedged + at_most

    @property
    def calendar(self) -> int:
        return sum(part.calendar for part in self.parts)

    @property
    def vega(self) -> int:
        return sum(part.vega for part in self.parts)

    @property
    def short(self) -> int:
        return sum(part.short for part in self.parts)

    @property
    def steep(self) -> int:
        return sum(part.steep for part in self.parts)

    @cached_property
    def charges(self) -> int:
        return min(self.calendar + self.vega + self.short + self.depth, self._room(self.loss))

    @cached_property
    def divergence(self) -> int:
        return min(self.ahead, self._room(self.loss + self.charges) + self.gap)

    def relief(self, initial: int) -> int:
        """What IM would ask of options that are fully paid beyond that, rounded down."""
        asked = initial * (self.loss + self.charges) // BPS + self.divergence
        spot = ceil_div(initial * self.alone, BPS) + self.gap
        return 0 if self.bound else max(0, asked - self.worth - spot)

    def _room(self, asked: int) -> int:
        """What may still be asked where nothing but options are held, all of them long: what they
        cost, and what collateral beside them loses by itself."""
        return MAX if self.bound else max(0, self.worth + self.alone - asked)


@dataclass(frozen=True)
class Analysis:
    """A book in its parts, which add up to its margin to the wei."""

    level: int
    cash: int  # and basis
    collateral: tuple[CollateralPart, ...]
    underlyings: tuple[UnderlyingPart, ...]
    netting: Netting

    @property
    def settled(self) -> int:
        """Cash after all profits and losses."""
        return self.cash + sum(part.profit for part in self.underlyings) // SIZE

    def requirement(self, factors: Factors) -> int:
        if self.level == PORTFOLIO:
            return self.netting.requirement(factors.floor)
        return sum(part.loss for part in self.underlyings)

    def saved(self, factors: Factors) -> int:
        """By netting."""
        return sum(part.loss for part in self.underlyings) - self.requirement(factors)

    def relief(self, factors: Factors) -> int:
        """Netting lowers what is forgiven by as much as what is asked; rounded down."""
        total = sum(part.loss for part in self.underlyings)
        relief = sum(part.relief(factors.initial) for part in self.underlyings)
        requirement = self.requirement(factors)
        return relief * requirement // total if requirement < total else relief


def analyse(
    book: Book, model: RiskModel, markets: Mapping[int, Market], surface: Surface
) -> Analysis:
    collateral = [
        _collateral(book.level, model, markets, holding)
        for holding in book.collateral
        if holding.amount
    ]
    held: Counter[int] = Counter()  # value of collateral, by underlying
    for item in collateral:
        held[model.assets[item.asset].underlying] += item.value
    positions: dict[int, list[int]] = {u: [] for u in held}
    for word in book.positions:
        positions.setdefault(underlying_of(word), []).append(word)
    netting = Netting()
    underlyings = []
    for u, words in sorted(positions.items()):
        params, market = model.underlyings[u], markets[u]
        spot = held[u] if book.level == PORTFOLIO else 0
        groups = [[word] for word in words] if book.level == POSITION else [words]
        risks = [gather(group, u, market, surface, params.scan_range) for group in groups]
        parts = [measure(risk, u, params, market, surface, spot) for risk in risks]
        gap = (sum(part.delta for part in parts) + spot) * (market.index - market.stable)
        underlying = UnderlyingPart(
            underlying=u,
            parts=tuple(parts),
            profit=sum(risk.profit + risk.payoff for risk in risks),
            gross=sum(risk.gross for risk in risks),
            late=sum(risk.late for risk in risks),
            unfixed=unfixed_of(words, u, surface, params.scan_range),
            spot=spot,
            alone=ceil_div(params.scan_range * spot, BPS),
            gap=max(0, ceil_div(spot * (market.index - market.stable), market.index)),
            held=held[u],
            unhedged=unhedged_of(parts[0].profile, words, spot, market.index, params.scan_range)
            if spot
            else held[u],
            depth=depth_charge(params, market.index, sum(part.steep for part in parts)),
            ahead=max(0, ceil_div(gap, market.index)),
            bound=any(risk.bound for risk in risks),
            live=any(risk.strips for risk in risks),
        )
        underlyings.append(underlying)
        if book.level == PORTFOLIO:
            [part] = parts
            loss = underlying.loss
            netting.add(params, part.profile, part.deepest, loss)
    return Analysis(
        book.level, book.cash + book.basis, tuple(collateral), tuple(underlyings), netting
    )


def _collateral(
    level: int, model: RiskModel, markets: Mapping[int, Market], holding: Holding
) -> CollateralPart:
    params = model.assets[holding.asset]
    market = markets[params.underlying]
    value = value_of(holding.amount, market.index, params.decimals)
    netted = level == PORTFOLIO
    cut = haircut.haircut(params, value, netted)
    room = value * BPS // model.factors.initial - cut
    divergence = 0
    if netted:
        room -= ceil_div(value * model.underlyings[params.underlying].scan_range, BPS)
    elif market.index > market.stable:
        divergence = value - value_of(holding.amount, market.stable, params.decimals)
    return CollateralPart(
        asset=holding.asset,
        amount=holding.amount,
        value=value,
        bands=tuple(haircut.bands(params, value)),
        haircut=cut,
        concentration=haircut.concentration(params, value, holding.total, room),
        divergence=divergence,
    )


def assess(
    book: Book, model: RiskModel, markets: Mapping[int, Market], surface: Surface | None = None
) -> Margin:
    """Everything that the vault and the liquidator want to know of an account."""
    return margin_of(analyse(book, model, markets, surface or Surface()), model, markets)


def margin_of(analysis: Analysis, model: RiskModel, markets: Mapping[int, Market]) -> Margin:
    collateral, underlyings = analysis.collateral, analysis.underlyings
    factors = model.factors
    equity = analysis.settled + sum(part.worth for part in underlyings)
    equity += sum(part.value for part in collateral)
    maintenance = (
        sum(part.haircut for part in collateral)
        + analysis.requirement(factors)
        + sum(part.charges for part in underlyings)
    )
    concentrated = sum(part.concentration for part in collateral)
    least = least_of(analysis, model)
    initial = (
        ceil_div(factors.initial * max(maintenance + concentrated, least), BPS)
        + sum(part.divergence for part in collateral)
        + sum(part.divergence for part in underlyings)
        - analysis.relief(factors)
    )
    if sum(part.live for part in underlyings) > MAX_BREADTH:
        initial = NO_MARGIN  # what has so much could not be liquidated with one transaction's gas
    equity = clamp(equity, -LARGEST_EQUITY, LARGEST_EQUITY)
    maintenance = min(max(maintenance, least), LARGEST_MARGIN)
    late = stale = reach = 0
    for part in underlyings:
        validity = markets[part.underlying].validity
        late += part.late if validity == OPEN else part.held + part.gross
        stale += part.lost(validity)
        if validity == STALE:
            scan_range = model.underlyings[part.underlying].scan_range
            moved = ceil_div(scan_range * (part.held + part.steep), BPS)
            reach += min(moved, asked_of(part, analysis, model))
    reach = max(0, reach - analysis.saved(factors))
    return Margin(
        equity=equity,
        maintenance=maintenance,
        target=ceil_div(factors.target * maintenance, BPS),
        initial=initial,
        validity=validity_of(late, stale, reach, equity, maintenance, initial),
        doubt=doubt_of(analysis, model, markets),
    )


def doubt_of(analysis: Analysis, model: RiskModel, markets: Mapping[int, Market]) -> int:
    """What is asked for at prices that do not open risk, before netting.

    Of each underlying by itself, so that none moves from one to another: in eight lanes of a word,
    those with the same id modulo eight share one, in whole quote.
    """
    doubts = [0] * DOUBTS
    for part in analysis.underlyings:
        if markets[part.underlying].validity < OPEN:
            asks = asked_of(part, analysis, model)
        else:  # where its smile and forward are old
            asks = ceil_div(model.underlyings[part.underlying].scan_range * part.late, BPS)
        lane = part.underlying % DOUBTS
        doubts[lane] = min(doubts[lane] + ceil_div(asks, WAD), LARGEST_DOUBT)
    return sum(doubt << DOUBT_BITS * lane for lane, doubt in enumerate(doubts))


def asked_of(part: UnderlyingPart, analysis: Analysis, model: RiskModel) -> int:
    """Haircuts, loss and charges of an underlying, before netting."""
    return sum(
        (
            item.haircut
            for item in analysis.collateral
            if model.assets[item.asset].underlying == part.underlying
        ),
        start=part.loss + part.charges,
    )


def doubts_of(margin: Margin) -> list[int]:
    """Its lanes."""
    return [margin.doubt >> DOUBT_BITS * lane & LARGEST_DOUBT for lane in range(DOUBTS)]


def least_of(analysis: Analysis, model: RiskModel) -> int:
    """What maintenance margin is at least, whatever offsets what.

    Interest is owed on a debt until it is paid, and positions on both sides can become one.
    """
    ranges = sum(
        model.underlyings[part.underlying].scan_range * part.gross
        for part in analysis.underlyings
        if part.bound
    )
    return ceil_div(LEAST * (max(0, -analysis.settled) * BPS + ranges), BPS**2)


def validity_of(
    late: int, stale: int, reach: int, equity: int, maintenance: int, initial: int
) -> int:
    """What prices that are late or stale still serve for.

    One on which hardly anything hangs does not matter: otherwise a wei of something whose feed is
    silent would keep an account from being liquidated. But one that decides whether IM is covered
    does: options that are fully paid can be nearly all of MM, and worth nothing in the end. Stale
    prices that matter liquidate where they decide nothing: of an account that is short even if they
    have moved by their scan ranges in its favour, or even if nothing were asked for what hangs on
    them; and for one that covers IM though all is lost that hangs on them.

    Args:
        late: what hangs on prices that do not open risk: |notional| of positions, value of
            collateral, WAD.
        stale: what may be lost of the part that hangs on those that do not liquidate: collateral,
            as far as no position that nets with it gains that, and of positions as much as at the
            extremes, of which a quarter is asked for; and of what has expired at a price that is
            not known yet.
        reach: the most that their scan ranges can be worth to the account, up to what it is asked
            for there, less what netting saves, WAD: what is hedged, or cheap, would be a shield
            for little margin.
    """

    def matters(exposed: int) -> bool:
        return MATERIAL * exposed > maintenance or initial <= equity < initial + exposed

    if not matters(late):
        return OPEN
    if not matters(stale):
        return LIQUIDATION
    decided = equity + reach < maintenance or equity - stale >= initial
    return LIQUIDATION if decided else STALE


def is_unlevered(book: Book) -> bool:
    """Whether an account owes nothing and can lose no more than it has, whatever happens.

    Beside cash it has either nothing but collateral or nothing but options that are long. It needs
    no margin, and so no price either.
    """
    if book.cash + book.basis < 0:
        return False
    held = any(holding.amount for holding in book.collateral)
    long = all(is_option(word) and min(sizes_of(word)) >= 0 for word in book.positions)
    return not book.positions or (long and not held)


def covered(margin: Margin, validity: int = OPEN) -> bool:
    """Whether an account covers its initial margin, at prices that are good enough."""
    return margin.validity >= validity and margin.equity >= margin.initial


def reduced(before: Margin, after: Margin) -> bool:
    """Whether an action made an account safer, for little.

    Neither MM nor IM is higher, nor what is asked for at prices that do not open risk (else risk
    could be moved there), the margin ratio is no worse, and what it cost (spread and fees) is at
    most a tenth of the margin that it freed: money does not leave this way. An insolvent account
    may lose nothing, and only at prices that open risk. This serves accounts that are short
    already, and everybody while prices are stale.
    """
    freed = before.maintenance - after.maintenance
    equity = after.equity + DUST
    doubts = zip(doubts_of(before), doubts_of(after), strict=True)
    if freed < 0 or after.initial > before.initial or any(was < now for was, now in doubts):
        return False
    if before.equity < 0:
        return before.validity == OPEN and equity >= before.equity
    return (
        equity >= max(0, before.equity - freed // COST)
        and equity * before.maintenance >= before.equity * after.maintenance
    )
