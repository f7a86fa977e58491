"""The governor says what an expiry settles at that nobody could tell in time."""

import pytest

from plimsoll.spec.market import NEWEST
from tests.harness import Account, Chain, Contract, reverts
from tests.unit.market_data.conftest import HOUR, PRICE, UNDERLYING, WINDOW, Watch


@pytest.fixture
def late(market: Contract, expiry: int, chain: Chain) -> int:
    """An expiry that nobody saw pass, an hour ago."""
    chain.mine(timestamp=expiry + HOUR)
    return expiry


def test_fixes(market: Contract, late: int, governor: Account) -> None:
    """Rounded down to 1e-10; the roll that was missed is made up for."""
    receipt = market.fix(UNDERLYING, late, PRICE + 10**8 - 1, sender=governor)
    [event] = receipt.events_of(market.ExpiryFixed)
    assert (event.underlying, event.expiry, event.price) == (UNDERLYING, late, PRICE)
    told = market.expiry_of(UNDERLYING, late)
    assert (told.gathered, told.late, told.fixed) == (PRICE, True, True)
    assert market.forward(UNDERLYING, late, NEWEST, 0) == (PRICE, 0, True)
    assert market.state(UNDERLYING).next_expiry == 0


def test_too_early(market: Contract, expiry: int, governor: Account, chain: Chain) -> None:
    for time in (chain.timestamp, expiry, expiry + HOUR - 1):
        chain.mine(timestamp=time)
        with reverts("market: too early"):
            market.fix(UNDERLYING, expiry, PRICE, sender=governor)


def test_already_fixed(
    market: Contract, expiry: int, watch: Watch, governor: Account, chain: Chain
) -> None:
    """By itself, even where nobody has rolled since; or by the governor."""
    with chain.isolate():
        watch.hold(expiry - WINDOW, expiry - 100, PRICE)
        chain.mine(timestamp=expiry + HOUR)
        with reverts("market: already fixed"):
            market.fix(UNDERLYING, expiry, PRICE, sender=governor)
    chain.mine(timestamp=expiry + HOUR)
    market.fix(UNDERLYING, expiry, PRICE, sender=governor)
    with reverts("market: already fixed"):
        market.fix(UNDERLYING, expiry, PRICE, sender=governor)


@pytest.mark.parametrize("price", [0, 10**25 + 1, 2**256 - 1])
def test_out_of_range(market: Contract, late: int, governor: Account, price: int) -> None:
    with reverts("market: price out of range"):
        market.fix(UNDERLYING, late, price, sender=governor)


def test_unknown(market: Contract, late: int, governor: Account) -> None:
    with reverts("market: unknown expiry"):
        market.fix(UNDERLYING, late - WINDOW, PRICE, sender=governor)
    with reverts("market: unknown underlying"):
        market.fix(2, late, PRICE, sender=governor)


def test_not_governor(market: Contract, late: int, steward: Account) -> None:
    with reverts("governed: not governor"):
        market.fix(UNDERLYING, late, PRICE, sender=steward)


def test_within_a_batch(market: Contract, late: int, vault: Contract, governor: Account) -> None:
    vault.set_unlocked(True, sender=governor)
    with reverts("governed: batch under way"):
        market.fix(UNDERLYING, late, PRICE, sender=governor)
