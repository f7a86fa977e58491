"""A view of what `roll` would tell; that both agree after anything is in test_lockstep.py."""

from tests.harness import Account, Chain, Contract, reverts
from tests.unit.market_data.conftest import HOUR, PRICE, UNDERLYING, stored


def test_equals_roll_and_stores_nothing(
    market: Contract, feed: Contract, stranger: Account, chain: Chain
) -> None:
    chain.mine(delta=HOUR)
    feed.set_answer(PRICE * 11 // 10, chain.timestamp, sender=stranger)
    before = stored(market)
    told = market.peek(UNDERLYING)
    assert told.index == PRICE * 11 // 10
    assert stored(market) == before
    assert market.roll(UNDERLYING, sender=stranger).return_value == told


def test_unknown_underlying(market: Contract) -> None:
    for underlying in (0, 2, 2**256 - 1):
        with reverts("market: unknown underlying"):
            market.peek(underlying)
