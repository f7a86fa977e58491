"""The keeper as a process, against a live chain that does not always behave."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import IO

import pytest
from eth_account import Account
from web3.types import TxParams

from plimsoll.keeper.index import UNKNOWN, AccountIndex
from plimsoll.keeper.loop import BATCH, summaries
from plimsoll.keeper.sender import Sender
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import perpetual, put
from tests.integration.conftest import (
    BTC,
    CHAIN_ID,
    PATIENCE,
    ROOT,
    World,
    anvil,
    environment,
    running,
    until,
)

pytestmark = pytest.mark.integration

TRADER, OTHER = 2, 3
CRASHED = 52_000  # the trader is short, but worth something


class Keeper:
    """Its process, and what it says."""

    def __init__(self, world: World, *options: str) -> None:
        command = [
            *(sys.executable, "-u", str(ROOT / "bots" / "keeper.py")),
            *("--deployment", str(world.path), "--rpc", world.node.url),
            *("--account", "1", "--interval", "0.1", *options),
        ]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.log: list[str] = []
        self._lines: Queue[str] = Queue()
        assert self.process.stdout is not None
        self._reader = Thread(target=self._follow, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _follow(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._lines.put(line.rstrip())

    def says(self, pattern: str) -> re.Match[str]:
        """Waits for a line of its log, from where it was read last."""
        end = monotonic() + PATIENCE
        while monotonic() < end:
            try:
                line = self._lines.get(timeout=0.1)
            except Empty:
                if self.process.poll() is not None and self._lines.empty():
                    break
                continue
            self.log.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no line with {pattern!r} in\n" + "\n".join(self.log))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def keeping(world: World, *options: str) -> Iterator[Keeper]:
    keeper = Keeper(world, *options)
    try:
        yield keeper
    finally:
        if keeper.process.poll() is None:
            keeper.process.kill()
        keeper.process.wait()
        keeper._reader.join()


def test_liquidates(fresh: World) -> None:
    """From a price to a healthy account, and a clean end."""
    with keeping(fresh) as keeper:
        keeper.says(r"watching from block \d+ on")
        keeper.says(r"2 accounts, 0 short, 0 on the way")
        fresh.set_price("BTC", CRASHED)
        assert fresh.summary(TRADER).health < 0
        decision = keeper.says(
            r"block \d+  0x3C44…93BC/0  health (-[\d,.]+) of [\d,.]+  "
            r"liquidates: ([\d.]+) % for a reward of ([\d,.]+), in [0-9a-f]{64}"
        )
        assert 0 < float(decision[2]) < 100
        keeper.says(r"0x3C44…93BC/0  done, [\d,]+ gas")
        healed = fresh.summary(TRADER).margin
        assert healed.target <= healed.equity < healed.initial
        assert keeper.stop() == 0
        assert "stopped" in keeper.says("stopped")[0]


SELLER = 4


def sell_puts(world: World, contracts: int) -> tuple[int, int]:
    """By the seller to another: the expiry, and the instrument."""
    expiry = world.list_options(BTC, 60_000)
    sold = put(BTC, expiry, 60_000 * SIZE)
    world.deposit(SELLER, "USDC", 85_000 * 10**6)
    world.trade(OTHER, SELLER, sold, contracts * SIZE, 3_000)
    return expiry, sold


def test_liquidates_a_seller_of_options(fresh: World) -> None:
    """Who has sold puts falls short when the price does: the keeper takes a part of them all."""
    _, sold = sell_puts(fresh, 5)
    with keeping(fresh) as keeper:
        keeper.says(r"3 accounts, 0 short, 0 on the way")
        fresh.set_price("BTC", 45_000)
        assert fresh.summary(SELLER).health < 0
        decision = keeper.says(
            r"0x15d3…6A65/0  health -[\d,.]+ of [\d,.]+  liquidates: ([\d.]+) % for a reward of"
        )
        keeper.says(r"0x15d3…6A65/0  done, [\d,]+ gas")
        healed = fresh.summary(SELLER).margin
        assert healed.target <= healed.equity < healed.initial
        held = [
            fresh.contract("vault").position(fresh.account(index), sold) for index in (1, SELLER)
        ]
        assert sum(held) == -5 * SIZE
        assert held[0] / sum(held) == pytest.approx(float(decision[1]) / 100, abs=1e-4)
        assert keeper.stop() == 0


def test_upkeep_of_an_expiry(fresh: World) -> None:
    """Prices are rolled while an expiry averages them, and its holders settled after it."""
    expiry, sold = sell_puts(fresh, 1)
    accounts = [fresh.account(index) for index in (OTHER, SELLER)]
    market, vault, node = fresh.contract("market"), fresh.contract("vault"), fresh.node
    cash = [vault.book_of(account).cash for account in accounts]
    with keeping(fresh, "--upkeep") as keeper:
        keeper.says("0 short")
        for ahead, price in ((1_800 + 60, 59_000), (900, 57_000)):
            node.rpc("evm_setNextBlockTimestamp", expiry - ahead)
            fresh.send("aggregator:BTC", "set_answer", price * 10**8)
            keeper.says(rf"market BTC  rolls, {ahead} s before an expiry, in ")
            keeper.says(r"market BTC  done, ")
            assert market.state(BTC).index == price * WAD
        node.rpc("evm_setNextBlockTimestamp", expiry + 1)
        node.rpc("evm_mine")
        for _ in accounts:
            keeper.says(r"settlement of 0x\w+/0  done, ")
        item = market.expiry_of(BTC, expiry)
        assert item.fixed
        assert 57_000 * WAD < item.gathered < 59_000 * WAD
        assert [vault.position(account, sold) for account in accounts] == [0, 0]
        paid = 60_000 * WAD - item.gathered
        assert vault.book_of(accounts[1]).cash == cash[1] - paid
        keeper.says(r"2 accounts, 0 short, 0 on the way")
        assert keeper.stop() == 0


def test_an_expiry_without_prices(fresh: World) -> None:
    """The keeper says that it waits for the governor, and settles once there is a price."""
    expiry, _ = sell_puts(fresh, 1)
    vault, node = fresh.contract("vault"), fresh.node
    node.rpc("evm_setNextBlockTimestamp", expiry + 1)
    node.rpc("evm_mine")
    with keeping(fresh, "--upkeep") as keeper:
        keeper.says(
            r"BTC \w+ lacked young prices in its last half hour: the governor has to fix one$"
        )
        node.rpc("evm_setNextBlockTimestamp", expiry + 3_600)
        fresh.send("market", "fix", BTC, expiry, 57_000 * WAD)
        cash = vault.book_of(fresh.account(SELLER)).cash
        node.rpc("evm_increaseTime", 600)
        node.rpc("evm_mine")
        for _ in range(2):
            keeper.says(r"settlement of 0x\w+/0  done, ")
        assert cash - vault.book_of(fresh.account(SELLER)).cash == 3_000 * WAD
        assert sum("has to fix" in line for line in keeper.log) == 1
        assert keeper.stop() == 0


def test_two_keepers(fresh: World) -> None:
    """What the other was faster at is lost or done already, and neither tries it again."""
    expiry, sold = sell_puts(fresh, 1)
    fresh.deposit(5, "USDC", 2_000_000 * 10**6)
    node, aggregator = fresh.node, fresh.contract("aggregator:BTC").contract
    with keeping(fresh, "--upkeep") as one, keeping(fresh, "--upkeep", "--account", "5") as two:
        for keeper in (one, two):
            keeper.says("0 short, 0 on the way")

        def both(name: str, what: str, times: int = 1) -> list[str]:
            """What became of what both decide in the same block, unless they leave it."""
            keepers = [keeper for keeper in (one, two) for _ in range(times)]
            said = [
                keeper.says(f"{name}  .*({what})(?:.* in ([0-9a-f]{{64}}))?$") for keeper in keepers
            ]
            for decision in said:
                if decision[2]:
                    node.mine(bytes.fromhex(decision[2]))
            return [
                keeper.says(f"{name}  (done|reverted)")[1] if decision[2] else decision[1]
                for keeper, decision in zip(keepers, said, strict=True)
            ]

        node.rpc("evm_setAutomine", False)
        try:
            node.rpc("evm_setNextBlockTimestamp", expiry - 1_860)
            account = {"from": fresh.keys[0].address, "gas": 200_000}
            node.mine(aggregator.functions.set_answer(CRASHED * 10**8).transact(account))
            left = "leaves: liquidator: account is healthy"  # with what the other has sent
            outcomes = both("0x3C44…93BC/0", f"liquidates: |{left}")
            assert sorted(outcomes) in (["done", "reverted"], ["done", left])
            node.rpc("evm_setNextBlockTimestamp", expiry + 1)
            node.rpc("evm_mine")
            assert both(r"settlement of 0x\w+/0", "settles", 2) == ["done"] * 4
        finally:
            node.rpc("evm_setAutomine", True)
        assert fresh.summary(TRADER).health > 0
        for index in (OTHER, SELLER):
            assert fresh.contract("vault").position(fresh.account(index), sold) == 0
        for _ in range(3):
            node.rpc("evm_mine")
        for keeper in (one, two):
            keeper.says(rf"block {node.web3.eth.block_number} .* 0 short, 0 on the way")
            assert sum("  settles" in line for line in keeper.log) == 2
            assert sum("liquidates" in line for line in keeper.log) <= 1
            assert keeper.stop() == 0


def test_without_funds_for_gas(fresh: World) -> None:
    """It says so, rests instead of trying at every block, and goes on once it has some."""
    node, key = fresh.node, fresh.keys[1]
    expiry, _ = sell_puts(fresh, 1)
    with keeping(fresh, "--upkeep") as keeper:
        keeper.says("0 short, 0 on the way")
        held = node.web3.eth.get_balance(key.address)
        node.rpc("anvil_setBalance", key.address, "0x0")
        node.rpc("evm_setNextBlockTimestamp", expiry - 900)
        fresh.send("aggregator:BTC", "set_answer", CRASHED * 10**8)
        first = node.web3.eth.block_number
        keeper.says(rf"block {first}  market BTC  fails: Insufficient funds for gas")
        keeper.says(rf"block {first}  0x3C44…93BC/0  .* fails: Insufficient funds for gas")
        keeper.says(rf"block {first}  \d accounts")
        for block, tried in ((first + 1, 0), (first + 2, 2), (first + 3, 0)):
            seen = len(keeper.log)
            node.rpc("evm_mine")
            keeper.says(rf"block {block}  \d accounts, 1 short, 0 on the way")
            assert sum("fails: " in line for line in keeper.log[seen:]) == tried
        node.rpc("anvil_setBalance", key.address, hex(held))
        for _ in range(3):
            node.rpc("evm_mine")
        keeper.says(r"market BTC  done, ")
        keeper.says(r"0x3C44…93BC/0  done, ")
        assert fresh.summary(TRADER).health > 0
        assert keeper.stop() == 0


STRIKES = range(53_000, 61_000, 1_000)


def needs(world: World) -> tuple[int, int]:
    """An account (4) falls short by puts that it sold, with a perpetual beside them.

    The gas that its liquidation needs while their words are stale, and once they are fresh.
    """
    expiry = world.list_options(BTC, *STRIKES)
    world.deposit(4, "USDC", 85_000 * 10**6)
    for strike in STRIKES:
        world.trade(OTHER, 4, put(BTC, expiry, strike * SIZE), SIZE * 5 // 8, 3_000)
    world.trade(OTHER, 4, perpetual(BTC), SIZE // 100, 60_000)
    world.set_price("BTC", 42_000)
    assert world.summary(4).health < 0
    liquidate = world.contract("liquidator").contract.functions.liquidate(
        world.account(4), world.account(1), WAD, 0
    )
    stale = liquidate.estimate_gas({"from": world.keys[1].address})
    snapshot = world.node.rpc("evm_snapshot")
    world.send("surface", "refresh", world.contract("vault").book_of(world.account(4)).positions)
    fresh = liquidate.estimate_gas({"from": world.keys[1].address})
    world.node.rpc("evm_revert", snapshot)
    return stale, fresh


def test_refreshes_what_does_not_fit_in_first(fresh: World) -> None:
    """Part by part, the words of the account's options, until its liquidation fits."""
    stale, fit = needs(fresh)
    cap = (3 * fit + stale) // 4 * 8 // 7
    with keeping(fresh, "--gas-cap", str(cap)) as keeper:
        left = len(STRIKES)
        while left:
            said = keeper.says(
                rf"0x15d3…6A65/0  health -[\d,.]+ of [\d,.]+  "
                rf"refreshes: (\d) of {left} words, to fit into {cap:,} gas, for a reward of"
            )
            assert int(said[1]) < len(STRIKES)
            left -= int(said[1])
            keeper.says(rf"words of {fresh.keys[4].address}/0  done, [\d,]+ gas")
        keeper.says(r"0x15d3…6A65/0  health .* liquidates: ")
        done = keeper.says(r"0x15d3…6A65/0  done, ([\d,]+) gas")
        assert int(done[1].replace(",", "")) < cap
        healed = fresh.summary(4).margin
        assert healed.target <= healed.equity < healed.initial
        assert keeper.stop() == 0


