# pragma version 0.4.3
"""
@title Prices that are not good
@notice What is asked for at prices that do not open risk, what may be lost at those that nobody
        knows, and what they still serve for. As in plimsoll.spec.margin.

        Doubt is what is asked for of each underlying by itself, so that none moves from one to
        another: a word of eight lanes of 32 bits, lane id % 8 at bits 32 * (id % 8), in whole
        quote, rounded up. The highest bit of a lane stays 0, so that all lanes are compared at
        once.
@dev Nothing overflows: see modules/scan and modules/strips; exposures are below 2**115.
"""

from interfaces import IMarketData
from interfaces import IVolSurface
from modules import instrument
from modules import scan
from modules import strips
from modules import wad

LANES: constant(uint256) = 8
BITS: constant(uint256) = 32
LARGEST: constant(uint256) = 2**31 - 1  # of a lane
GUARDS: constant(uint256) = max_value(uint256) // (2**32 - 1) * 2**31  # one of each lane
UINT40: constant(uint256) = 2**40 - 1

# validity: what a price still serves for, see MarketData
STALE: constant(uint256) = 0
LIQUIDATION: constant(uint256) = 1
COLLATERAL: constant(uint256) = 2
OPEN: constant(uint256) = 3

MATERIAL: constant(
    uint256
) = 20  # a price counts if more than one part in so many of MM hangs on it
OUTER: constant(uint256) = 4  # of a loss at the outer extremes one part in so many is asked for
FURTHEST: constant(uint256) = 2  # place of the outer extreme below among the moves to extremes


# what hangs on prices that are not good enough; WAD
struct Exposed:
    late: uint256  # |notional| of positions, value of collateral, on those that do not open risk
    # what may be lost of that, on those of them that do not liquidate; and of what has expired at a
    # price that is not known yet
    stale: uint256
    # the most that the former's scan ranges can be worth to the account, up to what it is asked for
    # there: what is hedged, or cheap, would be a shield for little
    reach: uint256


@internal
@pure
def _add(word: uint256, underlying: uint256, asks: uint256) -> uint256:
    """
    @notice The word with more in the lane of an underlying.
    @param asks WAD.
    """
    # unsafe: a place is below 256, a lane is at most LARGEST
    place: uint256 = unsafe_mul(underlying % LANES, BITS)
    lane: uint256 = (word >> place) & LARGEST
    more: uint256 = min(wad._ceil_div(asks, wad.WAD), LARGEST)
    more = min(unsafe_add(lane, more), LARGEST)
    return unsafe_add(word, unsafe_sub(more, lane) << place)


@internal
@pure
def _is_more(after: uint256, before: uint256) -> bool:
    """
    @notice Whether anything is more in any lane.
    """
    # unsafe: with its guard a lane of `before` is above any of `after`
    guards: uint256 = GUARDS
    return unsafe_sub(before | guards, after) & guards != guards


@internal
@pure
def _lost(
    part: IVolSurface.Measure,
    held: uint256,
    spot: uint256,
    far: uint256,
    scan_range: uint256,
    risk: uint256,
) -> uint256:
    """
    @notice What may be lost of an underlying whose price nobody knows, WAD. Of positions, as much
        as at the extremes, of whose loss a quarter is asked for at least, and no more than what
        they are about. Of collateral, what is lost with the positions that it nets with if the
        price goes to nothing: calls do then, and puts are calls less forwards. What pays only
        beyond four scan ranges is no hedge of what is lost on the way there.
    @param held Value of collateral, WAD.
    @param spot The same where it nets, else 0.
    @param far See `_far`; only looked at where collateral nets.
    @param risk What is asked of positions, WAD.
    """
    # unsafe: see above
    bare: int256 = convert(held, int256)
    if spot != 0:
        lost: int256 = unsafe_add(part.profile.line, part.profile.mark)
        rest: uint256 = strips._after(spot, scan._extreme_moves(scan_range)[FURTHEST])
        least: int256 = min(unsafe_add(lost, convert(far, int256)), convert(rest, int256))
        bare = max(0, min(max(lost, least), bare))
    return unsafe_add(convert(bare, uint256), min(part.gross, unsafe_mul(OUTER, risk)))


