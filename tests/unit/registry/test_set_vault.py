"""The vault, once."""

from tests.harness import Account, Contract, reverts


def test_once(registry: Contract, vault: Contract, governor: Account) -> None:
    receipt = registry.set_vault(vault, sender=governor)
    [event] = receipt.events_of(registry.VaultChanged)
    assert event.vault == registry.vault() == vault
    with reverts("registry: vault is set"):
        registry.set_vault(vault, sender=governor)


def test_not_governor(registry: Contract, vault: Contract, steward: Account) -> None:
    with reverts("registry: not governor"):
        registry.set_vault(vault, sender=steward)


def test_must_answer(registry: Contract, governor: Account, quote: Contract) -> None:
    for wrong in (governor, quote):
        with reverts():
            registry.set_vault(wrong, sender=governor)


def test_within_a_batch(registry: Contract, vault: Contract, governor: Account) -> None:
    vault.set_unlocked(True, sender=governor)
    with reverts("registry: batch under way"):
        registry.set_vault(vault, sender=governor)
