"""The deployed protocol with a venue at hand, and a ledger of the specification that mirrors it."""

from types import SimpleNamespace
from typing import Any

from plimsoll.deploy.expiries import Listing as ExpiryListing
from plimsoll.deploy.expiries import list_expiry, smile_of
from plimsoll.spec.interest import Pool
from plimsoll.spec.ledger import QUOTE, Account, Ledger, Listing, Series
from plimsoll.spec.margin import Margin
from plimsoll.spec.market import Market
from plimsoll.spec.wad import MAX, SIZE, WAD
from plimsoll.spec.words import account_id, is_option, unpack_account
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

    def list_expiry(self, underlying: int, days: int = 30) -> int:
        """Futures and options of a month from now, at a volatility of 60 %."""
        unit = 1_800
        expiry = (self.chain.timestamp // unit + 1) * unit + days * 86_400
        series = Series(10**8, 10**8, 10**13, 10**13)
        listing = ExpiryListing(underlying, expiry, 101 * WAD // 100, smile_of(0.6), series)
        chain = self.deployer.chain
        for finding in list_expiry(chain, self.record, listing, lambda: self.chain.timestamp):
            assert finding.holds, finding
        return expiry

    def deal(self, buyer: int, seller: int, instrument: int, contracts: float) -> None:
        """Any instrument, at its mark."""
        size = round(contracts * SIZE)
        quote = size * self.marked(instrument) // SIZE
        legs = [(buyer, instrument, size, -quote), (seller, instrument, -size, quote)]
        self.vault.book(legs, sender=self.venue)

    def marked(self, instrument: int) -> int:
        """What the vault trades an instrument at, WAD."""
        if is_option(instrument):
            return self.engine.mark.call(instrument, sender=self.keeper)[0]
        return self.market.price.call(instrument, sender=self.keeper)[0]

    def expire(self, expiry: int) -> None:
        """Prices are told all along the half hour before an expiry, and just after it."""
        for time in range(expiry - 1_800, expiry + 1, 300):
            self.wait(time - self.chain.timestamp)
            for underlying in self.prices:
                self.market.roll(underlying, sender=self.keeper)

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
