# pragma version 0.4.3
"""
@title Hook token
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: calls out before and after it moves a balance, as an
    ERC-777 does, with a target and calldata that anyone sets: for tests of re-entrancy. The
    call is made by the token itself; if it fails, so does the transfer, with the same reason.
@dev No lock, on purpose: it is what re-enters. A transfer inside the hook calls no hook.
@custom:kill Nothing to stop: it holds nothing of value.
"""

from ethereum.ercs import IERC20
from mocks.modules import ledger

implements: IERC20
initializes: ledger
exports: ledger.__interface__

MAX_DATA: constant(uint256) = 4_096

target: public(address)
before: public(Bytes[MAX_DATA])
after: public(Bytes[MAX_DATA])
calls: public(uint256)  # hooks that were called and succeeded
_inside: bool


@deploy
def __init__(name: String[32], symbol: String[16], decimals: uint8):
    ledger.__init__(name, symbol, decimals)


@external
def set_hook(target: address, before: Bytes[MAX_DATA], after: Bytes[MAX_DATA]):
    """
    @notice Sets whom transfers call, and with what.
    @param before Calldata before the balances move; empty for no call.
    @param after Calldata after the balances have moved; empty for no call.
    """
    self.target = target
    self.before = before
    self.after = after


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
    self._call(self.before)
    ledger._move(owner, to, amount)
    self._call(self.after)


@internal
def _call(data: Bytes[MAX_DATA]):
    if len(data) == 0 or self._inside:
        return
    self._inside = True
    raw_call(self.target, data)
    self._inside = False
    self.calls += 1


@external
def approve(spender: address, amount: uint256) -> bool:
    ledger._approve(msg.sender, spender, amount)
    return True
