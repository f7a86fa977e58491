"""Ape's network as a chain to deploy on."""

from typing import Any

import ape
from hexbytes import HexBytes

from plimsoll.deploy.record import ABI


class ApeChain:
    def __init__(self, deployer: Any) -> None:
        self.deployer = deployer
        self.chain_id: int = ape.chain.chain_id

    def deploy(self, name: str, *args: Any) -> tuple[str, int]:
        contract = getattr(ape.project, name).deploy(*args, sender=self.deployer)
        return str(contract.address), int(contract.creation_metadata.block)

    def at(self, name: str, address: str) -> Any:
        return getattr(ape.project, name).at(address)

    def code(self, address: str) -> bytes:
        return bytes(ape.chain.provider.get_code(address))

    def runtime(self, name: str) -> bytes:
        return bytes(HexBytes(getattr(ape.project, name).contract_type.runtime_bytecode.bytecode))

    def abi(self, name: str) -> ABI:
        entries = getattr(ape.project, name).contract_type.abi
        return [
            entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in entries
        ]
