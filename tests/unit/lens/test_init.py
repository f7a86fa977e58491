"""The lens finds everything through the vault."""

from tests.harness import Contract, Project, reverts

from .desk import Desk


def test_parts(desk: Desk, lens: Contract) -> None:
    assert lens.vault() == desk.vault
    assert lens.registry() == desk.registry
    assert lens.market() == desk.market
    assert lens.quote() == desk.quote


def test_not_a_vault(desk: Desk, project: Project) -> None:
    with reverts():
        project.Lens.deploy(desk.quote, sender=desk.governor)
