"""docs/margin.md: its tables are read, and every number in them is recomputed."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from plimsoll.deploy import parameters
from plimsoll.deploy.expiries import smile_of
from plimsoll.spec import surface
from plimsoll.spec.explain import Breakdown, explain
from plimsoll.spec.haircut import TIER_UNIT
from plimsoll.spec.margin import Book, Holding, Part, Surface
from plimsoll.spec.market import OPEN, Forward, Market
from plimsoll.spec.scan import DOWN_STEP, UP_STEP, Grid, scan_loss
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import (
    KEY_SHIFT,
    PORTFOLIO,
    POSITION,
    UNDERLYING,
    call,
    expiry_of,
    is_option,
    key_of,
    pack_position,
    perpetual,
    strike_of,
    underlying_of,
)

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "margin.md").read_text()
START = parameters.load(ROOT / "parameters" / "local.yaml")
MODEL = START.model()
NOW = 10**9  # when the examples' epochs begin
OPTION = re.compile(r"(\w+) (call|put), (\d+) days, ([\d,]+)")

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
    """What is linear was opened at the mark: basis is what it cost."""
    cash = basis = 0
    sizes: dict[int, list[int]] = defaultdict(lambda: [0, 0])  # of calls and puts, by key
    collateral = []
    names = list(START.assets)
    for name, (text,) in table.items():
        if name == "":
            continue
        if name == "cash":
            cash = int(number(text) * WAD)
        elif name in names:
            amount = int(number(text) * 10 ** START.assets[name].decimals)
            collateral.append(Holding(names.index(name), amount, amount))
        elif option := OPTION.fullmatch(name):
            underlying, kind, days, strike = option.groups()
            instrument = call(
                START.underlyings[underlying].id,
                NOW + int(days) * surface.DAY,
                int(number(strike) * SIZE),
            )
            sizes[key_of(instrument)][kind == "put"] += int(number(text) * SIZE)
        else:
            underlying_id = START.underlyings[name.removesuffix(" perpetual")].id
            size = int(number(text) * SIZE)
            sizes[key_of(perpetual(underlying_id))][0] += size
            basis -= size * prices()[underlying_id].mark // SIZE
    positions = tuple(pack_position(key, *both) for key, both in sizes.items())
    return Book(level, cash, basis, positions, tuple(collateral))


def volatility() -> float:
    table, _ = tables("With options")
    return float(number(table["volatility"][0]))


def epoch_of(underlying: int, expiries: Iterable[int]) -> surface.Epoch:
    """One that has just begun."""
    [span] = [item.span for item in START.underlyings.values() if item.id == underlying]
    bound = surface.bound(min(expiries), NOW)
    return surface.Epoch(prices()[underlying].index, NOW, 1, 0, span, bound)


def surface_of(positions: Iterable[int]) -> Surface:
    """The scenario words of options, on flat smiles; forwards are at the index."""
    options = [word for word in positions if is_option(word)]
    smile = smile_of(volatility(), smile=0.0)
    told = Surface(NOW, {}, {}, {})
    for word in options:
        underlying, expiry = underlying_of(word), expiry_of(word)
        expiries = [expiry_of(other) for other in options if underlying_of(other) == underlying]
        epoch = epoch_of(underlying, expiries)
        told.grids[underlying] = Grid(epoch.reference, epoch.span, epoch.bound)
        told.forwards[underlying, expiry] = Forward(0, WAD)
        series = surface.series(epoch, expiry, 0, WAD, smile)
        told.words[word >> KEY_SHIFT] = surface.word(epoch, series, strike_of(word))
    return told


def explained(table: Table, level: int) -> Breakdown:
    book = read_book(table, level)
    return explain(book, MODEL, prices(), surface_of(book.positions))


@pytest.mark.parametrize(
    "example",
    [
        "A basis trade",
        "A hedge across two underlyings",
        "A short strangle",
        "A calendar spread, hedged",
        "A collar on collateral",
        "Strangles in two underlyings",
    ],
)
def test_example(example: str) -> None:
    """A charge that no level asks for may be left out."""
    book, margins, *_ = tables(example)
    parts = [explained(book, level) for level in range(3)]
    expected = {
        "": ["POSITION", "UNDERLYING", "PORTFOLIO"],
        "equity": [cents(part.margin.equity) for part in parts],
        "haircuts": [cents(sum(item.haircut for item in part.collateral)) for part in parts],
        "scan requirement": [cents(part.scan.requirement) for part in parts],
        **{
            charge: [
                cents(sum(getattr(item, charge) for item in part.underlyings)) for part in parts
            ]
            for charge in ("calendar", "vega", "short", "depth")
        },
        "maintenance margin": [cents(part.margin.maintenance) for part in parts],
        "liquidation target": [cents(part.margin.target) for part in parts],
        "initial margin": [cents(part.margin.initial) for part in parts],
    }
    assert {**expected, **margins} == expected
    assert {cell for row in expected.keys() - margins.keys() for cell in expected[row]} <= {"0.00"}


def profits(part: Part, scan_range: int) -> Table:
    """Beside now, at all that the scan reads: the nodes within its range, and its ends."""
    profile, end = part.profile, scan_range * WAD // BPS
    read = {-end: [True, True], end: [True, True]}
    for curve, (values, step) in enumerate(
        ((profile.curve.down, DOWN_STEP), (profile.curve.up, UP_STEP))
    ):
        for node in range(len(values)):
            shift = profile.axis.shift(node * step)
            if abs(shift) < end:
                read.setdefault(shift, [False, False])[curve] = True
    return {
        f"{Decimal(shift) / WAD:.2%}".replace("%", " %"): [
            cents(value - profile.mark) if told else ""
            for value, told in zip(profile.values(shift), read[shift], strict=True)
        ]
        for shift in sorted(read)
    }


@pytest.mark.parametrize(
    ("example", "level"),
    [
        ("A short strangle", POSITION),
        ("A calendar spread, hedged", UNDERLYING),
        ("A collar on collateral", PORTFOLIO),
    ],
)
def test_scan(example: str, level: int) -> None:
    """Profit at each node by volatility down and up, of all that is scanned by itself."""
    book, _, nodes, losses = tables(example)
    [item] = explained(book, level).underlyings
    scan_range = MODEL.underlyings[item.underlying].scan_range
    curves = [profits(part, scan_range) for part in item.parts]
    expected = {row: [cell for curve in curves for cell in curve[row]] for row in curves[0]}
    assert {row: cells for row, cells in nodes.items() if row} == expected

    del losses[""]
    assert losses == {
        "loss at the nodes": [cents(part.plain) for part in item.parts],
        "with what lies between": [
            cents(scan_loss(part.profile, scan_range)[1]) for part in item.parts
        ],
        "extremes": [cents(part.extreme) for part in item.parts],
        "L": [cents(part.loss) for part in item.parts],
    }


def test_volatilities() -> None:
    """What the examples' volatility is multiplied by, and where their nodes are."""
    table, moved = tables("With options")
    expiries = [int(days.removesuffix(" days")) * surface.DAY for days in moved[""]]
    factors = [surface.factors(left) for left in expiries]
    for row, which in (("up", 0), ("down", 1)):
        assert moved[f"volatility {row}"] == [
            f"{volatility() * pair[which] / WAD * 100:.1f} %" for pair in factors
        ]
    up, down = surface.factors(surface.DAY)
    assert f"which are {1.2 * down / WAD:.0%} and {1.2 * up / WAD:.0%}".replace("%", " %") in PAGE
    epoch = epoch_of(START.underlyings["BTC"].id, [NOW + left for left in expiries])
    assert bps(table["G"][0]) == epoch.span
    assert bps(table["B"][0]) == epoch.bound


@pytest.mark.parametrize(
    "example", ["A hedge across two underlyings", "Strangles in two underlyings"]
)
def test_terms(example: str) -> None:
    book, _, terms = tables(example)
    scan = explained(book, PORTFOLIO).scan
    assert terms == {
        "": [""],
        "sum of losses": [cents(scan.total)],
        "factor": [cents(scan.factor)],
        "comove": [cents(scan.comove)],
        "apart": [cents(scan.apart)],
        "floor": [cents(scan.floor)],
    }
