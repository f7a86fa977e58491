# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Scanner
@license AGPL-3.0-only
@author Plimsoll contributors
@notice What positions of one underlying are worth, and what the scan asks of them, as far as
        futures and options are among them. The margin engine asks it; it keeps nothing. A
        contract of its own, so that accounts without such positions do not pay for its memory.
@dev Trusts the market data and the surface. See modules/strips, modules/scan.
@custom:kill Nothing to stop: this is arithmetic. It is replaced with the engine that asks it.
"""

from interfaces import IMarketData
from interfaces import IScanner
from interfaces import IVolSurface
from modules import instrument as instrument_
from modules import scan
from modules import scenario
from modules import strips
from modules import wad

implements: IScanner

market: public(immutable(IMarketData))
surface: public(immutable(IVolSurface))


@deploy
def __init__(_market: address, _surface: address):
    """
    @param _market Prices.
    @param _surface Values of options.
    """
    market = IMarketData(_market)
    surface = IVolSurface(_surface)


@external
@view
def measure(query: IScanner.Query, positions: DynArray[uint256, 128]) -> IScanner.Measure:
    """
    @notice Measures positions that net, or each by itself.
    @param positions Position words; those of other underlyings are left out.
    """
    words: DynArray[uint256, 128] = []
    grid: IVolSurface.Epoch = empty(IVolSurface.Epoch)
    if query.curved:
        grid, words = staticcall surface.read(query.underlying, query.prices, positions)
    frame: strips.Frame = strips._frame(query.underlying, query.prices, query.params, grid)
    sum: IScanner.Measure = empty(IScanner.Measure)
    count: uint256 = len(positions)
    for i: uint256 in range(count if query.apart else 1, bound=128):
        last: uint256 = count
        if query.apart:
            if positions[i] >> 240 != query.underlying:
                continue
            last = unsafe_add(i, 1)
        risk: strips.Risk = strips._gather(market, frame, positions, words, i, last)
        part: strips.Part = strips._measure(risk, frame, query.spot)
        # unsafe: see modules/strips
        sum.profit = unsafe_add(sum.profit, risk.profit)
        sum.worth = unsafe_add(sum.worth, part.worth)
        sum.plain = unsafe_add(sum.plain, part.plain)
        sum.extreme = unsafe_add(sum.extreme, part.extreme)
        sum.loss = unsafe_add(sum.loss, convert(part.loss, uint256))
        sum.charges[0] = unsafe_add(sum.charges[0], part.charges[0])
        sum.charges[1] = unsafe_add(sum.charges[1], part.charges[1])
        sum.charges[2] = unsafe_add(sum.charges[2], part.charges[2])
        sum.steep = unsafe_add(sum.steep, part.steep)
        sum.delta = unsafe_add(sum.delta, risk.delta)
        sum.vega = unsafe_add(sum.vega, risk.vega)
        sum.gross = unsafe_add(sum.gross, risk.gross)
        sum.late = unsafe_add(sum.late, risk.late)
        sum.bound = sum.bound or risk.bound
        sum.profile = part.profile
    return sum


@external
def mark(instrument: uint256) -> uint256:
    """
    @notice What one contract of an option is worth at prices and volatilities rolled now, WAD,
        rounded down.
    @param instrument A call or a put that has not expired; of anything else it is 0.
    """
    underlying: uint256 = instrument_._underlying(instrument)
    prices: IMarketData.Market = extcall market.roll(underlying)
    grid: IVolSurface.Epoch = empty(IVolSurface.Epoch)
    word: uint256 = 0
    grid, word = extcall surface.load_one(instrument)
    if word == 0:
        return 0
    one: uint256[8] = scenario._add(empty(uint256[8]), word, wad.ISIZE)
    curve: int256[16] = scenario._values(one, scan._unit(grid, wad.SIZE))
    worth: int256 = scan._mark(curve, scan._axis(grid, prices.index))
    if instrument_._kind(instrument) == instrument_.PUT:
        expiry: uint256 = instrument_._expiry(instrument)
        forward: IMarketData.Forward = staticcall market.forward(underlying, expiry)
        ahead: uint256 = forward.fixed + forward.ratio * prices.index // wad.WAD
        strike: uint256 = instrument_._strike(instrument) * instrument_.STRIKE_UNIT
        worth += convert(strike, int256) - convert(ahead, int256)
    return convert(max(0, worth), uint256)