@internal
@pure
def _far(
    positions: DynArray[uint256, 128], underlying: uint256, index: uint256, scan_range: uint256
) -> uint256:
    """
    @notice What long options are struck at, together, that are at the money only beyond four scan
        ranges down. WAD, rounded down.
    """
    # unsafe: strikes are below 2**98, and so a sum of sizes times strikes is below 2**173
    end: uint256 = strips._after(index, scan._extreme_moves(scan_range)[FURTHEST])
    far: uint256 = 0
    for position: uint256 in positions:
        strike: uint256 = unsafe_mul(instrument._strike(position), instrument.STRIKE_UNIT)
        if position >> 240 != underlying or strike >= end:
            continue
        calls: int256 = 0
        puts: int256 = 0
        calls, puts = instrument._sizes(position)
        size: uint256 = convert(max(0, unsafe_add(calls, puts)), uint256)
        far = unsafe_add(far, unsafe_mul(size, strike))
    return far // wad.SIZE


@internal
@view
def _unfixed(
    market: IMarketData,
    positions: DynArray[uint256, 128],
    underlying: uint256,
    scan_range: uint256,
) -> uint256:
    """
    @notice What expired positions may lose, in four scan ranges, that settle at what nobody knows
        yet. Those of one expiry net: what another one settles at is another price. WAD, rounded up.
    """
    # unsafe: see above
    moves: int256[4] = scan._extreme_moves(scan_range)
    lost: uint256 = 0  # WAD * SIZE
    last: uint256 = underlying << 40  # the perpetual's series
    for _: uint256 in range(128):
        series: uint256 = max_value(uint256)  # the next one
        for position: uint256 in positions:
            if position >> 200 > last:
                series = min(series, position >> 200)
        expiry: uint256 = series & UINT40
        if series >> 40 != underlying or expiry > block.timestamp:
            break
        last = series
        told: IMarketData.Forward = staticcall market.forward(underlying, expiry, 0, 0)
        if told.fresh:
            continue
        low: uint256 = strips._after(told.fixed, moves[FURTHEST])
        high: uint256 = strips._after(told.fixed, moves[FURTHEST + 1])
        fallen: int256 = 0  # what is lost there, WAD * SIZE
        risen: int256 = 0
        for position: uint256 in positions:
            if position >> 200 != series:
                continue
            worth: int256 = strips._payoff(position, told.fixed)
            fallen = unsafe_add(fallen, unsafe_sub(worth, strips._payoff(position, low)))
            risen = unsafe_add(risen, unsafe_sub(worth, strips._payoff(position, high)))
        lost = unsafe_add(lost, convert(max(0, max(fallen, risen)), uint256))
    return strips._gross(lost)


@internal
@pure
def _matters(exposed: uint256, maintenance: uint256, spare: int256) -> bool:
    """
    @notice Whether a price matters on which so much hangs: more than a twentieth of MM, or what
        decides whether IM is covered, however little that is.
    @param spare What equity is beyond IM.
    """
    decides: bool = spare >= 0 and spare < convert(exposed, int256)
    return decides or unsafe_mul(exposed, MATERIAL) > maintenance  # unsafe: see above


@internal
@pure
def _validity(
    exposed: Exposed, saved: uint256, equity: int256, maintenance: uint256, initial: uint256
) -> uint256:
    """
    @notice What prices that are late or stale still serve for. One on which hardly anything hangs
        does not matter: otherwise a wei of something whose feed is silent would keep an account
        from being liquidated. But one that decides whether IM is covered does: options that are
        fully paid can be nearly all of MM, and worth nothing in the end. Stale prices that matter
        liquidate where they decide nothing: of an account that is short even if they have moved by
        their scan ranges in its favour, or even if nothing were asked for what hangs on them; and
        for one that covers IM though all is lost that hangs on them.
    @param saved By netting, WAD: what is not asked for anywhere is no shield.
    """
    # unsafe: exposures are below 2**115, equity is below 2**142 and a margin below 2**142
    spare: int256 = unsafe_sub(equity, convert(initial, int256))
    if not self._matters(exposed.late, maintenance, spare):
        return OPEN
    if not self._matters(exposed.stale, maintenance, spare):
        return LIQUIDATION
    reach: uint256 = unsafe_sub(max(exposed.reach, saved), saved)
    best: int256 = unsafe_add(equity, convert(reach, int256))
    if best < convert(maintenance, int256) or spare >= convert(exposed.stale, int256):
        return LIQUIDATION
    return STALE
