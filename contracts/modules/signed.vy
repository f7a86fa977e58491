# pragma version 0.4.3
"""
@title Signed reports
@notice Who signs reports, and whether enough of them have: m of n, each counted once. The reports
        are EIP-712 structs of the contract's own domain, version "1".
@dev Trusted: that fewer than `threshold` signers lie.
"""

from interfaces import ISignedFeed
from modules import governed
from snekmate.utils import ecdsa
from snekmate.utils import eip712_domain_separator

uses: governed
initializes: eip712_domain_separator

name: public(immutable(String[50]))

threshold: public(uint256)
is_signer: public(HashMap[address, bool])

_signers: DynArray[address, 16]


@deploy
def __init__(_name: String[50], _signers: DynArray[address, 16], _threshold: uint256):
    """
    @param _name Of the EIP-712 domain, which wallets show, such as "BTC / USD".
    """
    eip712_domain_separator.__init__(_name, "1")
    name = _name
    self._set_signers(_signers, _threshold)


@internal
@view
def _digest(struct_hash: bytes32) -> bytes32:
    """
    @notice What the signers of a struct sign.
    """
    return eip712_domain_separator._hash_typed_data_v4(struct_hash)


@internal
@view
def _check_signatures(digest: bytes32, signatures: DynArray[Bytes[65], 16]):
    """
    @notice Refuses what too few have signed.
    @param signatures At least `threshold`, in the ascending order of their signers, all valid,
        each of 65 bytes (r, s, v), or 64 (EIP-2098), s in the lower half.
    """
    assert len(signatures) >= self.threshold, "feed: too few signatures"
    last: uint160 = 0
    for signature: Bytes[65] in signatures:
        signer: address = ecdsa._recover_sig(digest, signature)
        assert self.is_signer[signer], "feed: not a signer"
        # so that each counts once
        assert convert(signer, uint160) > last, "feed: signers not ascending"
        last = convert(signer, uint160)


@external
def set_signers(signers: DynArray[address, 16], threshold: uint256):
    """
    @notice Governor only: replaces the signers. Reports taken before stay.
    @param signers At most 16, each once, in any order.
    @param threshold How many must sign, 1 .. their number.
    """
    governed._only_governor()
    self._set_signers(signers, threshold)


@internal
def _set_signers(signers: DynArray[address, 16], threshold: uint256):
    assert threshold != 0 and threshold <= len(signers), "feed: threshold out of range"
    for signer: address in self._signers:
        self.is_signer[signer] = False
    for signer: address in signers:
        assert signer != empty(address) and not self.is_signer[signer], "feed: zero or twice"
        self.is_signer[signer] = True
    self._signers = signers
    self.threshold = threshold
    log ISignedFeed.SignersChanged(signers=signers, threshold=threshold)


@external
@view
def signers() -> DynArray[address, 16]:
    """
    @notice Whose signatures count.
    """
    return self._signers
