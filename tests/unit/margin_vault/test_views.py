"""What the vault tells: accounts, positions, permissions, totals, the pool, its constants."""

import pytest

from plimsoll.spec.words import account_id, key_of, pack_account, pack_position
from tests.harness import Contract

from .bench import BTC, CONFIGURE, DAY, SIZE, TRANSFER, WAD, WITHDRAW, YEAR, Bench, usd


@pytest.fixture
def full(bench: Bench, pair: tuple[int, int], lender: int) -> int:
    """The trader's account with a bit of everything."""
    account, other = pair
    bench.set_netting(account, 2)
    bench.fund(account, wsol=10**9, weth=10**18)
    bench.withdraw(account, bench.quote, usd(101_000))
    bench.trade(other, account, SIZE // 10)
    bench.trade(account, other, SIZE, instrument=bench.eth)
    return account


def test_book_of(bench: Bench, vault: Contract, full: int) -> None:
    """Level, cash, basis, position words, and collateral in the order of asset ids."""
    book = vault.book_of(full)
    assert book.level == 2
    assert book.cash == -1_000 * WAD
    assert book.basis == 6_000 * WAD - 3_000 * WAD
    assert book.positions == [
        pack_position(key_of(bench.btc), -SIZE // 10),
        pack_position(key_of(bench.eth), SIZE),
    ]
    assert book.collateral == [(0, 10**18, 10**18), (2, 10**9, 10**9)]


def test_book_of_counts_interest_to_now(bench: Bench, vault: Contract, full: int) -> None:
    bench.chain.mine(delta=YEAR)
    told = vault.book_of(full).cash
    assert told < -1_000 * WAD
    bench.accrue()
    assert vault.book_of(full).cash == told


def test_book_of_nobody(bench: Bench, vault: Contract) -> None:
    for account in (0, account_id(1, 2), 2**256 - 1):
        assert vault.book_of(account) == (0, 0, 0, [], [])


def test_words(bench: Bench, vault: Contract, full: int) -> None:
    """Cash as it is scaled by the interest index, which is still one here."""
    assert vault.words(full) == pack_account(-1_000 * WAD, 3_000 * WAD, 0b101, 2, 2)


def test_position(bench: Bench, vault: Contract, full: int) -> None:
    assert vault.position(full, bench.btc) == -SIZE // 10
    assert vault.position(full, bench.eth) == SIZE
    assert vault.position(full, bench.sol) == vault.position(full + 1, bench.btc) == 0
    assert vault.position(full, 0) == 0


def test_position_that_was_closed(bench: Bench, vault: Contract, full: int) -> None:
    bench.trade(full, bench.account(bench.maker), SIZE // 10)
    assert vault.position(full, bench.btc) == 0
    assert vault.position(full, bench.eth) == SIZE


def test_totals(bench: Bench, vault: Contract, full: int, other: int) -> None:
    bench.fund(other, weth=5)
    assert [vault.totals(asset) for asset in range(4)] == [10**18 + 5, 0, 10**9, 0]
    with bench.refused(""):
        vault.totals(32)


def test_may(bench: Bench, vault: Contract, account: int) -> None:
    """The owner may everything with every number, and nobody else anything."""
    for scope in (WITHDRAW, TRANSFER, CONFIGURE, bench.orders):
        assert vault.may(account, bench.trader, scope)
        assert vault.may(account + 2**96 - 1, bench.trader, scope)
        assert not vault.may(account + 2**96, bench.trader, scope)
        assert not vault.may(account, bench.stranger, scope)
        assert not vault.may(account, bench.governor, scope)


def test_scopes(vault: Contract) -> None:
    assert (vault.WITHDRAW(), vault.TRANSFER(), vault.CONFIGURE()) == (
        *(WITHDRAW, TRANSFER, CONFIGURE),
    )


def test_allowance(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """Limit, what is used of it, and on which day; yesterday's use is told until today's."""
    account, other = pair
    bench.set_venue(account, limit=100 * WAD)
    day = bench.chain.timestamp // DAY
    bench.book([(account, 0, 0, -7 * WAD), (other, 0, 0, 7 * WAD)])
    bench.wait(DAY)
    assert vault.allowance(account, bench.venue) == (100 * WAD, 7 * WAD, day)
    bench.book([(account, 0, 0, -2 * WAD), (other, 0, 0, 2 * WAD)])
    assert vault.allowance(account, bench.venue) == (100 * WAD, 2 * WAD, day + 1)


def test_pool(bench: Bench, vault: Contract, pair: tuple[int, int], full: int) -> None:
    pool = vault.pool()
    assert pool.supply == (1_000_000 + 100_000) * WAD
    assert pool.borrow == 1_000 * WAD
    assert pool.tokens == (1_200_000 - 101_000) * WAD
    assert pool.basis == 0
    assert pool.time == bench.chain.timestamp
    bench.jump(BTC, 61_000)
    bench.settle(full)
    assert vault.pool().basis == 100 * WAD
