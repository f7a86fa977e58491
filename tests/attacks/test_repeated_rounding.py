"""A rounding error of a unit has been multiplied: by tokens with few decimals, by doing and undoing
the same thing thousands of times in a transaction.

Here every credit rounds down and every debit up: who goes in circles loses dust to the vault.
"""

from collections.abc import Callable

import pytest

from plimsoll.spec.wad import WAD
from tests.harness import CHAIN
from tests.unit.margin_vault.bench import ALL, BTC, DAY, ETH, SIZE, YEAR, Bench, usd

ROUNDS = 2_000 if CHAIN == "pyrevm" else 20


@pytest.fixture
def odd(bench: Bench, twins: tuple[int, int], lender: int) -> tuple[int, int]:
    """The thief's accounts where nothing is round: indexes, marks and funding, sizes."""
    borrower = bench.fund(bench.account(bench.keeper), weth=400 * 10**18)
    bench.withdraw(borrower, bench.quote, usd(777_777.777777))
    bench.trade(*twins, 333_333_337)
    bench.set_premium(BTC, 13)
    bench.chain.mine(delta=YEAR // 7)
    bench.jump(BTC, 61_234.56789012)
    bench.jump(ETH, 2_999.99999999)
    bench.accrue()
    return twins


def loop(bench: Bench, accounts: tuple[int, int], act: Callable[[], object]) -> None:
    """However often it is done, equity and wallet are together no more than before, and each round
    costs no more than a few wei."""
    vault, engine, trader = bench.vault, bench.engine, bench.trader

    def wealth() -> int:
        equity = sum(engine.preview(vault.book_of(item)).equity for item in accounts)
        return int(equity + bench.quote.balanceOf(trader) * 10**12)

    before = wealth()
    for _ in range(ROUNDS):
        act()
    assert before - 10 * ROUNDS <= wealth() <= before


def test_withdrawing_and_depositing(bench: Bench, odd: tuple[int, int]) -> None:
    vault, quote, trader = bench.vault, bench.quote, bench.trader
    quote.approve(vault, ALL, sender=trader)

    def act() -> None:
        vault.withdraw(odd[0], quote, 1, trader, sender=trader)
        vault.deposit(odd[0], quote, 1, sender=trader)

    loop(bench, odd, act)


def test_moving_to_and_fro(bench: Bench, odd: tuple[int, int]) -> None:
    vault, quote, trader = bench.vault, bench.quote, bench.trader

    def act() -> None:
        vault.transfer(odd[0], odd[1], quote, 1, sender=trader)
        vault.transfer(odd[1], odd[0], quote, 1, sender=trader)

    loop(bench, odd, act)


def test_trading_to_and_fro(bench: Bench, odd: tuple[int, int]) -> None:
    """One unit of a contract, at a price that rounds in the thief's favour."""
    vault, venue = bench.vault, bench.venue
    mark = bench.market.peek(BTC).mark
    there = [(odd[0], bench.btc, 1, -(mark // SIZE)), (odd[1], bench.btc, -1, mark // SIZE)]
    back = [(odd[0], bench.btc, -1, mark // SIZE), (odd[1], bench.btc, 1, -(mark // SIZE))]

    def act() -> None:
        vault.book(there, sender=venue)
        vault.book(back, sender=venue)

    loop(bench, odd, act)


def test_trading_with_oneself(bench: Bench, odd: tuple[int, int]) -> None:
    vault, venue = bench.vault, bench.venue
    legs = [(odd[0], bench.btc, 7, 1), (odd[0], bench.btc, -7, -1)]
    loop(bench, odd, lambda: vault.book(legs, sender=venue))


def test_settling(bench: Bench, odd: tuple[int, int]) -> None:
    vault, stranger = bench.vault, bench.stranger

    def act() -> None:
        vault.settle(odd[0], sender=stranger)
        vault.settle(odd[1], sender=stranger)

    loop(bench, odd, act)


def test_slicing_to_and_fro(bench: Bench, odd: tuple[int, int]) -> None:
    """If anybody could: a third of a sliver of one account to the other and back."""
    bench.set_liquidator(bench.venue)
    vault, venue, trader = bench.vault, bench.venue, bench.trader
    fraction = WAD // 3_333_333

    def act() -> None:
        vault.slice(odd[0], odd[1], trader, fraction, 0, 0, sender=venue)
        vault.slice(odd[1], odd[0], trader, fraction, 0, 0, sender=venue)

    loop(bench, odd, act)


def test_borrowing_and_repaying(bench: Bench, lender: int) -> None:
    """Across zero, from cash to debt and back, at two different indexes."""
    vault, quote, trader = bench.vault, bench.quote, bench.trader
    account = bench.fund(bench.account(trader), 0.000001, weth=10**18)
    bench.withdraw(account, quote, usd(10))
    bench.chain.mine(delta=DAY)
    bench.wait(1)
    bench.accrue()
    owed = -bench.cash(account)
    bench.deposit(account, quote, owed // 10**12)
    quote.approve(vault, ALL, sender=trader)
    bench.give(quote, trader, 3)

    def act() -> None:
        vault.deposit(account, quote, 3, sender=trader)
        vault.withdraw(account, quote, 3, trader, sender=trader)

    loop(bench, (account, account + 1), act)


def test_the_vault_is_never_short(bench: Bench, odd: tuple[int, int]) -> None:
    """What all this leaves in the vault is dust, never a debt of the vault's."""
    vault, venue = bench.vault, bench.venue
    legs = [(odd[0], bench.btc, 1, -7), (odd[1], bench.btc, -1, 7)]
    for _ in range(ROUNDS // 10):
        vault.book(legs, sender=venue)
    accounts = [*odd, bench.account(bench.stranger), bench.account(bench.keeper), bench.insurance]
    books = [vault.book_of(account) for account in accounts]
    owned = sum(book.cash + book.basis for book in books)
    assert 0 <= vault.pool().tokens - owned < 10 * ROUNDS
