"""A registry with its roles, an engine and a vault that answer, a liquidator and one asset."""

import pytest

from tests.harness import Account, Accounts, Contract, Project

WITHDRAW, TRADE, LIQUIDATE = 1, 2, 4
ACTIONS = (WITHDRAW, TRADE, LIQUIDATE)
HOUR, DAY = 3_600, 86_400
INSURANCE = 7 << 96 | 1

VAULT = """
# pragma version 0.4.3
from interfaces import IRegistry

registry: IRegistry
unlocked: public(bool)
accrued: public(uint256)  # at this rate
insured: public(uint256)  # to this account


@deploy
def __init__(registry: address):
    self.registry = IRegistry(registry)


@external
def set_unlocked(unlocked: bool):
    self.unlocked = unlocked


@external
def accrue():
    self.accrued = staticcall self.registry.borrow_rate(10**18)
    self.insured = staticcall self.registry.insurance()
"""

ENGINE = """
# pragma version 0.4.3
from interfaces import IMarginEngine

target: uint256


@deploy
def __init__(target: uint256):
    self.target = target


@external
@view
def factors() -> IMarginEngine.Factors:
    return IMarginEngine.Factors(target=self.target, initial=self.target, floor=0)
"""


@pytest.fixture(scope="module")
def guardian(accounts: Accounts) -> Account:
    return accounts[4]


@pytest.fixture(scope="module")
def venue(accounts: Accounts) -> Account:
    return accounts[5]


@pytest.fixture(scope="module")
def liquidator(accounts: Accounts) -> Account:
    return accounts[6]


@pytest.fixture(scope="module")
def quote(project: Project, governor: Account) -> Contract:
    return project.Token.deploy("Dollar", "USD", 6, sender=governor)


@pytest.fixture(scope="module")
def weth(project: Project, governor: Account) -> Contract:
    return project.Token.deploy("Ether", "WETH", 18, sender=governor)


@pytest.fixture(scope="module")
def wbtc(project: Project, governor: Account) -> Contract:
    return project.Token.deploy("Bitcoin", "WBTC", 8, sender=governor)


@pytest.fixture(scope="module")
def registry(
    project: Project, governor: Account, guardian: Account, steward: Account, quote: Contract
) -> Contract:
    return project.Registry.deploy(governor, guardian, steward, quote, sender=guardian)


@pytest.fixture(scope="module")
def vault(project: Project, registry: Contract, governor: Account) -> Contract:
    """Not yet set."""
    return project.inline(VAULT, "VaultStub").deploy(registry, sender=governor)


@pytest.fixture(scope="module")
def engine(project: Project, governor: Account) -> Contract:
    """Not yet set."""
    return project.inline(ENGINE, "EngineStub").deploy(11_000, sender=governor)


@pytest.fixture
def wired(
    registry: Contract,
    governor: Account,
    vault: Contract,
    engine: Contract,
    liquidator: Account,
    venue: Account,
) -> Contract:
    """The registry with everything set."""
    registry.set_vault(vault, sender=governor)
    registry.set_engine(engine, sender=governor)
    registry.set_liquidator(liquidator, sender=governor)
    registry.set_insurance(INSURANCE, sender=governor)
    registry.set_venue(venue, True, sender=governor)
    return registry


@pytest.fixture
def batch(registry: Contract, vault: Contract, governor: Account) -> None:
    """A batch is under way in the vault."""
    registry.set_vault(vault, sender=governor)
    vault.set_unlocked(True, sender=governor)
