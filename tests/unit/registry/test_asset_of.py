"""Looking up assets; listing is in test_list_asset.py."""

from tests.harness import Contract, reverts
from tests.harness.contracts import NOBODY


def test_unknown_asset(registry: Contract, weth: Contract, quote: Contract) -> None:
    for token in (weth, quote, NOBODY):
        with reverts("registry: unknown asset"):
            registry.asset_of(token)
        with reverts("registry: unknown asset"):
            registry.check_collateral(token)


def test_no_token_where_there_is_none(registry: Contract) -> None:
    assert registry.tokens(0) == registry.tokens(2**256 - 1) == NOBODY
