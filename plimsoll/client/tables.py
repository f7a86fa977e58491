"""What the Lens tells, as tables. Structs come from whatever reads the chain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from plimsoll.client.amounts import (
    SIZE_DECIMALS,
    show_account,
    show_amount,
    show_quote,
    show_ratio,
)
from plimsoll.deploy.record import Deployment
from plimsoll.spec.wad import BPS, MAX, WAD
from plimsoll.spec.words import underlying_of

LEVELS = ("isolated", "cross", "portfolio")
VALIDITY = ("[red]stale: only reductions", "[yellow]old: no new risk", "[green]fresh")
BINDING = (
    "sum of the losses",
    "market factor",
    "all together",
    "each on its own",
    "floor under netting",
)


@dataclass(frozen=True)
class Names:
    """Symbols of what the Lens numbers."""

    quote: str
    underlyings: Mapping[int, str]
    assets: Sequence[str]
    decimals: Mapping[str, int]
    tiers: Mapping[str, Sequence[int]] = field(default_factory=dict)  # haircuts, basis points

    @classmethod
    def of(cls, record: Deployment) -> "Names":
        quote = record.parameters["quote"]
        assets = record.parameters["assets"]
        return cls(
            quote["symbol"],
            {item["id"]: name for name, item in record.parameters["underlyings"].items()},
            list(assets),
            {
                quote["symbol"]: quote["decimals"],
                **{name: item["decimals"] for name, item in assets.items()},
            },
            {name: [tier["haircut"] for tier in item["tiers"]] for name, item in assets.items()},
        )

    def instrument(self, instrument: int) -> str:
        return f"{self.underlyings[underlying_of(instrument)]}-PERP"


def grid(*columns: str, title: str | None = None) -> Table:
    """Names to the left, figures to the right."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        header_style="dim",
        pad_edge=False,
    )
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def account_view(view: Any, names: Names) -> RenderableType:
    """Everything that the Lens tells of one account."""
    return Group(*_account_parts(view, names))


def _account_parts(view: Any, names: Names) -> Iterator[RenderableType]:
    margin = view.summary.margin
    head = Text(f"account {show_account(view.summary.account, short=False)}", style="bold")
    yield head
    yield Text.from_markup(f"{LEVELS[view.level]} margin; prices {VALIDITY[margin.validity]}")
    yield ""
    yield _money(view, names)
    if view.positions:
        yield ""
        yield _positions(view, names)
    if view.collateral:
        yield ""
        yield _collateral(view, names)
    if view.underlyings:
        yield ""
        yield _underlyings(view, names)


def _money(view: Any, names: Names) -> Table:
    summary, margin = view.summary, view.summary.margin
    table = grid("", names.quote, "", names.quote)
    cuts = sum(item.haircut for item in view.collateral)
    charges = sum(item.calendar + item.depth for item in view.underlyings)
    spare = margin.equity - margin.initial
    rows = [
        ("cash", view.cash, "haircuts", cuts),
        ("unsettled profit", view.unsettled, _scan_name(view), view.scan.requirement),
        ("collateral", sum(item.value for item in view.collateral), "charges", charges),
        ("equity", margin.equity, "maintenance margin", margin.maintenance),
        ("health", summary.health, "initial margin", margin.initial),
        ("spare", spare, "liquidation target", margin.target),
    ]
    for name, amount, other, cost in rows:
        table.add_row(name, signed(amount), f"   {other}", show_quote(cost))
    available = show_amount(view.available, names.decimals[names.quote])
    table.add_row("can be withdrawn", available, "   used of equity", share(summary.used))
    table.columns[2].justify = "left"
    return table


def _scan_name(view: Any) -> str:
    binding = BINDING[view.scan.binding] if view.scan.requirement else "nothing"
    return f"scan: {binding}"


def _positions(view: Any, names: Names) -> Table:
    table = grid("positions", "size", "mark", "notional")
    for item in view.positions:
        table.add_row(
            names.instrument(item.instrument),
            show_amount(item.size, SIZE_DECIMALS, 4),
            show_quote(item.mark),
            signed(item.notional),
        )
    return table


def _collateral(view: Any, names: Names) -> Table:
    table = grid("collateral", "amount", "can be withdrawn", "value", "haircut", "tiers reached")
    for item in view.collateral:
        symbol = names.assets[item.asset]
        decimals = names.decimals[symbol]
        table.add_row(
            symbol,
            show_amount(item.amount, decimals, 4),
            show_amount(item.available, decimals, 4),
            show_quote(item.value),
            show_quote(item.haircut),
            tiers(names.tiers[symbol], item.bands),
        )
    return table


def tiers(haircuts: Sequence[int], bands: Sequence[int]) -> str:
    """The haircuts that a value has reached."""
    return " ".join(
        show_ratio(rate) for rate, band in zip(haircuts, bands, strict=False) if band > 0
    )


def _underlyings(view: Any, names: Names) -> Table:
    table = grid(
        "underlying", "index", "net", "loss", "charges", "liquidated below", "liquidated above"
    )
    for item in view.underlyings:
        table.add_row(
            names.underlyings[item.underlying],
            show_quote(item.market.index),
            signed(item.derivatives + item.spot),
            show_quote(abs(item.loss)),
            show_quote(item.calendar + item.depth),
            show_quote(item.below) if item.below else "never",
            show_quote(item.above) if item.above < MAX else "never",
        )
    return table


def levels_view(margins: Sequence[Any]) -> Table:
    """What the account would have to keep at each netting level."""
    table = grid("if margined", "maintenance margin", "initial margin", "health")
    for level, margin in zip(LEVELS, margins, strict=True):
        health = margin.equity - margin.maintenance
        table.add_row(
            level, show_quote(margin.maintenance), show_quote(margin.initial), signed(health)
        )
    return table


def ledger_view(ledger: Any, names: Names) -> RenderableType:
    """The law of the ledger, and whether tokens are there."""
    table = grid("ledger", names.quote)
    for name, amount in (
        ("tokens held", ledger.tokens),
        ("less positive cash", -ledger.cash),
        ("plus debts", ledger.debt),
        ("less unsettled profits", -ledger.basis),
        ("surplus, in wei", ledger.surplus),
    ):
        wei = name.endswith("wei")
        table.add_row(name, f"{amount:,}" if wei else show_quote(amount))
    return table


def signed(wad: int, digits: int = 2) -> str:
    shown = show_quote(wad, digits)
    return f"[red]{shown}[/]" if wad < 0 else shown


def share(wad: int) -> str:
    return show_ratio(wad * BPS // WAD) if wad < 10**6 * WAD else "all of it"
