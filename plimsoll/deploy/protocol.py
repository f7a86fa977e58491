"""The protocol as a list of facts, and how to make each one true.

One list serves for everything: a fact that holds already is left alone, so a half-finished
deployment is resumed by running it again; and reading all facts back is the verification. The
list is made as it is worked through, since later facts need the addresses of earlier contracts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import partial
from typing import Any, Protocol

from eth_utils.crypto import keccak

from plimsoll.deploy.parameters import MOCK_DECIMALS, Feed, Parameters, Signers, Underlying
from plimsoll.deploy.record import ABI, Contract, Deployment
from plimsoll.spec.wad import SIZE
from plimsoll.spec.words import account_id, perpetual

NOBODY = "0x" + "00" * 20
DEPLOYED = "as compiled"


class DeployError(Exception):
    """A step that failed, or a deployment that is not what it should be."""


class Chain(Protocol):
    """Where to deploy; contracts are read in Ape's style: `vault.quote()`."""

    chain_id: int
    deployer: Any  # an account with an `address`

    def deploy(self, name: str, *args: Any) -> tuple[str, int]:
        """Address of a new contract and the block it is in, once there is a receipt."""
        ...

    def at(self, name: str, address: str) -> Any: ...

    def send(self, function: Any, *args: Any) -> None:
        """Calls a contract's function from the deployer, once there is a receipt."""
        ...

    def code(self, address: str) -> bytes:
        """What is at the address."""
        ...

    def runtime(self, name: str) -> bytes:
        """What the compiler makes of a contract; immutables follow it on chain."""
        ...

    def abi(self, name: str) -> ABI: ...


@dataclass(frozen=True)
class Fact:
    """What should be so, how to see whether it is, and how to bring it about."""

    name: str
    want: Any
    read: Callable[[], Any]
    act: Callable[[], Any] | None = None  # None: settled when a contract was made
    show: Callable[[Any], str] | None = None  # for people, where what is stored does not serve


@dataclass(frozen=True)
class Finding:
    name: str
    want: Any
    found: Any
    show: Callable[[Any], str] | None = None

    @property
    def holds(self) -> bool:
        return bool(self.want == self.found)


def plain(value: Any) -> Any:
    """Structs of any origin as tuples, contracts and accounts as addresses."""
    if isinstance(value, str | bytes | int):
        return value
    if is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, Sequence):
        return tuple(plain(item) for item in value)
    return value.address


def look(fact: Fact) -> Finding:
    """What cannot be read, like a parameter that was never set, is found to be just that."""
    try:
        found = plain(fact.read())
    except Exception as error:
        found = f"unreadable: {error}"
    return Finding(fact.name, plain(fact.want), found, fact.show)


def establish(facts: Iterable[Fact]) -> Iterator[Finding]:
    """Makes every fact true that is not; tells each one as found afterwards."""
    for fact in facts:
        finding = look(fact)
        if not finding.holds and fact.act is not None:
            try:
                fact.act()
            except Exception as error:
                raise DeployError(f"{fact.name}: {error}") from error
            finding = look(fact)
        yield finding


