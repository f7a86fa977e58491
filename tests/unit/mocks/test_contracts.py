"""Calls, receipts and events."""

import time
from types import SimpleNamespace

import pytest

from tests.harness import Account, Chain, Contract, Project, impersonate
from tests.harness.abi import EncodingError
from tests.harness.chain import floor_gas, intrinsic_gas

TAG = b"\1\2\3\4"


def test_view_returns_values(probe: Contract, chain: Chain, stranger: Account) -> None:
    assert probe.number() == 5
    assert probe.here(sender=stranger) == (chain.timestamp, chain.chain_id, stranger)
    points, pair = probe.echo([(-1, [TAG]), (2, [])], (3, 4))
    assert [(point.x, point.tags) for point in points] == [(-1, [TAG]), (2, [])]
    assert pair == [3, 4]


def test_transaction_returns_a_receipt(probe: Contract, chain: Chain, owner: Account) -> None:
    number = chain.block_number
    receipt = probe.set_number(6, sender=owner)
    assert probe.number() == 6
    assert receipt.return_value == 5
    assert receipt.timestamp == chain.timestamp
    assert receipt.block_number == chain.block_number == number + 1
    assert receipt.execution_gas == receipt.gas_used - intrinsic_gas(
        probe.set_number.encode_input(6)
    )


def test_default_argument_is_an_overload(probe: Contract, owner: Account) -> None:
    probe.set_number(sender=owner)
    assert probe.number() == 7
    with pytest.raises(TypeError, match="got 2 arguments"):
        probe.set_number(1, 2, sender=owner)


def test_transaction_needs_a_sender(probe: Contract) -> None:
    with pytest.raises(TypeError, match="sender="):
        probe.set_number(1)


def test_arguments_are_checked(probe: Contract, owner: Account) -> None:
    with pytest.raises(EncodingError, match=r"set_number\(uint256\): .*out of range"):
        probe.set_number(-1, sender=owner)


def test_call_changes_nothing(probe: Contract, owner: Account, chain: Chain) -> None:
    number = chain.block_number
    assert probe.set_number.call(6, sender=owner) == 5
    assert (probe.number(), chain.block_number) == (5, number)


def test_transact_sends_a_view(probe: Contract, owner: Account) -> None:
    receipt = probe.number.transact(sender=owner)
    assert receipt.return_value == 5
    assert 0 < receipt.execution_gas < 5_000


def test_struct_arguments_and_events(probe: Contract, project: Project, owner: Account) -> None:
    point = SimpleNamespace(x=-3, tags=[TAG])
    receipt = probe.set_point(9, point, sender=owner)
    assert receipt.return_value == (-3, [TAG])
    assert probe.points(9).x == -3

    [event] = receipt.events
    assert (event.event_name, event.address) == ("Set", probe)
    assert event.key == event["key"] == 9
    assert event.point.tags == [TAG]
    assert len(event.tag) == 32, "a hash is all that is left of an indexed string"
    assert list(event.args) == ["key", "tag", "point"]
    with pytest.raises(AttributeError):
        _ = event.value

    assert [found.args for found in receipt.events_of(probe.Set)] == [event.args]
    elsewhere = probe.factory.at(owner.address)
    assert receipt.events_of(elsewhere.Set) == []
    assert len(receipt.events_of(probe.factory.Set)) == 1


def test_events_of_several_contracts(probe: Contract, token: Contract, owner: Account) -> None:
    token.mint(probe, 3, sender=owner)
    data = token.transfer.encode_input(owner, 3)
    receipt = probe.call(token, data, sender=owner)
    [event] = receipt.events
    assert (event.event_name, event.sender, event.receiver, event.value) == (
        "Transfer",
        probe,
        owner,
        3,
    )


def test_unknown_names(probe: Contract, project: Project) -> None:
    with pytest.raises(AttributeError, match="Probe has no nothing"):
        _ = probe.nothing
    with pytest.raises(AttributeError, match=r"there is no Nothing\.vy"):
        _ = project.Nothing


def test_contract_equals_its_address(probe: Contract, owner: Account) -> None:
    assert probe == probe.address == probe.factory.at(probe.address)
    assert probe.address == probe
    assert probe != owner
    assert len({probe, probe.factory.at(probe)}) == 1


def test_contract_may_send(probe: Contract, token: Contract, owner: Account, chain: Chain) -> None:
    """Owner mints to the contract, which sends on, keeps its code and can be called meanwhile."""
    code = chain.code(probe)
    token.mint(probe, 10, sender=owner)
    token.transfer(owner, 4, sender=impersonate(probe))
    assert token.balanceOf(probe) == 6
    assert chain.code(probe) == code
    probe.call_unlocked(probe, probe.set_number.encode_input(8), sender=impersonate(probe))
    assert probe.number() == 8
    assert probe.here(sender=probe)[2] == probe


def test_ether_is_sent(project: Project, probe: Contract, chain: Chain, owner: Account) -> None:
    rich = probe.factory.deploy(1, sender=owner, value=3)
    assert chain.balance(rich) == 3
    before = chain.balance(owner)
    wallet = project.Wallet1271.deploy(owner, sender=owner)
    wallet.execute(rich, b"", 0, sender=owner, value=2)
    assert chain.balance(wallet) == 2
    assert chain.balance(owner) == before - 2


def test_deployed_code_is_the_compiled_code(
    project: Project, probe: Contract, chain: Chain, owner: Account
) -> None:
    assert chain.code(probe) == probe.factory.runtime
    assert chain.code(owner) == b""


@pytest.mark.pyrevm  # a node is another process
def test_view_is_fast(probe: Contract) -> None:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(1_000):
            probe.number()
        times.append(time.perf_counter() - start)
    assert min(times) / 1_000 < 100e-6


# gas, the same on both chains


def test_gas_is_that_of_separate_transactions(
    chain: Chain, token: Contract, probe: Contract, owner: Account, spender: Account
) -> None:
    """A new slot, a used one, an emptied one (with a refund), and a contract called by another."""
    token.mint(probe, 100, sender=owner)
    with chain.cold():
        receipts = [
            token.transfer(spender, 100, sender=owner),
            token.transfer(spender, 100, sender=owner),
            token.transfer(owner, 200, sender=spender),
            probe.call(token, token.transfer.encode_input(owner, 60), sender=owner),
            token.transfer(owner, 40, sender=impersonate(probe)),
        ]
    # anvil's figures: this test passes on both chains
    gas = [receipt.gas_used for receipt in receipts]
    assert gas == [51_480, 34_380, 29_580, 38_437, 29_580]


def test_gas_of_long_calldata_has_a_floor(
    chain: Chain, probe: Contract, token: Contract, owner: Account
) -> None:
    with chain.cold():
        receipt = probe.echo.transact([(1, [TAG] * 4)] * 4, (1, 2), sender=owner)
    calldata = probe.echo.encode_input([(1, [TAG] * 4)] * 4, (1, 2))
    assert receipt.gas_used >= floor_gas(calldata) > intrinsic_gas(calldata)


def test_gas_of_a_deployment(chain: Chain, token: Contract, owner: Account) -> None:
    with chain.cold():
        contract = token.factory.deploy("Dollar", "USD", 6, sender=owner)
    assert contract.creation is not None
    assert contract.creation.gas_used == 489_308
