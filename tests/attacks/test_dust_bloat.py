"""Accounts have been made too heavy to liquidate by dust: hundreds of tiny positions or tokens,
sent by their owner or by somebody who wanted them stuck.

Here nobody but the owner adds a word to an account, and a full account still fits into a
transaction (see tests/unit/margin_vault/test_largest_account.py).
"""

from plimsoll.spec.words import unpack_account
from tests.unit.margin_vault.bench import SIZE, WAD, Bench


def test_strangers_add_no_word(bench: Bench, account: int) -> None:
    """Deposits, transfers, cash legs, trades and slices of others leave collaterals and positions
    of the trader's account as they are."""
    vault, stranger = bench.vault, bench.stranger
    bench.fund(account, 1_000, weth=10**18)
    theirs = bench.fund(bench.account(stranger), 100_000, wbtc=10**8)
    bench.approve(theirs)
    for token in (bench.wbtc, bench.wsol):
        bench.give(token, stranger, 1)
        with bench.refused("vault: new collateral"):
            vault.deposit(account, token, 1, sender=stranger)
    with bench.refused("vault: not one owner"):
        vault.transfer(theirs, account, bench.wbtc, 1, sender=stranger)
    with bench.refused("vault: venue not approved"):
        bench.trade(theirs, account, 1)
    bench.set_liquidator(bench.venue)
    with bench.refused("vault: not allowed"):
        vault.slice(theirs, account, stranger, WAD, 0, 0, sender=bench.venue)
    bench.deposit(account, bench.weth, 1, sender=stranger)
    bench.deposit(account, bench.quote, 1, sender=stranger)
    bench.book([(theirs, 0, 0, -1), (account, 0, 0, 1)])
    assert unpack_account(vault.words(account))[2:] == (0b001, 0, 0)


def test_dust_is_taken_away_with_the_rest(bench: Bench, twins: tuple[int, int]) -> None:
    """A position of 1e-8 contracts needs margin, is settled and sliced like any other, and closing
    it clears its word."""
    first, second = twins
    for instrument in (bench.btc, bench.eth, bench.sol):
        bench.trade(first, second, 1, instrument=instrument)
    assert bench.margin(first).maintenance > 0
    bench.set_liquidator(bench.venue)
    to = bench.fund(bench.account(bench.keeper), 1_000)
    bench.slice(first, to, WAD // 2)
    assert len(bench.vault.book_of(first).positions) == 3
    assert bench.vault.book_of(to).positions == []
    bench.slice(first, to, WAD)
    assert bench.vault.book_of(first).positions == []
    assert len(bench.vault.book_of(to).positions) == 3


def test_opening_and_closing_leaves_nothing(bench: Bench, twins: tuple[int, int]) -> None:
    first, second = twins
    words = bench.vault.words(first), bench.vault.words(second)
    for instrument in (bench.btc, bench.eth, bench.sol):
        bench.trade(first, second, SIZE, instrument=instrument)
    for instrument in (bench.eth, bench.sol, bench.btc):
        bench.trade(second, first, SIZE, instrument=instrument)
    assert (bench.vault.words(first), bench.vault.words(second)) == words
