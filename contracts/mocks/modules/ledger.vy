# pragma version 0.4.3
"""
@title Ledger of a mock token
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: the balances and allowances behind the mock tokens,
    which differ in what their transfers do. Anyone mints.
"""

from ethereum.ercs import IERC20

name: public(String[32])
symbol: public(String[16])
decimals: public(uint8)
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(name_: String[32], symbol_: String[16], decimals_: uint8):
    self.name = name_
    self.symbol = symbol_
    self.decimals = decimals_


@external
def mint(to: address, amount: uint256):
    """
    @notice Makes `amount` tokens for `to`; anyone may, this is a faucet.
    """
    self._mint(to, amount)


@internal
def _mint(to: address, amount: uint256):
    self.totalSupply += amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=empty(address), receiver=to, value=amount)


@internal
def _burn(owner: address, amount: uint256):
    self.balanceOf[owner] -= amount
    self.totalSupply -= amount
    log IERC20.Transfer(sender=owner, receiver=empty(address), value=amount)


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


@internal
def _spend(owner: address, spender: address, amount: uint256):
    """
    @notice Uses up an allowance, except an unlimited one.
    """
    allowed: uint256 = self.allowance[owner][spender]
    assert amount <= allowed, "token: allowance"
    if allowed != max_value(uint256):
        self.allowance[owner][spender] = allowed - amount


@internal
def _move(owner: address, to: address, amount: uint256):
    assert amount <= self.balanceOf[owner], "token: balance"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)
