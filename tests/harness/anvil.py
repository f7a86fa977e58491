"""The chain in an anvil of its own, which Ape starts and stops.

It behaves as the one in process does: each block is given its timestamp, the same as the last one's
unless the test moves time. A transaction is simulated first, on the block that it will be in, which
tells its return value or its reason; only one that succeeds is sent, so a failed one adds no block.
"""

import atexit
import os
import re
import time
from typing import Any

from .abi import checksum
from .accounts import Accounts
from .chain import START, Chain, Log, Result, hex_address
from .compiler import ROOT
from .errors import Reverted

RECEIPT_TIMEOUT = 60.0


def _connect() -> Any:
    """Ape's provider; node_modules has the anvil, build/ takes what Ape keeps."""
    os.environ.setdefault("APE_DATA_FOLDER", str(ROOT / "build" / "ape"))
    os.environ.setdefault("VVM_BINARY_PATH", str(ROOT / "build" / "vvm"))
    os.environ["PATH"] = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    import ape

    connection = ape.networks.parse_network_choice(
        "ethereum:local:foundry", provider_settings={"host": "auto"}
    )
    provider = connection.__enter__()
    atexit.register(connection.__exit__, None, None, None)
    return provider


class AnvilChain(Chain):
    def __init__(self) -> None:
        self._web3 = _connect().web3
        self._chain_id = int(self._rpc("eth_chainId"), 16)
        self._unlocked = {account.address for account in Accounts()}
        self._times: dict[int, int] = {}  # of snapshots
        self._timestamp = START
        self._mine(1)

    def _rpc(self, method: str, *params: Any) -> Any:
        response = self._web3.provider.make_request(method, list(params))
        if (error := response.get("error")) is not None:
            raise _failure(error)
        return response.get("result")

    # time

    @property
    def chain_id(self) -> int:
        return self._chain_id

    @property
    def timestamp(self) -> int:
        return self._timestamp

    @property
    def block_number(self) -> int:
        return int(self._rpc("eth_blockNumber"), 16)

    def set_next_timestamp(self, timestamp: int) -> None:
        assert timestamp >= self._timestamp, "time does not run backwards"
        self._timestamp = timestamp

    def _mine(self, blocks: int) -> None:
        for _ in range(blocks):
            self._rpc("evm_setNextBlockTimestamp", self._timestamp)
            self._rpc("evm_mine")

    # snapshots

    def snapshot(self) -> int:
        snapshot = int(self._rpc("evm_snapshot"), 16)
        self._times[snapshot] = self._timestamp
        return snapshot

    def restore(self, snapshot: int) -> None:
        assert snapshot in self._times, "no such snapshot"
        assert self._rpc("evm_revert", hex(snapshot))
        self._timestamp = self._times[snapshot]
        self._times = {known: at for known, at in self._times.items() if known < snapshot}

    # state

    def balance(self, address: Any) -> int:
        return int(self._rpc("eth_getBalance", hex_address(address), "latest"), 16)

    def set_balance(self, address: Any, amount: int) -> None:
        self._rpc("anvil_setBalance", hex_address(address), hex(amount))

    def nonce(self, address: Any) -> int:
        return int(self._rpc("eth_getTransactionCount", hex_address(address), "latest"), 16)

    def code(self, address: Any) -> bytes:
        return bytes.fromhex(self._rpc("eth_getCode", hex_address(address), "latest")[2:])

    def storage(self, address: Any, slot: int) -> int:
        return int(self._rpc("eth_getStorageAt", hex_address(address), hex(slot), "latest"), 16)

    # calls

    def call(self, sender: str, to: str, data: bytes) -> bytes:
        return self._simulate({"from": sender, "to": to, "data": "0x" + data.hex()})

    def simulate(self, sender: str, to: str, data: bytes, value: int, gas: int) -> bytes:
        return self._simulate(_transaction(sender, to, data, value, gas))

    def _simulate(self, transaction: dict[str, Any]) -> bytes:
        """Runs it as if in the pending block."""
        block = {"number": hex(self.block_number + 1), "time": hex(self._timestamp)}
        return bytes.fromhex(self._rpc("eth_call", transaction, "latest", {}, block)[2:])

    def transact(self, sender: str, to: str | None, data: bytes, value: int, gas: int) -> Result:
        transaction = _transaction(sender, to, data, value, gas)
        output = self._simulate(transaction)
        if sender not in self._unlocked:
            self._rpc("anvil_impersonateAccount", sender)
            self._unlocked.add(sender)
        self._rpc("evm_setNextBlockTimestamp", self._timestamp)
        receipt = self._receipt(self._rpc("eth_sendTransaction", transaction))
        assert int(receipt["status"], 16), "a transaction failed that had succeeded just before"
        return Result(
            output=b"" if to is None else output,
            gas_used=int(receipt["gasUsed"], 16),
            logs=[_log(log) for log in receipt["logs"]],
            timestamp=self._timestamp,
            block_number=int(receipt["blockNumber"], 16),
            created=_checksum(receipt["contractAddress"]) if to is None else None,
        )

    def _receipt(self, hash_: str) -> dict[str, Any]:
        """The receipt, for which the hash may be early."""
        deadline = time.monotonic() + RECEIPT_TIMEOUT
        while (receipt := self._rpc("eth_getTransactionReceipt", hash_)) is None:
            assert time.monotonic() < deadline, f"no receipt of {hash_}"
            time.sleep(0.001)
        return receipt


def _transaction(sender: str, to: str | None, data: bytes, value: int, gas: int) -> dict[str, Any]:
    transaction = {
        "from": sender,
        "data": "0x" + data.hex(),
        "value": hex(value),
        "gas": hex(gas),
        "gasPrice": "0x0",
    }
    return transaction if to is None else {**transaction, "to": to}


def _log(log: dict[str, Any]) -> Log:
    topics = tuple(bytes.fromhex(topic[2:]) for topic in log["topics"])
    return Log(_checksum(log["address"]), topics, bytes.fromhex(log["data"][2:]))


def _checksum(address: str) -> str:
    return checksum(bytes.fromhex(address[2:]))


def _failure(error: dict[str, Any]) -> Exception:
    if isinstance(data := error.get("data"), str):
        return Reverted.from_data(bytes.fromhex(data[2:]))
    if match := re.fullmatch(r"EVM error:? (\w+)", error["message"]):
        return Reverted.from_halt(match[1])
    return RuntimeError(error["message"])  # not the contract's failure
