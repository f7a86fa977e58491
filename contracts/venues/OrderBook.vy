# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Order book
@license AGPL-3.0-only
@author Plimsoll contributors
@notice The venue of signed orders: anyone matches one taker with up to eight makers, at the
        makers' prices. Orders cost nothing until they are filled.

        order    a limit: `size` contracts (positive buys) at `price` or better, until `expiry`
        digest   its EIP-712 hash, under which fills and cancellation are kept
        signer   the account's owner, or an operator who may trade here; a contract signs by
                 EIP-1271, a key with 65 bytes and a low s
        index    of an order in a match: 0 the taker, 1 .. 8 the makers; a refusal names it
        nonce    of an account: orders with a lower salt are void. With a clock as salt, one
                 `cancel_below` cancels whatever was signed before

        Of each fill, notional = size * price rounds down and fees round up:

            maker      size, -notional - maker fee      (signs for a maker who buys)
            taker      the other way round, - taker fee
            insurance  fees * insurance share, rounded down
            treasury   the rest of the fees

        Neither margins nor prices are known here: the vault checks what it books, and refuses
        what an account cannot bear or its owner has not allowed.

@dev Trusts the vault. It moves only what the owners of the accounts have approved for this venue
     in the vault, and there a day's loss against mark is limited, whatever is signed. The same
     arithmetic as plimsoll.spec.orders, to the wei.
@custom:kill The governor withdraws the venue's approval in the registry, the guardian pauses
     trading there, an owner withdraws the account's approval in the vault or cancels.
