"""One round a block: what became of transactions, who is short, what to do."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from requests.exceptions import RequestException
from web3 import Web3
from web3.exceptions import Web3Exception, Web3RPCError

from plimsoll.client.amounts import show_account, show_quote
from plimsoll.client.reader import Reader
from plimsoll.keeper.index import AccountIndex
from plimsoll.keeper.policy import Policy
from plimsoll.keeper.reports import Reports
from plimsoll.keeper.sender import Landing, Sender

BATCH = 64  # accounts that the Lens reads in one call
LONGEST_REST = 64  # blocks
NODE_TROUBLE = (RequestException, Web3Exception, OSError, ValueError)

Say = Callable[[str], None]


def stamp(text: str) -> None:
    """A line of the log, at once."""
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)


@dataclass
class Keeper:
    web3: Web3
    lens: Reader
    index: AccountIndex
    sender: Sender
    policy: Policy
    reports: Reports | None = None
    say: Say = stamp
    failures: dict[int, int] = field(default_factory=dict)  # account: reverts in a row
    resting: dict[int, int] = field(default_factory=dict)  # account: until which block

    def run(self, stop: Event, interval: float) -> None:
        """Until told to stop; a node that is away is waited for."""
        last, pause = None, interval
        while not stop.is_set():
            try:
                latest = self.web3.eth.get_block("latest")
                if (head := (latest["number"], latest["hash"])) != last:
                    self.round(head[0])
                    last = head
                pause = interval
            except NODE_TROUBLE as error:
                pause = min(10.0, 2 * pause)
                self.say(f"node trouble, again in {pause:.1f} s: {' '.join(str(error).split())}")
            stop.wait(pause)

    def round(self, block: int) -> None:
        for landing in self.sender.collect(block):
            self._landed(block, landing)
        if self.reports:
            self.reports.push(block)
        self.index.update(block)
        accounts = self.index.accounts()
        short = [
            view
            for view in self._read(accounts)
            if view.health < 0 and view.account != self.policy.to
        ]
        for view in sorted(short, key=lambda view: view.health):
            self._act(block, view)
        flights = len(self.sender.flights)
        self.say(
            f"block {block}  {len(accounts)} accounts, {len(short)} short, {flights} on the way"
        )

    def _read(self, accounts: list[int]) -> Iterator[Any]:
        for start in range(0, len(accounts), BATCH):
            yield from self.lens.accounts(accounts[start : start + BATCH])

    def _act(self, block: int, view: Any) -> None:
        account = view.account
        if self.sender.busy(account):
            return self._tell(block, view, "waits", "a transaction is on its way")
        if self.resting.get(account, 0) > block:
            return self._tell(block, view, "rests", f"until block {self.resting[account]}")
        decision = self.policy.decide(account)
        if decision.call is None:
            return self._tell(block, view, "leaves", decision.why)
        try:
            sent = self.sender.send(account, decision.call, block)
        except Web3RPCError as error:
            return self._tell(block, view, "fails", str(error.message or error))
        return self._tell(block, view, "liquidates", f"{decision.why}, in {sent.hex()}")

    def _landed(self, block: int, landing: Landing) -> None:
        purpose, receipt = landing.flight.purpose, landing.receipt
        name = show_account(purpose) if isinstance(purpose, int) else str(purpose)
        if receipt is None:
            self.say(f"block {block}  {name}  lost: another transaction or chain took its place")
        elif receipt["status"] == 1:
            self.failures.pop(purpose, None)
            gas = receipt["gasUsed"]
            self.say(f"block {receipt['blockNumber']}  {name}  done, {gas:,} gas")
        else:
            count = self.failures[purpose] = self.failures.get(purpose, 0) + 1
            self.resting[purpose] = block + min(LONGEST_REST, 2**count)
            self.say(f"block {receipt['blockNumber']}  {name}  reverted, {count} in a row")

    def _tell(self, block: int, view: Any, action: str, why: str) -> None:
        self.say(
            f"block {block}  {show_account(view.account)}  health {show_quote(view.health)} of "
            f"{show_quote(view.margin.maintenance)}  {action}: {why}"
        )
