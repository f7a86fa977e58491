"""What is signed: the contract, EIP-712, and the client agree."""

from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.client.orders import Leg, Order, SignedOrder

UINT = st.integers(0, 2**256 - 1)
INT = st.integers(-(2**255), 2**255 - 1)
ORDERS = st.builds(
    Order,
    account=UINT,
    legs=st.lists(st.builds(Leg, UINT, INT), max_size=8).map(tuple),
    size=INT,
    price=INT,
    expiry=UINT,
    salt=UINT,
    reduce_only=st.booleans(),
    post_only=st.booleans(),
    taker=UINT,
)


@settings(max_examples=100)
@given(order=ORDERS)
def test_equals_the_clients(desk, book, order):
    assert book.order_digest(order) == desk.domain.digest(order)


def test_equals_eip_712(book, chain):
    """Written out once, without any library for typed data."""
    order = Order(1 << 96, (Leg(8, 9), Leg(10, -11)), -3, -4, 5, 6, True, False, 7)
    domain_type = b"EIP712Domain(string name,string version,uint256 chainId,address "
    domain = keccak(
        keccak(domain_type + b"verifyingContract)")
        + keccak(b"Plimsoll OrderBook")
        + keccak(b"1")
        + chain.chain_id.to_bytes(32)
        + bytes(12)
        + bytes.fromhex(book.address[2:])
    )
    leg_type = b"Leg(uint256 instrument,int256 ratio)"
    order_type = b"Order(uint256 account,Leg[] legs,int256 size,int256 price,uint256 expiry,"
    order_type += b"uint256 salt,bool reduce_only,bool post_only,uint256 taker)"
    legs = [keccak(keccak(leg_type) + words(8, 9)), keccak(keccak(leg_type) + words(10, -11))]
    struct = keccak(
        keccak(order_type + leg_type)
        + words(1 << 96)
        + keccak(b"".join(legs))
        + words(-3, -4, 5, 6, 1, 0, 7)
    )
    assert book.order_digest(order) == keccak(b"\x19\x01" + domain + struct)


def words(*values):
    return b"".join((value % 2**256).to_bytes(32) for value in values)


def test_domain_is_told(book, chain):
    """EIP-5267."""
    assert book.eip712Domain() == (
        b"\x0f",
        "Plimsoll OrderBook",
        "1",
        chain.chain_id,
        book.address,
        bytes(32),
        [],
    )


@given(order=ORDERS)
def test_signed_orders_survive_json(order):
    signed = SignedOrder(order, "0x" + "12" * 20, b"\x01\x02")
    assert SignedOrder.from_json(signed.to_json()) == signed


def test_salts_rise():
    """By default a salt is a clock."""
    first, second = (Order(1, (), 1, 1, 1).salt for _ in range(2))
    assert first <= second
