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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from plimsoll.client.orders import Domain, Order
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import PORTFOLIO, account_id
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

    def sign(self, trader: Any, account: int, underlying: int, size: int, price: int) -> Any:
        self.salt += 1
        order = Order(
            account,
            self.p.perpetuals[underlying],
            size,
            price * WAD,
            chain.timestamp + 3_600,
            self.salt,
        )
        return self.domain.sign(order, trader.key)

    def match(
        self, taker: tuple[Any, int], maker: tuple[Any, int], u: int, size: int, at: int
    ) -> Any:
        """One taker against one maker."""
        orders = [self.sign(*taker, u, size, at), self.sign(*maker, u, -size, at)]
        return lambda: self.p.orders.match(
            orders[0], [orders[1]], [abs(size)], sender=self.p.stranger
        )


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
    # market 4, aggregator 2, engine 2; order book: nonces 2, fees, treasury; allowances 2; index
    trade = Floor(accounts=6, reads=19, changes=6, fills=4, signatures=2)
    yield transaction(
        "tx perpetual trade, both accounts fresh, signed orders",
        scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC]),
        trade,
        budget=350_000,
        peer="1.65M Derive",
    )
    scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC])()
    chain.mine(delta=60)
    yield transaction(
        "tx perpetual trade, both accounts hold it",
        scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC]),
        Floor(accounts=6, reads=19, changes=8, fills=2, signatures=2),
    )
    refresh()
    yield transaction(
        "tx perpetual trade, with a new index price to take in",
        scene.match((trader, one), (maker, other), BTC, SIZE, price[BTC]),
        # two of the market's words are changed instead of read
        Floor(accounts=6, reads=17, changes=10, fills=2, signatures=2),
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
    results = list(rows())
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
