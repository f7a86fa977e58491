"""Forward ratios: by the surface, by small steps."""

import pytest

from tests.harness import Account, Accounts, Chain, Contract, reverts
from tests.unit.market_data.conftest import DAY, UNDERLYING, WAD

OLD = 101 * WAD // 100
NEW = OLD * 401 // 400


@pytest.fixture
def surface(market: Contract, governor: Account, accounts: Accounts) -> Account:
    """Whoever the market takes for one."""
    market.set_surface(accounts[7], sender=governor)
    return accounts[7]


def test_posts(market: Contract, expiry: int, surface: Account, chain: Chain) -> None:
    """Each counts as fresh from now on, rounded down to 1e-9, and the one before is kept."""
    before = OLD
    for ratio in (NEW, OLD, OLD + 10**9):
        chain.mine(delta=60)
        receipt = market.set_ratio(UNDERLYING, expiry, min(ratio + 10**9 - 1, NEW), sender=surface)
        [event] = receipt.events_of(market.RatioChanged)
        assert (event.underlying, event.expiry, event.ratio) == (UNDERLYING, expiry, ratio)
        told = market.expiry_of(UNDERLYING, expiry)
        assert (told.ratio, told.posted, told.before) == (ratio, receipt.timestamp, before)
        assert market.forward(UNDERLYING, expiry, chain.timestamp + 1, 0) == (0, ratio, True)
        before = ratio


@pytest.mark.parametrize("ratio", [NEW + 1, OLD * 399 // 400 - 1, 0, 2**200])
def test_moves_too_far(market: Contract, expiry: int, surface: Account, ratio: int) -> None:
    with reverts("market: ratio moves too far"):
        market.set_ratio(UNDERLYING, expiry, ratio, sender=surface)


@pytest.mark.parametrize("bound", [8 * WAD // 10, 125 * WAD // 100])
def test_out_of_range(
    market: Contract, governor: Account, surface: Account, chain: Chain, bound: int
) -> None:
    expiry = chain.timestamp // DAY * DAY + 2 * DAY
    market.list_expiry(UNDERLYING, expiry, bound, sender=governor)
    with reverts("market: ratio out of range"):
        market.set_ratio(UNDERLYING, expiry, bound + (1 if bound > WAD else -1), sender=surface)


def test_expired(market: Contract, expiry: int, surface: Account, chain: Chain) -> None:
    chain.mine(timestamp=expiry - 1)
    market.set_ratio(UNDERLYING, expiry, NEW, sender=surface)
    chain.mine(timestamp=expiry)
    with reverts("market: expired"):
        market.set_ratio(UNDERLYING, expiry, OLD, sender=surface)


def test_unknown_expiry(market: Contract, expiry: int, surface: Account) -> None:
    for underlying, time in ((UNDERLYING, expiry + 1_800), (2, expiry)):
        with reverts("market: unknown expiry"):
            market.set_ratio(underlying, time, OLD, sender=surface)


def test_not_the_surface(
    market: Contract, expiry: int, surface: Account, steward: Account, governor: Account
) -> None:
    """Who has a word in it says so to the surface, which knows when a ratio comes to count."""
    for sender in (steward, governor):
        with reverts("market: not the surface"):
            market.set_ratio(UNDERLYING, expiry, NEW, sender=sender)


def test_within_a_batch(market: Contract, expiry: int, vault: Contract, surface: Account) -> None:
    """A future's mark does not move between the calls of a batch."""
    vault.set_unlocked(True, sender=surface)
    with reverts("governed: batch under way"):
        market.set_ratio(UNDERLYING, expiry, NEW, sender=surface)
