"""The mock tokens."""

import pytest

from tests.harness import Account, Contract, Project, reverts

KINDS = ["Token", "SilentToken", "FalseToken", "FeeToken", "RebasingToken", "HookToken"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, project: Project, owner: Account) -> Contract:
    token = getattr(project, request.param).deploy("Coin", "COIN", 8, sender=owner)
    token.mint(owner, 1_000, sender=owner)
    return token


@pytest.fixture
def hooked(project: Project, owner: Account) -> Contract:
    token = project.HookToken.deploy("Coin", "COIN", 8, sender=owner)
    token.mint(owner, 1_000, sender=owner)
    return token


def test_metadata(kind: Contract, owner: Account) -> None:
    assert (kind.name(), kind.symbol(), kind.decimals()) == ("Coin", "COIN", 8)
    assert kind.totalSupply() == kind.balanceOf(owner) == 1_000


def test_transfer(kind: Contract, owner: Account, spender: Account) -> None:
    """Owner pays the spender; the fee token burns a hundredth of it on the way."""
    receipt = kind.transfer(spender, 300, sender=owner)
    received = 297 if kind.factory.name == "FeeToken" else 300
    assert receipt.return_value is (None if kind.factory.name == "SilentToken" else True)
    assert kind.balanceOf(owner) == 700
    assert kind.balanceOf(spender) == received
    assert kind.totalSupply() == 700 + received


def test_transfer_from(kind: Contract, owner: Account, spender: Account) -> None:
    kind.approve(spender, 400, sender=owner)
    kind.transferFrom(owner, spender, 300, sender=spender)
    assert kind.allowance(owner, spender) == 100
    assert kind.balanceOf(owner) == 700


def test_unlimited_allowance_stays(kind: Contract, owner: Account, spender: Account) -> None:
    kind.approve(spender, 2**256 - 1, sender=owner)
    kind.transferFrom(owner, spender, 300, sender=spender)
    assert kind.allowance(owner, spender) == 2**256 - 1


def test_too_much(kind: Contract, owner: Account, spender: Account) -> None:
    kind.approve(spender, 2_000, sender=owner)
    if kind.factory.name == "FalseToken":
        assert kind.transfer(spender, 1_001, sender=owner).return_value is False
        assert kind.transferFrom(owner, spender, 1_001, sender=spender).return_value is False
        assert kind.transferFrom(owner, spender, 2_001, sender=spender).return_value is False
        assert kind.allowance(owner, spender) == 2_000
    else:
        with reverts("token: balance"):
            kind.transfer(spender, 1_001, sender=owner)
        with reverts("token: balance"):
            kind.transferFrom(owner, spender, 1_001, sender=spender)
        with reverts("token: allowance"):
            kind.transferFrom(owner, spender, 2_001, sender=spender)
    assert kind.balanceOf(owner) == 1_000


def test_rebase(project: Project, owner: Account, spender: Account) -> None:
    token = project.RebasingToken.deploy("Coin", "COIN", 8, sender=owner)
    token.mint(owner, 1_000, sender=owner)
    token.set_factor(15 * 10**17, sender=spender)
    assert token.totalSupply() == token.balanceOf(owner) == 1_500
    token.transfer(spender, 300, sender=owner)
    token.set_factor(10**18, sender=spender)
    assert [token.balanceOf(who) for who in (owner, spender)] == [800, 200]
    with reverts("token: zero factor"):
        token.set_factor(0, sender=owner)


def test_hook_runs_before_and_after(
    hooked: Contract, token: Contract, owner: Account, spender: Account
) -> None:
    mint = token.mint.encode_input
    hooked.set_hook(token, mint(spender, 1), mint(spender, 10), sender=spender)
    hooked.transfer(spender, 5, sender=owner)
    assert token.balanceOf(spender) == 11
    assert hooked.calls() == 2
    hooked.set_hook(token, b"", b"", sender=spender)
    hooked.transfer(spender, 5, sender=owner)
    assert hooked.calls() == 2


def test_hook_sees_balances_move(hooked: Contract, owner: Account, spender: Account) -> None:
    """The token holds nothing before the move and pays out of what it got after it."""
    pay = hooked.transfer.encode_input(spender, 5)
    hooked.set_hook(hooked, pay, b"", sender=owner)
    with reverts("token: balance"):
        hooked.transfer(hooked, 5, sender=owner)
    hooked.set_hook(hooked, b"", pay, sender=owner)
    hooked.transfer(hooked, 5, sender=owner)
    assert hooked.balanceOf(spender) == 5


def test_hook_fails_the_transfer(
    hooked: Contract, probe: Contract, owner: Account, spender: Account
) -> None:
    hooked.set_hook(probe, probe.fail.encode_input(0), b"", sender=owner)
    with reverts("probe: zero"):
        hooked.transfer(spender, 5, sender=owner)
