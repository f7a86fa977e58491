"""haircut, scan and factor: each function as in the specification, to the wei."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.spec import haircut
from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.margin import LARGEST, Factors, notional_of, value_of
from plimsoll.spec.market import MAX_PRICE
from plimsoll.spec.scan import (
    STRAIGHT,
    Netting,
    Profile,
    UnderlyingParams,
    depth_charge,
    extreme_loss,
    scan_loss,
)
from plimsoll.spec.wad import BPS
from plimsoll.spec.words import SIZE_LIMIT
from tests.harness import Contract, Project, accounts
from tests.unit.spec.strategies import (
    asset_params,
    factors,
    magnitudes,
    many,
    signed,
    underlying_params,
)

SOURCE = """
# pragma version 0.4.3
from interfaces import IMarginEngine
from interfaces import IVolSurface
from modules import factor
from modules import haircut
from modules import scan


@external
@pure
def asset_word(params: IMarginEngine.AssetParams) -> (uint256, IMarginEngine.AssetParams):
    word: uint256 = haircut._pack(params)
    assert haircut._underlying(word) == params.underlying
    return word, haircut._unpack(word)


@external
@pure
def cut(
    params: IMarginEngine.AssetParams, worth: uint256, netted: bool
) -> (uint256[4], uint256):
    return haircut._bands(params, worth), haircut._haircut(params, worth, netted)


@external
@pure
def concentration(
    params: IMarginEngine.AssetParams, worth: uint256, total: uint256, room: uint256
) -> uint256:
    return haircut._concentration(params, worth, total, room)


@external
@pure
def worth(amount: uint256, price: uint256, decimals: uint256) -> uint256:
    return haircut._value(amount, price, decimals)


@external
@pure
def underlying_word(
    params: IMarginEngine.UnderlyingParams, assets: uint256, factors: uint256
) -> (uint256, IMarginEngine.UnderlyingParams, uint256, uint256):
    word: uint256 = scan._with_factors(scan._pack(params, assets), factors)
    return word, scan._unpack(word), scan._assets(word), scan._factors(word)


@external
@pure
def notional(size: int256, mark: uint256) -> int256:
    return scan._notional(size, mark)


@external
@pure
def divergence(net: int256, index: uint256, stable: uint256) -> uint256:
    return scan._divergence(net, index, stable)


@external
@pure
def factors_word(factors: IMarginEngine.Factors) -> (uint256, IMarginEngine.Factors):
    word: uint256 = factor._pack(factors)
    return word, factor._unpack(word)


@external
@pure
def requirement(
    params: DynArray[IMarginEngine.UnderlyingParams, 63],
    lines: DynArray[int256, 63],
    least: uint256,
) -> (uint256, uint256[4], uint256):
    netting: factor.Netting = empty(factor.Netting)
    for i: uint256 in range(len(params), bound=63):
        part: IVolSurface.Measure = empty(IVolSurface.Measure)
        part.profile.line = lines[i]
        loss: scan.Loss = scan._loss(
            part.profile, params[i].scan_range, empty(scan.Hollow), 0
        )
        part.extreme = loss.deepest
        netting = factor._add(netting, params[i], part, convert(part.extreme, uint256))
    return factor._requirement(netting, least), factor._terms(netting, least), netting.total


@external
@pure
def losses(line: int256, scan_range: uint256) -> (int256, int256, int256):
    profile: IVolSurface.Profile = empty(IVolSurface.Profile)
    profile.line = line
    loss: scan.Loss = scan._loss(profile, scan_range, empty(scan.Hollow), 0)
    moves: int256[4] = scan._extreme_moves(scan_range)
    return loss.plain, loss.deepest, scan._extreme_loss(profile, moves, empty(int256[4]))


@external
@pure
def depth(
    params: IMarginEngine.UnderlyingParams, index: uint256, exposure: uint256
) -> uint256:
    return scan._depth(params, index, exposure)
