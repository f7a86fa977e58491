"""haircut, scan and factor: each function as in the specification, to the wei."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.spec import haircut
from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.margin import (
    LARGEST,
    Factors,
    Risk,
    UnderlyingParams,
    aggregate,
    charges,
    notional_of,
    value_of,
)
from plimsoll.spec.market import MAX_PRICE
from plimsoll.spec.wad import BPS
from plimsoll.spec.words import PORTFOLIO, SIZE_LIMIT
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
    params: IMarginEngine.UnderlyingParams, assets: uint256
) -> (uint256, IMarginEngine.UnderlyingParams, uint256):
    word: uint256 = scan._pack(params, assets)
    return word, scan._unpack(word), scan._assets(word)


@external
@pure
def notional(size: int256, mark: uint256) -> int256:
    return scan._notional(size, mark)


@external
@pure
def charges(
    level: uint256, params: IMarginEngine.UnderlyingParams, index: uint256, risk: scan.Risk
) -> (int256, uint256, uint256):
    return scan._charges(level, params, index, risk)


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
    betas: DynArray[int256, 144], losses: DynArray[int256, 144], least: uint256
) -> (uint256, uint256[4], uint256):
    sum: factor.Losses = empty(factor.Losses)
    for i: uint256 in range(len(betas), bound=144):
        sum = factor._add(sum, betas[i], losses[i])
    return factor._requirement(sum, least), factor._terms(sum, least), sum.total
"""
UINT112 = 2**112 - 1
MOST = LARGEST * 4_000 // BPS  # largest loss of one position or holding

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
@given(underlying_params(), st.integers(0, 2**32 - 1))
def test_underlying_word(risk: Contract, params: UnderlyingParams, assets: int) -> None:
    word, unpacked, bitmap = risk.underlying_word(params, assets)
    assert 0 < word < 2**128
    assert UnderlyingParams(*unpacked) == params
    assert bitmap == assets


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
@given(
    st.integers(0, 2),
    underlying_params(),
    prices,
    signed(magnitudes(0, 128 * LARGEST)),
    st.just(0) | magnitudes(0, 16 * LARGEST),
    magnitudes(0, LARGEST),
)
def test_charges(
    risk: Contract,
    level: int,
    params: UnderlyingParams,
    index: int,
    derivatives: int,
    spot: int,
    hidden: int,
) -> None:
    """Of as much as 128 positions and 16 holdings can be; below PORTFOLIO no spot nets."""
    spot = spot if level == PORTFOLIO else 0
    held = Risk(gross=abs(derivatives) + hidden, derivatives=derivatives, spot=spot)
    assert risk.charges(level, params, index, held) == charges(level, params, index, held)


@many
@given(signed(magnitudes(0, 144 * LARGEST)), prices, prices)
def test_divergence(risk: Contract, net: int, index: int, stable: int) -> None:
    """Rounded up, and never below 0."""
    charge = risk.divergence(net, index, stable)
    gap = net * (index - stable)
    assert (charge == 0) if gap <= 0 else ((charge - 1) * index < gap <= charge * index)


# -- factor --------------------------------------------------------------------------------------


@many
@given(
    st.lists(st.tuples(st.integers(-BPS, BPS), signed(magnitudes(0, MOST))), max_size=144),
    st.integers(500, BPS),
)
def test_requirement(risk: Contract, parts: list[tuple[int, int]], floor: int) -> None:
    betas, losses = [beta for beta, _ in parts], [loss for _, loss in parts]
    required, terms, total = risk.requirement(betas, losses, floor)
    assert required == aggregate(PORTFOLIO, Factors(floor=floor), parts) == max(terms)
    assert total == sum(abs(loss) for loss in losses)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("beta", [0, 7_071, BPS])
def test_largest_requirement(risk: Contract, side: int, beta: int) -> None:
    """As many as can be, as large as can be, on one side and against each other."""
    parts = [(beta, MOST * (side if i % 2 else 1)) for i in range(144)]
    betas, losses = [beta for beta, _ in parts], [loss for _, loss in parts]
    required, _, _ = risk.requirement(betas, losses, 2_000)
    assert required == aggregate(PORTFOLIO, Factors(), parts)


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
        # 600 in common, 0.8 * sqrt(2) * 500 = 566 apart, at 45 degrees
        ([(6_000, 500), (6_000, 500)], (825, 1_000, 708, 200)),
        # ten small ones against each other: the floor
        ([(0, 10), (0, -10)] * 50, (100, 0, 100, 200)),
    ],
)
def test_terms(risk: Contract, parts: list[tuple[int, int]], terms: tuple[int, ...]) -> None:
    """Factor, comove, extremes and floor, worked out by hand."""
    betas, losses = [beta for beta, _ in parts], [loss for _, loss in parts]
    required, found, _ = risk.requirement(betas, losses, 2_000)
    assert tuple(found) == terms
    assert required == max(terms)
