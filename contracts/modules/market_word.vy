# pragma version 0.4.3
"""
@title Words of MarketData
@notice Packs what is stored per underlying, per expiry, and for a transaction:

            | next_expiry 24 | index 96 | stable 96 | updated 40 |                         price
            | funding int96 | premium int60 | observation int60 | time 40 |                premium
            | max_age_open 20 | max_age_liquidation 20 | alarm 12 | stable_rate 14
              | premium_bound 12 | premium_window 17 | is_observed 1 | feed 160 |          config

            | gathered 96 | before 32 | ratio 32 | posted 40 | next 24
              | 0 29 | aged 1 | late 1 | fixed 1 |                                       expiry

            | next_expiry 24 | index 96 | stable 96 | 0 38 | validity 2 |                  told
            | funding int96 | 0 64 | mark 96 |

@dev A premium is observed where there is a feed of it: what knows this spares a look at its slot.
     Expiries that the next one is told by are in units of 1,800 s, of which they are multiples;
     24 bits of them last until the year 2927. Ratios are multiples of 1e-9. A window gathers at
     most 1,800 * 10**25 < 2**95. Prices are at most 10**25 < 2**84, premiums at most
     10**17 < 2**57 (10 %), times are seconds. Cumulative funding fits for 36 years at the highest
     price with the highest premium, for 3,600 at a price of 100,000.
"""

from interfaces import IMarketData

WINDOW: constant(uint256) = 1_800  # seconds: expiries are multiples
RATIO_UNIT: constant(uint256) = 10**9  # WAD: ratios are multiples
FUNDING_LIMIT: constant(int256) = 2**95 - 1
PREMIUM_LIMIT: constant(int256) = 2**59 - 1

# masks
UINT12: constant(uint256) = 2**12 - 1
UINT14: constant(uint256) = 2**14 - 1
UINT17: constant(uint256) = 2**17 - 1
UINT20: constant(uint256) = 2**20 - 1
UINT24: constant(uint256) = 2**24 - 1
UINT32: constant(uint256) = 2**32 - 1
UINT40: constant(uint256) = 2**40 - 1
UINT60: constant(uint256) = 2**60 - 1
UINT96: constant(uint256) = 2**96 - 1
UINT160: constant(uint256) = 2**160 - 1


@internal
@pure
def _pack_state(state: IMarketData.State) -> (uint256, uint256):
    """
    @return The price word and the premium word.
    """
    assert max(state.index, state.stable) <= UINT96, "market: price too large"
    assert max(state.updated, state.time) <= UINT40, "market: time too large"
    assert max(abs(state.premium), abs(state.observation)) <= PREMIUM_LIMIT, (
        "market: premium too large"
    )
    assert abs(state.funding) <= FUNDING_LIMIT, "market: funding too large"
    assert state.next_expiry // WINDOW <= UINT24, "market: time too large"
    return (
        (state.next_expiry // WINDOW << 232)
        | (state.index << 136)
        | (state.stable << 40)
        | state.updated,
        (convert(convert(state.funding, bytes32), uint256) << 160)
        | ((convert(convert(state.premium, bytes32), uint256) & UINT60) << 100)
        | ((convert(convert(state.observation, bytes32), uint256) & UINT60) << 40)
        | state.time,
    )


@internal
@pure
def _unpack_state(price: uint256, premium: uint256) -> IMarketData.State:
    return IMarketData.State(
        index=(price >> 136) & UINT96,
        stable=(price >> 40) & UINT96,
        updated=price & UINT40,
        # shifted up to the sign bit, then down with it
        premium=convert(convert(premium << 96, bytes32), int256) >> 196,
        observation=convert(convert(premium << 156, bytes32), int256) >> 196,
        funding=convert(convert(premium, bytes32), int256) >> 160,
        time=premium & UINT40,
        next_expiry=unsafe_mul(price >> 232, WINDOW),  # below 2**24 * 2**11
    )


@internal
@pure
def _pack_expiry(item: IMarketData.Expiry) -> uint256:
    """
    @notice The caller vouches for its bounds, which are below the fields'.
    """
    return (
        (item.gathered << 160)
        | (item.before // RATIO_UNIT << 128)
        | (item.ratio // RATIO_UNIT << 96)
        | (item.posted << 56)
        | (item.next // WINDOW << 32)
        | (convert(item.aged, uint256) << 2)
        | (convert(item.late, uint256) << 1)
        | convert(item.fixed, uint256)
    )


@internal
@pure
def _unpack_expiry(word: uint256) -> IMarketData.Expiry:
    return IMarketData.Expiry(
        ratio=self._ratio(word),
        posted=self._posted(word),
        before=self._before(word),
        aged=self._aged(word),
        gathered=word >> 160,
        late=word & 2 != 0,
        fixed=word & 1 != 0,
        next=self._following(word),
    )


@internal
@pure
def _ratio(word: uint256) -> uint256:
    return unsafe_mul((word >> 96) & UINT32, RATIO_UNIT)


@internal
@pure
def _before(word: uint256) -> uint256:
    return unsafe_mul((word >> 128) & UINT32, RATIO_UNIT)


@internal
@pure
def _aged(word: uint256) -> bool:
    return word & 4 != 0


@internal
@pure
def _posted(word: uint256) -> uint256:
    return (word >> 56) & UINT40


@internal
@pure
def _following(word: uint256) -> uint256:
    """
    @notice The next one of an expiry word.
    """
    return unsafe_mul((word >> 32) & UINT24, WINDOW)  # below 2**24 * 2**11


@internal
@pure
def _pack_told(market: IMarketData.Market) -> uint256[2]:
    """
    @notice Of a market whose state fits its words; a mark is at most 1.1 * 10**25 < 2**84.
    """
    return [
        (market.next_expiry // WINDOW << 232)
        | (market.index << 136)
        | (market.stable << 40)
        | market.validity,
        (convert(convert(market.funding, bytes32), uint256) << 160) | market.mark,
    ]


@internal
@pure
def _unpack_told(words: uint256[2]) -> IMarketData.Market:
    return IMarketData.Market(
        index=(words[0] >> 136) & UINT96,
        stable=(words[0] >> 40) & UINT96,
        mark=words[1] & UINT96,
        funding=convert(convert(words[1], bytes32), int256) >> 160,
        validity=words[0] & 3,
        next_expiry=unsafe_mul(words[0] >> 232, WINDOW),
    )


@internal
@pure
def _pack_config(feed: address, is_observed: bool, params: IMarketData.Params) -> uint256:
    """
    @notice The caller vouches for its bounds, which are below the fields'.
    """
    return (
        (params.max_age_open << 236)
        | (params.max_age_liquidation << 216)
        | (params.alarm << 204)
        | (params.stable_rate << 190)
        | (params.premium_bound << 178)
        | (params.premium_window << 161)
        | (convert(is_observed, uint256) << 160)
        | convert(feed, uint256)
    )


@internal
@pure
def _feed(config: uint256) -> address:
    return convert(config & UINT160, address)


@internal
@pure
def _is_observed(config: uint256) -> bool:
    return (config >> 160) & 1 == 1


@internal
@pure
def _params(config: uint256) -> IMarketData.Params:
    return IMarketData.Params(
        max_age_open=config >> 236,
        max_age_liquidation=(config >> 216) & UINT20,
        alarm=(config >> 204) & UINT12,
        stable_rate=(config >> 190) & UINT14,
        premium_bound=(config >> 178) & UINT12,
        premium_window=(config >> 161) & UINT17,
    )