def test_gives_up_what_does_not_fit_at_all(fresh: World) -> None:
    """Words are refreshed once, and again only after a rest that is longer each time."""
    _, fit = needs(fresh)
    with keeping(fresh, "--gas-cap", str(fit)) as keeper:
        for rest in (2, 4):
            left = len(STRIKES)
            while left:
                left -= int(keeper.says(rf"refreshes: (\d) of {left} words")[1])
                keeper.says(r"words of .* done, ")
            block = int(keeper.says(rf"block (\d+) .* gives up: does not fit into {fit:,} gas")[1])
            for after in range(1, rest):
                fresh.node.rpc("evm_mine")
                keeper.says(rf"block {block + after} .* rests: until block {block + rest}")
            fresh.node.rpc("evm_mine")
        assert fresh.summary(4).health < 0


def test_refreshes_again_who_was_healthy_meanwhile(fresh: World) -> None:
    """What was refreshed when an account was short last says nothing of its words now."""
    _, fit = needs(fresh)
    node = fresh.node
    aggregator = fresh.contract("aggregator:BTC").contract
    account = {"from": fresh.keys[5].address, "gas": 200_000}
    node.rpc("evm_setAutomine", False)
    try:
        with keeping(fresh, "--gas-cap", str(fit)) as keeper:
            first = keeper.says(r"refreshes: (\d of 8) words")[1]
            for price, seen in ((60_000, "0 short, 0 on the way"), (42_000, r"(\d of \d) words,")):
                node.rpc("evm_increaseTime", 60)
                node.mine(aggregator.functions.set_answer(price * 10**8).transact(account))
                said = keeper.says(seen)
            assert said[1] == first
    finally:
        node.rpc("evm_setAutomine", True)


