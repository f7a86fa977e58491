"""Deployment of a SignedFeed."""

import pytest

from tests.harness import Account, Accounts, Chain, Contract, Project, reverts
from tests.harness.contracts import NOBODY
from tests.unit.feeds.conftest import NAME


def test_signers_and_name(
    signed: Contract, registry: Contract, signers: list[Account], stranger: Account
) -> None:
    assert signed.name() == NAME
    assert signed.registry() == registry
    assert signed.signers() == signers
    assert signed.threshold() == 2
    assert all(signed.is_signer(signer) for signer in signers)
    assert not signed.is_signer(stranger)


def test_domain(signed: Contract, chain: Chain) -> None:
    """As EIP-5267 describes it."""
    fields, name, version, chain_id, contract, salt, extensions = signed.eip712Domain()
    assert (fields, name, version) == (b"\x0f", NAME, "1")
    assert (chain_id, contract) == (chain.chain_id, signed)
    assert (salt, extensions) == (bytes(32), [])


def test_as_many_as_sixteen(
    project: Project, registry: Contract, accounts: Accounts, governor: Account
) -> None:
    """In whatever order."""
    many = [accounts[i] for i in range(16)]
    feed = project.SignedFeed.deploy(registry, NAME, many, 16, sender=governor)
    assert feed.signers() == many


@pytest.mark.parametrize("threshold", [0, 4])
def test_threshold_out_of_range(
    project: Project, registry: Contract, signers: list[Account], threshold: int, governor: Account
) -> None:
    with reverts("feed: threshold out of range"):
        project.SignedFeed.deploy(registry, NAME, signers, threshold, sender=governor)


def test_zero_or_twice(
    project: Project, registry: Contract, signers: list[Account], governor: Account
) -> None:
    for wrong in (NOBODY, signers[0]):
        with reverts("feed: zero or twice"):
            project.SignedFeed.deploy(registry, NAME, [*signers, wrong], 2, sender=governor)
