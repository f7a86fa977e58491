"""How much a margin may miss, against exact option prices that are not ours.

Small versions of `python -m benchmarks.margin`, whose tables docs/margin.md explains. Losses are
told in parts of spot, per contract of the larger of gross longs and gross shorts.
"""

from functools import partial

import numpy as np
import pytest

from benchmarks.margin import adversary, brute, marks, montecarlo, requirement, several
from benchmarks.margin.requirement import LEVELS
from plimsoll.spec.scan import UnderlyingParams

HIDDEN = 0.0025
MARK = 0.0011
PREDICTION = 0.0001  # by which the linear program and the specification may differ


@pytest.mark.parametrize("expiry", marks.EXPIRIES)
@pytest.mark.parametrize("volatility", marks.VOLATILITIES)
def test_marks_are_exact_within_an_epoch(expiry: str, volatility: float) -> None:
    """The parabola through three lanes, wherever in the epoch spot is, and until it ends."""
    assert marks.error(marks.EXPIRIES[expiry], volatility, strikes=17, spots=3) <= MARK


@pytest.mark.parametrize("kind", brute.KINDS, ids=lambda kind: kind.name)
def test_random_books_lose_no_more_than_they_cover(kind: brute.Kind) -> None:
    result = brute.run(kind, books=400, shifts=65)
    assert max(result.total) <= HIDDEN
    # the scan is what covers them, and it asks for no more than it must
    assert max(result.plain) > HIDDEN
    assert 1 <= result.ratio <= 1.8


def test_bought_options_cannot_lose_more_than_the_account_has() -> None:
    """Whoever buys options with borrowed cash still covers all that they can lose."""
    bought = next(kind for kind in brute.KINDS if kind.book is brute.bought)
    result = brute.run(bought, books=400, seed=2)
    assert max(result.total) <= 1e-4
    assert max(result.plain) > 0.005  # which is why it is read between the nodes


@pytest.mark.parametrize(
    ("days", "volatility", "most"),
    [
        (1 / 12, 0.3, HIDDEN),
        (1 / 12, 1.2, HIDDEN),
        (1, 0.6, HIDDEN),
        (1, 1.2, 0.0060),  # between two volatilities that are far apart, nothing is read
        (3, 0.6, HIDDEN),
        (7, 0.3, HIDDEN),
        (7, 1.2, HIDDEN),
        (30, 0.6, HIDDEN),
        (30, 1.2, HIDDEN),
    ],
)
def test_an_adversary_hides_little(days: float, volatility: float, most: float) -> None:
    """The worst book of a linear program, where the range ends on the outermost node."""
    found = adversary.attack(days, volatility, 0.16, 1, dense=43, shifts=9, moves=5)
    assert found.hidden <= most
    assert found.hidden == pytest.approx(found.predicted, abs=PREDICTION)


def test_an_adversary_hides_much_between_the_nodes() -> None:
    """What the term for what lies between the nodes is there for."""
    found = adversary.attack(1 / 12, 0.3, 0.16, 1, between=False, dense=43, shifts=9, moves=3)
    assert found.hidden > 0.01


@pytest.mark.parametrize(("days", "volatility"), [(1 / 12, 0.3), (7, 0.6)])
@pytest.mark.parametrize(("kind", "least"), [("alone", 0.99), ("together", 0.8), ("likely", 0.75)])
def test_an_adversary_nets_little_away(
    kind: str, least: float, days: float, volatility: float
) -> None:
    """What one underlying loses by itself is asked whatever is beside it; and where they move as
    netting assumes, its few places leave little out."""
    found = several.attack(kind, days, volatility, 1, steps=2)
    # what is predicted reads roots along tangents, and lanes that are not rounded
    assert least <= found.ratio <= found.predicted + 0.02


def test_an_adversary_nets_much_away_from_what_moves_apart() -> None:
    """Where nothing is asked for that, which is why it is."""
    found = several.attack("alone", 1 / 12, 0.3, 1, steps=2, apart=False)
    assert found.bare < 0.5
    assert found.ratio >= 0.99


def test_joined_books_ask_for_little_more() -> None:
    share, worst = several.joined(600, 1)
    assert 0 < share < 0.01  # few enough, and it would be seen
    assert worst <= 0.03


def test_a_day_that_jumps_is_covered() -> None:
    """At every level more is asked than the mean loss of the worst percent of days."""
    rows = list(montecarlo.table(montecarlo.Days.draw(20_000)))
    assert len(rows) == len({row.name for row in rows}) > 30
    for row in rows:
        assert min(row.ratios.values()) >= 1, row.name
    by_name = {row.name: row for row in rows}
    assert set(by_name["long a perpetual"].ratios) == set(LEVELS)
    # a long perpetual is what the model was scaled by
    assert by_name["long a perpetual"].ratios["cross"] == pytest.approx(1, abs=0.03)
    hedged = by_name["long BTC, short ETH"].ratios
    assert hedged["portfolio"] < 0.8 * hedged["cross"]


@pytest.mark.parametrize(("charge", "least"), [({"vega": 0}, 0.83), ({"short": 50}, 0.99)])
def test_calendars_need_their_charges(
    monkeypatch: pytest.MonkeyPatch, charge: dict[str, int], least: float
) -> None:
    """Without vega charge, or with half of the short option minimum, less is asked than that."""
    monkeypatch.setattr(requirement, "UnderlyingParams", partial(UnderlyingParams, **charge))
    days = montecarlo.Days.draw(200_000)
    calendars = [book for book in montecarlo.books() if "calendar" in book[0]]
    ratios = [montecarlo.measure(*book, days).ratios["portfolio"] for book in calendars]
    assert min(ratios) == pytest.approx(least, abs=0.006)


def test_the_exact_side_keeps_parity() -> None:
    """A call less its intrinsic value is what the put out of the money is worth."""
    forward, strike, deviation = 1.1, np.array([0.9, 1.1, 1.3]), 0.2
    call = brute.Chain.flat(30, strike, deviation * np.sqrt(365 / 30), 0.16).calls(forward)[:, 0]
    at_the_money = forward * 0.07965567455405798  # 2 N(0.1) - 1
    assert call[1] == pytest.approx(at_the_money, rel=1e-12)
    assert np.all(np.diff(call) < 0)
    assert call[0] - 2 * call[1] + call[2] > 0