class Deployer:
    def __init__(
        self,
        chain: Chain,
        parameters: Parameters,
        record: Deployment,
        save: Callable[[], None] = lambda: None,
    ) -> None:
        self.chain = chain
        self.parameters = parameters
        self.record = record
        self.save = save
        if record.chain_id != chain.chain_id:
            raise DeployError(
                f"the deployment file is of chain {record.chain_id}, this is {chain.chain_id}"
            )
        if parameters.chain_id not in (None, chain.chain_id):
            raise DeployError(
                f"the parameters are for chain {parameters.chain_id}, this is {chain.chain_id}"
            )

    def run(self) -> Iterator[Finding]:
        """Makes every fact true that is not; tells each one as found afterwards."""
        self._begin()
        self.record.parameters = self.parameters.model_dump(mode="json")
        yield from establish(self.facts())
        self.save()

    def _begin(self) -> None:
        """What somebody else began is theirs to finish, unless nothing is left of it."""
        begun, deployer = self.record.deployer, str(self.chain.deployer.address)
        contracts = self.record.contracts.values()
        if begun != deployer and any(self.chain.code(item.address) for item in contracts):
            raise DeployError(f"this deployment was begun by {begun}, not by {deployer}")
        self.record.deployer = deployer

    def verify(self) -> Iterator[Finding]:
        """Tells every fact as found, changing nothing; stops where a contract is missing."""
        for fact in self.facts():
            finding = look(fact)
            yield finding
            if fact.want == DEPLOYED and not finding.holds:
                return

    # -- contracts -------------------------------------------------------------------------------

    def _contract(self, key: str, name: str, *args: Any, initial: Sequence[Any] = ()) -> Fact:
        """A contract of ours; `initial` are arguments for which there are setters as well."""
        arguments = [str(getattr(arg, "address", arg)) for arg in args]

        def found() -> str:
            entry = self.record.contracts.get(key)
            if entry is None:
                return "not deployed"
            if (entry.name, entry.arguments) != (name, arguments):
                return "made of other parts"
            code = self.chain.code(entry.address)
            if not code:
                return "no code at its address"
            same = keccak(code).hex() == entry.code_hash
            return DEPLOYED if same and code.startswith(self.chain.runtime(name)) else "other code"

        def deploy() -> None:
            address, block = self.chain.deploy(name, *args, *initial)
            code_hash = keccak(self.chain.code(address)).hex()
            self.record.contracts[key] = Contract(
                name=name, address=address, block=block, code_hash=code_hash, arguments=arguments
            )
            self.record.abis[name] = self.chain.abi(name)
            self.save()

        return Fact(f"{key}: code", DEPLOYED, found, deploy)

    def at(self, key: str) -> Any:
        """A contract of ours that has been deployed."""
        entry = self.record.contracts[key]
        return self.chain.at(entry.name, entry.address)

    def _sent(self, function: Any, *args: Any) -> Callable[[], Any]:
        return partial(self.chain.send, function, *args)

    # -- facts -----------------------------------------------------------------------------------

    def facts(self) -> Iterator[Fact]:
        quote, deployer = self.parameters.quote, self.record.deployer
        yield from self._token(quote.symbol, quote.token, quote.decimals)
        for symbol, asset in self.parameters.assets.items():
            yield from self._token(symbol, asset.token, asset.decimals)
        yield self._contract(
            "registry", "Registry", deployer, deployer, deployer, self.record.tokens[quote.symbol]
        )
        yield self._contract("market", "MarketData", self.at("registry"))
        for symbol in self.parameters.underlyings:
            yield from self._market(symbol)
        yield from self._surface()
        yield from self._engine()
        yield from self._vault()
        yield from self._venue()
        yield from self._liquidator()
        yield from self._roles()
        yield self._contract("risk_lens", "RiskLens", self.at("vault"))
        yield self._contract("lens", "Lens", self.at("vault"), self.at("risk_lens"))

    def _token(self, symbol: str, token: str, decimals: int) -> Iterator[Fact]:
        key = f"token:{symbol}"
        if token == "mock":
            yield self._contract(key, "Token", symbol, symbol, decimals)
            token = self.record.address(key)
        self.record.tokens[symbol] = token
        self.record.abis["Token"] = self.chain.abi("Token")
        yield Fact(f"{key}: decimals", decimals, self.chain.at("Token", token).decimals)

    def _market(self, symbol: str) -> Iterator[Fact]:
        underlying = self.parameters.underlyings[symbol]
        yield from self._feed(symbol, underlying.feed)
        market, feed = self.at("market"), self.at(f"feed:{symbol}")
        params = asdict(underlying.market.spec)

        listed = partial(market.feed, underlying.id)

        def list_market() -> None:
            if listed() == NOBODY:
                self._sent(market.list_market, underlying.id, feed, params)()
            else:
                self._sent(market.set_feed, underlying.id, feed)()

        yield Fact(f"market:{symbol}: feed", feed, listed, list_market)
        yield Fact(
            f"market:{symbol}: parameters",
            underlying.market.spec,
            partial(market.params, underlying.id),
            self._sent(market.set_params, underlying.id, params),
        )

    def _feed(self, symbol: str, feed: Feed) -> Iterator[Fact]:
        """A price source: it must answer before an underlying can be listed."""
        key = f"feed:{symbol}"
        wake: Callable[[], Any] | None = None
        if feed.signers:
            registry = self.at("registry")
            yield from self._signed(key, "SignedFeed", feed, registry, f"{symbol} / USD")
            wake = self._first_report
        else:
            aggregator = str(feed.aggregator)
            if aggregator == "mock":
                mock = f"aggregator:{symbol}"
                yield self._contract(mock, "Aggregator", f"{symbol} / USD", MOCK_DECIMALS)
                aggregator = self.record.address(mock)
                price = round((feed.price or 0) * 10**MOCK_DECIMALS)
                wake = self._sent(self.at(mock).set_answer, price)
            yield self._contract(key, "ChainlinkFeed", aggregator, feed.max_age)
            source = self.at(key)
            yield Fact(
                f"{key}: source",
                (aggregator, feed.max_age),
                lambda: (source.aggregator(), source.max_age()),
            )

        yield Fact(f"{key}: answers", True, lambda: self.at(key).latest()[0] > 0, wake)

    def _first_report(self) -> None:
        raise DeployError("no report yet: bring the first one (`ape run report`), run this again")

    def _signed(self, key: str, name: str, signed: Signers, *args: Any) -> Iterator[Fact]:
        """A contract that takes what enough signers have signed."""
        yield self._contract(key, name, *args, initial=(signed.signers, signed.threshold))
        feed = self.at(key)
        yield Fact(
            f"{key}: signers",
            (signed.threshold, signed.signers),
            lambda: (feed.threshold(), feed.signers()),
            self._sent(feed.set_signers, signed.signers, signed.threshold),
        )

    def _surface(self) -> Iterator[Fact]:
        market = self.at("market")
        yield self._contract("pricer", "Pricer")
        pricer = self.at("pricer")
        yield self._contract("surface", "VolSurface", self.at("registry"), market, pricer)
        surface = self.at("surface")
        yield Fact(
            "market: surface", surface, market.surface, self._sent(market.set_surface, surface)
        )
        for symbol, underlying in self.parameters.underlyings.items():
            yield Fact(
                f"surface:{symbol}: span",
                underlying.span,
                partial(surface.span, underlying.id),
                self._sent(surface.set_span, underlying.id, underlying.span),
            )
            yield from self._volatility(symbol, underlying)

    def _volatility(self, symbol: str, underlying: Underlying) -> Iterator[Fact]:
        """Who posts smiles beside the steward."""
        registry, surface, feed = self.at("registry"), self.at("surface"), NOBODY
        if signed := underlying.volatility:
            key = f"volatility:{symbol}"
            title = f"{symbol} volatility"
            yield from self._signed(key, "SignedVolatility", signed, registry, surface, title)
            feed = self.record.address(key)
        yield Fact(
            f"surface:{symbol}: feed",
            feed,
            partial(surface.feed, underlying.id),
            self._sent(surface.set_feed, underlying.id, feed),
        )

    def _engine(self) -> Iterator[Fact]:
        parameters, registry = self.parameters, self.at("registry")
        market, surface = self.at("market"), self.at("surface")
        yield self._contract("engine", "MarginEngine", registry, market, surface)
        engine = self.at("engine")
        factors = parameters.factors.spec
        yield Fact(
            "engine: factors",
            factors,
            engine.factors,
            self._sent(engine.set_factors, asdict(factors)),
        )
        for symbol, underlying in parameters.underlyings.items():
            yield self._setting(
                f"engine:{symbol}: risk",
                underlying.risk.spec,
                engine.underlying_params,
                engine.set_underlying,
                underlying.id,
            )
        yield from self._assets(engine)
        yield Fact(
            "registry: engine", engine, registry.engine, self._sent(registry.set_engine, engine)
        )

    def _assets(self, engine: Any) -> Iterator[Fact]:
        parameters, registry = self.parameters, self.at("registry")
        for number, (symbol, asset) in enumerate(parameters.assets.items()):
            token = self.record.tokens[symbol]
            # first, as what can be deposited must be known to the engine
            yield self._setting(
                f"engine:{symbol}: haircuts",
                asset.spec(parameters.underlyings[asset.underlying].id),
                engine.asset_params,
                engine.set_asset,
                number,
            )
            yield Fact(
                f"registry:{symbol}: listed",
                token,
                partial(registry.tokens, number),
                self._sent(registry.list_asset, token, asset.cap),
            )
            yield Fact(
                f"registry:{symbol}: cap",
                (number, asset.decimals, asset.cap * 10**asset.decimals),
                partial(registry.asset_of, token),
                self._sent(registry.set_cap, token, asset.cap),
            )
        yield Fact("registry: assets", len(parameters.assets), registry.asset_count)

    def _setting(self, name: str, want: Any, getter: Any, setter: Any, key: int) -> Fact:
        """A struct that is kept by an id."""
        return Fact(name, want, partial(getter, key), self._sent(setter, key, asdict(want)))

    def _vault(self) -> Iterator[Fact]:
        parameters, registry = self.parameters, self.at("registry")
        quote, rates = self.record.tokens[parameters.quote.symbol], parameters.rates.spec
        yield self._contract("vault", "MarginVault", registry, self.at("market"), quote)
        vault = self.at("vault")
        for name in ("registry", "market"):
            yield Fact(f"vault: {name}", self.at(name), getattr(vault, name))
        yield Fact("vault: quote", quote, vault.quote)
        yield Fact("registry: vault", vault, registry.vault, self._sent(registry.set_vault, vault))
        yield Fact(
            "registry: rates", rates, registry.rates, self._sent(registry.set_rates, asdict(rates))
        )
        for symbol, underlying in parameters.underlyings.items():
            limit = underlying.size_limit * SIZE
            yield Fact(
                f"registry:{symbol}: size limit",
                limit,
                partial(registry.size_limit, perpetual(underlying.id)),
                self._sent(registry.set_size_limit, underlying.id, limit),
            )

    def _venue(self) -> Iterator[Fact]:
        registry, vault, fees = self.at("registry"), self.at("vault"), self.parameters.fees.spec
        treasury = self._reserve(self.parameters.treasury)
        yield self._contract(
            "orders", "OrderBook", registry, vault, initial=(treasury, asdict(fees))
        )
        orders = self.at("orders")
        yield Fact("orders: fees", fees, orders.fees, self._sent(orders.set_fees, asdict(fees)))
        yield Fact(
            "orders: treasury", treasury, orders.treasury, self._sent(orders.set_treasury, treasury)
        )
        yield Fact(
            "registry: venue",
            True,
            partial(registry.venues, orders),
            self._sent(registry.set_venue, orders, True),
        )

    def _liquidator(self) -> Iterator[Fact]:
        registry, params = self.at("registry"), self.parameters.liquidation.spec
        yield self._contract(
            "liquidator", "Liquidator", registry, self.at("vault"), initial=(asdict(params),)
        )
        liquidator = self.at("liquidator")
        yield Fact(
            "liquidator: parameters",
            params,
            liquidator.params,
            self._sent(liquidator.set_params, asdict(params)),
        )
        yield Fact(
            "registry: liquidator",
            liquidator,
            registry.liquidator,
            self._sent(registry.set_liquidator, liquidator),
        )
        insurance = self._reserve(self.parameters.insurance)
        yield Fact(
            "registry: insurance",
            insurance,
            registry.insurance,
            self._sent(registry.set_insurance, insurance),
        )

    def _roles(self) -> Iterator[Fact]:
        """Hands the roles over last; a new governor has still to accept."""
        registry, deployer = self.at("registry"), self.record.deployer
        for role in ("guardian", "steward"):
            holder = getattr(self.parameters.roles, role) or deployer
            setter = getattr(registry, f"set_{role}")
            yield Fact(
                f"registry: {role}", holder, getattr(registry, role), self._sent(setter, holder)
            )
        governor = self._governor

        def governing() -> Any:
            pending = registry.pending_owner()
            return pending if pending == governor else registry.owner()

        yield Fact(
            "registry: governor",
            governor,
            governing,
            self._sent(registry.transfer_ownership, governor),
        )

    @property
    def _governor(self) -> str:
        return self.parameters.roles.governor or self.record.deployer

    def _reserve(self, number: int) -> int:
        """An account of the governor."""
        return account_id(int(self._governor, 16), number)
