"""Instruments as people write them.

BTC-PERP                 perpetual; BTC alone is the same
BTC-27DEC26              future that expires on 27 December 2026 at 08:00 UTC
BTC-27DEC26-60000-C      European call with a strike of 60,000
BTC-27DEC26T1630-0.5-P   put that expires at another time of that day
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from plimsoll.client.amounts import SIZE_DECIMALS, parse_amount, show_exact
from plimsoll.spec.market import WINDOW
from plimsoll.spec.words import (
    CALL,
    FUTURE,
    PERPETUAL,
    PUT,
    call,
    expiry_of,
    future,
    kind_of,
    perpetual,
    put,
    strike_of,
    underlying_of,
)

STRIKE_DECIMALS = SIZE_DECIMALS
USUAL_TIME = "0800"  # UTC, at which what is named by its day alone expires
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
KINDS = {"C": call, "P": put}


def parse_instrument(text: str, underlyings: Mapping[str, int]) -> int:
    """The instrument of a name, given the ids of underlyings by symbol; ValueError if none."""
    symbol, *rest = text.split("-")
    if symbol not in underlyings:
        raise ValueError(f"{symbol} is none of {', '.join(underlyings)}")
    underlying = underlyings[symbol]
    match rest:
        case [] | ["PERP"]:
            return perpetual(underlying)
        case [day]:
            return future(underlying, parse_expiry(day))
        case [day, strike, kind] if kind in KINDS:
            price = parse_amount(strike, STRIKE_DECIMALS)
            if not 0 < price < 2**64:
                raise ValueError(f"{strike} is no strike")
            return KINDS[kind](underlying, parse_expiry(day), price)
    raise ValueError(f"{text} is no instrument like BTC, BTC-27DEC26 or BTC-27DEC26-60000-C")


def show_instrument(instrument: int, symbols: Mapping[int, str]) -> str:
    """The name of an instrument, given the symbols of underlyings by id."""
    symbol, expiry = symbols[underlying_of(instrument)], expiry_of(instrument)
    match kind_of(instrument):
        case kind if kind == PERPETUAL:
            return f"{symbol}-PERP"
        case kind if kind == FUTURE:
            return f"{symbol}-{show_expiry(expiry)}"
        case kind if kind in (CALL, PUT):
            strike = show_exact(strike_of(instrument), STRIKE_DECIMALS, comma="")
            return f"{symbol}-{show_expiry(expiry)}-{strike}-{'C' if kind == CALL else 'P'}"
    raise ValueError(f"{instrument:#x} is no instrument")


def parse_expiry(text: str) -> int:
    """Seconds of a day like 27DEC26 at 08:00 UTC, or of a time like 27DEC26T1630."""
    # the month of OCT26 has a T too, but not so near the end as that of a time is
    day, time = (text[:-5], text[-4:]) if text[-5:-4] == "T" else (text, USUAL_TIME)
    try:
        month = MONTHS.index(day[-5:-2]) + 1
        year, number = 2000 + _digits(day[-2:], 2), _digits(day[:-5], 1, 2)
        hour, minute = divmod(_digits(time, 4), 100)
        moment = datetime(year, month, number, hour, minute, tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{text} is no expiry like 27DEC26 or 27DEC26T1630") from None
    seconds = int(moment.timestamp())
    if seconds % WINDOW:  # at which expiries are
        raise ValueError(f"{text}: expiries are at full and half hours")
    return seconds


def _digits(text: str, *lengths: int) -> int:
    if len(text) not in lengths or not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)


def show_expiry(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    day = f"{moment.day}{MONTHS[moment.month - 1]}{moment.year % 100:02}"
    time = f"{moment:%H%M}"
    return day if time == USUAL_TIME else f"{day}T{time}"
