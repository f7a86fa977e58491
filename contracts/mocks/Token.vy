# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Token
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: a well-behaved ERC-20 of any decimals; anyone mints.
@custom:kill Nothing to stop: it holds nothing of value.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from mocks.modules import ledger

implements: IERC20
implements: IERC20Detailed
initializes: ledger
exports: ledger.__interface__


@deploy
def __init__(name: String[32], symbol: String[16], decimals: uint8):
    ledger.__init__(name, symbol, decimals)


@external
def transfer(to: address, amount: uint256) -> bool:
    ledger._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    ledger._approve(msg.sender, spender, amount)
    return True
