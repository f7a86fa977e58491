"""Units, and division that says which way it rounds.

Credits round down and debits round up, so that rounding can only leave dust in the vault.
Python's ``//`` is already the floor toward minus infinity.
"""

from math import isqrt

WAD = 10**18  # one unit of quote currency, or a ratio of one
RAY = 10**27  # an interest index of one
BPS = 10**4  # a ratio of one, in basis points
SIZE = 10**8  # one contract
YEAR = 365 * 86_400
MAX = 2**256 - 1


def ceil_div(a: int, b: int) -> int:
    """a / b rounded toward plus infinity, b > 0."""
    return -(-a // b)


def away_div(a: int, b: int) -> int:
    """a / b rounded away from zero, b > 0."""
    return a // b if a < 0 else ceil_div(a, b)


def toward_div(a: int, b: int) -> int:
    """a / b rounded toward zero, b > 0."""
    return ceil_div(a, b) if a < 0 else a // b


def ceil_sqrt(a: int) -> int:
    """The smallest integer whose square is at least a."""
    root = isqrt(a)
    return root if root * root == a else root + 1


def clamp(x: int, low: int, high: int) -> int:
    return max(low, min(x, high))


class Revert(Exception):
    """A refused action, with the reason that the contract gives."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise Revert(reason)
