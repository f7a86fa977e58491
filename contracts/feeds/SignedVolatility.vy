# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Signed volatility
@license AGPL-3.0-only
@author Plimsoll contributors
@notice Smiles and forward ratios that m of n signers vouch for, brought by anyone to the surface.
@dev The signers sign the EIP-712 struct

         Smile(uint256 underlying,uint256 expiry,int256 a,int256 b,int256 rho,int256 m,int256 s,
               uint256 ratio,uint256 time)

     (without the line break); the domain is this feed's name, version "1", the chain and this
     contract. Nothing is kept here: the surface takes a smile that is newer than the last and not
     from the future, so none serves twice, and bounds how far it moves. As it takes one a minute,
     and for as new what was posted now, a report must be young: else who brings the oldest that
     is newer than the last, and is always first, would hold volatility back ever further.
@custom:kill The governor replaces the signers, and the surface's feed. The last smiles stay.
"""

from interfaces import ISignedVolatility
from interfaces import IVolSurface
from modules import governed
from modules import signed

implements: ISignedVolatility

initializes: governed
initializes: signed[governed := governed]

exports: (
    governed.registry,
    signed.eip712_domain_separator.eip712Domain,
    signed.is_signer,
    signed.name,
    signed.set_signers,
    signed.signers,
    signed.threshold,
)

SMILE: constant(bytes32) = keccak256(
    "Smile(uint256 underlying,uint256 expiry,int256 a,int256 b,int256 rho,int256 m,int256 s,"
    "uint256 ratio,uint256 time)"
)

MAX_AGE: constant(uint256) = 300  # seconds: oldest report that is taken

surface: public(immutable(IVolSurface))


@deploy
def __init__(
    _registry: address,
    _surface: address,
    _name: String[50],
    _signers: DynArray[address, 16],
    _threshold: uint256,
):
    """
    @param _name Of the EIP-712 domain, which wallets show.
    """
    governed.__init__(_registry)
    signed.__init__(_name, _signers, _threshold)
    surface = IVolSurface(_surface)


@external
def report(
    underlying: uint256,
    expiry: uint256,
    smile: IVolSurface.Smile,
    ratio: uint256,
    time: uint256,
    signatures: DynArray[Bytes[65], 16],
):
    """
    @notice Posts a smile that enough signers have signed. Anyone may, outside of batches.
    @param ratio Of the forward to the index, WAD.
    @param time When it was made, at most five minutes ago. What else is refused, the surface says.
    @param signatures At least `threshold`, in the ascending order of their signers, all valid,
        each of 65 bytes (r, s, v), or 64 (EIP-2098), s in the lower half.
    """
    assert time >= block.timestamp - MAX_AGE, "feed: report too old"
    digest: bytes32 = self._digest(underlying, expiry, smile, ratio, time)
    signed._check_signatures(digest, signatures)
    extcall surface.post(underlying, expiry, smile, ratio, time)


@external
@view
def report_digest(
    underlying: uint256, expiry: uint256, smile: IVolSurface.Smile, ratio: uint256, time: uint256
) -> bytes32:
    """
    @notice What the signers of a report sign.
    """
    return self._digest(underlying, expiry, smile, ratio, time)


@internal
@view
def _digest(
    underlying: uint256, expiry: uint256, smile: IVolSurface.Smile, ratio: uint256, time: uint256
) -> bytes32:
    # a struct of static fields is encoded as its fields in a row
    return signed._digest(keccak256(abi_encode(SMILE, underlying, expiry, smile, ratio, time)))
