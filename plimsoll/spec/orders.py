"""What a match of signed orders books: one taker against several makers, at the makers' prices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plimsoll.spec.ledger import Leg
from plimsoll.spec.wad import BPS, SIZE, ceil_div, require
from plimsoll.spec.words import CASH, strike_of, underlying_of

TICK = SIZE  # of prices, in wei: what a fill pays is then exact
OPTION_CAP = 8  # an order for options only pays at most one part in so many of its net premium


@dataclass(frozen=True)
class Fees:
    maker: int  # basis points of notional
    taker: int
    insurance_share: int  # basis points of the fees; the treasury has the rest


@dataclass(frozen=True)
class Fill:
    account: int
    legs: Sequence[tuple[int, int]]  # of a unit: instrument, contracts
    size: int  # 1e-8 units; positive buys
    price: int  # limit of one unit, WAD, in ticks


def match(
    taker: Fill,
    makers: Sequence[Fill],
    fees: Fees,
    index: Callable[[int], int],
    insurance: int,
    treasury: int,
) -> list[Leg]:
    """Legs of a match: the makers', the taker's, then the receivers' cash.

    Each maker has its price to the wei, the taker what they leave, no worse than its limit. The
    last leg of an order carries all that it pays or receives, less its fee. That contracts sum
    to zero in each instrument is for the ledger to see. `index` is an underlying's, WAD.
    """
    legs: list[Leg] = []
    offered = collected = 0
    for fill in [*makers, taker]:
        quote, rate = -fill.size * fill.price // SIZE, fees.maker
        if fill is not taker:
            offered -= quote
        else:
            require(offered >= quote, "orders: prices do not cross, order 0")
            quote, rate = offered, fees.taker
        due = fee(fill, quote, rate, index)
        collected += due
        *others, (instrument, ratio) = fill.legs
        legs += [Leg(fill.account, other, fill.size * times, 0) for other, times in others]
        legs.append(Leg(fill.account, instrument, fill.size * ratio, quote - due))
    insured = collected * fees.insurance_share // BPS
    legs.append(Leg(insurance, CASH, 0, insured))
    legs.append(Leg(treasury, CASH, 0, collected - insured))
    return legs


def fee(fill: Fill, quote: int, rate: int, index: Callable[[int], int]) -> int:
    """Rounded up: basis points of the contracts of all legs at the index, whatever is paid."""
    notional = sum(abs(ratio) * index(underlying_of(word)) for word, ratio in fill.legs)
    due = ceil_div(notional * abs(fill.size) * rate, SIZE * BPS)
    if all(strike_of(word) != 0 for word, _ in fill.legs):
        due = min(due, ceil_div(abs(quote), OPTION_CAP))
    return due
