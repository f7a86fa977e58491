"""Expected failures, and failures of the expectation."""

import pytest
from _pytest.outcomes import Failed

from tests.harness import Account, Chain, Contract, Project, Reverted, reverts


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (0, "probe: zero"),
        (1, ""),
        (2, "invalid opcode"),
        (3, "panic 0x11"),
        (4, "0xdead"),
        (5, "out of gas"),
    ],
)
def test_reason(probe: Contract, owner: Account, how: int, reason: str) -> None:
    with reverts(reason):
        probe.fail(how, sender=owner)
    with reverts(reason):
        probe.fail.call(how, sender=owner)
    assert probe.number() == 5


def test_any_reason(probe: Contract, owner: Account) -> None:
    for how in range(5):
        with reverts():
            probe.fail(how, sender=owner)


def test_running_out_of_gas_is_not_any_reason(probe: Contract, owner: Account) -> None:
    with pytest.raises(Failed, match="out of gas"), reverts():
        probe.fail(5, sender=owner)
    with reverts("out of gas"):
        probe.set_number(1, sender=owner, gas=22_000)


def test_wrong_reason_fails_and_tells_the_true_one(probe: Contract, owner: Account) -> None:
    with pytest.raises(Failed, match=r"expected .*'probe: one', got 'probe: zero'"):
        with reverts("probe: one"):
            probe.fail(0, sender=owner)
    with pytest.raises(Failed, match=r"expected .*'', got 'probe: zero'"), reverts(""):
        probe.fail(0, sender=owner)
    with pytest.raises(Failed, match=r"expected .*'probe: zero', got ''"), reverts("probe: zero"):
        probe.fail(1, sender=owner)


def test_no_revert_fails(probe: Contract, owner: Account) -> None:
    with pytest.raises(Failed, match="nothing reverted"), reverts():
        probe.set_number(1, sender=owner)


def test_other_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), reverts():
        _ = 1 // 0


def test_unexpected_revert_tells_its_reason(probe: Contract, owner: Account) -> None:
    with pytest.raises(Reverted, match="probe: zero") as caught:
        probe.fail(0, sender=owner)
    assert caught.value.data[:4] == bytes.fromhex("08c379a0")


def test_failed_view_and_deployment(project: Project, probe: Contract, owner: Account) -> None:
    with reverts(""):
        probe.echo([(1, []), (2, []), (3, []), (4, []), (5, [])], (1, 2))  # one too many
    with reverts(""):
        probe.factory.at(probe).fail.call(1)
    with reverts(""):
        project.Token.deploy("x" * 40, "X", 6, sender=owner)  # the name is too long


def test_failed_transaction_keeps_the_block(chain: Chain, probe: Contract, owner: Account) -> None:
    number = chain.block_number
    with reverts("probe: zero"):
        probe.fail(0, sender=owner)
    assert chain.block_number == number


def test_no_contract_there(probe: Contract, owner: Account) -> None:
    nothing = probe.factory.at(owner.address)
    with pytest.raises(ValueError, match="0 bytes returned"):
        nothing.number()
