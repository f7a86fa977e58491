"""Keys that every local node knows, and their signatures."""

import pytest
from eth_account import Account as Keys
from eth_account.messages import encode_typed_data

from tests.harness import Accounts, Chain, impersonate

FIRST = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
MESSAGE = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}],
        "Order": [{"name": "size", "type": "int256"}],
    },
    "domain": {"name": "probe"},
    "primaryType": "Order",
    "message": {"size": -5},
}


def test_accounts_are_those_of_a_local_node(accounts: Accounts, chain: Chain) -> None:
    assert accounts[0] == FIRST
    assert len({account.address for account in accounts}) == len(accounts) == 20
    assert {chain.balance(account) for account in accounts} == {10_000 * 10**18}


def test_typed_data_is_signed(accounts: Accounts) -> None:
    signature = accounts[3].sign_typed_data(MESSAGE)
    assert len(signature) == 65
    signable = encode_typed_data(full_message=MESSAGE)
    assert Keys.recover_message(signable, signature=signature) == accounts[3]


def test_impersonated_account_cannot_sign(accounts: Accounts) -> None:
    somebody = impersonate("0x" + "ab" * 20)
    assert somebody != accounts[0]
    with pytest.raises(ValueError, match="cannot sign"):
        somebody.sign_typed_data(MESSAGE)
