"""What must hold of a margin for any book, with any parameters within the contracts' bounds.

Every term is rounded up by itself, so a comparison of two margins is only as fine as the number of
terms on either side: one wei for each collateral, two for each underlying, one for the scan.
"""

from dataclasses import replace
from math import sqrt

from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.spec.margin import (
    DOUBT_BITS,
    DOUBTS,
    LARGEST_DOUBT,
    Book,
    Holding,
    Margin,
    RiskModel,
    Surface,
    analyse,
    asked_of,
    assess,
    covered,
    notional_of,
    reduced,
    value_of,
)
from plimsoll.spec.market import LIQUIDATION, OPEN, STALE
from plimsoll.spec.scan import (
    STRAIGHT,
    Netting,
    Profile,
    UnderlyingParams,
    scan_loss,
)
from plimsoll.spec.wad import BPS, WAD, ceil_div, clamp, toward_div
from plimsoll.spec.words import (
    KEY_SHIFT,
    PORTFOLIO,
    POSITION,
    UNDERLYING,
    pack_position,
    size_of,
)
from tests.unit.spec.strategies import (
    Case,
    at,
    cases,
    joined,
    magnitudes,
    many,
    markets,
    models,
    signed,
    wildest,
)

LEVELS = (POSITION, UNDERLYING, PORTFOLIO)
levels = st.sampled_from(LEVELS)
losses = st.lists(
    st.tuples(st.integers(-BPS, BPS), signed(magnitudes(1, 10**30))), min_size=1, max_size=8
)


def terms(book: Book) -> int:
    """How many roundings of a wei there are in a maintenance margin."""
    return len(book.collateral) + 2 * (len(book.positions) + len(book.collateral)) + 1


# -- netting -------------------------------------------------------------------------------------


@many
@given(cases())
def test_more_netting_asks_no_more(case: Case) -> None:
    """PORTFOLIO <= UNDERLYING <= POSITION, in MM and in IM."""
    book, model, prices = case
    apart, cross, net = (assess(at(book, level), model, prices) for level in LEVELS)
    slack = terms(book)
    assert cross.maintenance <= apart.maintenance
    assert cross.initial <= apart.initial
    assert net.maintenance <= cross.maintenance + slack
    assert net.initial <= cross.initial + 3 * slack + len(book.collateral)


@many
@given(cases())
def test_netting_changes_no_equity(case: Case) -> None:
    book, model, prices = case
    assert len({assess(at(book, level), model, prices).equity for level in LEVELS}) == 1


