# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title False token
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: where another token reverts, this one does nothing and
    returns False.
@custom:kill Nothing to stop: it holds nothing of value.
"""

from mocks.modules import ledger

initializes: ledger
exports: ledger.__interface__


@deploy
def __init__(name: String[32], symbol: String[16], decimals: uint8):
    ledger.__init__(name, symbol, decimals)


@external
def transfer(to: address, amount: uint256) -> bool:
    if amount > ledger.balanceOf[msg.sender]:
        return False
    ledger._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    if amount > ledger.allowance[owner][msg.sender] or amount > ledger.balanceOf[owner]:
        return False
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    ledger._approve(msg.sender, spender, amount)
    return True
