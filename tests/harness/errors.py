"""What a failed call raises, and how a test expects it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .abi import Method

OUT_OF_GAS = "out of gas"
_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)
_REASON = Method(
    {
        "name": "Error",
        "inputs": [],
        "outputs": [{"name": "", "type": "string"}],
        "stateMutability": "pure",
    }
)


class Reverted(Exception):
    """A call or a transaction failed; the state is as before it.

    `reason` is the revert's text, "" for a revert without one (a failed check of Vyper's own: an
    overflow, a bound, an argument out of range, an unknown function), "panic 0x11" for a panic,
    the data in hex for anything else, and in words what stopped the machine otherwise
    ("out of gas", "invalid opcode", ...).
    """

    def __init__(self, reason: str, data: bytes = b"") -> None:
        super().__init__(reason or "reverted without a reason")
        self.reason = reason
        self.data = data

    @classmethod
    def from_data(cls, data: bytes) -> "Reverted":
        if data[:4] == _ERROR:
            return cls(_REASON.decode(data[4:]), data)
        if data[:4] == _PANIC:
            return cls(f"panic {hex(int.from_bytes(data[4:]))}", data)
        return cls("0x" + data.hex() if data else "", data)

    @classmethod
    def from_halt(cls, name: str) -> "Reverted":
        """By revm's name of what stopped the machine."""
        if "OutOfGas" in name or name.endswith("OOG"):
            return cls(OUT_OF_GAS)
        return cls("invalid opcode" if name == "InvalidFEOpcode" else name)


@contextmanager
def reverts(reason: str | None = None) -> Iterator[None]:
    """The block must revert, with exactly this reason if one is given ("": with none at all).

    Running out of gas is never what a test means, unless it says `reverts("out of gas")`.
    """
    __tracebackhide__ = True
    expected = "a revert" if reason is None else f"a revert with {reason!r}"
    try:
        yield
    except Reverted as error:
        matches = error.reason != OUT_OF_GAS if reason is None else error.reason == reason
        if not matches:
            pytest.fail(f"expected {expected}, got {error.reason!r}")
    else:
        pytest.fail(f"expected {expected}, but nothing reverted")
