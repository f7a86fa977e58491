# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title Risk lens
@license AGPL-3.0-only
@author Plimsoll contributors
@notice Why an account's margin is what it is, piece by piece:

            maintenance = haircuts + scan requirement + charges
            initial     = k_I * (maintenance + concentration), rounded up, + divergence - relief

        where the least that it may be stands for maintenance, and for the sum in brackets, if it
        is more;

        and what it would be at another price of one underlying.

@dev A book falls into parts, one per underlying: the positions and the collateral that hang on one
     price. What a part adds to equity and to the margins comes from the engine's own modules, and
     the pieces add up to what the engine tells, to the wei. The same as plimsoll.spec.explain.

     Trusts nothing: it asks the vault for the registry, and that for the engine. It is the lens of
     an engine with these modules, and goes when that is replaced.
@custom:kill Nothing to stop: it holds nothing and may do nothing.
"""

from interfaces import IMarginEngine
from interfaces import IMarginVault
from interfaces import IMarketData
from interfaces import IRegistry
from interfaces import IRiskLens
from interfaces import IVolSurface
from modules import doubts
from modules import factor
from modules import haircut
from modules import instrument
from modules import scan
from modules import wad

implements: IRiskLens


interface IParts:
    def registry() -> address: view
    def market() -> address: view
    def surface() -> address: view


MAX_UNDERLYINGS: constant(uint256) = 64  # ids 1 .. 63

vault: public(immutable(IMarginVault))
registry: public(immutable(IRegistry))
market: public(immutable(IMarketData))


# an account, and what its margin depends on
struct Core:
    engine: IMarginEngine
    surface: IVolSurface
    book: IMarginEngine.Book
    factors: IMarginEngine.Factors
    needs: uint256  # bitmap of underlyings
    live: uint256  # bitmap of those with futures or options that have not expired
    moved: uint256  # the one that is at another price; 0: none
    price: uint256


# what underlyings add to equity and to the margins
struct Tally:
    profit: int256  # of what is linear or has expired, WAD * 1e-8
    worth: int256  # of options and collateral
    haircuts: uint256
    charges: uint256
    concentration: uint256
    divergence: uint256
    relief: uint256
    ranges: uint256  # of positions that are not fully paid, without netting, WAD * BPS
    doubt: uint256
    exposed: doubts.Exposed
    netting: factor.Netting


@deploy
def __init__(_vault: address):
    """
    @param _vault The vault to look at.
    """
    vault = IMarginVault(_vault)
    registry = IRegistry(staticcall IParts(_vault).registry())
    market = IMarketData(staticcall IParts(_vault).market())


# -- why -------------------------------------------------------------------------------------------


@external
@view
def explain(account: uint256) -> IRiskLens.Explanation:
    """
    @notice The margin of an account in its parts; underlyings come in the order of their ids.
    """
    core: Core = self._core(account)
    told: IRiskLens.Explanation = empty(IRiskLens.Explanation)
    sum: Tally = empty(Tally)
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        if (core.needs >> underlying) & 1 == 1:
            part: IRiskLens.Underlying = empty(IRiskLens.Underlying)
            sum, part = self._add(core, sum, underlying)
            told.underlyings.append(self._seen(core, part))
    for holding: IMarginEngine.Holding in core.book.collateral:
        if holding.amount > 0:
            params: IMarginEngine.AssetParams = self._asset(core.engine, holding.asset)
            prices: IMarketData.Market = self._prices(params.underlying, 0, 0)
            told.collateral.append(
                self._piece(
                    core.engine, core.book.level, core.factors.initial, holding, params, prices
                )
            )
    told.scan = self._scan(sum.netting, core.factors.floor)
    told.relief = self._relief(sum, told.scan.requirement)
    told.least = scan._least(self._settled(core, sum), sum.ranges)
    told.margin = self._margin(core, sum)
    return told


@external
@view
def at_price(account: uint256, underlying: uint256, price: uint256) -> IMarginEngine.Margin:
    """
    @notice The margin of an account with the index of an underlying at another price, held as
        they are: all other prices, stable prices, cumulative funding, and the ratio of mark to
        index. Its live options count as in the epoch that would be in effect there.
    @param price WAD, not 0.
    """
    core: Core = self._core(account)
    core.moved = underlying
    core.price = price
    sum: Tally = empty(Tally)
    for id: uint256 in range(1, MAX_UNDERLYINGS):
        if (core.needs >> id) & 1 == 1:
            part: IRiskLens.Underlying = empty(IRiskLens.Underlying)
            sum, part = self._add(core, sum, id)
    return self._margin(core, sum)


@internal
@view
def _core(account: uint256) -> Core:
    engine: IMarginEngine = IMarginEngine(staticcall registry.engine())
    book: IMarginEngine.Book = staticcall vault.book_of(account)
    needs: uint256 = 0
    live: uint256 = 0
    for word: uint256 in book.positions:
        bit: uint256 = 1 << instrument._underlying(word)
        needs |= bit
        if instrument._expiry(word) > block.timestamp:
            live |= bit
    for holding: IMarginEngine.Holding in book.collateral:
        if holding.amount > 0:
            needs |= 1 << self._asset(engine, holding.asset).underlying
    return Core(
        engine=engine,
        surface=IVolSurface(staticcall IParts(engine.address).surface()),
        book=book,
        factors=staticcall engine.factors(),
        needs=needs,
        live=live,
        moved=0,
        price=0,
    )


@internal
@view
def _params(engine: IMarginEngine, underlying: uint256) -> IMarginEngine.UnderlyingParams:
    return staticcall engine.underlying_params(underlying)


@internal
@view
def _asset(engine: IMarginEngine, asset: uint256) -> IMarginEngine.AssetParams:
    return staticcall engine.asset_params(asset)


@internal
@view
def _prices(underlying: uint256, moved: uint256, price: uint256) -> IMarketData.Market:
    prices: IMarketData.Market = staticcall market.peek(underlying)
    if underlying == moved:
        prices.mark = price * prices.mark // prices.index  # rounds down
        prices.index = price
    return prices


@internal
@view
def _measure(
    core: Core, underlying: uint256, prices: IMarketData.Market, spot: uint256, apart: bool
) -> IVolSurface.Measure:
    return staticcall core.surface.measure(
        IVolSurface.Query(
            underlying=underlying,
            prices=prices,
            params=self._params(core.engine, underlying),
            spot=spot,
            apart=apart,
            stored=False,
        ),
        core.book.positions,
    )


@internal
@view
def _add(core: Core, others: Tally, underlying: uint256) -> (Tally, IRiskLens.Underlying):
    """
    @notice The sum with one more underlying, and what that asks for.
    """
    sum: Tally = others
    told: IRiskLens.Underlying = empty(IRiskLens.Underlying)
    told.underlying = underlying
    prices: IMarketData.Market = self._prices(underlying, core.moved, core.price)
    told.market = prices
    params: IMarginEngine.UnderlyingParams = self._params(core.engine, underlying)
    held: uint256 = 0
    for holding: IMarginEngine.Holding in core.book.collateral:
        asset: IMarginEngine.AssetParams = self._asset(core.engine, holding.asset)
        if asset.underlying == underlying:
            piece: IRiskLens.Collateral = self._piece(
                core.engine, core.book.level, core.factors.initial, holding, asset, prices
            )
            held += piece.value
            sum.haircuts += piece.haircut
            sum.concentration += piece.concentration
            sum.divergence += piece.divergence
    told.held = held
    spot: uint256 = held if core.book.level == scan.PORTFOLIO else 0

    apart: bool = core.book.level == scan.POSITION
    part: IVolSurface.Measure = self._measure(core, underlying, prices, spot, apart)
    sum.profit += part.profit
    told.gross = part.gross
    told.delta = part.delta
    told.worth = part.worth
    told.plain = part.plain
    told.extreme = part.extreme
    told.calendar = part.charges[0]
    told.vega_charge = part.charges[1]
    told.short = part.charges[2]
    told.depth = scan._depth(params, prices.index, part.steep)
    ahead: int256 = told.delta + convert(spot, int256)
    asked: scan.Asked = scan.Asked(
        loss=part.loss,
        charges=told.calendar + told.vega_charge + told.short + told.depth,
        divergence=scan._divergence(ahead, prices.index, prices.stable),
        relief=0,
    )
    if part.bound:
        sum.ranges += params.scan_range * part.gross
    else:
        asked = scan._paid(
            asked,
            part.worth,
            wad._ceil_div(params.scan_range * spot, wad.BPS),
            scan._divergence(convert(spot, int256), prices.index, prices.stable),
            core.factors.initial,
        )
    told.loss = asked.loss
    told.charges = asked.charges
    told.divergence = asked.divergence
    told.relief = asked.relief

    sum.worth += told.worth + convert(held, int256)
    sum.charges += told.charges
    sum.divergence += told.divergence
    sum.relief += told.relief
    if core.book.level == scan.PORTFOLIO:
        sum.netting = factor._add(sum.netting, params, part, told.loss)
    else:
        sum.netting.total += told.loss
    asks: uint256 = wad._ceil_div(params.scan_range * part.late, wad.BPS)
    if prices.validity < doubts.OPEN:
        risk: uint256 = told.loss + told.charges
        sum.exposed.late += held + told.gross
        asks = sum.haircuts - others.haircuts + risk
        if prices.validity == doubts.STALE:
            far: uint256 = doubts._far(
                core.book.positions, underlying, prices.index, params.scan_range
            )
            sum.exposed.stale += doubts._lost(part, held, spot, far, params.scan_range, risk)
            reach: uint256 = wad._ceil_div(params.scan_range * (held + part.steep), wad.BPS)
            sum.exposed.reach += min(reach, asks)
    else:
        sum.exposed.late += part.late
    if part.late != 0:
        sum.exposed.stale += doubts._unfixed(
            market, core.book.positions, underlying, params.scan_range
        )
    sum.doubt = doubts._add(sum.doubt, underlying, asks)
    return sum, told


@internal
@view
def _piece(
    engine: IMarginEngine,
    level: uint256,
    initial: uint256,
    holding: IMarginEngine.Holding,
    params: IMarginEngine.AssetParams,
    prices: IMarketData.Market,
) -> IRiskLens.Collateral:
    """
    @notice What the engine makes of one holding.
    """
    netted: bool = level == scan.PORTFOLIO
    scan_range: uint256 = self._params(engine, params.underlying).scan_range
    piece: haircut.Piece = haircut._piece(params, holding, prices, netted, scan_range, initial)
    return IRiskLens.Collateral(
        asset=holding.asset,
        value=piece.value,
        bands=haircut._bands(params, piece.value),
        haircut=piece.haircut,
        concentration=piece.concentration,
        divergence=piece.divergence,
    )


@internal
@view
def _seen(core: Core, part: IRiskLens.Underlying) -> IRiskLens.Underlying:
    """
    @notice With the scan of all positions of the underlying together.
    """
    told: IRiskLens.Underlying = part
    params: IMarginEngine.UnderlyingParams = self._params(core.engine, told.underlying)
    whole: IVolSurface.Measure = self._measure(core, told.underlying, told.market, told.held, False)
    profile: IVolSurface.Profile = whole.profile
    told.vega = whole.vega
    if profile.curved:
        told.gamma = self._gamma(profile)
    for node: uint256 in range(12):
        down: bool = node < 7
        place: int256 = convert(node if down else node - 7, int256)
        place *= scan.DOWN_STEP if down else scan.UP_STEP
        if profile.curved:
            told.moves[node] = scan._move_to(profile.axis, place)
        else:  # the range itself, toward zero
            part_of: int256 = (place - scan.CENTER) // scan.ONE
            told.moves[node] = (
                part_of * convert(params.scan_range, int256) * wad.IWAD // (6 * wad.IBPS)
            )
        told.profits[node] = (
            profile.curve[scan.DOWN + node]
            - profile.mark
            + scan._moved(profile.line, told.moves[node])
        )
    return told


@internal
@pure
def _gamma(profile: IVolSurface.Profile) -> int256:
    """
    @notice What a move of 1 % adds to the notional of options, rounded down.
    """
    middle: int256 = profile.curve[scan.NOW + 1]
    bend: int256 = scan._bend(profile.curve[scan.NOW], middle, profile.curve[scan.NOW + 2])
    return wad._floor_div(bend * profile.axis.tilt * profile.axis.tilt, 100 * scan.ONE**2)


@internal
@pure
def _scan(netting: factor.Netting, _floor: uint256) -> IRiskLens.Scan:
    """
    @notice The terms of the scan requirement; of equal ones the first binds.
    """
    told: IRiskLens.Scan = empty(IRiskLens.Scan)
    told.total = netting.total
    told.requirement = factor._requirement(netting, _floor)
    if netting.count < 2:
        return told
    terms: uint256[4] = factor._terms(netting, _floor)
    told.factor = terms[0]
    told.comove = terms[1]
    told.apart = terms[2]
    told.floor = terms[3]
    told.hidden = netting.hidden
    most: uint256 = max(max(terms[0], terms[1]), max(terms[2], terms[3]))
    for i: uint256 in range(4):
        if terms[i] == most and most == told.requirement:
            told.binding = i + 1
            break
    return told


@internal
@pure
def _relief(sum: Tally, requirement: uint256) -> uint256:
    """
    @notice Netting lowers what is forgiven by as much as what is asked; rounded down.
    """
    total: uint256 = sum.netting.total
    return sum.relief * requirement // total if requirement < total else sum.relief


@internal
@pure
def _settled(core: Core, sum: Tally) -> int256:
    """
    @notice Cash after all profits and losses.
    """
    return core.book.cash + core.book.basis + wad._floor_div(sum.profit, wad.ISIZE)


@internal
@pure
def _margin(core: Core, sum: Tally) -> IMarginEngine.Margin:
    """
    @notice What the engine tells of a book with this sum.
    """
    factors: IMarginEngine.Factors = core.factors
    requirement: uint256 = factor._requirement(sum.netting, factors.floor)
    maintenance: uint256 = sum.haircuts + requirement + sum.charges
    settled: int256 = self._settled(core, sum)
    least: uint256 = scan._least(settled, sum.ranges)
    initial: uint256 = max(maintenance + sum.concentration, least)
    initial = wad._ceil_div(factors.initial * initial, wad.BPS)
    relief: uint256 = self._relief(sum, requirement)
    initial = max(initial + sum.divergence, relief) - relief
    if scan._is_broad(core.live):
        initial = scan.NO_MARGIN
    maintenance = min(max(maintenance, least), scan.LARGEST_MARGIN)
    equity: int256 = scan._clamped(settled + sum.worth, scan.LARGEST_EQUITY)
    saved: uint256 = sum.netting.total - requirement
    return IMarginEngine.Margin(
        equity=equity,
        maintenance=maintenance,
        target=wad._ceil_div(factors.target * maintenance, wad.BPS),
        initial=initial,
        validity=doubts._validity(sum.exposed, saved, equity, maintenance, initial),
        doubt=sum.doubt,
    )
