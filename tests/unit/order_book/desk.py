"""Accounts, orders and signatures in front of a deployed protocol."""

from itertools import count
from types import SimpleNamespace
from typing import Any

from plimsoll.client.orders import Domain, Order, SignedOrder
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import account_id, perpetual
from tests.harness import Account, Chain, Receipt

BTC, ETH = 1, 2
PERPETUAL = perpetual(BTC)
MARK = 60_000 * WAD
MILLION = 1_000_000 * WAD


class Desk:
    def __init__(self, protocol: SimpleNamespace, chain: Chain) -> None:
        self.protocol = protocol
        self.chain = chain
        self.vault = protocol.vault
        self.book = protocol.orders
        self.domain = Domain(chain.chain_id, protocol.orders.address)
        self._salts = count(1)

    def open(self, owner: Account, number: int = 0, dollars: int = 1_000_000) -> int:
        """An account with money, whose owner lets the order book trade."""
        account = account_id(int(owner.address, 16), number)
        self.vault.set_venue(account, self.book, MILLION, sender=owner)
        self.deposit(account, dollars)
        return account

    def deposit(self, account: int, dollars: int) -> None:
        protocol, payer = self.protocol, self.protocol.governor
        protocol.quote.mint(payer, dollars * 10**6, sender=payer)
        protocol.quote.approve(self.vault, dollars * 10**6, sender=payer)
        self.vault.deposit(account, protocol.quote, dollars * 10**6, sender=payer)

    def order(self, account: int, contracts: float, price: int = MARK, **terms: Any) -> Order:
        """Good for an hour; positive contracts buy."""
        terms = {
            "instrument": PERPETUAL,
            "size": round(contracts * SIZE),
            "price": price,
            "expiry": self.chain.timestamp + 3_600,
            "salt": next(self._salts),
            **terms,
        }
        return Order(account, **terms)

    def sign(self, order: Order, signer: Account) -> SignedOrder:
        return self.domain.sign(order, signer.key)

    def match(
        self, taker: SignedOrder, makers: list[SignedOrder], contracts: list[float]
    ) -> Receipt:
        """Sent by somebody who has nothing to do with it."""
        sizes = [round(size * SIZE) for size in contracts]
        return self.book.match(taker, makers, sizes, sender=self.protocol.stranger)

    def cash(self, account: int) -> int:
        return self.vault.book_of(account).cash

    def position(self, account: int, instrument: int = PERPETUAL) -> int:
        return self.vault.position(account, instrument)

    def digest(self, signed: SignedOrder) -> bytes:
        return self.domain.digest(signed.order)
