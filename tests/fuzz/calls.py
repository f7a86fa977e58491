"""What both sides are asked to do, and what a failure is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.spec.interest import Pool
from plimsoll.spec.ledger import Account, Allowance
from plimsoll.spec.words import (
    CALL,
    FUTURE,
    KEY_SHIFT,
    PERPETUAL,
    PUT,
    expiry_of,
    is_option,
    key_of,
    sizes_of,
)

# what may be refused; anything else is a defect, even if both sides agree on it
EXPECTED = frozenset(
    {
        "engine: scan range beyond span",
        "liquidator: account is healthy",
        "liquidator: reward too small",
        "liquidator: stale price",
        "market: already fixed",
        "market: already listed",
        "market: expired",
        "market: expiry out of range",
        "market: price out of range",
        "market: ratio moves too far",
        "market: ratio out of range",
        "market: too early",
        "registry: cooldown",
        "registry: grace period",
        "registry: paused",
        "registry: old price",
        "registry: unknown asset",
        "registry: unknown venue",
        "surface: butterfly below nothing",
        "surface: expired",
        "surface: not newer",
        "surface: smile moves too far",
        "surface: smile out of range",
        "surface: span below scan range",
        "surface: time in the future",
        "surface: too soon",
        "surface: variance not positive",
        "surface: wings too steep",
        "vault: balance",
        "vault: check pending",
        "vault: daily loss limit",
        "vault: deposit cap",
        "vault: insurance account",
        "vault: margin",
        "vault: new collateral",
        "vault: no liquidity",
        "vault: not allowed",
        "vault: not listed",
        "vault: not one owner",
        "vault: position limit",
        "vault: quote not zero-sum",
        "vault: receiver",
        "vault: same account",
        "vault: sizes not zero-sum",
        "vault: too many collaterals",
        "vault: unknown level",
        "vault: utilisation",
        "vault: venue not approved",
        "vault: zero amount",
        *(
            f"orders: {reason}, order {index}"
            for reason in (
                "cancelled",
                "below nonce",
                "expired",
                "not reducing",
                "overfilled",
                "post only",
                "prices do not cross",
                "self-trade",
            )
            for index in range(9)
        ),
    }
)


class Failure(AssertionError):
    """The two sides differ, or an invariant does not hold."""


def check(holds: bool, sentence: str, *facts: Any) -> None:
    if not holds:
        raise Failure(": ".join([sentence, *map(str, facts)]))


def holdings(word: int) -> list[tuple[int, int]]:
    """(instrument, size) of what a position word holds."""
    calls, puts = sizes_of(word)
    kinds = (CALL, PUT) if is_option(word) else (FUTURE if expiry_of(word) else PERPETUAL, 0)
    both = zip(kinds, (calls, puts), strict=True)
    return [(key_of(word) << KEY_SHIFT | kind, size) for kind, size in both if size]


@dataclass(frozen=True)
class Call:
    """A transaction and what it should do."""

    sender: Any
    function: Any  # of a contract
    args: tuple[Any, ...]
    model: Callable[[], Any]
    parts: int = 2  # accounts and legs that round
    sellers: tuple[int, ...] = ()  # accounts that are liquidated
    frees: bool = False  # changes parameters, so that it may leave accounts short
    inner: tuple["Call", ...] = ()

    @property
    def name(self) -> str:
        return repr(self.function).partition("(")[0]


@dataclass
class Act:
    """A call that both sides took, and the accounts as they were before."""

    call: Call
    before: Mapping[int, Account]
    allowances: Mapping[tuple[int, str], Allowance]  # before
    changed: list[int]
    pool: Pool  # before
    result: Any
