"""Gas of every operation, each in a transaction of its own with cold storage.

    python -m benchmarks.gas            prints the table and writes build/gas.json

Beside each figure stand its budget, what peers pay for the same (Derive v2 measured, Aave v3 as
published), and the floor: what the action cannot avoid, namely the transaction with its calldata,
the first touch of each contract, of each slot read, changed or filled, and signatures. Exits with
status 1 if a budget is exceeded.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from plimsoll.client.orders import Domain, Leg, Order
from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.market import WINDOW
from plimsoll.spec.surface import DAY
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import KEY_SHIFT, PORTFOLIO, account_id, call, key_of, put
from tests.deployment import BTC, ETH, deploy
from tests.harness import Receipt, accounts, chain, project

OUTPUT = Path(__file__).parents[1] / "build" / "gas.json"
USD = 10**6  # of the quote token

ACCOUNT, READ, CHANGE, FILL, SIGNATURE = 2_600, 2_100, 5_000, 22_100, 3_000


@dataclass(frozen=True)
class Floor:
    """What an action cannot avoid: cold contracts, cold slots, signatures."""

    accounts: int = 0  # called, beside the one that the transaction names
    reads: int = 0
    changes: int = 0  # from something to something
    fills: int = 0  # from nothing to something
    signatures: int = 0

    def gas(self, base: int) -> int:
        return (
            base
            + self.accounts * ACCOUNT
            + self.reads * READ
            + self.changes * CHANGE
            + self.fills * FILL
            + self.signatures * SIGNATURE
        )


@dataclass(frozen=True)
class Row:
    action: str
    gas: int
    floor: int
    budget: int | None = None
    peer: str | None = None


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
    # registry, market, feed, aggregator, engine; their words: core, 4 of the market, 2 of the
    # aggregator, underlying, asset and factors; the position, the collateral and its total
    yield transaction(
        "tx withdraw quote, 1 perpetual and 1 collateral",
        lambda: vault.withdraw(basis, p.quote, 100 * USD, trader, sender=trader),
        with_token(accounts=5, reads=13, changes=3),
        peer="221k Aave (2 assets)",
    )

    one, other = scene.account(trader, 4, 100_000), scene.account(maker, 4, 100_000)
    # vault, registry, market, feed, aggregator, engine; registry: core, venue, limit, insurance;
    # market 4, aggregator 2, engine 2; order book: nonces 2, terms; allowances 2; index
    trade = Floor(accounts=6, reads=18, changes=6, fills=4, signatures=2)
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
        Floor(accounts=8, reads=26, changes=6, fills=6, signatures=2),
    )
    scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC])()
    chain.mine(delta=60)
    yield transaction(
        "tx perpetual trade, both accounts hold it",
        scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC]),
        Floor(accounts=6, reads=18, changes=8, fills=2, signatures=2),
    )
    refresh()
    yield transaction(
        "tx perpetual trade, with a new index price to take in",
        scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC]),
        # two of the market's words are changed instead of read
        Floor(accounts=6, reads=16, changes=10, fills=2, signatures=2),
    )

    yield transaction(
        "tx settle, 1 perpetual",
        lambda: vault.settle(one, sender=keeper),
        Floor(accounts=3, reads=8, changes=3),
    )
    yield transaction(
        "tx roll market data",
        lambda: p.market.roll(BTC, sender=keeper),
        Floor(accounts=2, reads=4, changes=2),
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
        # market 4, aggregator 2, engine 2, terms, index; both accounts, pool 2, insurance,
        # what is left of the position; the buyer's position
        Floor(accounts=6, reads=13, changes=6, fills=1),
        budget=350_000,
        peer="1.24M Derive, 340k Aave",
    )

    def preview(account: int) -> Callable[[], Receipt]:
        book = vault.book_of(account)
        return lambda: p.engine.preview.transact(book, sender=keeper)

    yield view(
        "margin view, 1 perpetual",
        preview(one),
        Floor(accounts=3, reads=8),
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
        Floor(accounts=5, reads=17),
    )


DAYS = (2, 9, 16, 30, 60, 90, 120, 180)  # to the expiries of books of options
SETTLED = 64  # options that expire together


class Chain(Scene):
    """The protocol with options on bitcoin, and two dealers who trade them through a venue."""

    def __init__(self) -> None:
        super().__init__()
        p = self.p
        chain.mine(delta=60)
        self.venue = p.keeper
        p.registry.set_venue(self.venue, True, sender=p.governor)
        half_hour = chain.timestamp // WINDOW * WINDOW
        self.expiries = [half_hour + days * DAY for days in DAYS]
        grid = (1_000 * SIZE, 20_000 * SIZE, 140_000 * SIZE, 1_000 * SIZE)
        for expiry in self.expiries:
            p.market.list_expiry(BTC, expiry, WAD, sender=p.governor)
            p.surface.post(
                BTC, expiry, astuple(smile_of(0.6)), WAD, chain.timestamp, sender=p.governor
            )
            p.registry.list_series(BTC, expiry, grid, sender=p.governor)
        self.index = p.market.peek(BTC).index // WAD
        self.fresh()

    def fresh(self) -> None:
        chain.mine(delta=61)
        self.p.set_price(BTC, self.index)

    def dealers(self, number: int) -> tuple[int, int]:
        """Two accounts, netted and rich."""
        found = []
        for trader in (self.p.trader, self.p.maker):
            account = self.account(trader, number, 5 * 10**7)
            self.p.vault.set_venue(account, self.venue, 2**112 - 1, sender=trader)
            self.p.vault.set_netting(account, PORTFOLIO, sender=trader)
            found.append(account)
        return found[0], found[1]

    def strike(self, number: int, expiries: int, count: int) -> int:
        """Calls and puts at strikes around the index, expiry by expiry."""
        each = -(-count // expiries)
        expiry = self.expiries[number // each]
        price = (self.index // 1_000 + number % each - each // 2) * 1_000 * SIZE
        return (put if number % 2 else call)(BTC, expiry, price)

    def book(self, count: int, expiries: int, number: int) -> tuple[int, int]:
        """One dealer has sold and bought `count` options to and from the other."""
        one, other = self.dealers(number)
        for start in range(0, count, 16):
            legs = []
            for i in range(start, min(start + 16, count)):
                size = (SIZE, -SIZE, -SIZE, SIZE)[i % 4]
                instrument = self.strike(i, expiries, count)
                legs += [(one, instrument, size, 0), (other, instrument, -size, 0)]
            self.p.vault.book(legs, sender=self.venue)
        return one, other


def option_rows() -> Iterator[Row]:
    """What books of many options cost to look at, to move and to settle."""
    scene = Chain()
    p, vault = scene.p, scene.p.vault
    trader, keeper = p.trader, p.keeper
    strike = scene.strike(0, 1, 1)
    word = [key_of(strike) << KEY_SHIFT]
    yield view(
        "refresh of a strike's word, the first time",
        lambda: p.surface.refresh(word, sender=keeper),
        Floor(accounts=3, reads=12, fills=1),
    )
    for count, expiries, budget, peer in (
        (1, 1, None, None),
        (4, 1, None, None),
        (16, 1, None, None),
        (16, 4, 165_000, "6.09M Derive"),
        (32, 4, None, None),
        (64, 4, 430_000, "21.2M Derive"),
        (64, 8, None, None),
        (127, 8, 820_000, "42.5M Derive"),
    ):
        scene.fresh()
        with chain.isolate():
            one, other = scene.book(count, expiries, 20)
            with chain.isolate(), chain.cold():
                held = vault.book_of.transact(one, sender=keeper).execution_gas
            book = vault.book_of(one)
            row = view(
                f"margin view, {count} options, {expiries} expiries",
                lambda book=book: p.engine.preview.transact(book, sender=keeper),
                # position and scenario words; those of the market, the surface, the engine
                Floor(accounts=6, reads=2 * count + 2 * expiries + 12),
                budget=budget,
                peer=peer,
            )
            yield replace(row, gas=row.gas + held)
            if (count, expiries) == (16, 4):
                yield transaction(
                    "tx withdraw quote, 16 options",
                    lambda one=one: vault.withdraw(one, p.quote, USD, trader, sender=trader),
                    Floor(accounts=8, reads=2 * 16 + 22, changes=5),
                    budget=220_000,
                    peer="6.26M Derive, 221k Aave (2 assets)",
                )
                fresh, _ = scene.dealers(21)
                more = call(BTC, scene.expiries[0], (scene.index // 1_000 + 9) * 1_000 * SIZE)
                price = p.engine.mark.call(more, sender=keeper) // WAD
                legs = (Leg(more),)
                yield transaction(
                    "tx trade one more option, 16-option account against a fresh one",
                    scene.match((trader, fresh), (p.maker, other), legs, SIZE, price),
                    Floor(accounts=9, reads=2 * 17 + 30, changes=6, fills=5, signatures=2),
                    budget=500_000,
                    peer="7.47M Derive",
                )
    scene.fresh()
    one, other = scene.book(SETTLED, 1, 22)
    chain.mine(timestamp=scene.expiries[0] - 900)
    p.set_price(BTC, scene.index)
    p.market.roll(BTC, sender=keeper)
    chain.mine(timestamp=scene.expiries[0] + 10)
    p.set_price(BTC, scene.index)
    p.market.roll(BTC, sender=keeper)
    yield transaction(
        f"tx settle, {SETTLED} options that have expired",
        lambda: vault.settle(one, sender=keeper),
        Floor(accounts=3, reads=6, changes=3 + SETTLED),
    )


def table(results: list[Row]) -> Table:
    out = Table(title="Gas, cold storage, one transaction each", title_justify="left")
    out.add_column("action")
    for column in ("gas", "budget", "floor", "gas / floor"):
        out.add_column(column, justify="right")
    out.add_column("peers")
    for row in results:
        over = row.budget is not None and row.gas > row.budget
        out.add_row(
            row.action,
            f"[red]{row.gas:,}[/]" if over else f"{row.gas:,}",
            f"{row.budget:,}" if row.budget else "",
            f"{row.floor:,}",
            f"{row.gas / row.floor:.2f}",
            row.peer or "",
        )
    return out


def main() -> int:
    results = [*rows(), *option_rows()]
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table(results))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(
        json.dumps(
            {
                row.action: {
                    "gas": row.gas,
                    "budget": row.budget,
                    "floor": row.floor,
                    "peer": row.peer,
                }
                for row in results
            },
            indent=2,
        )
        + "\n"
    )
    over = [row.action for row in results if row.budget is not None and row.gas > row.budget]
    for action in over:
        console.print(f"[red]over budget:[/] {action}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
