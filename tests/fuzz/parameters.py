"""Parameters anywhere within the contracts' hard bounds, though more often sensible ones."""

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

from plimsoll.spec import surface as surface_spec
from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.interest import Rates
from plimsoll.spec.ledger import Series
from plimsoll.spec.liquidation import LiquidationParams
from plimsoll.spec.margin import Factors, UnderlyingParams
from plimsoll.spec.market import MarketParams
from plimsoll.spec.orders import Fees
from plimsoll.spec.smile import NANO, Smile
from plimsoll.spec.wad import BPS, WAD, require
from plimsoll.spec.words import SIZE_LIMIT, STRIKE_UNIT
from tests.fuzz.calls import Act, Call
from tests.fuzz.choices import Choices
from tests.fuzz.machine import Machine
from tests.fuzz.world import (
    DECIMALS,
    MAIN,
    TRADED,
    UNDERLYINGS,
    WIDEST,
)

DAY = 86_400
LARGEST_LIMIT = 2**112 - 1  # of a venue's daily loss


# -- drawing -------------------------------------------------------------------------------------


def between(choices: Choices, low: int, usual: int, high: int) -> int:
    """Up to what is usual, now and then up to the bound."""
    return choices.integer(low, high if choices.chance(10) else usual)


def underlying_params(choices: Choices, largest: int) -> UnderlyingParams:
    scan_range = between(choices, 100, min(largest, 2_000), largest)
    return UnderlyingParams(
        scan_range=scan_range,
        beta=choices.integer(-BPS if choices.chance(10) else 3_000, BPS),
        calendar=choices.integer(0, min(scan_range // 2, 500)),
        depth=choices.magnitude(1 if choices.chance(10) else 1_000, 2**48 - 1),
        vega=between(choices, 0, 5_000, BPS),
        short=between(choices, 0, 200, 500),
    )


def asset_params(choices: Choices, underlying: int, decimals: int, scan_range: int) -> AssetParams:
    liquidity = between(choices, 0, 300, BPS - scan_range)
    least = liquidity + scan_range
    volatility = between(choices, BPS, BPS, min(3 * BPS, BPS**2 // least))
    largest = BPS**2 // volatility
    haircuts = sorted(
        between(choices, least, min(largest, least + 2_000), largest) for _ in range(4)
    )
    limits = sorted(between(choices, 0, 300, 2**24 - 1) for _ in range(3))
    return AssetParams(
        underlying=underlying,
        decimals=decimals,
        limits=(limits[0], limits[1], limits[2]),
        haircuts=(haircuts[0], haircuts[1], haircuts[2], haircuts[3]),
        liquidity=liquidity,
        volatility=volatility,
        scale=choices.magnitude(1 if choices.chance(20) else 10**6, 2**40 - 1),
    )


def factors(choices: Choices) -> Factors:
    target = between(choices, BPS + 1, 12_000, 3 * BPS)
    return Factors(
        target=target,
        initial=between(choices, target, max(target, 15_000), 3 * BPS),
        floor=between(choices, 500, 3_000, BPS),
    )


def market_params(choices: Choices, premium: bool) -> MarketParams:
    oldest = choices.integer(10, DAY) if choices.chance(20) else DAY // 6
    return MarketParams(
        max_age_open=choices.integer(10, oldest) if choices.chance(20) else oldest // 2 + 5,
        max_age_liquidation=oldest,
        alarm=choices.integer(50 if choices.chance(10) else 500, 2_000),
        stable_rate=choices.integer(10 if choices.chance(10) else 500, 5_000),
        premium_bound=between(choices, 0, 100, 1_000) if premium else 0,
        premium_window=choices.integer(60, DAY),
    )


def rates(choices: Choices) -> Rates:
    highest = between(choices, 0, 3_000, BPS)
    base, kink_rate = sorted(choices.integer(0, highest) for _ in range(2))
    return Rates(base, kink_rate, highest, kink=choices.integer(1, BPS - 1))


def liquidation(choices: Choices) -> LiquidationParams:
    least = choices.integer(100, 2_000)
    return LiquidationParams(
        reward_min=least,
        reward_max=between(choices, least, max(least, 4_000), BPS - 1),
        insurance_share=choices.integer(0, 5_000),
        dust=choices.integer(0, 10_000) * WAD,
    )


def fees(choices: Choices) -> Fees:
    maker, taker = between(choices, 0, 5, 100), between(choices, 0, 10, 100)
    return Fees(maker, taker, insurance_share=choices.integer(0, BPS))


def venue_limit(choices: Choices) -> int:
    """A daily loss, mostly far from being reached."""
    return choices.magnitude(1 if choices.chance(5) else 10**25, LARGEST_LIMIT)


def size_limit(choices: Choices) -> int:
    """Mostly none to speak of."""
    return choices.magnitude(1, 10**11) if choices.chance(15) else SIZE_LIMIT


def smile(choices: Choices) -> Smile:
    """With a volatility of 10 .. 200 % at the forward, or about that."""
    variance = choices.integer(1_000, 20_000) ** 2 * NANO // BPS**2
    width = choices.integer(NANO // 20, NANO // 2)
    wings = variance * choices.integer(0, 100) // 100
    return Smile(
        a=variance - wings * width // NANO,
        b=wings,
        rho=choices.integer(-7 * NANO // 10, 7 * NANO // 10),
        m=choices.integer(-width // 4, width // 4),
        s=width,
    )


def moved(choices: Choices, old: Smile) -> Smile:
    """A smile near another one, now and then none that may be posted after it."""
    if choices.chance(75):
        percent = choices.integer(85, 115)
        return replace(old, a=old.a * percent // 100, b=old.b * percent // 100)
    if choices.chance(50):
        return smile(choices)
    return replace(old, **choices.pick([{"s": 0}, {"a": -old.b}, {"b": 2**39, "s": 1}]))


def strikes(choices: Choices, index: int, limit: int) -> Series:
    """A few strikes around the index, or futures only."""
    if choices.chance(10):
        return Series(0, 0, 0, limit)
    step = max(1, index // STRIKE_UNIT // choices.integer(5, 30))
    middle, wing = (
        max(1, index // STRIKE_UNIT // step),
        choices.integer(0, 3 if choices.chance(75) else 7),
    )
    return Series(step, max(1, middle - wing) * step, (middle + wing) * step, limit)


def series_limit(choices: Choices) -> int:
    """Of each instrument of an expiry."""
    return min(size_limit(choices), 2**64 - 1) if choices.chance(97) else 0


# -- setting, on both sides ----------------------------------------------------------------------


def change(
    m: Machine,
    function: Any,
    args: tuple[Any, ...],
    model: Callable[[], None],
    governor: bool = False,
) -> Act | None:
    """One parameter, or what keepers of data post; what it moves becomes known anew."""

    def changed() -> None:
        model()
        m.moved()

    sender = m.world.governor if governor or m.choices.chance(50) else m.world.steward
    return m.act(Call(sender, function, args, changed, frees=True))


def set_underlying(m: Machine, underlying: int, params: UnderlyingParams) -> None:
    def model() -> None:
        covered = surface_spec.covers(m.surfaces.stored[underlying].span, params.scan_range)
        require(covered, "engine: scan range beyond span")
        known = {**m.ledger.model.underlyings, underlying: params}
        m.ledger.model = replace(m.ledger.model, underlyings=known)

    change(m, m.world.engine.set_underlying, (underlying, params), model)


def set_asset(m: Machine, asset: int, params: AssetParams) -> None:
    def model() -> None:
        m.ledger.model = replace(m.ledger.model, assets={**m.ledger.model.assets, asset: params})

    change(m, m.world.engine.set_asset, (asset, params), model)


def set_factors(m: Machine, new: Factors) -> None:
    def model() -> None:
        m.ledger.model = replace(m.ledger.model, factors=new)

    change(m, m.world.engine.set_factors, (new,), model)


def set_market(m: Machine, underlying: int, params: MarketParams) -> None:
    def model() -> None:
        m.markets.advance(underlying)
        m.markets.params[underlying] = params

    change(m, m.world.market.set_params, (underlying, params), model)


def set_span(m: Machine, underlying: int, span: int) -> None:
    def model() -> None:
        scan_range = m.ledger.model.underlyings[underlying].scan_range
        wider = span >= m.surfaces.stored[underlying].span
        covered = wider or surface_spec.covers(span, scan_range)
        require(covered, "surface: span below scan range")
        m.surfaces.set_span(underlying, span)

    change(m, m.world.surface.set_span, (underlying, span), model)


def set_rates(m: Machine, new: Rates) -> None:
    def model() -> None:
        m.ledger.accrue()  # at the old rates
        m.ledger.rates = new

    change(m, m.world.registry.set_rates, (new,), model)


def set_liquidation(m: Machine, params: LiquidationParams) -> None:
    def model() -> None:
        m.liquidation = params

    change(m, m.world.liquidator.set_params, (astuple(params),), model)


def set_fees(m: Machine, new: Fees) -> None:
    def model() -> None:
        m.fees = new

    change(m, m.world.orders.set_fees, (new,), model)


def set_cap(m: Machine, asset: int, whole: int) -> None:
    def model() -> None:
        m.ledger.listing.caps[asset] = whole * 10 ** DECIMALS[asset]

    delisted = m.ledger.listing.caps.get(asset, 0) == 0
    change(m, m.world.registry.set_cap, (m.world.tokens[asset], whole), model, delisted)


def largest_cap(asset: int) -> int:
    """In whole tokens."""
    return (2**112 - 1) // 10 ** DECIMALS[asset]


def set_size_limit(m: Machine, underlying: int, limit: int) -> None:
    def model() -> None:
        m.ledger.listing.max_size[underlying] = limit

    delisted = m.ledger.listing.max_size.get(underlying, 0) == 0
    change(m, m.world.registry.set_size_limit, (underlying, limit), model, delisted)


# -- a later change ------------------------------------------------------------------------------


def any_change(m: Machine) -> None:
    """One parameter moves, within its bounds."""
    choices = m.choices
    kind = choices.integer(0, 9)
    underlying = choices.pick(UNDERLYINGS)
    asset = choices.integer(0, MAIN - 1)
    if kind == 0:
        known = m.ledger.model.assets.values()
        same = [params for params in known if params.underlying == underlying]
        largest = min(params.haircuts[0] - params.liquidity for params in same)
        set_underlying(m, underlying, underlying_params(choices, min(4_000, largest)))
    elif kind == 1:
        old = m.ledger.model.assets[asset]
        scan_range = m.ledger.model.underlyings[old.underlying].scan_range
        set_asset(m, asset, asset_params(choices, old.underlying, old.decimals, scan_range))
    elif kind == 2:
        set_factors(m, factors(choices))
    elif kind == 3:
        set_market(m, underlying, market_params(choices, underlying in TRADED))
    elif kind == 4:
        set_rates(m, rates(choices))
    elif kind == 5:
        set_liquidation(m, liquidation(choices))
    elif kind == 6:
        set_fees(m, fees(choices))
    elif kind == 7:
        set_cap(m, asset, choices.integer(0, 100) if choices.chance(10) else largest_cap(asset))
    elif kind == 8:
        scan_range = m.ledger.model.underlyings[underlying].scan_range
        least = max(1, 102 * (BPS + scan_range) // 100 - BPS)
        set_span(m, underlying, choices.integer(least, WIDEST))
    else:
        limit = 0 if choices.chance(5) else size_limit(choices)
        set_size_limit(m, choices.pick(TRADED), limit)