def netting_of(parts: list[tuple[int, int]]) -> Netting:
    """Of lines that lose as much within a range of a tenth."""
    netting = Netting()
    for beta, loss in parts:
        params = UnderlyingParams(BPS // 10, beta, 0, 1)
        profile = Profile(STRAIGHT, None, 10 * loss)
        loss = scan_loss(profile, params.scan_range)[1]
        netting.add(params, profile, loss, loss)
    return netting


@many
@given(losses, st.integers(500, BPS))
def test_netting_keeps_a_floor(parts: list[tuple[int, int]], floor: int) -> None:
    """psi * sum |l| <= requirement <= sum |l|, and no less than the largest loss."""
    total = sum(abs(loss) for _, loss in parts)
    netting = netting_of(parts)
    required = netting.requirement(floor)
    assert floor * total <= required * BPS
    assert max(abs(loss) for _, loss in parts) <= required <= total + 1
    assert netting.total == total


@many
@given(losses)
def test_factor_is_within_two_percent(parts: list[tuple[int, int]]) -> None:
    """The factor term of linear books against sqrt(l' rho l), which it replaces.

    Five angles of a quarter circle miss the best one by 11.25 degrees at most: cos is 0.9808.
    """
    common = sum(beta * loss for beta, loss in parts) / BPS
    own = sum((BPS**2 - beta**2) * loss**2 for beta, loss in parts) / BPS**2
    exact = sqrt(common**2 + own)
    required = netting_of(parts).requirement(500)
    others = max(
        abs(sum(loss for _, loss in parts)),
        sqrt(sum(loss**2 for _, loss in parts)),
        sum(abs(loss) for _, loss in parts) / 20,
    )
    assert required >= 0.98 * exact
    assert required <= max(exact, others) * (1 + 1e-9) + len(parts) + 2


@many
@given(losses, losses)
def test_scan_is_sub_additive(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """Losses of different underlyings: a joined book asks no more than its parts."""
    both = netting_of(one + other).requirement(2_000)
    assert (
        both
        <= sum(netting_of(part).requirement(2_000) for part in (one, other)) + len(one + other) + 4
    )


@many
@given(cases(), st.data())
def test_joined_books_ask_no_more(case: Case, data: st.DataObject) -> None:
    """Of the same underlyings too, but for what size costs: depth and upper tiers.

    So the markets here are deep and the tiers flat.
    """
    book, model, prices = case
    model = RiskModel(
        {id: replace(params, depth=10**60) for id, params in model.underlyings.items()},
        {id: replace(asset, limits=(2**100,) * 3) for id, asset in model.assets.items()},
        model.factors,
    )
    sides = {word: data.draw(st.integers(-2, 2)) for word in book.positions}
    other = replace(
        book,
        positions=tuple(
            pack_position(word >> KEY_SHIFT, side * size_of(word) // 2)
            for word, side in sides.items()
            if side * size_of(word) // 2
        ),
        collateral=book.collateral[: data.draw(st.integers(0, 3))],
    )
    whole = joined(book, other)
    parts = [assess(part, model, prices) for part in (book, other)]
    slack = terms(book) + terms(other) + terms(whole)
    required = assess(whole, model, prices).maintenance
    assert required <= sum(part.maintenance for part in parts) + slack


# -- size ----------------------------------------------------------------------------------------


@many
@given(cases(), st.integers(1, WAD))
def test_a_fraction_asks_no_more_than_its_share(case: Case, fraction: int) -> None:
    """What is left after a slice is no riskier than its share: so health can only rise.

    Truncating sizes and amounts can leave a hedge off balance by one unit of each, which a
    price may make worth many wei.
    """
    book, model, prices = case
    part = replace(
        book,
        positions=tuple(
            pack_position(word >> KEY_SHIFT, toward_div(size_of(word) * fraction, WAD))
            for word in book.positions
        ),
        collateral=tuple(
            replace(item, amount=item.amount * fraction // WAD) for item in book.collateral
        ),
        cash=toward_div(book.cash * fraction, WAD),
        basis=toward_div(book.basis * fraction, WAD),
    )
    units = sum(prices[word >> 240].mark // 10**8 + 1 for word in book.positions) + sum(
        prices[model.assets[item.asset].underlying].index // 10 ** model.assets[item.asset].decimals
        + 1
        for item in book.collateral
    )
    share = assess(book, model, prices).maintenance * fraction
    left = assess(part, model, prices).maintenance
    assert left <= ceil_div(share, WAD) + terms(book) + 2 * units


@many
@given(cases(level=st.sampled_from((POSITION, UNDERLYING))), st.data())
def test_wider_range_asks_no_less(case: Case, data: st.DataObject) -> None:
    """At POSITION and UNDERLYING; netted, a wider range may make a better hedge."""
    book, model, prices = case
    id = data.draw(st.sampled_from(sorted(model.underlyings)))
    params = model.underlyings[id]
    wider = replace(params, scan_range=data.draw(st.integers(params.scan_range, 4_000)))
    riskier = replace(model, underlyings={**model.underlyings, id: wider})
    before, after = assess(book, model, prices), assess(book, riskier, prices)
    assert after.maintenance >= before.maintenance
    assert after.initial >= before.initial


@many
@given(models(), st.data())
def test_unhedged_collateral_sees_no_jump(model: RiskModel, data: st.DataObject) -> None:
    """A loan against collateral asks no more at PORTFOLIO than at UNDERLYING, and exactly the
    same where the first haircut is liquidity and range and nothing multiplies it; whatever the
    vault holds of the asset, so that nobody avoids the charge for its concentration.
    """
    assume(model.assets)
    id, asset = data.draw(st.sampled_from(sorted(model.assets.items())))
    prices = {asset.underlying: data.draw(markets())}
    amount = data.draw(magnitudes(1, 10**9 * 10**asset.decimals))
    held = Holding(id, amount, data.draw(magnitudes(amount, 2**112 - 1)))
    book = Book(PORTFOLIO, -WAD, 0, (), (held,))
    net = assess(book, model, prices).maintenance
    assert net <= assess(at(book, UNDERLYING), model, prices).maintenance + terms(book)

    excess = asset.haircuts[0] - asset.liquidity - model.underlyings[asset.underlying].scan_range
    a, b, c, d = (rate - excess for rate in asset.haircuts)
    least = replace(asset, haircuts=(a, b, c, d), volatility=BPS)
    tight = replace(model, assets={id: least})
    netted, cross = (assess(at(book, level), tight, prices) for level in (PORTFOLIO, UNDERLYING))
    assert abs(netted.maintenance - cross.maintenance) <= terms(book)
    assert abs(netted.initial - cross.initial) <= 3 * terms(book)


@many
@given(cases(), st.data())
def test_more_collateral_never_harms(case: Case, data: st.DataObject) -> None:
    """A deposit never lowers health, hedge or not: anybody may top up an account.

    Where the last tier leaves at least what a calendar charge can be, 5 %: a hedge of a hedge can
    add both its range and its calendar charge.
    """
    book, model, prices = case
    assume(book.collateral)
    i = data.draw(st.integers(0, len(book.collateral) - 1))
    held, asset = book.collateral[i], model.assets[book.collateral[i].asset]
    assume(asset.haircuts[3] * asset.volatility <= 9_500 * BPS)
    most = 10**9 * WAD * 10**asset.decimals // prices[asset.underlying].index
    more = data.draw(magnitudes(1, most))
    held = replace(held, amount=held.amount + more, total=held.total + more)
    rich = replace(book, collateral=(*book.collateral[:i], held, *book.collateral[i + 1 :]))
    before, after = assess(book, model, prices), assess(rich, model, prices)
    health = before.equity - before.maintenance
    assert after.equity - after.maintenance >= health - terms(book)


# -- the four amounts ----------------------------------------------------------------------------


@many
@given(cases())
def test_margins_are_ordered(case: Case) -> None:
    """0 <= MM <= target <= IM."""
    margin = assess(*case)
    assert 0 <= margin.maintenance <= margin.target <= margin.initial


@many
@given(cases())
def test_concentration_leaves_something(case: Case) -> None:
    """However much the vault holds of an asset, it does not come to count for less than nothing
    (but where its tiers alone take more than 1 / k_I).
    """
    book, model, prices = case
    calm = {id: replace(market, stable=market.index) for id, market in prices.items()}
    for item in book.collateral:
        alone = assess(Book(book.level, 0, 0, (), (item,)), model, calm)
        tiers = ceil_div(model.factors.initial * alone.maintenance, BPS)
        assert alone.initial <= max(tiers, alone.equity) + 4


@many
@given(cases())
def test_pumped_price_gives_no_borrowing_power(case: Case) -> None:
    """Equity less the divergence charge is no more than equity at the stable price."""
    book, model, prices = case
    near = {id: replace(market, stable=market.index) for id, market in prices.items()}
    charge = assess(book, model, prices).initial - assess(book, model, near).initial
    calm = {
        id: replace(
            market,
            index=market.stable,
            mark=market.mark * market.stable // market.index,
        )
        for id, market in prices.items()
    }
    # the mark at the stable price is rounded down: by up to a wei per contract
    contracts = sum(abs(size_of(word)) // 10**8 + 1 for word in book.positions)
    slack = (
        contracts
        + terms(book)
        + sum(
            prices[model.assets[item.asset].underlying].index // 10**12 for item in book.collateral
        )
    )
    assert charge >= 0
    assert assess(book, model, prices).equity - charge <= assess(book, model, calm).equity + slack


@many
@given(cases())
def test_the_least_valid_price_that_matters_counts(case: Case) -> None:
    """What hangs on worse prices is at most a twentieth of MM, and on such as that one more. Stale
    ones that matter liquidate where they decide nothing."""
    book, model, prices = case
    told = assess(book, model, prices)
    hangs = dict.fromkeys(prices, 0)
    held = dict.fromkeys(prices, 0)
    for word in book.positions:
        hangs[word >> 240] += abs(notional_of(size_of(word), prices[word >> 240].mark))
    for item in book.collateral:
        asset = model.assets[item.asset]
        index = prices[asset.underlying].index
        held[asset.underlying] += value_of(item.amount, index, asset.decimals)

    analysis = analyse(book, model, prices, Surface())
    alone = dict(held)  # what shorts that net with it do not gain if the price goes to nothing
    if book.level == PORTFOLIO:
        for word in book.positions:
            notional = notional_of(size_of(word), prices[word >> 240].mark)
            alone[word >> 240] = clamp(held[word >> 240] + notional, 0, held[word >> 240])
    lost = {
        part.underlying: alone[part.underlying]
        + min(hangs[part.underlying], 4 * (part.loss + part.charges))
        for part in analysis.underlyings
    }

    def below(validity: int, most: dict[int, int]) -> int:
        return sum(amount for id, amount in most.items() if prices[id].validity < validity)

    asked = {part.underlying: asked_of(part, analysis, model) for part in analysis.underlyings}

    def reach(*tallies: dict[int, int]) -> int:
        """What stale prices may bring by their scan ranges, up to what is asked for there, and
        less what netting saves."""
        moved = {
            id: ceil_div(
                model.underlyings[id].scan_range * sum(tally[id] for tally in tallies), BPS
            )
            for id in prices
            if prices[id].validity == STALE
        }
        most = sum(min(most, asked.get(id, 0)) for id, most in moved.items())
        return max(0, most - analysis.saved(model.factors))

    whole = {id: hangs[id] + held[id] for id in prices}

    def matters(exposed: int) -> bool:
        decides = told.equity >= told.initial > told.equity - exposed
        return decides or 20 * exposed > told.maintenance

    assert (told.validity == OPEN) == (not matters(below(OPEN, whole)))
    if matters(below(LIQUIDATION, lost)):
        short = told.maintenance - told.equity
        borne = told.equity - below(LIQUIDATION, lost) >= told.initial
        if told.validity == STALE:
            assert not borne
            assert short <= reach(hangs, held)
        else:
            assert borne or short > reach(held)
    elif told.validity < OPEN:
        assert told.validity == LIQUIDATION


@many
@given(cases(quotes=wildest, largest=2**200))
def test_nothing_overflows(case: Case) -> None:
    """Whatever a feed says: the largest margin and worth that the engine's comments promise."""
    margin = assess(*case)
    assert max(margin.maintenance, margin.target) < 2**115
    assert margin.initial < 2**116
    assert abs(margin.equity) < 2**142


# -- after an action -----------------------------------------------------------------------------


def margin(equity: int, maintenance: int, validity: int = OPEN) -> Margin:
    return Margin(equity, maintenance, maintenance * 11 // 10, maintenance * 5 // 4, validity)


def test_covered() -> None:
    assert covered(margin(125 * WAD, 100 * WAD))
    assert not covered(margin(125 * WAD - 1, 100 * WAD))
    assert not covered(margin(125 * WAD, 100 * WAD, LIQUIDATION))
    assert covered(margin(125 * WAD, 100 * WAD, LIQUIDATION), LIQUIDATION)


def test_reduced() -> None:
    """Closing half at a fair price passes; adding risk does not, nor paying much for less, nor
    giving up margin ratio."""
    before = margin(90 * WAD, 100 * WAD)
    assert reduced(before, margin(90 * WAD, 50 * WAD))
    assert reduced(before, margin(85 * WAD, 50 * WAD))
    assert not reduced(before, margin(85 * WAD - 10**7, 50 * WAD))
    thin = margin(4 * WAD, 100 * WAD)
    assert reduced(thin, margin(2 * WAD, 50 * WAD))
    assert not reduced(thin, margin(2 * WAD - 10**7, 50 * WAD))
    assert not reduced(before, margin(95 * WAD, 100 * WAD + 1))


def test_reduced_elsewhere() -> None:
    """Neither initial margin may rise, nor what is asked for at prices that do not open risk."""
    before, after = margin(90 * WAD, 100 * WAD), margin(90 * WAD, 50 * WAD)
    assert not reduced(before, replace(after, initial=before.initial + 1))
    for lane in range(DOUBTS):
        one = 1 << DOUBT_BITS * lane
        assert not reduced(before, replace(after, doubt=one))
        assert reduced(replace(before, doubt=one), replace(after, doubt=one))
        others = sum(LARGEST_DOUBT << DOUBT_BITS * i for i in range(DOUBTS) if i != lane)
        assert not reduced(replace(before, doubt=others), replace(after, doubt=one))


def test_reduced_under_water() -> None:
    """Equity below zero must not fall; an account with nothing to maintain cannot borrow."""
    before = margin(-10 * WAD, 100 * WAD)
    assert reduced(before, margin(-10 * WAD, 50 * WAD))
    assert not reduced(before, margin(-10 * WAD - 10**7, 50 * WAD))
    assert not reduced(replace(before, validity=LIQUIDATION), margin(-9 * WAD, 0))
    assert not reduced(margin(10 * WAD, 0), margin(-WAD, 0))
