"""Expiry: what is over is settled by anyone, one account at a time, and blocks nothing until then.

The law of the ledger, unsettled payoffs included, is checked by bench.py after every step.
"""

from collections.abc import Callable
from functools import partial

import pytest

from plimsoll.spec.words import sizes_of
from tests.harness import Contract

from .bench import ALL, DAY, SIZE, WAD, Bench, logged, usd
from .dated import Dated


def held(bench: Bench, account: int) -> list[tuple[int, int]]:
    return [sizes_of(word) for word in bench.vault.book_of(account).positions]


def test_payoffs(bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]) -> None:
    """63,500: calls at 62,000 pay 1,500, puts at 65,000 as much, the future against its forward
    of 60,600; what one gets the other pays, to the wei."""
    account, other = pair
    bench.trade(account, other, 2 * SIZE, 0, dated.call(62_000))
    bench.trade(account, other, 3 * SIZE, 0, dated.put(65_000))
    bench.trade(account, other, 7 * SIZE, 0, dated.put(62_000))
    bench.trade(account, other, 7 * SIZE, 0, dated.call(65_000))
    bench.trade(other, account, SIZE, instrument=dated.future)
    dated.expire(63_500)
    gain = 2 * 1_500 + 3 * 1_500 - (63_500 - 60_600)
    for item, sign in zip(pair, (1, -1), strict=True):
        receipt = bench.settle(item, sender=bench.stranger)
        assert logged(receipt, vault.Settle) == [{"account": item, "profit": sign * gain * WAD}]
        assert bench.cash(item) == (100_000 + sign * gain) * WAD
        assert held(bench, item) == []
        assert vault.book_of(item).basis == 0
    pool = vault.pool()
    assert (pool.supply, pool.borrow, pool.basis) == (200_000 * WAD, 0, 0)


