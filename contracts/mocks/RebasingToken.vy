# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Rebasing token
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: every balance is a share times a factor, which anyone
    sets. The ledger below holds the shares; amounts outside are shares * factor / 1e18.
@custom:kill Nothing to stop: it holds nothing of value.
"""

from ethereum.ercs import IERC20
from mocks.modules import ledger

implements: IERC20
initializes: ledger
# not the ledger's balanceOf, totalSupply and mint: they are in shares
exports: (ledger.name, ledger.symbol, ledger.decimals, ledger.allowance)

WAD: constant(uint256) = 10**18

factor: public(uint256)


@deploy
def __init__(name: String[32], symbol: String[16], decimals: uint8):
    ledger.__init__(name, symbol, decimals)
    self.factor = WAD


@external
def set_factor(factor: uint256):
    """
    @notice Scales every balance.
    @param factor In WAD; not zero.
    """
    assert factor != 0, "token: zero factor"
    self.factor = factor


@external
def mint(to: address, amount: uint256):
    ledger._mint(to, self._shares(amount))


@view
@external
def balanceOf(owner: address) -> uint256:
    return ledger.balanceOf[owner] * self.factor // WAD  # rounds down


@view
@external
def totalSupply() -> uint256:
    return ledger.totalSupply * self.factor // WAD  # rounds down


@external
def transfer(to: address, amount: uint256) -> bool:
    ledger._move(msg.sender, to, self._shares(amount))
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    ledger._spend(owner, msg.sender, amount)
    ledger._move(owner, to, self._shares(amount))
    return True


@view
@internal
def _shares(amount: uint256) -> uint256:
    return amount * WAD // self.factor  # rounds down, for the sender


@external
def approve(spender: address, amount: uint256) -> bool:
    ledger._approve(msg.sender, spender, amount)
    return True
