# pragma version 0.4.3
"""
@title Surface stub
@author Plimsoll contributors
@license AGPL-3.0-only
@notice Tells what it was told: for tests of what reads VolSurface.
"""

from interfaces import IMarketData
from interfaces import IVolSurface

epoch: public(HashMap[uint256, IVolSurface.Epoch])
span: public(HashMap[uint256, uint256])
words: HashMap[uint256, uint256]  # by key
knows: public(HashMap[uint256, HashMap[uint256, bool]])
loads: public(uint256)  # how often `load` was called


@external
def set_epoch(underlying: uint256, epoch: IVolSurface.Epoch):
    self.epoch[underlying] = epoch


@external
def set_span(underlying: uint256, span: uint256):
    self.span[underlying] = span


@external
def set_words(keys: DynArray[uint256, 128], words: DynArray[uint256, 128]):
    """
    @param keys Upper 120 bits of an instrument.
    """
    for i: uint256 in range(len(keys), bound=128):
        self.words[keys[i]] = words[i]


@external
def set_known(underlying: uint256, expiry: uint256, known: bool):
    self.knows[underlying][expiry] = known


@external
def load(positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    self.loads += 1
    return self._words(positions)


@external
def load_one(position: uint256) -> (IVolSurface.Epoch, uint256):
    self.loads += 1
    return self.epoch[position >> 240], self._words([position])[0]


@external
def refresh(positions: DynArray[uint256, 128]):
    self.loads += 1


@external
@view
def peek(positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    return self._words(positions)


@external
@view
def read(
    underlying: uint256, prices: IMarketData.Market, positions: DynArray[uint256, 128]
) -> (IVolSurface.Epoch, DynArray[uint256, 128]):
    return self.epoch[underlying], self._words(positions)


@internal
@view
def _words(positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    words: DynArray[uint256, 128] = []
    for position: uint256 in positions:
        live: bool = (position >> 200) & (2**40 - 1) > block.timestamp
        words.append(self.words[position >> 136] if live else 0)
    return words
