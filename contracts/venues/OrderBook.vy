# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Order book
@license AGPL-3.0-only
@author Plimsoll contributors
@notice The venue of signed orders: anyone matches one taker with up to eight makers, at the
        makers' prices. Orders cost nothing until they are filled.

        order    a limit: `size` units (positive buys) at `price` or better, until `expiry`
        unit     `ratio` contracts of each of one to eight legs: of one a contract, of several a
                 spread, a straddle, a conversion; they are filled together and in ratio, at a net
                 price that may be negative: the buyer of the unit receives it then
        digest   its EIP-712 hash, under which fills and cancellation are kept
        signer   the account's owner, or an operator who may trade here; a contract signs by
                 EIP-1271, a key with 65 bytes and a low s
        index    of an order in a match: 0 the taker, 1 .. 8 the makers; a refusal names it
        nonce    of an account: orders with a lower salt are void. With a clock as salt, one
                 `cancel_below` cancels whatever was signed before

        What a match must be: every maker has its price to the wei, the taker what they leave, at
        no more than its limit; and contracts sum to zero in every instrument. So a spread trades
        with the same spread, or with orders for its legs, or with whatever else comes out even.

            maker      -size * price - maker fee, exact but for the fee: prices have a tick
            taker      what the makers have given or asked, - taker fee
            insurance  fees * insurance share, rounded down
            treasury   the rest of the fees

        Fees are basis points of notional, rounded up: of the contracts of all legs at the index,
        whatever is paid for them; an order for nothing but options pays at most an eighth of its
        net premium.

        Neither margins nor prices are known here: the vault checks what it books, and refuses
        what an account cannot bear or its owner has not allowed.

@dev Trusts the vault and its market data. It moves only what the owners of the accounts have
     approved for this venue in the vault, and there a day's loss against mark is limited,
     whatever is signed. The same arithmetic as plimsoll.spec.orders, to the wei.
@custom:kill The governor withdraws the venue's approval in the registry, the guardian pauses
     trading there, an owner withdraws the account's approval in the vault or cancels.
