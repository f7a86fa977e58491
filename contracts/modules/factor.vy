# pragma version 0.4.3
"""
@title Correlation by a market factor
@notice The scan requirement of a book from the scan losses of its underlyings. One market factor
        moves each underlying u by its loading beta_u, the rest of u's range is its own; so the
        correlation of u and v is beta_u * beta_v, always a valid matrix. With losses l_u, signed
        by the side that loses, a book needs the largest of

            factor     max over angles t of
                         sin t * |sum beta_u l_u| + cos t * sqrt(sum (1 - beta_u**2) l_u**2)
            comove     |sum l_u|, the crash in which everything moves together
            extremes   sqrt(sum l_u**2)
            floor      psi * sum |l_u|

        t = 0, 22.5, 45, 67.5, 90 degrees; all of it is sub-additive, and nothing exceeds
        sum |l_u|. The factors share a word: | 0 208 | target 16 | initial 16 | floor 16 |,
        as in plimsoll.spec.margin.
@dev Nothing overflows: losses of a book add up to less than 2**113 (at most 144 positions and
     holdings of at most 2**106 each, times a range of at most 40 %), so a sum of squares is below
     2**226, times BPS**2 below 2**253.
"""

from interfaces import IMarginEngine
from modules import wad

MAX_RATIO: constant(uint256) = 3 * wad.BPS
MIN_FLOOR: constant(uint256) = 500

# sin of 22.5, 45 and 67.5 degrees (cos of 67.5, 45 and 22.5) in WAD, rounded up
SIN_1: constant(uint256) = 382_683_432_365_089_772
SIN_2: constant(uint256) = 707_106_781_186_547_525
SIN_3: constant(uint256) = 923_879_532_511_286_757

UINT16: constant(uint256) = 2**16 - 1


struct Losses:
    total: uint256  # WAD: sum of |loss|
    net: int256  # WAD: sum of losses
    common: int256  # sum of beta * loss
    own: uint256  # sum of (BPS**2 - beta**2) * loss**2
    squares: uint256  # sum of loss**2


@internal
@pure
def _check(factors: IMarginEngine.Factors):
    """
    @notice Refuses factors out of bounds.
    """
    assert factors.target > wad.BPS, "engine: target out of range"
    assert factors.target <= factors.initial, "engine: target above initial"
    assert factors.initial <= MAX_RATIO, "engine: initial out of range"
    assert factors.floor >= MIN_FLOOR, "engine: floor out of range"
    assert factors.floor <= wad.BPS, "engine: floor out of range"


@internal
@pure
def _pack(factors: IMarginEngine.Factors) -> uint256:
    """
    @notice The caller vouches for `_check`. Never 0, as the target is not.
    """
    return (factors.target << 32) | (factors.initial << 16) | factors.floor


@internal
@pure
def _unpack(word: uint256) -> IMarginEngine.Factors:
    return IMarginEngine.Factors(
        target=word >> 32, initial=(word >> 16) & UINT16, floor=word & UINT16
    )


@internal
@pure
def _add(losses: Losses, beta: int256, loss: int256) -> Losses:
    """
    @notice The losses with one more underlying's.
    """
    # unsafe: see above; |beta| <= BPS
    size: uint256 = convert(abs(loss), uint256)
    square: uint256 = unsafe_mul(size, size)
    alone: uint256 = convert(unsafe_sub(wad.IBPS**2, unsafe_mul(beta, beta)), uint256)
    return Losses(
        total=unsafe_add(losses.total, size),
        net=unsafe_add(losses.net, loss),
        common=unsafe_add(losses.common, unsafe_mul(beta, loss)),
        own=unsafe_add(losses.own, unsafe_mul(alone, square)),
        squares=unsafe_add(losses.squares, square),
    )


@internal
@pure
def _terms(losses: Losses, _floor: uint256) -> uint256[4]:
    """
    @notice Factor, comove, extremes and floor, WAD, rounded up.
    """
    # |sin| and cos change places at 45 degrees: of each pair of angles the one counts that
    # gives the larger of the two parts the larger weight
    common: uint256 = convert(abs(losses.common), uint256)
    own: uint256 = wad._ceil_sqrt(losses.own)
    high: uint256 = max(common, own)
    low: uint256 = min(common, own)
    steep: uint256 = max(SIN_3 * high + SIN_1 * low, SIN_2 * (high + low))
    return [
        wad._ceil_div(max(wad.WAD * high, steep), wad.WAD * wad.BPS),
        convert(abs(losses.net), uint256),
        wad._ceil_sqrt(losses.squares),
        wad._ceil_div(_floor * losses.total, wad.BPS),
    ]


@internal
@pure
def _requirement(losses: Losses, _floor: uint256) -> uint256:
    """
    @notice Scan requirement of a portfolio, WAD; where nothing nets it is `losses.total`.
    """
    terms: uint256[4] = self._terms(losses, _floor)
    return max(max(terms[0], terms[1]), max(terms[2], terms[3]))
