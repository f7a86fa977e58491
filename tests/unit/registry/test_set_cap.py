"""Deposit caps."""

import pytest

from tests.harness import Account, Contract, reverts


@pytest.fixture(autouse=True)
def _listed(registry: Contract, governor: Account, weth: Contract, wbtc: Contract) -> None:
    registry.list_asset(weth, 10, sender=governor)
    registry.list_asset(wbtc, 20, sender=governor)


def test_steward_moves(registry: Contract, steward: Account, wbtc: Contract) -> None:
    receipt = registry.set_cap(wbtc, 30, sender=steward)
    [event] = receipt.events_of(registry.CapChanged)
    assert (event.asset, event.cap) == (1, 30 * 10**8)
    assert registry.asset_of(wbtc) == (1, 8, 30 * 10**8)


def test_delisting(
    registry: Contract, steward: Account, governor: Account, weth: Contract, wbtc: Contract
) -> None:
    """Whoever holds the asset keeps it, and its id; only the governor lists it again."""
    registry.set_cap(weth, 0, sender=steward)
    assert registry.asset_of(weth) == (0, 18, 0)
    assert registry.asset_of(wbtc).cap == 20 * 10**8
    with reverts("registry: not governor"):
        registry.set_cap(weth, 1, sender=steward)
    registry.set_cap(weth, 1, sender=governor)
    assert registry.asset_of(weth) == (0, 18, 10**18)


def test_not_steward(registry: Contract, guardian: Account, weth: Contract) -> None:
    with reverts("registry: not steward"):
        registry.set_cap(weth, 1, sender=guardian)


def test_unknown_asset(registry: Contract, governor: Account, quote: Contract) -> None:
    with reverts("registry: unknown asset"):
        registry.set_cap(quote, 1, sender=governor)


def test_cap_beyond_its_field(registry: Contract, steward: Account, wbtc: Contract) -> None:
    with reverts("registry: cap too large"):
        registry.set_cap(wbtc, 2**112 // 10**8 + 1, sender=steward)
