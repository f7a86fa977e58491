# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Aggregator
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: a price feed with the interface of Chainlink's
    AggregatorV3, whose rounds anyone writes, sensible or not.
@custom:kill Nothing to stop: nobody who matters reads it.
"""


struct Round:
    roundId: uint80
    answer: int256
    startedAt: uint256
    updatedAt: uint256
    answeredInRound: uint80


version: public(constant(uint256)) = 4

description: public(String[64])
decimals: public(uint8)
latestRound: public(uint80)

_rounds: HashMap[uint80, Round]
_exists: HashMap[uint80, bool]


@deploy
def __init__(description: String[64], decimals: uint8):
    self.description = description
    self.decimals = decimals


@external
def set_answer(answer: int256):
    """
    @notice Adds a round as an honest feed would.
    @param answer Price with the feed's decimals.
    """
    round_id: uint80 = self.latestRound + 1
    self._set_round(
        Round(
            roundId=round_id,
            answer=answer,
            startedAt=block.timestamp,
            updatedAt=block.timestamp,
            answeredInRound=round_id,
        )
    )


@external
def set_round(
    round_id: uint80,
    answer: int256,
    started_at: uint256,
    updated_at: uint256,
    answered_in_round: uint80,
):
    """
    @notice Writes a round, any field as wrong as wanted, and makes it the latest.
    """
    self._set_round(
        Round(
            roundId=round_id,
            answer=answer,
            startedAt=started_at,
            updatedAt=updated_at,
            answeredInRound=answered_in_round,
        )
    )


@internal
def _set_round(round: Round):
    self._rounds[round.roundId] = round
    self._exists[round.roundId] = True
    self.latestRound = round.roundId


@view
@external
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    return self._round(self.latestRound)


@view
@external
def getRoundData(round_id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    return self._round(round_id)


@view
@internal
def _round(round_id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    assert self._exists[round_id], "No data present"
    round: Round = self._rounds[round_id]
    return round.roundId, round.answer, round.startedAt, round.updatedAt, round.answeredInRound
