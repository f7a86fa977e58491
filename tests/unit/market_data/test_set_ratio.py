"""Forward ratios: by the surface or the steward, by small steps."""

import pytest

from tests.harness import Account, Chain, Contract, reverts
from tests.unit.market_data.conftest import DAY, UNDERLYING, WAD

OLD = 101 * WAD // 100
NEW = OLD * 102 // 100


def test_surface_and_steward_post(
    market: Contract,
    expiry: int,
    governor: Account,
    steward: Account,
    stranger: Account,
    chain: Chain,
) -> None:
    """Each post counts as fresh from now on."""
    market.set_surface(stranger, sender=governor)
    for sender, ratio in ((stranger, NEW), (steward, OLD), (governor, OLD + 1)):
        chain.mine(delta=60)
        receipt = market.set_ratio(UNDERLYING, expiry, ratio, sender=sender)
        [event] = receipt.events_of(market.RatioChanged)
        assert (event.underlying, event.expiry, event.ratio) == (UNDERLYING, expiry, ratio)
        told = market.expiry_of(UNDERLYING, expiry)
        assert (told.ratio, told.posted) == (ratio, receipt.timestamp)
        assert market.forward(UNDERLYING, expiry) == (0, ratio, True)


@pytest.mark.parametrize("ratio", [NEW + 1, OLD * 98 // 100 - 1, 0, 2**200])
def test_moves_too_far(market: Contract, expiry: int, steward: Account, ratio: int) -> None:
    with reverts("market: ratio moves too far"):
        market.set_ratio(UNDERLYING, expiry, ratio, sender=steward)


@pytest.mark.parametrize("bound", [8 * WAD // 10, 125 * WAD // 100])
def test_out_of_range(market: Contract, governor: Account, chain: Chain, bound: int) -> None:
    expiry = chain.timestamp // DAY * DAY + 2 * DAY
    market.list_expiry(UNDERLYING, expiry, bound, sender=governor)
    with reverts("market: ratio out of range"):
        market.set_ratio(UNDERLYING, expiry, bound + (1 if bound > WAD else -1), sender=governor)


def test_expired(market: Contract, expiry: int, steward: Account, chain: Chain) -> None:
    chain.mine(timestamp=expiry - 1)
    market.set_ratio(UNDERLYING, expiry, NEW, sender=steward)
    chain.mine(timestamp=expiry)
    with reverts("market: expired"):
        market.set_ratio(UNDERLYING, expiry, OLD, sender=steward)


def test_unknown_expiry(market: Contract, expiry: int, steward: Account) -> None:
    for underlying, time in ((UNDERLYING, expiry + 1_800), (2, expiry)):
        with reverts("market: unknown expiry"):
            market.set_ratio(underlying, time, OLD, sender=steward)


def test_not_steward(market: Contract, expiry: int, stranger: Account) -> None:
    with reverts("governed: not steward"):
        market.set_ratio(UNDERLYING, expiry, NEW, sender=stranger)


def test_within_a_batch(market: Contract, expiry: int, vault: Contract, steward: Account) -> None:
    """A future's mark does not move between the calls of a batch."""
    vault.set_unlocked(True, sender=steward)
    with reverts("governed: batch under way"):
        market.set_ratio(UNDERLYING, expiry, NEW, sender=steward)
