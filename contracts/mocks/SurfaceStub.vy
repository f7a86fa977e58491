# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Surface stub
@author Plimsoll contributors
@license AGPL-3.0-only
@notice A volatility surface whose epochs and words can be set: for tests of what asks it.
"""

import VolSurface as surface
from interfaces import IVolSurface

initializes: surface

exports: surface.__interface__


@deploy
def __init__(registry: address, market: address, pricer: address):
    surface.__init__(registry, market, pricer)


@external
def put_epoch(underlying: uint256, epoch: IVolSurface.Epoch):
    surface.epochs[underlying] = (
        (epoch.reference << 160)
        | (epoch.time << 120)
        | (epoch.number << 80)
        | (epoch.span << 24)
        | (epoch.bound << 8)
        | epoch.lift
    )


@external
def put_words(keys: DynArray[uint256, 128], words: DynArray[uint256, 128], number: uint256):
    """
    @param keys Upper 120 bits of an instrument.
    @param words Of any epoch.
    @param number Of the epoch that they are stamped with.
    """
    stamp: uint256 = number & surface.STAMP
    for i: uint256 in range(len(keys), bound=128):
        slot: uint256 = surface._slot(keys[i] << 136, number)
        surface.words[slot] = (words[i] & ~surface.STAMP) | stamp


@external
def put_known(underlying: uint256, expiry: uint256, known: bool):
    surface.pending[(underlying << 40) | expiry] = convert(known, uint256)
