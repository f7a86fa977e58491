"""Gas of every operation, each in a transaction of its own with cold storage.

    python -m benchmarks.gas            prints the table and writes build/gas.json

Beside each figure stand its budget, what peers pay for the same (Derive v2 measured, Aave v3 as
published), and the floor: what the action cannot avoid, namely the transaction with its calldata,
the first touch of each contract, of each slot read, changed or filled, and signatures; and the
floor's share of the gas. Below the table a line through the rows of each action tells how it grows
with the options. Exits with status 1 if a budget is exceeded.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from plimsoll.client.orders import Domain, Leg, Order
from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.margin import MAX_BREADTH
from plimsoll.spec.market import WINDOW
from plimsoll.spec.surface import DAY
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import KEY_SHIFT, PORTFOLIO, POSITION, account_id, call, key_of, put
from tests.deployment import BTC, ETH, SOL, deploy
from tests.harness import Receipt, accounts, chain, project
from tests.harness.chain import CALL_GAS, TX_GAS

OUTPUT = Path(__file__).parents[1] / "build" / "gas.json"
USD = 10**6  # of the quote token

ACCOUNT, READ, CHANGE, FILL, REFUND, SIGNATURE = 2_600, 2_100, 5_000, 22_100, 4_800, 3_000


@dataclass(frozen=True)
class Floor:
    """What an action cannot avoid: cold contracts, cold slots, signatures."""

    accounts: int = 0  # called, beside the one that the transaction names
    reads: int = 0
    changes: int = 0  # from something to something
    fills: int = 0  # from nothing to something
    clears: int = 0  # from something to nothing: changes that are refunded, as far as refunds go
    signatures: int = 0

    def gas(self, base: int) -> int:
        total = (
            base
            + self.accounts * ACCOUNT
            + self.reads * READ
            + (self.changes + self.clears) * CHANGE
            + self.fills * FILL
            + self.signatures * SIGNATURE
        )
        return total - min(self.clears * REFUND, total // 5)


@dataclass(frozen=True)
class Row:
    action: str
    gas: int
    floor: int
    budget: int | None = None
    peer: str | None = None
    held: tuple[int, int] | None = None  # options and expiries, in rows of different sizes

    @property
    def kind(self) -> str:
        """The action, whatever its size."""
        return re.sub(r"\d+", "N", self.action)


def transaction(action: str, send: Callable[[], Receipt], floor: Floor, **beside: Any) -> Row:
    """Measures one transaction and undoes it."""
    with chain.isolate(), chain.cold():
        receipt = send()
    return Row(
        action, receipt.gas_used, floor.gas(receipt.gas_used - receipt.execution_gas), **beside
    )


def view(action: str, call: Callable[[], Receipt], floor: Floor, **beside: Any) -> Row:
    """Measures a view as a transaction, less what the transaction itself costs."""
    with chain.isolate(), chain.cold():
        receipt = call()
    return Row(action, receipt.execution_gas, floor.gas(0), **beside)


class Scene:
    """The protocol with a few funded traders."""

    def __init__(self) -> None:
        self.p = deploy(project, accounts, chain)
        self.domain = Domain(chain.chain_id, self.p.orders.address)
        self.salt = 0
        for trader in (self.p.trader, self.p.maker, self.p.taker, self.p.keeper):
            self._fund(trader)

    def _fund(self, trader: Any) -> None:
        p = self.p
        for token, amount in ((p.quote, 10**15), (p.weth, 10**24), (p.wbtc, 10**13)):
            token.mint(trader, amount, sender=p.governor)
            token.approve(p.vault, 2**256 - 1, sender=trader)

    def account(self, trader: Any, number: int = 0, dollars: int = 0, venue: bool = True) -> int:
        """An account that has approved the order book."""
        account = account_id(int(trader.address, 16), number)
        if venue:
            self.p.vault.set_venue(account, self.p.orders, 10**6 * WAD, sender=trader)
        if dollars:
            self.p.vault.deposit(account, self.p.quote, dollars * USD, sender=trader)
        return account

    def sign(self, trader: Any, account: int, legs: tuple[Leg, ...], size: int, price: int) -> Any:
        self.salt += 1
        order = Order(
            account,
            legs,
            size,
            price * WAD,
            chain.timestamp + 3_600,
            self.salt,
        )
        return self.domain.sign(order, trader.key)

    def match(
        self,
        taker: tuple[Any, int],
        maker: tuple[Any, int],
        what: int | tuple[Leg, ...],
        size: int,
        at: int,
    ) -> Any:
        """One taker against one maker, in an underlying's perpetual or in several legs."""
        legs = (Leg(self.p.perpetuals[what]),) if isinstance(what, int) else what
        orders = [self.sign(*taker, legs, size, at), self.sign(*maker, legs, -size, at)]
        return lambda: self.p.orders.match(orders, [abs(size)] * 2, sender=self.p.stranger)


