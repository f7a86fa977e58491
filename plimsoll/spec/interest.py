"""Interest: debts pay a utilisation-kinked rate to positive cash.

Cash is stored scaled: positive cash by the supply index, debt by the borrow index. Between two
accruals interest is simple. What lenders cannot be due (debts can exceed positive cash while
unsettled profits stand in basis) goes to insurance.
"""

from dataclasses import dataclass, replace

from plimsoll.spec.wad import BPS, RAY, WAD, YEAR, ceil_div, clamp


@dataclass(frozen=True)
class Rates:
    """Borrow rate per year in basis points: at no, at kink and at full utilisation."""

    base: int
    kink_rate: int
    full_rate: int
    kink: int  # utilisation in basis points, 0 < kink < BPS


@dataclass(frozen=True)
class Pool:
    """The quote side of the ledger; supply and borrow are scaled, tokens is in WAD."""

    supply: int = 0
    borrow: int = 0
    supply_index: int = RAY
    borrow_index: int = RAY
    tokens: int = 0
    basis: int = 0  # sum over accounts, and payoffs of what is over and not settled yet
    time: int = 0

    @property
    def cash(self) -> int:
        """S: positive cash, rounded down."""
        return self.supply * self.supply_index // RAY

    @property
    def debt(self) -> int:
        """D: debts, rounded up."""
        return ceil_div(self.borrow * self.borrow_index, RAY)

    @property
    def surplus(self) -> int:
        """The law of the ledger: never negative, and no more than rounding dust."""
        return self.tokens - (self.cash - self.debt + self.basis)


def utilisation(cash: int, debt: int, tokens: int) -> int:
    """clamp(1 - T/S, 0, 1) in WAD, rounded up; 1 if there is debt and no positive cash."""
    if cash == 0:
        return WAD if debt > 0 else 0
    return clamp(WAD - tokens * WAD // cash, 0, WAD)


def rate_per_second(rates: Rates, used: int) -> int:
    """Borrow rate in WAD per second at a utilisation in WAD, rounded down."""
    kink = rates.kink * WAD // BPS
    if used <= kink:
        yearly = rates.base * WAD + (rates.kink_rate - rates.base) * WAD * used // kink
    else:
        slope = (rates.full_rate - rates.kink_rate) * WAD
        yearly = rates.kink_rate * WAD + slope * (used - kink) // (WAD - kink)
    return yearly // (BPS * YEAR)


def accrue(pool: Pool, rates: Rates, now: int) -> tuple[Pool, int]:
    """The pool as of now, and what of the interest is insurance's."""
    elapsed = now - pool.time
    if elapsed == 0 or pool.borrow == 0:
        return replace(pool, time=now), 0
    cash, debt = pool.cash, pool.debt
    rate = rate_per_second(rates, utilisation(cash, debt, pool.tokens))
    borrow_index = pool.borrow_index + ceil_div(pool.borrow_index * rate * elapsed, WAD)
    interest = ceil_div(pool.borrow * borrow_index, RAY) - debt
    lenders = interest * min(cash, debt) // debt
    supply_index = pool.supply_index
    if pool.supply > 0:
        supply_index += lenders * RAY // pool.supply
    grown = replace(pool, supply_index=supply_index, borrow_index=borrow_index, time=now)
    return grown, interest - lenders


def cash_of(pool: Pool, scaled: int) -> int:
    """What scaled cash is worth, rounded down (a debt up)."""
    index = pool.supply_index if scaled >= 0 else pool.borrow_index
    return scaled * index // RAY


def rescale(pool: Pool, old: int, cash: int) -> tuple[Pool, int]:
    """Scaled cash, rounded down (a debt up), and the pool with it instead of `old`."""
    index = pool.supply_index if cash >= 0 else pool.borrow_index
    scaled = cash * RAY // index
    supply = pool.supply - max(old, 0) + max(scaled, 0)
    borrow = pool.borrow - max(-old, 0) + max(-scaled, 0)
    return replace(pool, supply=supply, borrow=borrow), scaled
