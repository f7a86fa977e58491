"""What must hold of the margin of any book of options, on lanes that are real prices.

Curves are sums of whole units, so two margins compare only as finely as their units: a short counts
one unit of S0 / 2**15 more per contract in each lane, and every amount rounds to a wei.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.margin.exact import Chain, bound_of
from benchmarks.margin.requirement import Holdings, Specification, part
from plimsoll.spec.margin import Analysis, Factors, Part, RiskModel, margin_of
from plimsoll.spec.scan import LANE_UNIT, Netting
from plimsoll.spec.wad import BPS, SIZE
from plimsoll.spec.words import PORTFOLIO, POSITION, UNDERLYING
from tests.unit.spec.strategies import many

LEVELS = (POSITION, UNDERLYING, PORTFOLIO)
UNIT = 1 / LANE_UNIT  # of S0
DAYS = (1 / 12, 0.5, 1, 3, 7, 14, 30, 90)
sizes = st.integers(-500, 500).map(lambda size: size / 100)
levels = st.sampled_from(LEVELS)


@st.composite
def chains(draw: st.DrawFn, expiries: int = 3, ratio: float | None = None) -> Chain:
    """Some strikes of some expiries; the same strikes of each, so that anything can be built."""
    days = sorted(draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=expiries, unique=True)))
    around = st.integers(550, 1_600).map(lambda strike: strike / 1_000)
    strikes = sorted(draw(st.lists(around, min_size=2, max_size=4, unique=True)))
    count, all_days = len(strikes), np.repeat(days, len(strikes))
    per_expiry = len(days)

    def each(low: float, high: float) -> np.ndarray:
        values = st.floats(low, high)
        drawn = draw(st.lists(values, min_size=per_expiry, max_size=per_expiry))
        return np.repeat(drawn, count)

    bound = bound_of(all_days)
    return Chain(
        days=all_days,
        strike=np.tile(strikes, per_expiry),
        level=each(0.2, 1.5),
        slope=each(-0.6, 0.3),
        bend=each(0, 3),
        ratio=np.full(count * per_expiry, ratio) if ratio else each(0.9, 1.1),
        scan_range=draw(st.integers(5, 30)) / 100,
        bound=bound,
        spot=1 + bound * draw(st.sampled_from((-1.0, -0.3, 0.0, 0.6, 1.0))),
    )


@st.composite
def holdings(draw: st.DrawFn, chain: Chain, linear: bool = True) -> Holdings:
    count = len(chain.strike)
    lists = st.lists(st.just(0.0) | sizes, min_size=count, max_size=count).map(np.array)
    futures = draw(lists) if linear else np.zeros(count)
    return Holdings(draw(lists), draw(lists), futures, draw(sizes) if linear else 0.0)


@st.composite
def books(draw: st.DrawFn, most: int = 1) -> tuple[Specification, list[Holdings]]:
    """In one or several underlyings."""
    several = draw(st.lists(chains(), min_size=1, max_size=most))
    betas = draw(st.lists(st.integers(-100, 100), min_size=len(several), max_size=len(several)))
    specification = Specification(several, [beta / 100 for beta in betas])
    return specification, [draw(holdings(chain)) for chain in several]


def bought(chain: Chain) -> st.SearchStrategy[Holdings]:
    """Nothing but options that are long."""
    return holdings(chain, linear=False).map(
        lambda held: Holdings(np.abs(held.calls), np.abs(held.puts), held.futures)
    )


def gross(held: Holdings) -> float:
    """Contracts, of everything."""
    options = np.abs(held.calls).sum() + np.abs(held.puts).sum()
    return float(options + np.abs(held.futures).sum()) + abs(held.perpetual)


def total(one: Holdings, other: Holdings) -> Holdings:
    return Holdings(
        one.calls + other.calls,
        one.puts + other.puts,
        one.futures + other.futures,
        one.perpetual + other.perpetual,
    )


def scan(analysis: Analysis) -> float:
    """The scan requirement."""
    return part(analysis.requirement(Factors()))


def netted(specification: Specification, held: list[Holdings]) -> Netting:
    """Of every underlying, be it fully paid or not."""
    netting = Netting()
    for owned in specification.analyse(PORTFOLIO, held).underlyings:
        [whole] = owned.parts
        params = specification.model.underlyings[owned.underlying]
        netting.add(params, whole.profile, whole.deepest, whole.loss)
    return netting


def with_range(model: RiskModel, scan_range: int) -> RiskModel:
    underlyings = {
        u: replace(params, scan_range=scan_range) for u, params in model.underlyings.items()
    }
    return replace(model, underlyings=underlyings)


# -- exact offsets -------------------------------------------------------------------------------


def offsetting(name: str, count: int) -> Holdings:
    """On the first and the last of `count` strikes (of the last expiry, for a jelly roll)."""
    calls, puts, futures = np.zeros((3, count))
    if name in ("conversion", "reversal"):
        calls[0], puts[0], futures[0] = -1, 1, 1
    elif name == "box":
        calls[[0, 1]], puts[[0, 1]] = (1, -1), (-1, 1)
    else:
        calls[[0, -1]], puts[[0, -1]] = (1, -1), (-1, 1)
    side = -1 if name == "reversal" else 1
    return Holdings(side * calls, side * puts, side * futures)


@many
@given(chains(ratio=1.03), st.sampled_from(("conversion", "reversal", "box", "jelly roll")), sizes)
def test_exact_offsets_have_no_scan_risk(chain: Chain, name: str, size: float) -> None:
    """A conversion, a reversal, a box, a jelly roll at equal forwards: to the wei."""
    held = offsetting(name, len(chain.strike))
    held = Holdings(held.calls * size, held.puts * size, held.futures * size)
    analysis = Specification([chain]).analyse(UNDERLYING, [held])
    for owned in analysis.underlyings:
        [whole] = owned.parts
        assert whole.plain <= 2
        assert whole.loss <= 2
        assert whole.extreme <= 2
        assert whole.short == whole.vega == 0
        if name != "jelly roll":  # whose two expiries are worked off one against the other
            assert whole.calendar <= 2
            assert owned.depth <= 2


@many
@given(chains(expiries=1), sizes)
def test_a_conversion_needs_next_to_nothing(chain: Chain, size: float) -> None:
    """A hundredth of the scan ranges of its three legs."""
    held = offsetting("conversion", len(chain.strike))
    held = Holdings(held.calls * size, held.puts * size, held.futures * size)
    legs = 3 * abs(round(size * SIZE)) / SIZE * chain.ratio[0] * chain.spot
    asked = Specification([chain]).maintenance(UNDERLYING, [held])
    assert asked == pytest.approx(0.01 * chain.scan_range * legs, rel=1e-6, abs=1e-12)


# -- fully paid options --------------------------------------------------------------------------


@many
@given(st.data(), chains(), levels)
def test_a_long_option_never_needs_more_than_it_costs(
    data: st.DataObject, chain: Chain, level: int
) -> None:
    """In MM and in IM, at every level. A parabola may mark what is worth nothing a bit below it."""
    held = data.draw(bought(chain))
    specification = Specification([chain])
    analysis = specification.analyse(level, [held])
    margin = margin_of(analysis, specification.model, specification.markets)
    assert part(margin.equity) >= -1e-3 * gross(held)
    assert 0 <= margin.maintenance <= max(0, margin.equity)
    assert margin.initial <= max(0, margin.equity) + 1


@many
@given(st.data(), chains(), st.integers(1, 10**10))
def test_a_deposit_beside_long_options_never_harms(
    data: st.DataObject, chain: Chain, units: int
) -> None:
    """Netted, in however shallow a market: neither health nor what initial margin leaves."""
    bare = data.draw(bought(chain))
    specification = Specification([chain])
    params = replace(specification.model.underlyings[1], depth=1)
    specification.model = replace(specification.model, underlyings={1: params})

    def spare(held: Holdings) -> tuple[int, int]:
        analysis = specification.analyse(PORTFOLIO, [held])
        margin = margin_of(analysis, specification.model, specification.markets)
        assert margin.maintenance <= margin.initial
        return margin.equity - margin.maintenance, margin.equity - margin.initial

    before, after = spare(bare), spare(replace(bare, spot=units / 10**8))
    assert after[0] >= before[0] - 10
    assert after[1] >= before[1] - 10


# -- netting -------------------------------------------------------------------------------------


@many
@given(books(most=3))
def test_more_netting_asks_no_larger_scan(case: tuple[Specification, list[Holdings]]) -> None:
    """POSITION >= UNDERLYING >= PORTFOLIO, of the scan; charges for what is matched come on top."""
    specification, held = case
    apart, cross, net = (scan(specification.analyse(level, held)) for level in LEVELS)
    noise = 2 * UNIT * sum(map(gross, held)) + 1e-12
    assert cross <= apart + noise
    assert net <= cross + noise


@many
@given(books(most=3))
def test_netting_asks_no_less_than_the_largest_loss(
    case: tuple[Specification, list[Holdings]],
) -> None:
    """Whatever gains other underlyings have, or seem to have."""
    specification, held = case
    analysis = specification.analyse(PORTFOLIO, held)
    largest = max((owned.loss for owned in analysis.underlyings), default=0)
    assert analysis.requirement(specification.model.factors) >= largest


@many
@given(st.data(), chains(), levels)
def test_a_joined_book_asks_no_more_than_its_parts(
    data: st.DataObject, chain: Chain, level: int
) -> None:
    """The scan is sub-additive, but for the units of lanes."""
    one, other = data.draw(holdings(chain)), data.draw(holdings(chain))
    specification = Specification([chain], [0.75])

    def asked(held: Holdings) -> float:
        if level == PORTFOLIO:
            return part(netted(specification, [held]).requirement(2_000))
        return scan(specification.analyse(level, [held]))

    noise = 2 * UNIT * (gross(one) + gross(other))
    assert asked(total(one, other)) <= asked(one) + asked(other) + noise


@many
@given(st.data(), chains())
def test_next_to_nothing_beside_a_book_lowers_no_scan(data: st.DataObject, chain: Chain) -> None:
    """However few places of the book comove and extremes read."""
    held = data.draw(holdings(chain))
    dust = Holdings.of(np.zeros_like(held.calls), perpetual=1e-8)
    alone = Specification([chain]).analyse(PORTFOLIO, [held])
    beside = Specification([chain, chain], [0.75, 0.75]).analyse(PORTFOLIO, [held, dust])
    assert scan(beside) >= scan(alone) - dust.perpetual


# -- ranges and spots ----------------------------------------------------------------------------


@many
@given(st.data(), chains(), st.integers(100, 3_000))
def test_a_larger_range_asks_no_less(data: st.DataObject, chain: Chain, less: int) -> None:
    """At POSITION and UNDERLYING, on the same grid.

    But for the extremes: a straddle gains on the way to two ranges, and a hump of losses may be
    passed over.
    """
    held = data.draw(holdings(chain))
    full = round(chain.scan_range * BPS)
    specification = Specification([chain])

    def parts(level: int, scan_range: int) -> list[Part]:
        specification.model = with_range(specification.model, scan_range)
        owned = specification.analyse(level, [held]).underlyings
        return [one for underlying in owned for one in underlying.parts]

    for level in (POSITION, UNDERLYING):
        narrow, wide = parts(level, min(less, full)), parts(level, full)
        for before, after in zip(narrow, wide, strict=True):
            assert part(before.plain) <= part(after.plain) + 1e-9
            if before.loss > before.extreme:
                assert part(before.loss) <= part(after.loss) + 1e-9


def test_a_hump_of_losses_may_be_passed_over() -> None:
    """Which is why a margin with extremes is not monotone in the range for every book."""
    chain = Chain.flat(30, [1.25, 1.3, 1.35], 0.3, 0.2)
    specification = Specification([chain])
    extremes = []
    for scan_range in (1_500, 1_900):  # two of which are at the hump, and beyond it
        specification.model = with_range(specification.model, scan_range)
        held = Holdings.of(np.array([-1.0, 2.0, -1.0]))
        [owned] = specification.analyse(UNDERLYING, [held]).underlyings
        extremes.append(part(owned.parts[0].extreme))
    assert extremes[0] > 0.01
    assert extremes[1] < extremes[0] / 2


@many
@given(st.data(), chains(), levels, st.floats(-1, 1), st.integers(1, 100))
def test_margin_is_continuous_in_spot(
    data: st.DataObject, chain: Chain, level: int, place: float, steps: int
) -> None:
    """Within an epoch: no jump that is larger than a slope times the step."""
    held = data.draw(holdings(chain))
    step = steps * 1e-7
    asked = []
    for lean in (place, place + step):
        moved = replace(chain, spot=1 + chain.bound * lean * 0.99)
        asked.append(Specification([moved], [0.75]).maintenance(level, [held]))
    assert abs(asked[1] - asked[0]) <= 8 * gross(held) * step + 1e-9


# -- rounding ------------------------------------------------------------------------------------


@many
@given(st.data(), chains())
def test_lanes_round_against_the_account(data: st.DataObject, chain: Chain) -> None:
    """What is held is never marked above its lanes, and less than a unit per contract below."""
    held = data.draw(holdings(chain, linear=False))
    moved = replace(chain, spot=1.0)
    worth = Specification([moved]).measure(held).worth
    now = moved.lanes[:, 1:2]
    exact = float(held.value(moved, now, np.array([1.0]))[0])
    assert worth <= exact + 1e-9
    assert worth >= exact - UNIT * gross(held) - 1e-9
