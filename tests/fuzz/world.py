"""The contracts of a run: the whole protocol, its actors with their tokens, and its raw storage.

It is deployed once per process; every run goes back to this state at its end.
"""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from eth_utils.crypto import keccak
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.phases import CompilerData

from plimsoll.spec.market import MarketParams
from plimsoll.spec.wad import WAD
from plimsoll.spec.words import KEY_SHIFT, account_id
from tests.deployment import deploy
from tests.harness import accounts, chain, project
from tests.harness.compiler import _search_paths, sources

BTC, ETH, SOL, EUR = 1, 2, 3, 4
UNDERLYINGS = (BTC, ETH, SOL, EUR)
TRADED = (BTC, ETH, SOL)  # of the last there is only collateral
PRICES = {BTC: 60_000, ETH: 3_000, SOL: 150, EUR: 1}
MAIN = 4  # assets that everybody uses; the rest fill accounts up
DECIMALS = (18, 8, 9, 6, 0, 2, 18, 12, 6, 8, 18, 1, 17, 6, 18, 10, 3, 18)
QUOTE_DECIMALS = 6
FEED_DECIMALS = 8
FEED_MAX_AGE = 86_400
WIDEST = 5_000  # basis points: span of a grid
RICH = 2**104  # token units that every actor has


# a venue, operator and keeper that does all it does in the vault's callback, checks deferred
DESK = """
# pragma version 0.4.3
from interfaces import IMarginVault
from interfaces import IUnlockCallback

implements: IUnlockCallback

struct Call:
    target: address
    data: Bytes[2048]

VAULT: immutable(address)


@deploy
def __init__(vault: address):
    VAULT = vault


@external
def run(calls: DynArray[Call, 3]):
    extcall IMarginVault(VAULT).unlock(abi_encode(calls))


@external
def on_unlock(data: Bytes[8192]):
    calls: DynArray[Call, 3] = abi_decode(data, DynArray[Call, 3])
    for call: Call in calls:
        raw_call(call.target, call.data)
"""


def _asset(decimals: int, symbol: str) -> dict[str, Any]:
    tiers = [{"haircut": 9_000}]
    return {
        "token": "mock",
        "decimals": decimals,
        "underlying": symbol,
        "cap": 10**12,
        "tiers": tiers,
        "liquidity": 100,
        "scale": 10**9,
    }


def _overrides() -> dict[str, Any]:
    """local.yaml with one more underlying, and many more assets over all of them."""
    market = MarketParams(3_900, 14_400, 500, 600, 0, 3_600)
    euro = {
        "id": EUR,
        "feed": {"aggregator": "mock", "price": PRICES[EUR], "max_age": FEED_MAX_AGE},
        "size_limit": 1,
        "market": vars(market),
        "risk": {"scan_range": 500, "beta": 0, "calendar": 0, "depth": 10**6},
    }
    more = {
        f"T{number}": _asset(decimals, ("ETH", "BTC", "SOL", "EUR")[number % 4])
        for number, decimals in enumerate(DECIMALS)
        if number >= 2  # WETH and WBTC come first
    }
    return {"underlyings": {"EUR": euro}, "assets": more}


