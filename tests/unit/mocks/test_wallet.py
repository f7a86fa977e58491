"""The mock smart-contract wallet."""

import pytest

from tests.harness import Account, Chain, Contract, Project, reverts

DIGEST = bytes(range(32))


@pytest.fixture
def wallet(project: Project, owner: Account) -> Contract:
    return project.Wallet1271.deploy(owner, sender=owner)


def test_execute(wallet: Contract, token: Contract, owner: Account, spender: Account) -> None:
    """Owner gives the wallet tokens, which it passes on."""
    token.transfer(wallet, 10, sender=owner)
    data = token.transfer.encode_input(spender, 4)
    receipt = wallet.execute(token, data, sender=owner)
    assert receipt.return_value == (1).to_bytes(32, "big")
    assert token.balanceOf(spender) == 4
    [event] = receipt.events_of(wallet.Executed)
    assert (event.target, event.amount, event.data) == (token, 0, data)


def test_execute_pays(wallet: Contract, chain: Chain, owner: Account, stranger: Account) -> None:
    before = chain.balance(stranger)
    wallet.execute(stranger, b"", 3, sender=owner, value=3)
    assert chain.balance(stranger) == before + 3


def test_execute_not_owner(wallet: Contract, token: Contract, stranger: Account) -> None:
    with reverts("wallet: not owner"):
        wallet.execute(token, b"", sender=stranger)


def test_execute_fails_as_the_call_does(wallet: Contract, probe: Contract, owner: Account) -> None:
    with reverts("probe: zero"):
        wallet.execute(probe, probe.fail.encode_input(0), sender=owner)


def test_signature(wallet: Contract, owner: Account, stranger: Account) -> None:
    assert wallet.isValidSignature(DIGEST, owner.sign_hash(DIGEST)).hex() == "1626ba7e"
    assert wallet.isValidSignature(DIGEST, stranger.sign_hash(DIGEST)).hex() == "ffffffff"
