"""VolSurface of the specification: epochs, smiles and words, as stored and as of now."""

from dataclasses import replace
from typing import Any

from plimsoll.spec import smile as smile_spec
from plimsoll.spec import surface as surface_spec
from plimsoll.spec.margin import Surface
from plimsoll.spec.market import WINDOW, Forward
from plimsoll.spec.scan import Grid
from plimsoll.spec.smile import Smile
from plimsoll.spec.surface import Epoch
from plimsoll.spec.wad import require
from plimsoll.spec.words import KEY_SHIFT, expiry_of, is_option, key_of, strike_of, underlying_of
from tests.fuzz.markets import Markets, Series, series_of
from tests.fuzz.told import Told

MIN_INTERVAL = 60  # seconds between two smiles of an expiry


class Surfaces:
    def __init__(self, markets: Markets) -> None:
        self.markets = markets
        self.stored: dict[int, Epoch] = {}
        self.averaged: dict[int, int] = {}  # by underlying, what was fixed when its epoch began
        self.smiles: dict[Series, tuple[int, int]] = {}  # the one posted last, and the one before
        self.cached: dict[int, int] = {}  # words as stored, by key
        self.epochs = Told(self._epoch)
        self._series = Told(self._worked_out)
        self.forwards = Told(self._forward)
        self.grids = Told(self._grid)
        self.words = Told(self._word)

    # -- as of now -------------------------------------------------------------------------------

    @property
    def told(self) -> Surface:
        return Surface(self.markets.now, self.forwards, self.grids, self.words)

    def _epoch(self, underlying: int) -> Epoch:
        epoch, market, now = self.stored[underlying], self.markets[underlying], self.markets.now
        if surface_spec.is_due(epoch, market.index, market.next_expiry, now):
            return self._next(underlying, epoch)
        return epoch

    def _next(self, underlying: int, epoch: Epoch) -> Epoch:
        market, forward = self.markets[underlying], self._fading(underlying)
        now, expiry = self.markets.now, market.next_expiry
        return surface_spec.begin(epoch, market.index, expiry, now, forward)

    def _fading(self, underlying: int) -> Forward | None:
        """The forward of an expiry that is within its window, of which a part is fixed."""
        expiry = self.markets[underlying].next_expiry
        if expiry and expiry < self.markets.now + WINDOW:
            return self.markets.forward((underlying, expiry))
        return None

    def _forward(self, series: Series) -> Forward:
        time = self.epochs[series[0]].time
        return self.markets.forward(series, time, self.fixed(series, time))

    def fixed(self, series: Series, time: int) -> int:
        """Of a forward, when the epoch of a time began."""
        return self.averaged.get(series[0], 0) if series[1] < time + WINDOW else 0

    def _grid(self, underlying: int) -> Grid:
        epoch = self.epochs[underlying]
        return Grid(epoch.reference, epoch.span, epoch.bound, epoch.lift)

    def _worked_out(self, series: Series) -> surface_spec.Series:
        epoch, forward = self.epochs[series[0]], self.forwards[series]
        shape, _, _ = smile_spec.unpack(surface_spec.effective(*self.smiles[series], epoch))
        return surface_spec.series(epoch, series[1], forward.fixed, forward.ratio, shape)

    def _word(self, key: int) -> int:
        word = key << KEY_SHIFT
        series = series_of(word)
        stored = self.cached.get(key, 0)
        epoch = self.epochs[series[0]]
        if stored % 2**16 == epoch.number % 2**16:
            return stored
        return surface_spec.word(epoch, self._series[series], strike_of(word))

    # -- what is done ----------------------------------------------------------------------------

    def store(self, underlying: int) -> None:
        """What is told now stays the same."""
        if self.stored[underlying] != self.epochs[underlying]:
            self._begin(underlying, self.epochs[underlying])

    def _begin(self, underlying: int, epoch: Epoch) -> None:
        self.stored[underlying] = epoch
        if forward := self._fading(underlying):
            self.averaged[underlying] = forward.fixed

    def load(self, position: int) -> int:
        """The word of a position, which is stored; 0 of what has none."""
        if not is_option(position) or expiry_of(position) <= self.markets.now:
            return 0
        self.store(underlying_of(position))
        key = key_of(position)
        word = self.cached[key] = self.words[key]
        return word

    def post(self, series: Series, shape: Smile, ratio: int, time: int) -> None:
        epoch, now, left = self.stored[series[0]], self.markets.now, series[1] - self.markets.now
        require(left > 0, "surface: expired")
        require(time <= now, "surface: time in the future")
        last, _ = self.smiles.get(series, (0, 0))
        if last:
            old, posted, made = smile_spec.unpack(last)
            require(time > made, "surface: not newer")
            require(now >= posted + MIN_INTERVAL, "surface: too soon")
        smile_spec.check(shape, left)
        if last:
            smile_spec.check_change(old, shape, left)
        self.markets.set_ratio(series, ratio)
        self.smiles[series] = smile_spec.pack(shape, now, time), last
        self.stored[series[0]] = replace(epoch, posted=now)

    def set_span(self, underlying: int, span: int) -> None:
        epoch = replace(self.stored[underlying], span=span)
        self._begin(underlying, self._next(underlying, epoch))

    def save(self) -> tuple[Any, ...]:
        return dict(self.stored), dict(self.averaged), dict(self.smiles), dict(self.cached)

    def restore(self, saved: tuple[Any, ...]) -> None:
        self.stored, self.averaged, self.smiles, self.cached = saved

    def forget(self) -> None:
        """After time, a source, a smile or a parameter has changed."""
        for told in (self.epochs, self._series, self.forwards, self.grids, self.words):
            told.clear()


def pack_epoch(epoch: Epoch) -> int:
    return (
        epoch.reference << 160
        | epoch.time << 120
        | epoch.number << 80
        | epoch.posted << 40
        | epoch.span << 24
        | epoch.bound << 8
        | epoch.lift
    )


def unpack_epoch(word: int) -> Epoch:
    return Epoch(
        reference=word >> 160,
        time=word >> 120 & 2**40 - 1,
        number=word >> 80 & 2**40 - 1,
        posted=word >> 40 & 2**40 - 1,
        span=word >> 24 & 2**16 - 1,
        bound=word >> 8 & 2**16 - 1,
        lift=word & 2**8 - 1,
    )
