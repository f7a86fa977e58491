"""Deployment."""

from plimsoll.spec.words import perpetual
from tests.harness import Account, Contract, Project, reverts
from tests.harness.contracts import NOBODY


def test_roles_and_quote(
    registry: Contract, governor: Account, guardian: Account, steward: Account, quote: Contract
) -> None:
    assert registry.owner() == governor
    assert registry.pending_owner() == NOBODY
    assert registry.guardian() == guardian
    assert registry.steward() == steward
    assert registry.quote() == quote


def test_nothing_is_listed(registry: Contract) -> None:
    assert registry.engine() == registry.vault() == registry.liquidator() == NOBODY
    assert registry.insurance() == registry.asset_count() == registry.size_limit(perpetual(1)) == 0
    assert registry.tokens(0) == NOBODY


def test_no_governor(project: Project, guardian: Account, quote: Contract) -> None:
    with reverts("registry: no governor"):
        project.Registry.deploy(NOBODY, guardian, guardian, quote, sender=guardian)


def test_quote_token_with_too_many_decimals(project: Project, governor: Account) -> None:
    token = project.Token.deploy("Wide", "WIDE", 19, sender=governor)
    with reverts("registry: too many decimals"):
        project.Registry.deploy(governor, governor, governor, token, sender=governor)


def test_quote_token_that_is_none(project: Project, governor: Account) -> None:
    with reverts():
        project.Registry.deploy(governor, governor, governor, governor, sender=governor)
