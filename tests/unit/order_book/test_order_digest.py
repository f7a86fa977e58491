"""What is signed: the contract, EIP-712, and the client agree."""

from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.client.orders import Order, SignedOrder

UINT = st.integers(0, 2**256 - 1)
ORDERS = st.builds(
    Order,
    account=UINT,
    instrument=UINT,
    size=st.integers(-(2**255), 2**255 - 1),
    price=UINT,
    expiry=UINT,
    salt=UINT,
    reduce_only=st.booleans(),
    post_only=st.booleans(),
    taker=UINT,
)


@settings(max_examples=100, deadline=None)
@given(order=ORDERS)
def test_equals_the_clients(desk, book, order):
    assert book.order_digest(order) == desk.domain.digest(order)


def test_equals_eip_712(book, chain):
    """Written out once, without any library for typed data."""
    order = Order(1 << 96, 2, -3, 4, 5, 6, True, False, 7)
    domain_type = b"EIP712Domain(string name,string version,uint256 chainId,address "
    domain = keccak(
        keccak(domain_type + b"verifyingContract)")
        + keccak(b"Plimsoll OrderBook")
        + keccak(b"1")
        + chain.chain_id.to_bytes(32)
        + bytes(12)
        + bytes.fromhex(book.address[2:])
    )
    order_type = b"Order(uint256 account,uint256 instrument,int256 size,uint256 price,"
    order_type += b"uint256 expiry,uint256 salt,bool reduce_only,bool post_only,uint256 taker)"
    fields = [1 << 96, 2, -3 % 2**256, 4, 5, 6, 1, 0, 7]
    struct = keccak(keccak(order_type) + b"".join(field.to_bytes(32) for field in fields))
    assert book.order_digest(order) == keccak(b"\x19\x01" + domain + struct)


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
    first, second = (Order(1, 1, 1, 1, 1).salt for _ in range(2))
    assert first <= second
