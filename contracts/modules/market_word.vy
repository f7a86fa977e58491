# pragma version 0.4.3
"""
@title Words of MarketData
@notice Packs what is stored per underlying:

            | 0 24 | index 96 | stable 96 | updated 40 |                                   price
            | funding int96 | premium int60 | observation int60 | time 40 |                premium
            | max_age_open 20 | max_age_liquidation 20 | alarm 12 | stable_rate 14
              | premium_bound 12 | premium_window 18 | feed 160 |                          config

@dev Prices are at most 10**25 < 2**84, premiums at most 10**17 < 2**57 (10 %), times are seconds.
     Cumulative funding fits for 36 years at the highest price with the highest premium, for
     3,600 at a price of 100,000.
"""

from interfaces import IMarketData

FUNDING_LIMIT: constant(int256) = 2**95 - 1
PREMIUM_LIMIT: constant(int256) = 2**59 - 1

# masks
UINT12: constant(uint256) = 2**12 - 1
UINT14: constant(uint256) = 2**14 - 1
UINT18: constant(uint256) = 2**18 - 1
UINT20: constant(uint256) = 2**20 - 1
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
    return (
        (state.index << 136) | (state.stable << 40) | state.updated,
        (convert(convert(state.funding, bytes32), uint256) << 160)
        | ((convert(convert(state.premium, bytes32), uint256) & UINT60) << 100)
        | ((convert(convert(state.observation, bytes32), uint256) & UINT60) << 40)
        | state.time,
    )


@internal
@pure
def _unpack_state(price: uint256, premium: uint256) -> IMarketData.State:
    return IMarketData.State(
        index=price >> 136,
        stable=(price >> 40) & UINT96,
        updated=price & UINT40,
        # shifted up to the sign bit, then down with it
        premium=convert(convert(premium << 96, bytes32), int256) >> 196,
        observation=convert(convert(premium << 156, bytes32), int256) >> 196,
        funding=convert(convert(premium, bytes32), int256) >> 160,
        time=premium & UINT40,
    )


@internal
@pure
def _pack_config(feed: address, params: IMarketData.Params) -> uint256:
    """
    @notice The caller vouches for its bounds, which are below the fields'.
    """
    return (
        (params.max_age_open << 236)
        | (params.max_age_liquidation << 216)
        | (params.alarm << 204)
        | (params.stable_rate << 190)
        | (params.premium_bound << 178)
        | (params.premium_window << 160)
        | convert(feed, uint256)
    )


@internal
@pure
def _feed(config: uint256) -> address:
    return convert(config & UINT160, address)


@internal
@pure
def _params(config: uint256) -> IMarketData.Params:
    return IMarketData.Params(
        max_age_open=config >> 236,
        max_age_liquidation=(config >> 216) & UINT20,
        alarm=(config >> 204) & UINT12,
        stable_rate=(config >> 190) & UINT14,
        premium_bound=(config >> 178) & UINT12,
        premium_window=(config >> 160) & UINT18,
    )