def test_reads_accounts_that_are_too_large_for_a_batch(fresh: World) -> None:
    """Together they take more gas than a node grants a call; alone each can be read."""
    needs(fresh)
    lens, accounts = fresh.contract("lens"), [fresh.account(4)] * BATCH
    assert not any(view.readable for view in lens.accounts(accounts))
    views = list(summaries(lens, [*accounts, fresh.account(TRADER)]))
    assert [view.account for view in views].count(fresh.account(4)) == BATCH
    assert len(views) == BATCH + 1
    assert all(view.readable for view in views)


def test_leaves_what_does_not_pay(fresh: World) -> None:
    with keeping(fresh, "--minimum", "1000000") as keeper:
        fresh.set_price("BTC", CRASHED)
        keeper.says(r"leaves: [\d.]+ % for a reward of [\d,.]+, less than gas and minimum 1,000,0")
        assert fresh.summary(TRADER).health < 0


def test_takes_what_it_can_bear(fresh: World) -> None:
    """With little capital it takes a smaller part than would be enough."""
    quote, owner = fresh.record.tokens["USDC"], fresh.keys[1].address
    take = fresh.contract("lens").available(fresh.account(1), quote)
    fresh.send("vault", "withdraw", fresh.account(1), quote, take - 5_000 * 10**6, owner, sender=1)
    fresh.set_price("BTC", CRASHED)
    with keeping(fresh, "--minimum", "0") as keeper:
        keeper.says(r"liquidates: 6.25 % for a reward")
        keeper.says(r"done, ")


