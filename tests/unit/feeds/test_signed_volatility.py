"""A SignedVolatility takes smiles that enough signers have signed to the surface."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import combinations

import pytest

from plimsoll.spec.market import MarketParams
from plimsoll.spec.smile import NANO, Smile
from plimsoll.spec.surface import DAY
from plimsoll.spec.wad import WAD
from tests.harness import Account, Accounts, Chain, Contract, Project, reverts
from tests.unit.feeds.conftest import typed_data
from tests.unit.market_data.conftest import new_feed

NAME = "ETH volatility"
UNDERLYING = 1
FLAT = Smile(a=NANO // 4, b=0, rho=0, m=0, s=NANO)


@dataclass(frozen=True)
class Report:
    expiry: int
    time: int
    smile: Smile = FLAT
    ratio: int = WAD
    underlying: int = UNDERLYING

    @property
    def arguments(self) -> tuple[object, ...]:
        return self.underlying, self.expiry, astuple(self.smile), self.ratio, self.time


Bring = Callable[..., None]


@pytest.fixture(scope="module")
def market(
    project: Project, registry: Contract, vault: Contract, governor: Account, chain: Chain
) -> Contract:
    market = project.MarketData.deploy(registry, sender=governor)
    feed = new_feed(project, governor)
    feed.set_answer(2_000 * WAD, chain.timestamp, sender=governor)
    params = MarketParams(DAY, DAY, 2_000, 5_000, 0, 3_600)
    market.list_market(UNDERLYING, feed, params, sender=governor)
    market.list_expiry(UNDERLYING, chain.timestamp + DAY, WAD, sender=governor)
    return market


@pytest.fixture(scope="module")
def surface(
    project: Project, registry: Contract, market: Contract, pricer: Contract, governor: Account
) -> Contract:
    surface = project.VolSurface.deploy(registry, market, pricer, sender=governor)
    market.set_surface(surface, sender=governor)
    surface.set_span(UNDERLYING, 2_000, sender=governor)
    return surface


@pytest.fixture(scope="module")
def volatility(
    project: Project,
    registry: Contract,
    surface: Contract,
    signers: list[Account],
    governor: Account,
) -> Contract:
    feed = project.SignedVolatility.deploy(registry, surface, NAME, signers, 2, sender=governor)
    surface.set_feed(UNDERLYING, feed, sender=governor)
    return feed


@pytest.fixture
def report(volatility: Contract, chain: Chain) -> Report:
    return Report(chain.timestamp // DAY * DAY + DAY, chain.timestamp)


@pytest.fixture
def bring(volatility: Contract, stranger: Account, chain: Chain) -> Bring:
    """A stranger brings a report; what is signed may be another."""

    def _bring(
        report: Report,
        by: Sequence[Account],
        *,
        signed: Report | None = None,
        feed: Contract = volatility,
    ) -> None:
        message = smile_data(signed or report, chain.chain_id, feed)
        signatures = [account.sign_typed_data(message) for account in by]
        volatility.report(*report.arguments, signatures, sender=stranger)

    return _bring


def smile_data(report: Report, chain_id: int, contract: Contract) -> dict[str, object]:
    shape = ("a", "b", "rho", "m", "s")
    fields = [
        *({"name": name, "type": "uint256"} for name in ("underlying", "expiry")),
        *({"name": name, "type": "int256"} for name in shape),
        *({"name": name, "type": "uint256"} for name in ("ratio", "time")),
    ]
    message = {
        "underlying": report.underlying,
        "expiry": report.expiry,
        "ratio": report.ratio,
        "time": report.time,
        **{name: getattr(report.smile, name) for name in shape},
    }
    return typed_data("Smile", fields, message, NAME, chain_id, contract)


def test_deployment(
    volatility: Contract, surface: Contract, registry: Contract, signers: list[Account]
) -> None:
    assert volatility.surface() == surface
    assert volatility.registry() == registry
    assert volatility.name() == NAME
    assert (volatility.signers(), volatility.threshold()) == (signers, 2)
    assert all(volatility.is_signer(signer) for signer in signers)
    assert volatility.eip712Domain()[1:3] == (NAME, "1")


def test_any_two_of_three(
    surface: Contract,
    market: Contract,
    signers: list[Account],
    report: Report,
    bring: Bring,
    chain: Chain,
) -> None:
    """Smile and ratio reach the surface and market data."""
    for step, by in enumerate((*combinations(signers, 2), signers)):
        chain.mine(delta=60)
        smile = replace(FLAT, a=FLAT.a + step, b=7, rho=-5, m=-3)
        sent = replace(report, time=chain.timestamp - 1, smile=smile, ratio=WAD + step * 10**9)
        bring(sent, by)
        last = surface.posted(UNDERLYING, report.expiry)
        assert last == (astuple(smile), sent.time, chain.timestamp)
        assert market.expiry_of(UNDERLYING, report.expiry).ratio == WAD + step * 10**9


def test_digest(volatility: Contract, signers: list[Account], report: Report, chain: Chain) -> None:
    digest = volatility.report_digest(*report.arguments)
    message = smile_data(report, chain.chain_id, volatility)
    assert signers[0].sign_hash(digest) == signers[0].sign_typed_data(message)


def test_only_once(signers: list[Account], report: Report, bring: Bring, chain: Chain) -> None:
    bring(report, signers)
    chain.mine(delta=60)
    with reverts("surface: not newer"):
        bring(report, signers)


def test_too_old(signers: list[Account], report: Report, bring: Bring, chain: Chain) -> None:
    """Nobody can go on bringing what was signed long ago, a minute's worth at a time."""
    chain.mine(delta=301)
    with reverts("feed: report too old"):
        bring(report, signers)
    bring(replace(report, time=report.time + 1), signers)


