# pragma version 0.4.3
"""
@title Scan of an underlying
@notice What the worst move of one underlying within its scan range costs a book, and what is
        charged beside it. For linear instruments and collateral the value is a line in the price,
        so the worst point is an end of the range: no grid is needed. An underlying's parameters
        share a word with the bitmap of the assets that are priced by it:

            | 0 128 | depth 48 | scan_range 16 | beta int16 | calendar 16 | assets 32 |
                    128        80              64           48            32          0

        as in plimsoll.spec.margin.
@dev Nothing overflows: of at most 128 positions and 16 holdings each counts for at most
     LARGEST = 2**106, so sums of them are below 2**114; ratios are below 2**14, an index is below
     2**84, a depth below 2**48.
"""

from interfaces import IMarginEngine
from modules import wad


# netting levels
POSITION: constant(uint256) = 0  # every position by itself
UNDERLYING: constant(uint256) = 1  # positions of one underlying together
PORTFOLIO: constant(uint256) = 2  # underlyings with each other and with spot

LARGEST: constant(int256) = 2**106  # WAD, 81 trillion: no position counts for more

MATERIAL: constant(
    uint256
) = 20  # a price counts if more than one part in so many of MM hangs on it

# validity of a price
STALE: constant(uint256) = 0
LIQUIDATION: constant(uint256) = 1
OPEN: constant(uint256) = 2

MIN_RANGE: constant(uint256) = 100
MAX_RANGE: constant(uint256) = 4_000
MAX_CALENDAR: constant(uint256) = 500
MAX_DEPTH: constant(uint256) = 2**48 - 1

# masks
UINT16: constant(uint256) = 2**16 - 1
UINT32: constant(uint256) = 2**32 - 1


struct Risk:
    gross: uint256  # WAD: sum of |notional| over positions
    derivatives: int256  # WAD: net notional of positions
    spot: uint256  # WAD: value of collateral that nets


@internal
@pure
def _check(params: IMarginEngine.UnderlyingParams):
    """
    @notice Refuses parameters out of bounds. Twice the scan range does not pass -80 %, the
        furthest fall that is looked at.
    """
    assert params.scan_range >= MIN_RANGE, "engine: scan range out of range"
    assert params.scan_range <= MAX_RANGE, "engine: scan range out of range"
    assert params.beta >= -wad.IBPS and params.beta <= wad.IBPS, "engine: beta out of range"
    assert params.calendar <= MAX_CALENDAR, "engine: calendar out of range"
    # rounding down is exact: a matched pair never costs more than its two sides
    assert params.calendar <= params.scan_range // 2, "engine: calendar out of range"
    assert params.depth > 0 and params.depth <= MAX_DEPTH, "engine: depth out of range"


@internal
@pure
def _pack(params: IMarginEngine.UnderlyingParams, assets: uint256) -> uint256:
    """
    @notice The caller vouches for `_check` and assets < 2**32. Never 0, as the depth is not.
    """
    beta: uint256 = convert(convert(params.beta, bytes32), uint256) & UINT16
    return (
        (params.depth << 80)
        | (params.scan_range << 64)
        | (beta << 48)
        | (params.calendar << 32)
        | assets
    )


@internal
@pure
def _unpack(word: uint256) -> IMarginEngine.UnderlyingParams:
    return IMarginEngine.UnderlyingParams(
        scan_range=(word >> 64) & UINT16,
        # shifted up to the sign bit, then down with it
        beta=convert(convert(word << 192, bytes32), int256) >> 240,
        calendar=(word >> 32) & UINT16,
        depth=word >> 80,
    )


@internal
@pure
def _assets(word: uint256) -> uint256:
    """
    @notice Bitmap of the assets that an underlying prices.
    """
    return word & UINT32


@internal
@pure
def _notional(size: int256, mark: uint256) -> int256:
    """
    @notice Signed notional of a position, WAD, rounded away from zero.
    """
    # unsafe: sizes are below 2**67, marks below 2**84
    product: int256 = unsafe_mul(size, convert(mark, int256))
    notional: int256 = wad._away_div(product, wad.ISIZE)
    return max(-LARGEST, min(notional, LARGEST))


@internal
@pure
def _charges(
    level: uint256, params: IMarginEngine.UnderlyingParams, index: uint256, risk: Risk
) -> (int256, uint256, uint256):
    """
    @notice Scan loss (its sign is the side's: positive loses in a fall), calendar charge and
        depth charge of one underlying, WAD, rounded up.
    @dev At POSITION nothing nets, so the loss is that of the gross notional. Spot halves the
         depth charge of what it is matched with, and adds none: its size is in its tiers.
    """
    if level == POSITION:
        gross: int256 = convert(risk.gross * params.scan_range, int256)
        return (
            wad._ceil_div_signed(gross, wad.IBPS),
            0,
            self._depth(params, index, risk.gross),
        )

    net: int256 = risk.derivatives + convert(risk.spot, int256)
    loss: int256 = wad._away_div(net * convert(params.scan_range, int256), wad.IBPS)
    exposure: uint256 = convert(abs(risk.derivatives), uint256)
    if risk.derivatives >= 0 or risk.spot == 0:
        return loss, 0, self._depth(params, index, exposure)

    matched: uint256 = min(exposure, risk.spot)  # a short against spot
    return (
        loss,
        wad._ceil_div(matched * params.calendar, wad.BPS),
        self._depth(params, index, exposure - matched // 2),
    )


@internal
@pure
def _depth(params: IMarginEngine.UnderlyingParams, index: uint256, exposure: uint256) -> uint256:
    """
    @notice R * Q**2 / (Q + depth): what it costs to work Q off in a market that is only so deep,
        WAD, rounded up.
    """
    whole: uint256 = exposure + params.depth * index
    return wad._ceil_div(params.scan_range * exposure**2, whole * wad.BPS)


@internal
@pure
def _divergence(net: int256, index: uint256, stable: uint256) -> uint256:
    """
    @notice What a book is worth more at the index than at the stable price, WAD, rounded up:
        a pumped price gives nobody borrowing power, a hedge is not punished.
    @param net Notional, WAD.
    """
    gap: int256 = net * (convert(index, int256) - convert(stable, int256))
    if gap <= 0:
        return 0
    return wad._ceil_div(convert(gap, uint256), index)


@internal
@pure
def _validity(stale: uint256, late: uint256, maintenance: uint256) -> uint256:
    """
    @notice The least validity of prices on which more than a twentieth of MM hangs together. A
        price matters as far as it can move the margin: otherwise a wei of something whose feed is
        silent would keep an account from being liquidated.
    @param stale What hangs on stale prices, WAD: |notional| of positions, value of collateral.
    @param late The same for prices that do not open risk, the stale ones included.
    """
    if stale * MATERIAL > maintenance:
        return STALE
    return LIQUIDATION if late * MATERIAL > maintenance else OPEN