"""
UINT112 = 2**112 - 1

prices = magnitudes(1, MAX_PRICE)
values = magnitudes(0, LARGEST)


@pytest.fixture(scope="module")
def risk(project: Project) -> Contract:
    return project.inline(SOURCE, "RiskModules").deploy(sender=accounts[0])


# -- words ---------------------------------------------------------------------------------------


@many
@given(asset_params(63, 1_000))
def test_asset_word(risk: Contract, params: AssetParams) -> None:
    word, unpacked = risk.asset_word(params)
    assert 0 < word < 2**232
    assert AssetParams(*(tuple(x) if isinstance(x, list) else x for x in unpacked)) == params


@many
@given(underlying_params(), st.integers(0, 2**32 - 1), st.integers(0, 2**48 - 1))
def test_underlying_word(
    risk: Contract, params: UnderlyingParams, assets: int, factors: int
) -> None:
    word, unpacked, *others = risk.underlying_word(params, assets, factors)
    assert 0 < word < 2**208
    assert UnderlyingParams(*unpacked) == params
    assert others == [assets, factors]


@many
@given(factors())
def test_factors_word(risk: Contract, params: Factors) -> None:
    word, unpacked = risk.factors_word(params)
    assert 0 < word < 2**48
    assert Factors(*unpacked) == params


# -- haircut -------------------------------------------------------------------------------------


@many
@given(asset_params(1, 1_000), values, st.booleans())
def test_haircut(risk: Contract, params: AssetParams, value: int, netted: bool) -> None:
    """At each limit too."""
    edges = [limit * haircut.TIER_UNIT for limit in params.limits]
    for at in (value, *edges, *(edge + 1 for edge in edges)):
        bands, cut = risk.cut(params, at, netted)
        assert list(bands) == haircut.bands(params, at)
        assert cut == haircut.haircut(params, at, netted)


@many
@given(asset_params(1, 1_000), values, magnitudes(0, UINT112), values)
def test_concentration(
    risk: Contract, params: AssetParams, value: int, total: int, room: int
) -> None:
    expected = haircut.concentration(params, value, total, room)
    assert risk.concentration(params, value, total, room) == expected


@many
@given(magnitudes(0, UINT112), prices, st.integers(0, 18))
def test_value(risk: Contract, amount: int, price: int, decimals: int) -> None:
    assert risk.worth(amount, price, decimals) == value_of(amount, price, decimals)


# -- scan ----------------------------------------------------------------------------------------


@many
@given(signed(magnitudes(1, SIZE_LIMIT)), prices)
def test_notional(risk: Contract, size: int, mark: int) -> None:
    assert risk.notional(size, mark) == notional_of(size, mark)


@many
@given(signed(magnitudes(0, 144 * LARGEST)), underlying_params())
def test_line(risk: Contract, line: int, params: UnderlyingParams) -> None:
    """A line loses the most at an end of the range, and no more at the extremes."""
    profile = Profile(STRAIGHT, None, line)
    expected = scan_loss(profile, params.scan_range)
    extreme = extreme_loss(profile, params.scan_range, (0,) * 4)
    assert risk.losses(line, params.scan_range) == (*expected, extreme)
    assert expected == (extreme, extreme)


@many
@given(underlying_params(), prices, magnitudes(0, 2**130))
def test_depth(risk: Contract, params: UnderlyingParams, index: int, exposure: int) -> None:
    assert risk.depth(params, index, exposure) == depth_charge(params, index, exposure)


@many
@given(signed(magnitudes(0, 144 * LARGEST)), prices, prices)
def test_divergence(risk: Contract, net: int, index: int, stable: int) -> None:
    """Rounded up, and never below 0."""
    charge = risk.divergence(net, index, stable)
    gap = net * (index - stable)
    assert (charge == 0) if gap <= 0 else ((charge - 1) * index < gap <= charge * index)


# -- factor --------------------------------------------------------------------------------------


def netting_of(parts: list[tuple[UnderlyingParams, int]]) -> Netting:
    """Of lines."""
    netting = Netting()
    for params, line in parts:
        profile = Profile(STRAIGHT, None, line)
        loss = scan_loss(profile, params.scan_range)[1]
        netting.add(params, profile, loss, loss)
    return netting


def told(
    risk: Contract, parts: list[tuple[UnderlyingParams, int]], floor: int
) -> tuple[int, tuple[int, ...], int]:
    params, lines = [params for params, _ in parts], [line for _, line in parts]
    required, terms, total = risk.requirement(params, lines, floor)
    return required, tuple(terms), total


@many
@given(
    st.lists(st.tuples(underlying_params(), signed(magnitudes(0, 144 * LARGEST))), max_size=12),
    st.integers(500, BPS),
)
def test_requirement(risk: Contract, parts: list[tuple[UnderlyingParams, int]], floor: int) -> None:
    netting = netting_of(parts)
    assert told(risk, parts, floor) == (
        netting.requirement(floor),
        netting.terms(floor),
        netting.total,
    )


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("beta", [0, 7_071, BPS])
def test_largest_requirement(risk: Contract, side: int, beta: int) -> None:
    """As many as can be, as large as can be, on one side and against each other."""
    params = UnderlyingParams(4_000, beta, 500, 1)
    parts = [(params, 144 * LARGEST * (side if i % 2 else 1)) for i in range(63)]
    assert told(risk, parts, 2_000)[0] == netting_of(parts).requirement(2_000)


@pytest.mark.parametrize(
    ("parts", "terms"),
    [
        # one underlying: its loss, however it loads (on the grid of angles: 0.6 is 53 degrees)
        ([(BPS, 100)], (100, 100, 100, 20)),
        ([(0, -100)], (100, 100, 100, 20)),
        # fully correlated, and hedged: 300 - 100; only what is never netted is left
        ([(BPS, 300), (BPS, -100)], (200, 200, 317, 80)),
        # loading against each other: one side is the other's hedge, and both fall together
        ([(BPS, 300), (-BPS, -100)], (400, 200, 317, 80)),
        # independent: 5, 12, 13
        ([(0, 500), (0, 1_200)], (1_300, 1_700, 1_300, 340)),
        # ten small ones against each other: independence (and a wei of rounding for each pair)
        ([(0, 30), (0, -30)] * 5, (95, 5, 95, 60)),
    ],
)
def test_terms(risk: Contract, parts: list[tuple[int, int]], terms: tuple[int, ...]) -> None:
    """Factor, comove, apart and floor of losses within a tenth, worked out by hand."""
    lines = [(UnderlyingParams(BPS // 10, beta, 0, 1), 10 * loss) for beta, loss in parts]
    required, found, total = told(risk, lines, 2_000)
    assert found == terms
    assert required == (total if len(parts) == 1 else max(terms))
