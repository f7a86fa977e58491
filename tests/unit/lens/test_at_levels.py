"""The margin under each of the three netting levels."""

import pytest

from plimsoll.spec import explain
from tests.deployment import BTC, ETH
from tests.harness import Contract

from .desk import Desk


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_switching_gives(
    desk: Desk, lens: Contract, account: int, counter: int, level: int
) -> None:
    desk.trade(account, counter, BTC, -10)
    desk.trade(account, counter, ETH, -50)
    told = lens.at_levels(account)
    desk.vault.set_netting(account, level, sender=desk.trader)
    assert told[level] == lens.summary(account).margin
    assert lens.at_levels(account) == told  # whatever the level is now


def test_basis_trade_by_hand(desk: Desk, lens: Contract, counter: int) -> None:
    """One bitcoin at 60,000 against a short of one: what netting saves.

    The haircut is 14 % (8,400) beside the scan of 13 % (7,800); netted, liquidity's 1 % (600) and
    the calendar charge of 0.5 % (300) remain. The depth charge is small: 13 % of 60,000 squared
    over 60,000 * 2,001, and of half of it, 30,000 squared over 30,000 + 60,000 * 2,000.
    """
    account = desk.open(desk.taker, 2, wbtc=1)
    desk.trade(account, counter, BTC, -1)
    position, underlying, portfolio = lens.at_levels(account)
    depth = -(-1_300 * (60_000 * 10**18) ** 2 // (60_000 * 10**18 * 2_001 * 10_000))
    half = -(-1_300 * (30_000 * 10**18) ** 2 // ((30_000 + 60_000 * 2_000) * 10**18 * 10_000))
    assert position.maintenance == underlying.maintenance == 16_200 * 10**18 + depth
    assert portfolio.maintenance == 900 * 10**18 + half
    assert position.equity == underlying.equity == portfolio.equity == 60_000 * 10**18
    assert [tuple(level) for level in (position, underlying, portfolio)] == [
        tuple(vars(level).values())
        for level in explain.at_levels(
            desk.ledger(account).book_of(account), desk.params.model(), desk.markets()
        )
    ]
