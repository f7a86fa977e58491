"""Orders: their EIP-712 form, their digest, and their signature.

    domain = Domain(chain_id=1, order_book="0x...")
    order = Order(account, perpetual(1), size=5 * SIZE, price=60_000 * WAD, expiry=now + 60)
    signed = domain.sign(order, key)          # an eth_account key of the owner or an operator
    order_book.match(taker, [signed], [5 * SIZE])

Order and SignedOrder have the fields of IOrderBook's structs, in their order.
"""

import json
from dataclasses import asdict, dataclass, field
from time import time_ns
from typing import Any, Self

from eth_account.messages import SignableMessage, encode_typed_data
from eth_account.signers.base import BaseAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "Order": [
        {"name": "account", "type": "uint256"},
        {"name": "instrument", "type": "uint256"},
        {"name": "size", "type": "int256"},
        {"name": "price", "type": "uint256"},
        {"name": "expiry", "type": "uint256"},
        {"name": "salt", "type": "uint256"},
        {"name": "reduce_only", "type": "bool"},
        {"name": "post_only", "type": "bool"},
        {"name": "taker", "type": "uint256"},
    ],
}


@dataclass(frozen=True)
class Order:
    account: int
    instrument: int
    size: int  # 1e-8 contracts; positive buys
    price: int  # limit, WAD per contract
    expiry: int  # last second of its validity
    # a clock, so that cancel_below(time_ns()) cancels all that was signed before
    salt: int = field(default_factory=time_ns)
    reduce_only: bool = False
    post_only: bool = False
    taker: int = 0  # the account that alone may be on the other side; 0: any


@dataclass(frozen=True)
class SignedOrder:
    order: Order
    signer: str
    signature: bytes

    def to_json(self) -> str:
        """The order as others pass it on."""
        return json.dumps({**asdict(self), "signature": "0x" + self.signature.hex()})

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        signature = bytes.fromhex(fields["signature"].removeprefix("0x"))
        return cls(Order(**fields["order"]), fields["signer"], signature)


@dataclass(frozen=True)
class Domain:
    """Where orders are good: one order book on one chain."""

    chain_id: int
    order_book: str

    def typed_data(self, order: Order) -> dict[str, Any]:
        """What a wallet is asked to sign (eth_signTypedData_v4)."""
        return {
            "types": TYPES,
            "primaryType": "Order",
            "domain": {
                "name": "Plimsoll OrderBook",
                "version": "1",
                "chainId": self.chain_id,
                "verifyingContract": to_checksum_address(self.order_book),
            },
            "message": asdict(order),
        }

    def signable(self, order: Order) -> SignableMessage:
        """What the `sign_message` of eth_account and Ape takes."""
        return encode_typed_data(full_message=self.typed_data(order))

    def digest(self, order: Order) -> bytes:
        """What the order book calls the order by."""
        message = self.signable(order)
        return keccak(b"\x19" + message.version + message.header + message.body)

    def sign(self, order: Order, key: BaseAccount) -> SignedOrder:
        signature = key.sign_message(self.signable(order)).signature
        return SignedOrder(order, str(key.address), bytes(signature))
