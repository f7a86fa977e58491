"""What is told of an underlying that is not listed; the rest is in the tests of the setters."""

from tests.harness import Contract, reverts
from tests.harness.contracts import NOBODY


def test_unknown_underlying(market: Contract) -> None:
    for underlying in (0, 2, 2**256 - 1):
        for view in (market.state, market.params):
            with reverts("market: unknown underlying"):
                view(underlying)
        assert market.feed(underlying) == market.premium_feed(underlying) == NOBODY
