# pragma version 0.4.3
"""
@title Account words
@notice Packs what the vault knows of an account, but for its positions and collateral amounts:

            | cash int104 | basis int104 | collateral 32 | positions 8 | level 8 |
            255         152             48              16             8         0

        cash is scaled by an interest index, basis is in WAD, collateral is a bitmap of asset
        ids, positions their number, level the netting level; as in plimsoll.spec.words.
"""


struct Fields:
    cash: int256
    basis: int256
    collateral: uint256
    positions: uint256
    level: uint256


LIMIT: constant(int256) = 2**103 - 1  # 10**13 of quote
FIELD: constant(uint256) = 2**104 - 1


@internal
@pure
def _pack(fields: Fields) -> uint256:
    """
    @notice The caller vouches for collateral < 2**32, positions < 2**8 and level < 2**8.
    """
    assert max(abs(fields.cash), abs(fields.basis)) <= LIMIT, "vault: amount too large"
    return (
        (convert(convert(fields.cash, bytes32), uint256) << 152)
        | ((convert(convert(fields.basis, bytes32), uint256) & FIELD) << 48)
        | (fields.collateral << 16)
        | (fields.positions << 8)
        | fields.level
    )


@internal
@pure
def _unpack(word: uint256) -> Fields:
    return Fields(
        cash=self._cash(word),
        # shifted up to the sign bit, then down with it
        basis=convert(convert(word << 104, bytes32), int256) >> 152,
        collateral=(word >> 16) & (2**32 - 1),
        positions=(word >> 8) & 255,
        level=word & 255,
    )


@internal
@pure
def _cash(word: uint256) -> int256:
    return convert(convert(word, bytes32), int256) >> 152


@internal
@pure
def _positions(word: uint256) -> uint256:
    return (word >> 8) & 255
