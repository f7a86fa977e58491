"""Tiered collateral haircuts: marginal bands, like an income tax.

Value up to the first limit pays the first haircut, value between the first and the second limit
the second, and so on; what lies beyond the third limit pays the last. The first tier is at least
the liquidity haircut plus the scan range of the asset's underlying, and haircuts never fall from
tier to tier, so that netting can only help and splitting an account cannot.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from plimsoll.spec.wad import BPS, WAD, ceil_div

TIER_UNIT = 10_000 * WAD  # limits are whole multiples of ten thousand


@dataclass(frozen=True)
class AssetParams:
    underlying: int
    decimals: int
    limits: tuple[int, int, int]  # in TIER_UNIT, not falling
    haircuts: tuple[int, int, int, int]  # basis points, not falling
    liquidity: int  # basis points: what is left to pay where price risk is in the scan
    volatility: int  # multiplier of the tiers, basis points >= BPS
    scale: int  # whole tokens: total deposits beyond it raise the haircut in IM

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """Of the bands, WAD."""
        return (0, *(limit * TIER_UNIT for limit in self.limits))


def bands(params: AssetParams, value: int) -> list[int]:
    """How much of a value falls into each of the four tiers."""
    inner = [max(0, min(value, high) - low) for low, high in pairwise(params.edges)]
    return [*inner, max(0, value - params.edges[-1])]


def haircut(params: AssetParams, value: int, netted: bool) -> int:
    """What a collateral's value counts less in MM, rounded up.

    Where its price risk is netted in the scan (PORTFOLIO), only the liquidity haircut and what
    the tiers exceed the first are left.
    """
    floor = params.haircuts[0] if netted else 0
    tiered = sum(
        band * (rate - floor)
        for band, rate in zip(bands(params, value), params.haircuts, strict=True)
    )
    liquidity = params.liquidity if netted else 0
    return ceil_div(tiered * params.volatility + value * liquidity * BPS, BPS * BPS)


def concentration(params: AssetParams, value: int, total: int, room: int) -> int:
    """What IM adds to a haircut when the protocol holds more of the asset than its scale.

    The whole tiered haircut is multiplied by max(1, total / scale), at every netting level (what
    nets is no easier to sell), so an account gains nothing by splitting over sub-accounts, nor by
    choosing a level. But no more is added than `room`: what IM could still take of the value
    before the collateral counts for less than nothing.
    """
    excess = ceil_div(total * BPS, params.scale * 10**params.decimals) - BPS
    if excess <= 0:
        return 0
    return min(max(0, room), ceil_div(haircut(params, value, False) * excess, BPS))