"""

from interfaces import IMarginVault
from interfaces import IOrderBook
from modules import governed
from modules import wad
from snekmate.utils import eip712_domain_separator as eip712

implements: IOrderBook

initializes: governed
initializes: eip712

exports: (
    governed.registry,
    eip712.eip712Domain,
)

MAX_MAKERS: constant(uint256) = 8
MAX_LEGS: constant(uint256) = 2 * MAX_MAKERS + 4
MAX_SIGNATURE: constant(uint256) = 1_024
MAX_SIZE: constant(int256) = 2**67 - 1  # what a position can hold, 1e-8 contracts
MAX_PRICE: constant(uint256) = 10**25
MAX_NONCE: constant(uint256) = 2**255
MAX_FEE: constant(uint256) = wad.BPS // 100  # 1 %

CANCELLED: constant(uint256) = 2**255  # beside what is filled
UINT16: constant(uint256) = 2**16 - 1
CASH: constant(uint256) = 0  # instrument of a fee's leg

ORDER_TYPE: constant(bytes32) = keccak256(
    "Order(uint256 account,uint256 instrument,int256 size,uint256 price,uint256 expiry,"
    "uint256 salt,bool reduce_only,bool post_only,uint256 taker)"
)
EIP1271_MAGIC: constant(bytes4) = 0x1626ba7e
# of secp256k1: of the two s that would do, only the lower one is taken
HALF_ORDER: constant(uint256) = 2**255 - 216_210_193_282_829_828_426_210_433_197_484_072_800

vault: public(immutable(address))

treasury: public(uint256)
nonces: public(HashMap[uint256, uint256])

_fees: uint256  # | insurance share 16 | taker 16 | maker 16 |
_states: HashMap[bytes32, uint256]  # | cancelled 1 | filled 255 |, by digest


@deploy
def __init__(_registry: address, _vault: address, _treasury: uint256, _new_fees: IOrderBook.Fees):
    """
    @param _treasury Account that receives what insurance does not of the fees.
    """
    governed.__init__(_registry)
    eip712.__init__("Plimsoll OrderBook", "1")
    vault = _vault
    self._set_treasury(_treasury)
    self._set_fees(_new_fees)


# Trading


@external
def match(
    taker: IOrderBook.SignedOrder,
    makers: DynArray[IOrderBook.SignedOrder, MAX_MAKERS],
    sizes: DynArray[uint256, MAX_MAKERS],
):
    """
    @notice Fills a taker's order against makers' orders, all or nothing; anyone may. An order
        that does not fit is refused with its index ("orders: expired, order 2"), what an
        account cannot bear by the vault.
    @dev Reduce-only is judged by the result, once everything is booked: orders of one account
        stand on one side here, so that a position which has not crossed zero has shrunk.
    @param taker Order 0.
    @param makers Orders 1 .. 8, on the other side; they may share accounts, and an order may
        come twice.
    @param sizes How much to fill of each maker's order, 1e-8 contracts.
    """
    assert len(makers) > 0, "orders: no makers"
    assert len(sizes) == len(makers), "orders: sizes"
    rates: IOrderBook.Fees = self._unpack_fees()
    buys: bool = taker.order.size > 0
    legs: DynArray[IMarginVault.Leg, MAX_LEGS] = []
    filled: uint256 = 0
    value: uint256 = 0  # sum of size * price
    quote: int256 = 0
    taker_fee: uint256 = 0
    collected: uint256 = 0

    for i: uint256 in range(len(makers), bound=MAX_MAKERS):
        maker: IOrderBook.Order = makers[i].order
        self._check_pair(taker.order, maker, i + 1)
        digest: bytes32 = self._fill(makers[i], sizes[i], i + 1)

        # no overflow: sizes are below 2**67, prices below 2**84
        notional: uint256 = sizes[i] * maker.price // wad.SIZE
        fee: uint256 = wad._ceil_div(notional * rates.maker, wad.BPS)
        size: int256 = convert(sizes[i], int256)
        flow: int256 = convert(notional, int256)
        if buys:
            size = -size
        else:
            flow = -flow
        legs.append(
            IMarginVault.Leg(
                account=maker.account, instrument=maker.instrument, size=size, quote=flow
            )
        )
        legs.append(self._cash_leg(maker.account, -convert(fee, int256)))
        log IOrderBook.Filled(
            digest=digest,
            account=maker.account,
            instrument=maker.instrument,
            size=size,
            price=maker.price,
            fee=fee,
        )
        filled += sizes[i]
        value += sizes[i] * maker.price
        quote -= flow
        taker_fee += wad._ceil_div(notional * rates.taker, wad.BPS)
        collected += fee

    if taker.order.post_only:
        self._refuse("post only", 0)
    taker_digest: bytes32 = self._fill(taker, filled, 0)
    taker_size: int256 = convert(filled, int256) if buys else -convert(filled, int256)
    collected += taker_fee
    insured: uint256 = collected * rates.insurance_share // wad.BPS
    insurance: uint256 = staticcall governed._REGISTRY.insurance()
    legs.append(
        IMarginVault.Leg(
            account=taker.order.account,
            instrument=taker.order.instrument,
            size=taker_size,
            quote=quote,
        )
    )
    legs.append(self._cash_leg(taker.order.account, -convert(taker_fee, int256)))
    legs.append(self._cash_leg(insurance, convert(insured, int256)))
    legs.append(self._cash_leg(self.treasury, convert(collected - insured, int256)))
    log IOrderBook.Filled(
        digest=taker_digest,
        account=taker.order.account,
        instrument=taker.order.instrument,
        size=taker_size,
        price=value // filled,  # rounded down; every size is positive
        fee=taker_fee,
    )

    extcall IMarginVault(vault).book(legs)
    self._check_reduced(taker.order, 0)
    for i: uint256 in range(len(makers), bound=MAX_MAKERS):
        self._check_reduced(makers[i].order, i + 1)


@internal
@pure
def _check_pair(taker: IOrderBook.Order, maker: IOrderBook.Order, index: uint256):
    """
    @notice Whether two orders may trade with each other.
    """
    if maker.instrument != taker.instrument:
        self._refuse("other instrument", index)
    if (maker.size > 0) == (taker.size > 0):
        self._refuse("same side", index)
    if maker.account == taker.account:
        self._refuse("self-trade", index)
    if maker.taker not in [0, taker.account] or taker.taker not in [0, maker.account]:
        self._refuse("counterparty", index)
    bid: uint256 = taker.price if taker.size > 0 else maker.price
    ask: uint256 = maker.price if taker.size > 0 else taker.price
    if bid < ask:
        self._refuse("prices do not cross", index)


@internal
def _fill(signed: IOrderBook.SignedOrder, size: uint256, index: uint256) -> bytes32:
    """
    @notice Fills so much of an order, if it stands.
    @return The order's digest.
    """
    order: IOrderBook.Order = signed.order
    if order.size > MAX_SIZE or order.size < -MAX_SIZE or order.price > MAX_PRICE:
        self._refuse("out of range", index)
    if block.timestamp > order.expiry:
        self._refuse("expired", index)
    if order.salt < self.nonces[order.account]:
        self._refuse("below nonce", index)
    digest: bytes32 = self._digest(order)
    state: uint256 = self._states[digest]
    if state & CANCELLED != 0:
        self._refuse("cancelled", index)
    if size == 0:
        self._refuse("nothing to fill", index)
    # unsafe: what is filled is never more than the size, which is in range
    if size > unsafe_sub(convert(abs(order.size), uint256), state):
        self._refuse("overfilled", index)
    self._states[digest] = unsafe_add(state, size)
    if not staticcall IMarginVault(vault).may(order.account, signed.signer, self):
        self._refuse("not authorised", index)
    if not self._is_signed(signed.signer, digest, signed.signature):
        self._refuse("bad signature", index)
    return digest


@internal
@view
def _is_signed(signer: address, digest: bytes32, signature: Bytes[MAX_SIGNATURE]) -> bool:
    """
    @notice Whether a key has made a signature, or a contract stands by it (EIP-1271).
    @dev The key first: an account with a key and code (EIP-7702) may sign with either.
    """
    if len(signature) == 65:
        r: uint256 = extract32(signature, 0, output_type=uint256)
        s: uint256 = extract32(signature, 32, output_type=uint256)
        v: uint256 = convert(slice(signature, 64, 1), uint256)
        # the zero address is what ecrecover tells of nonsense
        if s <= HALF_ORDER and signer != empty(address) and signer == ecrecover(digest, v, r, s):
            return True
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        signer,
        abi_encode(digest, signature, method_id=EIP1271_MAGIC),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return success and answer == abi_encode(EIP1271_MAGIC)  # no code, no answer


@internal
@view
def _check_reduced(order: IOrderBook.Order, index: uint256):
    if not order.reduce_only:
        return
    position: int256 = staticcall IMarginVault(vault).position(order.account, order.instrument)
    if position != 0 and (position > 0) == (order.size > 0):
        self._refuse("not reducing", index)


@internal
@pure
def _cash_leg(account: uint256, quote: int256) -> IMarginVault.Leg:
    return IMarginVault.Leg(account=account, instrument=CASH, size=0, quote=quote)


@internal
@pure
def _refuse(reason: String[24], index: uint256):
    raise concat("orders: ", reason, ", order ", uint2str(index))


# Cancelling


@external
def cancel(order: IOrderBook.Order):
    """
    @notice Cancels what is left of an order, for ever; by who may sign orders of the account.
    """
    self._only_trader(order.account)
    digest: bytes32 = self._digest(order)
    self._states[digest] |= CANCELLED
    log IOrderBook.Cancelled(digest=digest, account=order.account)


@external
def cancel_below(account: uint256, nonce: uint256):
    """
    @notice Cancels all orders of an account with a salt below a nonce, for ever; by who may sign
        orders of the account.
    @param nonce Above the last one, at most 2**255, so that nobody can void all orders for ever.
    """
    self._only_trader(account)
    assert nonce > self.nonces[account], "orders: nonce not raised"
    assert nonce <= MAX_NONCE, "orders: nonce too high"
    self.nonces[account] = nonce
    log IOrderBook.NonceRaised(account=account, nonce=nonce)


@internal
@view
def _only_trader(account: uint256):
    assert staticcall IMarginVault(vault).may(account, msg.sender, self), "orders: not authorised"


# Governance


@external
def set_fees(fees: IOrderBook.Fees):
    """
    @notice Changes the fees of whatever is matched from now on, orders signed before among it;
        governor or steward.
    @param fees Maker and taker at most 1 %.
    """
    governed._only_steward()
    self._set_fees(fees)


@internal
def _set_fees(fees: IOrderBook.Fees):
    assert max(fees.maker, fees.taker) <= MAX_FEE, "orders: fee too high"
    assert fees.insurance_share <= wad.BPS, "orders: share too high"
    self._fees = fees.insurance_share << 32 | fees.taker << 16 | fees.maker
    log IOrderBook.FeesChanged(fees=fees)


@external
def set_treasury(account: uint256):
    """
    @notice Changes who receives what insurance does not of the fees; governor only.
    """
    governed._only_governor()
    self._set_treasury(account)


@internal
def _set_treasury(account: uint256):
    self.treasury = account
    log IOrderBook.TreasuryChanged(account=account)


# Views


@external
@view
def order_digest(order: IOrderBook.Order) -> bytes32:
    """
    @notice What is signed of an order, and under what its fills are kept.
    """
    return self._digest(order)


@internal
@view
def _digest(order: IOrderBook.Order) -> bytes32:
    return eip712._hash_typed_data_v4(keccak256(abi_encode(ORDER_TYPE, order)))


@external
@view
def filled(digest: bytes32) -> uint256:
    """
    @notice What is filled of an order, 1e-8 contracts.
    """
    return self._states[digest] & ~CANCELLED


@external
@view
def cancelled(digest: bytes32) -> bool:
    """
    @notice Whether an order was cancelled by itself; see `nonces` for many at once.
    """
    return self._states[digest] & CANCELLED != 0


@external
@view
def fees() -> IOrderBook.Fees:
    return self._unpack_fees()


@internal
@view
def _unpack_fees() -> IOrderBook.Fees:
    word: uint256 = self._fees
    return IOrderBook.Fees(
        maker=word & UINT16,
        taker=(word >> 16) & UINT16,
        insurance_share=word >> 32,
    )
