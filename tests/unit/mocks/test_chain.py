"""Time, snapshots and what outlives a transaction."""

import pytest

from tests.harness import START, Account, Chain, Contract, Project, reverts


def test_time_stands_still(chain: Chain, probe: Contract, owner: Account) -> None:
    assert START % 86_400 == 0
    now = chain.timestamp
    assert now >= START
    receipts = [probe.set_number(i, sender=owner) for i in range(3)]
    assert [receipt.timestamp for receipt in receipts] == [now] * 3
    assert probe.here()[0] == chain.timestamp == now


def test_mine_moves_time(chain: Chain, probe: Contract, owner: Account) -> None:
    now, number = chain.timestamp, chain.block_number
    chain.mine()
    assert (chain.timestamp, chain.block_number) == (now, number + 1)
    chain.mine(3, delta=60)
    assert (chain.timestamp, chain.block_number) == (now + 60, number + 4)
    chain.mine(timestamp=now + 90)
    assert probe.here()[0] == now + 90
    assert probe.set_number(1, sender=owner).timestamp == now + 90


def test_next_timestamp_is_seen_by_views(chain: Chain, probe: Contract, owner: Account) -> None:
    now, number = chain.timestamp, chain.block_number
    chain.set_next_timestamp(now + 5)
    assert chain.block_number == number
    assert probe.here()[0] == chain.timestamp == now + 5
    assert probe.set_number(1, sender=owner).timestamp == now + 5


def test_time_does_not_run_backwards(chain: Chain) -> None:
    with pytest.raises(AssertionError, match="backwards"):
        chain.set_next_timestamp(chain.timestamp - 1)


def test_snapshot_restores_everything(chain: Chain, probe: Contract, owner: Account) -> None:
    now, number, money = chain.timestamp, chain.block_number, chain.balance(owner)
    snapshot = chain.snapshot()
    probe.set_number(1, sender=owner)
    chain.mine(delta=60)
    chain.set_balance(owner, 1)
    with chain.cold():
        probe.set_number(2, sender=owner)
    chain.snapshot()
    chain.restore(snapshot)
    assert probe.number() == 5
    assert (chain.timestamp, chain.block_number) == (now, number)
    assert chain.balance(owner) == money
    assert probe.set_number(6, sender=owner).timestamp == now


def test_snapshots_nest(chain: Chain, probe: Contract, owner: Account) -> None:
    with chain.isolate():
        probe.set_number(1, sender=owner)
        with chain.isolate():
            probe.set_number(2, sender=owner)
            with chain.isolate(), chain.cold():
                probe.set_number(3, sender=owner)
            assert probe.number() == 2
        assert probe.number() == 1
    assert probe.number() == 5


def test_snapshot_serves_once(chain: Chain) -> None:
    snapshot = chain.snapshot()
    chain.restore(snapshot)
    with pytest.raises(AssertionError, match="no such snapshot"):
        chain.restore(snapshot)


def test_many_snapshots(chain: Chain, probe: Contract, owner: Account) -> None:
    """More than the depth of calls that the machine allows."""
    with chain.isolate():
        for _ in range(1_100):
            with chain.isolate():
                pass
        first = chain.snapshot()
        for _ in range(100):
            chain.snapshot()
        chain.restore(first)
        probe.set_number(1, sender=owner)


def test_transient_storage_ends_with_the_transaction(
    chain: Chain, probe: Contract, owner: Account
) -> None:
    assert probe.seen() == 0
    probe.set_number(1, sender=owner)
    assert probe.seen() == 0
    probe.set_number.call(1, sender=owner)
    assert probe.seen() == 0
    twice = probe.call_unlocked.encode_input(probe, probe.set_number.encode_input(1))
    probe.call_unlocked(probe, twice, sender=owner)
    assert probe.seen() == 0


def test_lock_opens_after_a_failure(probe: Contract, owner: Account) -> None:
    """Re-entering fails on the lock, which the failed transaction leaves open."""
    with reverts(""):
        probe.call(probe, probe.call.encode_input(probe, b""), sender=owner)
    assert probe.set_number(1, sender=owner).return_value == 5


def test_view_leaves_no_trace(chain: Chain, probe: Contract, owner: Account) -> None:
    number, money = chain.block_number, chain.balance(owner)
    with chain.cold():
        first = probe.set_number(1, sender=owner).gas_used
    probe.set_number(5, sender=owner)
    with chain.cold():
        probe.number(sender=owner)
        assert probe.set_number(1, sender=owner).gas_used == first
    assert chain.block_number == number + 3
    assert chain.balance(owner) == money


def test_balance_and_storage(chain: Chain, probe: Contract, stranger: Account) -> None:
    chain.set_balance(stranger, 123)
    assert chain.balance(stranger) == 123
    slots = [chain.storage(probe, slot) for slot in range(2)]
    assert 5 in slots


@pytest.mark.pyrevm  # a node's chain id is fixed
def test_chain_id_is_settable(chain: Chain, probe: Contract, owner: Account) -> None:
    """As after a fork, on which a domain separator has to be rebuilt."""
    before = chain.chain_id
    with chain.isolate():
        probe.set_number(1, sender=owner)
        chain.chain_id = 5
        assert probe.here()[1] == chain.chain_id == 5
        assert probe.number() == 1
        assert chain.code(probe) == probe.factory.runtime
    assert probe.here()[1] == chain.chain_id == before
    assert probe.number() == 5


def test_state_moves_as_it_is(chain: Chain, project: Project, owner: Account) -> None:
    """What cold gas needs: state that is moved to a fresh machine is the same state."""
    tokens = [project.Token.deploy(name, name, 18, sender=owner) for name in "ABC"]
    for i, token in enumerate(tokens):
        token.mint(owner, 10**30 + i, sender=owner)
    for _ in range(2):
        with chain.cold():
            for i, token in enumerate(tokens):
                assert token.name() == "ABC"[i]
                assert token.balanceOf(owner) == 10**30 + i
                assert chain.code(token) == token.factory.runtime
        nonce = chain.nonce(owner)
        project.Token.deploy("D", "D", 18, sender=owner)
        assert chain.nonce(owner) == nonce + 1