def test_survives_a_revert(fresh: World) -> None:
    """Somebody else is faster: the price is back before the keeper's transaction is mined."""
    node = fresh.node
    with keeping(fresh) as keeper:
        keeper.says(r"0 short, 0 on the way")
        fresh.set_price("BTC", CRASHED)
        keeper.says(r"done, ")
        node.rpc("evm_setAutomine", False)
        try:
            aggregator = fresh.contract("aggregator:BTC").contract
            fee = {"maxFeePerGas": 10**13, "maxPriorityFeePerGas": 10**12}
            account = {"from": fresh.keys[5].address, "gas": 200_000}
            node.rpc("evm_increaseTime", 60)
            node.mine(aggregator.functions.set_answer(46_000 * 10**8).transact(account))
            keeper.says(r"liquidates: ")
            node.rpc("evm_increaseTime", 60)
            node.mine(aggregator.functions.set_answer(60_000 * 10**8).transact({**account, **fee}))
        finally:
            node.rpc("evm_setAutomine", True)
        keeper.says(r"0x3C44…93BC/0  reverted, 1 in a row")
        keeper.says(r"0 short, 0 on the way")
        fresh.set_price("BTC", 46_000)
        keeper.says(r"short, ")
        for _ in range(4):
            node.rpc("evm_mine")
        keeper.says(r"done, ")
        assert keeper.stop() == 0


