"""What expiries need of somebody: prices in their last half hour, and holders who are settled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from web3 import Web3
from web3.exceptions import BadFunctionCallOutput, ContractLogicError

from plimsoll.client.amounts import show_account
from plimsoll.client.reader import Reader
from plimsoll.client.settlement import Expiry, expired, show_unknown, unknown
from plimsoll.keeper.errand import Errand
from plimsoll.keeper.index import AccountIndex
from plimsoll.spec.market import WINDOW

EARLY = 300  # seconds before a window in which it is made sure that its first price is young
ROLL = 12  # seconds between rolls of what is averaged: who rolls seldom can be rolled around
AGAIN = 600  # seconds until an account is looked at again whose expiry nothing has fixed yet
PART = 16  # accounts looked at in one round

# of IPriceFeed: the governor may have replaced the feed that was deployed
LATEST: Any = {
    "type": "function",
    "name": "latest",
    "stateMutability": "view",
    "inputs": [],
    "outputs": [{"name": "", "type": "uint256"}] * 2,
}


@dataclass
class Expiries:
    """Where nobody rolls, an expiry settles at the price from before its window, or not at all."""

    web3: Web3
    market: Reader
    vault: Reader
    index: AccountIndex
    underlyings: dict[str, int]  # id by symbol
    say: Callable[[str], None]
    _ahead: set[int] = field(default_factory=lambda: {0})  # expiries; 0 has passed at the start
    _due: dict[int, int] = field(default_factory=dict)  # account: when it is to be looked at
    _told: set[Expiry] = field(default_factory=set)  # expiries that wait for the governor

    def errands(self) -> Iterator[Errand]:
        now = int(self.web3.eth.get_block("latest")["timestamp"])
        for symbol, underlying in self.underlyings.items():
            nearest = int(self.market.peek(underlying).next_expiry)
            if nearest == 0:
                continue
            self._ahead.add(nearest)
            if nearest - now < WINDOW + EARLY and self._is_due(underlying, now):
                roll = self.market.contract.functions.roll(underlying)
                yield Errand(f"market {symbol}", f"rolls, {nearest - now} s before an expiry", roll)
        passed = {expiry for expiry in self._ahead if expiry <= now}
        if passed:
            self._due.update(dict.fromkeys(self.index.holders(), now))
            self._ahead -= passed
        yield from self._settlements(now)

    def _is_due(self, underlying: int, now: int) -> bool:
        """Whether a roll would take in a price, and none did so a moment ago."""
        state = self.market.state(underlying)
        return bool(now - state.time >= ROLL and self._last(underlying) > state.updated)

    def _last(self, underlying: int) -> int:
        """When the feed's price was made; a feed that cannot tell is silent."""
        feed = self.web3.eth.contract(self.market.feed(underlying), abi=[LATEST])
        try:
            return int(feed.functions.latest().call()[1])
        except (ContractLogicError, BadFunctionCallOutput):
            return 0

    def _settlements(self, now: int) -> Iterator[Errand]:
        due = [account for account, time in self._due.items() if time <= now]
        for account in due[:PART]:
            over = expired(self.vault.book_of(account).positions, now)
            late = unknown(self.market, over)
            if not over:
                del self._due[account]
            elif over - late:
                name = f"settlement of {show_account(account, short=False)}"
                settle = self.vault.contract.functions.settle(account)
                yield Errand(name, f"settles {len(over)} expiries", settle)
            else:
                self._due[account] = now + AGAIN
            self._tell(late)

    def _tell(self, late: set[Expiry]) -> None:
        symbols = {number: symbol for symbol, number in self.underlyings.items()}
        for item in sorted(late - self._told):
            self.say(show_unknown(item, symbols))
            self._told.add(item)
