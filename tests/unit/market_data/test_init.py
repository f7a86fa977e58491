"""Deployment."""

from tests.harness import Contract


def test_registry(bare: Contract, registry: Contract) -> None:
    assert bare.registry() == registry
