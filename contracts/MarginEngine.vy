# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Margin engine
@license AGPL-3.0-only
@author Plimsoll contributors
@notice The risk methodology: what an account is worth, and how much of that its risk needs. It
        holds parameters and nothing of anybody's, and never moves money. The arithmetic is that
        of plimsoll.spec.margin, to the wei.

        equity       cash + X + options + collateral at the index, no haircut
        X            unsettled profit: basis + sum of size * (mark - funding), or forward
        maintenance  MM = haircuts + scan requirement + charges (calendar, vega, short, depth), no
                     less than a hundredth of debt and gross scan ranges: below it an account may
                     be liquidated
        target       k_T * MM: what a liquidation restores
        initial      IM = k_I * (MM + concentration) + divergence: what opening risk and
                     withdrawing need; more than any account has, where there are futures or
                     options of more than eight underlyings: so much fits no liquidation
        validity     that of the least valid price that matters: 3 opens risk, 1 liquidates, 0 is
                     stale, unless it decides nothing
        doubt        of each underlying, haircuts, losses and charges, before netting, where its
                     index does not open risk, and else scan ranges of what has an old smile or
                     forward: nothing may add to it but what covers IM; see modules/doubts

        haircuts     tiered, of each collateral; see modules/haircut
        scan         the loss within the scan range R of each underlying, netted as the account's
                     level allows; see modules/scan and modules/factor
        levels       0 POSITION: every position by itself; 1 UNDERLYING: positions of one
                     underlying together; 2 PORTFOLIO: underlyings with each other, and with
                     collateral that they price
        divergence   what the book is worth more at the index than at the stable price

        Where there are futures or options the surface measures an underlying's positions; a
        perpetual alone is a line.

