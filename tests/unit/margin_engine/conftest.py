"""An engine on a market that says what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.margin import Book, Factors, RiskModel, Surface
from plimsoll.spec.market import OPEN, Market
from plimsoll.spec.scan import UnderlyingParams
from plimsoll.spec.wad import BPS, WAD
from tests.harness import Account, Accounts, Contract, Project
from tests.unit.conftest import VAULT

BTC, ETH = 1, 2  # underlyings
WETH, WBTC = 0, 1  # assets
EPOCH = 1  # number of all epochs

MODEL = RiskModel(
    underlyings={
        BTC: UnderlyingParams(scan_range=1_300, beta=7_500, calendar=50, depth=2_000),
        ETH: UnderlyingParams(scan_range=1_600, beta=7_500, calendar=50, depth=30_000),
    },
    assets={
        WETH: AssetParams(
            underlying=ETH,
            decimals=18,
            limits=(100, 500, 2_000),
            haircuts=(1_700, 2_000, 3_000, 5_000),
            liquidity=100,
            volatility=BPS,
            scale=50_000,
        ),
        WBTC: AssetParams(
            underlying=BTC,
            decimals=8,
            limits=(100, 500, 2_000),
            haircuts=(1_400, 1_700, 2_500, 4_500),
            liquidity=100,
            volatility=BPS,
            scale=3_000,
        ),
    },
    factors=Factors(target=11_000, initial=12_500, floor=2_000),
)
MARKETS = {
    BTC: Market(60_000 * WAD, 60_000 * WAD, 60_000 * WAD, 0, OPEN),
    ETH: Market(3_000 * WAD, 3_000 * WAD, 3_000 * WAD, 0, OPEN),
}


@dataclass
class Roles:
    governor: Account
    steward: Account
    trader: Account


class World:
    """The engine and what it asks."""

    def __init__(
        self,
        engine: Contract,
        market: Contract,
        surface: Contract,
        vault: Contract,
        registry: Contract,
        roles: Roles,
    ) -> None:
        self.engine = engine
        self.market = market
        self.surface = surface
        self.vault = vault
        self.registry = registry
        self.roles = roles

    def set_markets(self, markets: Mapping[int, Market]) -> None:
        for id, prices in markets.items():
            self.market.set_market(id, prices, sender=self.roles.governor)

    def set_surface(self, surface: Surface) -> None:
        """Forwards, epochs and scenario words."""
        governor = self.roles.governor
        for (underlying, expiry), forward in surface.forwards.items():
            self.market.set_forward(underlying, expiry, forward, sender=governor)
        for underlying, grid in surface.grids.items():
            epoch = (grid.reference, grid.span, grid.bound, surface.now, EPOCH, grid.lift)
            self.surface.put_epoch(underlying, epoch, sender=governor)
        keys = list(surface.words)
        for i in range(0, len(keys), 128):
            some = keys[i : i + 128]
            words = [surface.words[key] for key in some]
            self.surface.put_words(some, words, EPOCH, sender=governor)

    def set_span(self, underlying: int, span: int) -> None:
        epoch = (WAD, span, 0, 0, EPOCH, 0)
        self.surface.put_epoch(underlying, epoch, sender=self.roles.governor)

    def set_model(self, model: RiskModel) -> None:
        governor = self.roles.governor
        for id, params in model.underlyings.items():
            self.engine.set_underlying(id, params, sender=governor)
        for id, asset in model.assets.items():
            self.engine.set_asset(id, asset, sender=governor)
        self.engine.set_factors(model.factors, sender=governor)

    def move(self, underlying: int, **prices: int) -> None:
        """Changes some of an underlying's standard prices."""
        self.set_markets({underlying: replace(MARKETS[underlying], **prices)})


def given(book: Book) -> tuple[object, ...]:
    """A book as the contract takes it."""
    collateral = [(item.asset, item.amount, item.total) for item in book.collateral]
    return book.level, book.cash, book.basis, list(book.positions), collateral


@pytest.fixture(scope="module")
def bare(project: Project, accounts: Accounts) -> World:
    """An engine that knows nothing yet."""
    roles = Roles(*(accounts[i] for i in range(3)))
    governor = roles.governor
    quote = project.Token.deploy("Dollar", "USD", 6, sender=governor)
    registry = project.Registry.deploy(governor, governor, roles.steward, quote, sender=governor)
    vault = project.inline(VAULT, "Vault").deploy(sender=governor)
    registry.set_vault(vault, sender=governor)
    market = project.MarketStub.deploy(sender=governor)
    pricer = project.Pricer.deploy(sender=governor)
    surface = project.SurfaceStub.deploy(registry, market, pricer, sender=governor)
    engine = project.MarginEngine.deploy(registry, market, surface, sender=governor)
    return World(engine, market, surface, vault, registry, roles)


@pytest.fixture
def world(bare: World) -> World:
    """Bitcoin and ether, both traded and taken as collateral."""
    bare.set_markets(MARKETS)
    bare.set_model(MODEL)
    return bare
