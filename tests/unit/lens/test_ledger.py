"""The law of the ledger, and what it does not say."""

from plimsoll.spec import explain
from plimsoll.spec.interest import Pool, utilisation
from plimsoll.spec.wad import WAD
from tests.deployment import BTC
from tests.harness import Contract

from .desk import Desk


def test_empty(desk: Desk, lens: Contract) -> None:
    told = lens.ledger()
    assert (told.tokens, told.cash, told.debt, told.basis, told.surplus) == (0, 0, 0, 0, 0)
    assert [item.token for item in told.assets] == [desk.weth, desk.wbtc]


def test_two_sides_and_rates(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    """A loan of 400,000 beside 50 million of others' cash, a trade, a month of interest."""
    desk.trade(account, counter, BTC, 3)
    desk.vault.withdraw(account, desk.quote, 500_000 * 10**6, desk.trader, sender=desk.trader)
    desk.vault.withdraw(counter, desk.quote, 49_000_000 * 10**6, desk.maker, sender=desk.maker)
    desk.wait(30 * 86_400)
    desk.move(BTC, 62_000)
    desk.vault.settle(account, sender=desk.stranger)
    desk.wait(86_400)
    told = lens.ledger()
    pool = Pool(*desk.vault.pool())
    assert pool.borrow > 0
    assert told.tokens == pool.tokens == desk.quote.balanceOf(desk.vault) * 10**12
    assert (told.cash, told.debt, told.basis) == (pool.cash, pool.debt, pool.basis)
    assert told.surplus == told.tokens - (told.cash - told.debt + told.basis) == pool.surplus
    assert 0 <= told.surplus < 10**9
    assert told.utilisation == utilisation(pool.cash, pool.debt, pool.tokens)
    assert 0 < told.utilisation < WAD
    assert (told.borrow_rate, told.supply_rate) == explain.lending_rates(
        pool, desk.params.rates.spec
    )
    assert 0 < told.supply_rate < told.borrow_rate
    assert (told.supply_index, told.borrow_index) == (pool.supply_index, pool.borrow_index)


def test_what_was_only_sent_is_beside(desk: Desk, lens: Contract, account: int) -> None:
    """Tokens that nobody deposited are in the balance and in no account."""
    for token, amount in ((desk.quote, 5), (desk.weth, 7)):
        token.mint(desk.vault, amount, sender=desk.stranger)
    told = lens.ledger()
    assert (told.tokens, told.balance) == (100_000 * WAD, 100_000 * 10**6 + 5)
    weth, wbtc = told.assets
    assert weth == (desk.assets["WETH"], desk.weth.address, 100 * 10**18, 100 * 10**18 + 7)
    assert wbtc == (desk.assets["WBTC"], desk.wbtc.address, 10 * 10**8, 10 * 10**8)
    assert told.surplus == 0
