"""A debt that nothing but an unsettled profit backs needs no margin; its interest would be earned
by whoever holds the matching cash, and owed by an account that has nothing.

Here trades settle first. So a debt is backed by collateral, or by positions with a margin of their
own, and a pair of empty accounts earns nothing.
"""

from tests.unit.margin_vault.bench import ALL, BTC, SIZE, WAD, YEAR, Bench, usd


def busy(bench: Bench) -> None:
    """Others borrow 850,000 of a million: the rate is high."""
    borrower = bench.fund(bench.account(bench.stranger, 5), wbtc=30 * 10**8)
    bench.withdraw(borrower, bench.quote, usd(850_000))


def test_closed_pair(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """Two bitcoin won 12,000; they are closed at the old price, so that the winner pays 12,000 to
    the loser. Were the profit not settled before, the winner would owe and the loser lend them."""
    winner, loser = twins
    bench.trade(winner, loser, 2 * SIZE)
    bench.move(BTC, 66_000)
    bench.trade(loser, winner, 2 * SIZE, 60_000)
    assert (bench.cash(winner), bench.cash(loser)) == (100_000 * WAD, 100_000 * WAD)
    for account in twins:
        assert bench.withdraw(account, bench.quote, ALL).return_value == usd(100_000)
    busy(bench)
    bench.wait(YEAR)
    bench.accrue()
    assert bench.equity(winner) == bench.equity(loser) == 0


def test_pair_with_a_dust_position(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """The same with the last bit of the position left open: there is no debt to earn from."""
    winner, loser = twins
    bench.trade(winner, loser, 2 * SIZE)
    bench.move(BTC, 66_000)
    bench.trade(loser, winner, 2 * SIZE - 1, 60_000)
    busy(bench)
    for account, third in zip(twins, (bench.treasury, bench.treasury + 1), strict=True):
        most = bench.margin(account).equity - bench.margin(account).initial
        bench.book([(account, 0, 0, -most), (third, 0, 0, most)])
        assert bench.cash(account) >= 0
    before = bench.equity(*twins)
    bench.wait(YEAR)
    bench.accrue()
    assert bench.equity(winner) >= 0
    assert bench.equity(*twins) - before < 10**15


def test_interest_of_a_debt_is_paid_by_a_buffer(
    bench: Bench, twins: tuple[int, int], lender: int
) -> None:
    """A loss that is settled into debt belongs to an account with a margin: it is liquidated long
    before interest has eaten that."""
    winner, loser = twins
    bench.fund(loser, wbtc=5 * 10**8)
    bench.trade(winner, loser, 4 * SIZE)
    bench.move(BTC, 90_000)
    bench.settle(loser)
    assert bench.cash(loser) == -20_000 * WAD
    margin = bench.margin(loser)
    assert margin.equity > margin.initial > 20_000 * WAD
