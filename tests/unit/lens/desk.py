"""The deployed protocol with a venue at hand, and a ledger of the specification that mirrors it."""

from types import SimpleNamespace
from typing import Any

from plimsoll.spec.interest import Pool
from plimsoll.spec.ledger import QUOTE, Account, Ledger, Listing
from plimsoll.spec.margin import Margin
from plimsoll.spec.market import Market
from plimsoll.spec.wad import MAX, SIZE
from plimsoll.spec.words import account_id, unpack_account
from tests.harness import Account as Sender
from tests.harness import Chain

UNLIMITED = 2**112 - 1  # of a venue's daily loss


class Desk:
    """Amounts and prices are whole: tokens, contracts, quote."""

    def __init__(self, protocol: SimpleNamespace, chain: Chain, venue: Sender) -> None:
        self.protocol = protocol
        self.chain = chain
        self.venue = venue
        self.registry.set_venue(venue, True, sender=self.governor)
        self.prices = {item.id: item.feed.price for item in protocol.params.underlyings.values()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.protocol, name)

    def open(self, owner: Sender, number: int = 0, **amounts: float) -> int:
        """A funded account that trades on the venue."""
        account = account_id(int(owner.address, 16), number)
        self.vault.set_venue(account, self.venue, UNLIMITED, sender=owner)
        for name, amount in amounts.items():
            token = getattr(self, name)
            units = round(amount * 10 ** token.decimals())
            token.mint(owner, units, sender=owner)
            token.approve(self.vault, units, sender=owner)
            self.vault.deposit(account, token, units, sender=owner)
        return account

    def trade(self, buyer: int, seller: int, underlying: int, contracts: float) -> None:
        """At mark."""
        size = round(contracts * SIZE)
        quote = size * self.market.peek(underlying).mark // SIZE
        instrument = self.perpetuals[underlying]
        legs = [(buyer, instrument, size, -quote), (seller, instrument, -size, quote)]
        self.vault.book(legs, sender=self.venue)

    def move(self, underlying: int, price: float) -> None:
        """A second later the index is another one."""
        self.chain.mine(delta=1)
        self.prices[underlying] = price
        self.set_price(underlying, price)

    def wait(self, seconds: int) -> None:
        """Time passes; the sources tell the same prices again."""
        self.chain.mine(delta=seconds)
        for underlying, price in self.prices.items():
            self.set_price(underlying, price)

    def markets(self) -> dict[int, Market]:
        return {underlying: Market(*self.market.peek(underlying)) for underlying in self.prices}

    def tokens(self, account: int) -> dict[int, Any]:
        """The quote token and what collateral an account holds, by asset id."""
        held = [item.asset for item in self.vault.book_of(account).collateral]
        names = {number: symbol.lower() for symbol, number in self.assets.items()}
        return {QUOTE: self.quote} | {asset: getattr(self, names[asset]) for asset in held}

    def ledger(self, *accounts: int) -> Ledger:
        """The vault with these accounts as plimsoll.spec has it."""
        params = self.params
        listing = Listing(
            quote_decimals=params.quote.decimals,
            caps=dict.fromkeys(self.assets.values(), MAX),
            insurance=self.insurance,
        )
        ledger = Ledger(listing, params.model(), params.rates.spec, self.chain.timestamp)
        ledger.markets = self.markets()
        ledger.pool = Pool(*self.vault.pool())
        ledger.totals = {asset: self.vault.totals(asset) for asset in self.assets.values()}
        for account in accounts:
            book = self.vault.book_of(account)
            cash, basis, _, _, level = unpack_account(self.vault.words(account))
            ledger.accounts[account] = Account(
                cash,
                basis,
                level,
                tuple(book.positions),
                {item.asset: item.amount for item in book.collateral},
            )
        return ledger

    def margin(self, account: int) -> Margin:
        return self.ledger(account).margin(account)
