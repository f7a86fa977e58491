"""What to do about an account that is short: how much to take, and whether it pays."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from web3 import Web3
from web3.exceptions import ContractLogicError, Web3RPCError
from web3.types import TxParams

from plimsoll.client.amounts import show_quote, show_ratio
from plimsoll.client.gas import generous
from plimsoll.client.reader import Reader, reason
from plimsoll.spec.wad import BPS, WAD, ceil_div
from plimsoll.spec.words import expiry_of, is_option, key_of

FRACTIONS = tuple(WAD >> halvings for halvings in range(6))
# what a smaller part may mend: `to` cannot bear it, insurance cannot make it good
TOO_MUCH = ("vault: margin", "liquidator: reward too small")
WORD_GAS = 250_000  # for a stale word that has nothing in common with others, nor its underlying
REFRESHES, GIVES_UP = "refreshes", "gives up"  # what else than liquidating the loop acts on


@dataclass(frozen=True)
class Decision:
    """What to do and why, and the call to make, if any."""

    action: str
    why: str
    call: TxParams | None = None
    ceiling: int | None = None  # wei per gas up to which it pays


@dataclass(frozen=True)
class Policy:
    """Takes what `to` can bear, if the reward at market covers gas and a minimum.

    Scenario words that are stale are a good part of what liquidating many options costs. What
    does not fit into a transaction with them is tried again once they are refreshed, apart.
    """

    web3: Web3
    liquidator: Reader
    market: Reader
    vault: Reader
    surface: Reader
    keeper: str
    to: int  # the keeper's account, which takes the slice
    minimum: int  # WAD of quote beyond the cost of gas
    native: int  # underlying in which gas is paid
    most: int  # gas that a transaction may use
    # account: keys of the words that were refreshed for it, while it is short and does not fit
    refreshed: dict[int, set[int]] = field(default_factory=dict)

    def decide(self, account: int) -> Decision:
        why = ""
        for fraction in FRACTIONS:
            try:
                return self._weigh(account, fraction)
            except ContractLogicError as error:
                why = reason(error)
            if why not in TOO_MUCH:
                break
        return Decision("leaves", why)

    def forget(self, short: set[int]) -> None:
        """What was refreshed for others than those that are short now may be stale again."""
        for account in self.refreshed.keys() - short:
            del self.refreshed[account]

    def _weigh(self, account: int, fraction: int) -> Decision:
        """On top of what is on its way already, where the node can tell."""
        liquidate = partial(
            self.liquidator.contract.functions.liquidate, account, self.to, fraction
        )
        try:
            # with room for what may change until it is mined
            terms = liquidate(0).call({"from": self.keeper, "gas": self.most * 7 // 8}, "pending")
        except (ContractLogicError, Web3RPCError):
            # tells what else is wrong, if it is not for lack of gas
            terms = liquidate(0).call({"from": self.keeper}, "pending")
            return self._refresh(account, terms.reward)
        self.refreshed.pop(account, None)
        share = show_ratio(terms.fraction * BPS // WAD)
        return self._if_it_pays("liquidates", share, terms.reward, liquidate)

    def _refresh(self, account: int, reward: int) -> Decision:
        """As many words of the account's options as fit, each of them once."""
        now = self.web3.eth.get_block("latest")["timestamp"]
        done = self.refreshed.setdefault(account, set())
        left = [
            word
            for word in self.vault.book_of(account).positions
            if is_option(word) and expiry_of(word) > now and key_of(word) not in done
        ]
        if not left:
            del self.refreshed[account]
            return Decision(GIVES_UP, f"does not fit into {self.most:,} gas")
        part = left[: self.most // WORD_GAS - 1]
        what = f"{len(part)} of {len(left)} words, to fit into {self.most:,} gas,"
        refresh = self.surface.contract.functions.refresh(part)
        decision = self._if_it_pays(REFRESHES, what, reward, lambda _: refresh, self.most)
        if decision.call is not None:
            done.update(map(key_of, part))
        return decision

    def _if_it_pays(
        self, action: str, what: str, reward: int, function: Callable[[int], Any], later: int = 0
    ) -> Decision:
        """A function of the least reward that is worth it, and the gas of what comes later."""
        try:
            gas = generous(function(0).estimate_gas({"from": self.keeper}, "pending"), self.most)
        except Web3RPCError:
            gas = self.most  # anvil takes some ways of having too little gas for a failure
        native = int(self.market.peek(self.native).index)
        cost = ceil_div((gas + later) * int(self.web3.eth.gas_price) * native, WAD)
        why = f"{what} for a reward of {show_quote(reward)}"
        least = cost + self.minimum
        if reward < least:
            return Decision("leaves", f"{why}, less than gas and minimum {show_quote(least)}")
        # only encoded here: everything else is the sender's business
        worth = function(least)
        data = worth._encode_transaction_data()
        ceiling = (reward - self.minimum) * WAD // ((gas + later) * native)
        call: TxParams = {"to": worth.address, "data": data, "gas": gas}
        return Decision(action, why, call, ceiling)
