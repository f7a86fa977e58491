"""A balance that is read twice and written twice grows when sender and receiver are the same:
tokens have been doubled by sending them to oneself.

Here legs are taken together by account before anything is loaded, and moving to oneself is refused.
"""

from plimsoll.spec.wad import WAD
from tests.unit.margin_vault.bench import SIZE, Bench, usd


def test_transfer(bench: Bench, account: int) -> None:
    bench.fund(account, 100, weth=100)
    for token in (bench.quote, bench.weth):
        with bench.refused("vault: same account"):
            bench.transfer(account, account, token, 1)


def test_cash_legs(bench: Bench, account: int) -> None:
    """The same account gives and receives, in one bundle, in any order."""
    bench.fund(account, 100)
    bench.approve(account)
    for legs in (
        [(account, 0, 0, -50 * WAD), (account, 0, 0, 50 * WAD)],
        [(account, 0, 0, 50 * WAD), (account, 0, 0, -50 * WAD)],
        [(account, 0, 0, 70 * WAD), *[(account, 0, 0, -10 * WAD)] * 7],
    ):
        bench.book(legs)
        assert bench.cash(account) == 100 * WAD


def test_receiving_before_and_after_paying(bench: Bench, twins: tuple[int, int]) -> None:
    """An account that only receives is not loaded; here it receives first, and trades later on."""
    first, second = twins
    bench.book(
        [
            (first, 0, 0, 50 * WAD),
            *bench.legs(second, first, SIZE),
            (second, 0, 0, -50 * WAD),
            (first, 0, 0, 30 * WAD),
            (second, 0, 0, -30 * WAD),
        ]
    )
    assert (bench.cash(first), bench.cash(second)) == (100_080 * WAD, 99_920 * WAD)


def test_trading_with_oneself(bench: Bench, twins: tuple[int, int]) -> None:
    first, _ = twins
    bench.trade(first, first, SIZE, 59_000)
    assert bench.vault.book_of(first) == (0, 100_000 * WAD, 0, [], [])


def test_slice_of_oneself(bench: Bench, account: int) -> None:
    bench.set_liquidator(bench.venue)
    bench.fund(account, 100)
    with bench.refused("vault: same account"):
        bench.slice(account, account, WAD)


def test_receiver_is_the_vault(bench: Bench, account: int) -> None:
    """Tokens that would only come back as nobody's stay where they are."""
    bench.fund(account, 100)
    with bench.refused("vault: receiver"):
        bench.vault.withdraw(account, bench.quote, usd(1), bench.vault, sender=bench.trader)
