# pragma version 0.4.3
"""
@title Instruments and position words
@notice What is traded, and how what is held of it is packed:

            instrument | underlying 16 | expiry 40 | strike 64 | 0 128         | kind 8 |
            position   | underlying 16 | expiry 40 | strike 64 | calls int68 | puts int68 |
                       255             240         200         136           68           0

        A position word describes itself: its upper 120 bits are its key, the same as the
        instrument's. A linear instrument has strike 0 and its size in the first field, a
        perpetual has expiry 0 too. Sizes are in 1e-8 contracts, in two's complement; as in
        plimsoll.spec.words.
"""

PERPETUAL: constant(uint256) = 1  # kind
KEY_SHIFT: constant(uint256) = 136
SIZE_SHIFT: constant(uint256) = 68
SIZE_FIELD: constant(uint256) = 2**68 - 1
SIZE_LIMIT: constant(int256) = 2**67 - 1


@internal
@pure
def _underlying(word: uint256) -> uint256:
    """
    @notice Underlying of an instrument or of a position word.
    """
    return word >> 240


@internal
@pure
def _is_perpetual(instrument: uint256) -> bool:
    """
    @notice Whether an instrument is the one canonical word of its underlying's perpetual.
    """
    return instrument & (2**240 - 1) == PERPETUAL


@internal
@pure
def _key(word: uint256) -> uint256:
    """
    @notice Key of an instrument or of a position word.
    """
    return word >> KEY_SHIFT


@internal
@pure
def _pack(key: uint256, size: int256) -> uint256:
    """
    @notice Position word of a linear instrument.
    """
    assert abs(size) <= SIZE_LIMIT, "vault: size too large"
    field: uint256 = convert(convert(size, bytes32), uint256) & SIZE_FIELD
    return (key << KEY_SHIFT) | (field << SIZE_SHIFT)


@internal
@pure
def _size(word: uint256) -> int256:
    """
    @notice Signed size of a linear position word.
    """
    # shifted up to the sign bit, then down with it
    return convert(convert(word << 120, bytes32), int256) >> 188
