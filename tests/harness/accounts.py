"""The accounts of a local node: 20 funded keys that everybody knows, and anybody else's address."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from eth_account import Account as Keys
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

MNEMONIC = "test test test test test test test test test test test junk"
COUNT = 20

Keys.enable_unaudited_hdwallet_features()


class Addressed:
    """Something with an address; equal to that address, and to whatever else has it."""

    address: str

    def __eq__(self, other: object) -> bool:
        return self.address == getattr(other, "address", other)

    def __hash__(self) -> int:
        return hash(self.address)

    def __str__(self) -> str:
        return self.address


class Account(Addressed):
    """A sender of transactions, with a key (`accounts[i]`) or without (`impersonate`)."""

    def __init__(self, address: str, key: LocalAccount | None = None) -> None:
        self.address = address
        self.key = key

    def __repr__(self) -> str:
        return f"<account {self.address}>"

    def sign_typed_data(self, full_message: dict[str, Any]) -> bytes:
        """The 65 bytes (r, s, v) of an EIP-712 signature."""
        return bytes(self._key.sign_typed_data(full_message=full_message).signature)

    def sign_hash(self, digest: bytes) -> bytes:
        """The 65 bytes (r, s, v) of a signature of these 32 bytes as they are."""
        return bytes(self._key.unsafe_sign_hash(digest).signature)

    @property
    def _key(self) -> LocalAccount:
        if self.key is None:
            raise ValueError(f"{self!r} has no key here and cannot sign")
        return self.key


def impersonate(address: Any) -> Account:
    """The owner of any address, a contract's too, as a sender."""
    return Account(to_checksum_address(getattr(address, "address", address)))


class Accounts:
    """`accounts[0]` to `accounts[19]`."""

    @cached_property
    def _all(self) -> list[Account]:
        keys = [
            Keys.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{i}") for i in range(COUNT)
        ]
        return [Account(key.address, key) for key in keys]

    def __getitem__(self, index: int) -> Account:
        return self._all[index]

    def __iter__(self) -> Iterator[Account]:
        return iter(self._all)

    def __len__(self) -> int:
        return COUNT
