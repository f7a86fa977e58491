# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Pricer
@license AGPL-3.0-only
@author Plimsoll contributors
@notice Scenario words of options by Black-76 on a smile, and which smiles are sound. The surface
        asks it for what it has not stored; it keeps nothing. A contract of its own, so that who
        reads stored words does not carry what computes them.
@dev Trusts who asks for what is asked about. See modules/scenario_word, modules/smile.
@custom:kill Nothing to stop: this is arithmetic. It is replaced with the surface that asks it.
"""

from interfaces import IMarketData
from interfaces import IPricer
from interfaces import IVolSurface
from modules import scenario
from modules import scenario_word
from modules import smile as smiles

implements: IPricer


@external
@pure
def words(
    epoch: IVolSurface.Epoch,
    expiry: uint256,
    forward: IMarketData.Forward,
    smile: IVolSurface.Smile,
    strikes: DynArray[uint256, 16],
) -> DynArray[uint256, 16]:
    """
    @notice The scenario words of strikes of an expiry, in their order.
    @param epoch Theirs, whose number tells the stamp.
    @param expiry Not before the epoch's time.
    @param smile The one in effect.
    @param strikes In 1e-8 of quote, not 0.
    """
    series: scenario_word.Series = scenario_word._series(epoch, expiry, forward, smile)
    stamp: uint256 = epoch.number & scenario.STAMP
    words: DynArray[uint256, 16] = []
    for strike: uint256 in strikes:
        words.append(scenario_word._word(series, strike, stamp))
    return words


@external
@view
def admit(smile: IVolSurface.Smile, last: uint256, left: uint256, time: uint256) -> uint256:
    """
    @notice The word of a smile that is posted now; reverts where there is arbitrage in it, and
        where it is further off the last one than a post may move it.
    @param last Word of the smile that was posted last, 0: none was.
    @param left Seconds to the expiry.
    @param time The report's own.
    """
    smiles._check(smile, left)
    if last != 0:
        smiles._check_change(smiles._unpack(last), smile, left)
    return smiles._pack(smile, block.timestamp, time)
