"""A feed fell silent, or told a floor, while the asset crashed: what was held or brought in at the
old price was borrowed against, or kept its owner from being liquidated.

Here a silent feed's price first stops what opens risk or lets money out. Reductions stay open, but
may cost no more than a tenth of the margin that they free, so money does not leave through them;
and a price keeps nobody from being liquidated on which hardly anything hangs, or whom a move by its
scan range could not save.
"""

import pytest

from plimsoll.spec.market import LIQUIDATION
from tests.unit.margin_vault.bench import BTC, ETH, SIZE, WAD, Bench, usd


def test_dust_is_no_shield(bench: Bench, twins: tuple[int, int], lender: int, account: int) -> None:
    """A wei of ether does not stop the liquidation."""
    long, short = twins
    bench.fund(long, weth=1)
    bench.silence(ETH, hours=24)
    bench.trade(long, short, 10 * SIZE)
    bench.jump(BTC, 56_000)
    margin = bench.margin(long)
    assert 0 < margin.equity < margin.maintenance
    bench.set_liquidator(bench.liquidator)
    bench.liquidate(long, lender)
    margin = bench.margin(long)
    assert margin.equity >= margin.maintenance


def test_stale_collateral_buys_nothing(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """Ether is worth a fifth of its last price, and a position closed far below mark against the
    thief's other account, so that the debt stays with the ether."""
    long, short = twins
    bench.trade(long, short, 9 * SIZE)
    before = bench.margin(long)
    bench.fund(long, weth=100 * 10**18)
    bench.silence(ETH, hours=24)
    with bench.refused("vault: margin"):
        bench.withdraw(long, bench.quote, usd(100_001))
    with bench.refused("vault: margin"):
        bench.trade(short, long, 9 * SIZE, 60_000 - 11_112)
    tenth = before.maintenance // 10 // WAD // 9  # of the margin, per contract
    with bench.refused("vault: margin"):
        bench.trade(short, long, SIZE, 60_000 - 2 * tenth)
    bench.trade(short, long, SIZE, 60_000 - tenth // 2)
    # his own money he may lose to himself
    bench.trade(short, long, 8 * SIZE, 60_000 - 12_000)
    assert bench.cash(long) >= 0


@pytest.fixture
def long(bench: Bench, twins: tuple[int, int]) -> int:
    """Ten bitcoin bought of the twin, beside ten ether whose feed is silent."""
    account, short = twins
    bench.trade(account, short, 10 * SIZE)
    bench.fund(account, weth=10 * 10**18)
    bench.silence(ETH, hours=24)
    bench.set_liquidator(bench.liquidator)
    return account


def test_a_shield_has_a_bound(bench: Bench, long: int, lender: int) -> None:
    """Ten ether kept who had them from being liquidated for as long as their feed said nothing,
    whatever he lost in bitcoin and his other account won. They keep him for as much as a move of
    ether by its scan range, 18 %, may still bring him: 5,400."""
    bench.jump(BTC, 54_500)
    margin = bench.margin(long)
    assert margin.maintenance - 5_400 * WAD < margin.equity < margin.maintenance
    with bench.refused("liquidator: stale price"):
        bench.liquidate(long, lender)
    bench.jump(BTC, 54_000)
    bench.liquidate(long, lender)
    margin = bench.margin(long)
    assert margin.equity >= margin.maintenance


@pytest.fixture
def taker(bench: Bench) -> int:
    """Has ether, too, since before its feed fell silent."""
    return bench.fund(bench.account(bench.taker), 5_000, weth=20 * 10**18)


def test_stale_collateral_takes_no_slices(bench: Bench, taker: int, long: int) -> None:
    """A slice opens risk for who takes it: he covers it without what may be worth nothing by now,
    be it his own or in the slice."""
    bench.jump(BTC, 54_000)
    with bench.refused("vault: margin"):
        bench.liquidate(long, taker)
    bench.fund(taker, 40_000)
    bench.liquidate(long, taker)
    assert bench.margin(taker).validity == LIQUIDATION
