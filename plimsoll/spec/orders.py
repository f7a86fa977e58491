"""What a match of signed orders books: one taker against several makers, at the makers' prices."""

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.spec.ledger import Leg
from plimsoll.spec.wad import BPS, SIZE, ceil_div
from plimsoll.spec.words import CASH


@dataclass(frozen=True)
class Fees:
    maker: int  # basis points of notional
    taker: int
    insurance_share: int  # basis points of the fees; the treasury has the rest


@dataclass(frozen=True)
class Fill:
    account: int  # the maker's
    size: int  # that the taker's account gains, 1e-8 contracts, of the taker's sign
    price: int  # the maker's limit, WAD


def match(
    taker: int, instrument: int, fills: Sequence[Fill], fees: Fees, insurance: int, treasury: int
) -> list[Leg]:
    """Legs of a match: each maker's position and fee, the taker's, then the receivers' cash.

    Notional is rounded down, fees up; instrument 0 is cash.
    """
    legs: list[Leg] = []
    size = quote = taker_fee = collected = 0
    for fill in fills:
        notional = abs(fill.size) * fill.price // SIZE
        flow = notional if fill.size > 0 else -notional
        maker_fee = ceil_div(notional * fees.maker, BPS)
        legs.append(Leg(fill.account, instrument, -fill.size, flow))
        legs.append(Leg(fill.account, CASH, 0, -maker_fee))
        size += fill.size
        quote -= flow
        taker_fee += ceil_div(notional * fees.taker, BPS)
        collected += maker_fee
    collected += taker_fee
    insured = collected * fees.insurance_share // BPS
    legs.append(Leg(taker, instrument, size, quote))
    legs.append(Leg(taker, CASH, 0, -taker_fee))
    legs.append(Leg(insurance, CASH, 0, insured))
    legs.append(Leg(treasury, CASH, 0, collected - insured))
    return legs
