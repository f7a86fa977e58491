# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Margin engine
@license AGPL-3.0-only
@author Plimsoll contributors
@notice The risk methodology: what an account is worth, and how much of that its risk needs. It
        holds parameters and nothing of anybody's, and never moves money. The arithmetic is that
        of plimsoll.spec.margin, to the wei.

        equity       cash + X + collateral at the index, no haircut
        X            unsettled profit: basis + sum of size * (mark - funding)
        maintenance  MM = haircuts + scan requirement + calendar and depth charges: below it an
                     account may be liquidated
        target       k_T * MM: what a liquidation restores
        initial      IM = k_I * (MM + concentration) + divergence: what opening risk and
                     withdrawing need
        validity     that of the least valid price that matters: 2 opens risk, 1 liquidates, 0 is
                     stale

        haircuts     tiered, of each collateral; see modules/haircut
        scan         the loss within the scan range R of each underlying, netted as the account's
                     level allows; see modules/scan and modules/factor
        levels       0 POSITION: every position by itself; 1 UNDERLYING: positions of one
                     underlying together; 2 PORTFOLIO: underlyings with each other, and with
                     collateral that they price
        divergence   what the book is worth more at the index than at the stable price

@dev Trusts the market data, and the registry for who governs. Assessing never reverts for a book
     that the vault can hold, so whatever a feed says, nobody escapes liquidation:
     - A holding and a position count for at most 2**106 (81 trillion), which keeps the products
       of margins below 2**253; see the modules.
     - Sizes are below 2**67 and prices below 2**84, so a notional is below 2**151 before it is
       divided. Amounts of collateral are below 2**112 (the registry's caps), hence values below
       2**196 before they are divided.
     - Cash and basis are below 2**141 (int104, times an interest index below 2**37); marks less
       funding below 2**96, so an account's profit is below 2**170 before it is divided. With
       maintenance below 2**113 the vault's products of equity and maintenance stay below 2**255.
     - Who is listed here has a market, so prices are always told.
@custom:kill Nothing to stop: this is arithmetic. The governor lets the registry name another
     engine; the guardian pauses withdrawing, trading or liquidating there.
"""

from interfaces import IMarginEngine
from interfaces import IMarketData
from modules import factor
from modules import governed
from modules import haircut
from modules import instrument
from modules import scan
from modules import wad

implements: IMarginEngine

initializes: governed

exports: governed.registry

MAX_UNDERLYINGS: constant(uint256) = 64  # ids 1 .. 63
MAX_ASSETS: constant(uint256) = 32  # ids 0 .. 31

market: public(immutable(IMarketData))

# words, laid out in scan, haircut and factor; 0 where there is none
_underlyings: HashMap[uint256, uint256]
_assets: HashMap[uint256, uint256]
_factors: uint256


struct Tally:
    profit: int256  # sum of size * (mark - funding), WAD * 1e8
    spot: uint256  # value of collateral
    haircuts: uint256
    charges: uint256  # calendar and depth
    concentration: uint256
    divergence: uint256
    stale: uint256  # what hangs on stale prices, and on those that do not open risk
    late: uint256
    losses: factor.Losses


@deploy
def __init__(registry: address, _market: address):
    """
    @param registry Who governs.
    @param _market Prices.
    """
    governed.__init__(registry)
    market = IMarketData(_market)


@external
@reentrant
def assess(book: IMarginEngine.Book) -> IMarginEngine.Margin:
    """
    @notice Margin of a book at prices rolled now.
    @dev Reentrant, as there is no state of its own that a lock could guard.
    """
    underlyings: uint256 = self._underlyings_of(book)
    tally: Tally = empty(Tally)
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        if underlyings >> underlying == 0:
            break
        if (underlyings >> underlying) & 1 == 1:
            prices: IMarketData.Market = extcall market.roll(underlying)
            tally = self._add(tally, book, underlying, prices)
    return self._margin(book.level, book.cash, book.basis, tally)


@external
@view
@reentrant
def preview(book: IMarginEngine.Book) -> IMarginEngine.Margin:
    """
    @notice What `assess` would tell, changing nothing.
    """
    underlyings: uint256 = self._underlyings_of(book)
    tally: Tally = empty(Tally)
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        if underlyings >> underlying == 0:
            break
        if (underlyings >> underlying) & 1 == 1:
            prices: IMarketData.Market = staticcall market.peek(underlying)
            tally = self._add(tally, book, underlying, prices)
    return self._margin(book.level, book.cash, book.basis, tally)


@internal
@view
def _underlyings_of(book: IMarginEngine.Book) -> uint256:
    """
    @notice Bitmap of the underlyings that a book depends on.
    """
    underlyings: uint256 = 0
    for word: uint256 in book.positions:
        underlying: uint256 = instrument._underlying(word)
        assert underlying != 0 and underlying < MAX_UNDERLYINGS, "engine: unknown underlying"
        underlyings |= 1 << underlying
    for holding: IMarginEngine.Holding in book.collateral:
        if holding.amount > 0:
            underlyings |= 1 << haircut._underlying(self._asset(holding.asset))
    return underlyings


@internal
@view
def _add(
    tally: Tally,
    book: IMarginEngine.Book,
    underlying: uint256,
    prices: IMarketData.Market,
) -> Tally:
    """
    @notice The tally with all that a book has of one underlying.
    """
    sum: Tally = tally
    word: uint256 = self._underlying(underlying)
    params: IMarginEngine.UnderlyingParams = scan._unpack(word)
    risk: scan.Risk = empty(scan.Risk)

    gap: int256 = convert(prices.mark, int256) - prices.funding
    for position: uint256 in book.positions:
        if instrument._underlying(position) == underlying:
            # unsafe: see above
            size: int256 = instrument._size(position)
            notional: int256 = scan._notional(size, prices.mark)
            sum.profit = unsafe_add(sum.profit, unsafe_mul(size, gap))
            risk.gross = unsafe_add(risk.gross, convert(abs(notional), uint256))
            risk.derivatives = unsafe_add(risk.derivatives, notional)
    netted: bool = book.level == scan.PORTFOLIO
    for holding: IMarginEngine.Holding in book.collateral:
        if (scan._assets(word) >> holding.asset) & 1 == 0:
            continue
        asset: IMarginEngine.AssetParams = haircut._unpack(self._asset(holding.asset))
        worth: uint256 = haircut._value(holding.amount, prices.index, asset.decimals)
        cut: uint256 = haircut._haircut(asset, worth, netted)
        taken: uint256 = cut
        if netted:
            risk.spot += worth
            taken += wad._ceil_div(worth * params.scan_range, wad.BPS)
        elif prices.index > prices.stable:
            sum.divergence += worth - haircut._value(holding.amount, prices.stable, asset.decimals)
        sum.spot += worth
        sum.haircuts += cut
        # what IM could take at most: rounds down, so that collateral never counts below nothing
        most: uint256 = worth * wad.BPS // factor._unpack(self._factors).initial
        sum.concentration += haircut._concentration(
            asset, worth, holding.total, most - min(most, taken)
        )

    loss: int256 = 0
    calendar: uint256 = 0
    depth: uint256 = 0
    loss, calendar, depth = scan._charges(book.level, params, prices.index, risk)
    sum.losses = factor._add(sum.losses, params.beta, loss)
    sum.charges += calendar + depth
    net: int256 = risk.derivatives + convert(risk.spot, int256)
    sum.divergence += scan._divergence(net, prices.index, prices.stable)
    exposure: uint256 = risk.gross + sum.spot - tally.spot
    if prices.validity < scan.OPEN:
        sum.late += exposure
    if prices.validity == scan.STALE:
        sum.stale += exposure
    return sum


@internal
@view
def _margin(level: uint256, cash: int256, basis: int256, tally: Tally) -> IMarginEngine.Margin:
    """
    @notice Equity rounds down, margins round up.
    """
    factors: IMarginEngine.Factors = factor._unpack(self._factors)
    requirement: uint256 = tally.losses.total
    if level == scan.PORTFOLIO:
        requirement = factor._requirement(tally.losses, factors.floor)
    maintenance: uint256 = tally.haircuts + requirement + tally.charges
    initial: uint256 = wad._ceil_div(factors.initial * (maintenance + tally.concentration), wad.BPS)
    profit: int256 = basis + wad._floor_div(tally.profit, wad.ISIZE)
    return IMarginEngine.Margin(
        equity=cash + profit + convert(tally.spot, int256),
        maintenance=maintenance,
        target=wad._ceil_div(factors.target * maintenance, wad.BPS),
        initial=initial + tally.divergence,
        validity=scan._validity(tally.stale, tally.late, maintenance),
    )


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
    self._underlyings[underlying] = scan._pack(params, assets)
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
    self._factors = factor._pack(factors)
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
