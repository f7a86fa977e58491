# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Signed feed
@notice A price that m of n signers vouch for, brought by anyone.
@dev The signers sign the EIP-712 struct `Report(uint256 price,uint256 time)`; the domain is this
     feed's name, version "1", the chain and this contract. A report counts if it is newer than the
     last and not from the future: one with a future time cannot block those in between. Trusted:
     that fewer than `threshold` signers lie. How old a price may be is its reader's business.

         word   price 216 | time 40

@custom:kill The governor replaces the signers, and MarketData's feed. The last report stays.
"""

from interfaces import IPriceFeed
from interfaces import ISignedFeed
from modules import governed
from modules import signed

implements: IPriceFeed
implements: ISignedFeed

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

REPORT: constant(bytes32) = keccak256("Report(uint256 price,uint256 time)")
MAX_PRICE: constant(uint256) = 10**25  # MarketData takes no more
TIME: constant(uint256) = 2**40 - 1  # mask

_last: uint256


@deploy
def __init__(
    _registry: address,
    _name: String[50],
    _signers: DynArray[address, 16],
    _threshold: uint256,
):
    """
    @param _name Of the EIP-712 domain, which wallets show, such as "BTC / USD".
    """
    governed.__init__(_registry)
    signed.__init__(_name, _signers, _threshold)


@external
def report(price: uint256, time: uint256, signatures: DynArray[Bytes[65], 16]):
    """
    @notice Takes a report that enough signers have signed. Anyone may.
    @param price WAD.
    @param time When the price was made: later than the last report, and not in the future.
    @param signatures At least `threshold`, in the ascending order of their signers, all valid,
        each of 65 bytes (r, s, v), or 64 (EIP-2098), s in the lower half.
    """
    assert price != 0 and price <= MAX_PRICE, "feed: price out of range"
    assert time <= block.timestamp, "feed: time in the future"
    assert time > (self._last & TIME), "feed: not newer"
    signed._check_signatures(self._digest(price, time), signatures)
    self._last = (price << 40) | time  # a block's time has 40 bits
    log ISignedFeed.Reported(price=price, time=time)


@external
@view
def latest() -> (uint256, uint256):
    """
    @notice The last report's price, WAD, and time. Reverts before the first.
    """
    word: uint256 = self._last
    assert word != 0, "feed: no report"
    return word >> 40, word & TIME


@external
@view
def report_digest(price: uint256, time: uint256) -> bytes32:
    """
    @notice What the signers of a report sign.
    """
    return self._digest(price, time)


@internal
@view
def _digest(price: uint256, time: uint256) -> bytes32:
    return signed._digest(keccak256(abi_encode(REPORT, price, time)))
