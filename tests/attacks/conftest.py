"""The bench of the vault's tests, with a thief and somebody to steal from."""

import pytest

from tests.unit.margin_vault.bench import Bench
from tests.unit.margin_vault.conftest import account, bench, lender, other, pair, protocol, vault

__all__ = ["account", "bench", "lender", "other", "pair", "protocol", "vault"]


@pytest.fixture
def twins(bench: Bench) -> tuple[int, int]:
    """Two accounts of one thief, each with 100,000, both open to the venue."""
    accounts = bench.account(bench.trader), bench.account(bench.trader, 1)
    for item in accounts:
        bench.fund(item, 100_000)
        bench.approve(item)
    return accounts
