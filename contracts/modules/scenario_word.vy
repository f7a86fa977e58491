# pragma version 0.4.3
"""
@title Scenario words
@notice What a call is worth in 15 scenarios, in 16 lanes of 16 bits, lane k at bits 16k:

            0         stamp: the low 16 bits of its epoch's number, never 0
            1 .. 3    the call now, at the spots S0 (1 - B), S0, S0 (1 + B)
            4 .. 10   at 7 spots S0 (1 + (i - 3) / 3 G), i = 0 .. 6, volatility down
            11 .. 15  at 5 spots S0 (1 + (j - 2) / 2 G), j = 0 .. 4, volatility up

        in units of S0 / 2**15, rounded down, or of so many times that, a power of two, that lanes
        hold a forward's worth at all of these spots: in the last half hour before an expiry it
        hardly falls with the spot. With T the expiry less the epoch's time,

            F    fixed + ratio * spot
            vol  the smile's at k = ln(strike / F), times 1 + g / 2 (up) or max(0.1, 1 - g / 4)
                 (down), g = (30 / max(T, 1))**(0.30 if T < 30 else 0.13), T in days

        and lanes with volatility down are priced a day later. What settles is an average over the
        last 30 minutes, so what counts of T is max(T - 20 minutes, T / 3), and within them F
        depends less and less on spot: volatility counts by the share ratio * spot / F. As in
        plimsoll.spec.surface.
@dev Nothing reverts. Indexes are below 2**84, ratios at most 1.25, what is fixed is an average of
     indexes: spots and forwards are below 2**86, strikes below 2**98. With G at most 1/2 a
     forward is within half of the middle one.
"""

from interfaces import IMarketData
from interfaces import IVolSurface
from modules import black76
from modules import smile
from modules import wad
from snekmate.utils import math

DAY: constant(uint256) = 86_400
WINDOW: constant(uint256) = 1_800  # before an expiry, over which the index is averaged
STRIKE_UNIT: constant(int256) = 10**10  # WAD
UNIT: constant(int256) = 2**15  # lane units in S0
MAX_LANE: constant(int256) = 2**16 - 1
NEAR: constant(int256) = wad.IWAD // 2  # within which `_ln_1p` serves

# nodes: nine places beside S0, in sixths of G and from -6, then the bounds; a byte for each, the
# lowest for the first
NODES: constant(uint256) = 11
BOUNDS: constant(uint256) = 9
CENTER: constant(uint256) = 4
PLACES: constant(uint256) = 222084046921614426624
# where in the word the lanes of each node are, in bits, in the same way; 0: it has none
NOWS: constant(uint256) = 58103997205228252148269056
DOWNS: constant(uint256) = 2961855486555125207104
UPS: constant(uint256) = 4427281628978441355440
BYTE: constant(uint256) = 255


struct Node:
    forward: int256  # WAD
    ln: int256  # of it, WAD
    share: int256  # ratio * spot / forward, WAD


struct Series:
    # what the strikes of an expiry have in common in an epoch, WAD
    nodes: Node[11]
    now: int256  # what annual volatility is to be multiplied by
    up: int256
    down: int256
    unit: int256  # of a lane, WAD**2
    smile: IVolSurface.Smile


