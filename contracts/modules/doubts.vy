# pragma version 0.4.3
"""
@title What is asked for at prices that do not open risk
@notice Of each underlying by itself, so that none moves from one to another: a word of eight lanes
        of 32 bits, lane id % 8 at bits 32 * (id % 8), in whole quote, rounded up. As in
        plimsoll.spec.margin.
@dev The highest bit of a lane stays 0, so that all lanes are compared at once.
"""

from modules import wad

LANES: constant(uint256) = 8
BITS: constant(uint256) = 32
LARGEST: constant(uint256) = 2**31 - 1  # of a lane
GUARDS: constant(uint256) = max_value(uint256) // (2**32 - 1) * 2**31  # one of each lane


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
