"""A silent feed's price kept who was short from being liquidated for as much as a move by its scan
range could have brought to each side of a hedge: 400 ether that were sold short as they were held,
1,200,000 of each, were a shield of 288,000, and asked for 25,000 of margin. Behind it a thief lost
in bitcoin what another account of his won: at 47,000 after 60,000 he had 62,000 less than nothing.
Two silent markets that hedge each other did the same: 50,000 less than nothing at 43,000. So did
fifty calls for 92 dollars in all, struck at the end of the range; and who would take them had to
cover three million, all that they were about. Who would take a hedge had to cover all its
collateral: a keeper with 600,000, twice what the thief had, took a third of it and then nothing,
until at 39,500 the rest was 115,000 less than nothing.

Here a shield is no more than what is asked for at silent prices, nor anything that netting saves:
an account is liquidated when it does not cover what is asked of it elsewhere. And of positions no
more hangs on a price than they may lose in four scan ranges, of collateral than it loses with
them if the price goes to nothing.
"""

from types import SimpleNamespace

import pytest

from plimsoll.spec.margin import Margin
from plimsoll.spec.market import LIQUIDATION
from plimsoll.spec.words import PORTFOLIO, call
from tests.harness import Chain
from tests.unit.margin_vault.bench import BTC, ETH, HOUR, SIZE, SOL, WAD, Bench, usd
from tests.unit.test_life_of_options import INDEX, THOUSAND, dealers, kept, p, stake, trade

__all__ = ["dealers", "p"]


def bet(bench: Bench, twins: tuple[int, int]) -> None:
    """The thief is long thirty bitcoin, of his other account, and borrows all else back."""
    thief, twin = twins
    bench.trade(thief, twin, 30 * SIZE)
    margin = bench.margin(thief)
    bench.withdraw(thief, bench.quote, (margin.equity - margin.initial) // 10**12 - usd(50))
    bench.set_liquidator(bench.liquidator)


def tried(bench: Bench, price: float, account: int, keeper: int) -> Margin:
    """The account's margin at another price of bitcoin, once a keeper has tried."""
    bench.jump(BTC, price)
    margin = bench.margin(account)
    if margin.validity >= LIQUIDATION and margin.equity < margin.maintenance:
        bench.liquidate(account, keeper)
    return bench.margin(account)


@pytest.fixture(params=["by spot", "by another market"])
def hedged(
    request: pytest.FixtureRequest,
    bench: Bench,
    twins: tuple[int, int],
    lender: int,
    other: int,
) -> int:
    """The thief has 400 ether, hedged, thirty bitcoin of his other account, and all else that he
    put in has been borrowed back. Then feeds of what is hedged say nothing for five hours."""
    thief, twin = twins
    bench.fund(other, 2_000_000)
    bench.fund(lender, 5_000_000)
    bench.fund(twin, 500_000)
    bench.approve(other)
    bench.set_netting(thief, PORTFOLIO)
    if request.param == "by spot":
        bench.fund(thief, weth=400 * 10**18)
        bench.trade(other, thief, 400 * SIZE, instrument=bench.eth)
    else:
        bench.fund(thief, 500_000)
        bench.trade(thief, other, 400 * SIZE, instrument=bench.eth)
        bench.trade(other, thief, 6_000 * SIZE, instrument=bench.sol)
    bet(bench, twins)
    bench.silence(*((ETH,) if request.param == "by spot" else (ETH, SOL)))
    return thief


def test_a_hedge_is_no_shield(bench: Bench, hedged: int, lender: int) -> None:
    """Bitcoin falls by a thousand at a time, and somebody tries after each."""
    for price in range(59_000, 29_000, -1_000):
        assert tried(bench, price, hedged, lender).equity > 0


def test_a_hedge_is_not_too_much_to_take(
    bench: Bench, twins: tuple[int, int], lender: int, other: int
) -> None:
    """The only keeper has no more than would do without the hedge."""
    thief, twin = twins
    for account, amount in ((other, 5_000_000), (lender, 9_000_000), (twin, 500_000)):
        bench.fund(account, amount)
    keeper = bench.fund(bench.account(bench.taker), 600_000)
    bench.approve(other)
    for account in (thief, keeper):
        bench.set_netting(account, PORTFOLIO)
    bench.fund(thief, 300_000, weth=400 * 10**18)
    bench.trade(other, thief, 400 * SIZE, instrument=bench.eth)
    bet(bench, twins)
    bench.silence(ETH)
    for price in range(59_500, 39_000, -500):
        assert tried(bench, price, thief, keeper).equity > 0


def test_cheap_options_are_no_shield(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Bitcoin's feed says nothing for five hours, and the holder of calls on it loses in
    ether."""
    stake(p, dealers, 110_000)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    p.set_price(ETH, 3_000)
    thief, maker, keeper = dealers.trader, dealers.maker, dealers.taker
    trade(p, thief, maker, call(BTC, p.expiry, 68 * THOUSAND), 50 * SIZE)
    assert 0 < 110_000 * WAD - p.vault.book_of(thief).cash < 100 * WAD
    trade(p, thief, maker, p.perpetuals[ETH], 120 * SIZE)
    chain.mine(delta=5 * HOUR)
    for price in range(2_950, 1_950, -50):
        assert kept(p, chain, ETH, price, thief, keeper).equity > 0
