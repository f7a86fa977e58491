"""Listing an expiry: market data, surface and registry learn of it, once."""

from collections.abc import Iterator
from dataclasses import astuple, replace
from types import SimpleNamespace

import pytest

from plimsoll.deploy.expiries import Listing, list_expiry, series, smile_of
from plimsoll.deploy.protocol import DeployError
from plimsoll.spec.smile import vol
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call, future, put
from tests.deployment import BTC, HarnessChain, deploy
from tests.harness import Accounts, Chain, Project

DAY = 86_400


@pytest.fixture(scope="module")
def p(project: Project, accounts: Accounts, chain: Chain) -> Iterator[SimpleNamespace]:
    with chain.isolate():
        yield deploy(project, accounts, chain)


@pytest.fixture
def harness(project: Project, chain: Chain, p: SimpleNamespace) -> HarnessChain:
    return HarnessChain(project, chain, p.governor)


def listing(chain: Chain, step: int = 1_000 * SIZE) -> Listing:
    return Listing(
        underlying=BTC,
        expiry=(chain.timestamp // 1_800 + 48) * 1_800,
        ratio=WAD,
        smile=smile_of(0.6, skew=-0.2),
        series=series(step, 40 * step, 90 * step, 100),
    )


def test_lists(p: SimpleNamespace, harness: HarnessChain, chain: Chain) -> None:
    """The future, and options on the grid; a second time nothing is sent."""
    wanted = listing(chain)
    findings = list(list_expiry(harness, p.record, wanted, lambda: chain.timestamp))
    assert all(finding.holds for finding in findings)
    assert p.registry.size_limit(future(BTC, wanted.expiry)) == 100 * SIZE
    assert p.registry.size_limit(call(BTC, wanted.expiry, 60_000 * SIZE)) == 100 * SIZE
    assert p.registry.size_limit(put(BTC, wanted.expiry, 60_500 * SIZE)) == 0
    assert p.engine.knows(BTC, wanted.expiry)

    def never(*_: object) -> None:
        raise AssertionError("nothing is missing")

    harness.send = never  # type: ignore[method-assign]
    again = list(list_expiry(harness, p.record, wanted, lambda: chain.timestamp))
    assert again == findings


def test_only_the_future(p: SimpleNamespace, harness: HarnessChain, chain: Chain) -> None:
    wanted = listing(chain, step=0)
    list(list_expiry(harness, p.record, wanted, lambda: chain.timestamp))
    assert p.registry.size_limit(future(BTC, wanted.expiry)) == 100 * SIZE
    assert p.registry.size_limit(call(BTC, wanted.expiry, 60_000 * SIZE)) == 0


def test_a_smile_that_is_none(p: SimpleNamespace, harness: HarnessChain, chain: Chain) -> None:
    """Found before the expiry is listed, which nothing would undo."""
    wanted = listing(chain)
    steep = replace(wanted, smile=smile_of(0.6, skew=1.0, smile=10.0))
    with pytest.raises(DeployError, match="surface: smile: surface: smile out of range"):
        list(list_expiry(harness, p.record, steep, lambda: chain.timestamp))
    with pytest.raises(Exception, match="unknown expiry"):
        p.market.expiry_of(BTC, wanted.expiry)


def test_says_what_failed(p: SimpleNamespace, harness: HarnessChain, chain: Chain) -> None:
    """An expiry that is no half hour."""
    wanted = listing(chain)
    crooked = Listing(BTC, wanted.expiry + 1, WAD, wanted.smile, wanted.series)
    with pytest.raises(DeployError, match=r"market: expiry: .*market: "):
        list(list_expiry(harness, p.record, crooked, lambda: chain.timestamp))


@pytest.mark.parametrize(
    ("step", "low", "high", "limit", "complaint"),
    [
        (1_000, 40_500, 90_000, 1, "multiples of step"),
        (1_000, 90_000, 40_000, 1, "low not above high"),
        (1_000, 0, 90_000, 1, "from step to ten million"),
        (1_000, 1_000, 10_001_000, 1, "from step to ten million"),
        (-1_000, -2_000, -1_000, 1, "from step to ten million"),
        (0, 40_000, 90_000, 1, "need a step"),
        (1_000, 40_000, 90_000, -1, "limit must be within 0 .. 184,467,440,736"),
        (1_000, 40_000, 90_000, 184_467_440_737, "limit must be within"),
    ],
)
def test_wrong_grid(step: int, low: int, high: int, limit: int, complaint: str) -> None:
    with pytest.raises(DeployError, match=complaint):
        series(step * SIZE, low * SIZE, high * SIZE, limit)


def test_widest_grid(p: SimpleNamespace, harness: HarnessChain, chain: Chain) -> None:
    """What passes here passes the registry."""
    widest = series(SIZE, SIZE, 10**7 * SIZE, 184_467_440_736)
    wanted = replace(listing(chain), expiry=listing(chain).expiry + 1_800, series=widest)
    list(list_expiry(harness, p.record, wanted, lambda: chain.timestamp))
    assert p.registry.series(BTC, wanted.expiry) == astuple(widest)


def test_smile_at_the_forward() -> None:
    """The volatility asked for, and puts dearer with a negative skew."""
    smile = smile_of(0.6, skew=-0.3)
    assert abs(vol(smile, 0) / WAD - 0.6) < 1e-6
    assert vol(smile, -WAD // 10) > vol(smile, WAD // 10)
