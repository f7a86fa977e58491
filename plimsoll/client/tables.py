"""What the lenses tell, as tables. Structs come from whatever reads the chain."""

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
from plimsoll.client.instruments import show_instrument
from plimsoll.deploy.record import Deployment
from plimsoll.spec.margin import NO_MARGIN
from plimsoll.spec.market import COLLATERAL, LIQUIDATION, OPEN, STALE
from plimsoll.spec.wad import BPS, MAX, WAD
from plimsoll.spec.words import is_option, underlying_of

LEVELS = ("isolated", "cross", "portfolio")
VALIDITY = {  # of an account
    STALE: "[red]only reductions",
    LIQUIDATION: "[yellow]no new risk",
    OPEN: "[green]prices fresh",
}
PRICE = {  # of an underlying
    STALE: "stale",
    LIQUIDATION: "old",
    COLLATERAL: "in alarm",
}
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
            record.symbols,
            list(assets),
            {
                quote["symbol"]: quote["decimals"],
                **{name: item["decimals"] for name, item in assets.items()},
            },
            {name: [tier["haircut"] for tier in item["tiers"]] for name, item in assets.items()},
        )

    def instrument(self, instrument: int) -> str:
        return show_instrument(instrument, self.underlyings)


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


@dataclass(frozen=True)
class View:
    """What both lenses tell of one account."""

    account: Any  # what it holds
    risk: Any  # why its margin is what it is
    available: Mapping[str, int]  # token units that can be withdrawn, by token address
    quote: str  # its token
    prices: Mapping[int, tuple[int, int]]  # at which it is liquidated, by underlying

    @classmethod
    def of(cls, lens: Any, risk_lens: Any, account: int) -> "View":
        told, risk = lens.account(account), risk_lens.explain(account)
        quote = str(lens.quote())
        tokens = [quote, *(item.token for item in told.collateral)]
        return cls(
            told,
            risk,
            {token: lens.available(account, token) for token in tokens},
            quote,
            {
                item.underlying: tuple(lens.liquidation_prices(account, item.underlying))
                for item in risk.underlyings
            },
        )


def account_view(view: View, names: Names) -> RenderableType:
    """Everything that the lenses tell of one account."""
    return Group(*_account_parts(view, names))


def _account_parts(view: View, names: Names) -> Iterator[RenderableType]:
    told = view.account
    head = Text(f"account {show_account(told.summary.account, short=False)}", style="bold")
    yield head
    yield Text.from_markup(f"{LEVELS[told.level]} margin; {_prices(view, names)}")
    yield ""
    yield _money(view, names)
    if told.positions:
        yield ""
        yield _positions(view, names)
    if told.collateral:
        yield ""
        yield _collateral(view, names)
    if view.risk.underlyings:
        yield ""
        yield _underlyings(view, names)
        yield ""
        yield _greeks(view, names)


def _prices(view: View, names: Names) -> str:
    """What they serve for, and why for no more."""
    validity = view.risk.margin.validity
    late = [
        f"{names.underlyings[item.underlying]} {PRICE[item.market.validity]}"
        for item in view.risk.underlyings
        if item.market.validity in PRICE
    ]
    why = ", ".join(late) or "smiles or forwards old, or no settlement price yet"
    return VALIDITY[validity] + (f": {why}" if validity < OPEN else "")


def _money(view: View, names: Names) -> Table:
    told, risk, margin = view.account, view.risk, view.risk.margin
    table = grid("", names.quote, "", names.quote)
    cuts = sum(item.haircut for item in risk.collateral)
    charges = sum(item.charges for item in risk.underlyings)
    value = sum(item.value for item in told.collateral)
    parts = cuts + risk.scan.requirement + charges
    least = "maintenance margin" + (", the least" if parts < risk.least else "")
    rows = [
        ("cash", told.cash, "haircuts", cuts),
        ("unsettled profit", told.unsettled, _scan_name(risk.scan), risk.scan.requirement),
        ("options", sum(item.worth for item in risk.underlyings), "charges", charges),
        ("collateral", value, least, margin.maintenance),
        ("equity", margin.equity, "initial margin", margin.initial),
        ("health", told.summary.health, "liquidation target", margin.target),
    ]
    for name, amount, other, cost in rows:
        shown = "too broad" if cost >= NO_MARGIN else show_quote(cost)
        table.add_row(name, signed(amount), f"   {other}", shown)
    available = show_amount(view.available[view.quote], names.decimals[names.quote])
    table.add_row("can be withdrawn", available, "   used of equity", share(told.summary.used))
    table.columns[2].justify = "left"
    return table


def _scan_name(scan: Any) -> str:
    return f"scan: {BINDING[scan.binding] if scan.requirement else 'nothing'}"


def _positions(view: View, names: Names) -> Table:
    table = grid("positions", "size", "mark", "value")
    for item in view.account.positions:
        table.add_row(
            names.instrument(item.instrument),
            show_amount(item.size, SIZE_DECIMALS, 4),
            show_quote(item.mark),
            signed(item.value),
        )
    return table


def _collateral(view: View, names: Names) -> Table:
    table = grid("collateral", "amount", "can be withdrawn", "value", "haircut", "tiers reached")
    risks = {item.asset: item for item in view.risk.collateral}
    for item in view.account.collateral:
        symbol = names.assets[item.asset]
        decimals = names.decimals[symbol]
        table.add_row(
            symbol,
            show_amount(item.amount, decimals, 4),
            show_amount(view.available[item.token], decimals, 4),
            show_quote(item.value),
            show_quote(risks[item.asset].haircut),
            tiers(names.tiers[symbol], risks[item.asset].bands),
        )
    return table


def tiers(haircuts: Sequence[int], bands: Sequence[int]) -> str:
    """The haircuts that a value has reached."""
    return " ".join(
        show_ratio(rate) for rate, band in zip(haircuts, bands, strict=False) if band > 0
    )


def _underlyings(view: View, names: Names) -> Table:
    """With options, prices that liquidate are only looked for as far as the scan goes."""
    table = grid("underlying", "index", "loss", "charges", "liquidated below", "liquidated above")
    held = [item.instrument for item in view.account.positions]
    curved = {underlying_of(word) for word in held if is_option(word)}
    for item in view.risk.underlyings:
        below, above = view.prices[item.underlying]
        none = "not in the scan" if item.underlying in curved else "never"
        table.add_row(
            names.underlyings[item.underlying],
            show_quote(item.market.index),
            show_quote(item.loss),
            show_quote(item.charges),
            show_quote(below) if below else none,
            show_quote(above) if above < MAX else none,
        )
    return table


def _greeks(view: View, names: Names) -> Table:
    """Of positions; and what they gain with collateral at the ends of the scan, the lower curve."""
    table = grid("underlying", "delta", "gamma, 1 %", "vega", "scan down", "scan up")
    for item in view.risk.underlyings:
        ends = [min(item.profits[0], item.profits[7]), min(item.profits[6], item.profits[11])]
        name = names.underlyings[item.underlying]
        table.add_row(name, *map(signed, (item.delta, item.gamma, item.vega, *ends)))
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
        ("less unsettled profits and payoffs", -ledger.basis),
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