def test_replaces_a_stuck_transaction(fresh: World) -> None:
    """Fees rise beyond what it offered: it offers more, under the same nonce."""
    node, key = fresh.node, fresh.keys[1]
    nonce = node.web3.eth.get_transaction_count(key.address)
    with keeping(fresh, "--patience", "2") as keeper:
        keeper.says(r"0 short, 0 on the way")
        node.rpc("evm_setAutomine", False)
        try:
            aggregator = fresh.contract("aggregator:BTC").contract
            account = {"from": fresh.keys[5].address, "gas": 200_000}
            node.rpc("evm_increaseTime", 60)
            node.mine(aggregator.functions.set_answer(CRASHED * 10**8).transact(account))
            first = keeper.says(r"liquidates: .* in ([0-9a-f]{64})")[1]
            offered = int(node.web3.eth.get_transaction(first)["maxFeePerGas"])  # type: ignore
            for _ in range(2):
                node.rpc("anvil_setNextBlockBaseFeePerGas", hex(3 * offered))
                node.rpc("evm_mine")
                keeper.says(r"on the way")
            assert node.web3.eth.get_transaction_count(key.address) == nonce
            until(lambda: _offers(fresh, nonce) > offered, "a higher offer")
            node.rpc("evm_mine")
        finally:
            node.rpc("evm_setAutomine", True)
        keeper.says(r"done, ")
        assert node.web3.eth.get_transaction_count(key.address) == nonce + 1
        assert keeper.stop() == 0


def test_offers_no_more_than_it_pays(fresh: World) -> None:
    """What is not worth a higher fee is given up, so that others need not wait behind it."""
    node, key = fresh.node, fresh.keys[1]
    sender, purpose = Sender(node.web3, key, patience=1), fresh.account(TRADER)
    node.rpc("evm_setAutomine", False)
    try:
        node.rpc("evm_mine")
        base = int(node.web3.eth.get_block("latest")["baseFeePerGas"])
        vault = fresh.contract("vault").contract
        call: TxParams = {"to": vault.address, "data": vault.encode_abi("accrue"), "gas": 500_000}
        block = node.web3.eth.block_number
        sent = sender.send(purpose, call, block, ceiling=2 * base)
        assert node.web3.eth.get_transaction(sent)["maxFeePerGas"] == 2 * base  # type: ignore
        node.rpc("anvil_setNextBlockBaseFeePerGas", hex(10 * base))
        node.rpc("evm_mine")
        assert sender.busy(purpose)
        assert sender.collect(block + 1) == []
        assert sender.flights[0].purpose is None
        node.mine(sender.flights[0].hashes[-1])
        [landing] = sender.collect(block + 2)
        assert landing.receipt["gasUsed"] == 21_000
        assert not sender.busy(purpose)
    finally:
        node.rpc("evm_setAutomine", True)


def _offers(world: World, nonce: int) -> int:
    """What the keeper's transaction in the pool offers for gas."""
    pool = world.node.rpc("txpool_content")["pending"]
    mine = next((pool[sender] for sender in pool if sender.lower() == _keeper(world)), {})
    return int(mine[str(nonce)]["maxFeePerGas"], 16) if str(nonce) in mine else 0


def _keeper(world: World) -> str:
    return world.keys[1].address.lower()


def test_waits_for_what_an_earlier_run_left(fresh: World) -> None:
    """Transactions of this key that are still in the pool may be about any account."""
    node, key = fresh.node, fresh.keys[1]
    node.rpc("evm_setAutomine", False)
    try:
        sent = node.web3.eth.send_transaction({"from": key.address, "to": key.address})
        until(lambda: Sender(node.web3, key).busy(fresh.account(TRADER)), "it to be in the pool")
        sender = Sender(node.web3, key)
        node.mine(sent)
        [landing] = sender.collect(node.web3.eth.block_number)
        assert landing.flight.purpose is None
        assert not sender.busy(fresh.account(TRADER))
    finally:
        node.rpc("evm_setAutomine", True)