def rows() -> Iterator[Row]:
    scene = Scene()
    p = scene.p
    vault, trader, maker, keeper = p.vault, p.trader, p.maker, p.keeper
    chain.mine(delta=60)
    price = {u: p.market.peek(u).index // WAD for u in (BTC, ETH)}

    # fee receivers exist, and the pool has been used
    left, right = scene.account(trader, 9, 10**6), scene.account(maker, 9, 10**6)
    scene.match((trader, left), (maker, right), BTC, SIZE // 10, price[BTC])()
    scene.match((trader, left), (maker, right), ETH, SIZE, price[ETH])()
    chain.mine(delta=60)

    def refresh() -> None:
        for underlying in (BTC, ETH):
            p.set_price(underlying, price[underlying])

    existing = scene.account(trader, 1, 10_000)
    fresh = account_id(int(trader.address, 16), 2)
    token = Floor(accounts=1, changes=2)  # payer's and vault's balances; allowance is unlimited

    def with_token(accounts: int = 0, reads: int = 0, changes: int = 0, fills: int = 0) -> Floor:
        return Floor(token.accounts + accounts, reads + 1, token.changes + changes, fills)

    yield transaction(
        "tx deposit quote, account exists",
        lambda: vault.deposit(existing, p.quote, 1_000 * USD, sender=trader),
        with_token(changes=3),  # account word, scaled cash, tokens
        budget=75_000,
        peer="143k Derive, 140k Aave",
    )
    yield transaction(
        "tx deposit quote, new account",
        lambda: vault.deposit(fresh, p.quote, 1_000 * USD, sender=trader),
        with_token(changes=2, fills=1),
    )
    yield transaction(
        "tx deposit collateral, new to the account",
        lambda: vault.deposit(existing, p.weth, 10**18, sender=trader),
        # account word, total; its amount; the registry's listing
        with_token(accounts=1, reads=1, changes=1, fills=2),
    )
    yield transaction(
        "tx withdraw quote, no position",
        lambda: vault.withdraw(existing, p.quote, 1_000 * USD, trader, sender=trader),
        with_token(accounts=1, reads=1, changes=3),
    )

    basis = scene.account(trader, 3, 10_000)
    vault.deposit(basis, p.wbtc, 10**8, sender=trader)
    vault.set_netting(basis, PORTFOLIO, sender=trader)
    scene.match((trader, basis), (maker, right), BTC, -SIZE, price[BTC])()
    chain.mine(delta=60)
    # registry, market, feed, aggregator, engine; their words: core, 3 of the market, 2 of the
    # aggregator, underlying and asset; the position, the collateral and its total
    yield transaction(
        "tx withdraw quote, 1 perpetual and 1 collateral",
        lambda: vault.withdraw(basis, p.quote, 100 * USD, trader, sender=trader),
        with_token(accounts=5, reads=11, changes=3),
        peer="221k Aave (2 assets)",
    )

    one, other = scene.account(trader, 4, 100_000), scene.account(maker, 4, 100_000)
    # vault, registry, market, feed, aggregator, engine; registry: core, venue, limit, insurance;
    # market 3, aggregator 2, engine; order book: nonces 2, terms; allowances 2; index
    trade = Floor(accounts=6, reads=16, changes=6, fills=4, signatures=2)
    yield transaction(
        "tx perpetual trade, both accounts fresh, signed orders",
        scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC]),
        trade,
        budget=350_000,
        peer="1.65M Derive",
    )
    spread = (Leg(p.perpetuals[BTC]), Leg(p.perpetuals[ETH], -20))
    yield transaction(
        "tx spread of 2 perpetuals, both accounts fresh, signed orders",
        scene.match((trader, one), (maker, other), spread, SIZE, price[BTC] - 20 * price[ETH]),
        # beside it the other market's feed, aggregator and words, limit, positions
        Floor(accounts=8, reads=23, changes=6, fills=6, signatures=2),
    )
    scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC])()
    chain.mine(delta=60)
    yield transaction(
        "tx perpetual trade, both accounts hold it",
        scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC]),
        Floor(accounts=6, reads=16, changes=8, fills=2, signatures=2),
    )
    refresh()
    yield transaction(
        "tx perpetual trade, with a new index price to take in",
        scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC]),
        # two of the market's words are changed instead of read
        Floor(accounts=6, reads=14, changes=10, fills=2, signatures=2),
    )

    yield transaction(
        "tx settle, 1 perpetual",
        lambda: vault.settle(one, sender=keeper),
        Floor(accounts=3, reads=7, changes=3),
    )
    yield transaction(
        "tx roll market data",
        lambda: p.market.roll(BTC, sender=keeper),
        Floor(accounts=2, reads=3, changes=2),
    )

    buyer = scene.account(keeper, 0, 10**6, venue=False)
    short = scene.account(trader, 5, 10_000)
    scene.match((trader, short), (maker, right), BTC, SIZE, price[BTC])()
    vault.settle(short, sender=keeper)
    # so far down that the account is short, but still pays its keeper
    chain.mine(delta=60)
    p.set_price(BTC, price[BTC] * 0.92)
    yield transaction(
        "tx liquidation, 1 perpetual",
        lambda: p.liquidator.liquidate(short, buyer, WAD, 0, sender=keeper),
        # vault, registry, engine, market, feed, aggregator; registry: core, liquidator, insurance;
        # market 3, aggregator 2, engine, terms, index; both accounts, pool 2, insurance,
        # what is left of the position; the buyer's position
        Floor(accounts=6, reads=11, changes=6, fills=1),
        budget=350_000,
        peer="1.24M Derive, 340k Aave",
    )

    def preview(account: int) -> Callable[[], Receipt]:
        book = vault.book_of(account)
        return lambda: p.engine.preview.transact(book, sender=keeper)

    yield view(
        "margin view, 1 perpetual",
        preview(one),
        Floor(accounts=3, reads=6),
    )
    both = scene.account(trader, 6, 100_000)
    for collateral, amount in ((p.wbtc, 10**8), (p.weth, 10**19)):
        vault.deposit(both, collateral, amount, sender=trader)
    vault.set_netting(both, PORTFOLIO, sender=trader)
    chain.mine(delta=60)
    refresh()
    scene.match((trader, both), (maker, right), BTC, -SIZE // 2, price[BTC])()
    scene.match((trader, both), (maker, right), ETH, 5 * SIZE, price[ETH])()
    yield view(
        "margin view, 2 perpetuals and 2 collaterals, PORTFOLIO",
        preview(both),
        Floor(accounts=5, reads=14),
    )


DAYS = (2, 9, 16, 30, 60, 90, 120, 180)  # to the expiries of books of options
STEPS = {BTC: 500, ETH: 25, SOL: 1}  # between strikes, dollars
MOST = 128  # positions of an account
COUNTS = (1, 4, 16, 32, 64, MOST - 1)  # of options; a full account cannot trade another one
SETTLED = (1, 16, 64)  # options that expire together
MIXED = (SIZE, -SIZE, -SIZE, SIZE)
FALLING = (-SIZE, SIZE)  # calls are short and puts long

Known = Mapping[Any, tuple[int | None, str]]  # budget and peer, by the size of the account
VIEWS: Known = {
    (16, 4): (165_000, "6.09M Derive"),
    (64, 4): (430_000, "21.2M Derive"),
    (127, 8): (820_000, "42.5M Derive"),
}
WITHDRAWALS: Known = {16: (220_000, "6.26M Derive, 221k Aave (2 assets)")}
TRADES: Known = {16: (500_000, "7.47M Derive")}
LIQUIDATIONS: Known = {64: (3_500_000, "20.5M Derive")}
NETTED, ISOLATED = (PORTFOLIO, PORTFOLIO), (POSITION, PORTFOLIO)  # an account and who takes it over
WORST: Mapping[str, dict[str, Any]] = {  # liquidations of a full account
    "every word stale": {"is_stale": True},
    f"in {MAX_BREADTH} underlyings, every word stale": {
        "is_stale": True,
        "underlyings": MAX_BREADTH,
    },
    "at POSITION, every word stale": {"is_stale": True, "levels": ISOLATED},
    f"at POSITION, in {MAX_BREADTH} underlyings, every word stale": {
        "is_stale": True,
        "levels": ISOLATED,
        "underlyings": MAX_BREADTH,
    },
}


def beside(known: Known, size: Any) -> dict[str, Any]:
    budget, peer = known.get(size, (None, None))
    return {"budget": budget, "peer": peer}


def spread(count: int) -> int:
    """The expiries among which the options of an account are, where a row tells only how many."""
    return 1 if count < 16 else 4 if count <= 64 else 8


class Chain(Scene):
    """The protocol with options, on bitcoin unless told otherwise, that trade through a venue."""

    def __init__(self) -> None:
        super().__init__()
        p = self.p
        chain.mine(delta=60)
        self.venue = p.keeper
        p.registry.set_venue(self.venue, True, sender=p.governor)
        half_hour = chain.timestamp // WINDOW * WINDOW
        self.expiries = [half_hour + days * DAY for days in DAYS]
        self.steps = dict(STEPS)
        self.index = {u: p.market.peek(u).index // WAD for u in STEPS}
        for underlying in STEPS:
            self._list(underlying)
        for account in (p.registry.insurance(), p.orders.treasury()):  # they have got fees before
            p.vault.deposit(account, p.quote, USD, sender=p.trader)
        self.fresh()

    def _list(self, underlying: int) -> None:
        p, step, now = self.p, self.steps[underlying], chain.timestamp
        smile = astuple(smile_of(0.6))
        series = (step * SIZE, step * SIZE, 400 * step * SIZE, 1_000 * SIZE)
        for expiry in self.expiries:
            p.market.list_expiry(underlying, expiry, WAD, sender=p.governor)
            p.surface.post(underlying, expiry, smile, WAD, now, sender=p.governor)
            p.registry.list_series(underlying, expiry, series, sender=p.governor)

    def widen(self, underlyings: int) -> None:
        """So many of them; the further ones are priced like the last of the first."""
        p, governor = self.p, self.p.governor
        for underlying in range(len(STEPS) + 1, underlyings + 1):
            self.steps[underlying] = STEPS[SOL]
            params = p.market.params(SOL)
            p.market.list_market(underlying, p.market.feed(SOL), params, sender=governor)
            p.surface.set_span(underlying, p.surface.span(SOL), sender=governor)
            params = p.engine.underlying_params(SOL)
            p.engine.set_underlying(underlying, params, sender=governor)
            self._list(underlying)

    def fresh(self) -> None:
        chain.mine(delta=61)
        self.tell(100)

    def tell(self, percent: int) -> None:
        """All prices, of what they were in the beginning."""
        for underlying, index in self.index.items():
            self.p.set_price(underlying, index * percent / 100)

    def dealers(self, number: int) -> tuple[int, int]:
        """Two accounts, netted and rich."""
        found = []
        for trader in (self.p.trader, self.p.maker):
            account = self.account(trader, number, 5 * 10**7)
            self.p.vault.set_venue(account, self.venue, 2**112 - 1, sender=trader)
            self.p.vault.set_netting(account, PORTFOLIO, sender=trader)
            found.append(account)
        return found[0], found[1]

    def option(self, number: int, expiries: int, count: int, underlyings: int = 1) -> int:
        """Calls and puts at strikes around the index, expiry by expiry."""
        each = -(-count // (expiries * underlyings))
        row, underlying = number // underlyings, [*self.steps][number % underlyings]
        expiry = self.expiries[row // each]
        return self.near(expiry, row % each - each // 2, number % 2 == 1, underlying)

    def near(self, expiry: int, steps: int, is_put: bool = False, underlying: int = BTC) -> int:
        """So many strikes above the index."""
        step, index = self.steps[underlying], self.index.get(underlying, self.index[SOL])
        strike = (index // step + steps) * step * SIZE
        return (put if is_put else call)(underlying, expiry, strike)

    def book(
        self, count: int, expiries: int, number: int, sizes: Sequence[int] = MIXED, **where: int
    ) -> tuple[int, int]:
        """One dealer has bought and sold `count` options from and to the other."""
        one, other = self.dealers(number)
        for start in range(0, count, 16):
            legs = []
            for i in range(start, min(start + 16, count)):
                size = sizes[i % len(sizes)]
                instrument = self.option(i, expiries, count, **where)
                legs += [(one, instrument, size, 0), (other, instrument, -size, 0)]
            self.p.vault.book(legs, sender=self.venue)
        return one, other

    def short(
        self, count: int, expiries: int, levels: tuple[int, int], **where: int
    ) -> tuple[int, int]:
        """An account whose cash was taken out before prices rose, and one that takes it over.

        The rise ends epochs: all words are stale.
        """
        p, vault = self.p, self.p.vault
        one, _ = self.book(count, expiries, 23, FALLING, **where)
        vault.set_netting(one, levels[0], sender=p.trader)

        def margin() -> Any:
            return p.engine.preview(vault.book_of(one))

        spare = (margin().equity - margin().initial) * USD // WAD
        vault.withdraw(one, p.quote, spare, p.trader, sender=p.trader)
        buyer = self.account(p.keeper, 23, 10**7, venue=False)
        vault.set_netting(buyer, levels[1], sender=p.keeper)
        chain.mine(delta=61)
        percent = 100
        while margin().equity >= margin().maintenance:
            percent += 1
            self.tell(percent)
        return one, buyer

    def refresh(self, account: int) -> None:
        """The words of its strikes, in transactions before the one that is measured."""
        positions = self.p.vault.book_of(account).positions
        for start in range(0, len(positions), 32):
            self.p.surface.refresh(positions[start : start + 32], sender=self.p.keeper)


def word_rows(scene: Chain) -> Iterator[Row]:
    """Of an epoch and of its words, within an epoch that has begun."""
    surface, keeper = scene.p.surface, scene.p.keeper
    words = [key_of(scene.option(i, 1, 16)) << KEY_SHIFT for i in range(16)]
    epoch = Floor(accounts=4, reads=8)  # it, the smile, the expiry, the market and its feed
    scene.fresh()
    yield transaction(
        "tx roll an epoch",
        lambda: surface.roll(BTC, sender=keeper),
        Floor(accounts=3, reads=3, changes=3),
    )
    surface.roll(BTC, sender=keeper)
    yield view(
        "refresh of a strike's word, the first time",
        lambda: surface.refresh(words[:1], sender=keeper),
        replace(epoch, fills=1),
    )
    surface.refresh(words, sender=keeper)
    chain.mine(delta=61)
    scene.tell(103)  # beyond any epoch's bound
    surface.roll(BTC, sender=keeper)
    yield view(
        "refresh of a strike's word",
        lambda: surface.refresh(words[:1], sender=keeper),
        replace(epoch, changes=1),
    )
    yield view(
        "refresh of 16 strikes' words",
        lambda: surface.refresh(words, sender=keeper),
        replace(epoch, changes=len(words)),
        budget=50_000 * len(words),
        peer="9k Derive (per option, scenario and check)",
    )


def view_row(scene: Chain, account: int, count: int, expiries: int, underlyings: int = 1) -> Row:
    """The engine's view of a book that it is given."""
    p = scene.p
    book = p.vault.book_of(account)
    among = f", {underlyings} underlyings" if underlyings > 1 else ""
    return view(
        f"margin view, {count} options, {expiries} expiries{among}",
        lambda: p.engine.preview.transact(book, sender=p.keeper),
        # scenario words; those of the market, the surface, the engine
        Floor(accounts=2 + 2 * underlyings, reads=count + underlyings * (expiries + 7)),
        held=None if among else (count, expiries),
        **beside(VIEWS, (count, expiries)),
    )


def book_row(scene: Chain, account: int, count: int) -> Row:
    """What the vault reads before the engine can be asked."""
    p = scene.p
    return view(
        f"book read from the vault, {count} options",
        lambda: p.vault.book_of.transact(account, sender=p.keeper),
        Floor(reads=count + 4),
    )


def account_rows(scene: Chain, one: int, other: int, count: int) -> Iterator[Row]:
    """What dealers with so many options do."""
    p, vault, trader, expiries = scene.p, scene.p.vault, scene.p.trader, spread(count)
    yield transaction(
        f"tx deposit quote, {count} options",
        lambda: vault.deposit(one, p.quote, USD, sender=trader),
        Floor(accounts=1, reads=1, changes=5),
    )
    yield transaction(
        f"tx withdraw quote, {count} options",
        lambda: vault.withdraw(other, p.quote, USD, p.maker, sender=p.maker),
        Floor(accounts=7, reads=2 * count + expiries + 9, changes=5),
        held=(count, expiries),
        **beside(WITHDRAWALS, count),
    )
    fresh, _ = scene.dealers(21)
    more = scene.near(scene.expiries[0], 9)  # neither holds it, others do: its word is fresh
    p.surface.refresh([key_of(more) << KEY_SHIFT], sender=p.keeper)
    price = p.engine.mark.call(more, sender=p.keeper)[0] // WAD
    # that pays for it and owes nothing, or has sold it and must cover it
    for side, size in (("", SIZE), (" that sells", -SIZE)):
        yield transaction(
            f"tx trade one more option, {count}-option account against a fresh one{side}",
            scene.match((trader, fresh), (p.maker, other), (Leg(more),), size, price),
            Floor(7, reads=2 * count + expiries + 18, changes=6, fills=4, signatures=2),
            held=(count, expiries),
            **beside(TRADES, count),
        )


def liquidation_row(
    scene: Chain,
    action: str,
    count: int,
    levels: tuple[int, int] = NETTED,
    is_stale: bool = False,
    underlyings: int = 1,
    **beside: Any,
) -> Row:
    """A slice of all that an account has goes to a fresh one, each at its netting level."""
    p, expiries = scene.p, spread(count)
    scene.widen(underlyings)
    account, buyer = scene.short(count, expiries, levels, underlyings=underlyings)
    # positions change, are filled, and have words; a stale one needs the smile, and its epoch and
    # two of the market's words change
    series = expiries * underlyings
    accounts, reads, changes = 5 + 2 * underlyings, series + 7 * underlyings + 6, 3 + count
    if is_stale:
        accounts, reads = accounts + 1, reads + series - 3 * underlyings
        changes += count + 3 * underlyings
    else:
        scene.refresh(account)
        reads += count
    return transaction(
        action,
        lambda: p.liquidator.liquidate(account, buyer, WAD, 0, sender=p.keeper, gas=CALL_GAS),
        Floor(accounts, reads, changes, fills=count + 1),
        **beside,
    )


def settle_rows(scene: Chain) -> Iterator[Row]:
    p, expiry = scene.p, scene.expiries[0]
    scene.fresh()
    held = {count: scene.book(count, 1, 30 + i)[0] for i, count in enumerate(SETTLED)}
    for time in (expiry - 900, expiry + 10):
        chain.mine(timestamp=time)
        scene.tell(100)
        p.market.roll(BTC, sender=p.keeper)
    for count, account in held.items():
        yield transaction(
            f"tx settle, {count} options that have expired",
            lambda account=account: p.vault.settle(account, sender=p.keeper),
            Floor(accounts=3, reads=6, changes=3, clears=count),
            held=(count, 0),  # always one
        )


def option_rows() -> Iterator[Row]:
    """What books of many options cost to look at, to move and to settle."""
    scene = Chain()
    with chain.isolate():
        yield from word_rows(scene)
    for count in COUNTS:
        for expiries in (1, 4, 8):
            if expiries > count:
                continue
            scene.fresh()
            with chain.isolate():
                one, other = scene.book(count, expiries, 20)
                yield view_row(scene, one, count, expiries)
                if expiries == spread(count):
                    yield book_row(scene, one, count)
                    yield from account_rows(scene, one, other, count)
        with chain.isolate():
            action = f"tx liquidation, {count} options"
            known = beside(LIQUIDATIONS, count)
            yield liquidation_row(scene, action, count, held=(count, spread(count)), **known)
    for underlyings in (2, 3):  # netted with each other
        with chain.isolate():
            one, _ = scene.book(16, 1, 20, underlyings=underlyings)
            yield view_row(scene, one, 16, 1, underlyings)
    for worst, how in WORST.items():
        with chain.isolate():
            action = f"tx liquidation, {MOST} options, {worst}"
            yield liquidation_row(scene, action, MOST, budget=TX_GAS, **how)
    yield from settle_rows(scene)


def by_action(results: Iterable[Row]) -> list[Row]:
    """Rows of one action together, whatever it is done to."""
    groups = defaultdict(list)
    for row in results:
        groups[row.action.partition(",")[0]].append(row)
    return [row for group in groups.values() for row in group]


@dataclass(frozen=True)
class Growth:
    """The line through an action's rows that fits best (least squares)."""

    action: str
    fixed: float
    option: float
    expiry: float
    deviation: float  # the largest, as a part of the gas

    @classmethod
    def of(cls, results: Iterable[Row]) -> list["Growth"]:
        """Of each action that has rows of different sizes."""
        grown, found = defaultdict(list), []
        for row in results:
            if row.held:
                grown[row.kind].append((row.gas, 1, *row.held))
        for action, rows in grown.items():
            gas, places = np.hsplit(np.array(rows, float), [1])
            line = np.linalg.lstsq(places, gas, rcond=None)[0]
            deviation = np.max(np.abs(places @ line - gas) / gas)
            found.append(cls(action, *line[:, 0], deviation))
        return found

    def __str__(self) -> str:
        expiry = f" + {self.expiry:,.0f} per expiry" if self.expiry else ""
        return (
            f"{self.action}: {self.fixed:,.0f} + {self.option:,.0f} per option{expiry},"
            f" largest deviation {100 * self.deviation:.1f} %"
        )


def table(results: list[Row]) -> Table:
    out = Table(title="Gas, cold storage, one transaction each", title_justify="left")
    out.add_column("action")
    for column in ("gas", "budget", "floor", "floor / gas"):
        out.add_column(column, justify="right")
    out.add_column("peers")
    for row in results:
        over = row.budget is not None and row.gas > row.budget
        out.add_row(
            row.action,
            f"[red]{row.gas:,}[/]" if over else f"{row.gas:,}",
            f"{row.budget:,}" if row.budget else "",
            f"{row.floor:,}",
            f"{row.floor / row.gas:.0%}",
            row.peer or "",
        )
    return out


def as_json(results: Iterable[Row]) -> str:
    figures = ("gas", "budget", "floor", "peer")
    told = {row.action: {name: getattr(row, name) for name in figures} for row in results}
    return json.dumps(told, indent=2) + "\n"


def main() -> int:
    results = by_action([*rows(), *option_rows()])
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table(results))
    for line in Growth.of(results):
        console.print(str(line))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(as_json(results))
    over = [row.action for row in results if row.budget is not None and row.gas > row.budget]
    for action in over:
        console.print(f"[red]over budget:[/] {action}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
