"""What a deployment is made of: read from YAML, checked before anything is sent.

The bounds are those of the contracts, so that a wrong value is found here, with its key and the
allowed range, and not by a revert half-way. Units are the contracts' own: ratios in basis points,
times in seconds; tokens, contracts and money are whole.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from eth_utils.address import is_checksum_address
from pydantic import (
    BaseModel,
    ConfigDict,
    PlainValidator,
    ValidationError,
    model_validator,
)

from plimsoll.spec import haircut, interest, liquidation, margin, market, orders, scan, surface
from plimsoll.spec.wad import BPS, SIZE, WAD, ceil_div
from plimsoll.spec.words import SIZE_LIMIT

MOCK_DECIMALS = 8  # of a mocked aggregator, as Chainlink's against the dollar
TIER = haircut.TIER_UNIT // WAD  # tier limits are whole multiples of it


class ParameterError(Exception):
    """Wrong parameters, one clear line for each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def within(low: int, high: int, unit: str) -> PlainValidator:
    """A whole number between two bounds, both allowed."""

    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            shown = f"{value:,}" if type(value) is int else repr(value)
            raise ValueError(f"{shown} is not within {low:,} .. {high:,} {unit}")
        return int(value)

    return PlainValidator(check)


def _address(value: Any) -> str:
    if isinstance(value, int):
        raise ValueError("an address must be in quotes")
    if not isinstance(value, str) or not is_checksum_address(value):
        raise ValueError(f"{value!r} is not an address with a valid checksum")
    if int(value, 16) == 0:
        raise ValueError("the zero address is nobody")
    return value


def _symbol(value: Any) -> str:
    if not isinstance(value, str) or not (value.isascii() and value.isalnum()):
        raise ValueError(f"{value!r} is not a symbol of letters and digits")
    return value


def _token(value: Any) -> str:
    return "mock" if value == "mock" else _address(value)


def _price(value: Any) -> float:
    highest = market.MAX_PRICE // WAD
    if type(value) not in (int, float) or not 10**-MOCK_DECIMALS <= value <= highest:
        raise ValueError(f"{value!r} is not a price up to {highest:,} of quote")
    return float(value)


Bps = Annotated[int, within(0, BPS, "basis points")]
Address = Annotated[str, PlainValidator(_address)]
Token = Annotated[str, PlainValidator(_token)]  # an address, or "mock"
Symbol = Annotated[str, PlainValidator(_symbol)]
Decimals = Annotated[int, within(0, 18, "decimals")]
SubAccount = Annotated[int, within(0, 2**48 - 1, "sub-account numbers")]
Age = Annotated[int, within(10, 86_400, "seconds")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Roles(Model):
    """Who governs; null stands for the deployer."""

    governor: Address | None = None
    guardian: Address | None = None
    steward: Address | None = None


class Quote(Model):
    symbol: str
    token: Token
    decimals: Decimals


class Signers(Model):
    """Whose reports count, and how many of them have to sign one."""

    signers: list[Address] = []
    threshold: Annotated[int, within(1, 16, "signatures")] = 1

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.signers and self.threshold > len(self.signers):
            raise ValueError(f"threshold {self.threshold} is more than {len(self.signers)} signers")
        if len(self.signers) > 16 or len(set(self.signers)) != len(self.signers):
            raise ValueError("signers are at most 16, each once")
        return self


class Feed(Signers):
    """A Chainlink-style aggregator, or signed reports."""

    aggregator: Token | None = None
    max_age: Age = 86_400  # of an aggregator's round
    price: Annotated[float, PlainValidator(_price)] | None = None  # of a mock

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.aggregator) == bool(self.signers):
            raise ValueError("give either an aggregator or signers")
        if self.aggregator == "mock" and self.price is None:
            raise ValueError("a mock aggregator needs a price")
        if self.aggregator != "mock" and self.price is not None:
            raise ValueError("a price is only for a mock aggregator")
        if self.aggregator and "threshold" in self.model_fields_set:
            raise ValueError("a threshold is only for signers")
        if self.signers and "max_age" in self.model_fields_set:
            raise ValueError("max_age is only for an aggregator")
        return self


class Volatility(Signers):
    """Signed smiles and forward ratios; without it only the steward posts them."""

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.signers:
            raise ValueError("give signers")
        return self


