"""Who posts smiles, and how far the nodes span."""

import pytest

from plimsoll.spec import surface as spec
from tests.harness import Account, Chain, Contract, Project, reverts
from tests.harness.contracts import NOBODY
from tests.unit.vol_surface.conftest import PRICE, SPAN, UNDERLYING, SetPrice

SCAN_RANGE = 1_600
LEAST = 1_832  # 1.02 * 1.16 - 1


@pytest.fixture
def engine(
    project: Project, registry: Contract, market: Contract, vault: Contract, governor: Account
) -> Contract:
    """One that scans 16 % of the underlying."""
    stub = project.inline(ENGINE, "EngineStub").deploy(SCAN_RANGE, sender=governor)
    registry.set_engine(stub, sender=governor)
    return stub


ENGINE = """
# pragma version 0.4.3
from interfaces import IMarginEngine

scan_range: uint256


@deploy
def __init__(scan_range: uint256):
    self.scan_range = scan_range


@external
@view
def factors() -> IMarginEngine.Factors:
    return IMarginEngine.Factors(target=11_000, initial=12_500, floor=2_000)


@external
@view
def underlying_params(underlying: uint256) -> IMarginEngine.UnderlyingParams:
    return IMarginEngine.UnderlyingParams(
        scan_range=self.scan_range, beta=0, calendar=0, depth=1, vega=0, short=0
    )
"""


def test_deployment(surface: Contract, market: Contract, registry: Contract) -> None:
    assert surface.market() == market
    assert surface.registry() == registry


def test_set_feed(surface: Contract, poster: Account, governor: Account, stranger: Account) -> None:
    assert surface.feed(UNDERLYING) == poster
    for feed in (stranger, NOBODY):
        receipt = surface.set_feed(UNDERLYING, feed, sender=governor)
        [event] = receipt.events_of(surface.FeedChanged)
        assert (event.underlying, event.feed) == (UNDERLYING, feed)
        assert surface.feed(UNDERLYING) == feed


def test_set_feed_not_governor(surface: Contract, steward: Account) -> None:
    with reverts("governed: not governor"):
        surface.set_feed(UNDERLYING, steward, sender=steward)


def test_set_feed_in_a_batch(surface: Contract, governor: Account, batch: None) -> None:
    with reverts("governed: batch under way"):
        surface.set_feed(UNDERLYING, governor, sender=governor)


def test_a_new_underlying(bare: Contract, governor: Account, chain: Chain) -> None:
    """Its first epoch begins."""
    assert bare.span(UNDERLYING) == 0
    receipt = bare.set_span(UNDERLYING, SPAN, sender=governor)
    [event] = receipt.events_of(bare.SpanChanged)
    assert (event.underlying, event.span) == (UNDERLYING, SPAN)
    [event] = receipt.events_of(bare.EpochBegun)
    assert (event.underlying, event.number, event.reference) == (UNDERLYING, 1, PRICE)
    assert bare.span(UNDERLYING) == SPAN
    assert bare.epoch(UNDERLYING) == (PRICE, SPAN, 200, chain.timestamp, 1, 0)


def test_another_span(
    surface: Contract, set_price: SetPrice, steward: Account, chain: Chain
) -> None:
    """Words of another span are none of the epoch's."""
    set_price(PRICE + 1)
    surface.set_span(UNDERLYING, SPAN + 100, sender=steward)
    assert surface.epoch(UNDERLYING) == (PRICE + 1, SPAN + 100, 200, chain.timestamp, 3, 0)


def test_a_lower_span(surface: Contract, engine: Contract, steward: Account) -> None:
    """As long as it covers the scan, from wherever spot may be."""
    surface.set_span(UNDERLYING, LEAST, sender=steward)
    assert surface.span(UNDERLYING) == LEAST
    with reverts("surface: span below scan range"):
        surface.set_span(UNDERLYING, LEAST - 1, sender=steward)
    assert spec.covers(LEAST, SCAN_RANGE)
    assert not spec.covers(LEAST - 1, SCAN_RANGE)


@pytest.mark.parametrize("span", [0, 5_001])
def test_span_out_of_range(surface: Contract, governor: Account, span: int) -> None:
    with reverts("surface: span out of range"):
        surface.set_span(UNDERLYING, span, sender=governor)


def test_a_new_underlying_not_governor(bare: Contract, steward: Account) -> None:
    with reverts("governed: not governor"):
        bare.set_span(UNDERLYING, SPAN, sender=steward)


def test_set_span_not_steward(surface: Contract, stranger: Account) -> None:
    with reverts("governed: not steward"):
        surface.set_span(UNDERLYING, SPAN, sender=stranger)


def test_set_span_in_a_batch(surface: Contract, governor: Account, batch: None) -> None:
    with reverts("governed: batch under way"):
        surface.set_span(UNDERLYING, SPAN, sender=governor)


def test_set_span_without_a_market(surface: Contract, governor: Account) -> None:
    with reverts("market: unknown underlying"):
        surface.set_span(2, SPAN, sender=governor)


def test_views_of_nothing(surface: Contract, expiries: list[int]) -> None:
    for underlying, expiry in ((2, expiries[0]), (UNDERLYING, expiries[0] + 1_800)):
        assert not surface.knows(underlying, expiry)
        assert surface.posted(underlying, expiry) == ((0, 0, 0, 0, 0), 0, 0)
    with reverts("surface: no smile"):
        surface.smile(UNDERLYING, expiries[0] + 1_800)
    with reverts("market: unknown underlying"):
        surface.smile(2, expiries[0])
    assert surface.knows(UNDERLYING, expiries[0])
    assert surface.span(2) == 0
