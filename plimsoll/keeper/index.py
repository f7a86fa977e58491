"""Which accounts could be short, from the vault's events."""

from dataclasses import dataclass, field
from typing import Any

from web3 import Web3
from web3.exceptions import Web3RPCError

from plimsoll.client.reader import Reader
from plimsoll.spec.words import unpack_account

UNKNOWN = -1  # word of an account whose last event may have been undone


def holding(word: int) -> bool:
    """Whether an account with this word has positions."""
    return word == UNKNOWN or unpack_account(word)[3] > 0


def risky(word: int) -> bool:
    """Whether an account with this word can ever be short: it owes, or holds positions."""
    return holding(word) or unpack_account(word)[0] < 0


@dataclass
class AccountIndex:
    """Follows the vault's `Updated` events, in chunks, from its first block on.

    When the chain was re-organised, or is shorter than it was, the last `depth` blocks are read
    again. Accounts that were touched there are taken for risky until an event tells otherwise:
    the price of not knowing is a needless look, never a missed one.
    """

    web3: Web3
    vault: Reader
    first: int
    chunk: int = 5_000
    depth: int = 64
    words: dict[int, tuple[int, int]] = field(default_factory=dict)  # account: (block, word)
    _next: int = 0
    _tip: tuple[int, bytes] | None = None  # number and hash of the last block that was read

    def __post_init__(self) -> None:
        self._next = self.first

    def update(self, head: int) -> None:
        """Takes in all events up to a block."""
        if self._undone(head):
            self._next = max(self.first, min(self._next, head + 1) - self.depth)
            for account, (block, _) in self.words.items():
                if block >= self._next:
                    self.words[account] = (block, UNKNOWN)
        while self._next <= head:
            last = min(head, self._next + self.chunk - 1)
            try:
                logs = self._logs(self._next, last)
            except Web3RPCError:
                if self.chunk == 1:
                    raise
                self.chunk = max(1, self.chunk // 4)  # many nodes limit a query
                continue
            for log in logs:
                self.words[log["args"]["account"]] = (log["blockNumber"], log["args"]["word"])
            self._next = last + 1
        self._tip = (head, self._hash(head))

    def accounts(self) -> list[int]:
        """Those that could be short."""
        return [account for account, (_, word) in self.words.items() if risky(word)]

    def holders(self) -> list[int]:
        """Those that could have positions."""
        return [account for account, (_, word) in self.words.items() if holding(word)]

    def _undone(self, head: int) -> bool:
        if self._tip is None:
            return False
        number, known = self._tip
        return number > head or self._hash(number) != known

    def _hash(self, number: int) -> bytes:
        return bytes(self.web3.eth.get_block(number)["hash"])

    def _logs(self, first: int, last: int) -> Any:
        updated = self.vault.contract.events.Updated()
        return updated.get_logs(from_block=first, to_block=last)
