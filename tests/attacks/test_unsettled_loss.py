"""Where profit and loss stand apart from cash until they are settled, cash has left accounts whose
losses stayed behind.

Here what is withdrawn, moved or traded away is counted against what is unsettled: an account is
settled before its cash can fall, and one that owes more than it has is never free of risk.
"""

from tests.harness import Contract
from tests.unit.margin_vault.bench import ALL, BTC, SIZE, WAD, Bench, usd


def losing(bench: Bench, twins: tuple[int, int]) -> tuple[int, int, int]:
    """The long one has lost 6,000 of its 100,000, unsettled; what both have together."""
    long, short = twins
    bench.trade(long, short)
    bench.move(BTC, 54_000)
    assert bench.cash(long) == 100_000 * WAD
    return long, short, bench.wealth(bench.trader, long, short)


def test_withdrawing_the_cash(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    long, short, _ = losing(bench, twins)
    with bench.refused("vault: margin"):
        bench.withdraw(long, bench.quote, usd(94_000))
    bench.trade(short, long)
    assert bench.withdraw(long, bench.quote, ALL).return_value == usd(94_000)


def test_giving_the_cash_away_while_closing(
    bench: Bench, vault: Contract, twins: tuple[int, int], lender: int
) -> None:
    """The last position is closed so far below mark that all cash goes to the thief's other
    account, and nothing but the loss is left."""
    long, short, before = losing(bench, twins)
    with bench.refused("vault: margin"):
        bench.trade(short, long, SIZE, 54_000 - 100_000)
    with bench.refused("vault: margin"):
        bench.trade(short, long, SIZE, 54_000 - 94_001)
    bench.trade(short, long, SIZE, 54_000 - 94_000)
    assert bench.equity(long) == 0
    bench.withdraw(short, bench.quote, ALL)
    assert bench.wealth(bench.trader, long, short) == before
    assert bench.equity(lender) == 1_000_000 * WAD


def test_giving_the_cash_away_after_closing(
    bench: Bench, twins: tuple[int, int], lender: int
) -> None:
    """Without a position, and with cash that is not its own any more."""
    long, short, before = losing(bench, twins)
    bench.trade(short, long)
    for amount in (94_001 * WAD, 100_000 * WAD):
        with bench.refused("vault: margin"):
            bench.book([(long, 0, 0, -amount), (short, 0, 0, amount)])
    bench.book([(long, 0, 0, -94_000 * WAD), (short, 0, 0, 94_000 * WAD)])
    assert bench.wealth(bench.trader, long, short) == before


def test_moving_the_cash(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    long, short, _ = losing(bench, twins)
    bench.trade(short, long)
    with bench.refused("vault: margin"):
        bench.transfer(long, short, bench.quote, usd(94_001))
    assert bench.transfer(long, short, bench.quote, ALL).return_value == usd(94_000)


def test_one_token_unit_at_a_time(bench: Bench, twins: tuple[int, int], lender: int) -> None:
    """The tolerance for rounding is less than the smallest payment."""
    long, short, _ = losing(bench, twins)
    bench.trade(short, long)
    bench.withdraw(long, bench.quote, ALL)
    with bench.refused("vault: margin"):
        bench.withdraw(long, bench.quote, 1)
    with bench.refused("vault: margin"):
        bench.book([(long, 0, 0, -(10**7)), (short, 0, 0, 10**7)])


def test_all_cash_with_an_unsettled_profit(
    bench: Bench, twins: tuple[int, int], lender: int
) -> None:
    """The winner may take its profit, though the loser has not settled yet: it is there, in the
    loser's cash, which the loser cannot withdraw."""
    long, short, before = losing(bench, twins)
    bench.trade(short, long)
    assert bench.withdraw(short, bench.quote, ALL).return_value == usd(106_000)
    assert bench.withdraw(long, bench.quote, ALL).return_value == usd(94_000)
    assert bench.wealth(bench.trader, long, short) == before
    assert bench.vault.pool().tokens == 1_000_000 * WAD
