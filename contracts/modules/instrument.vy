# pragma version 0.4.3
"""
@title Instruments and position words
@notice What is traded, and how what is held of it is packed:

            instrument | underlying 16 | expiry 40 | strike 64 | 0 128         | kind 8 |
            position   | underlying 16 | expiry 40 | strike 64 | calls int68 | puts int68 |
                       255             240         200         136           68           0

        A position word describes itself: its upper 120 bits are its key, the same as the
        instrument's, and the calls and puts of a strike share it. A linear instrument has strike 0
        and its size in the first field, a perpetual has expiry 0 too. Expiries are in seconds,
        strikes in 1e-8 of quote, sizes in 1e-8 contracts, in two's complement; as in
        plimsoll.spec.words.
"""

# kinds
PERPETUAL: constant(uint256) = 1
FUTURE: constant(uint256) = 2
CALL: constant(uint256) = 3
PUT: constant(uint256) = 4

KEY_SHIFT: constant(uint256) = 136
SIZE_SHIFT: constant(uint256) = 68
SIZE_FIELD: constant(uint256) = 2**68 - 1
SIZE_LIMIT: constant(int256) = 2**67 - 1
STRIKE_UNIT: constant(uint256) = 10**10  # WAD
SHORT: constant(uint256) = 2**135 + 2**67  # signs of a position's calls and puts


@internal
@pure
def _underlying(word: uint256) -> uint256:
    """
    @notice Underlying of an instrument or of a position word.
    """
    return word >> 240


@internal
@pure
def _expiry(word: uint256) -> uint256:
    """
    @notice Expiry of an instrument or of a position word, 0: it has none.
    """
    return (word >> 200) & (2**40 - 1)


@internal
@pure
def _strike(word: uint256) -> uint256:
    """
    @notice Strike of an instrument or of a position word, 1e-8 of quote, 0: it is linear.
    """
    return (word >> KEY_SHIFT) & (2**64 - 1)


@internal
@pure
def _kind(instrument: uint256) -> uint256:
    """
    @notice Kind of an instrument, with all that must be 0 beside it, so that what has something
        there is of no kind.
    """
    return instrument & (2**KEY_SHIFT - 1)


@internal
@pure
def _is_canonical(instrument: uint256) -> bool:
    """
    @notice Whether an instrument is the one word of something that can be traded.
    """
    kind: uint256 = self._kind(instrument)
    if kind == PERPETUAL:
        return instrument & (2**240 - 1) == PERPETUAL
    dated: bool = self._expiry(instrument) != 0
    if self._strike(instrument) == 0:
        return dated and kind == FUTURE
    return dated and kind in [CALL, PUT]


@internal
@pure
def _key(word: uint256) -> uint256:
    """
    @notice Key of an instrument or of a position word.
    """
    return word >> KEY_SHIFT


@internal
@pure
def _pack(key: uint256, calls: int256, puts: int256) -> uint256:
    """
    @notice Position word of a strike, or of a linear instrument: then `calls` is its size.
    """
    assert max(abs(calls), abs(puts)) <= SIZE_LIMIT, "vault: size too large"
    return (
        (key << KEY_SHIFT)
        | ((convert(convert(calls, bytes32), uint256) & SIZE_FIELD) << SIZE_SHIFT)
        | (convert(convert(puts, bytes32), uint256) & SIZE_FIELD)
    )


@internal
@pure
def _sizes(word: uint256) -> (int256, int256):
    """
    @return Signed sizes of a strike's calls and puts.
    """
    # shifted up to the sign bit, then down with it
    return self._size(word), convert(convert(word << 188, bytes32), int256) >> 188


@internal
@pure
def _size(word: uint256) -> int256:
    """
    @notice Signed size of a linear position word.
    """
    # shifted up to the sign bit, then down with it
    return convert(convert(word << 120, bytes32), int256) >> 188


@internal
@pure
def _held(word: uint256, instrument: uint256) -> int256:
    """
    @notice Signed size of an instrument in the position word of its key.
    """
    field: uint256 = 188 if self._kind(instrument) == PUT else 120
    return convert(convert(word << field, bytes32), int256) >> 188


@internal
@pure
def _is_flat(word: uint256) -> bool:
    """
    @notice Whether a position word has no size.
    """
    return word << 120 == 0
