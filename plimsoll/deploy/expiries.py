"""Futures and options of an expiry: what it takes to list them, as facts like a deployment's.

Market data learns the expiry and its forward, the surface its smile, the registry what can be
traded. Listing again changes nothing that is so already, and lists what is missing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from plimsoll.client.amounts import SIZE_DECIMALS, show_exact
from plimsoll.deploy.protocol import Chain, DeployError, Fact, Finding, establish
from plimsoll.deploy.record import Deployment
from plimsoll.spec.ledger import Series
from plimsoll.spec.market import MAX_PRICE
from plimsoll.spec.smile import NANO, Smile, check
from plimsoll.spec.wad import SIZE, Revert
from plimsoll.spec.words import STRIKE_UNIT

MAX_STRIKE = MAX_PRICE // STRIKE_UNIT


@dataclass(frozen=True)
class Listing:
    underlying: int
    expiry: int
    ratio: int  # of the forward to the index, WAD
    smile: Smile
    series: Series


def smile_of(volatility: float, skew: float = 0.0, smile: float = 0.2) -> Smile:
    """A smile with a volatility at the forward; `smile` is the slope of its wings' variance.

    The vertex is as wide as a quarter of the forward; skew is -1 .. 1, negative where puts are
    dearer.
    """
    width = 0.25
    wings = smile * volatility**2
    level = volatility**2 - wings * width
    return Smile(
        *(round(value * NANO) for value in (level, wings, skew, 0.0, width)),
    )


def list_expiry(
    chain: Chain, record: Deployment, listing: Listing, now: Callable[[], int]
) -> Iterator[Finding]:
    """Makes what is missing; tells each fact as found afterwards."""

    def at(key: str) -> Any:
        contract = record.contract(key)
        return chain.at(contract.name, contract.address)

    market, surface, registry = at("market"), at("surface"), at("registry")
    u, expiry = listing.underlying, listing.expiry

    def known() -> bool:
        try:
            market.expiry_of(u, expiry)
        except Exception as error:
            if "unknown expiry" in str(error):
                return False
            raise
        return True

    # first, as nothing takes an expiry off the list again
    if (ahead := expiry - now()) > 0 and not surface.knows(u, expiry):
        try:
            check(listing.smile, ahead)
        except Revert as error:
            raise DeployError(f"surface: smile: {error}") from None

    def post() -> None:
        chain.send(surface.post, u, expiry, asdict(listing.smile), listing.ratio, now())

    facts = (
        Fact(
            "market: expiry",
            True,
            known,
            lambda: chain.send(market.list_expiry, u, expiry, listing.ratio),
        ),
        Fact("surface: smile", True, lambda: surface.knows(u, expiry), post),
        Fact(
            "registry: series",
            listing.series,
            lambda: registry.series(u, expiry),
            lambda: chain.send(registry.list_series, u, expiry, asdict(listing.series)),
            show_series,
        ),
    )
    yield from establish(facts)


def show_series(series: Sequence[int]) -> str:
    """In quote and contracts."""
    step, low, high, limit = (show_exact(units, SIZE_DECIMALS) for units in series)
    strikes = f"strikes from {low} to {high}, {step} apart" if series[0] else "no strikes"
    return f"{strikes}; {limit} contracts an account"


def series(step: int, low: int, high: int, contracts: int) -> Series:
    """Of prices in 1e-8 of quote and a limit in contracts; refuses what the registry would."""
    if step == 0 and (low or high):
        raise DeployError("low and high need a step")
    if step and (low % step or high % step):
        raise DeployError("low and high must be multiples of step")
    if step and not 0 < step <= low <= high <= MAX_STRIKE:
        raise DeployError("low and high must be from step to ten million, low not above high")
    if not 0 <= contracts < 2**64 // SIZE:
        raise DeployError(f"limit must be within 0 .. {2**64 // SIZE - 1:,} contracts")
    return Series(step, low, high, contracts * SIZE)
