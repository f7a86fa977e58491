"""Chain, accounts and contracts for every test; each test and each module leaves no trace."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import harness

# Time is no verdict on a test: contracts are compiled under way, and machines differ. The same
# commit gives the same verdict; `EXPLORE=1 make test` draws other examples each time.
settings.register_profile(
    "plimsoll",
    deadline=None,
    derandomize="EXPLORE" not in os.environ,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,  # some properties hold for a part of the books only
        HealthCheck.function_scoped_fixture,
    ],
)
settings.load_profile("plimsoll")


@pytest.fixture(scope="session")
def chain() -> harness.Chain:
    return harness.chain


@pytest.fixture(scope="session")
def project() -> harness.Project:
    return harness.project


@pytest.fixture(scope="session")
def accounts() -> harness.Accounts:
    return harness.accounts


@pytest.fixture(scope="module", autouse=True)
def _isolate_module() -> Iterator[None]:
    """What fixtures of module scope deploy is gone with the module."""
    with harness.chain.isolate():
        yield


@pytest.fixture(autouse=True)
def _isolate_test(_isolate_module: None) -> Iterator[None]:
    with harness.chain.isolate():
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for chain in ("pyrevm", "anvil"):
            if item.get_closest_marker(chain) and chain != harness.CHAIN:
                item.add_marker(pytest.mark.skip(reason=f"runs on {chain} only"))
