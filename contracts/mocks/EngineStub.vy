# pragma version 0.4.3
"""
@title Engine stub
@notice Finds every account healthy, or no account, and options worth what it was told: for tests
        of what the vault does with positions that a real engine would have to assess.
"""

from interfaces import IMarginEngine
from interfaces import IMarketData
from modules import doubts
from modules import instrument

market: immutable(IMarketData)
parameters: immutable(IMarginEngine)  # an engine that knows what is listed

marks: public(HashMap[uint256, uint256])  # of options, WAD
validity: public(uint256)  # of marks
refuses: public(bool)


@deploy
def __init__(_market: address, _parameters: address):
    market = IMarketData(_market)
    parameters = IMarginEngine(_parameters)
    self.validity = doubts.OPEN


@external
def set_mark(instrument_id: uint256, mark: uint256):
    self.marks[instrument_id] = mark


@external
def set_refuses(refuses: bool, validity: uint256):
    """
    @param refuses Whether every account is insolvent from now on, at stale prices.
    @param validity Of marks.
    """
    self.refuses = refuses
    self.validity = validity


@external
def mark(instrument_id: uint256) -> (uint256, uint256, uint256):
    mark: uint256 = self.marks[instrument_id]
    if instrument._strike(instrument_id) != 0:
        return mark, self.validity, mark
    return (extcall market.price(instrument_id))[0], 0, 0


@external
@view
def knows(underlying: uint256, expiry: uint256) -> bool:
    return True


@external
def assess(book: IMarginEngine.Book) -> IMarginEngine.Margin:
    return self._margin()


@external
@view
def preview(book: IMarginEngine.Book) -> IMarginEngine.Margin:
    return self._margin()


@internal
@view
def _margin() -> IMarginEngine.Margin:
    if self.refuses:
        return IMarginEngine.Margin(
            equity=-1, maintenance=0, target=0, initial=0, validity=doubts.STALE, doubt=0
        )
    return IMarginEngine.Margin(
        equity=0, maintenance=0, target=0, initial=0, validity=doubts.OPEN, doubt=0
    )


@external
@view
def factors() -> IMarginEngine.Factors:
    return staticcall parameters.factors()


@external
@view
def asset_params(asset: uint256) -> IMarginEngine.AssetParams:
    return staticcall parameters.asset_params(asset)


@external
@view
def collateral_validity(asset: uint256) -> uint256:
    return staticcall parameters.collateral_validity(asset)


@external
@view
def underlying_params(underlying: uint256) -> IMarginEngine.UnderlyingParams:
    return staticcall parameters.underlying_params(underlying)
