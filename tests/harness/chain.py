"""What both chains have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .abi import address_bytes

# A day's first second, so that every expiry grid fits, and far enough ahead for anvil, whose clock
# starts at the present and never runs backwards.
START = 2_000_073_600
TX_GAS = 2**24  # what one transaction may use (EIP-7825)
CALL_GAS = 2**27  # and what a node grants to a view
FUNDS = 10_000 * 10**18


@dataclass(frozen=True, slots=True)
class Log:
    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What is left of a transaction."""

    output: bytes
    gas_used: int
    logs: list[Log]
    timestamp: int
    block_number: int
    created: str | None = None


class Chain(ABC):
    """A chain on which every transaction is a block, at a time that only the test moves."""

    @property
    @abstractmethod
    def chain_id(self) -> int:
        """The chain's id; may be set in process only."""

    @property
    @abstractmethod
    def timestamp(self) -> int:
        """Time of the pending block: what the next transaction and every view will see."""

    @property
    @abstractmethod
    def block_number(self) -> int:
        """Number of the latest block."""

    @abstractmethod
    def set_next_timestamp(self, timestamp: int) -> None:
        """Sets the time of the pending block, without a block."""

    @abstractmethod
    def _mine(self, blocks: int) -> None: ...

    def mine(
        self, blocks: int = 1, *, timestamp: int | None = None, delta: int | None = None
    ) -> None:
        """Adds empty blocks, all of them at `timestamp`, or `delta` seconds from now."""
        if delta is not None:
            assert timestamp is None, "either timestamp or delta"
            timestamp = self.timestamp + delta
        if timestamp is not None:
            self.set_next_timestamp(timestamp)
        self._mine(blocks)

    @abstractmethod
    def snapshot(self) -> int:
        """Remembers state, time and number under an id that serves once."""

    @abstractmethod
    def restore(self, snapshot: int) -> None:
        """Goes back, and forgets this snapshot and all later ones."""

    @contextmanager
    def isolate(self) -> Iterator[None]:
        """Whatever happens inside is undone at the end."""
        snapshot = self.snapshot()
        try:
            yield
        finally:
            self.restore(snapshot)

    @contextmanager
    def cold(self) -> Iterator[None]:
        """Inside, `gas_used` is that of transactions of their own: nothing is warm at their start.

        In process warm slots outlive transactions otherwise, for speed; on anvil they never do.
        """
        yield

    @abstractmethod
    def balance(self, address: Any) -> int: ...

    @abstractmethod
    def set_balance(self, address: Any, amount: int) -> None: ...

    @abstractmethod
    def nonce(self, address: Any) -> int:
        """In process, that of a sender without code counts deployments only."""

    @abstractmethod
    def code(self, address: Any) -> bytes: ...

    @abstractmethod
    def storage(self, address: Any, slot: int) -> int: ...

    @abstractmethod
    def call(self, sender: str, to: str, data: bytes) -> bytes:
        """Runs a view; returns its output."""

    @abstractmethod
    def simulate(self, sender: str, to: str, data: bytes, value: int, gas: int) -> bytes:
        """Runs a transaction and undoes it; returns its output."""

    @abstractmethod
    def transact(self, sender: str, to: str | None, data: bytes, value: int, gas: int) -> Result:
        """Sends a transaction; without `to` it creates a contract."""


def intrinsic_gas(data: bytes, creates: bool = False) -> int:
    """What a transaction costs before its first instruction (EIP-2028, EIP-3860)."""
    zeros = data.count(0)
    gas = 21_000 + 4 * zeros + 16 * (len(data) - zeros)
    return gas + 32_000 + 2 * -(-len(data) // 32) if creates else gas


def floor_gas(data: bytes) -> int:
    """What it costs at least (EIP-7623)."""
    zeros = data.count(0)
    return 21_000 + 10 * (zeros + 4 * (len(data) - zeros))


def hex_address(address: Any) -> str:
    return "0x" + address_bytes(address).hex()
