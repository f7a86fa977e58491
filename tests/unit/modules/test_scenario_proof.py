"""No lane carries into another: the sums of scenario words, proved and compared with the module.

A model of the module's arithmetic in bit vectors is proved to sum lanes exactly, by induction on
the number of words; the model computes what the module does; and where a bound is broken the
proof fails, as does the sum.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest
import z3

from tests.harness import Contract, Project, accounts

BITS = 256
HALF = 128
WORDS = 128
SIZE_BITS = 70  # a signed size: the sum of two int68
MOST_SIZE = 2**69 - 1
MOST = (2**16 - 1) * MOST_SIZE  # that one word adds to a lane
ONES = 2**HALF + 1
PAIR = 65_535 * ONES
STAMP = 65_535

SOURCE = """
# pragma version 0.4.3
from modules import scenario


@external
@pure
def add(sums: uint256[8], word: uint256, size: int256) -> uint256[8]:
    return scenario._add(sums, word, size)


@external
@pure
def total(words: DynArray[uint256, 128], sizes: DynArray[int256, 128]) -> uint256[8]:
    sums: uint256[8] = empty(uint256[8])
    for i: uint256 in range(len(words), bound=128):
        sums = scenario._add(sums, words[i], sizes[i])
    return sums


@external
@pure
def merge(sums: uint256[8], others: uint256[8]) -> uint256[8]:
    return scenario._merge(sums, others)


@external
@pure
def lanes(sums: uint256[8]) -> (uint256, int256[16]):
    return scenario._short(sums), scenario._values(sums, 2**64)


@external
@pure
def burn(count: uint256, word: uint256, size: int256) -> uint256[8]:
    sums: uint256[8] = empty(uint256[8])
    for _: uint256 in range(count, bound=128):
        sums = scenario._add(sums, word, size)
    return sums
