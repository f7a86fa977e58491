"""A contract's views over web3, in Ape's calling style: `lens.account(id)`."""

import re
from collections.abc import Callable
from typing import Any

from web3 import Web3
from web3.exceptions import ContractLogicError, Web3RPCError
from web3.logs import DISCARD

from plimsoll.deploy.record import Deployment


class Reader:
    """Reads one contract of a deployment; structs come as named tuples, nested ones too."""

    def __init__(self, web3: Web3, record: Deployment, key: str) -> None:
        address, abi = Web3.to_checksum_address(record.address(key)), record.abi(key)
        self.contract: Any = web3.eth.contract(address, abi=abi, decode_tuples=True)
        self._plain: Any = web3.eth.contract(address, abi=abi)
        self.web3 = web3
        self.address = str(address)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = self.contract.functions[name]
        if len(function.abi["outputs"]) != 1:  # several unnamed values make no named tuple
            function = self._plain.functions[name]
        return lambda *args: function(*args).call()

    def events(self, name: str, transaction: str) -> list[Any]:
        """What a transaction logged of this contract, as mappings."""
        receipt = self.web3.eth.get_transaction_receipt(transaction)  # type: ignore[arg-type]
        found = self.contract.events[name]().process_receipt(receipt, errors=DISCARD)
        return [event["args"] for event in found if event["address"] == self.address]


def complaint(error: Web3RPCError) -> str:
    """What a node has against a request."""
    told: Any = (error.rpc_response or {}).get("error")
    return str(told.get("message") if isinstance(told, dict) else error)


def reason(error: ContractLogicError) -> str:
    """The text of a revert, as nodes of different makes tell it."""
    text = str(error.message or error)
    quoted = re.search(r"reason string '(.*?)'", text)
    if quoted:
        return quoted[1]
    return text.removeprefix("execution reverted").removeprefix(": ") or "no reason given"
