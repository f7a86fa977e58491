# pragma version 0.4.3
"""
@title Units, and division that says which way it rounds
@notice Credits round down and debits round up, so that rounding can only leave dust in the vault.
@dev Denominators are positive: 0 reverts, and no caller passes a negative one. Vyper's own `//`
     and `%` round toward zero (the remainder has the sign of the dividend), so a plain `//` is
     what rounds toward zero. Nothing here overflows: a quotient is no larger than its dividend,
     and it is corrected by one only where the division left a remainder, hence b > 1.
"""

WAD: constant(uint256) = 10**18  # one unit of quote currency, or a ratio of one
RAY: constant(uint256) = 10**27  # an interest index of one
BPS: constant(uint256) = 10**4  # a ratio of one, in basis points
SIZE: constant(uint256) = 10**8  # one contract
YEAR: constant(uint256) = 365 * 86_400

# the same, signed
IWAD: constant(int256) = 10**18
IRAY: constant(int256) = 10**27
IBPS: constant(int256) = 10**4
ISIZE: constant(int256) = 10**8


@internal
@pure
def _floor_div(a: int256, b: int256) -> int256:
    """
    @notice a / b rounded toward minus infinity, b > 0.
    """
    quotient: int256 = a // b  # rounded toward zero
    # unsafe: the product is no further from 0 than a
    return unsafe_sub(quotient, convert(unsafe_mul(quotient, b) > a, int256))


@internal
@pure
def _ceil_div(a: uint256, b: uint256) -> uint256:
    """
    @notice a / b rounded up.
    """
    quotient: uint256 = a // b
    # unsafe: the product is at most a
    return unsafe_add(quotient, convert(unsafe_mul(quotient, b) != a, uint256))


@internal
@pure
def _ceil_div_signed(a: int256, b: int256) -> int256:
    """
    @notice a / b rounded toward plus infinity, b > 0.
    """
    quotient: int256 = a // b  # rounded toward zero
    # unsafe: the product is no further from 0 than a
    return unsafe_add(quotient, convert(unsafe_mul(quotient, b) < a, int256))


@internal
@pure
def _ceil_sqrt(a: uint256) -> uint256:
    """
    @notice The smallest integer whose square is at least a.
    """
    root: uint256 = isqrt(a)
    # unsafe: root < 2**128 and root**2 <= a
    return unsafe_add(root, convert(unsafe_mul(root, root) != a, uint256))
