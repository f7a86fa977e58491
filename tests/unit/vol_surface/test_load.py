"""Loading: the words are those of the specification and of exact Black-76, and never stale."""

from collections.abc import Sequence
from dataclasses import astuple
from math import exp, log, sqrt

import pytest
from scipy.special import ndtr

from plimsoll.spec import surface as spec
from plimsoll.spec.market import HOUR
from plimsoll.spec.smile import NANO, Smile
from plimsoll.spec.surface import DAY
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import future, key_of, pack_position, perpetual
from tests.harness import Account, Chain, Contract, reverts
from tests.harness.contracts import Function
from tests.unit.vol_surface.conftest import (
    PRICE,
    RATIO,
    SMILE,
    SPAN,
    UNDERLYING,
    SetPrice,
    expected,
    forward_of,
    moved,
    option,
    stamp,
    told,
)

YEAR = 365.0


def lanes(word: int) -> list[int]:
    return [word >> 16 * k & 0xFFFF for k in range(16)]


def black(forward: float, strike: float, vol: float) -> float:
    if vol == 0:
        return max(forward - strike, 0.0)
    d1 = log(forward / strike) / vol + vol / 2
    return float(forward * ndtr(d1) - strike * ndtr(d1 - vol))


def exact(strike: float, days: float, bound: float, shape: Smile = SMILE) -> list[float]:
    """Lanes 1 .. 15 in their units, before they are rounded down."""
    g = (30 / max(days, 1)) ** (0.30 if days < 30 else 0.13)
    up, down = 1 + 0.5 * g, max(0.1, 1 - 0.25 * g)
    a, b, rho, m, s = (x / NANO for x in astuple(shape))
    spot, ratio, span = PRICE / WAD, RATIO / WAD, SPAN / 10_000

    def value(move: float, factor: float, left: float) -> float:
        forward = ratio * spot * (1 + move)
        k = log(strike / forward) - m
        variance = min(max(a + b * (rho * k + sqrt(k * k + s * s)), 0.0025), 25.0)
        moving = max(left - 1_200 / DAY, left / 3)  # of an average over the last 1,800 s
        vol = sqrt(variance * moving / YEAR) * factor
        return black(forward, strike, vol) / spot * 2**15

    return [
        *(value(move, 1, days) for move in (-bound, 0, bound)),
        *(value((i - 3) / 3 * span, down, max(days - 1, 0)) for i in range(7)),
        *(value((j - 2) / 2 * span, up, days) for j in range(5)),
    ]


def test_words(surface: Contract, market: Contract, strikes: list[int], stranger: Account) -> None:
    """Anyone may; what is returned is what is stored, and what a view tells before and after."""
    want = expected(surface, market, strikes)
    assert surface.peek(strikes) == want
    assert surface.load(strikes, sender=stranger).return_value == want
    assert surface.peek(strikes) == want
    assert surface.load(strikes, sender=stranger).return_value == want
    assert {stamp(word) for word in want} == {surface.epoch(UNDERLYING).number}


@pytest.mark.parametrize("price", [1, 900, 1_650, 1_990.5, 2_020, 2_300, 3_500, 10**9])
def test_lanes_are_exact(
    surface: Contract, expiries: list[int], chain: Chain, price: float
) -> None:
    """Within one unit of Black-76 in floating point, and never above it."""
    for expiry in expiries:
        epoch = surface.epoch(UNDERLYING)
        want = exact(price, (expiry - epoch.time) / DAY, epoch.bound / 10_000)
        [word] = surface.peek([option(expiry, price)])
        for lane, value in zip(lanes(word)[1:], want, strict=True):
            assert -1e-4 <= value - lane < 1 + 1e-4


def test_order_and_repetition(
    surface: Contract, market: Contract, strikes: list[int], stranger: Account
) -> None:
    """Aligned with the input, whatever its order; sizes do not matter."""
    mixed = [*strikes[::2], *strikes[1::2], strikes[0], strikes[0] ^ 12_345]
    loaded = surface.load(mixed, sender=stranger).return_value
    assert loaded == expected(surface, market, mixed)
    assert loaded[0] == loaded[-1] == loaded[-2]


def test_what_is_no_option(
    surface: Contract, expiries: list[int], strikes: list[int], stranger: Account
) -> None:
    """0 for linear instruments, even of an underlying without a surface."""
    linear = [
        pack_position(key_of(perpetual(UNDERLYING)), SIZE),
        pack_position(key_of(future(UNDERLYING, expiries[0])), -SIZE),
        pack_position(key_of(perpetual(7)), SIZE),
    ]
    words = surface.load([linear[0], strikes[0], *linear[1:]], sender=stranger).return_value
    assert words[1] != 0
    assert words == surface.peek([linear[0], strikes[0], *linear[1:]]) == [0, words[1], 0, 0]
    assert surface.load([], sender=stranger).return_value == surface.peek([]) == []


