# pragma version 0.4.3
"""
@title Borrow rate
@notice A line to the kink and a steeper one beyond it, over utilisation; in one word:

            | 0 128 | kink 32 | full rate 32 | kink rate 32 | base 32 |

        rates in bps a year, the kink in bps of utilisation; as in plimsoll.spec.interest.
"""

from interfaces import IRegistry
from modules import wad

MAX_RATE: constant(uint256) = wad.BPS  # a year: indexes fit their fields for 26 years of it
FIELD: constant(uint256) = 2**32 - 1

_curve: uint256


@internal
def _set_rates(rates: IRegistry.Rates):
    """
    @dev The caller has seen to it that interest so far is accrued.
    """
    assert rates.base <= rates.kink_rate, "registry: rates fall"
    assert rates.kink_rate <= rates.full_rate, "registry: rates fall"
    assert rates.full_rate <= MAX_RATE, "registry: rate too high"
    assert rates.kink > 0 and rates.kink < wad.BPS, "registry: kink out of range"
    self._curve = (
        (rates.kink << 96) | (rates.full_rate << 64) | (rates.kink_rate << 32) | rates.base
    )
    log IRegistry.RatesChanged(rates=rates)


@internal
@view
def _rates() -> IRegistry.Rates:
    curve: uint256 = self._curve
    return IRegistry.Rates(
        base=curve & FIELD,
        kink_rate=(curve >> 32) & FIELD,
        full_rate=(curve >> 64) & FIELD,
        kink=curve >> 96,
    )


@internal
@view
def _borrow_rate(used: uint256) -> uint256:
    """
    @notice Borrow rate in WAD per second at a utilisation in WAD, rounded down; 0 while no rates
        are set.
    """
    rates: IRegistry.Rates = self._rates()
    kink: uint256 = rates.kink * wad.WAD // wad.BPS
    yearly: uint256 = 0
    if kink == 0:
        return 0
    if used <= kink:
        yearly = rates.base * wad.WAD + (rates.kink_rate - rates.base) * wad.WAD * used // kink
    else:
        slope: uint256 = (rates.full_rate - rates.kink_rate) * wad.WAD
        yearly = rates.kink_rate * wad.WAD + slope * (used - kink) // (wad.WAD - kink)
    return yearly // (wad.BPS * wad.YEAR)
