# pragma version 0.4.3
"""
@title Tiered collateral haircuts
@notice Marginal bands, like an income tax: value up to the first limit pays the first haircut,
        value between the first and the second limit the second, and so on; what lies beyond the
        third limit pays the last. Haircuts never fall from tier to tier, and the first covers
        the liquidity haircut and the scan range, so that netting can only help and splitting an
        account cannot. An asset's parameters share a word:

            | 0 24 | limits 3 x 24 | haircuts 4 x 16 | liquidity 16 | volatility 16 | decimals 8 |
                   232             160               96             80              64
            | underlying 16 | scale 40 |
            56              40         0

        as in plimsoll.spec.haircut.
@dev Nothing overflows: values are at most LARGEST = 2**106, ratios are below 2**16, what the
     vault holds of an asset is below 2**112 token units.
"""

from interfaces import IMarginEngine
from interfaces import IMarketData
from modules import wad

TIER_UNIT: constant(uint256) = 10_000 * wad.WAD  # limits are whole multiples of ten thousand
LARGEST: constant(uint256) = 2**106  # WAD, 81 trillion: no holding counts for more

MAX_LIMIT: constant(uint256) = 2**24 - 1
MAX_SCALE: constant(uint256) = 2**40 - 1
MAX_DECIMALS: constant(uint256) = 18
MAX_VOLATILITY: constant(uint256) = 3 * wad.BPS

# masks
UINT8: constant(uint256) = 2**8 - 1
UINT16: constant(uint256) = 2**16 - 1
UINT24: constant(uint256) = 2**24 - 1
UINT40: constant(uint256) = 2**40 - 1


# what a holding adds to a margin, WAD
struct Piece:
    value: uint256  # at the index
    haircut: uint256  # in MM
    concentration: uint256  # in IM, before k_I
    divergence: uint256  # in IM, unless its price risk is netted: index above stable price


@internal
@pure
def _check(params: IMarginEngine.AssetParams, scan_range: uint256):
    """
    @notice Refuses parameters out of bounds.
    @param scan_range Of the asset's underlying, bps.
    """
    rising: bool = params.limits[0] <= params.limits[1] and params.limits[1] <= params.limits[2]
    for i: uint256 in range(3):
        rising = rising and params.haircuts[i] <= params.haircuts[i + 1]
    assert (
        rising
        and params.decimals <= MAX_DECIMALS
        and params.scale > 0
        and params.scale <= MAX_SCALE
        and params.limits[2] <= MAX_LIMIT
        and params.volatility >= wad.BPS
        and params.volatility <= MAX_VOLATILITY
        # rounding down is exact: haircut * volatility <= 100 %
        and params.haircuts[3] <= wad.BPS**2 // params.volatility
    ), "engine: asset out of bounds"
    self._check_range(params, scan_range)


@internal
@pure
def _check_range(params: IMarginEngine.AssetParams, scan_range: uint256):
    """
    @notice The first tier must cover what netting leaves of it: liquidity and scan range.
    """
    assert (
        params.liquidity <= wad.BPS and params.haircuts[0] >= params.liquidity + scan_range
    ), "engine: haircut below scan range"


@internal
@pure
def _pack(params: IMarginEngine.AssetParams) -> uint256:
    """
    @notice The caller vouches for `_check`. Never 0, as volatility is not.
    """
    return (
        (params.limits[0] << 208)
        | (params.limits[1] << 184)
        | (params.limits[2] << 160)
        | (params.haircuts[0] << 144)
        | (params.haircuts[1] << 128)
        | (params.haircuts[2] << 112)
        | (params.haircuts[3] << 96)
        | (params.liquidity << 80)
        | (params.volatility << 64)
        | (params.decimals << 56)
        | (params.underlying << 40)
        | params.scale
    )


@internal
@pure
def _unpack(word: uint256) -> IMarginEngine.AssetParams:
    return IMarginEngine.AssetParams(
        underlying=self._underlying(word),
        decimals=(word >> 56) & UINT8,
        limits=[word >> 208, (word >> 184) & UINT24, (word >> 160) & UINT24],
        haircuts=[
            (word >> 144) & UINT16,
            (word >> 128) & UINT16,
            (word >> 112) & UINT16,
            (word >> 96) & UINT16,
        ],
        liquidity=(word >> 80) & UINT16,
        volatility=(word >> 64) & UINT16,
        scale=word & UINT40,
    )


