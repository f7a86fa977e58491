"""Who was short brought in what was worth nothing any more while its feed was silent: it counted at
the last price, so nobody could liquidate him, whatever he lost to another account of his. With a
hundred ether worth 150 after 3,000 he was 177,000 less than nothing when bitcoin had come to
35,000, and the other account could take all that it had won. It was the same after two hours, while
the last price still liquidated.

Another account of his, which had nothing to back yet, took it, and then his slices, for as long as
it covered them without: with 110,000 of cash, and 105,000 of what was worth nothing, it was 52,700
less than nothing at 30,000, and nobody could liquidate it.

Here no account is given what has no young price, from outside or from another account.
"""

import pytest

from tests.unit.margin_vault.bench import BTC, ETH, SIZE, Bench

WEIGHT = 100 * 10**18


@pytest.fixture(params=[2, 5])
def exposed(bench: Bench, twins: tuple[int, int], request: pytest.FixtureRequest) -> int:
    """The thief is long ten bitcoin, of his other account, on initial margin; ether's feed has said
    nothing for hours, and bitcoin has fallen."""
    thief, twin = twins
    bench.trade(thief, twin, 10 * SIZE)
    bench.fund(twin, 300_000)
    margin = bench.margin(thief)
    bench.withdraw(thief, bench.quote, (margin.equity - margin.initial) // 10**12)
    bench.fund(bench.account(bench.trader, 2), weth=WEIGHT)
    bench.silence(ETH, hours=request.param)
    bench.set_liquidator(bench.liquidator)
    bench.jump(BTC, 57_000)
    return thief


@pytest.mark.parametrize("source", ["wallet", "account"])
def test_what_has_no_young_price_is_no_margin(
    bench: Bench, exposed: int, lender: int, source: str
) -> None:
    with bench.refused("registry: old price"):
        if source == "wallet":
            bench.deposit(exposed, bench.weth, WEIGHT)
        else:
            bench.transfer(bench.account(bench.trader, 2), exposed, bench.weth, WEIGHT)
    for price in range(56_000, 34_000, -1_000):
        bench.jump(BTC, price)
        margin = bench.margin(exposed)
        if margin.equity < margin.maintenance:
            bench.liquidate(exposed, lender)
        assert bench.margin(exposed).equity > 0


def test_nor_of_who_takes_slices(bench: Bench, exposed: int) -> None:
    """The thief's other account has cash, and nothing to back yet."""
    taker = bench.fund(bench.account(bench.trader, 3), 110_000)
    with bench.refused("registry: old price"):
        bench.deposit(taker, bench.weth, WEIGHT)
    with bench.refused("registry: old price"):
        bench.transfer(bench.account(bench.trader, 2), taker, bench.weth, WEIGHT)
    bench.liquidate(exposed, taker)
    margin = bench.margin(taker)
    assert margin.equity >= margin.initial
