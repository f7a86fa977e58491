"""Nodes and scripts as processes of their own: what users run, on what they run it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3
from web3.exceptions import TransactionNotFound

from plimsoll.client.orders import Domain, Leg, Order
from plimsoll.client.reader import Reader
from plimsoll.deploy.expiries import smile_of
from plimsoll.deploy.record import Deployment
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import account_id, perpetual
from tests.harness.accounts import MNEMONIC

ROOT = Path(__file__).parents[2]
BINARIES = Path(sys.executable).parent
CHAIN_ID = 424_242
DAY = 86_400
PATIENCE = 300  # seconds for whatever should happen at once

BTC, ETH, SOL = 1, 2, 3


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "integration: runs processes and nodes, takes seconds")


def environment() -> dict[str, str]:
    """Of a process whose node, if it starts one, has a free port; Ape's own choice may be taken."""
    path = f"{BINARIES}{os.pathsep}{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    data = os.environ.get("APE_DATA_FOLDER", str(ROOT / "build" / "ape"))
    return {
        **os.environ,
        "PATH": path,
        "APE_DATA_FOLDER": data,
        "APE_FOUNDRY_HOST": f"http://127.0.0.1:{free_port()}",
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }


def ape_started(*arguments: Any) -> subprocess.Popen[str]:
    """`ape run` under way."""
    return subprocess.Popen(
        [str(BINARIES / "ape"), "run", *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ape_run(*arguments: Any, fails: bool = False) -> str:
    """What `ape run` prints, or how it complains if it has to fail."""
    with ape_started(*arguments) as process:
        said, complained = process.communicate(timeout=600)
    assert (process.returncode != 0) == fails, said + complained
    return complained if fails else said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(happens: Callable[[], Any], what: str) -> Any:
    """Waits for something to be true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if result := happens():
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited in vain: {what}")


class Node:
    """A local node that can be stopped and started again."""

    def __init__(self, command: list[str], port: int, chain_id: int) -> None:
        self.command = command
        self.url = f"http://127.0.0.1:{port}"
        self.chain_id = chain_id
        self.provider = HTTPProvider(self.url, exception_retry_configuration=None)
        self.web3 = Web3(self.provider)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.web3.is_connected, f"{self.command[0]} to answer")

    def stop(self) -> None:
        """Lets it write its state, if it keeps one."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)

    def mine(self, sent: bytes) -> None:
        """Blocks until one has the transaction: a node may take it into its pool a bit later."""

        def mined() -> bool:
            self.rpc("evm_mine")
            with suppress(TransactionNotFound):
                return bool(self.web3.eth.get_transaction_receipt(sent))  # type: ignore[arg-type]
            return False

        until(mined, "a transaction to be mined")

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self.provider.make_request(method, params)  # type: ignore[arg-type]
        assert "error" not in answer, answer
        return answer["result"]


@contextmanager
def running(node: Node) -> Iterator[Node]:
    node.start()
    try:
        yield node
    finally:
        node.stop()


def anvil(*options: str, chain_id: int = CHAIN_ID) -> Node:
    port = free_port()
    command = ["anvil", "--port", str(port), "--chain-id", str(chain_id), "--silent", *options]
    return Node(command, port, chain_id)


def keys() -> list[LocalAccount]:
    Account.enable_unaudited_hdwallet_features()
    return [Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{i}") for i in range(6)]


class World:
    """A deployed protocol on a node, driven over web3."""

    def __init__(self, node: Node, deployment: Path) -> None:
        self.node = node
        self.path = deployment
        self.record = Deployment.load(deployment)
        self.keys = keys()

    def contract(self, key: str) -> Reader:
        return Reader(self.node.web3, self.record, key)

    def account(self, index: int, number: int = 0) -> int:
        return account_id(int(self.keys[index].address, 16), number)

    def send(self, key: str, function: str, *args: Any, sender: int = 0, gas: int = 2**24) -> Any:
        """A transaction from an account of the node, with its receipt."""
        call = self.contract(key).contract.functions[function](*args)
        sent = call.transact({"from": self.keys[sender].address, "gas": gas})
        receipt = self.node.web3.eth.wait_for_transaction_receipt(sent, timeout=PATIENCE)
        assert receipt["status"] == 1, f"{key}.{function} reverted"
        return receipt

    def deposit(self, index: int, symbol: str, units: int) -> None:
        token, vault = f"token:{symbol}", self.record.address("vault")
        self.send(token, "mint", self.keys[index].address, units, sender=index)
        self.send(token, "approve", vault, units, sender=index)
        address = self.record.tokens[symbol]
        self.send("vault", "deposit", self.account(index), address, units, sender=index)

    def trade(self, buyer: int, seller: int, instrument: int, size: int, price: int) -> None:
        """`size` in 1e-8 contracts, `price` in whole quote."""
        orders = self.record.address("orders")
        domain = Domain(self.record.chain_id, orders)
        signed = []
        for index, change in ((buyer, size), (seller, -size)):
            limit = 10**6 * WAD
            self.send("vault", "set_venue", self.account(index), orders, limit, sender=index)
            order = Order(
                account=self.account(index),
                legs=(Leg(instrument),),
                size=change,
                price=price * WAD,
                expiry=2**40,
            )
            signed.append(astuple(domain.sign(order, self.keys[index])))
        self.send("orders", "match", signed, [size, size])

    def list_options(self, underlying: int, *strikes: int) -> int:
        """A month of options, and the future; strikes in whole quote, a thousand apart."""
        now = self.node.web3.eth.get_block("latest")["timestamp"]
        expiry = (now // DAY + 30) * DAY
        smile = astuple(smile_of(0.6))
        series = (1_000 * SIZE, strikes[0] * SIZE, strikes[-1] * SIZE, 1_000 * SIZE)
        self.send("market", "list_expiry", underlying, expiry, WAD)
        self.send("surface", "post", underlying, expiry, smile, WAD, now)
        self.send("registry", "list_series", underlying, expiry, series)
        return expiry

    def set_price(self, symbol: str, price: int) -> None:
        """A minute later: a price of the same second as the last one is no news."""
        self.node.rpc("evm_increaseTime", 60)
        self.send(f"aggregator:{symbol}", "set_answer", price * 10**8)

    def summary(self, index: int) -> Any:
        return self.contract("lens").summary(self.account(index))


class User:
    """Somebody at the command line."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder

    def __call__(self, *arguments: Any, fails: bool = False) -> str:
        network = ("--network", self.world.node.url, "--deployment", self.world.path)
        return ape_run(*arguments, *network, fails=fails)

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """With a protocol of their own, in which nothing has happened yet."""
    folder = tmp_path_factory.mktemp("user")
    path = folder / "deployment.json"
    with running(anvil()) as node:
        ape_run("deploy", "--network", node.url, "--deployment", path)
        yield User(World(node, path), folder)


LONG = 5 * SIZE  # bitcoin, at 60,000


def passengers(world: World) -> None:
    """A trader (2) who is long bitcoin against a maker (3), and a keeper (1) with capital."""
    world.deposit(1, "USDC", 2_000_000 * 10**6)
    world.deposit(2, "USDC", 70_000 * 10**6)
    world.deposit(3, "USDC", 1_000_000 * 10**6)
    world.trade(2, 3, perpetual(BTC), LONG, 60_000)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A protocol on an anvil that keeps its state over a restart."""
    folder = tmp_path_factory.mktemp("world")
    path = folder / "deployment.json"
    with running(anvil("--state", str(folder / "state.json"))) as node:
        ape_run("deploy", "--network", node.url, "--deployment", path)
        world = World(node, path)
        passengers(world)
        yield world


@pytest.fixture
def fresh(world: World) -> Iterator[World]:
    """The same protocol for each test: what it does to the chain is undone."""
    snapshot = world.node.rpc("evm_snapshot")
    yield world
    world.node.rpc("evm_mine")  # a block that a keeper's last transaction begins must not end later
    assert world.node.rpc("evm_revert", snapshot)
