"""What to do about an account that is short: how much to take, and whether it pays."""

from dataclasses import dataclass

from web3 import Web3
from web3.exceptions import ContractLogicError, Web3RPCError
from web3.types import TxParams

from plimsoll.client.amounts import show_quote, show_ratio
from plimsoll.client.gas import MOST_GAS, generous
from plimsoll.client.reader import Reader, reason
from plimsoll.spec.wad import BPS, WAD, ceil_div

FRACTIONS = tuple(WAD >> halvings for halvings in range(6))
# what a smaller part may mend: `to` cannot bear it, insurance cannot make it good
TOO_MUCH = ("vault: margin", "liquidator: reward too small")
MUCH_GAS = MOST_GAS // 2  # enough for a large account


@dataclass(frozen=True)
class Decision:
    """What to do and why, and the call to make, if any."""

    action: str
    why: str
    call: TxParams | None = None
    ceiling: int | None = None  # wei per gas up to which it pays


@dataclass(frozen=True)
class Policy:
    """Takes what `to` can bear, if the reward at market covers gas and a minimum."""

    web3: Web3
    liquidator: Reader
    market: Reader
    keeper: str
    to: int  # the keeper's account, which takes the slice
    minimum: int  # WAD of quote beyond the cost of gas
    native: int  # underlying in which gas is paid

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

    def _weigh(self, account: int, fraction: int) -> Decision:
        """On top of what is on its way already, where the node can tell."""
        sender: TxParams = {"from": self.keeper}
        liquidate = self.liquidator.contract.functions.liquidate
        trial = liquidate(account, self.to, fraction, 0)
        terms = trial.call(sender, "pending")
        try:
            gas = generous(trial.estimate_gas(sender, "pending"))
        except Web3RPCError:
            gas = MUCH_GAS  # anvil takes some ways of having too little gas for a failure
        native = int(self.market.peek(self.native).index)
        cost = ceil_div(gas * int(self.web3.eth.gas_price) * native, WAD)
        share = show_ratio(terms.fraction * BPS // WAD)
        why = f"{share} for a reward of {show_quote(terms.reward)}"
        least = cost + self.minimum
        if terms.reward < least:
            return Decision("leaves", f"{why}, less than gas and minimum {show_quote(least)}")
        # only encoded here: everything else is the sender's business
        data = liquidate(account, self.to, fraction, least)._encode_transaction_data()
        ceiling = (terms.reward - self.minimum) * WAD // (gas * native)
        call: TxParams = {"to": self.liquidator.address, "data": data, "gas": gas}
        return Decision("liquidates", why, call, ceiling)