@cache
def layout(name: str) -> dict[str, int]:
    """Slot of each storage variable of a contract, those of modules by their own names too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bundle = FilesystemInputBundle(_search_paths())
        data = CompilerData(bundle.load_file(sources()[name]), bundle)
        found = data.storage_layout["storage_layout"]
    slots: dict[str, int] = {}
    for key, entry in found.items():
        if "slot" in entry:
            slots[key] = entry["slot"]
        else:
            slots |= {inner: value["slot"] for inner, value in entry.items()}
    return slots


@cache
def mapping(slot: int, *keys: int) -> int:
    """Where Vyper keeps the value of a (nested) mapping."""
    for key in keys:
        slot = int.from_bytes(keccak(slot.to_bytes(32, "big") + key.to_bytes(32, "big")), "big")
    return slot


class World:
    def __init__(self) -> None:
        self.chain = chain
        self.protocol = protocol = deploy(project, accounts, chain, **_overrides())
        self.vault = protocol.vault
        self.market = protocol.market
        self.surface = protocol.surface
        self.engine = protocol.engine
        self.registry = protocol.registry
        self.orders = protocol.orders
        self.liquidator = protocol.liquidator
        self.governor = protocol.governor
        self.guardian, self.steward = protocol.guardian, protocol.steward
        self.insurance, self.treasury = protocol.insurance, protocol.treasury
        self.quote = protocol.quote
        ids = {symbol: item.id for symbol, item in protocol.params.underlyings.items()}
        for underlying in ids.values():  # wide enough for every scan range
            self.surface.set_span(underlying, WIDEST, sender=self.governor)
        assets = protocol.params.assets.values()
        self.asset_underlyings = [ids[asset.underlying] for asset in assets]
        self.tokens = [project.Token.at(self.registry.tokens(i)) for i in range(len(DECIMALS))]
        self.unlisted = project.Token.deploy("Unlisted", "NO", 18, sender=self.governor)

        # actors: owners of one account or two, and a venue without code that has an account too
        self.owners = list(accounts)[8:16]
        self.venue, self.stranger = accounts[16], accounts[17]
        desk = project.inline(DESK, "Desk")
        self.desk = desk.deploy(self.vault, sender=self.governor)
        self.venues = [self.venue, self.desk, self.orders]
        self.actors = [*self.owners, self.venue]
        self.accounts = [self.account(owner, 0) for owner in self.actors]
        self.accounts += [self.account(owner, 1) for owner in self.owners[:4]]
        self.reserves = [self.insurance, self.treasury]
        self.names: dict[Any, str] = {
            account: f"{self.actors.index(self.owner(account))}.{account % 2}"
            for account in self.accounts
        } | {self.insurance: "insurance", self.treasury: "treasury"}
        self.names |= {actor: f"owner {i}" for i, actor in enumerate(self.owners)}
        self.names |= {self.venue: "venue", self.desk: "desk", self.stranger: "stranger"}
        self.names |= {self.governor: "governor", self.vault: "vault", self.quote: "USDC"}
        self.names |= {token: f"T{asset}" for asset, token in enumerate(self.tokens)}
        for venue in (self.venue, self.desk):
            self.registry.set_venue(venue, True, sender=self.governor)
        self.registry.set_size_limit(EUR, 0, sender=self.governor)

        self.feeds = protocol.feeds
        self.premium_feeds = {}
        for underlying in TRADED:
            aggregator = project.Aggregator.deploy("mid", FEED_DECIMALS, sender=self.governor)
            price = PRICES[underlying] * 10**FEED_DECIMALS
            aggregator.set_answer(price, sender=self.governor)
            feed = project.ChainlinkFeed.deploy(aggregator, FEED_MAX_AGE, sender=self.governor)
            self.market.set_premium_feed(underlying, feed, sender=self.governor)
            self.premium_feeds[underlying] = aggregator
        for token in [self.quote, *self.tokens, self.unlisted]:
            for actor in [*self.actors, self.governor, self.stranger]:
                token.mint(actor, RICH, sender=actor)
                token.approve(self.vault, 2**256 - 1, sender=actor)
        self._find_slots()

    @staticmethod
    def account(owner: Any, number: int) -> int:
        return account_id(int(owner.address, 16), number)

    def owner(self, account: int) -> Any:
        """The actor to whom an account belongs."""
        for actor in [*self.actors, self.governor]:
            if int(actor.address, 16) == account >> 96:
                return actor
        raise KeyError(account)

    def series_slots(self, underlying: int, expiry: int) -> tuple[int, int, int]:
        """Of an expiry: what MarketData knows, the smile posted last and the one before."""
        series = underlying << 40 | expiry
        return (
            mapping(self.expiry_slot, underlying, expiry),
            mapping(self.surface_slots["pending"], series),
            mapping(self.surface_slots["before"], series),
        )

    def scenario_slot(self, key: int) -> int:
        """Of a strike's word, while epochs are few."""
        return mapping(self.surface_slots["words"], key << KEY_SHIFT)

    # -- raw storage: a read takes a fifth of a microsecond, a view a hundred times as long -------

    @property
    def read(self) -> Callable[[str, int], int]:
        """(address, slot) of the chain's own machine, without a check or a conversion."""
        reader: Callable[[str, int], int] = self.chain._evm.storage
        return reader

    def _find_slots(self) -> None:
        vault, market = layout("MarginVault"), layout("MarketData")
        self.expiry_slot = market["expiries"]
        self.surface_slots = layout("VolSurface")
        known = [*self.accounts, *self.reserves]
        venues = [int(venue.address, 16) for venue in self.venues]
        self.pool_slots = [vault[name] for name in ("scaled", "indexes", "tokens")]
        self.word_slots = {account: mapping(vault["words"], account) for account in known}
        self.position_slots = {account: mapping(vault["_positions"], account) for account in known}
        self.holding_slots = {account: mapping(vault["_collateral"], account) for account in known}
        self.total_slots = [vault["totals"] + i for i in range(len(DECIMALS))]
        self.allowance_slots = {
            (account, f"0x{venue:040x}"): mapping(vault["_allowances"], account, venue)
            for account in known
            for venue in venues
        }
        self.market_slots = {
            u: (mapping(market["prices"], u), mapping(market["premiums"], u)) for u in UNDERLYINGS
        }
        self.epoch_slots = {u: mapping(self.surface_slots["epochs"], u) for u in UNDERLYINGS}
        token = layout("Token")["balanceOf"]
        self.balance_slot = mapping(token, int(self.vault.address, 16))
        self.fill_slot = layout("OrderBook")["_states"]
        self.vault_at = self.vault.address.lower()
        self.market_at = self.market.address.lower()
        self.surface_at = self.surface.address.lower()
        self.token_at = [token.address.lower() for token in [self.quote, *self.tokens]]


SCALE = WAD // 10**FEED_DECIMALS  # from the aggregators' decimals to WAD
