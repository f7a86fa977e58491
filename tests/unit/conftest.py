"""Who governs, a registry, and a vault that only tells whether a batch is under way."""

import pytest

from tests.harness import Account, Accounts, Contract, Project

VAULT = """
# pragma version 0.4.3
unlocked: public(bool)


@external
def set_unlocked(unlocked: bool):
    self.unlocked = unlocked
"""


@pytest.fixture(scope="module")
def governor(accounts: Accounts) -> Account:
    return accounts[1]


@pytest.fixture(scope="module")
def steward(accounts: Accounts) -> Account:
    return accounts[2]


@pytest.fixture(scope="module")
def stranger(accounts: Accounts) -> Account:
    return accounts[3]


@pytest.fixture(scope="module")
def registry(project: Project, governor: Account, steward: Account) -> Contract:
    quote = project.Token.deploy("Dollar", "USD", 6, sender=governor)
    return project.Registry.deploy(governor, governor, steward, quote, sender=governor)


@pytest.fixture(scope="module")
def vault(project: Project, registry: Contract, governor: Account) -> Contract:
    vault = project.inline(VAULT, "VaultStub").deploy(sender=governor)
    registry.set_vault(vault, sender=governor)
    return vault


@pytest.fixture(scope="module")
def pricer(project: Project, governor: Account) -> Contract:
    return project.Pricer.deploy(sender=governor)


@pytest.fixture
def batch(vault: Contract, governor: Account) -> None:
    """A batch is under way in the vault."""
    vault.set_unlocked(True, sender=governor)
