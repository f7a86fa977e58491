"""The largest account there can be: a perpetual of each of 63 underlyings, 16 collaterals.

Whatever is done to it fits into the gas of one transaction. The vault has room for 128 positions,
which takes more than one instrument for an underlying, so that bound is not reached.
"""

import pytest

from plimsoll.spec.words import perpetual
from tests.harness import Project
from tests.harness.chain import TX_GAS

from .bench import ALL, SIZE, SOL, WAD, Bench, usd

pytestmark = pytest.mark.pyrevm  # hundreds of transactions, of which anvil takes seconds for some

UNDERLYINGS = range(1, 64)


@pytest.fixture
def largest(bench: Bench, project: Project, pair: tuple[int, int], lender: int) -> int:
    """The trader's account, full, with a debt, at the dearest netting level to assess."""
    account, other = pair
    for underlying in UNDERLYINGS[3:]:
        bench.list_underlying(underlying, like=SOL)
    for _ in range(13):
        token = project.Token.deploy("Coin", "COIN", 18, sender=bench.governor)
        bench.list_token(token)
        bench.deposit(account, token, 10**18)
    bench.fund(account, weth=10**18, wbtc=10**8, wsol=10**9)
    bench.set_netting(account, 2)
    for first in range(0, 63, 16):
        legs = []
        for underlying in UNDERLYINGS[first : first + 16]:
            sign = 1 if underlying % 2 else -1
            legs += bench.legs(account, other, sign * SIZE // 10, instrument=perpetual(underlying))
        bench.book(legs)
    bench.withdraw(account, bench.quote, usd(101_000))
    return account


def test_is_full(bench: Bench, largest: int) -> None:
    book = bench.vault.book_of(largest)
    assert (len(book.positions), len(book.collateral)) == (63, 16)
    assert bench.margin(largest).equity > 0


@pytest.mark.parametrize("action", ["withdraw", "trade", "settle", "batch", "slice"])
def test_fits_into_a_transaction(bench: Bench, largest: int, other: int, action: str) -> None:
    """All slots cold, and prices to be rolled."""
    to = bench.fund(bench.account(bench.keeper), 500_000)
    bench.set_liquidator(bench.venue)
    vault, trader = bench.vault, bench.trader
    level = [vault.set_netting.encode_input(largest, 1)]
    bench.wait(60)
    act = {
        "withdraw": lambda: bench.withdraw(largest, bench.quote, usd(1)),
        "trade": lambda: bench.trade(largest, other, SIZE // 100),
        "settle": lambda: bench.settle(largest),
        "batch": lambda: vault.batch(level, sender=trader),
        "slice": lambda: bench.slice(largest, to, WAD // 2, 1_000 * WAD, 10 * WAD),
    }[action]
    with bench.chain.cold():
        used = act().gas_used
    assert used < TX_GAS


def test_leaves_nothing(bench: Bench, largest: int) -> None:
    """All of it is taken over at once, and nothing is left."""
    to = bench.fund(bench.account(bench.keeper), 500_000)
    bench.set_liquidator(bench.venue)
    bench.slice(largest, to, WAD, 0, 0)
    bench.set_netting(largest, 0)
    assert bench.vault.words(largest) == 0
    for token in (bench.weth, bench.wbtc):
        with bench.refused("vault: zero amount"):
            bench.withdraw(largest, token, ALL)