class Market(Model):
    """How prices of an underlying age, and its perpetual's premium."""

    max_age_open: Age
    max_age_liquidation: Age
    alarm: Annotated[int, within(50, 2_000, "basis points")]
    stable_rate: Annotated[int, within(10, 5_000, "basis points an hour")]
    premium_bound: Annotated[int, within(0, 1_000, "basis points")]
    premium_window: Annotated[int, within(60, 86_400, "seconds")]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_age_open > self.max_age_liquidation:
            raise ValueError("max_age_open is more than max_age_liquidation")
        return self

    @property
    def spec(self) -> market.MarketParams:
        return market.MarketParams(**self.model_dump())


class Risk(Model):
    """Margin of one underlying."""

    scan_range: Annotated[int, within(100, 4_000, "basis points")]
    beta: Annotated[int, within(-BPS, BPS, "basis points")]
    calendar: Annotated[int, within(0, 500, "basis points")]
    depth: Annotated[int, within(1, 2**48 - 1, "contracts")]
    vega: Annotated[int, within(0, BPS, "basis points")] = 3_500
    short: Annotated[int, within(0, 500, "basis points")] = 100

    @model_validator(mode="after")
    def _calendar_below_range(self) -> Self:
        if 2 * self.calendar > self.scan_range:
            raise ValueError(
                f"calendar {self.calendar} is more than half the scan range {self.scan_range}"
            )
        return self

    @property
    def spec(self) -> scan.UnderlyingParams:
        return scan.UnderlyingParams(**self.model_dump())


