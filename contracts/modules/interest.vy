# pragma version 0.4.3
"""
@title Interest
@notice The quote side of the ledger. Debts pay a utilisation-kinked rate to positive cash; what
        lenders cannot be due is insurance's. Cash is stored scaled: positive cash by the supply
        index, debt by the borrow index. The same as plimsoll.spec.interest, in three words:

            | borrow 128       | supply 128       |    scaled
            | borrow index 128 | supply index 128 |    RAY
            | time 40 | tokens 104 | basis int104 |    WAD

@dev Amounts of single accounts are bounded by int104, tokens by uint104, scaled sums and indexes
     by 128 bits, so products of two stay below 2**256. A rate of at most 100 % a year (see
     rate_curve) multiplies an index by less than e a year; from RAY it fits for 26 years of that.
"""

from interfaces import IMarginVault
from modules import governed
from modules import wad

uses: governed

HALF: constant(uint256) = 2**128 - 1
TOKENS: constant(uint256) = 2**104 - 1

scaled: uint256
indexes: uint256
tokens: uint256


@deploy
def __init__():
    self.indexes = (wad.RAY << 128) | wad.RAY
    self.tokens = block.timestamp << 208


@internal
@view
def _load() -> IMarginVault.Pool:
    """
    @notice The pool as of its last accrual.
    """
    scaled: uint256 = self.scaled
    indexes: uint256 = self.indexes
    tokens: uint256 = self.tokens
    return IMarginVault.Pool(
        supply=scaled & HALF,
        borrow=scaled >> 128,
        supply_index=indexes & HALF,
        borrow_index=indexes >> 128,
        tokens=(tokens >> 104) & TOKENS,
        basis=convert(convert(tokens << 152, bytes32), int256) >> 152,
        time=tokens >> 208,
    )


@internal
def _store(pool: IMarginVault.Pool):
    # a field that overflows leaves a bit beyond it
    beyond: uint256 = pool.supply | pool.borrow | pool.supply_index | pool.borrow_index
    beyond = (beyond >> 128) | (pool.tokens >> 104) | (convert(abs(pool.basis), uint256) >> 103)
    assert beyond == 0, "vault: amount too large"
    self.scaled = (pool.borrow << 128) | pool.supply
    self.indexes = (pool.borrow_index << 128) | pool.supply_index
    self.tokens = (
        (pool.time << 208)
        | (pool.tokens << 104)
        | (convert(convert(pool.basis, bytes32), uint256) & TOKENS)
    )


@internal
@view
def _accrued() -> (IMarginVault.Pool, uint256):
    """
    @notice The pool as of now, and what of the interest is insurance's (wad.WAD).
    @dev Debts and the borrow index round up, what lenders get rounds down.
    """
    pool: IMarginVault.Pool = self._load()
    elapsed: uint256 = block.timestamp - pool.time
    pool.time = block.timestamp
    if elapsed == 0 or pool.borrow == 0:
        return pool, 0

    cash: uint256 = self._total_cash(pool)
    debt: uint256 = self._total_debt(pool)
    rate: uint256 = staticcall governed._REGISTRY.borrow_rate(self._utilisation(pool))
    pool.borrow_index += wad._ceil_div(pool.borrow_index * rate * elapsed, wad.WAD)
    interest: uint256 = self._total_debt(pool) - debt
    lenders: uint256 = interest * min(cash, debt) // debt
    if pool.supply > 0:
        pool.supply_index += lenders * wad.RAY // pool.supply
    return pool, interest - lenders


@internal
@pure
def _total_cash(pool: IMarginVault.Pool) -> uint256:
    """
    @notice S, rounded down.
    """
    return pool.supply * pool.supply_index // wad.RAY


@internal
@pure
def _total_debt(pool: IMarginVault.Pool) -> uint256:
    """
    @notice D, rounded up.
    """
    return wad._ceil_div(pool.borrow * pool.borrow_index, wad.RAY)


@internal
@pure
def _utilisation(pool: IMarginVault.Pool) -> uint256:
    """
    @notice clamp(1 - T / S, 0, 1) in WAD, rounded up; 1 where there is debt and no cash.
    """
    cash: uint256 = self._total_cash(pool)
    if cash == 0:
        return wad.WAD if pool.borrow > 0 else 0
    free: uint256 = pool.tokens * wad.WAD // cash
    return wad.WAD - min(free, wad.WAD)


@internal
@pure
def _cash(pool: IMarginVault.Pool, scaled: int256) -> int256:
    """
    @notice What scaled cash is worth, rounded down (a debt up).
    """
    index: uint256 = pool.supply_index if scaled >= 0 else pool.borrow_index
    return wad._floor_div(scaled * convert(index, int256), wad.IRAY)


@internal
@pure
def _rescale(pool: IMarginVault.Pool, old: int256, cash: int256) -> (IMarginVault.Pool, int256):
    """
    @notice Scaled cash, rounded down (a debt up), and the pool with it instead of `old`.
    """
    index: uint256 = pool.supply_index if cash >= 0 else pool.borrow_index
    scaled: int256 = wad._floor_div(cash * wad.IRAY, convert(index, int256))
    updated: IMarginVault.Pool = pool
    updated.supply -= convert(max(old, 0), uint256)
    updated.supply += convert(max(scaled, 0), uint256)
    updated.borrow -= convert(max(-old, 0), uint256)
    updated.borrow += convert(max(-scaled, 0), uint256)
    return updated, scaled
