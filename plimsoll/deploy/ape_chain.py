"""Ape's network as a chain to deploy on."""

from typing import Any

import ape
from ape.exceptions import ApeException, ContractLogicError
from hexbytes import HexBytes

from plimsoll.client.gas import MOST_GAS, generous
from plimsoll.deploy.record import ABI


def send(function: Any, *args: Any, sender: Any) -> Any:
    """A transaction in Ape's style, with more gas than the node believes it takes."""
    try:
        gas = generous(function.estimate_gas_cost(*args, sender=sender))
    except ContractLogicError:
        raise
    except ApeException:
        gas = MOST_GAS  # anvil takes some ways of having too little gas for a failure
    return function(*args, sender=sender, gas_limit=gas)


class ApeChain:
    def __init__(self, deployer: Any) -> None:
        self.deployer = deployer
        self.chain_id: int = ape.chain.chain_id

    def deploy(self, name: str, *args: Any) -> tuple[str, int]:
        contract = getattr(ape.project, name).deploy(*args, sender=self.deployer)
        return str(contract.address), int(contract.creation_metadata.block)

    def at(self, name: str, address: str) -> Any:
        return getattr(ape.project, name).at(address)

    def send(self, function: Any, *args: Any) -> None:
        send(function, *args, sender=self.deployer)

    def code(self, address: str) -> bytes:
        return bytes(ape.chain.provider.get_code(address))

    def runtime(self, name: str) -> bytes:
        return bytes(HexBytes(getattr(ape.project, name).contract_type.runtime_bytecode.bytecode))

    def abi(self, name: str) -> ABI:
        entries = getattr(ape.project, name).contract_type.abi
        return [
            entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in entries
        ]
