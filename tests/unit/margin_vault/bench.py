"""The deployed protocol and its specification, side by side.

Every action of `Bench` is done by plimsoll.spec's ledger and by the vault. Both must agree: on the
reason if they refuse it, on every word of the state if they do it. Beside that the law of the
ledger must hold, and the events must tell what changed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, replace
from types import SimpleNamespace
from typing import Any

from plimsoll.spec import liquidation
from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.interest import Pool, Rates
from plimsoll.spec.ledger import QUOTE, Ledger, Leg, Listing, Series
from plimsoll.spec.margin import Margin, UnderlyingParams
from plimsoll.spec.market import LIQUIDATION, OPEN, STALE, WINDOW, Expiry, Market
from plimsoll.spec.wad import MAX, SIZE, WAD, Revert
from plimsoll.spec.words import (
    account_id,
    is_option,
    owner_of,
    pack_account,
)
from tests.deployment import BTC, ETH, SOL
from tests.harness import Account, Chain, Contract, Project, Receipt, Reverted, reverts
from tests.harness.accounts import impersonate

ALL = MAX
HOUR, DAY, YEAR = 3_600, 86_400, 365 * 86_400
CENT = WAD // 100
UNLIMITED = 2**112 - 1  # of a venue's daily loss
WITHDRAW, TRANSFER, CONFIGURE = (f"0x{scope:040x}" for scope in (1, 2, 3))

# the stable price follows fast, so that tests need not wait, and prices may move by a fifth at once
MARKET = {"stable_rate": 5_000, "alarm": 2_000}
PARAMETERS: dict[str, Any] = {
    "underlyings": {symbol: {"market": MARKET} for symbol in ("BTC", "ETH", "SOL")},
    "assets": {
        "WSOL": {  # a collateral with six decimals
            "token": "mock",
            "decimals": 6,
            "underlying": "SOL",
            "cap": 1_000_000,
            "tiers": [{"up_to": 1_000_000, "haircut": 2_200}, {"haircut": 4_000}],
            "liquidity": 100,
            "scale": 200_000,
        }
    },
}


def usd(amount: float) -> int:
    """Units of the quote token, which has six decimals."""
    return round(amount * 10**6)


def logged(receipt: Receipt, event: Any) -> list[dict[str, Any]]:
    return [found.args for found in receipt.events_of(event)]


class Bench:
    """Contracts and roles of tests.deployment, a venue that is an account, and the ledger.

    Prices are set in whole quote; time passes with `wait`, which keeps the feeds fresh.
    """

    def __init__(
        self, project: Project, chain: Chain, protocol: SimpleNamespace, venue: Account
    ) -> None:
        self.project = project
        self.chain = chain
        self.protocol = protocol
        self.venue = venue
        params = protocol.params
        self.prices: dict[int, float] = {
            item.id: item.feed.price for item in params.underlyings.values()
        }
        self.premiums: dict[int, tuple[Contract, int]] = {}
        self.underlyings = list(self.prices)
        listing = Listing(
            quote_decimals=params.quote.decimals,
            caps={
                number: asset.cap * 10**asset.decimals
                for number, asset in enumerate(params.assets.values())
            },
            max_size={item.id: item.size_limit * SIZE for item in params.underlyings.values()},
            insurance=protocol.insurance,
        )
        self.ledger = Ledger(listing, params.model(), params.rates.spec, chain.timestamp)
        self.tokens: dict[int, Contract] = {
            QUOTE: protocol.quote,
            **{number: getattr(protocol, key.lower()) for key, number in protocol.assets.items()},
        }
        self.sent: dict[int, int] = {}  # tokens that were sent to the vault without a deposit
        self.words: dict[int, int] = {}  # accounts' words as told by events
        self.expiries: list[tuple[int, int]] = []  # (underlying, expiry)
        self.marks: dict[int, int] = {}  # of options, once the engine is trusted
        self.check()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.protocol, name)

    # -- who and what ----------------------------------------------------------------------------

    def account(self, owner: Any, number: int = 0) -> int:
        return account_id(int(owner.address, 16), number)

    def owner(self, account: int) -> Account:
        return impersonate(f"0x{owner_of(account):040x}")

    def asset(self, token: Contract) -> int:
        return next(asset for asset, known in self.tokens.items() if known == token)

    @property
    def btc(self) -> int:
        return int(self.perpetuals[BTC])

    @property
    def eth(self) -> int:
        return int(self.perpetuals[ETH])

    @property
    def sol(self) -> int:
        return int(self.perpetuals[SOL])

    def margin(self, account: int) -> Margin:
        self.sync()
        return self.ledger.margin(account)

    def equity(self, *accounts: int) -> int:
        return sum(self.margin(account).equity for account in accounts)

    def wealth(self, owner: Any, *accounts: int) -> int:
        """What somebody has: wallet and accounts at index, where debts beyond an account's means
        are not the owner's."""
        total = sum(max(0, self.equity(account)) for account in accounts)
        for asset, token in self.tokens.items():
            value = token.balanceOf(owner) * WAD // 10 ** token.decimals()
            if asset != QUOTE:
                underlying = self.ledger.model.assets[asset].underlying
                value = value * self.market.peek(underlying).index // WAD
            total += value
        return total

    def mark(self, instrument: int) -> int:
        self.sync()
        return self.ledger.mark(instrument)

    def cash(self, account: int) -> int:
        return int(self.vault.book_of(account).cash)

    # -- time and prices -------------------------------------------------------------------------

    def wait(self, seconds: int) -> None:
        """Lets time pass; feeds tell the same prices again."""
        self.chain.mine(delta=seconds)
        for underlying, price in self.prices.items():
            self.set_price(underlying, price)
        for underlying, (source, bps) in self.premiums.items():
            price = self.prices[underlying] * (1 + bps / 10_000)
            source.set_answer(round(price * 10**8), sender=self.governor)

    def silence(self, *underlyings: int, hours: int = 5) -> None:
        """Their feeds tell nothing for so long that their prices open no risk, beyond four hours
        that nobody knows one; the others go on."""
        for underlying in underlyings:
            del self.prices[underlying]
        for _ in range(hours):
            self.wait(HOUR)
        told = LIQUIDATION if hours <= 4 else STALE
        assert all(self.market.peek(underlying).validity == told for underlying in underlyings)

    def set_premium(self, underlying: int, bps: int) -> None:
        """The perpetual's impact mid price is so far from the index, and has been for long."""
        if underlying not in self.premiums:
            source = self.project.Aggregator.deploy("impact mid", 8, sender=self.governor)
            self.premiums[underlying] = source, bps
            self.wait(0)
            feed = self.project.ChainlinkFeed.deploy(source, DAY, sender=self.governor)
            self.market.set_premium_feed(underlying, feed, sender=self.governor)
        self.premiums[underlying] = self.premiums[underlying][0], bps
        for _ in range(2):
            self.wait(HOUR)
            self.market.roll(underlying, sender=self.governor)

    def jump(self, underlying: int, price: float) -> None:
        """The index is another one a second later."""
        self.prices[underlying] = price
        self.wait(1)
        self.market.roll(underlying, sender=self.governor)

    def move(self, underlying: int, price: float) -> None:
        """The index is another one, and the stable price has come up with it."""
        self.jump(underlying, price)
        while self.market.peek(underlying).stable != self.market.peek(underlying).index:
            self.wait(HOUR)
            self.market.roll(underlying, sender=self.governor)

    def expire(self, expiry: int, price: float, *underlyings: int) -> None:
        """The index of underlyings is the same all through the window of an expiry, and after."""
        self.chain.mine(timestamp=expiry - WINDOW)
        for underlying in underlyings:
            self.prices[underlying] = price
        while True:
            self.wait(0)
            for underlying in underlyings:
                self.market.roll(underlying, sender=self.governor)
            if self.chain.timestamp == expiry:
                return
            self.chain.mine(delta=WINDOW // 3)

    # -- set-up ----------------------------------------------------------------------------------

    def give(self, token: Contract, owner: Any, amount: int) -> None:
        """Tokens in somebody's wallet, approved to the vault."""
        token.mint(owner, amount, sender=self.governor)
        token.approve(self.vault, token.balanceOf(owner), sender=owner)

    def fund(self, account: int, amount: float = 0, **tokens: int) -> int:
        """Deposits whole quote, and units of collateral tokens, for an account; returns it."""
        if amount:
            self.deposit(account, self.quote, usd(amount))
        for name, units in tokens.items():
            self.deposit(account, getattr(self, name), units)
        return account

    def approve(self, *accounts: int, limit: int = UNLIMITED) -> None:
        for account in accounts:
            self.set_venue(account, limit=limit)

    def list_token(self, token: Contract, underlying: int = ETH, cap: int = 10**6) -> int:
        """A token becomes collateral, with the parameters of the first asset of an underlying."""
        params = next(
            item for item in self.ledger.model.assets.values() if item.underlying == underlying
        )
        params = replace(params, decimals=token.decimals())
        asset = int(self.registry.asset_count())
        self.engine.set_asset(asset, asdict(params), sender=self.governor)
        self.registry.list_asset(token, cap, sender=self.governor)
        assets: dict[int, AssetParams] = self.ledger.model.assets  # type: ignore[assignment]
        assets[asset] = params
        self.ledger.listing.caps[asset] = cap * 10**params.decimals
        self.tokens[asset] = token
        return asset

    def list_underlying(self, underlying: int, like: int) -> None:
        """A new underlying with the feed and the parameters of another one."""
        market, engine, governor = self.market, self.engine, self.governor
        market.list_market(underlying, market.feed(like), market.params(like), sender=governor)
        engine.set_underlying(underlying, engine.underlying_params(like), sender=governor)
        model: dict[int, UnderlyingParams] = self.ledger.model.underlyings  # type: ignore[assignment]
        model[underlying] = model[like]
        self.underlyings.append(underlying)
        self.set_size_limit(underlying, self.ledger.listing.max_size[like])

    def set_cap(self, token: Contract, cap: int) -> None:
        self.registry.set_cap(token, cap, sender=self.governor)
        self.ledger.listing.caps[self.asset(token)] = cap * 10 ** token.decimals()

    def set_size_limit(self, underlying: int, limit: int) -> None:
        self.registry.set_size_limit(underlying, limit, sender=self.governor)
        self.ledger.listing.max_size[underlying] = limit

    def trust(self) -> None:
        """From now on every account is healthy, and options are worth what is said."""
        self.stub = self.project.EngineStub.deploy(self.market, self.engine, sender=self.governor)
        self.registry.set_engine(self.stub, sender=self.governor)
        self.ledger._assess = lambda draft: Margin(0, 0, 0, 0, OPEN)  # type: ignore[method-assign]
        linear = self.ledger.mark

        def mark(instrument: int) -> int:
            return self.marks[instrument] if is_option(instrument) else linear(instrument)

        self.ledger.mark = self.ledger.ask = mark  # type: ignore[method-assign]
        self.ledger.mark_validity = lambda option: OPEN  # type: ignore[method-assign]

    def distrust(self, marks: int = STALE) -> None:
        """From now on no account is healthy, and marks of options are only so valid."""
        self.stub.set_refuses(True, marks, sender=self.governor)
        short = Margin(-1, 0, 0, 0, STALE)
        self.ledger._assess = lambda draft: short  # type: ignore[method-assign]
        self.ledger.mark_validity = lambda option: marks  # type: ignore[method-assign]

    def set_mark(self, option: int, price: float) -> None:
        self.stub.set_mark(option, round(price * WAD), sender=self.governor)
        self.marks[option] = round(price * WAD)

    def list_expiry(self, underlying: int, expiry: int, ratio: float = 1) -> None:
        """In market data; what is traded of it is listed apart."""
        self.market.list_expiry(underlying, expiry, round(ratio * WAD), sender=self.governor)
        self.expiries.append((underlying, expiry))

    def list_series(self, underlying: int, expiry: int, series: Series) -> None:
        self.registry.list_series(underlying, expiry, asdict(series), sender=self.governor)
        self.ledger.listing.series[underlying, expiry] = series

    def set_rates(self, rates: Rates) -> None:
        def act() -> Receipt:
            receipt: Receipt = self.registry.set_rates(asdict(rates), sender=self.governor)
            return receipt

        def spec() -> None:
            self.ledger.accrue()
            self.ledger.rates = rates

        self.both(spec, act)

    def set_liquidator(self, liquidator: Any) -> None:
        self.registry.set_liquidator(liquidator, sender=self.governor)

    # -- actions ---------------------------------------------------------------------------------

    def deposit(
        self, account: int, token: Contract, amount: int, sender: Any = None, mint: bool = True
    ) -> Receipt:
        payer = sender or self.owner(account)
        if mint:
            self.give(token, payer, amount)
        own = self.vault.may(account, payer, CONFIGURE)
        return self.both(
            lambda: self.ledger.deposit(account, self.asset(token), amount, own),
            lambda: self.vault.deposit(account, token, amount, sender=payer),
        )

    def withdraw(
        self, account: int, token: Contract, amount: int, to: Any = None, sender: Any = None
    ) -> Receipt:
        owner = self.owner(account)
        return self.both(
            lambda: self.ledger.withdraw(account, self.asset(token), amount),
            lambda: self.vault.withdraw(
                account, token, amount, to or owner, sender=sender or owner
            ),
        )

    def transfer(
        self, source: int, target: int, token: Contract, amount: int, sender: Any = None
    ) -> Receipt:
        payer = sender or self.owner(source)
        return self.both(
            lambda: self.ledger.transfer(source, target, self.asset(token), amount),
            lambda: self.vault.transfer(source, target, token, amount, sender=payer),
        )

    def set_netting(self, account: int, level: int, sender: Any = None) -> Receipt:
        payer = sender or self.owner(account)
        return self.both(
            lambda: self.ledger.set_netting(account, level),
            lambda: self.vault.set_netting(account, level, sender=payer),
        )

    def set_venue(self, account: int, venue: Any = None, limit: int = UNLIMITED) -> Receipt:
        venue = venue or self.venue
        return self.both(
            lambda: self.ledger.set_venue(account, venue.address, limit),
            lambda: self.vault.set_venue(account, venue, limit, sender=self.owner(account)),
        )

    def book(self, legs: Sequence[tuple[int, int, int, int]], venue: Any = None) -> Receipt:
        """Legs are (account, instrument, size, quote)."""
        venue = venue or self.venue
        return self.both(
            lambda: self.ledger.book(venue.address, [Leg(*leg) for leg in legs]),
            lambda: self.vault.book(legs, sender=venue),
        )

    def trade(
        self,
        buyer: int,
        seller: int,
        size: int = SIZE,
        price: float | None = None,
        instrument: int = 0,
    ) -> Receipt:
        """A trade of two accounts, at mark if no price (in whole quote) is given."""
        return self.book(self.legs(buyer, seller, size, price, instrument))

    def legs(
        self,
        buyer: int,
        seller: int,
        size: int = SIZE,
        price: float | None = None,
        instrument: int = 0,
    ) -> list[tuple[int, int, int, int]]:
        instrument = instrument or self.btc
        paid = self.mark(instrument) if price is None else round(price * WAD)
        quote = size * paid // SIZE
        return [(buyer, instrument, size, -quote), (seller, instrument, -size, quote)]

    def settle(self, account: int, sender: Any = None) -> Receipt:
        return self.both(
            lambda: self.ledger.settle(account),
            lambda: self.vault.settle(account, sender=sender or self.stranger),
        )

    def accrue(self) -> Receipt:
        return self.both(self.ledger.accrue, lambda: self.vault.accrue(sender=self.stranger))

    def slice(
        self,
        account: int,
        to: int,
        fraction: int = WAD,
        payment: int = 0,
        cut: int = 0,
        keeper: Any = None,
        sender: Any = None,
    ) -> Receipt:
        """By the liquidator, who is the venue in these tests."""
        asker = keeper or self.owner(to)
        return self.both(
            lambda: self.ledger.slice(account, to, fraction, payment, cut),
            lambda: self.vault.slice(
                account, to, asker, fraction, payment, cut, sender=sender or self.venue
            ),
        )

    def liquidate(
        self, account: int, to: int, max_fraction: int = WAD, sender: Any = None
    ) -> Receipt:
        """By the liquidator of the deployment."""

        def spec() -> None:
            self.ledger.accrue()
            margin, params = self.ledger.margin(account), self.params.liquidation.spec
            terms = liquidation.terms(params, margin, max_fraction)
            self.ledger.slice(account, to, terms.fraction, terms.payment, terms.cut)

        keeper = sender or self.owner(to)
        return self.both(
            spec,
            lambda: self.liquidator.liquidate(account, to, max_fraction, -(2**255), sender=keeper),
        )

    def batch(
        self, calls: Sequence[bytes], specs: Sequence[Callable[[], Any]], sender: Any
    ) -> Receipt:
        """Calls of the vault, and what each of them is in the ledger."""

        def spec() -> None:
            with self.ledger.batch():
                for call in specs:
                    call()

        return self.both(spec, lambda: self.vault.batch(calls, sender=sender))

    def send(self, token: Contract, amount: int, sender: Any) -> None:
        """Tokens that go to the vault without a deposit."""
        token.mint(sender, amount, sender=self.governor)
        token.transfer(self.vault, amount, sender=sender)
        asset = self.asset(token)
        self.sent[asset] = self.sent.get(asset, 0) + amount
        self.check()

    # -- agreement -------------------------------------------------------------------------------

    def sync(self) -> None:
        """The ledger's clock and prices."""
        self.ledger.now = self.chain.timestamp
        self.ledger.markets = {
            underlying: Market(*self.market.peek(underlying)) for underlying in self.underlyings
        }
        self.ledger.expiries = {
            item: Expiry(*self.market.expiry_of(*item)[:-1]) for item in self.expiries
        }

    @contextmanager
    def refused(self, reason: str) -> Iterator[None]:
        """Neither the ledger nor the vault do it, for the same reason, and nothing changes."""
        with reverts(reason):
            yield
        self.check()

    def both(self, spec: Callable[[], Any], act: Callable[[], Receipt]) -> Receipt:
        self.sync()
        try:
            want = spec()
        except Revert as refusal:
            with reverts(str(refusal)):
                act()
            raise Reverted(str(refusal)) from None
        receipt = act()
        if isinstance(want, int):
            assert receipt.return_value == want
        for event in receipt.events_of(self.vault.Updated):
            self.words[event.account] = event.word
        self.check()
        return receipt

    def check(self) -> None:
        """Vault and ledger are the same, and the law holds."""
        vault, ledger = self.vault, self.ledger
        for account in ledger.accounts:
            state = ledger.account(account)
            bitmap = sum(1 << asset for asset in state.collateral)
            word = pack_account(state.cash, state.basis, bitmap, len(state.positions), state.level)
            assert vault.words(account) == word == self.words.get(account, 0)
            book, want = vault.book_of(account), ledger.book_of(account)
            assert tuple(book.positions) == want.positions
            assert [tuple(item) for item in book.collateral] == [
                astuple(item) for item in want.collateral
            ]
            if ledger.pool.time == self.chain.timestamp:
                assert (book.cash, book.basis) == (want.cash, want.basis)
        for (account, venue), allowance in ledger.allowances.items():
            assert tuple(vault.allowance(account, venue)) == astuple(allowance)
        if ledger.pool.time == self.chain.timestamp:
            assert Pool(*vault.pool()) == ledger.pool
        self._check_law()

    def _check_law(self) -> None:
        ledger = self.ledger
        states = ledger.accounts.values()
        assert sum(max(state.cash, 0) for state in states) == ledger.pool.supply
        assert sum(max(-state.cash, 0) for state in states) == ledger.pool.borrow
        payoffs = sum(self._payoff(word) for state in states for word in state.positions)
        assert sum(state.basis for state in states) + payoffs == ledger.pool.basis
        assert 0 <= ledger.pool.surplus < 10**9, "dust"  # a billionth of a dollar
        unit = 10 ** (18 - ledger.listing.quote_decimals)
        assert self._held(QUOTE) * unit == ledger.pool.tokens
        for asset in ledger.listing.caps:
            total = sum(state.collateral.get(asset, 0) for state in states)
            assert self._held(asset) == total == self.vault.totals(asset)

    def _payoff(self, word: int) -> int:
        """What a position that is over has not been paid yet, an exact number of wei."""
        value, over = self.ledger.unsettled(word)
        assert not over or value % SIZE == 0
        return value // SIZE if over else 0

    def _held(self, asset: int) -> int:
        """Tokens in the vault that were deposited."""
        return int(self.tokens[asset].balanceOf(self.vault)) - self.sent.get(asset, 0)
