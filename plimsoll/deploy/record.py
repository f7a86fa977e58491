"""A deployment on file: all that a client needs to find and read the protocol.

Written after each receipt, so that a run which stops half-way can be resumed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ValidationError

ABI = list[dict[str, Any]]


class RecordError(Exception):
    """A deployment file that cannot be used."""


class Contract(BaseModel):
    name: str  # of its source
    address: str
    block: int
    code_hash: str  # of what is at the address, immutables included
    arguments: list[str]  # those of the constructor that no setter can change


class Deployment(BaseModel):
    network: str
    chain_id: int
    deployer: str
    contracts: dict[str, Contract] = {}
    tokens: dict[str, str] = {}  # address by symbol, ours or not
    parameters: dict[str, Any] = {}
    abis: dict[str, ABI] = {}  # by source name

    @property
    def block(self) -> int:
        """The first block that can have anything to do with the protocol."""
        return min((contract.block for contract in self.contracts.values()), default=0)

    @property
    def underlyings(self) -> dict[str, int]:
        """Ids by symbol."""
        return {symbol: item["id"] for symbol, item in self.parameters["underlyings"].items()}

    @property
    def symbols(self) -> dict[int, str]:
        """Of underlyings, by id."""
        return {number: symbol for symbol, number in self.underlyings.items()}

    def contract(self, key: str) -> Contract:
        if key not in self.contracts:
            raise RecordError(f"the deployment has no {key}: finish it first")
        return self.contracts[key]

    def address(self, key: str) -> str:
        return self.contract(key).address

    def abi(self, key: str) -> ABI:
        return self.abis[self.contract(key).name]

    def keys(self, prefix: str) -> Sequence[str]:
        """What follows a prefix, like the symbols of `token:...`."""
        return [key[len(prefix) :] for key in self.contracts if key.startswith(prefix)]

    def save(self, path: Path) -> None:
        """Replaces the file as a whole, so that it is never half written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.write_text(self.model_dump_json(indent=1) + "\n")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        try:
            return cls.model_validate_json(path.read_text())
        except OSError as error:
            raise RecordError(f"{path}: {error.strerror}") from None
        except ValidationError:
            raise RecordError(f"{path}: not a deployment file") from None