def test_expired(
    surface: Contract,
    expiries: list[int],
    strikes: list[int],
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
) -> None:
    """Up to its last second an option has a word, then none, in the same epoch too."""
    chain.mine(timestamp=expiries[0] - 1)
    set_price(PRICE)
    words = surface.load(strikes, sender=stranger).return_value
    assert all(words)
    number = surface.epoch(UNDERLYING).number
    chain.mine(timestamp=expiries[0])
    assert surface.epoch(UNDERLYING).number == number
    assert surface.peek(strikes) == [0, 0, 0, *words[3:]]
    assert surface.load(strikes, sender=stranger).return_value == [0, 0, 0, *words[3:]]


def test_a_new_epoch_makes_every_word_stale(
    surface: Contract,
    market: Contract,
    strikes: list[int],
    set_price: SetPrice,
    stranger: Account,
) -> None:
    """Words of the epoch before never count, those not refreshed neither in the next but one."""
    before = surface.load(strikes, sender=stranger).return_value
    for price in (PRICE * 103 // 100, PRICE):
        set_price(price)
        part = strikes[:4] if price != PRICE else strikes
        want = expected(surface, market, part)
        assert surface.peek(part) == want
        assert surface.load(part, sender=stranger).return_value == want
    after = surface.peek(strikes)
    assert {stamp(word) for word in after} == {stamp(before[0]) + 2}


def test_within_an_epoch(
    surface: Contract,
    strikes: list[int],
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
) -> None:
    """Spot within the bound, time within the age: the words stay."""
    words = surface.load(strikes[:4], sender=stranger).return_value
    chain.mine(delta=HOUR)
    set_price(PRICE * 102 // 100)
    assert surface.load(strikes, sender=stranger).return_value[:4] == words


def test_in_one_transaction(
    surface: Contract,
    caller: Contract,
    strikes: list[int],
    set_price: SetPrice,
    feed: Contract,
    stranger: Account,
    chain: Chain,
) -> None:
    """What was told first is told for the rest of the transaction."""
    set_price(PRICE * 103 // 100)
    data = surface.roll.encode_input(UNDERLYING)
    receipt = caller.load_around(surface, strikes, data, sender=stranger)
    first, *others = [event.words for event in receipt.events_of(caller.Told)]
    assert others == [first] * 3
    assert surface.epoch(UNDERLYING).reference == PRICE * 103 // 100


def test_near_expiry(
    surface: Contract,
    market: Contract,
    expiries: list[int],
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
) -> None:
    """In the last day lanes with volatility down are at intrinsic value; in the last half hour the
    forward is blended with what has been averaged, and volatility dies out."""
    values = []
    for left in (DAY, HOUR, 1_800, 900, 200, 10):
        chain.mine(timestamp=expiries[0] - left)
        set_price(PRICE)
        position = option(expiries[0], 2_020)
        want = expected(surface, market, [position])
        assert surface.load([position], sender=stranger).return_value == want
        epoch = told(surface)
        forward = forward_of(surface, market, expiries[0])
        assert epoch.time == expiries[0] - left
        for i in range(7):
            spot = epoch.reference * (30_000 + (i - 3) * SPAN) // 30_000
            value = max(forward.fixed + forward.ratio * spot // WAD - 2_020 * WAD, 0)
            assert abs(lanes(want[0])[4 + i] - value * 2**15 / epoch.reference) <= 1
        values.append(lanes(want[0])[2])
    assert values == sorted(values, reverse=True)
    assert values[0] > 10 * max(values[-1], 1)


def test_a_forward_out_of_range(
    surface: Contract,
    market: Contract,
    expiries: list[int],
    set_price: SetPrice,
    stranger: Account,
    chain: Chain,
) -> None:
    """An average far above what spot has fallen to: units are as large as it takes, no larger, and
    as before once it is over."""
    assert told(surface).lift == 0
    for left in (1_800, 60):
        chain.mine(timestamp=expiries[0] - left)
        set_price(PRICE if left > 60 else PRICE // 10)
        surface.roll(UNDERLYING, sender=stranger)
    position = option(expiries[0], 0.00000001)
    [word] = surface.load([position], sender=stranger).return_value
    assert [word] == expected(surface, market, [position])
    epoch, forward = told(surface), forward_of(surface, market, expiries[0])
    assert epoch.lift == 3
    value = forward.fixed + forward.ratio * epoch.reference // WAD
    assert 4 * 2 * epoch.reference < value < 8 * 2 * epoch.reference
    scale = epoch.reference << epoch.lift
    assert abs(lanes(word)[spec.NOW[spec.CENTER]] - value * 2**15 / scale) <= 1
    chain.mine(timestamp=expiries[0] + 2 * HOUR)
    assert surface.roll(UNDERLYING, sender=stranger).return_value.lift == 0


def test_extreme_prices(
    surface: Contract,
    market: Contract,
    expiries: list[int],
    set_price: SetPrice,
    stranger: Account,
) -> None:
    """From a wei to ten million per unit, strikes from 1e-8 to the largest: nothing reverts."""
    highest = 184_467_440_737  # 2**64 / 10**8
    for price in (1, 10**6, 10**25):
        set_price(price)
        positions = [option(expiry, k) for expiry in expiries for k in (1e-8, 2_000, highest)]
        want = expected(surface, market, positions)
        assert surface.load(positions, sender=stranger).return_value == want


@pytest.mark.pyrevm("65,536 transactions")
def test_the_page_turns(
    surface: Contract,
    market: Contract,
    strikes: list[int],
    governor: Account,
    stranger: Account,
    chain: Chain,
) -> None:
    """After 2**16 epochs a stamp comes back, but the slot is another; and none has stamp 0."""
    first = surface.load(strikes, sender=stranger).return_value
    number = surface.epoch(UNDERLYING).number
    for _ in range(2**16 - 1 - number):
        surface.set_span(UNDERLYING, SPAN, sender=governor)
    for want in (2**16 - 1, *range(2**16 + 1, 2**16 + number)):
        assert surface.epoch(UNDERLYING).number == want
        surface.set_span(UNDERLYING, SPAN, sender=governor)
    assert stamp(first[0]) == surface.epoch(UNDERLYING).number % 2**16
    with chain.cold():
        receipt = surface.load(strikes, sender=stranger)
    assert receipt.return_value == expected(surface, market, strikes)
    assert receipt.execution_gas > 30_000 * len(strikes)  # none was taken from before


def test_a_posted_smile_waits(
    surface: Contract,
    market: Contract,
    expiries: list[int],
    strikes: list[int],
    set_price: SetPrice,
    poster: Account,
    stranger: Account,
    chain: Chain,
) -> None:
    """Words computed after a post, in the same epoch, are still those of the old smile."""
    chain.mine(delta=59)
    set_price(PRICE * 103 // 100)
    surface.load(strikes[:1], sender=stranger)
    chain.mine(delta=1)
    new = moved(SMILE, 5)
    surface.post(UNDERLYING, expiries[0], astuple(new), RATIO, chain.timestamp, sender=poster)
    number = surface.epoch(UNDERLYING).number
    assert surface.load(strikes, sender=stranger).return_value == expected(surface, market, strikes)
    chain.mine(delta=58)
    assert surface.epoch(UNDERLYING).number == number
    chain.mine(delta=1)  # the epoch is a minute old
    want = expected(surface, market, strikes[:3], new) + expected(surface, market, strikes[3:])
    assert surface.load(strikes, sender=stranger).return_value == want
    assert surface.epoch(UNDERLYING).number == number + 1


def test_unknown_underlying(surface: Contract, expiries: list[int], stranger: Account) -> None:
    for position in (
        option(expiries[0], 2_000, underlying=2),
        option(expiries[0], 2_000, underlying=0),
    ):
        with reverts("market: unknown underlying"):
            surface.load([position], sender=stranger)
        with reverts("market: unknown underlying"):
            surface.peek([position])


def test_without_a_span(
    bare: Contract, market: Contract, expiries: list[int], stranger: Account
) -> None:
    with reverts("surface: unknown underlying"):
        bare.load([option(expiries[0], 2_000)], sender=stranger)
    with reverts("surface: unknown underlying"):
        bare.peek([option(expiries[0], 2_000)])


def test_no_smile(
    surface: Contract, market: Contract, expiries: list[int], governor: Account, stranger: Account
) -> None:
    market.list_expiry(UNDERLYING, expiries[0] + 1_800, WAD, sender=governor)
    with reverts("surface: no smile"):
        surface.load([option(expiries[0] + 1_800, 2_000)], sender=stranger)
    with reverts("surface: no smile"):
        surface.peek([option(expiries[0] + 1_800, 2_000)])


def test_unknown_expiry(surface: Contract, expiries: list[int], stranger: Account) -> None:
    with reverts("market: unknown expiry"):
        surface.load([option(expiries[0] + 1, 2_000)], sender=stranger)


def test_random_strikes(
    surface: Contract, market: Contract, expiries: Sequence[int], stranger: Account
) -> None:
    """A full account, strikes from a tenth to ten times spot."""
    positions = [option(expiries[i % 3], round(2_000 * exp((i - 64) / 28), 8)) for i in range(128)]
    want = expected(surface, market, positions)
    assert surface.load(positions, sender=stranger).return_value == want


@pytest.mark.pyrevm("measures")
def test_gas(
    surface: Contract, expiries: list[int], set_price: SetPrice, stranger: Account, chain: Chain
) -> None:
    """A refresh costs at most 37,700 per strike, 17,000 more the first time; reading a fresh word
    little more than its slot."""
    positions = [option(expiries[1], 1_500 + 25 * i) for i in range(41)]

    def marginal(function: Function) -> float:
        costs = []
        for count in (1, 41):
            with chain.isolate(), chain.cold():
                receipt = function.transact(positions[:count], sender=stranger)
                costs.append(receipt.execution_gas)
        return (costs[1] - costs[0]) / 40

    assert marginal(surface.refresh) < 54_700
    surface.refresh(positions, sender=stranger)
    assert marginal(surface.peek) < 2_100 + 700
    set_price(PRICE * 103 // 100)
    assert marginal(surface.refresh) < 37_700
