"""A deployment for each module, a bench for each test, and accounts to play with."""

from types import SimpleNamespace

import pytest

from tests.deployment import deploy
from tests.harness import Accounts, Chain, Contract, Project

from .bench import PARAMETERS, Bench
from .dated import Dated


@pytest.fixture(scope="module")
def protocol(project: Project, accounts: Accounts, chain: Chain) -> SimpleNamespace:
    protocol = deploy(project, accounts, chain, **PARAMETERS)
    protocol.registry.set_venue(accounts[8], True, sender=protocol.governor)
    return protocol


@pytest.fixture
def bench(project: Project, chain: Chain, accounts: Accounts, protocol: SimpleNamespace) -> Bench:
    return Bench(project, chain, protocol, accounts[8])


@pytest.fixture
def vault(bench: Bench) -> Contract:
    contract: Contract = bench.vault
    return contract


@pytest.fixture
def account(bench: Bench) -> int:
    """The trader's account, empty."""
    return bench.account(bench.trader)


@pytest.fixture
def other(bench: Bench) -> int:
    """The maker's account, empty."""
    return bench.account(bench.maker)


@pytest.fixture
def lender(bench: Bench) -> int:
    """Somebody with plenty of quote."""
    return bench.fund(bench.account(bench.stranger), 1_000_000)


@pytest.fixture
def pair(bench: Bench, account: int, other: int) -> tuple[int, int]:
    """The trader's and the maker's account, each with 100,000, open to the venue."""
    for item in (account, other):
        bench.fund(item, 100_000)
        bench.approve(item)
    return account, other


@pytest.fixture
def dated(bench: Bench) -> Dated:
    """Futures and options of one expiry; every account is healthy."""
    return Dated(bench)
