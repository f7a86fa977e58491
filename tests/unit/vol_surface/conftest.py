"""A surface on market data of one underlying with three expiries, each with a smile."""

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import pytest

from plimsoll.spec import surface as spec
from plimsoll.spec.market import WINDOW, MarketParams
from plimsoll.spec.smile import NANO, Smile
from plimsoll.spec.surface import DAY, Epoch
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call, expiry_of, key_of, pack_position, strike_of
from tests.harness import Account, Accounts, Chain, Contract, Project
from tests.unit.market_data.conftest import feed

__all__ = ["feed"]

PRICE = 2_000 * WAD
UNDERLYING = 1
SPAN = 1_850
PARAMS = MarketParams(
    max_age_open=DAY,
    max_age_liquidation=DAY,
    alarm=2_000,
    stable_rate=5_000,
    premium_bound=0,
    premium_window=3_600,
)
SMILE = Smile(a=250_000_000, b=500_000_000, rho=-200_000_000, m=0, s=100_000_000)
DAYS = (7, 30, 90)
RATIO = 101 * WAD // 100

# a batch of several calls in one transaction
CALLER = """
# pragma version 0.4.3
from interfaces import IVolSurface


event Told:
    words: DynArray[uint256, 128]


@external
def load_around(surface: IVolSurface, positions: DynArray[uint256, 128], data: Bytes[1024]):
    log Told(words=staticcall surface.peek(positions))
    log Told(words=extcall surface.load(positions))
    raw_call(surface.address, data)
    log Told(words=staticcall surface.peek(positions))
    log Told(words=extcall surface.load(positions))
"""


@pytest.fixture(scope="module")
def poster(accounts: Accounts) -> Account:
    """The underlying's volatility feed."""
    return accounts[4]


@pytest.fixture(scope="module")
def market(
    project: Project, registry: Contract, vault: Contract, feed: Contract, governor: Account
) -> Contract:
    market = project.MarketData.deploy(registry, sender=governor)
    market.list_market(UNDERLYING, feed, PARAMS, sender=governor)
    return market


@pytest.fixture(scope="module")
def bare(
    project: Project, registry: Contract, market: Contract, pricer: Contract, governor: Account
) -> Contract:
    """A surface that knows nothing."""
    return project.VolSurface.deploy(registry, market, pricer, sender=governor)


@pytest.fixture(scope="module")
def expiries(chain: Chain) -> list[int]:
    return [chain.timestamp + days * DAY for days in DAYS]


@pytest.fixture(scope="module")
def surface(
    project: Project,
    registry: Contract,
    market: Contract,
    pricer: Contract,
    expiries: list[int],
    governor: Account,
    poster: Account,
    chain: Chain,
) -> Contract:
    """In its second epoch, which has just begun."""
    surface = project.VolSurface.deploy(registry, market, pricer, sender=governor)
    market.set_surface(surface, sender=governor)
    surface.set_span(UNDERLYING, SPAN, sender=governor)
    surface.set_feed(UNDERLYING, poster, sender=governor)
    for expiry in expiries:
        market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)
        surface.post(UNDERLYING, expiry, astuple(SMILE), RATIO, chain.timestamp, sender=poster)
    chain.mine(delta=60)
    surface.roll(UNDERLYING, sender=governor)
    return surface


@pytest.fixture(scope="module")
def caller(project: Project, governor: Account) -> Contract:
    return project.inline(CALLER, "SurfaceCaller").deploy(sender=governor)


@pytest.fixture
def strikes(expiries: list[int]) -> list[int]:
    """Position words of three strikes in each expiry."""
    return [option(expiry, price) for expiry in expiries for price in (1_700, 2_000, 2_600)]


SetPrice = Callable[[int], None]


@pytest.fixture
def set_price(feed: Contract, market: Contract, governor: Account, chain: Chain) -> SetPrice:
    """Lets the feed tell a price, as of now; a second later if it has told one now."""

    def _set(price: int) -> None:
        if market.state(UNDERLYING).updated == chain.timestamp:
            chain.mine(delta=1)
        feed.set_answer(price, chain.timestamp, sender=governor)

    return _set


def option(expiry: int, price: float, size: int = SIZE, underlying: int = UNDERLYING) -> int:
    """A position word; the price in whole quote."""
    return pack_position(key_of(call(underlying, expiry, round(price * 10**8))), size)


def told(surface: Contract, underlying: int = UNDERLYING) -> Epoch:
    epoch = surface.epoch(underlying)
    number, bound = epoch.number, epoch.bound
    return Epoch(epoch.reference, epoch.time, number, 0, epoch.span, bound, epoch.lift)


def forward_of(surface: Contract, market: Contract, expiry: int) -> Any:
    """Of when the epoch began."""
    time = told(surface).time
    averaged = surface.averaged(UNDERLYING) if expiry < time + WINDOW else 0
    return market.forward(UNDERLYING, expiry, time, averaged)


def expected(
    surface: Contract, market: Contract, positions: list[int], shape: Smile = SMILE
) -> list[int]:
    """The words by the specification, of the epoch and the forwards that are told now."""
    epoch, words = told(surface), []
    for position in positions:
        expiry = expiry_of(position)
        forward = forward_of(surface, market, expiry)
        series = spec.series(epoch, expiry, forward.fixed, forward.ratio, shape)
        words.append(spec.word(epoch, series, strike_of(position)))
    return words


def moved(shape: Smile, percent: int) -> Smile:
    """The same smile with a higher variance at the forward."""
    return replace(shape, a=shape.a + NANO * percent // 100)


def stamp(word: int) -> int:
    return word % 2**16
