"""MarketData of the specification: what the sources tell, and what is rolled and stored of it."""

from dataclasses import dataclass, replace
from typing import Any

from plimsoll.spec import market as market_spec
from plimsoll.spec.market import (
    HOUR,
    MAX_PRICE,
    NEWEST,
    RATIO_UNIT,
    SETTLEMENT_UNIT,
    WINDOW,
    Expiry,
    Forward,
    Market,
    MarketParams,
    MarketState,
)
from plimsoll.spec.wad import BPS, WAD, require
from plimsoll.spec.words import expiry_of, underlying_of
from tests.fuzz.told import Told
from tests.fuzz.world import FEED_DECIMALS, FEED_MAX_AGE, PRICES, SCALE, TRADED, UNDERLYINGS


@dataclass(frozen=True)
class Round:
    """What an aggregator tells."""

    answer: int
    started: int
    updated: int
    carried: bool = False  # over from an earlier round

    def report(self, now: int) -> tuple[int, int] | None:
        """What the feed and MarketData make of it: a price and its time, or silence."""
        if self.carried or self.answer <= 0 or not self.started or not self.updated:
            return None
        price = self.answer * SCALE
        if not 0 <= now - self.updated <= FEED_MAX_AGE or price > MAX_PRICE:
            return None
        return price, self.updated


Series = tuple[int, int]  # underlying and expiry
MAX_AHEAD = 2 * 365 * 24 * HOUR
RATIO_STEP = 25  # basis points
RATIOS = 8 * WAD // 10, 125 * WAD // 100


class Markets(Told[int, Market]):
    """Every market as `roll` would tell it now, and every expiry and its forward."""

    def __init__(self, now: int) -> None:
        super().__init__(self._market)
        self.now = now
        self.params: dict[int, MarketParams] = {}
        self.stored: dict[int, MarketState] = {}
        self.listed: dict[Series, Expiry] = {}  # as stored
        self.prices = {u: PRICES[u] * 10**FEED_DECIMALS for u in UNDERLYINGS}  # last sensible ones
        self.index = {u: Round(price, now, now) for u, price in self.prices.items()}
        self.mid = {u: Round(self.prices[u], now, now) for u in TRADED}
        self.rolled = Told(self._roll)
        self.expiries = Told(self._expiry)

    # -- as of now -------------------------------------------------------------------------------

    def _market(self, underlying: int) -> Market:
        state, _ = self.rolled[underlying]
        return market_spec.market(self.params[underlying], state, self.now)

    def _roll(self, underlying: int) -> tuple[MarketState, bool]:
        """The state with the sources' answers taken in, and whether it is worth storing."""
        return market_spec.roll(
            self.params[underlying],
            self.stored[underlying],
            self.index[underlying].report(self.now),
            self._mid(underlying),
            self.now,
            self.of(underlying),
        )

    def _mid(self, underlying: int) -> int | None:
        params = self.params[underlying]
        if underlying not in self.mid or params.premium_bound == 0:
            return None
        report = self.mid[underlying].report(self.now)
        if report is None or self.now - report[1] > params.max_age_open:
            return None
        return report[0]

    def _expiry(self, series: Series) -> Expiry:
        underlying, expiry = series
        params, state = self.params[underlying], self.stored[underlying]
        return market_spec.gather(params, state, expiry, self.listed[series], self.now)

    def forward(self, series: Series, time: int = NEWEST, averaged: int = 0) -> Forward:
        """In an epoch that began at a time."""
        return market_spec.forward(series[1], self.expiries[series], self.now, time, averaged)

    def of(self, underlying: int) -> list[int]:
        """Expiries of an underlying."""
        return [expiry for owner, expiry in self.listed if owner == underlying]

    def ahead(self) -> list[Series]:
        return [series for series in self.listed if series[1] > self.now]

    def pack_expiry(self, series: Series) -> int:
        """As stored; of what is ahead with the next one."""
        underlying, expiry = series
        item, after = self.listed[series], [t for t in self.of(underlying) if t > expiry]
        following = min(after, default=0) if expiry > self.now else 0
        return (
            item.gathered << 160
            | item.before // RATIO_UNIT << 128
            | item.ratio // RATIO_UNIT << 96
            | item.posted << 56
            | following // WINDOW << 32
            | item.aged << 2
            | item.late << 1
            | item.fixed
        )

    # -- what is done ----------------------------------------------------------------------------

    def store(self, underlying: int, state: MarketState) -> None:
        """What is told now stays the same."""
        for series in self.listed:
            if series[0] == underlying:
                self.listed[series] = self.expiries[series]
        self.stored[underlying] = state
        self.rolled.pop(underlying, None)

    def advance(self, underlying: int) -> None:
        """What is stored before something changes."""
        params, state = self.params[underlying], self.stored[underlying]
        ahead = self.of(underlying)
        self.store(underlying, market_spec.advance(params, state, self.now, ahead))

    def list(self, series: Series, ratio: int) -> None:
        underlying, expiry = series
        require(expiry % WINDOW == 0, "market: expiry out of range")
        require(
            self.now + HOUR < expiry <= self.now + MAX_AHEAD,
            "market: expiry out of range",
        )
        require(series not in self.listed, "market: already listed")
        require(RATIOS[0] <= ratio <= RATIOS[1], "market: ratio out of range")
        self.advance(underlying)
        self.listed[series] = market_spec.list_expiry(ratio, self.now)
        ahead = min(t for t in self.of(underlying) if t > self.now)
        self.stored[underlying] = replace(self.stored[underlying], next_expiry=ahead)

    def set_ratio(self, series: Series, ratio: int) -> None:
        item = self.listed[series]
        require(self.now < series[1], "market: expired")
        near = abs(ratio - item.ratio) * BPS <= RATIO_STEP * item.ratio
        require(near, "market: ratio moves too far")
        require(RATIOS[0] <= ratio <= RATIOS[1], "market: ratio out of range")
        self.listed[series] = market_spec.set_ratio(item, ratio, self.now)

    def fix(self, series: Series, price: int) -> None:
        require(self.now >= series[1] + HOUR, "market: too early")
        item = self.expiries[series]
        require(not item.fixed, "market: already fixed")
        require(0 < price <= MAX_PRICE, "market: price out of range")
        self.advance(series[0])
        price = price // SETTLEMENT_UNIT * SETTLEMENT_UNIT
        self.listed[series] = replace(item, gathered=price, fixed=True)

    def save(self) -> tuple[Any, ...]:
        return dict(self.stored), dict(self.listed)

    def restore(self, saved: tuple[Any, ...]) -> None:
        self.stored, self.listed = saved

    def forget(self) -> None:
        """After time, a source or a parameter has changed."""
        for told in (self, self.rolled, self.expiries):
            told.clear()


def series_of(word: int) -> Series:
    """Of a position word or an instrument."""
    return underlying_of(word), expiry_of(word)


def pack_state(state: MarketState) -> tuple[int, int]:
    return (
        state.next_expiry // WINDOW << 232
        | state.index << 136
        | state.stable << 40
        | state.updated,
        (state.funding % 2**96) << 160
        | (state.premium % 2**60) << 100
        | (state.observation % 2**60) << 40
        | state.time,
    )
