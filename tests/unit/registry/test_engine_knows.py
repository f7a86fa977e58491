"""Nothing can be held that the engine does not know: it could not be assessed, nor liquidated."""

import pytest

from plimsoll.spec.market import COLLATERAL, LIQUIDATION, OPEN, STALE
from plimsoll.spec.words import perpetual
from tests.harness import Account, Chain, Contract, Project, reverts
from tests.unit.registry.conftest import DAY

KNOWING = """
# pragma version 0.4.3
from interfaces import IMarginEngine

decimals: uint256
scan_range: uint256

@deploy
def __init__(decimals: uint256, scan_range: uint256):
    self.decimals = decimals
    self.scan_range = scan_range

@external
@view
def factors() -> IMarginEngine.Factors:
    return IMarginEngine.Factors(target=11_000, initial=12_500, floor=2_000)

@external
@view
def asset_params(asset: uint256) -> IMarginEngine.AssetParams:
    assert self.decimals != 0, "engine: unknown asset"
    params: IMarginEngine.AssetParams = empty(IMarginEngine.AssetParams)
    params.decimals = self.decimals
    return params

@external
@view
def underlying_params(underlying: uint256) -> IMarginEngine.UnderlyingParams:
    params: IMarginEngine.UnderlyingParams = empty(IMarginEngine.UnderlyingParams)
    params.scan_range = self.scan_range
    return params

known: HashMap[uint256, HashMap[uint256, bool]]

@external
def learn(underlying: uint256, expiry: uint256):
    self.known[underlying][expiry] = True

@external
@view
def knows(underlying: uint256, expiry: uint256) -> bool:
    return self.known[underlying][expiry]

validity: uint256

@external
def tell(validity: uint256):
    self.validity = validity

@external
@view
def collateral_validity(asset: uint256) -> uint256:
    assert asset == 0
    return self.validity
"""


@pytest.fixture
def token(project: Project, governor: Account) -> Contract:
    return project.Token.deploy("Ether", "WETH", 18, sender=governor)


def deploy(project: Project, governor: Account, decimals: int, scan_range: int) -> Contract:
    return project.inline(KNOWING, "KnowingEngine").deploy(decimals, scan_range, sender=governor)


def test_lists_what_it_knows(
    project: Project, registry: Contract, governor: Account, token: Contract
) -> None:
    registry.set_engine(deploy(project, governor, 18, 1_300), sender=governor)
    registry.list_asset(token, 5, sender=governor)
    assert registry.asset_of(token).cap == 5 * 10**18
    registry.set_size_limit(1, 10, sender=governor)
    assert registry.size_limit(perpetual(1)) == 10


def test_unknown_asset(
    project: Project, registry: Contract, governor: Account, token: Contract
) -> None:
    """Without a cap nothing can be deposited, so listing alone is allowed."""
    registry.set_engine(deploy(project, governor, 0, 1_300), sender=governor)
    with reverts("engine: unknown asset"):
        registry.list_asset(token, 5, sender=governor)
    registry.list_asset(token, 0, sender=governor)
    with reverts("engine: unknown asset"):
        registry.set_cap(token, 5, sender=governor)


def test_other_decimals(
    project: Project, registry: Contract, governor: Account, token: Contract
) -> None:
    registry.set_engine(deploy(project, governor, 8, 1_300), sender=governor)
    with reverts("registry: engine has other decimals"):
        registry.list_asset(token, 5, sender=governor)


def test_unknown_underlying(project: Project, registry: Contract, governor: Account) -> None:
    registry.set_engine(deploy(project, governor, 18, 0), sender=governor)
    with reverts("registry: engine without underlying"):
        registry.set_size_limit(1, 10, sender=governor)
    registry.set_size_limit(1, 0, sender=governor)


def test_replacing_the_engine(
    project: Project, registry: Contract, governor: Account, token: Contract
) -> None:
    """A new engine must know all that the old one knew."""
    registry.list_asset(token, 5, sender=governor)
    registry.set_size_limit(1, 10, sender=governor)
    for decimals, scan_range, reason in (
        (0, 1_300, "engine: unknown asset"),
        (8, 1_300, "registry: engine has other decimals"),
        (18, 0, "registry: engine without underlying"),
    ):
        with reverts(reason):
            registry.set_engine(deploy(project, governor, decimals, scan_range), sender=governor)
    registry.set_engine(deploy(project, governor, 18, 1_300), sender=governor)


def test_unknown_expiry(
    project: Project, registry: Contract, governor: Account, chain: Chain
) -> None:
    """Of that underlying, whatever the limit."""
    expiry, engine = chain.timestamp + DAY, deploy(project, governor, 18, 1_300)
    registry.set_engine(engine, sender=governor)
    engine.learn(2, expiry, sender=governor)
    for limit in (0, 5):
        with reverts("registry: engine without expiry"):
            registry.list_series(1, expiry, (0, 0, 0, limit), sender=governor)
    engine.learn(1, expiry, sender=governor)
    registry.list_series(1, expiry, (0, 0, 0, 5), sender=governor)


def test_replacing_the_engine_of_series(
    project: Project, registry: Contract, governor: Account, chain: Chain
) -> None:
    """A new engine must know all expiries ahead, of those that have passed it need not."""
    passed, ahead = chain.timestamp + DAY, chain.timestamp + 2 * DAY
    for expiry in (passed, ahead):
        registry.list_series(63, expiry, (5, 5, 10, 7), sender=governor)
    engine = deploy(project, governor, 18, 1_300)
    engine.learn(63, ahead, sender=governor)
    with reverts("registry: engine without expiry"):
        registry.set_engine(engine, sender=governor)
    chain.mine(timestamp=passed)
    registry.set_engine(engine, sender=governor)
    registry.list_series(63, ahead, (5, 5, 10, 0), sender=governor)
    with reverts("registry: engine without expiry"):
        registry.set_engine(deploy(project, governor, 18, 1_300), sender=governor)


def test_takes_nothing_at_an_old_price(
    project: Project, registry: Contract, governor: Account, token: Contract
) -> None:
    registry.list_asset(token, 5, sender=governor)
    given = registry.asset_of(token)
    assert registry.check_collateral(token) == given  # no engine could assess anything
    engine = deploy(project, governor, 18, 1_300)
    registry.set_engine(engine, sender=governor)
    for validity in (STALE, LIQUIDATION):
        engine.tell(validity, sender=governor)
        with reverts("registry: old price"):
            registry.check_collateral(token)
    for validity in (COLLATERAL, OPEN):
        engine.tell(validity, sender=governor)
        assert registry.check_collateral(token) == given
