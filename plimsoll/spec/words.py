"""Words: how instruments, positions and accounts are packed into 256 bits.

    instrument   underlying 16 | expiry 40 | strike 64 | 0 128 | kind 8
    position     underlying 16 | expiry 40 | strike 64 | calls int68 | puts int68
    account      cash int104 | basis int104 | collateral 32 | positions 8 | level 8

A position word describes itself: the word's upper 120 bits are its key, the same as the
instrument's, and the calls and puts of a strike share it. A linear instrument has strike 0 and its
size in the first field; a perpetual has expiry 0 too. Expiries are in seconds, strikes in 1e-8 of
quote, sizes in 1e-8 contracts. Instrument 0 is cash. Signed fields are in two's complement.
"""

from functools import lru_cache

from plimsoll.spec.wad import require

CASH, PERPETUAL, FUTURE, CALL, PUT = range(5)  # kinds

POSITION = 0
UNDERLYING = 1
PORTFOLIO = 2

MAX_POSITIONS = 128
MAX_COLLATERALS = 16

KEY_SHIFT = 136
STRIKE_UNIT = 10**10  # WAD: strikes have 8 decimals
SIZE_LIMIT = 2**67 - 1
CASH_LIMIT = 2**103 - 1


def _signed(field: int, bits: int) -> int:
    return field - (1 << bits) if field >> (bits - 1) else field


def account_id(owner: int, number: int) -> int:
    """owner address << 96 | sub-account number."""
    return owner << 96 | number


def owner_of(account: int) -> int:
    return account >> 96


def perpetual(underlying: int) -> int:
    """The instrument of an underlying's perpetual."""
    return underlying << 240 | PERPETUAL


def future(underlying: int, expiry: int) -> int:
    return underlying << 240 | expiry << 200 | FUTURE


def call(underlying: int, expiry: int, strike: int) -> int:
    """A European call; its strike in 1e-8 of quote."""
    return underlying << 240 | expiry << 200 | strike << KEY_SHIFT | CALL


def put(underlying: int, expiry: int, strike: int) -> int:
    """A European put; its strike in 1e-8 of quote."""
    return underlying << 240 | expiry << 200 | strike << KEY_SHIFT | PUT


def kind_of(instrument: int) -> int:
    """With all that must be 0 beside it, so that what has something there is of no kind."""
    return instrument & ((1 << KEY_SHIFT) - 1)


def is_canonical(instrument: int) -> bool:
    """Whether an instrument is the one word of something that can be traded."""
    terms = bool(expiry_of(instrument)), bool(strike_of(instrument))
    return {
        PERPETUAL: (False, False),
        FUTURE: (True, False),
        CALL: (True, True),
        PUT: (True, True),
    }.get(kind_of(instrument)) == terms


def key_of(instrument: int) -> int:
    """The upper 120 bits, which an instrument shares with its position word."""
    return instrument >> KEY_SHIFT


def underlying_of(word: int) -> int:
    """Of a position word or an instrument."""
    return word >> 240


def expiry_of(word: int) -> int:
    """Of a position word or an instrument, in seconds; 0: it has none."""
    return word >> 200 & (2**40 - 1)


def strike_of(word: int) -> int:
    """Of a position word or an instrument, in 1e-8 of quote; 0: it is linear."""
    return word >> KEY_SHIFT & (2**64 - 1)


def is_option(word: int) -> bool:
    """Of a position word or an instrument."""
    return strike_of(word) != 0


def pack_position(key: int, calls: int, puts: int = 0) -> int:
    """The size of a linear instrument stands in the place of calls."""
    for size in (calls, puts):
        require(-SIZE_LIMIT <= size <= SIZE_LIMIT, "vault: size too large")
    return key << KEY_SHIFT | (calls % 2**68) << 68 | puts % 2**68


@lru_cache(4096)
def sizes_of(word: int) -> tuple[int, int]:
    """Signed sizes of a strike's (calls, puts), in 1e-8 contracts."""
    return _signed(word >> 68 & (2**68 - 1), 68), _signed(word & (2**68 - 1), 68)


def size_of(word: int) -> int:
    """Signed size of a linear position word, in 1e-8 contracts."""
    return sizes_of(word)[0]


def pack_account(cash: int, basis: int, collateral: int, positions: int, level: int) -> int:
    """Cash is scaled by its interest index; collateral is a bitmap of asset ids."""
    for amount in (cash, basis):
        require(-CASH_LIMIT <= amount <= CASH_LIMIT, "vault: amount too large")
    return (
        (cash % 2**104) << 152 | (basis % 2**104) << 48 | collateral << 16 | positions << 8 | level
    )


def unpack_account(word: int) -> tuple[int, int, int, int, int]:
    """(cash, basis, collateral, positions, level)"""
    return (
        _signed(word >> 152, 104),
        _signed(word >> 48 & (2**104 - 1), 104),
        word >> 16 & (2**32 - 1),
        word >> 8 & 255,
        word & 255,
    )
