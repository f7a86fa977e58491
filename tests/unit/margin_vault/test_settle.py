"""settle: an account's unsettled profit goes from basis to cash; anyone may, nobody gains."""

from tests.harness import Contract

from .bench import BTC, DAY, ETH, SIZE, WAD, Bench, logged


def test_profit_and_loss(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """3,000 are won on one side and lost on the other; the tokens stay as they are."""
    account, other = pair
    bench.trade(account, other)
    bench.jump(BTC, 63_000)
    for item, profit in ((account, 3_000), (other, -3_000)):
        equity = bench.equity(item)
        receipt = bench.settle(item, sender=bench.stranger)
        assert logged(receipt, vault.Settle) == [{"account": item, "profit": profit * WAD}]
        assert [event["account"] for event in logged(receipt, vault.Updated)] == [item]
        assert bench.cash(item) == (100_000 + profit) * WAD
        assert bench.equity(item) == equity
    assert vault.book_of(account).basis == -63_000 * WAD
    pool = vault.pool()
    assert (pool.supply, pool.tokens, pool.basis) == (200_000 * WAD, 200_000 * WAD, 0)


def test_twice_is_once(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    account, other = pair
    bench.trade(account, other)
    bench.jump(BTC, 63_000)
    bench.settle(account)
    word = vault.words(account)
    receipt = bench.settle(account)
    assert logged(receipt, vault.Settle) == []
    assert vault.words(account) == word


def test_funding(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """What longs owe shorts for time is settled with the rest."""
    account, other = pair
    bench.set_premium(BTC, 50)
    bench.trade(account, other)
    before = bench.market.peek(BTC).funding
    bench.wait(DAY)
    paid = bench.market.peek(BTC).funding - before
    assert paid == 900 * WAD
    [event] = logged(bench.settle(other), vault.Settle)
    assert event["profit"] == paid
    [event] = logged(bench.settle(account), vault.Settle)
    assert event["profit"] == -paid


def test_several_positions_round_once(bench: Bench, pair: tuple[int, int]) -> None:
    """Profits are summed before they are rounded, against the account."""
    account, other = pair
    for instrument in (bench.btc, bench.eth, bench.sol):
        bench.trade(account, other, 12_345, instrument=instrument)
    bench.set_premium(ETH, 13)
    bench.jump(ETH, 3_111.11111111)
    bench.jump(BTC, 59_999.99999999)
    before = bench.equity(account, other)
    bench.settle(account)
    bench.settle(other)
    assert bench.equity(account, other) == before


def test_loss_beyond_cash_becomes_debt(bench: Bench, pair: tuple[int, int]) -> None:
    """Settling is not withdrawing: no margin is asked for, and the debt pays interest from now."""
    account, other = pair
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 45_000)
    bench.settle(account)
    assert bench.cash(account) == -35_000 * WAD
    assert bench.vault.pool().borrow == 35_000 * WAD


def test_on_the_last_price(bench: Bench, pair: tuple[int, int]) -> None:
    """With a dead feed profits are those of the last price it told."""
    account, other = pair
    bench.trade(account, other)
    bench.jump(BTC, 61_000)
    bench.chain.mine(delta=30 * DAY)
    bench.settle(account)
    assert bench.cash(account) == 101_000 * WAD


def test_empty_account(bench: Bench, vault: Contract, account: int) -> None:
    receipt = bench.settle(account)
    assert logged(receipt, vault.Settle) == []
    assert vault.words(account) == 0
