# pragma version 0.4.3
"""
@title Market stub
@notice Tells what it was told: for tests of what reads MarketData.
"""

from interfaces import IMarketData

markets: HashMap[uint256, IMarketData.Market]
forwards: HashMap[uint256, HashMap[uint256, IMarketData.Forward]]
feed: public(HashMap[uint256, address])
rolls: public(uint256)  # how often `roll` was called


@external
def set_market(underlying: uint256, market: IMarketData.Market):
    self.markets[underlying] = market
    self.feed[underlying] = self


@external
def set_forward(underlying: uint256, expiry: uint256, forward: IMarketData.Forward):
    self.forwards[underlying][expiry] = forward


@external
def roll(underlying: uint256) -> IMarketData.Market:
    self.rolls += 1
    return self.markets[underlying]


@external
@view
def peek(underlying: uint256) -> IMarketData.Market:
    return self.markets[underlying]


@external
@view
def forward(
    underlying: uint256, expiry: uint256, time: uint256, averaged: uint256
) -> IMarketData.Forward:
    return self.forwards[underlying][expiry]
