"""MarketData of the specification: what the sources tell, and what is rolled and stored of it."""

from dataclasses import dataclass

from plimsoll.spec import market as market_spec
from plimsoll.spec.market import MAX_PRICE, Market, MarketParams, MarketState
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


class Markets(dict[int, Market]):
    """Every market as `roll` would tell it now, worked out when it is asked for."""

    def __init__(self, now: int) -> None:
        super().__init__()
        self.now = now
        self.params: dict[int, MarketParams] = {}
        self.stored: dict[int, MarketState] = {}
        self.prices = {u: PRICES[u] * 10**FEED_DECIMALS for u in UNDERLYINGS}  # last sensible ones
        self.index = {u: Round(price, now, now) for u, price in self.prices.items()}
        self.mid = {u: Round(self.prices[u], now, now) for u in TRADED}
        self._rolled: dict[int, tuple[MarketState, bool]] = {}

    def __missing__(self, underlying: int) -> Market:
        state, _ = self.roll(underlying)
        self[underlying] = market_spec.market(self.params[underlying], state, self.now)
        return self[underlying]

    def roll(self, underlying: int) -> tuple[MarketState, bool]:
        """The state with the sources' answers taken in, and whether it is worth storing."""
        if underlying not in self._rolled:
            params, mid = self.params[underlying], self._mid(underlying)
            self._rolled[underlying] = market_spec.roll(
                params,
                self.stored[underlying],
                self.index[underlying].report(self.now),
                mid,
                self.now,
            )
        return self._rolled[underlying]

    def _mid(self, underlying: int) -> int | None:
        params = self.params[underlying]
        if underlying not in self.mid or params.premium_bound == 0:
            return None
        report = self.mid[underlying].report(self.now)
        if report is None or self.now - report[1] > params.max_age_open:
            return None
        return report[0]

    def store(self, underlying: int, state: MarketState) -> None:
        """What is told now stays the same."""
        self.stored[underlying] = state
        self._rolled.pop(underlying, None)

    def forget(self) -> None:
        """After time, a source or a parameter has changed."""
        self.clear()
        self._rolled.clear()


def pack_state(state: MarketState) -> tuple[int, int]:
    return (
        state.index << 136 | state.stable << 40 | state.updated,
        (state.funding % 2**96) << 160
        | (state.premium % 2**60) << 100
        | (state.observation % 2**60) << 40
        | state.time,
    )
