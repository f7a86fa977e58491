"""Accounts, orders and signatures in front of a deployed protocol."""

from itertools import count
from types import SimpleNamespace
from typing import Any

from plimsoll.client.orders import Domain, Leg, Order, SignedOrder
from plimsoll.spec import ledger
from plimsoll.spec import orders as spec
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import CASH, account_id, perpetual, underlying_of
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

    def order(self, account: int, units: float, price: int = MARK, **terms: Any) -> Order:
        """For bitcoin's perpetual if nothing else is said, good for an hour; positive units buy."""
        terms = {
            "legs": (Leg(PERPETUAL),),
            "size": round(units * SIZE),
            "price": price,
            "expiry": self.chain.timestamp + 3_600,
            "salt": next(self._salts),
            **terms,
        }
        return Order(account, **terms)

    def sign(self, order: Order, signer: Account) -> SignedOrder:
        return self.domain.sign(order, signer.key)

    def match(
        self,
        taker: SignedOrder,
        makers: list[SignedOrder],
        units: list[float],
        taken: float | None = None,
    ) -> Receipt:
        """So much of each maker's order, and of the taker's as much as of all makers' if nothing
        else is said; sent by somebody who has nothing to do with it.
        """
        sizes = [round(size * SIZE) for size in units]
        first = sum(sizes) if taken is None else round(taken * SIZE)
        return self.book.match([taker, *makers], [first, *sizes], sender=self.protocol.stranger)

    def cash(self, account: int) -> int:
        return self.vault.book_of(account).cash

    def position(self, account: int, instrument: int = PERPETUAL) -> int:
        return self.vault.position(account, instrument)

    def booked(self, fills: list[spec.Fill], fees: tuple[int, int, int]) -> list[ledger.Leg]:
        """What is booked of a match, the taker's fill first."""
        return spec.match(
            fills[0],
            fills[1:],
            spec.Fees(*fees),
            lambda underlying: self.protocol.market.peek(underlying).index,
            self.protocol.insurance,
            self.protocol.treasury,
        )

    def digest(self, signed: SignedOrder) -> bytes:
        return self.domain.digest(signed.order)


def fill_of(signed: SignedOrder, size: int) -> spec.Fill:
    """As the specification takes it."""
    order = signed.order
    legs = [(leg.instrument, leg.ratio) for leg in order.legs]
    return spec.Fill(order.account, legs, size if order.size > 0 else -size, order.price)


def check_match(
    desk: Desk,
    taker: SignedOrder,
    makers: list[SignedOrder],
    units: list[float],
    taken: float | None = None,
) -> Receipt:
    """Matches, and compares what every account gets with the specification."""
    market = desk.protocol.market
    first = sum(units) if taken is None else taken
    fills = [
        fill_of(signed, round(size * SIZE))
        for signed, size in zip([taker, *makers], [first, *units], strict=True)
    ]
    legs = desk.booked(fills, desk.book.fees())
    marks = {leg.instrument: market.peek(underlying_of(leg.instrument)).mark for leg in legs[:-2]}
    held = {(leg.account, leg.instrument) for leg in legs[:-2]}
    cash = {leg.account: desk.cash(leg.account) for leg in legs}
    positions = {item: desk.position(*item) for item in held}

    receipt = desk.match(taker, makers, units, taken)

    for leg in legs:
        cash[leg.account] += leg.quote
        if leg.instrument != CASH:
            # the vault settles in cash what was paid above or below mark; the rest is in basis
            cash[leg.account] += leg.size * marks[leg.instrument] // SIZE
            positions[leg.account, leg.instrument] += leg.size
    assert cash == {account: desk.cash(account) for account in cash}
    assert positions == {item: desk.position(*item) for item in held}
    trades = [
        (event.account, event.venue, event.instrument, event.size, event.quote)
        for event in receipt.events_of(desk.vault.Trade)
    ]
    assert sorted(trades) == sorted(
        (leg.account, desk.book.address, leg.instrument, leg.size, leg.quote) for leg in legs[:-2]
    )
    return receipt
