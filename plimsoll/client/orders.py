"""Orders: their EIP-712 form, their digest, and their signature.

    domain = Domain(chain_id=1, order_book="0x...")
    legs = (Leg(perpetual(1)),)               # one of bitcoin; several are filled together
    order = Order(account, legs, size=5 * SIZE, price=60_000 * WAD, expiry=now + 60)
    signed = domain.sign(order, key)          # an eth_account key of the owner or an operator
    order_book.match([taker, signed], [5 * SIZE, 5 * SIZE])

Leg, Order and SignedOrder have the fields of IOrderBook's structs, in their order.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from time import time_ns
from typing import Any, Self

from eth_account.messages import SignableMessage, encode_typed_data
from eth_account.signers.base import BaseAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from plimsoll.spec.market import MAX_PRICE
from plimsoll.spec.wad import WAD, ceil_div
from plimsoll.spec.words import SIZE_LIMIT

MAX_LEGS = 8
MAX_RATIO = 10**4  # contracts per unit

TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "Order": [
        {"name": "account", "type": "uint256"},
        {"name": "legs", "type": "Leg[]"},
        {"name": "size", "type": "int256"},
        {"name": "price", "type": "int256"},
        {"name": "expiry", "type": "uint256"},
        {"name": "salt", "type": "uint256"},
        {"name": "reduce_only", "type": "bool"},
        {"name": "post_only", "type": "bool"},
        {"name": "taker", "type": "uint256"},
    ],
    "Leg": [
        {"name": "instrument", "type": "uint256"},
        {"name": "ratio", "type": "int256"},
    ],
}


@dataclass(frozen=True)
class Leg:
    instrument: int
    ratio: int = 1  # contracts per unit of the order; positive: who buys the unit buys them


@dataclass(frozen=True)
class Order:
    account: int
    legs: tuple[Leg, ...]  # filled together, or not at all
    size: int  # 1e-8 units; positive buys
    price: int  # limit of one unit, WAD, a multiple of 1e8; below 0 the buyer receives it
    expiry: int  # last second of its validity
    # a clock, so that cancel_below(time_ns()) cancels all that was signed before
    salt: int = field(default_factory=time_ns)
    reduce_only: bool = False
    post_only: bool = False
    taker: int = 0  # the only account that may take it, or make for it; 0: any

    def changes(self, units: int = 1) -> Counter[int]:
        """What filling so many units trades of each instrument."""
        changes: Counter[int] = Counter()
        for leg in self.legs:
            changes[leg.instrument] += leg.ratio * (units if self.size > 0 else -units)
        return changes

    def check(self) -> None:
        """ValueError for what the order book refuses, and what trades nothing for its fee."""
        if not 1 <= len(self.legs) <= MAX_LEGS:
            raise ValueError(f"{len(self.legs)} legs are not within 1 .. {MAX_LEGS}")
        if len({leg.instrument for leg in self.legs}) < len(self.legs):
            raise ValueError("a leg is there twice: give it once, with its ratio")
        for leg in self.legs:
            if not 1 <= abs(leg.ratio) <= MAX_RATIO:
                raise ValueError(f"{leg.ratio:,} is no ratio of 1 .. {MAX_RATIO:,}, or less than 0")
        if not 1 <= abs(self.size) <= SIZE_LIMIT:
            raise ValueError("the size is nothing, or more than a position can hold")
        if abs(self.price) > MAX_PRICE:
            raise ValueError(f"the price is beyond {MAX_PRICE // WAD:,}")


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
        content = json.loads(text)
        legs = tuple(Leg(**leg) for leg in content["order"].pop("legs"))
        order = Order(legs=legs, **content["order"])
        parts: tuple[Order | Leg, ...] = (order, *legs)
        for part in parts:
            for item in fields(part):
                if item.type in (int, bool) and type(getattr(part, item.name)) is not item.type:
                    raise ValueError(f"{item.name} is no {item.type}")
        signature = bytes.fromhex(content["signature"].removeprefix("0x"))
        return cls(order, to_checksum_address(content["signer"]), signature)


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
            "message": {**asdict(order), "legs": [asdict(leg) for leg in order.legs]},
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


def fit(orders: Sequence[Order], left: Sequence[int]) -> list[int]:
    """Units of each order that come out even, the first one's as many as the others allow.

    The others are filled in their sequence, each as far as it only trades what the first still
    lacks: the same legs, or orders for some of them. `left` is what is not filled of each.
    """
    units = left[0]
    while units > 0:
        lacking, sizes = orders[0].changes(units), [units]
        for order, most in zip(orders[1:], left[1:], strict=True):
            changes = order.changes()
            fits = [lacking[what] // -change for what, change in changes.items() if change]
            sizes.append(max(0, min([most, *fits])))
            for what, change in changes.items():
                lacking[what] += change * sizes[-1]
        if not any(lacking.values()):
            return sizes
        units = min(
            units - ceil_div(abs(lacking[what]), abs(change))
            for what, change in orders[0].changes().items()
            if change
        )
    return [0] * len(orders)
