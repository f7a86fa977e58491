"""docs/margin.md: its tables are read, and every number in them is recomputed."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from plimsoll.deploy import parameters
from plimsoll.spec.explain import Breakdown, explain
from plimsoll.spec.haircut import TIER_UNIT
from plimsoll.spec.margin import Book, Holding
from plimsoll.spec.market import OPEN, Market
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import PORTFOLIO, key_of, pack_position, perpetual

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "margin.md").read_text()
START = parameters.load(ROOT / "parameters" / "local.yaml")
MODEL = START.model()

Table = dict[str, list[str]]  # rows by their first cell, the header as ""


def tables(heading: str) -> Iterator[Table]:
    """The tables of one section."""
    section = PAGE.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    for block in section.split("\n\n"):
        if block.startswith("|"):
            rows = [[cell.strip() for cell in row[1:-1].split("|")] for row in block.splitlines()]
            yield {"": rows[0][1:], **{row[0]: row[1:] for row in rows[2:]}}


def number(text: str) -> Decimal:
    """1,234.5 and 13 %."""
    value = Decimal(text.removesuffix(" %").replace(",", ""))
    return value / 100 if text.endswith("%") else value


def bps(text: str) -> int:
    return int(number(text) * BPS)


def cents(wei: int) -> str:
    return f"{(Decimal(wei) / WAD).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def test_starting_parameters() -> None:
    """They are those of a development chain."""
    underlyings, assets, factors = tables("Starting parameters")
    assert underlyings[""] == list(START.underlyings)
    for i, underlying in enumerate(START.underlyings.values()):
        risk = underlying.risk
        assert number(underlyings["price in the examples"][i]) == underlying.feed.price
        assert bps(underlyings["scan range R"][i]) == risk.scan_range
        assert bps(underlyings["loading beta"][i]) == risk.beta
        assert bps(underlyings["calendar charge c"][i]) == risk.calendar
        assert bps(underlyings["vega charge c_v"][i]) == risk.vega
        assert bps(underlyings["short option minimum m"][i]) == risk.short
        assert number(underlyings["depth"][i]) == risk.depth

    assert assets[""] == list(START.assets)
    for i in range(len(START.assets)):
        asset = MODEL.assets[i]
        for row, limit in zip(("first", "second", "third"), asset.limits, strict=True):
            assert number(assets[f"{row} limit"][i]) * WAD == limit * TIER_UNIT
        for row, rate in zip(("first", "second", "third", "last"), asset.haircuts, strict=True):
            assert bps(assets[f"{row} haircut"][i]) == rate
        assert bps(assets["liquidity haircut h_l"][i]) == asset.liquidity
        assert bps(assets["volatility"][i]) == asset.volatility
        assert number(assets["scale"][i]) == asset.scale

    assert bps(factors["target k_T"][0]) == MODEL.factors.target
    assert bps(factors["initial k_I"][0]) == MODEL.factors.initial
    assert bps(factors["floor psi"][0]) == MODEL.factors.floor


def prices() -> dict[int, Market]:
    table, _, _ = tables("Starting parameters")
    markets = {}
    for name, text in zip(table[""], table["price in the examples"], strict=True):
        price = int(number(text) * WAD)
        markets[START.underlyings[name].id] = Market(price, price, price, 0, OPEN)
    return markets


def read_book(table: Table, level: int) -> Book:
    """Positions were opened at the mark: basis is what they cost."""
    cash = basis = 0
    positions, collateral = [], []
    names = list(START.assets)
    for name, (text,) in table.items():
        if name == "":
            continue
        if name == "cash":
            cash = int(number(text) * WAD)
        elif name in names:
            amount = int(number(text) * 10 ** START.assets[name].decimals)
            collateral.append(Holding(names.index(name), amount, amount))
        else:
            underlying = START.underlyings[name.removesuffix(" perpetual")].id
            size = int(number(text) * SIZE)
            positions.append(pack_position(key_of(perpetual(underlying)), size))
            basis -= size * prices()[underlying].mark // SIZE
    return Book(level, cash, basis, tuple(positions), tuple(collateral))


def explained(table: Table, level: int) -> Breakdown:
    return explain(read_book(table, level), MODEL, prices())


@pytest.mark.parametrize("example", ["A basis trade", "A hedge across two underlyings"])
def test_example(example: str) -> None:
    book, margins, *_ = tables(example)
    parts = [explained(book, level) for level in range(3)]
    expected = {
        "": ["POSITION", "UNDERLYING", "PORTFOLIO"],
        "equity": [cents(part.margin.equity) for part in parts],
        "haircuts": [cents(sum(item.haircut for item in part.collateral)) for part in parts],
        "scan requirement": [cents(part.scan.requirement) for part in parts],
        "calendar": [cents(sum(item.calendar for item in part.underlyings)) for part in parts],
        "depth": [cents(sum(item.depth for item in part.underlyings)) for part in parts],
        "maintenance margin": [cents(part.margin.maintenance) for part in parts],
        "liquidation target": [cents(part.margin.target) for part in parts],
        "initial margin": [cents(part.margin.initial) for part in parts],
    }
    assert margins == expected


def test_terms() -> None:
    book, _, terms = tables("A hedge across two underlyings")
    scan = explained(book, PORTFOLIO).scan
    assert terms == {
        "": [""],
        "sum of losses": [cents(scan.total)],
        "factor": [cents(scan.factor)],
        "comove": [cents(scan.comove)],
        "extremes": [cents(scan.extremes)],
        "floor": [cents(scan.floor)],
    }