def test_too_few_signatures(signers: list[Account], report: Report, bring: Bring) -> None:
    for by in ([], signers[:1]):
        with reverts("feed: too few signatures"):
            bring(report, by)


def test_not_a_signer(
    signers: list[Account], report: Report, bring: Bring, stranger: Account
) -> None:
    with reverts("feed: not a signer"):
        bring(report, [signers[0], stranger])


def test_signers_not_ascending(signers: list[Account], report: Report, bring: Bring) -> None:
    for by in (signers[::-1], [signers[0], signers[0]]):
        with reverts("feed: signers not ascending"):
            bring(report, by)


@pytest.mark.parametrize(
    "change",
    [
        {"underlying": 2},
        {"expiry": 1},
        {"ratio": WAD + 1},
        {"time": 1},
        *({"smile": replace(FLAT, **{name: 11})} for name in ("a", "b", "rho", "m", "s")),
    ],
)
def test_signatures_of_something_else(
    signers: list[Account], report: Report, bring: Bring, change: dict[str, object]
) -> None:
    """Every field is signed."""
    with reverts("feed: not a signer"):
        bring(report, signers, signed=replace(report, **change))


def test_signatures_for_another_feed(
    signers: list[Account], report: Report, bring: Bring, surface: Contract
) -> None:
    with reverts("feed: not a signer"):
        bring(report, signers, feed=surface)


def test_what_the_surface_refuses(
    signers: list[Account], report: Report, bring: Bring, chain: Chain
) -> None:
    with reverts("surface: time in the future"):
        bring(replace(report, time=chain.timestamp + 1), signers)
    with reverts("surface: variance not positive"):
        bring(replace(report, smile=replace(FLAT, a=-NANO)), signers)


def test_for_an_underlying_of_another_feed(
    signers: list[Account],
    report: Report,
    bring: Bring,
    surface: Contract,
    governor: Account,
    stranger: Account,
) -> None:
    surface.set_feed(UNDERLYING, stranger, sender=governor)
    with reverts("governed: not steward"):
        bring(report, signers)


def test_batch_under_way(
    signers: list[Account], report: Report, bring: Bring, vault: Contract, governor: Account
) -> None:
    vault.set_unlocked(True, sender=governor)
    with reverts("governed: batch under way"):
        bring(report, signers)


def test_other_signers(
    volatility: Contract,
    signers: list[Account],
    report: Report,
    bring: Bring,
    governor: Account,
    stranger: Account,
    accounts: Accounts,
) -> None:
    """The governor replaces them; the old ones do not count any more."""
    with reverts("governed: not governor"):
        volatility.set_signers([accounts[9]], 1, sender=stranger)
    for threshold in (0, 2):
        with reverts("feed: threshold out of range"):
            volatility.set_signers([accounts[9]], threshold, sender=governor)
    with reverts("feed: zero or twice"):
        volatility.set_signers([accounts[9], accounts[9]], 1, sender=governor)
    receipt = volatility.set_signers([accounts[9]], 1, sender=governor)
    [event] = receipt.events_of(volatility.SignersChanged)
    assert (event.signers, event.threshold) == ([accounts[9]], 1)
    with reverts("feed: not a signer"):
        bring(report, signers)
    bring(report, [accounts[9]])
