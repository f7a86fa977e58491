import pytest

from tests.deployment import deploy

from .desk import Desk


@pytest.fixture(scope="module")
def protocol(project, accounts, chain):
    return deploy(project, accounts, chain)


@pytest.fixture(scope="module")
def desk(protocol, chain):
    return Desk(protocol, chain)


@pytest.fixture(scope="module")
def book(protocol):
    return protocol.orders


@pytest.fixture(scope="module")
def taker(protocol):
    return protocol.taker


@pytest.fixture(scope="module")
def maker(protocol):
    return protocol.maker


@pytest.fixture(scope="module")
def taking(desk, taker):
    """The taker's account."""
    return desk.open(taker)


@pytest.fixture(scope="module")
def making(desk, maker):
    """The maker's account."""
    return desk.open(maker)
