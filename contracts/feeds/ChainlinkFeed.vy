# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Chainlink feed
@notice The price of an aggregator with Chainlink's interface, its whole round checked.
@dev Trusts the aggregator's answer, and that its decimals never change. `max_age` is the feed's
     heartbeat and some slack; how far a price may drift between two rounds (the deviation
     threshold) is the business of margins.
@custom:kill Nothing to stop: it holds nothing. MarketData's governor replaces it.
"""

from interfaces import IPriceFeed

implements: IPriceFeed


interface IAggregator:
    def decimals() -> uint8: view
    def latestRoundData() -> (uint80, int256, uint256, uint256, uint80): view


MAX_DECIMALS: constant(uint256) = 18

aggregator: public(immutable(IAggregator))
max_age: public(immutable(uint256))
_SCALE: immutable(uint256)


@deploy
def __init__(_aggregator: address, _max_age: uint256):
    """
    @param _max_age Oldest round that is a price, seconds.
    """
    aggregator = IAggregator(_aggregator)
    max_age = _max_age
    decimals: uint256 = convert(staticcall IAggregator(_aggregator).decimals(), uint256)
    assert decimals <= MAX_DECIMALS, "feed: too many decimals"
    _SCALE = 10**(MAX_DECIMALS - decimals)


@external
@view
def latest() -> (uint256, uint256):
    """
    @notice The latest round's price, WAD, and when it was made.
    @dev Reverts for a price that is not positive, a round that has not ended or was answered in an
        earlier one, and one from the future or older than `max_age`.
    """
    round: uint80 = 0
    answer: int256 = 0
    started: uint256 = 0
    updated: uint256 = 0
    answered: uint80 = 0
    round, answer, started, updated, answered = staticcall aggregator.latestRoundData()
    assert answer > 0, "feed: price not positive"
    assert started != 0 and updated != 0, "feed: incomplete round"
    assert answered >= round, "feed: answer of an earlier round"
    assert updated <= block.timestamp, "feed: time in the future"
    assert block.timestamp - updated <= max_age, "feed: stale"
    return convert(answer, uint256) * _SCALE, updated
