"""Both feeds: one reads a mock aggregator, the other takes reports of two out of three signers."""

from collections.abc import Callable, Sequence

import pytest

from tests.harness import Account, Accounts, Chain, Contract, Project

MAX_AGE = 3_600
NAME = "ETH / USD"

Sign = Callable[..., list[bytes]]


@pytest.fixture(scope="module")
def signers(accounts: Accounts) -> list[Account]:
    """Three, in the order of their addresses."""
    return sorted((accounts[i] for i in (4, 5, 6)), key=_number)


@pytest.fixture(scope="module")
def aggregator(project: Project, governor: Account) -> Contract:
    return project.Aggregator.deploy(NAME, 8, sender=governor)


@pytest.fixture(scope="module")
def chainlink(project: Project, aggregator: Contract, governor: Account) -> Contract:
    return project.ChainlinkFeed.deploy(aggregator, MAX_AGE, sender=governor)


@pytest.fixture(scope="module")
def signed(
    project: Project, registry: Contract, signers: list[Account], governor: Account
) -> Contract:
    return project.SignedFeed.deploy(registry, NAME, signers, 2, sender=governor)


@pytest.fixture
def sign(signed: Contract, chain: Chain) -> Sign:
    """Signatures of a report by some accounts, in the order of their addresses."""

    def _sign(
        by: Sequence[Account],
        price: int,
        time: int,
        *,
        chain_id: int | None = None,
        contract: Contract = signed,
    ) -> list[bytes]:
        message = report(price, time, chain_id or chain.chain_id, contract)
        return [account.sign_typed_data(message) for account in sorted(by, key=_number)]

    return _sign


def report(price: int, time: int, chain_id: int, contract: Contract) -> dict[str, object]:
    fields = [{"name": "price", "type": "uint256"}, {"name": "time", "type": "uint256"}]
    return typed_data("Report", fields, {"price": price, "time": time}, NAME, chain_id, contract)


def typed_data(
    kind: str,
    fields: list[dict[str, str]],
    message: dict[str, int],
    name: str,
    chain_id: int,
    contract: Contract,
) -> dict[str, object]:
    """What is signed to a feed with a name, written out."""
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            kind: fields,
        },
        "primaryType": kind,
        "domain": {
            "name": name,
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": contract.address,
        },
        "message": message,
    }


def _number(account: Account) -> int:
    return int(account.address, 16)
