# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Fee token
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: burns 1 % of every transfer, so that the receiver gets
    less than was sent.
@custom:kill Nothing to stop: it holds nothing of value.
"""

from ethereum.ercs import IERC20
from mocks.modules import ledger

implements: IERC20
initializes: ledger
exports: ledger.__interface__


@deploy
def __init__(name: String[32], symbol: String[16], decimals: uint8):
    ledger.__init__(name, symbol, decimals)


@external
def transfer(to: address, amount: uint256) -> bool:
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    ledger._spend(owner, msg.sender, amount)
    self._move(owner, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    ledger._move(owner, to, amount)
    ledger._burn(to, amount // 100)  # rounds down, for the receiver


@external
def approve(spender: address, amount: uint256) -> bool:
    ledger._approve(msg.sender, spender, amount)
    return True