class Underlying(Model):
    id: Annotated[int, within(1, 63, "ids")]
    feed: Feed
    size_limit: Annotated[int, within(0, SIZE_LIMIT // SIZE, "contracts")]  # of one account
    market: Market
    risk: Risk
    volatility: Volatility | None = None

    @property
    def span(self) -> int:
        """What scenarios have to reach for the scan range to be covered throughout an epoch."""
        return ceil_div((BPS + surface.BOUND_FAR) * (BPS + self.risk.scan_range), BPS) - BPS


class Tier(Model):
    up_to: Annotated[int, within(TIER, (2**24 - 1) * TIER, "of quote")] | None = None
    haircut: Bps


class Asset(Model):
    """A collateral."""

    token: Token
    decimals: Decimals
    underlying: str
    cap: Annotated[int, within(0, (2**112 - 1) // 10**18, "tokens")]
    tiers: list[Tier]
    liquidity: Bps
    volatility: Annotated[int, within(BPS, 3 * BPS, "basis points")] = BPS
    scale: Annotated[int, within(1, 2**40 - 1, "tokens")]

    @model_validator(mode="after")
    def _marginal_bands(self) -> Self:
        if not 1 <= len(self.tiers) <= 4:
            raise ValueError(f"tiers: {len(self.tiers)} are not within 1 .. 4")
        if any(tier.up_to is None for tier in self.tiers[:-1]) or self.tiers[-1].up_to:
            raise ValueError("tiers: each but the last needs up_to")
        limits = [tier.up_to or 0 for tier in self.tiers[:-1]]
        if any(limit % TIER for limit in limits):
            raise ValueError(f"tiers: up_to must be a multiple of {TIER:,}")
        cuts = [tier.haircut for tier in self.tiers]
        if any(low > high for row in (limits, cuts) for low, high in pairwise(row)):
            raise ValueError("tiers: limits and haircuts must not fall")
        if cuts[-1] * self.volatility > BPS * BPS:
            raise ValueError(f"tiers: haircut {cuts[-1]} times volatility is more than 100 %")
        return self

    def spec(self, underlying: int) -> haircut.AssetParams:
        """Fewer tiers are four of which the last ones are empty."""
        cuts = [tier.haircut for tier in self.tiers]
        limits = [(tier.up_to or 0) // TIER for tier in self.tiers[:-1]]
        missing = 4 - len(cuts)
        last = limits[-1] if limits else 0
        first, second, third = limits + [last] * missing
        a, b, c, d = cuts + [cuts[-1]] * missing
        return haircut.AssetParams(
            underlying=underlying,
            decimals=self.decimals,
            limits=(first, second, third),
            haircuts=(a, b, c, d),
            liquidity=self.liquidity,
            volatility=self.volatility,
            scale=self.scale,
        )


class Factors(Model):
    target: Annotated[int, within(BPS + 1, 3 * BPS, "basis points")]
    initial: Annotated[int, within(BPS + 1, 3 * BPS, "basis points")]
    floor: Annotated[int, within(500, BPS, "basis points")]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.target > self.initial:
            raise ValueError("target is more than initial")
        return self

    @property
    def spec(self) -> margin.Factors:
        return margin.Factors(**self.model_dump())


class Rates(Model):
    """Interest a year."""

    base: Annotated[int, within(0, BPS, "basis points a year")]
    kink_rate: Annotated[int, within(0, BPS, "basis points a year")]
    full_rate: Annotated[int, within(0, BPS, "basis points a year")]
    kink: Annotated[int, within(1, BPS - 1, "basis points of utilisation")]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.base <= self.kink_rate <= self.full_rate:
            raise ValueError("base, kink_rate and full_rate must not fall")
        return self

    @property
    def spec(self) -> interest.Rates:
        return interest.Rates(**self.model_dump())


class Fees(Model):
    maker: Annotated[int, within(0, 100, "basis points")]
    taker: Annotated[int, within(0, 100, "basis points")]
    insurance_share: Bps

    @property
    def spec(self) -> orders.Fees:
        return orders.Fees(**self.model_dump())


class Liquidation(Model):
    reward_min: Annotated[int, within(100, 2_000, "basis points")]
    reward_max: Annotated[int, within(100, BPS - 1, "basis points")]
    insurance_share: Annotated[int, within(0, 5_000, "basis points")]
    dust: Annotated[int, within(0, 10_000, "of quote")]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.reward_min > self.reward_max:
            raise ValueError("reward_min is more than reward_max")
        return self

    @property
    def spec(self) -> liquidation.LiquidationParams:
        return liquidation.LiquidationParams(
            self.reward_min, self.reward_max, self.insurance_share, self.dust * WAD
        )


class Parameters(Model):
    chain_id: Annotated[int, within(1, 2**64 - 1, "chain ids")] | None = None  # null: any
    roles: Roles
    insurance: SubAccount  # of the governor
    treasury: SubAccount  # of the governor
    quote: Quote
    underlyings: dict[Symbol, Underlying]
    assets: dict[str, Asset]
    factors: Factors
    rates: Rates
    fees: Fees
    liquidation: Liquidation

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.insurance == self.treasury:
            raise ValueError("insurance and treasury must be different sub-accounts")
        ids = [underlying.id for underlying in self.underlyings.values()]
        if len(set(ids)) != len(ids):
            raise ValueError("underlyings: two have the same id")
        if not self.underlyings:
            raise ValueError("underlyings: none is given")
        if len(self.assets) > 32:
            raise ValueError("assets: more than 32")
        if self.quote.symbol in self.assets:
            raise ValueError(f"assets: {self.quote.symbol} is the quote's symbol")
        tokens = [self.quote.token, *(asset.token for asset in self.assets.values())]
        if any(token != "mock" and tokens.count(token) > 1 for token in tokens):
            raise ValueError("assets: two have the same token, or the quote's")
        for name, asset in self.assets.items():
            if asset.underlying not in self.underlyings:
                known = ", ".join(self.underlyings)
                raise ValueError(f"assets.{name}.underlying: {asset.underlying} is none of {known}")
            least = asset.liquidity + self.underlyings[asset.underlying].risk.scan_range
            if asset.tiers[0].haircut < least:
                raise ValueError(
                    f"assets.{name}.tiers.0.haircut: {asset.tiers[0].haircut} is not within "
                    f"{least:,} .. {BPS:,} basis points (liquidity haircut and scan range)"
                )
        return self

    def model(self) -> margin.RiskModel:
        """The engine's parameters, by id."""
        return margin.RiskModel(
            {item.id: item.risk.spec for item in self.underlyings.values()},
            {
                number: asset.spec(self.underlyings[asset.underlying].id)
                for number, asset in enumerate(self.assets.values())
            },
            self.factors.spec,
        )


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice, where YAML would take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(problem=f"{key} is there twice")
        return super().construct_mapping(node, deep)


def load(path: Path) -> Parameters:
    """Parameters of a YAML file, or a ParameterError."""
    try:
        content = yaml.load(path.read_text(), _Loader)
    except OSError as error:
        raise ParameterError([f"{path}: {error.strerror}"]) from None
    except yaml.YAMLError as error:
        raise ParameterError([f"{path}: not YAML: {' '.join(str(error).split())}"]) from None
    return check(content)


def check(content: Any) -> Parameters:
    try:
        return Parameters.model_validate(content)
    except ValidationError as error:
        raise ParameterError(list(_lines(error))) from None


def _lines(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        text = {
            "missing": "is missing",
            "model_type": "not a mapping of keys",
            "extra_forbidden": "is not a known key",
        }.get(item["type"], item["msg"].removeprefix("Value error, "))
        yield f"{key}: {text}".removeprefix(": ")