def test_one_settles_and_the_other_not_yet(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """What was paid is owed to the pool by whom has not settled, and taken out by nobody else."""
    account, other = pair
    bench.trade(account, other, SIZE, 500, dated.call(62_000))
    dated.expire(65_000)
    bench.settle(account)
    assert vault.pool().basis == -3_000 * WAD
    bench.withdraw(account, bench.quote, ALL)
    bench.wait(DAY)
    bench.settle(other)
    assert vault.pool().basis == 0
    assert bench.cash(other) == 97_500 * WAD


def test_many_in_a_batch(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """By a stranger, also of who is short, and owes more than it has: nothing is checked."""
    account, other = pair
    bench.trade(account, other, SIZE, 500, dated.call(62_000))
    bench.withdraw(other, bench.quote, usd(99_000))
    dated.expire(65_000)
    bench.distrust()
    receipt = bench.batch(
        [vault.settle.encode_input(item) for item in pair],
        [partial(bench.ledger.settle, item) for item in pair],
        sender=bench.stranger,
    )
    assert [event["profit"] for event in logged(receipt, vault.Settle)] == [
        3_000 * WAD,
        -3_000 * WAD,
    ]
    assert [bench.cash(item) for item in pair] == [102_500 * WAD, -1_500 * WAD]


def test_twice_is_once(bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]) -> None:
    account, other = pair
    bench.trade(account, other, SIZE, 500, dated.call(62_000))
    dated.expire(65_000)
    bench.settle(account)
    word = vault.words(account)
    assert logged(bench.settle(account), vault.Settle) == []
    assert vault.words(account) == word


@pytest.mark.parametrize("price", [51_234.56789012, 60_000, 78_900.00000001])
def test_conversion(bench: Bench, dated: Dated, pair: tuple[int, int], price: float) -> None:
    """Long future, short call, long put of one strike: worth strike less forward at any price."""
    account, other = pair
    size = 123_456_789
    legs = [
        *bench.legs(account, other, size, instrument=dated.future),
        *bench.legs(other, account, size, 0, dated.call(60_000)),
        *bench.legs(account, other, size, 0, dated.put(60_000)),
    ]
    bench.book(legs)
    dated.expire(price)
    for item, sign in zip(pair, (1, -1), strict=True):
        bench.settle(item)
        assert bench.cash(item) == 100_000 * WAD - sign * size * 600 * WAD // SIZE
    assert bench.vault.pool().basis == 0


@pytest.mark.parametrize("price", [40_000, 57_777.77777777, 90_000])
def test_box(bench: Bench, dated: Dated, pair: tuple[int, int], price: float) -> None:
    """A call spread and a put spread: the distance of the strikes, at any price."""
    account, other = pair
    size = 31_415_926
    bench.trade(account, other, size, 0, dated.call(55_000))
    bench.trade(other, account, size, 0, dated.call(60_000))
    bench.trade(account, other, size, 0, dated.put(60_000))
    bench.trade(other, account, size, 0, dated.put(55_000))
    dated.expire(price)
    for item, sign in zip(pair, (1, -1), strict=True):
        bench.settle(item)
        assert bench.cash(item) == 100_000 * WAD + sign * 5_000 * size * WAD // SIZE
    assert bench.vault.pool().basis == 0


def test_offsets_settle_to_nothing(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """Where payoff and profit cancel to the wei there is nothing to tell; the words go and the
    basis is settled nevertheless."""
    account, other = pair
    bench.trade(account, other, SIZE, instrument=dated.future)
    bench.trade(other, account, SIZE // 2, 0, dated.call(60_000))
    dated.expire(61_200)
    for item in pair:
        receipt = bench.settle(item)
        assert logged(receipt, vault.Settle) == []
        assert held(bench, item) == []
        assert bench.cash(item) == 100_000 * WAD
        assert vault.book_of(item).basis == 0


def test_many_accounts_in_any_order(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """Odd sizes and prices, some settled, some not, interest running: in the end the pool's basis
    is nothing and the payoffs of all accounts cancel."""
    accounts = [bench.account(bench.trader, number) for number in range(1, 4)]
    accounts += [bench.account(bench.maker, number) for number in range(1, 3)]
    for account in accounts:
        bench.approve(bench.fund(account, 100_000))
    options = dated.call(58_000), dated.put(58_000), dated.call(66_000), dated.put(66_000)
    for number, option in enumerate((*options, dated.future) * 3):
        buyer, seller = accounts[number % 5], accounts[(number * 2 + 1) % 5]
        if buyer != seller:
            bench.trade(buyer, seller, 7_777_777 * (number + 1), 12.34567891, option)
    dated.expire(61_234.567890123456)
    total = 0
    for account in (accounts[3], accounts[0], accounts[4]):
        total += sum(event["profit"] for event in logged(bench.settle(account), vault.Settle))
    assert vault.pool().basis != 0
    bench.wait(DAY)
    for account in (accounts[1], accounts[2]):
        total += sum(event["profit"] for event in logged(bench.settle(account), vault.Settle))
    assert vault.pool().basis == 0
    assert -len(accounts) * 3 <= total <= 0  # what the trades of futures rounded


def test_other_positions_stay(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """Words that are over go from anywhere between others, whose profit is settled with them."""
    account, other = pair
    near, far = dated.expiry, dated.expiry + DAY
    dated.list(far)
    for expiry, strike in ((near, 50_000), (far, 51_000), (near, 52_000), (near, 53_000)):
        dated.expiry = expiry
        bench.trade(account, other, SIZE, 0, dated.call(strike))
    bench.trade(account, other, 2 * SIZE)
    dated.expiry = far
    bench.trade(account, other, 3 * SIZE, instrument=dated.future)
    dated.expiry = near
    bench.trade(account, other, 4 * SIZE, instrument=dated.future)
    bench.trade(account, other, 5 * SIZE, 0, dated.put(69_000))
    dated.expire(61_000)
    payoff = 11_000 + 9_000 + 8_000 + 4 * 400 + 5 * 8_000
    [event] = logged(bench.settle(account), vault.Settle)
    assert event["profit"] == (payoff + 2 * 1_000 + 3 * 1_010) * WAD
    assert sorted(held(bench, account)) == [(SIZE, 0), (2 * SIZE, 0), (3 * SIZE, 0)]
    bench.trade(other, account, 2 * SIZE)
    assert sorted(held(bench, other)) == [(-3 * SIZE, 0), (-SIZE, 0)]


ACTIONS: dict[str, Callable[[Bench, int, int], object]] = {
    "withdraw": lambda bench, account, other: bench.withdraw(account, bench.quote, 1),
    "withdraw collateral": lambda bench, account, other: bench.withdraw(account, bench.weth, 1),
    "transfer": lambda bench, account, other: bench.transfer(account, account + 1, bench.quote, 1),
    "trade": lambda bench, account, other: bench.trade(account, other),
    "trade on the other side": lambda bench, account, other: bench.trade(other, account),
    "be sliced": lambda bench, account, other: bench.slice(account, other, WAD // 2),
    "take a slice": lambda bench, account, other: bench.slice(other, account, WAD // 2),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_changes_an_account_settles_first(
    bench: Bench, dated: Dated, pair: tuple[int, int], action: str
) -> None:
    """The payoff counts, and nothing of what is over is traded, kept or sliced."""
    account, other = pair
    bench.fund(account, weth=10**18)
    bench.set_liquidator(bench.venue)
    for option in (dated.call(50_000), dated.put(70_000)):
        bench.trade(account, other, SIZE, 0, option)
    dated.expire(60_000)
    ACTIONS[action](bench, account, other)
    words = bench.vault.book_of(account).positions
    assert all(word >> 200 & (2**40 - 1) == 0 for word in words)
    bench.settle(other)
    assert bench.vault.pool().basis == sum(bench.vault.book_of(item).basis for item in pair)


def test_what_changes_nothing_else_leaves_it(
    bench: Bench, dated: Dated, pair: tuple[int, int]
) -> None:
    """Deposits, received cash and the choice of netting are not in the way of what is over."""
    account, other = pair
    bench.trade(account, other, SIZE, 0, dated.call(50_000))
    dated.expire(60_000)
    bench.deposit(account, bench.quote, 1)
    bench.fund(account, weth=10**18)
    bench.set_netting(account, 1)
    bench.transfer(other, bench.account(bench.maker, 1), bench.quote, 1)
    assert len(held(bench, account)) == 1
    bench.settle(account)
    assert bench.cash(account) == 110_000 * WAD + 10**12


def test_loss_beyond_cash_becomes_debt(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """Settling asks for no margin; the other side is paid in full."""
    account, other = pair
    bench.trade(account, other, 20 * SIZE, 0, dated.call(50_000))
    dated.expire(60_000)
    bench.settle(other)
    assert bench.cash(other) == -100_000 * WAD
    bench.settle(account)
    assert bench.cash(account) == 300_000 * WAD


def test_not_fixed(bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]) -> None:
    """Nobody knows the price: options wait, the future stands at the running average, and
    everything else goes on."""
    account, other = pair
    bench.trade(account, other, SIZE, 0, dated.call(50_000))
    bench.trade(account, other, SIZE, instrument=dated.future)
    dated.miss()
    [event] = logged(bench.settle(account), vault.Settle)
    assert event["profit"] == -600 * WAD
    assert held(bench, account) == [(SIZE, 0), (SIZE, 0)]
    bench.trade(account, other)
    bench.withdraw(account, bench.quote, 1)
    bench.set_liquidator(bench.venue)
    bench.slice(account, other, WAD // 2)
    assert held(bench, account) == [(SIZE // 2, 0)] * 3
    dated.fix(61_000 * WAD)
    bench.settle(account)
    assert held(bench, account) == [(SIZE // 2, 0)]
    bench.settle(other)
    assert held(bench, other) == [(-SIZE // 2, 0)]
    assert bench.vault.pool().basis == 0


def test_in_a_batch(bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]) -> None:
    account, other = pair
    bench.trade(account, other, SIZE, 0, dated.call(55_000))
    dated.expire(60_000)
    owner = bench.owner(account)
    bench.batch(
        [
            vault.settle.encode_input(account),
            vault.withdraw.encode_input(account, bench.quote, ALL, owner),
        ],
        [
            lambda: bench.ledger.settle(account),
            lambda: bench.ledger.withdraw(account, -1, ALL),
        ],
        owner,
    )
    assert bench.quote.balanceOf(owner) == 105_000 * 10**6
    assert held(bench, account) == []
