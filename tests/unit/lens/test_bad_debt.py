"""What accounts owe beyond what they have."""

from tests.deployment import BTC
from tests.harness import Contract

from .desk import Desk


def test_only_what_is_below_zero_counts(desk: Desk, lens: Contract, counter: int) -> None:
    """A long of ten on margin loses more than it has; its gains are the counterparty's."""
    long = desk.open(desk.taker, quote=150_000)
    short = desk.open(desk.taker, 1, quote=1_000_000)
    desk.trade(long, counter, BTC, 10)
    desk.trade(short, counter, BTC, -1)
    assert lens.bad_debt([long, short, counter]) == (0, 0)
    desk.move(BTC, 40_000)
    # 150,000 - 10 * (60,000 - 40,000)
    assert lens.bad_debt([long, short, counter]) == (50_000 * 10**18, 0)
    assert lens.bad_debt([long, long]) == (100_000 * 10**18, 0)
    assert lens.bad_debt([short]) == (0, 0)
    assert lens.bad_debt([]) == (0, 0)
