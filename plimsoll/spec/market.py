"""Market data of one underlying: stable price, premium, funding, mark, validity, and expiries.

Every average advances over the elapsed time with the *previous* observation and then takes the
new one: a report after ten silent hours moves nothing for those hours.

What is to be delivered at an expiry is the average of the index over the 30 minutes before it. So
its forward is affine in the index, F(S) = fixed + ratio * S: the part that has been averaged is
fixed, the rest moves with the index at the posted ratio. In an epoch of the surface it is what its
scenario words know: that of when it began.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from plimsoll.spec.wad import BPS, WAD, clamp
from plimsoll.spec.words import STRIKE_UNIT, expiry_of, sizes_of, strike_of

HOUR = 3_600
FUNDING_PERIOD = 8 * HOUR
MAX_PRICE = 10**25  # ten million per unit: keeps cumulative funding within its field for decades

WINDOW = HOUR // 2  # before an expiry, over which the index is averaged; expiries are multiples
SETTLEMENT_UNIT = 10**8  # WAD; settlement prices are multiples, which makes every payoff exact
MAX_FORWARD_AGE = 24 * HOUR  # oldest ratio that still counts as fresh
RATIO_UNIT = 10**9  # WAD; ratios are multiples
NEWEST = 2**256 - 1  # as of a time beyond all

# what a price may still be used for, see `validity`
STALE, LIQUIDATION, COLLATERAL, OPEN = range(4)


@dataclass(frozen=True)
class MarketParams:
    max_age_open: int  # seconds: oldest price that opens risk or lets money out
    max_age_liquidation: int  # seconds: oldest price that liquidates
    alarm: int  # basis points between index and stable price that close OPEN
    stable_rate: int  # basis points an hour that the stable price may move
    premium_bound: int  # basis points: most that the perpetual's premium may be
    premium_window: int  # seconds over which the premium moves to its last observation


@dataclass(frozen=True)
class MarketState:
    index: int
    stable: int
    updated: int  # the feed's own time of the index
    premium: int  # average, WAD
    observation: int  # last observed premium, WAD
    funding: int  # cumulative, per contract, WAD
    time: int  # when the averages were last advanced
    next_expiry: int = 0  # nearest expiry that was still ahead then, 0 where there was none


@dataclass(frozen=True)
class Market:
    """What the vault and the engine are told."""

    index: int
    stable: int
    mark: int
    funding: int
    validity: int
    next_expiry: int = 0


@dataclass(frozen=True)
class Expiry:
    """What is known of an expiry."""

    ratio: int  # of the forward to the index, WAD: the one posted last
    posted: int  # when
    before: int  # the one before, which counts in what began no later
    aged: bool = False  # whether that was old by then
    gathered: int = 0  # sum of the index over the window, WAD * s; once fixed: settlement price
    late: bool = False  # within the window the index was too old to settle on
    fixed: bool = False


@dataclass(frozen=True)
class Forward:
    """F(S) = fixed + ratio * S."""

    fixed: int  # WAD
    ratio: int  # WAD
    fresh: bool = True  # the ratio is recent or does not matter any more, the average will settle

    def at(self, index: int) -> int:
        return self.fixed + self.ratio * index // WAD


def listed(price: int, updated: int, now: int) -> MarketState:
    return MarketState(price, price, updated, 0, 0, 0, now)


def advance(
    params: MarketParams, state: MarketState, now: int, expiries: Iterable[int] = ()
) -> MarketState:
    """Averages up to now with the observations of before, and the nearest expiry ahead."""
    elapsed = now - state.time
    window = params.premium_window
    step = state.stable * params.stable_rate * elapsed // (BPS * HOUR)
    stable = state.stable + clamp(state.index - state.stable, -step, step)
    ramp = min(elapsed, window)
    premium = state.premium + (state.observation - state.premium) * ramp // window
    # the area under the premium's ramp, then under its plateau; twice, to divide once
    area = (state.premium + premium) * ramp + 2 * state.observation * (elapsed - ramp)
    funding = state.funding + state.index * area // (2 * WAD * FUNDING_PERIOD)
    ahead = min((expiry for expiry in expiries if expiry > now), default=0)
    return replace(
        state, stable=stable, premium=premium, funding=funding, time=now, next_expiry=ahead
    )


def observe_premium(params: MarketParams, index: int, impact_mid: int | None) -> int:
    """Premium of an impact mid price over the index, bounded; 0 where none is fresh."""
    if impact_mid is None:
        return 0
    bound = params.premium_bound * WAD // BPS
    return clamp((impact_mid - index) * WAD // index, -bound, bound)


def roll(
    params: MarketParams,
    state: MarketState,
    report: tuple[int, int] | None,
    impact_mid: int | None,
    now: int,
    expiries: Iterable[int] = (),
) -> tuple[MarketState, bool]:
    """The state as of now with the feeds' answers taken in, and whether it is worth storing.

    `report` is the index feed's (price, time), None where it gave no answer. Where nothing new
    was observed nothing need be stored: the same averages can be had from the old state later.
    Where an expiry has passed, it is stored.
    """
    now_state = advance(params, state, now, expiries)
    index, updated = state.index, state.updated
    if report is not None and report[1] > updated:
        index, updated = report
    observation = observe_premium(params, index, impact_mid)
    changed = (
        updated != state.updated
        or observation != state.observation
        or now_state.next_expiry != state.next_expiry
    )
    return replace(now_state, index=index, updated=updated, observation=observation), changed


def validity(params: MarketParams, state: MarketState, now: int) -> int:
    age = now - state.updated
    gap = abs(state.index - state.stable) * BPS
    if age <= params.max_age_open:
        return OPEN if gap <= params.alarm * state.stable else COLLATERAL
    return LIQUIDATION if age <= params.max_age_liquidation else STALE


def market(params: MarketParams, state: MarketState, now: int) -> Market:
    """What is told of a state that has been rolled to now."""
    mark = state.index * (WAD + state.premium) // WAD
    return Market(
        state.index,
        state.stable,
        mark,
        state.funding,
        validity(params, state, now),
        state.next_expiry,
    )


def average(gathered: int) -> int:
    """What a whole window settles at, rounded down."""
    return gathered // WINDOW // SETTLEMENT_UNIT * SETTLEMENT_UNIT


def gather(params: MarketParams, state: MarketState, expiry: int, item: Expiry, now: int) -> Expiry:
    """An expiry as of now, by what was observed before: from the state before it advances.

    Fixed once the window is over, unless in it the index was ever too old to liquidate on: then
    somebody must say what it settles at.
    """
    begin, end = max(state.time, expiry - WINDOW), min(now, expiry)
    if begin < end:
        late = item.late or end - state.updated > params.max_age_liquidation
        gathered = item.gathered + state.index * (end - begin)
        item = replace(item, gathered=gathered, late=late)
    if now >= expiry and not item.late and not item.fixed:
        return replace(item, gathered=average(item.gathered), fixed=True)
    return item


def list_expiry(ratio: int, now: int) -> Expiry:
    ratio = ratio // RATIO_UNIT * RATIO_UNIT
    return Expiry(ratio, now, ratio)


def set_ratio(item: Expiry, ratio: int, now: int) -> Expiry:
    """With a new ratio; the last one is in effect by now, in whatever epoch."""
    ratio = ratio // RATIO_UNIT * RATIO_UNIT
    aged = now - item.posted > MAX_FORWARD_AGE
    return replace(item, ratio=ratio, posted=now, before=item.ratio, aged=aged)


def forward(expiry: int, item: Expiry, now: int, time: int = NEWEST, averaged: int = 0) -> Forward:
    """Of an expiry as of now, or of when an epoch began, when so much was averaged; after it what
    settles it, or the running average until then, which is not fresh, as it is not what settles."""
    if now >= expiry:
        return Forward(item.gathered if item.fixed else average(item.gathered), 0, item.fixed)
    known = item.posted < time
    left = min(expiry - min(time, now), WINDOW)
    return Forward(
        averaged if time < now else item.gathered // WINDOW,
        (item.ratio if known else item.before) * left // WINDOW,
        now - item.posted <= MAX_FORWARD_AGE and (known or not item.aged) and not item.late,
    )


def price(word: int, market: Market, item: Expiry | None, now: int) -> tuple[int, int]:
    """(mark, gap) of an instrument or a position word: what one contract trades at, and what it
    is worth in basis. An option has no price here. `item` is its expiry as of now, if any."""
    if strike_of(word):
        return 0, 0
    if item is None:
        return market.mark, market.mark - market.funding
    mark = forward(expiry_of(word), item, now).at(market.index)
    return mark, mark


def payoff(word: int, price: int) -> int:
    """What a dated position pays at a price, WAD * 1e-8; a future is a call struck at 0."""
    calls, puts = sizes_of(word)
    gain = price - strike_of(word) * STRIKE_UNIT
    return calls * max(gain, 0) + puts * max(-gain, 0)


def unsettled(word: int, market: Market, item: Expiry | None, now: int) -> tuple[int, bool]:
    """What a position has to be settled with, WAD * 1e-8 contracts, and whether it is over.

    That is the value in basis while it is live, the payoff when its expiry is fixed, an exact
    number of wei. An option is worth nothing here until then.
    """
    if item is None or not item.fixed:
        return sizes_of(word)[0] * price(word, market, item, now)[1], False
    return payoff(word, item.gathered), True