"""


# -- the model: the module's expressions, of integers modulo 2**256 or of bit vectors --------------

Word = Any  # a Python integer, or a z3 bit vector of 256 bits


def shifted(word: Word, bits: int) -> Word:
    """Logical shift to the right."""
    return z3.LShR(word, bits) if z3.is_bv(word) else word >> bits


def stamped(word: Word, n: Word) -> Word:
    """The word with the sign of the size in place of its stamp."""
    return (word & (2**BITS - 1 - STAMP)) | shifted(n, BITS - 1)


def pair(word: Word, k: int) -> Word:
    return shifted(word, 16 * k) & PAIR


def added(total: Word, lanes: Word, n: Word) -> Word:
    """A running sum with one word more."""
    return total + lanes * n


def lower(total: z3.BitVecRef) -> z3.BitVecRef:
    return (total << HALF) >> HALF  # of bit vectors >> is arithmetic


def upper(total: z3.BitVecRef) -> z3.BitVecRef:
    return (total + 2 ** (HALF - 1)) >> HALF


# -- the proof -------------------------------------------------------------------------------------


def refuted(claim: z3.BoolRef, *given: z3.BoolRef) -> bool:
    """Whether there is a case in which all that is given holds, and the claim does not."""
    solver = z3.Solver()
    solver.set("timeout", 120_000)
    solver.add(*given, z3.Not(claim))
    answer = solver.check()
    assert answer != z3.unknown, "no answer in time"
    return answer == z3.sat


def within(x: z3.BitVecRef, bound: Any) -> z3.BoolRef:
    return z3.And(x <= bound, x >= -bound)


def lane_of(word: z3.BitVecRef, k: int) -> z3.BitVecRef:
    return z3.ZeroExt(BITS - 16, z3.Extract(16 * k + 15, 16 * k, word))


@pytest.mark.parametrize("k", range(8))
def test_a_pair_is_two_lanes(k: int) -> None:
    """Lane k + 8 above lane k; lane 0 is one for a short, else nothing."""
    word, n = z3.BitVecs("word n", BITS)
    low = lane_of(word, k) if k else z3.If(n < 0, z3.BitVecVal(1, BITS), z3.BitVecVal(0, BITS))
    high = lane_of(word, k + 8)
    assert not refuted(pair(stamped(word, n), k) == (high << HALF) + low)


def test_a_step_adds_to_each_half() -> None:
    """(H 2**128 + L) + (b 2**128 + a) n = (H + n b) 2**128 + (L + n a), modulo 2**256."""
    high, low, a, b, n = z3.BitVecs("high low a b n", BITS)
    shift = z3.BitVecVal(2**HALF, BITS)
    before, lanes = high * shift + low, b * shift + a
    assert not refuted(added(before, lanes, n) == (high + n * b) * shift + (low + n * a))


def test_a_product_is_exact_and_bounded() -> None:
    """A lane times a size fits 88 bits, so nothing of it is lost in 256; and it is at most MOST."""
    lane, size = z3.BitVec("lane", 16), z3.BitVec("size", SIZE_BITS)

    def product(bits: int) -> z3.BitVecRef:
        return z3.ZeroExt(bits - 16, lane) * z3.SignExt(bits - SIZE_BITS, size)

    assert not refuted(z3.SignExt(BITS - 88, product(88)) == product(BITS))
    assert not refuted(within(product(88), MOST), within(size, MOST_SIZE))


def test_sums_stay_bounded() -> None:
    """After i + 1 words a half is within (i + 1) MOST, if it was within i MOST after i."""
    half, product, i = z3.BitVecs("half product i", BITS)
    given = [z3.ULT(i, WORDS), within(half, i * MOST), within(product, MOST)]
    assert not refuted(within(half + product, (i + 1) * MOST), *given)


def decodes(bound: int) -> bool:
    """Whether halves within a bound are always told apart."""
    high, low = z3.BitVecs("high low", BITS)
    total = (high << HALF) + low
    claim = z3.And(lower(total) == low, upper(total) == high)
    return not refuted(claim, within(high, bound), within(low, bound))


def test_halves_are_told_apart() -> None:
    """With what shorts add to each, which is no more than a lane."""
    assert decodes(2 * WORDS * MOST)


def test_the_proof_fails_beyond_the_bound() -> None:
    """Of halves as large as 2**127, of products of larger sizes, of more words."""
    assert decodes(2 ** (HALF - 1) - 1)
    assert not decodes(2 ** (HALF - 1))

    lane, size = z3.BitVec("lane", 16), z3.BitVec("size", SIZE_BITS)
    product = z3.ZeroExt(88 - 16, lane) * z3.SignExt(88 - SIZE_BITS, size)
    assert refuted(within(product, MOST), within(size, MOST_SIZE + 1))

    half, other, i = z3.BitVecs("half other i", BITS)
    given = [z3.ULE(i, WORDS), within(half, i * MOST), within(other, MOST)]
    assert refuted(within(half + other, WORDS * MOST), *given)


# -- the module ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module(project: Project) -> Contract:
    return project.inline(SOURCE, "ScenarioModule").deploy(sender=accounts[0])


def modelled(sums: list[int], word: int, size: int) -> list[int]:
    """What the model makes of a word, in integers modulo 2**256."""
    n = size % 2**BITS
    lanes = stamped(word, n)
    return [added(sums[k], pair(lanes, k), n) % 2**BITS for k in range(8)]


def exact(words: list[int], sizes: list[int]) -> tuple[int, list[int]]:
    """Contracts that are short, and lanes, a short counting one unit more in each."""
    lanes = [0] * 16
    for word, n in zip(words, sizes, strict=True):
        for k in range(1, 16):
            lanes[k] += ((word >> 16 * k & 65_535) + (n < 0)) * n
    return sum(max(0, -n) for n in sizes), lanes


def drawn(seed: int) -> tuple[list[int], list[int]]:
    """Up to 128 words with sizes of all magnitudes."""
    source = random.Random(seed)
    count = source.randint(1, WORDS)
    words = [source.getrandbits(BITS) for _ in range(count)]
    sizes = [source.choice((-1, 1)) * source.getrandbits(source.randint(0, 69)) for _ in words]
    return words, sizes


@pytest.mark.parametrize("seed", range(50))
def test_the_model_is_the_module(module: Contract, seed: int) -> None:
    """Any sums, also such as never occur."""
    source = random.Random(seed)
    sums = [source.getrandbits(BITS) for _ in range(8)]
    word, size = source.getrandbits(BITS), source.randrange(-MOST_SIZE, MOST_SIZE + 1)
    assert list(module.add(sums, word, size)) == modelled(sums, word, size)
    others = [source.getrandbits(BITS) for _ in range(8)]
    merged = [(one + other) % 2**BITS for one, other in zip(sums, others, strict=True)]
    assert list(module.merge(sums, others)) == merged


@pytest.mark.parametrize("seed", range(50))
def test_lanes_are_exact(module: Contract, seed: int) -> None:
    words, sizes = drawn(seed)
    short, lanes = module.lanes(module.total(words, sizes))
    assert (short, list(lanes)) == exact(words, sizes)


@pytest.mark.parametrize("word", [0, 2**BITS - 1, PAIR << 48, 2**BITS - 1 - (PAIR << 48)])
@pytest.mark.parametrize(
    "size", [lambda i: 1, lambda i: -1, lambda i: 1 - 2 * (i % 2)], ids=["longs", "shorts", "both"]
)
def test_the_largest_sums_are_exact(
    module: Contract, word: int, size: Callable[[int], int]
) -> None:
    """128 words, as large as can be."""
    words, sizes = [word] * WORDS, [MOST_SIZE * size(i) for i in range(WORDS)]
    short, lanes = module.lanes(module.total(words, sizes))
    assert (short, list(lanes)) == exact(words, sizes)


@pytest.mark.parametrize("size", [2**111, -(2**111)])
def test_sums_beyond_the_bound_are_wrong(module: Contract, size: int) -> None:
    """What the bounds are for."""
    words, sizes = [2**BITS - 1] * 2, [size] * 2
    _, lanes = module.lanes(module.total(words, sizes))
    assert list(lanes) != exact(words, sizes)[1]


def test_gas_of_a_word(module: Contract) -> None:
    """What one word more costs."""

    def gas(count: int) -> int:
        receipt = module.burn.transact(count, 2**BITS - 1, -MOST_SIZE, sender=accounts[0])
        return int(receipt.execution_gas)

    assert (gas(128) - gas(64)) / 64 <= 650
