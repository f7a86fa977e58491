"""Where liquidating pays, people have liquidated themselves: for the bonus, or to leave a hole to
the insurance fund while an account of theirs has the other side of it.

Here the reward comes out of the liquidated account while it has something; when it has not,
insurance pays the hole and at most `reward_min` of maintenance margin on top, so that oneself can
be no more than a keeper like any other.
"""

from plimsoll.spec.wad import BPS
from tests.unit.margin_vault.bench import BTC, SIZE, WAD, Bench


def open_pair(bench: Bench, twins: tuple[int, int]) -> tuple[int, int]:
    """Nine bitcoin bought by one account of the thief from the other, and a third one to keep."""
    bench.fund(bench.insurance, 1_000_000)
    bench.trade(*twins, 9 * SIZE)
    return twins


def test_no_bonus_while_it_is_ones_own(bench: Bench, twins: tuple[int, int]) -> None:
    """Short of maintenance margin, but above water: the reward is the thief's own money, and a
    part of it goes to insurance."""
    long, short = open_pair(bench, twins)
    keeper = bench.fund(bench.account(bench.trader, 2), 100_000)
    bench.jump(BTC, 55_000)
    margin = bench.margin(long)
    assert 0 < margin.equity < margin.maintenance
    before = bench.wealth(bench.trader, long, short, keeper)
    fund = bench.equity(bench.insurance)
    bench.liquidate(long, keeper)
    cut = bench.equity(bench.insurance) - fund
    assert cut > 0
    after = bench.wealth(bench.trader, long, short, keeper)
    assert before - cut - 10 <= after <= before - cut


def test_repeated_in_small_bites(bench: Bench, twins: tuple[int, int]) -> None:
    """Many small slices gain no more than one."""
    long, short = open_pair(bench, twins)
    keeper = bench.fund(bench.account(bench.trader, 2), 100_000)
    bench.jump(BTC, 55_000)
    before = bench.wealth(bench.trader, long, short, keeper)
    bites = 0
    while bench.margin(long).equity < bench.margin(long).maintenance:
        bench.liquidate(long, keeper, WAD // 100)
        bites += 1
    assert bites > 10
    assert bench.wealth(bench.trader, long, short, keeper) < before


def test_twins_gain_nothing_within_their_margin(bench: Bench, twins: tuple[int, int]) -> None:
    """However the price goes within what margin is for, what one twin has won the other has lost;
    liquidated by the winner or not, the sum does not grow."""
    long, short = open_pair(bench, twins)
    before = bench.wealth(bench.trader, long, short)
    for price in (54_000, 49_500, 66_000, 70_500):
        with bench.chain.isolate():
            saved = bench.__dict__.copy()
            bench.jump(BTC, price)
            loser, winner = (long, short) if price < 60_000 else (short, long)
            margin = bench.margin(loser)
            assert 0 < margin.equity < margin.maintenance
            assert bench.wealth(bench.trader, long, short) == before
            bench.liquidator.liquidate(loser, winner, WAD, -(2**255), sender=bench.trader)
            margins = [bench.engine.preview(bench.vault.book_of(item)) for item in (long, short)]
            assert sum(max(0, item.equity) for item in margins) <= before
            bench.__dict__.update(saved)


def test_hole_and_no_more_than_the_least_reward(bench: Bench, twins: tuple[int, int]) -> None:
    """A gap through the whole margin leaves a hole of 8,000. Insurance pays it, and 5 % of the
    loser's maintenance margin, to whoever liquidates: all a thief gains is that."""
    long, short = open_pair(bench, twins)
    before = bench.wealth(bench.trader, long, short)
    fund = bench.equity(bench.insurance)
    bench.jump(BTC, 48_000)
    margin = bench.margin(long)
    hole = -margin.equity
    assert hole == 8_000 * WAD
    least = bench.params.liquidation.reward_min * margin.maintenance // BPS
    bench.liquidate(long, short)
    paid = fund - bench.equity(bench.insurance)
    assert abs(paid - hole - least) <= 1
    assert bench.wealth(bench.trader, long, short) <= before + paid
    assert bench.vault.book_of(long).positions == []


def test_empty_insurance_pays_nothing(bench: Bench, twins: tuple[int, int]) -> None:
    """Then taking over a hole costs the thief the hole."""
    long, short = twins
    bench.trade(long, short, 9 * SIZE)
    before = bench.wealth(bench.trader, long, short)
    bench.jump(BTC, 48_000)
    bench.liquidate(long, short)
    assert bench.wealth(bench.trader, long, short) <= before
    assert bench.equity(long, short) == 200_000 * WAD
