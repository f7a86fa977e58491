"""What of an account has expired, and what of that nobody knows a price for yet."""

from collections.abc import Iterable, Mapping
from typing import Any

from plimsoll.client.instruments import show_expiry
from plimsoll.spec.words import expiry_of, underlying_of

Expiry = tuple[int, int]  # underlying, seconds


def expired(words: Iterable[int], now: int) -> set[Expiry]:
    """Of position words."""
    return {(underlying_of(word), expiry_of(word)) for word in words if 0 < expiry_of(word) <= now}


def unknown(market: Any, expiries: Iterable[Expiry]) -> set[Expiry]:
    """Those that no roll will fix any more."""
    known = {item: market.expiry_of(*item) for item in expiries}
    return {item for item, state in known.items() if state.late and not state.fixed}


def show_unknown(item: Expiry, symbols: Mapping[int, str]) -> str:
    """What has to be known to somebody."""
    underlying, expiry = item
    name = f"{symbols[underlying]} {show_expiry(expiry)}"
    return f"{name} lacked young prices in its last half hour: the governor has to fix one"
