# pragma version 0.4.3
"""
@title Scenario words
@notice Sums the values of many options in 15 scenarios at once. A scenario word tells what one
        call of a strike is worth, in 16 lanes of 16 bits, lane k at bits 16k:

            | 15 .. 11 up | 10 .. 4 down | 3 .. 1 now | 0 stamp |

        in units of S0 / 2**15 or more, rounded down. A position of n contracts (n = calls + puts;
        what a put is beside a call is a forward) is worth n times its word, lane by lane. For a
        short each lane is one more, so that values round against the account: of a sum that is
        what lane 0 adds, where the shorts are counted in place of the stamps. As in
        plimsoll.spec.scan.
@dev One multiplication by the signed size serves two lanes:

         (word >> 16k) & PAIR       | 0 .. 0 lane k + 8 | 0 .. 0 lane k |       k = 0 .. 7
                                    255                 127             0

     A running sum is H * 2**128 + L modulo 2**256, where H and L are the exact, signed sums of
     its two lanes. Proof, by induction on the words that are added:
     - 0 is the sum of none.
     - A pair is b * 2**128 + a, its two lanes. Times n, and added to H * 2**128 + L, it makes
       (H + n * b) * 2**128 + (L + n * a) modulo 2**256, for negative n too, as two's complement
       is that arithmetic.
     - A lane is below 2**16, a size below 2**69 (it is the sum of two int68), so after at most
       128 words |H| and |L| are below 2**(16 + 69 + 7) = 2**92.
     - Within +-2**127 one L alone fits the lower half; and what is left without it is H. So no
       half ever carries into what the other one tells.
     The same is proved by a solver in tests/unit/modules/test_scenario_proof.py.
"""

PAIR: constant(uint256) = 65_535 * (2**128 + 1)
STAMP: constant(uint256) = 65_535
LANE: constant(uint256) = 65_535
HALF: constant(uint256) = 2**127


@internal
@pure
def _add(sums: uint256[8], word: uint256, size: int256) -> uint256[8]:
    """
    @notice The sums with `size` contracts of a strike more.
    @param sums Of at most 127 words so far; all 0 to begin with.
    @param word Scenario word of the strike.
    @param size Calls plus puts, in 1e-8 contracts, |size| < 2**69.
    """
    # unsafe: modulo 2**256 on purpose, see above
    n: uint256 = convert(convert(size, bytes32), uint256)
    lanes: uint256 = (word & ~STAMP) | (n >> 255)
    return [
        unsafe_add(sums[0], unsafe_mul(lanes & PAIR, n)),
        unsafe_add(sums[1], unsafe_mul((lanes >> 16) & PAIR, n)),
        unsafe_add(sums[2], unsafe_mul((lanes >> 32) & PAIR, n)),
        unsafe_add(sums[3], unsafe_mul((lanes >> 48) & PAIR, n)),
        unsafe_add(sums[4], unsafe_mul((lanes >> 64) & PAIR, n)),
        unsafe_add(sums[5], unsafe_mul((lanes >> 80) & PAIR, n)),
        unsafe_add(sums[6], unsafe_mul((lanes >> 96) & PAIR, n)),
        unsafe_add(sums[7], unsafe_mul((lanes >> 112) & PAIR, n)),
    ]


@internal
@pure
def _merge(sums: uint256[8], others: uint256[8]) -> uint256[8]:
    """
    @notice The sums of the words of both, together at most 128.
    """
    # unsafe: modulo 2**256 on purpose, see above
    return [
        unsafe_add(sums[0], others[0]),
        unsafe_add(sums[1], others[1]),
        unsafe_add(sums[2], others[2]),
        unsafe_add(sums[3], others[3]),
        unsafe_add(sums[4], others[4]),
        unsafe_add(sums[5], others[5]),
        unsafe_add(sums[6], others[6]),
        unsafe_add(sums[7], others[7]),
    ]


@internal
@pure
def _short(sums: uint256[8]) -> uint256:
    """
    @notice Contracts that are short, 1e-8: the sum of max(0, -size).
    """
    # unsafe: far below 2**255
    short: int256 = unsafe_sub(0, convert(convert(sums[0] << 128, bytes32), int256) >> 128)
    return convert(short, uint256)


@internal
@pure
def _values(sums: uint256[8], unit: int256) -> int256[16]:
    """
    @notice What the sum of each lane k = 1 .. 15 is worth, rounded down; the first is no lane.
    @param unit What a lane's unit of 1e-8 contracts is worth, times 2**64; below 2**128.
    """
    net: uint256[8] = sums
    short: uint256 = self._short(sums)
    if short != 0:  # which adds to every lane
        both: uint256 = unsafe_mul(unsafe_sub(0, short), 2**128 + 1)
        net = self._merge(sums, [both, both, both, both, both, both, both, both])
    # unsafe: lanes are at most 2**92; shifted up to the sign bit, then down with it. What a
    # negative lower half has borrowed is given back to the upper one
    return [
        0,
        unsafe_mul(convert(convert(net[1] << 128, bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(net[2] << 128, bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(net[3] << 128, bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(net[4] << 128, bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(net[5] << 128, bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(net[6] << 128, bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(net[7] << 128, bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(unsafe_add(net[0], HALF), bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(unsafe_add(net[1], HALF), bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(unsafe_add(net[2], HALF), bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(unsafe_add(net[3], HALF), bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(unsafe_add(net[4], HALF), bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(unsafe_add(net[5], HALF), bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(unsafe_add(net[6], HALF), bytes32), int256) >> 128, unit) >> 64,
        unsafe_mul(convert(convert(unsafe_add(net[7], HALF), bytes32), int256) >> 128, unit) >> 64,
    ]


@internal
@pure
def _lane(word: uint256, k: uint256) -> int256:
    """
    @notice Lane k of a word.
    """
    return convert((word >> unsafe_mul(16, k)) & LANE, int256)