@internal
@pure
def _underlying(word: uint256) -> uint256:
    return (word >> 40) & UINT16


@internal
@pure
def _value(amount: uint256, price: uint256, decimals: uint256) -> uint256:
    """
    @notice What an amount of collateral is worth, WAD, rounded down.
    """
    # unsafe: see above
    return min(unsafe_div(unsafe_mul(amount, price), 10**decimals), LARGEST)


@internal
@pure
def _bands(params: IMarginEngine.AssetParams, worth: uint256) -> uint256[4]:
    """
    @notice How much of a value falls into each of the four tiers.
    """
    bands: uint256[4] = empty(uint256[4])
    low: uint256 = 0
    for i: uint256 in range(3):
        # unsafe: limits are below 2**24 and do not fall, and the value is not below the last one
        high: uint256 = unsafe_mul(params.limits[i], TIER_UNIT)
        if worth <= high:
            bands[i] = unsafe_sub(worth, low)
            return bands
        bands[i] = unsafe_sub(high, low)
        low = high
    bands[3] = unsafe_sub(worth, low)
    return bands


@internal
@pure
def _haircut(params: IMarginEngine.AssetParams, worth: uint256, netted: bool) -> uint256:
    """
    @notice What a collateral's value counts less in maintenance margin, rounded up.
    @param netted Whether the asset's price risk is in the scan: only the liquidity haircut and
        what the tiers exceed the first are left then.
    """
    bands: uint256[4] = self._bands(params, worth)
    least: uint256 = params.haircuts[0] if netted else 0
    tiered: uint256 = 0
    for i: uint256 in range(4):
        # unsafe: no haircut is below the first; bands are at most LARGEST, haircuts BPS
        tiered = unsafe_add(tiered, unsafe_mul(bands[i], unsafe_sub(params.haircuts[i], least)))
    liquidity: uint256 = unsafe_mul(worth, params.liquidity) if netted else 0
    tiered = unsafe_mul(tiered, params.volatility)
    return wad._ceil_div(unsafe_add(tiered, unsafe_mul(liquidity, wad.BPS)), wad.BPS**2)


@internal
@pure
def _concentration(
    params: IMarginEngine.AssetParams, worth: uint256, total: uint256, room: uint256
) -> uint256:
    """
    @notice What initial margin adds to a haircut when the vault holds more of the asset than its
        scale, rounded up: the whole tiered haircut times max(0, total / scale - 1), at every
        netting level (what nets is no easier to sell).
    @param total Token units of all accounts.
    @param room What IM could still take of the value before the collateral counts for less than
        nothing: no more is added.
    """
    scale: uint256 = unsafe_mul(params.scale, 10**params.decimals)  # unsafe: see above
    if total <= scale:
        return 0
    excess: uint256 = unsafe_sub(wad._ceil_div(unsafe_mul(total, wad.BPS), scale), wad.BPS)
    more: uint256 = unsafe_mul(self._haircut(params, worth, False), excess)
    return min(room, wad._ceil_div(more, wad.BPS))


@internal
@pure
def _piece(
    params: IMarginEngine.AssetParams,
    holding: IMarginEngine.Holding,
    prices: IMarketData.Market,
    netted: bool,
    scan_range: uint256,
    initial: uint256,
) -> Piece:
    """
    @notice What a holding is worth and adds to a margin.
    @param netted Whether its price risk is in the scan.
    @param scan_range Of its underlying, bps.
    @param initial k_I, bps.
    """
    piece: Piece = empty(Piece)
    piece.value = self._value(holding.amount, prices.index, params.decimals)
    piece.haircut = self._haircut(params, piece.value, netted)
    taken: uint256 = piece.haircut
    if netted:
        taken = unsafe_add(taken, wad._ceil_div(piece.value * scan_range, wad.BPS))
    elif prices.index > prices.stable:
        lower: uint256 = self._value(holding.amount, prices.stable, params.decimals)
        piece.divergence = unsafe_sub(piece.value, lower)
    # what IM could take at most: rounds down, so that collateral never counts below nothing
    most: uint256 = piece.value * wad.BPS // initial
    piece.concentration = self._concentration(
        params, piece.value, holding.total, most - min(most, taken)
    )
    return piece
