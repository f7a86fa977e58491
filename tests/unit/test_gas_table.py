"""benchmarks/gas.py: what it makes of measured gas, and that its scenes are what they say."""

import json

import pytest

from benchmarks import gas
from benchmarks.gas import Chain, Floor, Growth, Row
from plimsoll.spec.words import PORTFOLIO, POSITION
from tests.harness import chain


def test_floor() -> None:
    assert Floor().gas(21_000) == 21_000
    floor = Floor(accounts=1, reads=2, changes=3, fills=4, signatures=5)
    assert floor.gas(0) == 2_600 + 2 * 2_100 + 3 * 5_000 + 4 * 22_100 + 5 * 3_000


def test_floor_has_refunds() -> None:
    """Of slots that are cleared, up to a fifth of the gas."""
    assert Floor(clears=1).gas(21_000) == 21_000 + 5_000 - 4_800
    assert Floor(clears=10).gas(21_000) == 71_000 - 71_000 // 5


def test_growth() -> None:
    """A line is found in rows that are on it, by action; one that is off shows as deviation."""
    sizes = [(count, expiries) for count in (1, 4, 16) for expiries in (1, 4) if expiries <= count]
    views = [Row(f"view, {n} in {e}", 1_000 + 70 * n + 30 * e, 0, held=(n, e)) for n, e in sizes]
    others = [Row(f"tx, {n}", 5 * n, 0, held=(n, e)) for n, e in sizes]
    line, other = Growth.of([Row("no size", 1, 1), *views, *others])
    assert (other.action, other.option) == ("tx, N", pytest.approx(5))
    assert (line.fixed, line.option, line.expiry) == pytest.approx((1_000, 70, 30))
    assert line.deviation < 1e-9
    assert str(line) == (
        "view, N in N: 1,000 + 70 per option + 30 per expiry, largest deviation 0.0 %"
    )
    [line] = Growth.of([Row(f"settle, {n}", 9 + 6 * n, 0, held=(n, 0)) for n in (1, 4)])
    assert str(line) == "settle, N: 9 + 6 per option, largest deviation 0.0 %"
    [line] = Growth.of([*views, Row("view, 64 in 8", 1, 0, held=(64, 8))])
    assert line.deviation > 1


def test_by_action() -> None:
    """Each action where it came first, its rows in their order."""
    actions = ["tx b, 1", "tx a, 1", "tx b, 2", "tx c", "tx a, 2"]
    ordered = [row.action for row in gas.by_action(Row(action, 1, 1) for action in actions)]
    assert ordered == ["tx b, 1", "tx b, 2", "tx a, 1", "tx a, 2", "tx c"]


def test_json() -> None:
    rows = [Row("one", 5, 4, 6, "7 elsewhere"), Row("two", 3, 2, held=(1, 1))]
    assert json.loads(gas.as_json(rows)) == {
        "one": {"gas": 5, "budget": 6, "floor": 4, "peer": "7 elsewhere"},
        "two": {"gas": 3, "budget": None, "floor": 2, "peer": None},
    }


@pytest.fixture
def scene() -> Chain:
    return Chain()


def test_book(scene: Chain) -> None:
    """As many options as asked for, among as many expiries."""
    book = scene.p.vault.book_of(scene.book(16, 4, 20)[0])
    expiries = {position >> 200 for position in book.positions}
    assert (len(book.positions), len(expiries), book.level) == (16, 4, PORTFOLIO)


@pytest.mark.parametrize("level", [POSITION, PORTFOLIO])
def test_short(scene: Chain, level: int) -> None:
    """The account can be liquidated, and an epoch that begins only then makes all words stale."""
    p = scene.p
    account, buyer = scene.short(4, 1, (level, PORTFOLIO))
    assert p.vault.book_of(account).level == level
    assert p.surface.epoch(gas.BTC).time == chain.timestamp
    p.liquidator.liquidate(account, buyer, gas.WAD, 0, sender=p.keeper)
    assert len(p.vault.book_of(buyer).positions) == 4


@pytest.mark.pyrevm  # nothing is measured elsewhere
def test_no_less_than_the_floor(scene: Chain) -> None:
    with chain.isolate():
        rows = [*gas.word_rows(scene)]
    one, other = scene.book(1, 1, 20)
    rows += [gas.view_row(scene, one, 1, 1), *gas.account_rows(scene, one, other, 1)]
    assert all(row.gas > row.floor for row in rows)
