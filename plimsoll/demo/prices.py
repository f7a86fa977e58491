"""The path that prices take."""

import csv
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

HOUR = 3_600
DAY = 24 * HOUR
EXPIRY_HOUR = 8  # UTC
LONGEST = 28 * DAY  # until what expires within the path does

CRASH_DAY = date(2020, 3, 12)
# 12 March 2020 and the night after, when bitcoin lost 39 % in a day and half of its price in 26
# hours, as parts of the first price: (hour, BTC, ETH, SOL)
CRASH = (
    (0, 1.000, 1.000, 1.000),
    (3, 0.989, 0.985, 0.980),
    (6, 0.964, 0.950, 0.940),
    (8, 0.926, 0.905, 0.890),
    (9, 0.914, 0.885, 0.865),
    (10, 0.872, 0.830, 0.805),
    (11, 0.741, 0.700, 0.670),
    (12, 0.768, 0.722, 0.690),
    (13, 0.725, 0.688, 0.650),
    (15, 0.751, 0.707, 0.668),
    (17, 0.762, 0.713, 0.676),
    (19, 0.739, 0.690, 0.648),
    (21, 0.706, 0.658, 0.610),
    (22, 0.693, 0.637, 0.588),
    (23, 0.655, 0.592, 0.540),
    (24, 0.605, 0.554, 0.500),
    (25, 0.567, 0.521, 0.470),
    (26, 0.477, 0.442, 0.400),
    (27, 0.560, 0.513, 0.452),
    (29, 0.632, 0.571, 0.505),
    (32, 0.668, 0.601, 0.540),
    (36, 0.690, 0.640, 0.572),
    (48, 0.703, 0.689, 0.610),
)


class PriceError(Exception):
    """Prices that cannot be replayed."""


@dataclass(frozen=True)
class Moment:
    label: str
    time: int  # of the chain
    prices: dict[str, float]


def crash(first: dict[str, float]) -> list[Moment]:
    """The crash that is built in, from given prices on."""
    moments = []
    for hour, *factors in CRASH:
        prices = {
            symbol: first[symbol] * factor
            for symbol, factor in zip(("BTC", "ETH", "SOL"), factors, strict=True)
        }
        moments.append(_within_a_day(_midnight(CRASH_DAY) + hour * HOUR, prices))
    return moments


def replay(folder: Path, first: date | None, last: date | None, symbols: list[str]) -> list[Moment]:
    """Daily closes from `<symbol>-usdt-1d.csv` files, from one day to another.

    An underlying that is not quoted yet keeps its first later price, so that nothing happens to it.
    """
    if not folder.is_dir():
        raise PriceError(f"{folder} is not a directory")
    closes = {symbol: _closes(folder / f"{symbol.lower()}-usdt-1d.csv") for symbol in symbols}
    days = sorted(closes["BTC"])
    first, last = first or days[0], last or days[-1]
    days = [day for day in days if first <= day <= last]
    if len(days) < 2:
        raise PriceError(f"{folder} has no two days from {first} to {last}")
    return [
        Moment(
            f"{day:%d %b %Y}",
            _midnight(day),
            {symbol: _on(closes[symbol], day) for symbol in symbols},
        )
        for day in days
    ]


def last_expiry(moments: Sequence[Moment]) -> int:
    """The last usual expiry within a path that begins and ends at midnight."""
    end = min(moments[-1].time, moments[0].time + LONGEST)
    return end - DAY + EXPIRY_HOUR * HOUR


def approaching(moments: Sequence[Moment], expiry: int, pauses: Sequence[int]) -> list[Moment]:
    """A path with some moments so long before an expiry within it, and at it.

    What happens then lies on a line between the moments around.
    """
    path = list(moments)
    known = {moment.time for moment in path}
    missing = {expiry - pause for pause in pauses} - known
    for time in sorted(missing) if expiry < path[-1].time else ():
        earlier, later = next(pair for pair in pairwise(path) if time < pair[1].time)
        part = (time - earlier.time) / (later.time - earlier.time)
        prices = {
            symbol: price + part * (later.prices[symbol] - price)
            for symbol, price in earlier.prices.items()
        }
        path.insert(path.index(later), _within_a_day(time, prices))
    return path


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _within_a_day(moment: int, prices: dict[str, float]) -> Moment:
    return Moment(f"{datetime.fromtimestamp(moment, UTC):%d %b %H:%M}", moment, prices)


def _on(closes: dict[date, float], day: date) -> float:
    """The close of a day, else that of the last one before, else the first of all."""
    quoted = list(closes)
    return closes[quoted[max(0, bisect_right(quoted, day) - 1)]]


def _closes(path: Path) -> dict[date, float]:
    try:
        with path.open(newline="") as file:
            closes = {
                date.fromisoformat(row["date"]): float(row["close"]) for row in csv.DictReader(file)
            }
    except OSError as error:
        raise PriceError(f"{path}: {error.strerror}") from None
    except (KeyError, TypeError, ValueError, csv.Error):
        raise PriceError(f"{path}: not a file of daily prices") from None
    if not closes or not all(0 < close < 10**7 for close in closes.values()):
        raise PriceError(f"{path}: no prices, or prices out of range")
    return dict(sorted(closes.items()))
