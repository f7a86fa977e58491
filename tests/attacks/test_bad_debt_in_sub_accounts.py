"""With two accounts one can win on one side and walk away from the other. Where a margin is thin or
a profit is paid before the loser has paid it, others pay the difference.

Here every account has margin for a whole scan range. As long as a price moves by less before it is
liquidated, the loser pays all that the winner gets; and a sub-account's owner gains nothing by
splitting what nets or what is taxed by size.
"""

import pytest

from plimsoll.spec.words import PORTFOLIO, UNDERLYING
from tests.unit.margin_vault.bench import ALL, BTC, SIZE, WAD, Bench, usd


@pytest.mark.parametrize("move", [-13, -8, 8, 13])
def test_a_move_of_the_scan_range(
    bench: Bench, twins: tuple[int, int], lender: int, move: int
) -> None:
    """Both accounts at the edge of their initial margin, the price gaps by all that margin is for,
    the winner leaves with its profit, the loser is liquidated: the thief has what he had."""
    long, short = twins
    before = bench.wealth(bench.trader, long, short)
    bench.trade(long, short, 10 * SIZE)
    keeper = bench.fund(bench.account(bench.keeper), 1_000_000)
    bench.move(BTC, 60_000 * (1 + move / 100))
    loser, winner = (long, short) if move < 0 else (short, long)
    assert bench.equity(loser) > 0
    if bench.margin(loser).equity < bench.margin(loser).maintenance:
        bench.liquidate(loser, keeper)
    bench.withdraw(winner, bench.quote, spare(bench, winner))
    assert bench.wealth(bench.trader, long, short) <= before
    assert bench.equity(lender) >= 1_000_000 * WAD


def spare(bench: Bench, account: int) -> int:
    bench.settle(account)
    margin = bench.margin(account)
    return (margin.equity - margin.initial) // 10**12


def test_debts_are_not_set_off_by_the_owner(
    bench: Bench, account: int, other: int, lender: int
) -> None:
    """An account that is short takes nothing from its sisters, and gives them nothing: the keeper
    cannot be kept away by moving collateral out of it."""
    bench.fund(account, weth=10 * 10**18)
    bench.withdraw(account, bench.quote, usd(20_000))
    bench.jump(2, 2_400)
    margin = bench.margin(account)
    assert 0 < margin.equity < margin.maintenance
    for token, amount in ((bench.weth, ALL), (bench.weth, 10**18), (bench.quote, usd(1))):
        with bench.refused("vault: margin"):
            bench.transfer(account, account + 1, token, amount)
    to = bench.fund(bench.account(bench.keeper), 100_000)
    bench.liquidate(account, to)
    after = bench.margin(account)
    assert after.equity >= after.maintenance


def test_tiers_cannot_be_split(bench: Bench, lender: int) -> None:
    """Half the collateral in each of two accounts has lower tiers, but beyond the protocol's scale
    everybody's initial margin grows with what all hold together."""
    one, two = bench.account(bench.trader), bench.account(bench.trader, 1)
    bench.fund(one, wbtc=6_000 * 10**8)
    whole = bench.margin(one)
    bench.transfer(one, two, bench.wbtc, 3_000 * 10**8)
    halves = [bench.margin(item) for item in (one, two)]
    assert sum(item.equity for item in halves) == whole.equity
    concentrated = [item.initial - 5 * item.maintenance // 4 for item in halves]
    assert min(concentrated) > 0
    bench.withdraw(one, bench.wbtc, ALL)
    assert bench.margin(two).initial < halves[1].initial


@pytest.mark.parametrize("level", [UNDERLYING, PORTFOLIO])
def test_splitting_a_hedge_costs_margin(bench: Bench, twins: tuple[int, int], level: int) -> None:
    """Long in one account and short in the other needs twice what the two sides need alone; in one
    account they would need nothing."""
    long, short = twins
    for account in twins:
        bench.set_netting(account, level)
    bench.trade(long, short, SIZE)
    assert all(bench.margin(account).maintenance > 7_800 * WAD for account in twins)
    bench.trade(short, long, SIZE)
    assert all(bench.margin(account).maintenance == 0 for account in twins)
