"""The lenses find everything through the vault."""

from tests.harness import Contract, Project, reverts

from .desk import Desk


def test_parts(desk: Desk, lens: Contract) -> None:
    assert lens.vault() == desk.vault
    assert lens.registry() == desk.registry
    assert lens.market() == desk.market
    assert lens.quote() == desk.quote
    assert lens.risk() == desk.risk_lens
    for name in ("vault", "registry", "market"):
        assert getattr(desk.risk_lens, name)() == getattr(desk, name)


def test_not_a_vault(desk: Desk, project: Project) -> None:
    with reverts():
        project.RiskLens.deploy(desk.quote, sender=desk.governor)
    with reverts():
        project.Lens.deploy(desk.quote, desk.risk_lens, sender=desk.governor)
