"""One round a block: what became of transactions, who is short, what to do."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from requests.exceptions import RequestException
from web3 import Web3
from web3.exceptions import ContractLogicError, Web3Exception, Web3RPCError
from web3.types import TxParams

from plimsoll.client.amounts import show_account, show_quote
from plimsoll.client.gas import generous
from plimsoll.client.reader import Reader, complaint, reason
from plimsoll.keeper.errand import Errand
from plimsoll.keeper.expiries import Expiries
from plimsoll.keeper.index import AccountIndex
from plimsoll.keeper.policy import GIVES_UP, REFRESHES, Decision, Policy
from plimsoll.keeper.reports import Reports
from plimsoll.keeper.sender import Landing, Sender

BATCH = 64  # accounts that the Lens reads in one call
LONGEST_REST = 64  # blocks
REFUSED_REST = 8  # blocks until something is tried again that a contract or the node refused
# what a node that restarts or lags makes of a request; half an answer is a ValueError
NODE_TROUBLE = (RequestException, Web3Exception, OSError, ValueError)

Say = Callable[[str], None]


def words_of(account: int) -> str:
    """What a refresh of an account's scenario words is for."""
    return f"words of {show_account(account, short=False)}"


def stamp(text: str) -> None:
    """A line of the log, at once."""
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)


def summaries(lens: Reader, accounts: list[int], batch: int = BATCH) -> Iterator[Any]:
    """Of all accounts: a call's gas is shared, so what it cannot read is read among fewer."""
    unread = []
    for start in range(0, len(accounts), batch):
        for view in lens.accounts(accounts[start : start + batch]):
            if view.readable or batch == 1:
                yield view
            else:
                unread.append(view.account)
    if unread:
        yield from summaries(lens, unread, batch // 4)


@dataclass
class Keeper:
    web3: Web3
    lens: Reader
    index: AccountIndex
    sender: Sender
    policy: Policy
    reports: Reports | None = None
    expiries: Expiries | None = None
    say: Say = stamp
    failures: dict[Any, int] = field(default_factory=dict)  # purpose: failures in a row
    resting: dict[Any, int] = field(default_factory=dict)  # purpose: until which block
    refused: dict[str, tuple[str, int]] = field(default_factory=dict)  # purpose: what, until when

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
            self._run(block, self.reports.errands())
        self.index.update(block)
        if self.expiries:
            self._run(block, self.expiries.errands())
        views = list(summaries(self.lens, self.index.accounts()))
        for view in views:
            if not view.readable:
                self.say(f"block {block}  {show_account(view.account)}  cannot be read")
        short = [view for view in views if view.health < 0 and view.account != self.policy.to]
        short.sort(key=lambda view: view.health)
        self.policy.forget({view.account for view in short})
        for view in short:
            self._act(block, view, self._decide(block, view))
        flights = len(self.sender.flights)
        self.say(f"block {block}  {len(views)} accounts, {len(short)} short, {flights} on the way")

    def _run(self, block: int, errands: Iterable[Errand]) -> None:
        """What would be refused is left for a while, unless it has become something else."""
        for errand in errands:
            purpose, what, function = errand
            refused, until = self.refused.get(purpose, ("", 0))
            if self.sender.busy(purpose) or self.resting.get(purpose, 0) > block:
                continue
            if what == refused and until > block:
                continue
            try:
                gas = function.estimate_gas({"from": self.sender.key.address}, "pending")
                call: TxParams = {
                    "to": function.address,
                    "data": function._encode_transaction_data(),
                    "gas": generous(gas, self.policy.most),
                }
                sent = self.sender.send(purpose, call, block)
            except ContractLogicError as error:
                self.refused[purpose] = what, block + REFUSED_REST
                self.say(f"block {block}  {purpose}  would be refused: {reason(error)}")
            except Web3RPCError as error:
                why = self._unsent(purpose, block, error)
                self.say(f"block {block}  {purpose}  fails: {why}")
            else:
                self.refused.pop(purpose, None)
                self.say(f"block {block}  {purpose}  {what}, in {sent.hex()}")

    def _decide(self, block: int, view: Any) -> Decision:
        purposes = view.account, words_of(view.account)
        if any(map(self.sender.busy, purposes)):
            return Decision("waits", "a transaction is on its way")
        if (until := max(self.resting.get(purpose, 0) for purpose in purposes)) > block:
            return Decision("rests", f"until block {until}")
        return self.policy.decide(view.account)

    def _act(self, block: int, view: Any, decision: Decision) -> None:
        action, why = decision.action, decision.why
        if action == GIVES_UP:
            self._failed(view.account, block)
        if decision.call is not None:
            purpose = words_of(view.account) if action == REFRESHES else view.account
            try:
                sent = self.sender.send(purpose, decision.call, block, decision.ceiling)
                why += f", in {sent.hex()}"
            except Web3RPCError as error:
                action, why = "fails", self._unsent(purpose, block, error)
        self.say(
            f"block {block}  {show_account(view.account)}  health {show_quote(view.health)} of "
            f"{show_quote(view.margin.maintenance)}  {action}: {why}"
        )

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
            count = self._failed(purpose, block)
            self.say(f"block {receipt['blockNumber']}  {name}  reverted, {count} in a row")

    def _unsent(self, purpose: Any, block: int, error: Web3RPCError) -> str:
        """Why, like no funds for gas; what the node may take soon rests for less long."""
        self._failed(purpose, block, REFUSED_REST)
        return complaint(error)

    def _failed(self, purpose: Any, block: int, longest: int = LONGEST_REST) -> int:
        """How often in a row; each time it rests longer."""
        count = self.failures[purpose] = self.failures.get(purpose, 0) + 1
        self.resting[purpose] = block + min(longest, 2**count)
        return count
