# pragma version 0.4.3
"""
@title Governed contracts
@notice Who may set parameters, and when: the Registry's governor and steward, outside of batches.
"""

from interfaces import IMarginVault
from interfaces import IRegistry

_REGISTRY: immutable(IRegistry)


@deploy
def __init__(_registry: address):
    _REGISTRY = IRegistry(_registry)


@external
@view
def registry() -> address:
    """
    @notice The Registry, which knows the roles.
    """
    return _REGISTRY.address


@internal
@view
def _only_governor():
    assert msg.sender == staticcall _REGISTRY.owner(), "governed: not governor"


@internal
@view
def _only_steward():
    """
    @dev The governor may do what the steward may.
    """
    if msg.sender != staticcall _REGISTRY.steward():
        assert msg.sender == staticcall _REGISTRY.owner(), "governed: not steward"


@internal
@view
def _only_locked():
    """
    @notice Refuses while a batch is under way in the vault: what the checks at its end are made of
        must not change between its calls.
    """
    vault: address = staticcall _REGISTRY.vault()
    if vault != empty(address):
        assert not staticcall IMarginVault(vault).unlocked(), "governed: batch under way"
