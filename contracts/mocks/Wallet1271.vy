# pragma version 0.4.3
"""
@title Wallet
@author Plimsoll contributors
@license AGPL-3.0-only
@notice For local chains and tests only: a smart-contract wallet with one owner, who signs for it
    (EIP-1271) and calls through it.
@dev No lock: a wallet may be called back by what it calls.
@custom:kill The owner stops using it.
"""

from snekmate.utils import ecdsa


event Executed:
    target: indexed(address)
    amount: uint256
    data: Bytes[MAX_DATA]


MAX_DATA: constant(uint256) = 32_768
MAGIC: constant(bytes4) = 0x1626ba7e  # of isValidSignature(bytes32,bytes)

OWNER: public(immutable(address))


@deploy
@payable
def __init__(owner: address):
    OWNER = owner


@payable
@external
def execute(target: address, data: Bytes[MAX_DATA], amount: uint256 = 0) -> Bytes[MAX_DATA]:
    """
    @notice Calls anything as the wallet; a failure reverts with its reason.
    @return What the call returned.
    """
    assert msg.sender == OWNER, "wallet: not owner"
    output: Bytes[MAX_DATA] = raw_call(target, data, value=amount, max_outsize=MAX_DATA)
    log Executed(target=target, amount=amount, data=data)
    return output


@view
@external
def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4:
    """
    @notice Says 0x1626ba7e if the owner signed `digest`, 0xffffffff otherwise.
    """
    if ecdsa._recover_sig(digest, signature) == OWNER:
        return MAGIC
    return 0xffffffff


@payable
@external
def __default__():
    """
    @notice Takes ether.
    """
    pass