def test_index_follows_a_shorter_chain(fresh: World) -> None:
    """What was undone is taken for risky until an event tells otherwise, and nobody is missed."""
    web3, node = fresh.node.web3, fresh.node
    index = AccountIndex(web3, fresh.contract("vault"), fresh.record.block, chunk=7)
    index.update(web3.eth.block_number)
    both = {fresh.account(TRADER), fresh.account(OTHER)}
    assert set(index.accounts()) == both
    snapshot = node.rpc("evm_snapshot")
    fresh.deposit(4, "USDC", 10**6)
    fresh.trade(4, OTHER, perpetual(BTC), 1_000, 60_000)
    index.update(web3.eth.block_number)
    assert set(index.accounts()) == both | {fresh.account(4)}
    node.rpc("evm_revert", snapshot)
    node.rpc("evm_mine")
    index.update(web3.eth.block_number)
    assert index.words[fresh.account(4)][1] == UNKNOWN
    assert set(index.accounts()) == both | {fresh.account(4)}
    fresh.deposit(5, "USDC", 10**6)
    index.update(web3.eth.block_number)
    assert index.words[fresh.account(5)][1] != UNKNOWN
    assert fresh.account(5) not in index.accounts()


def test_restart_of_the_node(world: World) -> None:
    """The keeper waits while the node is away, and goes on with what the node still knows.

    The last test here: after a restart a node has forgotten its snapshots.
    """
    with keeping(world) as keeper:
        keeper.says(r"2 accounts, 0 short")
        world.node.stop()
        keeper.says(r"node trouble, again in")
        world.node.start()
        world.set_price("BTC", CRASHED)
        keeper.says(r"liquidates: ")
        keeper.says(r"done, ")
        assert world.summary(TRADER).health > 0
        assert keeper.stop() == 0
    world.node.stop()
    with keeping(world) as early:
        early.says(rf"waiting for {world.node.url}: ")
        world.node.start()
        early.says(r"\d accounts, 0 short")
        assert early.stop() == 0


def test_wrong_start(world: World, tmp_path: Path) -> None:
    """What cannot work is said at once."""

    def complains(*options: str) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "bots" / "keeper.py"), *options],
            cwd=ROOT,
            env={**environment(), "PLIMSOLL_PASSWORD": "wrong"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        return done.stderr.splitlines()[-1]

    rpc = ("--rpc", world.node.url)
    file = ("--deployment", str(world.path))
    path = tmp_path / "key.json"
    path.write_text(json.dumps(Account.encrypt(world.keys[1].key, "secret", "pbkdf2", 2)))
    assert complains(*file, *rpc, "--account", str(path)).endswith(f"{path}: wrong password")
    assert "absent.json: No such file" in complains(
        "--deployment", "absent.json", *rpc, "--account", "1"
    )
    assert "none of the underlyings BTC, ETH, SOL" in complains(
        *file, *rpc, "--account", "1", "--native", "POL"
    )
    assert "nowhere.json: No such file" in complains(*file, *rpc, "--account", "nowhere.json")
    assert "'much' is not a number" in complains(*file, *rpc, "--account", "1", "--minimum", "much")
    assert "is not valid" in complains(*file, *rpc, "--account", "9" * 20)
    for option in ("--to", "--interval", "--patience", "--gas-cap", "--minimum"):
        said = complains(*file, *rpc, "--account", "1", option, "-1")
        assert f"Invalid value for '{option}': -1" in said
    said = complains(*file, *rpc, "--account", "1", "--interval", "nan")
    assert "Invalid value for '--interval': nan" in said
    with running(anvil(chain_id=CHAIN_ID + 1)) as other:
        said = complains(*file, "--rpc", other.url, "--account", "1")
        assert said == f"Error: the node is of chain {CHAIN_ID + 1}, not {CHAIN_ID}"
    with running(anvil()) as empty:
        said = complains(*file, "--rpc", empty.url, "--account", "1")
        assert said == "Error: nothing is at the deployment's addresses; deploy first"
    for rpc in ("nonsense", "localhost:8545", "ws://localhost:8545", "http://", "http://a:99999"):
        said = complains(*file, "--rpc", rpc, "--account", "1")
        assert f"'{rpc}' is no http or https URL" in said


def test_keyfile(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A keyfile serves as well as a number, with the password from the environment."""
    path = tmp_path_factory.mktemp("key") / "key.json"
    encrypted = Account.encrypt(world.keys[1].key, "secret", kdf="pbkdf2", iterations=2)
    path.write_text(json.dumps(encrypted))
    os.environ["PLIMSOLL_PASSWORD"] = "secret"
    try:
        with keeping(world, "--account", str(path)) as keeper:
            keeper.says(f"for {world.keys[1].address}/0")
            assert keeper.stop() == 0
    finally:
        del os.environ["PLIMSOLL_PASSWORD"]