"""

from interfaces import IMarginVault
from interfaces import IMarketData
from interfaces import IOrderBook
from modules import governed
from modules import instrument
from modules import wad
from snekmate.utils import eip712_domain_separator as eip712

implements: IOrderBook

initializes: governed
initializes: eip712


interface IPriced:
    def market() -> address: view


exports: (
    governed.registry,
    eip712.eip712Domain,
)

MAX_ORDERS: constant(uint256) = 9
MAX_ORDER_LEGS: constant(uint256) = 8
MAX_LEGS: constant(uint256) = 32  # that the vault books at once
MAX_SIGNATURE: constant(uint256) = 1_024
MAX_SIZE: constant(int256) = 2**67 - 1  # what a position can hold, 1e-8 contracts
MAX_RATIO: constant(int256) = 10**4  # contracts per unit
MAX_PRICE: constant(int256) = 10**25
TICK: constant(int256) = wad.ISIZE  # of prices, in wei: what a fill pays is then exact
MAX_NONCE: constant(uint256) = 2**255
MAX_FEE: constant(uint256) = wad.BPS // 100  # 1 %
OPTION_CAP: constant(uint256) = 8  # one part in so many of the premium

CANCELLED: constant(uint256) = 2**255  # beside what is filled
UINT16: constant(uint256) = 2**16 - 1
UINT48: constant(uint256) = 2**48 - 1
CASH: constant(uint256) = 0  # instrument of a fee's leg

LEG_TYPE: constant(bytes32) = keccak256("Leg(uint256 instrument,int256 ratio)")
ORDER_TYPE: constant(bytes32) = keccak256(
    "Order(uint256 account,Leg[] legs,int256 size,int256 price,uint256 expiry,uint256 salt,"
    "bool reduce_only,bool post_only,uint256 taker)Leg(uint256 instrument,int256 ratio)"
)
EIP1271_MAGIC: constant(bytes4) = 0x1626ba7e
# of secp256k1: of the two s that would do, only the lower one is taken
HALF_ORDER: constant(uint256) = 2**255 - 216_210_193_282_829_828_426_210_433_197_484_072_800

vault: public(immutable(address))
MARKET: immutable(IMarketData)

nonces: public(HashMap[uint256, uint256])

_terms: uint256  # | treasury: owner 160, number 48 | insurance share 16 | taker 16 | maker 16 |
_states: HashMap[bytes32, uint256]  # | cancelled 1 | filled 255 |, by digest


@deploy
def __init__(_registry: address, _vault: address, _treasury: uint256, _new_fees: IOrderBook.Fees):
    """
    @param _treasury Account that receives what insurance does not of the fees.
    """
    governed.__init__(_registry)
    eip712.__init__("Plimsoll OrderBook", "1")
    vault = _vault
    MARKET = IMarketData(staticcall IPriced(_vault).market())
    self._set_treasury(_treasury)
    self._set_fees(_new_fees)


# Trading


@external
def match(
    orders: DynArray[IOrderBook.SignedOrder, MAX_ORDERS],
    sizes: DynArray[uint256, MAX_ORDERS],
):
    """
    @notice Fills a taker's order against makers' orders, all or nothing; anyone may. An order
        that does not stand is refused with its index ("orders: expired, order 2"), what does not
        sum to zero in every instrument, or what an account cannot bear, by the vault.
    @dev Reduce-only is judged by the result, once everything is booked: it is as if such an order
        were filled last.
    @param orders Order 0 takes, orders 1 .. 8 make; makers may share accounts, and an order may
        come twice.
    @param sizes How much to fill of each, 1e-8 units.
    """
    count: uint256 = len(orders)
    assert count > 1, "orders: no makers"
    assert len(sizes) == count, "orders: sizes"
    terms: uint256 = self._terms
    rates: IOrderBook.Fees = self._fees(terms)
    taker: uint256 = orders[0].order.account
    only: uint256 = orders[0].order.taker
    if orders[0].order.post_only:
        self._refuse("post only", 0)
    legs: DynArray[IMarginVault.Leg, MAX_LEGS] = []
    offered: int256 = 0  # by the makers to the taker
    collected: uint256 = 0
    known: uint256 = 0  # underlying whose index is `spot`
    spot: uint256 = 0

    for i: uint256 in range(1, count + 1, bound=MAX_ORDERS):
        index: uint256 = i % count  # the taker comes last: it has what the makers leave
        order: IOrderBook.Order = orders[index].order
        digest: bytes32 = self._digest(order)
        self._fill(order, digest, sizes[index], index)
        signer: address = orders[index].signer
        if convert(order.account >> 96, address) != signer:  # its owner may, no need to ask
            if not staticcall IMarginVault(vault).may(order.account, signer, self):
                self._refuse("not authorised", index)
        if not self._is_signed(signer, digest, orders[index].signature):
            self._refuse("bad signature", index)

        size: int256 = convert(sizes[index], int256)
        if order.size < 0:
            size = -size
        price: int256 = order.price
        # unsafe: sizes are below 2**67, prices below 2**84; exact, for the price is in ticks
        quote: int256 = unsafe_mul(-size, price) // wad.ISIZE
        rate: uint256 = rates.taker
        if index > 0:
            if order.account == taker:
                self._refuse("self-trade", index)
            if order.taker not in [0, taker] or only not in [0, order.account]:
                self._refuse("counterparty", index)
            offered -= quote
            rate = rates.maker
        else:
            if offered < quote:
                self._refuse("prices do not cross", index)
            quote = offered
            price = -quote * wad.ISIZE // size  # toward zero, for the log

        if len(legs) + len(order.legs) > MAX_LEGS - 2:
            self._refuse("too many legs", index)
        linear: bool = False
        notional: uint256 = 0  # of a unit
        for leg: IOrderBook.Leg in order.legs:
            if leg.ratio == 0 or leg.ratio > MAX_RATIO or leg.ratio < -MAX_RATIO:
                self._refuse("out of range", index)
            underlying: uint256 = instrument._underlying(leg.instrument)
            if underlying != known:
                known = underlying
                spot = (extcall MARKET.roll(underlying)).index
            # unsafe: ratios are below 2**14, an index below 2**120, legs at most 8
            notional = unsafe_add(notional, unsafe_mul(convert(abs(leg.ratio), uint256), spot))
            linear = linear or instrument._strike(leg.instrument) == 0
            legs.append(
                IMarginVault.Leg(
                    account=order.account,
                    instrument=leg.instrument,
                    size=unsafe_mul(size, leg.ratio),  # below 2**67 * 2**14
                    quote=0,
                )
            )
        # unsafe: notional is below 2**137, a size below 2**67, a rate below 2**7
        fee: uint256 = wad._ceil_div(
            unsafe_mul(unsafe_mul(notional, sizes[index]), rate), wad.SIZE * wad.BPS
        )
        if not linear:
            fee = min(fee, wad._ceil_div(convert(abs(quote), uint256), OPTION_CAP))
        collected += fee
        # the vault takes an account's legs together: the last one of an order has all of it
        legs[len(legs) - 1].quote = quote - convert(fee, int256)
        log IOrderBook.Filled(digest=digest, account=order.account, size=size, price=price, fee=fee)

    insured: uint256 = collected * rates.insurance_share // wad.BPS
    insurance: uint256 = staticcall governed._REGISTRY.insurance()
    legs.append(self._cash_leg(insurance, insured))
    legs.append(self._cash_leg(self._treasury(terms), collected - insured))
    extcall IMarginVault(vault).book(legs)
    for i: uint256 in range(count, bound=MAX_ORDERS):
        if orders[i].order.reduce_only:
            self._check_reduced(orders[i].order, i)


@internal
def _fill(order: IOrderBook.Order, digest: bytes32, size: uint256, index: uint256):
    """
    @notice Fills so much of an order, if it stands.
    """
    if (
        len(order.legs) == 0
        or order.size > MAX_SIZE
        or order.size < -MAX_SIZE
        or order.price > MAX_PRICE
        or order.price < -MAX_PRICE
        or order.price % TICK != 0
    ):
        self._refuse("out of range", index)
    if block.timestamp > order.expiry:
        self._refuse("expired", index)
    if order.salt < self.nonces[order.account]:
        self._refuse("below nonce", index)
    state: uint256 = self._states[digest]
    if state & CANCELLED != 0:
        self._refuse("cancelled", index)
    if size == 0:
        self._refuse("nothing to fill", index)
    # unsafe: what is filled is never more than the size, which is in range
    if size > unsafe_sub(convert(abs(order.size), uint256), state):
        self._refuse("overfilled", index)
    self._states[digest] = unsafe_add(state, size)


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
    for leg: IOrderBook.Leg in order.legs:
        position: int256 = staticcall IMarginVault(vault).position(order.account, leg.instrument)
        if position != 0 and (position > 0) == ((order.size > 0) == (leg.ratio > 0)):
            self._refuse("not reducing", index)


@internal
@pure
def _cash_leg(account: uint256, amount: uint256) -> IMarginVault.Leg:
    return IMarginVault.Leg(account=account, instrument=CASH, size=0, quote=convert(amount, int256))


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
    rates: uint256 = fees.insurance_share << 32 | fees.taker << 16 | fees.maker
    self._terms = (self._terms & ~UINT48) | rates
    log IOrderBook.FeesChanged(fees=fees)


@external
def set_treasury(account: uint256):
    """
    @notice Changes who receives what insurance does not of the fees; governor only.
    @param account With a number below 2**48.
    """
    governed._only_governor()
    self._set_treasury(account)


@internal
def _set_treasury(account: uint256):
    # the number's other half is not kept, but used for the fees
    assert (account & (2**96 - 1)) <= UINT48, "orders: number too high"
    self._terms = (account >> 96 << 96) | (account & UINT48) << 48 | (self._terms & UINT48)
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
    legs: DynArray[bytes32, MAX_ORDER_LEGS] = []
    for leg: IOrderBook.Leg in order.legs:
        legs.append(keccak256(abi_encode(LEG_TYPE, leg)))
    return eip712._hash_typed_data_v4(
        keccak256(
            abi_encode(
                ORDER_TYPE,
                order.account,
                # the array's elements, without its offset and length
                keccak256(slice(abi_encode(legs), 64, 32 * len(legs))),
                order.size,
                order.price,
                order.expiry,
                order.salt,
                order.reduce_only,
                order.post_only,
                order.taker,
            )
        )
    )


@external
@view
def filled(digest: bytes32) -> uint256:
    """
    @notice What is filled of an order, 1e-8 units.
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
def treasury() -> uint256:
    """
    @notice The account that receives what insurance does not of the fees.
    """
    return self._treasury(self._terms)


@internal
@pure
def _treasury(terms: uint256) -> uint256:
    return (terms >> 96 << 96) | (terms >> 48) & UINT48


@external
@view
def fees() -> IOrderBook.Fees:
    """
    @notice What a fill costs, and who gets it.
    """
    return self._fees(self._terms)


@internal
@pure
def _fees(terms: uint256) -> IOrderBook.Fees:
    return IOrderBook.Fees(
        maker=terms & UINT16,
        taker=(terms >> 16) & UINT16,
        insurance_share=(terms >> 32) & UINT16,
    )
