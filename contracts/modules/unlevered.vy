# pragma version 0.4.3
"""
@title Unlevered accounts
@notice Which accounts need no margin, and so no price either: they owe nothing and can lose no more
        than they have, whatever happens. As in plimsoll.spec.margin.
"""

from interfaces import IMarginEngine
from modules import instrument


@internal
@pure
def _is_unlevered(book: IMarginEngine.Book) -> bool:
    """
    @notice Whether an account owes nothing and has, beside cash, either nothing but collateral or
        nothing but options that are long.
    """
    if book.cash + book.basis < 0:
        return False
    if len(book.positions) == 0:
        return True
    for holding: IMarginEngine.Holding in book.collateral:
        if holding.amount > 0:
            return False
    for position: uint256 in book.positions:
        if instrument._strike(position) == 0 or position & instrument.SHORT != 0:
            return False
    return True
