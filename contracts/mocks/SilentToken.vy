# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Silent token
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: its transfers and approvals return nothing at all, as
    those of USDT on mainnet.
@custom:kill Nothing to stop: it holds nothing of value.
"""

from mocks.modules import ledger

initializes: ledger
exports: ledger.__interface__


@deploy
def __init__(name: String[32], symbol: String[16], decimals: uint8):
    ledger.__init__(name, symbol, decimals)


@external
def transfer(to: address, amount: uint256):
    ledger._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256):
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, amount)


@external
def approve(spender: address, amount: uint256):
    ledger._approve(msg.sender, spender, amount)
