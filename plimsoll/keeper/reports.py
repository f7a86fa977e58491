"""Signed price reports, brought to their feeds."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web3.exceptions import ContractLogicError, Web3RPCError
from web3.types import TxParams

from plimsoll.client.reader import Reader, reason
from plimsoll.keeper.sender import Sender

GAS = 300_000  # sixteen signatures


@dataclass(frozen=True)
class Reports:
    """Reads a file that whoever signs keeps up to date: a JSON list of
    `{"feed": symbol, "price": WAD, "time": seconds, "signatures": [hex, ...]}`.
    """

    path: Path
    feeds: dict[str, Reader]  # by symbol
    sender: Sender
    say: Callable[[str], None]

    def push(self, block: int) -> None:
        """Sends what is newer than its feed's last report."""
        for entry in self._read():
            symbol = entry["feed"]
            feed, name = self.feeds.get(symbol), f"report {symbol}"
            if feed is None or self.sender.busy(name) or self._last(feed) >= entry["time"]:
                continue
            signatures = [bytes.fromhex(item.removeprefix("0x")) for item in entry["signatures"]]
            report = feed.contract.functions.report(entry["price"], entry["time"], signatures)
            try:
                report.call({"from": self.sender.key.address})
                call: TxParams = {
                    "to": feed.address,
                    "data": report._encode_transaction_data(),
                    "gas": GAS,
                }
                sent = self.sender.send(name, call, block)
            except ContractLogicError as error:
                self.say(f"block {block}  {name}  would be refused: {reason(error)}")
            except Web3RPCError as error:
                self.say(f"block {block}  {name}  fails: {error.message or error}")
            else:
                self.say(f"block {block}  {name}  brings {entry['price']}, in {sent.hex()}")

    def _read(self) -> list[dict[str, Any]]:
        try:
            return list(json.loads(self.path.read_text()))
        except (FileNotFoundError, ValueError):
            return []  # not there yet, or just being written

    def _last(self, feed: Reader) -> int:
        try:
            return int(feed.latest()[1])
        except ContractLogicError:
            return 0  # the first one