@internal
@pure
def _series(
    epoch: IVolSurface.Epoch,
    expiry: uint256,
    forward: IMarketData.Forward,
    shape: IVolSurface.Smile,
) -> Series:
    """
    @param expiry Not before the epoch's time.
    """
    # unsafe: see above; products of two WADs are below 2**160, sums and differences positive
    left: uint256 = unsafe_sub(expiry, epoch.time)
    up: int256 = 0
    down: int256 = 0
    up, down = self._factors(left)
    now: int256 = self._root(left)
    later: int256 = self._root(unsafe_sub(max(left, DAY), DAY))
    reference: int256 = convert(epoch.reference, int256)
    unit: int256 = unsafe_div(unsafe_mul(reference << epoch.lift, wad.IWAD), UNIT)
    most: int256 = unsafe_div(unsafe_mul(MAX_LANE, unit), wad.IWAD)
    series: Series = Series(
        nodes=empty(Node[11]),
        now=now,
        up=unsafe_div(unsafe_mul(now, up), wad.IWAD),
        down=unsafe_div(unsafe_mul(later, down), wad.IWAD),
        unit=unit,
        smile=shape,
    )
    span: int256 = convert(epoch.span, int256)
    bound: int256 = 6 * convert(epoch.bound, int256)
    fixed: int256 = convert(forward.fixed, int256)
    ratio: int256 = convert(forward.ratio, int256)
    middle: int256 = min(
        most, unsafe_add(fixed, unsafe_div(unsafe_mul(ratio, reference), wad.IWAD))
    )
    ln_middle: int256 = math._wad_ln(middle)
    for i: uint256 in range(NODES):
        move: int256 = bound
        if i < BOUNDS:
            place: uint256 = (PLACES >> unsafe_mul(8, i)) & BYTE
            move = unsafe_mul(unsafe_sub(convert(place, int256), 6), span)
        elif i == BOUNDS:
            move = unsafe_sub(0, bound)
        spot: int256 = unsafe_div(
            unsafe_mul(reference, unsafe_add(6 * wad.IBPS, move)), 6 * wad.IBPS
        )
        exposed: int256 = unsafe_mul(ratio, spot)
        at: int256 = min(most, unsafe_add(fixed, unsafe_div(exposed, wad.IWAD)))
        change: int256 = unsafe_div(unsafe_mul(unsafe_sub(at, middle), wad.IWAD), middle)
        series.nodes[i] = Node(
            forward=at,
            ln=unsafe_add(ln_middle, black76._ln_1p(change)),
            share=unsafe_div(exposed, at),
        )
    return series


@internal
@pure
def _factors(left: uint256) -> (int256, int256):
    """
    @notice What volatility is multiplied by if it rises and falls, WAD, `left` seconds before
        expiry; rounded down.
    """
    exponent: int256 = 30 if left < 30 * DAY else 13
    days: uint256 = unsafe_div(30 * DAY * wad.WAD, max(left, DAY))
    power: int256 = unsafe_mul(math._wad_ln(convert(days, int256)), exponent)
    g: int256 = math._wad_exp(unsafe_div(power, 100))
    return (
        unsafe_add(wad.IWAD, g >> 1),
        max(wad.IWAD // 10, unsafe_sub(wad.IWAD, g >> 2)),
    )


@internal
@pure
def _root(left: uint256) -> int256:
    """
    @notice sqrt of the years over which an average moves that ends after `left` seconds, WAD,
        rounded down.
    """
    thrice: uint256 = max(unsafe_mul(3, left), unsafe_add(left, 2 * WINDOW)) - 2 * WINDOW
    return convert(isqrt(unsafe_div(unsafe_mul(thrice, wad.WAD**2), 3 * wad.YEAR)), int256)


@internal
@pure
def _word(series: Series, strike: uint256, stamp: uint256) -> uint256:
    """
    @param strike In 1e-8 of quote, not 0.
    """
    # unsafe: volatilities are at most 5, what they are multiplied by is below 2**63; no call is
    # worth more than its forward, so no lane is above MAX_LANE
    unit: int256 = series.unit
    price: int256 = unsafe_mul(convert(strike, int256), STRIKE_UNIT)
    middle: Node = series.nodes[CENTER]
    move: int256 = unsafe_div(
        unsafe_mul(unsafe_sub(price, middle.forward), wad.IWAD), middle.forward
    )
    ln_price: int256 = 0
    if move > -NEAR and move < NEAR:
        ln_price = unsafe_add(middle.ln, black76._ln_1p(move))
    else:
        ln_price = math._wad_ln(price)
    word: int256 = convert(stamp, int256)
    at: uint256 = 0  # 8 times the node's number
    for node: Node in series.nodes:
        ratio: int256 = unsafe_sub(node.ln, ln_price)
        vol: int256 = smile._vol(series.smile, unsafe_sub(0, ratio))
        vol = unsafe_div(unsafe_mul(vol, node.share), wad.IWAD)

        lane: uint256 = (NOWS >> at) & BYTE
        if lane != 0:
            now: int256 = unsafe_div(unsafe_mul(vol, series.now), wad.IWAD)
            word |= black76._call_at(node.forward, price, ratio, now, unit) << lane
        lane = (DOWNS >> at) & BYTE
        if lane != 0:
            down: int256 = unsafe_div(unsafe_mul(vol, series.down), wad.IWAD)
            word |= black76._call_at(node.forward, price, ratio, down, unit) << lane
        lane = (UPS >> at) & BYTE
        if lane != 0:
            up: int256 = unsafe_div(unsafe_mul(vol, series.up), wad.IWAD)
            word |= black76._call_at(node.forward, price, ratio, up, unit) << lane
        at = unsafe_add(at, 8)
    return convert(convert(word, bytes32), uint256)