@dev Trusts the market data and the surface, and the registry for who governs.
     Assessing never reverts for a book that the vault can hold, so whatever a feed says, nobody
     escapes liquidation:
     - A holding and a position count for at most 2**106 (81 trillion), which keeps the products
       of margins below 2**253; see the modules.
     - Sizes are below 2**67 and prices below 2**84, so a notional is below 2**151 before it is
       divided. Amounts of collateral are below 2**112 (the registry's caps), hence values below
       2**196 before they are divided.
     - Cash and basis are below 2**141 (int104, times an interest index below 2**37); marks less
       funding below 2**96, so an account's profit is below 2**170 before it is divided. With
       maintenance below 2**113 the vault's products of equity and maintenance stay below 2**255.
     - Who is listed here has a market, so prices are always told; what is listed of an expiry
       has a smile.
@custom:kill Nothing to stop: this is arithmetic. The governor lets the registry name another
     engine; the guardian pauses withdrawing, trading or liquidating there.
"""

from interfaces import IMarginEngine
from interfaces import IMarketData
from interfaces import IVolSurface
from modules import doubts
from modules import factor
from modules import governed
from modules import haircut
from modules import instrument as instrument_
from modules import scan
from modules import wad

implements: IMarginEngine

initializes: governed

exports: governed.registry

MAX_UNDERLYINGS: constant(uint256) = 64  # ids 1 .. 63
MAX_ASSETS: constant(uint256) = 32  # ids 0 .. 31

market: public(immutable(IMarketData))
surface: public(immutable(IVolSurface))

# words, laid out in scan, haircut and factor; 0 where there is none
_underlyings: HashMap[uint256, uint256]
_assets: HashMap[uint256, uint256]
_factors: uint256


struct Needs:
    underlyings: uint256  # bitmap of those that a book depends on
    dates: uint256  # bitmap of those of which it has anything but the perpetual
    live: uint256  # bitmap of those of which that has not expired


struct Tally:
    profit: int256  # of what is linear or has expired, WAD * 1e-8
    worth: int256  # of options and collateral
    haircuts: uint256
    loss: uint256
    charges: uint256
    concentration: uint256
    divergence: uint256
    relief: uint256
    ranges: uint256  # of positions that are not fully paid, without netting, WAD * BPS
    doubt: uint256
    exposed: doubts.Exposed
    netting: factor.Netting


@deploy
def __init__(registry: address, _market: address, _surface: address):
    """
    @param registry Who governs.
    @param _market Prices.
    @param _surface What measures futures and options.
    """
    governed.__init__(registry)
    market = IMarketData(_market)
    surface = IVolSurface(_surface)


@external
@reentrant
def assess(book: IMarginEngine.Book) -> IMarginEngine.Margin:
    """
    @notice Margin of a book at the prices of now, which it rolls, so that they stay the same for
        the transaction, and of scenario words that it has refreshed if they are stale.
    @dev Reentrant, as there is no state of its own that a lock could guard.
    """
    needs: Needs = self._needs(book)
    rolled: uint256 = 0
    prices: IMarketData.Market = empty(IMarketData.Market)
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        if needs.underlyings >> underlying == 0:
            break
        if (needs.underlyings >> underlying) & 1 == 1:
            rolled = underlying
            prices = extcall market.roll(underlying)
    margin: IMarginEngine.Margin = empty(IMarginEngine.Margin)
    stale: bool = False
    margin, stale = self._margin(book, needs, True, rolled, prices)
    if stale:
        extcall surface.refresh(book.positions)
        margin, stale = self._margin(book, needs, False, rolled, prices)
    return margin


@external
@view
@reentrant
def preview(book: IMarginEngine.Book) -> IMarginEngine.Margin:
    """
    @notice What `assess` would tell, changing nothing.
    """
    needs: Needs = self._needs(book)
    return self._margin(book, needs, False, 0, empty(IMarketData.Market))[0]


@internal
@view
def _needs(book: IMarginEngine.Book) -> Needs:
    needs: Needs = empty(Needs)
    every: uint256 = 0  # an id beyond the bitmap has one bit at least beyond its 6 bits
    seen: uint256 = max_value(uint256)  # underlying and expiry: more of them tells nothing new
    for position: uint256 in book.positions:
        if position >> 200 == seen:
            continue
        every |= position
        bit: uint256 = 1 << (position >> 240)
        needs.underlyings |= bit
        expiry: uint256 = instrument_._expiry(position)
        if expiry != 0:
            needs.dates |= bit
            if expiry > block.timestamp:
                needs.live |= bit
        seen = position >> 200
    assert every >> 246 == 0 and needs.underlyings & 1 == 0, "engine: unknown underlying"
    for holding: IMarginEngine.Holding in book.collateral:
        if holding.amount > 0:
            needs.underlyings |= 1 << haircut._underlying(self._asset(holding.asset))
    return needs


@internal
@view
def _margin(
    book: IMarginEngine.Book,
    needs: Needs,
    stored: bool,
    rolled: uint256,
    told: IMarketData.Market,
) -> (IMarginEngine.Margin, bool):
    """
    @notice Equity rounds down, margins round up.
    @param stored Only if all scenario words are stored.
    @param rolled An underlying whose market is at hand, 0: none.
    @param told That market.
    @return And whether they are not, and so the margin is nothing.
    """
    # unsafe: see above
    factors: IMarginEngine.Factors = empty(IMarginEngine.Factors)
    netted: bool = book.level == scan.PORTFOLIO
    sum: Tally = empty(Tally)
    if needs.underlyings == 0:  # in whose words they stand
        factors = factor._unpack(self._factors)
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        if needs.underlyings >> underlying == 0:
            break
        if (needs.underlyings >> underlying) & 1 == 0:
            continue
        prices: IMarketData.Market = (
            told if underlying == rolled else staticcall market.peek(underlying)
        )
        word: uint256 = self._underlying(underlying)
        params: IMarginEngine.UnderlyingParams = scan._unpack(word)
        factors = factor._unpack(scan._factors(word))

        held: uint256 = 0
        others: uint256 = sum.haircuts
        for holding: IMarginEngine.Holding in book.collateral:
            if (scan._assets(word) >> holding.asset) & 1 == 1:
                piece: haircut.Piece = haircut._piece(
                    haircut._unpack(self._asset(holding.asset)),
                    holding,
                    prices,
                    netted,
                    params.scan_range,
                    factors.initial,
                )
                held = unsafe_add(held, piece.value)
                sum.haircuts = unsafe_add(sum.haircuts, piece.haircut)
                sum.concentration = unsafe_add(sum.concentration, piece.concentration)
                sum.divergence = unsafe_add(sum.divergence, piece.divergence)
        spot: uint256 = held if netted else 0

        part: IVolSurface.Measure = empty(IVolSurface.Measure)
        if (needs.dates >> underlying) & 1 == 1:
            part = staticcall surface.measure(
                IVolSurface.Query(
                    underlying=underlying,
                    prices=prices,
                    params=params,
                    spot=spot,
                    apart=book.level == scan.POSITION,
                    stored=stored,
                ),
                book.positions,
            )
            if part.stale:
                return empty(IMarginEngine.Margin), True
        else:
            size: int256 = 0
            for position: uint256 in book.positions:
                if position >> 240 == underlying:
                    size = instrument_._size(position)
                    break
            part = self._straight(size, prices, params, spot)
        charges: uint256 = unsafe_add(unsafe_add(part.charges[0], part.charges[1]), part.charges[2])
        ahead: int256 = unsafe_add(part.delta, convert(spot, int256))
        asked: scan.Asked = scan.Asked(
            loss=part.loss,
            charges=unsafe_add(charges, scan._depth(params, prices.index, part.steep)),
            divergence=scan._divergence(ahead, prices.index, prices.stable),
            relief=0,
        )
        if part.bound:
            across: uint256 = unsafe_mul(params.scan_range, part.gross)
            sum.ranges = unsafe_add(sum.ranges, across)
        else:
            asked = scan._paid(
                asked,
                part.worth,
                wad._ceil_div(params.scan_range * spot, wad.BPS),
                scan._divergence(convert(spot, int256), prices.index, prices.stable),
                factors.initial,
            )
        sum.loss = unsafe_add(sum.loss, asked.loss)
        sum.charges = unsafe_add(sum.charges, asked.charges)
        sum.divergence = unsafe_add(sum.divergence, asked.divergence)
        sum.relief = unsafe_add(sum.relief, asked.relief)
        if netted and needs.underlyings != 1 << underlying:  # else there is nothing to net with
            sum.netting = factor._add(sum.netting, params, part, asked.loss)
        sum.profit = unsafe_add(sum.profit, part.profit)
        sum.worth = unsafe_add(sum.worth, unsafe_add(part.worth, convert(held, int256)))
        if prices.validity < doubts.OPEN:
            exposure: uint256 = unsafe_add(held, part.gross)
            sum.exposed.late = unsafe_add(sum.exposed.late, exposure)
            risk: uint256 = unsafe_add(asked.loss, asked.charges)
            asks: uint256 = unsafe_add(unsafe_sub(sum.haircuts, others), risk)
            sum.doubt = doubts._add(sum.doubt, underlying, asks)
            if prices.validity == doubts.STALE:
                far: uint256 = doubts._far(
                    book.positions, underlying, prices.index, params.scan_range
                )
                lost: uint256 = doubts._lost(part, held, spot, far, params.scan_range, risk)
                sum.exposed.stale = unsafe_add(sum.exposed.stale, lost)
                moved: uint256 = unsafe_mul(params.scan_range, unsafe_add(held, part.steep))
                reach: uint256 = min(wad._ceil_div(moved, wad.BPS), asks)
                sum.exposed.reach = unsafe_add(sum.exposed.reach, reach)
        elif part.late != 0:
            sum.exposed.late = unsafe_add(sum.exposed.late, part.late)
            old: uint256 = wad._ceil_div(unsafe_mul(params.scan_range, part.late), wad.BPS)
            sum.doubt = doubts._add(sum.doubt, underlying, old)
        if part.late != 0:
            unfixed: uint256 = doubts._unfixed(
                market, book.positions, underlying, params.scan_range
            )
            sum.exposed.stale = unsafe_add(sum.exposed.stale, unfixed)
    requirement: uint256 = sum.loss
    if sum.netting.count > 0:
        requirement = factor._requirement(sum.netting, factors.floor)
        if requirement < sum.loss:
            # netting lowers what is forgiven by as much as what is asked; rounded down
            sum.relief = sum.relief * requirement // sum.loss
    maintenance: uint256 = unsafe_add(unsafe_add(sum.haircuts, requirement), sum.charges)
    settled: int256 = unsafe_add(book.cash, book.basis)
    settled = unsafe_add(settled, wad._floor_div(sum.profit, wad.ISIZE))
    least: uint256 = scan._least(settled, sum.ranges)
    initial: uint256 = max(maintenance + sum.concentration, least)
    initial = wad._ceil_div(unsafe_mul(factors.initial, initial), wad.BPS)
    initial = initial + sum.divergence - sum.relief
    if scan._is_broad(needs.live):
        initial = scan.NO_MARGIN
    maintenance = min(max(maintenance, least), scan.LARGEST_MARGIN)
    equity: int256 = scan._clamped(settled + sum.worth, scan.LARGEST_EQUITY)
    validity: uint256 = doubts.OPEN  # mostly nothing is in doubt
    if sum.exposed.late != 0:
        saved: uint256 = unsafe_sub(sum.loss, requirement)
        validity = doubts._validity(sum.exposed, saved, equity, maintenance, initial)
    return IMarginEngine.Margin(
        equity=equity,
        maintenance=maintenance,
        target=wad._ceil_div(factors.target * maintenance, wad.BPS),
        initial=initial,
        validity=validity,
        doubt=sum.doubt,
    ), False


@internal
@pure
def _straight(
    size: int256,
    prices: IMarketData.Market,
    params: IMarginEngine.UnderlyingParams,
    spot: uint256,
) -> IVolSurface.Measure:
    """
    @notice What an underlying of which there is only the perpetual is worth and asks for: a line,
        which loses most at an end of the range.
    """
    part: IVolSurface.Measure = empty(IVolSurface.Measure)
    # unsafe: see above
    gap: int256 = unsafe_sub(convert(prices.mark, int256), prices.funding)
    part.profit = unsafe_mul(size, gap)
    part.delta = scan._notional(size, prices.mark)
    part.bound = True
    part.gross = convert(abs(part.delta), uint256)
    part.profile.line = unsafe_add(part.delta, convert(spot, int256))
    net: uint256 = convert(abs(part.profile.line), uint256)
    part.loss = wad._ceil_div(unsafe_mul(params.scan_range, net), wad.BPS)
    matched: uint256 = unsafe_sub(unsafe_add(part.gross, spot), net) >> 1
    part.charges[0] = wad._ceil_div(unsafe_mul(params.calendar, matched), wad.BPS)
    part.steep = unsafe_sub(part.gross, matched >> 1)
    return part


@external
@reentrant
def mark(instrument: uint256) -> (uint256, uint256, uint256):
    """
    @notice What one contract of an option is worth at prices and volatilities rolled now, WAD,
        rounded down, how valid that is, and what it is worth at most.
    @param instrument A call or a put that has not expired; of anything else all are 0.
    """
    return extcall surface.mark(instrument)


@external
@view
def knows(underlying: uint256, expiry: uint256) -> bool:
    """
    @notice Whether positions of an expiry can be assessed: the underlying is known, the surface's
        nodes hold its scan range, and the expiry has a smile.
    """
    if underlying >= MAX_UNDERLYINGS or self._underlyings[underlying] == 0:
        return False
    least: uint256 = scan._span(scan._unpack(self._underlyings[underlying]).scan_range)
    if staticcall surface.span(underlying) < least:
        return False
    return staticcall surface.knows(underlying, expiry)


# -- governance ------------------------------------------------------------------------------------


@external
def set_underlying(underlying: uint256, params: IMarginEngine.UnderlyingParams):
    """
    @notice Steward or governor, a new one the governor only; outside of batches.
    @param underlying Id, 1 .. 63, of a market that is listed.
    @param params Bounds: scan range 1 .. 40 %, and no more than the first haircut less the
        liquidity haircut of any asset that is priced by it; |beta| at most 1; calendar at most
        half the scan range and 5 %; depth at least 1 contract.
    """
    word: uint256 = self._underlyings[underlying]
    self._only_steward(word == 0)
    assert underlying != 0 and underlying < MAX_UNDERLYINGS, "engine: id out of range"
    scan._check(params)
    assets: uint256 = scan._assets(word)
    for asset: uint256 in range(MAX_ASSETS):
        if (assets >> asset) & 1 == 1:
            haircut._check_range(haircut._unpack(self._assets[asset]), params.scan_range)
    assert (staticcall market.feed(underlying)) != empty(address), "engine: no market"
    span: uint256 = staticcall surface.span(underlying)
    assert span == 0 or scan._span(params.scan_range) <= span, "engine: scan range beyond span"
    word = scan._with_factors(scan._pack(params, assets), self._factors)
    self._underlyings[underlying] = word
    log IMarginEngine.UnderlyingChanged(underlying=underlying, params=params)


@external
def set_asset(asset: uint256, params: IMarginEngine.AssetParams):
    """
    @notice Steward or governor, a new one the governor only; outside of batches.
    @param asset Id, 0 .. 31.
    @param params The underlying, known here, and the decimals, at most 18, are for ever. Bounds:
        limits and haircuts do not fall; volatility 1x .. 3x; the last haircut times volatility
        at most 100 %; the first at least liquidity and scan range; scale at least 1 token.
    """
    word: uint256 = self._assets[asset]
    self._only_steward(word == 0)
    assert asset < MAX_ASSETS, "engine: id out of range"
    if word != 0:
        old: IMarginEngine.AssetParams = haircut._unpack(word)
        assert params.underlying == old.underlying, "engine: underlying is for ever"
        assert params.decimals == old.decimals, "engine: decimals are for ever"
    underlying: uint256 = self._underlying(params.underlying)
    haircut._check(params, scan._unpack(underlying).scan_range)
    self._underlyings[params.underlying] = underlying | (1 << asset)
    self._assets[asset] = haircut._pack(params)
    log IMarginEngine.AssetChanged(asset=asset, params=params)


@external
def set_factors(factors: IMarginEngine.Factors):
    """
    @notice Steward or governor, the first time the governor only; outside of batches.
    @param factors Bounds: 1 < target <= initial <= 3; floor 5 .. 100 %.
    """
    self._only_steward(self._factors == 0)
    factor._check(factors)
    packed: uint256 = factor._pack(factors)
    self._factors = packed
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        word: uint256 = self._underlyings[underlying]
        if word != 0:
            self._underlyings[underlying] = scan._with_factors(word, packed)
    log IMarginEngine.FactorsChanged(factors=factors)


@internal
@view
def _only_steward(new: bool):
    """
    @dev Parameters are what the checks at the end of a batch are made of.
    """
    if new:
        governed._only_governor()
    else:
        governed._only_steward()
    governed._only_locked()


# -- views -----------------------------------------------------------------------------------------


@external
@view
def underlying_params(underlying: uint256) -> IMarginEngine.UnderlyingParams:
    """
    @notice Reverts where the underlying is unknown.
    """
    return scan._unpack(self._underlying(underlying))


@external
@view
def asset_params(asset: uint256) -> IMarginEngine.AssetParams:
    """
    @notice Reverts where the asset is unknown.
    """
    return haircut._unpack(self._asset(asset))


@external
@view
def collateral_validity(asset: uint256) -> uint256:
    """
    @notice How good the price of an asset is; reverts where the asset is unknown.
    """
    return (staticcall market.peek(haircut._underlying(self._asset(asset)))).validity


@external
@view
def factors() -> IMarginEngine.Factors:
    """
    @notice All 0 until they are set.
    """
    return factor._unpack(self._factors)


@internal
@view
def _underlying(underlying: uint256) -> uint256:
    word: uint256 = self._underlyings[underlying]
    assert word != 0, "engine: unknown underlying"
    return word


@internal
@view
def _asset(asset: uint256) -> uint256:
    word: uint256 = self._assets[asset]
    assert word != 0, "engine: unknown asset"
    return word
