from collections.abc import Iterator

import pytest

from tests.deployment import deploy
from tests.harness import Accounts, Chain, Contract, Project

from .desk import Desk
from .stage import Stage


@pytest.fixture(scope="module")
def desk(project: Project, accounts: Accounts, chain: Chain) -> Desk:
    return Desk(deploy(project, accounts, chain), chain, accounts[10])


@pytest.fixture(autouse=True)
def _prices(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test has moved is forgotten, as the chain forgets it."""
    if "desk" not in request.fixturenames:
        yield
        return
    desk = request.getfixturevalue("desk")
    prices = dict(desk.prices)
    yield
    desk.prices = prices


@pytest.fixture(scope="module", params=[6, 18], ids="quote has {} decimals".format)
def stage(project: Project, accounts: Accounts, request: pytest.FixtureRequest) -> Stage:
    return Stage(project, accounts[0], request.param)


@pytest.fixture(scope="module")
def lens(desk: Desk) -> Contract:
    return desk.lens


@pytest.fixture
def account(desk: Desk) -> int:
    """The trader's, with a hundred thousand of quote, ten bitcoins and a hundred ether."""
    return desk.open(desk.trader, quote=100_000, wbtc=10, weth=100)


@pytest.fixture
def counter(desk: Desk) -> int:
    """The maker's, who takes the other side of everything."""
    return desk.open(desk.maker, quote=50_000_000)
