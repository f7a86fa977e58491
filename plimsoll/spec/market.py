"""Market data of one underlying: stable price, premium, funding, mark and validity.

Every average advances over the elapsed time with the *previous* observation and then takes the
new one: a report after ten silent hours moves nothing for those hours.
"""

from dataclasses import dataclass, replace

from plimsoll.spec.wad import BPS, WAD, clamp

HOUR = 3_600
FUNDING_PERIOD = 8 * HOUR
MAX_PRICE = 10**25  # ten million per unit: keeps cumulative funding within its field for decades

STALE, LIQUIDATION, OPEN = 0, 1, 2  # what a price may still be used for, see `validity`


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


@dataclass(frozen=True)
class Market:
    """What the vault and the engine are told."""

    index: int
    stable: int
    mark: int
    funding: int
    validity: int


def listed(price: int, updated: int, now: int) -> MarketState:
    return MarketState(price, price, updated, 0, 0, 0, now)


def advance(params: MarketParams, state: MarketState, now: int) -> MarketState:
    """Averages up to now with the observations of before."""
    elapsed = now - state.time
    window = params.premium_window
    step = state.stable * params.stable_rate * elapsed // (BPS * HOUR)
    stable = state.stable + clamp(state.index - state.stable, -step, step)
    ramp = min(elapsed, window)
    premium = state.premium + (state.observation - state.premium) * ramp // window
    # the area under the premium's ramp, then under its plateau; twice, to divide once
    area = (state.premium + premium) * ramp + 2 * state.observation * (elapsed - ramp)
    funding = state.funding + state.index * area // (2 * WAD * FUNDING_PERIOD)
    return replace(state, stable=stable, premium=premium, funding=funding, time=now)


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
) -> tuple[MarketState, bool]:
    """The state as of now with the feeds' answers taken in, and whether it is worth storing.

    `report` is the index feed's (price, time), None where it gave no answer. Where nothing new
    was observed nothing need be stored: the same averages can be had from the old state later.
    """
    now_state = advance(params, state, now)
    index, updated = state.index, state.updated
    if report is not None and report[1] > updated:
        index, updated = report
    observation = observe_premium(params, index, impact_mid)
    changed = updated != state.updated or observation != state.observation
    return replace(now_state, index=index, updated=updated, observation=observation), changed


def validity(params: MarketParams, state: MarketState, now: int) -> int:
    age = now - state.updated
    gap = abs(state.index - state.stable) * BPS
    if age <= params.max_age_open and gap <= params.alarm * state.stable:
        return OPEN
    return LIQUIDATION if age <= params.max_age_liquidation else STALE


def market(params: MarketParams, state: MarketState, now: int) -> Market:
    """What is told of a state that has been rolled to now."""
    mark = state.index * (WAD + state.premium) // WAD
    return Market(state.index, state.stable, mark, state.funding, validity(params, state, now))
