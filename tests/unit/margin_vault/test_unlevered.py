"""Who owes nothing and has only what can become worthless needs no engine, and so no price."""

from collections.abc import Callable

import pytest

from plimsoll.spec.market import LIQUIDATION, OPEN, STALE
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import PORTFOLIO, UNDERLYING
from tests.harness import Contract

from .bench import ALL, Bench, usd
from .dated import Dated


@pytest.fixture
def longs(bench: Bench, dated: Dated, pair: tuple[int, int]) -> int:
    """The trader's account with calls and puts that it has bought for 4,000 of its 100,000."""
    account, other = pair
    bench.trade(account, other, 2 * SIZE, 1_500, dated.call(60_000, mark=1_500))
    bench.trade(account, other, SIZE, 1_000, dated.put(60_000, mark=1_000))
    bench.trade(account, other, SIZE, 0, dated.put(50_000))
    return account


@pytest.fixture
def like(bench: Bench, dated: Dated, longs: int, lender: int) -> int:
    """The lender's account, which has bought a call of it at a mark that opens risk: of two
    unlevered accounts nobody is asked then."""
    bench.approve(lender)
    bench.distrust(marks=OPEN)
    bench.trade(lender, longs, SIZE, 1_500, dated.call(60_000))
    return lender


def test_takes_whatever_leaves_no_debt(bench: Bench, longs: int, other: int) -> None:
    """All of its cash; the other side of its trades is still checked."""
    bench.distrust()
    own = bench.account(bench.trader, 1)
    bench.set_netting(longs, UNDERLYING)
    bench.withdraw(longs, bench.quote, usd(1_000))
    bench.transfer(longs, own, bench.quote, usd(1_000))
    bench.withdraw(longs, bench.quote, ALL)
    assert bench.cash(longs) == 0
    with bench.refused("vault: margin"):
        bench.withdraw(longs, bench.quote, 1)
    with bench.refused("vault: margin"):
        bench.withdraw(other, bench.quote, 1)


def test_is_asked_in_a_batch(bench: Bench, vault: Contract, longs: int) -> None:
    """Which may have brought it options at any price."""
    token, amount = bench.quote, usd(1_000)
    calls = [vault.withdraw.encode_input(longs, token, amount, bench.trader)]
    steps = [lambda: bench.ledger.withdraw(longs, bench.asset(token), amount)]
    bench.batch(calls, steps, sender=bench.trader)
    bench.distrust()
    with bench.refused("vault: margin"):
        bench.batch(calls, steps, sender=bench.trader)


def test_trades_at_marks_that_open_risk(
    bench: Bench, dated: Dated, longs: int, other: int, like: int
) -> None:
    """With its like, but not what it has not, and not on credit."""
    with bench.refused("vault: margin"):
        bench.trade(like, longs, SIZE + 1, 1_500, dated.call(60_000))
    with bench.refused("vault: margin"):
        bench.trade(longs, other, SIZE, 1_500, dated.call(60_000))
    bench.withdraw(longs, bench.quote, ALL)
    with bench.refused("vault: margin"):
        bench.trade(longs, like, 1, 1_500, dated.call(60_000))


@pytest.mark.parametrize("validity", [STALE, LIQUIDATION])
def test_trades_at_no_other_marks(
    bench: Bench, dated: Dated, longs: int, like: int, validity: int
) -> None:
    """Neither does one buy then, nor the other sell."""
    bench.distrust(marks=validity)
    for buyer, seller in ((like, longs), (longs, like)):
        with bench.refused("vault: margin"):
            bench.trade(buyer, seller, 1, 1_500, dated.call(60_000))


def test_trades_nothing_else(bench: Bench, dated: Dated, longs: int, lender: int) -> None:
    """Beside a future that both close, whose price nobody has looked at."""
    bench.approve(lender)
    bench.trade(longs, lender, SIZE, instrument=dated.future)
    option = bench.legs(lender, longs, SIZE, 1_500, dated.call(60_000))
    bench.distrust(marks=OPEN)
    with bench.refused("vault: margin"):
        bench.book([*bench.legs(lender, longs, SIZE, instrument=dated.future), *option])


def test_takes_no_slice(bench: Bench, longs: int, lender: int) -> None:
    """Of long options, which a liquidation moves at prices that only liquidate."""
    bench.set_liquidator(bench.venue)
    bench.distrust(marks=OPEN)
    with bench.refused("vault: margin"):
        bench.slice(longs, lender, keeper=bench.stranger)


@pytest.mark.parametrize(
    "lever",
    [
        lambda dated, bench: -dated.call(62_000),
        lambda dated, bench: -dated.put(58_000),
        lambda dated, bench: dated.future,
        lambda dated, bench: bench.btc,
    ],
    ids=["a call that is short", "a put that is short", "a future", "a perpetual"],
)
def test_one_position_that_may_cost_is_enough(
    bench: Bench, dated: Dated, longs: int, other: int, lever: Callable[[Dated, Bench], int]
) -> None:
    instrument = lever(dated, bench)
    size = SIZE if instrument > 0 else -SIZE
    bench.trade(longs, other, size, instrument=abs(instrument))
    bench.distrust()
    with bench.refused("vault: margin"):
        bench.withdraw(longs, bench.quote, 1)


def test_collateral_beside_positions_needs_the_engine(bench: Bench, longs: int) -> None:
    """As it may net with them; once all of it goes, nothing is left that could."""
    bench.set_netting(longs, PORTFOLIO)
    bench.fund(longs, weth=10**18)
    bench.distrust()
    with bench.refused("vault: margin"):
        bench.withdraw(longs, bench.quote, 1)
    with bench.refused("vault: margin"):
        bench.withdraw(longs, bench.weth, 10**18 - 1)
    bench.withdraw(longs, bench.weth, ALL)
    bench.withdraw(longs, bench.quote, 1)


def test_what_has_expired_is_still_to_come(bench: Bench, dated: Dated, longs: int) -> None:
    """Between expiry and fixing, and after it."""
    bench.distrust()
    dated.miss()
    bench.withdraw(longs, bench.quote, 1)
    dated.fix(70_000 * WAD)
    bench.withdraw(longs, bench.quote, ALL)
    assert bench.vault.words(longs) == 0
