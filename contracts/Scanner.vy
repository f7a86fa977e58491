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
    mine: DynArray[uint256, 128] = positions
    if query.mixed:
        mine = self._of(query.underlying, positions)
    words: DynArray[uint256, 128] = []
    grid: IVolSurface.Epoch = empty(IVolSurface.Epoch)
    if self._is_curved(mine):
        words = staticcall surface.peek(mine)
        grid = staticcall surface.epoch(query.underlying)
    sum: IScanner.Measure = empty(IScanner.Measure)
    count: uint256 = len(mine)
    for i: uint256 in range(count if query.apart else 1, bound=128):
        last: uint256 = unsafe_add(i, 1) if query.apart else count
        risk: strips.Risk = strips._gather(
            market,
            grid,
            query.underlying,
            query.prices,
            query.params.scan_range,
            mine,
            words,
            i,
            last,
        )
        part: strips.Part = strips._measure(
            risk, grid, query.params, query.prices.index, query.spot
        )
        # unsafe: see modules/strips
        sum.profit = unsafe_add(sum.profit, risk.profit)
        sum.worth = unsafe_add(sum.worth, part.worth)
        sum.plain = part.plain
        sum.extreme = part.extreme
        sum.loss = unsafe_add(sum.loss, convert(part.loss, uint256))
        charges: uint256 = unsafe_add(part.charges[0], part.charges[1])
        sum.charges = unsafe_add(sum.charges, unsafe_add(charges, part.charges[2]))
        sum.steep = unsafe_add(sum.steep, part.steep)
        sum.delta = unsafe_add(sum.delta, risk.delta)
        sum.gross = unsafe_add(sum.gross, risk.gross)
        sum.late = unsafe_add(sum.late, risk.late)
        sum.bound = sum.bound or risk.bound
        sum.profile = part.profile
    return sum


@internal
@pure
def _of(underlying: uint256, positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    mine: DynArray[uint256, 128] = []
    for position: uint256 in positions:
        if position >> 240 == underlying:
            mine.append(position)
    return mine


@internal
@view
def _is_curved(positions: DynArray[uint256, 128]) -> bool:
    """
    @notice Whether there are live options among positions.
    """
    for position: uint256 in positions:
        if instrument_._strike(position) != 0 and instrument_._expiry(position) > block.timestamp:
            return True
    return False


@external
def mark(instrument: uint256) -> uint256:
    """
    @notice What one contract of an option is worth at prices and volatilities rolled now, WAD,
        rounded down.
    @param instrument A call or a put that has not expired; of anything else it is 0.
    """
    underlying: uint256 = instrument_._underlying(instrument)
    prices: IMarketData.Market = extcall market.roll(underlying)
    call: bool = instrument_._kind(instrument) == instrument_.CALL
    size: uint256 = wad.SIZE << instrument_.SIZE_SHIFT if call else wad.SIZE
    key: uint256 = instrument_._key(instrument) << instrument_.KEY_SHIFT
    one: DynArray[uint256, 128] = [key | size]
    words: DynArray[uint256, 128] = extcall surface.load(one)
    grid: IVolSurface.Epoch = staticcall surface.epoch(underlying)
    risk: strips.Risk = strips._gather(
        market, grid, underlying, prices, scan.MIN_RANGE, one, words, 0, 1
    )
    worth: int256 = 0
    delta: int256 = 0
    worth, delta = strips._now(risk.sums, grid.reference, risk.axis)
    return convert(max(0, unsafe_add(worth, scan._contracts(risk.parity))), uint256)
