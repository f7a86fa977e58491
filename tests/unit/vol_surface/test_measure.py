"""measure and mark: what the scan makes of positions, from stored words or computed ones."""

from dataclasses import astuple

import pytest

from plimsoll.spec.margin import NEAR, Surface, gather, measure
from plimsoll.spec.market import LIQUIDATION, OPEN, STALE, Forward, Market
from plimsoll.spec.scan import FADE, Grid, UnderlyingParams
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import (
    KEY_SHIFT,
    expiry_of,
    future,
    is_option,
    key_of,
    pack_position,
    perpetual,
    put,
)
from tests.harness import Account, Chain, Contract, reverts
from tests.unit.vol_surface.conftest import (
    DAY,
    PRICE,
    RATIO,
    SMILE,
    UNDERLYING,
    SetPrice,
    expected,
    forward_of,
    moved,
    option,
    told,
)

RISK = UnderlyingParams(scan_range=1_600, beta=7_500, calendar=50, depth=10**6)


@pytest.fixture
def book(strikes: list[int], expiries: list[int]) -> list[int]:
    """Calls and puts, long and short, futures and the perpetual, not in the order of expiries."""
    puts = [
        pack_position(key_of(put(UNDERLYING, expiry, 1_900 * 10**8)), 0, size)
        for expiry, size in zip(expiries, (-SIZE, 3 * SIZE, -2 * SIZE), strict=True)
    ]
    linear = [
        pack_position(key_of(perpetual(UNDERLYING)), -SIZE // 2),
        pack_position(key_of(future(UNDERLYING, expiries[1])), 4 * SIZE),
    ]
    words = [*strikes[::2], *puts, *linear]
    return words[::2] + words[1::2]


def query(market: Contract, apart: bool = False, stored: bool = False) -> tuple[object, ...]:
    prices = tuple(market.peek(UNDERLYING))
    return UNDERLYING, prices, astuple(RISK), 0, apart, stored


def wanted(
    surface: Contract, market: Contract, book: list[int], now: int
) -> tuple[int, int, int, int]:
    """Worth, loss, charges and notional by the specification."""
    prices = Market(*tuple(market.peek(UNDERLYING)))
    epoch = told(surface)
    options = [word for word in book if is_option(word)]
    forwards = {
        (UNDERLYING, expiry): Forward(*tuple(forward_of(surface, market, expiry)))
        for expiry in {expiry_of(word) for word in book} - {0}
    }
    words = expected(surface, market, options)
    known = Surface(
        now,
        forwards,
        {UNDERLYING: Grid(epoch.reference, epoch.span, epoch.bound)},
        {option >> KEY_SHIFT: word for option, word in zip(options, words, strict=True)},
    )
    risk = gather(book, UNDERLYING, prices, known, RISK.scan_range)
    part = measure(risk, UNDERLYING, RISK, prices, known)
    return part.worth, part.loss, part.calendar + part.vega + part.short, part.delta


def seen(measured: object) -> tuple[int, int, int, int]:
    return measured.worth, measured.loss, sum(measured.charges), measured.delta  # type: ignore[attr-defined]


@pytest.mark.parametrize("percent", [100, 101, 104])
def test_as_specified(
    surface: Contract,
    market: Contract,
    book: list[int],
    percent: int,
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
) -> None:
    """From words that are computed, in an epoch that may not have begun, then from stored ones."""
    set_price(PRICE * percent // 100)
    want = wanted(surface, market, book, chain.timestamp)
    assert seen(surface.measure(query(market), book)) == want
    assert surface.measure(query(market, stored=True), book).stale
    surface.refresh(book, sender=stranger)
    assert seen(surface.measure(query(market), book)) == want
    found = surface.measure(query(market, stored=True), book)
    assert not found.stale
    assert seen(found) == want


def test_as_longs_come_near(
    surface: Contract,
    market: Contract,
    expiries: list[int],
    set_price: SetPrice,
    chain: Chain,
) -> None:
    """A straddle between two nodes, over a day, and more straddles that are short and far."""
    _, near, far = expiries
    book = [
        pack_position(key_of(option(expiry, strike)), size, size)
        for expiry, strike, size in ((near, 2_060, 30 * SIZE + 7), (far, 2_060, -20 * SIZE))
    ]
    losses = []
    for left in (FADE, FADE - 1, FADE * 2 // 3, FADE // 3, 1, 0):
        chain.mine(timestamp=near - NEAR - left)
        set_price(PRICE)
        now = chain.timestamp
        losses.append(surface.measure(query(market), book).loss)
        assert seen(surface.measure(query(market), book)) == wanted(surface, market, book, now)
    assert losses == sorted(losses)
    assert losses[-1] > losses[0] * 11 // 10


def test_apart(surface: Contract, market: Contract, book: list[int], chain: Chain) -> None:
    """Each by itself, added up; those of other underlyings are left out."""
    now = chain.timestamp
    want = [wanted(surface, market, [word], now) for word in book]
    other = option(expiry_of(book[0]), 2_000, underlying=2)
    for words in (book, [other, *book], [*book, other]):
        found = surface.measure(query(market, apart=True), words)
        assert seen(found) == tuple(map(sum, zip(*want, strict=True)))


def test_others_are_left_out(surface: Contract, market: Contract, book: list[int]) -> None:
    """Before, between and behind the positions of an expiry."""
    want = surface.measure(query(market), book)
    other = option(expiry_of(book[0]), 2_000, underlying=2)
    assert surface.measure(query(market), [word for mine in book for word in (other, mine)]) == want
    assert surface.measure(query(market), [*book, other]) == want


@pytest.mark.parametrize("stored", [False, True])
def test_nothing_curved(surface: Contract, market: Contract, book: list[int], stored: bool) -> None:
    """Without live options no word is asked for: the scan is of a line."""
    linear = [word for word in book if not is_option(word)]
    found = surface.measure(query(market, stored=stored), linear)
    assert not found.stale
    assert found.worth == 0
    assert not found.profile.curved
    assert found.loss == -(-abs(found.profile.line) * RISK.scan_range // 10_000)


def test_a_new_smile_makes_words_stale(
    surface: Contract,
    market: Contract,
    book: list[int],
    expiries: list[int],
    poster: Account,
    stranger: Account,
    chain: Chain,
) -> None:
    """From the epoch that it ends on."""
    surface.refresh(book, sender=stranger)
    chain.mine(delta=61)
    shape = astuple(moved(SMILE, 2))
    surface.post(UNDERLYING, expiries[0], shape, RATIO, chain.timestamp, sender=poster)
    assert surface.measure(query(market, stored=True), book).stale
    before = surface.measure(query(market), book)
    surface.refresh(book, sender=stranger)
    assert surface.measure(query(market, stored=True), book) == before


def test_a_new_ratio_waits_for_an_epoch(
    surface: Contract,
    market: Contract,
    book: list[int],
    expiries: list[int],
    poster: Account,
    stranger: Account,
    chain: Chain,
) -> None:
    """It counts when words do that know it: not for what was stored, nor for what is computed."""
    surface.refresh(book[:5], sender=stranger)
    before, marks = surface.measure(query(market), book), [surface.mark.call(w) for w in book]
    assert marks[0][0] != 0
    for expiry in expiries:
        ratio = RATIO * 401 // 400
        surface.post(UNDERLYING, expiry, astuple(SMILE), ratio, chain.timestamp, sender=poster)
    assert surface.measure(query(market), book) == before
    assert [surface.mark.call(w) for w in book] == marks
    surface.refresh(book, sender=stranger)
    assert surface.measure(query(market), book) == before
    chain.mine(delta=60)
    after = surface.measure(query(market), book)
    assert seen(after) == wanted(surface, market, book, chain.timestamp)
    assert after.delta != before.delta


def test_no_smile(
    surface: Contract, market: Contract, expiries: list[int], governor: Account, stranger: Account
) -> None:
    market.list_expiry(UNDERLYING, expiries[0] + 1_800, WAD, sender=governor)
    words = [option(expiries[0] + 1_800, 2_000)]
    with reverts("surface: no smile"):
        surface.measure(query(market), words)
    with reverts("surface: no smile"):
        surface.mark(words[0], sender=stranger)


def test_unknown_underlying(
    bare: Contract, market: Contract, expiries: list[int], stranger: Account
) -> None:
    word = option(expiries[0], 2_000)
    with reverts("surface: unknown underlying"):
        bare.measure(query(market), [word])
    with reverts("surface: unknown underlying"):
        bare.mark(word, sender=stranger)
    with reverts("market: unknown underlying"):
        bare.mark(option(expiries[0], 2_000, underlying=2), sender=stranger)


def test_mark(
    surface: Contract,
    market: Contract,
    expiries: list[int],
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
) -> None:
    """What a contract adds to a book's worth, in an epoch that begins where it is due; one that is
    sold takes a lane's unit more."""
    for percent in (100, 103):
        set_price(PRICE * percent // 100)
        unit = PRICE * percent // 100 // 2**15
        call_word = option(expiries[0], 2_100)
        worth = wanted(surface, market, [call_word], chain.timestamp)[0]
        receipt = surface.mark(call_word, sender=stranger)
        assert receipt.return_value == (worth, OPEN, worth + unit)
        assert worth > 0
        assert surface.epoch(UNDERLYING).reference == PRICE * percent // 100
        instrument = put(UNDERLYING, expiries[0], 2_300 * 10**8)
        held = pack_position(key_of(instrument), 0, SIZE)
        worth = wanted(surface, market, [held], chain.timestamp)[0]
        assert surface.mark.call(instrument, sender=stranger) == (worth, OPEN, worth + unit)
        assert worth > 0
    chain.mine(timestamp=expiries[0])
    for nothing in (instrument, perpetual(UNDERLYING), future(UNDERLYING, expiries[1])):
        assert surface.mark.call(nothing, sender=stranger) == (0, 0, 0)


def test_validity_of_a_mark(
    surface: Contract,
    market: Contract,
    expiries: list[int],
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
) -> None:
    """That of the price, and with an old forward it does not open risk."""
    held = option(expiries[1], 2_100)

    def validity() -> int:
        return int(surface.mark.call(held, sender=stranger)[1])

    posted = market.expiry_of(UNDERLYING, expiries[1]).posted
    for late, valid in ((0, OPEN), (1, LIQUIDATION)):
        chain.mine(timestamp=posted + DAY + late)
        set_price(PRICE)
        assert validity() == valid
    chain.mine(delta=DAY + 1)
    assert validity() == STALE
