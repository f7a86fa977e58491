"""The terms on which a slice of an account changes hands.

Account `to` takes the fraction f of everything the account has and pays f * p, p = W - r: W at
market *without* haircuts, r the reward for the whole book, in proportion to its risk. f is enough
to bring what is left to its liquidation target.
"""

from dataclasses import dataclass

from plimsoll.spec.margin import Margin
from plimsoll.spec.market import LIQUIDATION
from plimsoll.spec.wad import BPS, WAD, ceil_div, clamp, require


@dataclass(frozen=True)
class LiquidationParams:
    reward_min: int  # basis points of MM
    reward_max: int  # basis points of MM, below BPS
    insurance_share: int  # basis points of the reward, while the account pays it itself
    dust: int  # WAD of MM: what is not worth leaving behind


@dataclass(frozen=True)
class Terms:
    fraction: int  # WAD
    payment: int  # from `to` to the account; negative: from insurance to `to`
    cut: int  # from `to` to insurance
    reward: int  # what `to` gains at market


def reward(params: LiquidationParams, margin: Margin) -> int:
    """r = min(delta * MM, max(W, delta_min * MM)), delta ramping with (MM - W) / MM."""
    mm, equity = margin.maintenance, margin.equity
    spread = params.reward_max - params.reward_min
    least = params.reward_min * mm // BPS
    return min(least + spread * (mm - equity) // BPS, max(equity, least))


def terms(params: LiquidationParams, margin: Margin, max_fraction: int) -> Terms:
    require(margin.validity >= LIQUIDATION, "liquidator: stale price")
    require(margin.equity < margin.maintenance, "liquidator: account is healthy")
    require(0 < max_fraction <= WAD, "liquidator: fraction out of range")
    gain = reward(params, margin)
    price = margin.equity - gain
    fraction = WAD
    if price > 0:
        short = margin.target - margin.equity
        fraction = ceil_div(short * WAD, short + price)
        if (WAD - fraction) * margin.maintenance // WAD < params.dust:
            fraction = WAD
    fraction = clamp(fraction, 0, max_fraction)
    if price < 0:
        payment = -(fraction * -price // WAD)
        cut = 0
    else:
        payment = ceil_div(fraction * price, WAD)
        cut = fraction * gain // WAD * params.insurance_share // BPS
    return Terms(fraction, payment, cut, fraction * margin.equity // WAD - payment - cut)
