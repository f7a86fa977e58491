"""deposit: tokens of the caller go to the vault, and are the account's at once."""

import pytest

from plimsoll.spec.market import COLLATERAL
from plimsoll.spec.words import MAX_COLLATERALS
from tests.harness import Contract, Project

from .bench import BTC, CONFIGURE, DAY, ETH, SIZE, WAD, YEAR, Bench, logged, usd


def test_quote(bench: Bench, vault: Contract, account: int) -> None:
    """The trader's 250.5 are cash with 18 decimals, and the pool's tokens."""
    bench.give(bench.quote, bench.trader, usd(1_000))
    receipt = bench.deposit(account, bench.quote, usd(250.5), mint=False)
    assert logged(receipt, vault.Deposit) == [
        {"account": account, "token": bench.quote.address, "amount": usd(250.5)}
    ]
    cash = 2_505 * WAD // 10
    assert logged(receipt, vault.Updated) == [{"account": account, "word": cash << 152}]
    assert vault.words(account) == cash << 152
    assert vault.book_of(account) == (0, cash, 0, [], [])
    pool = vault.pool()
    assert (pool.supply, pool.borrow, pool.tokens, pool.basis) == (cash, 0, cash, 0)
    assert bench.quote.balanceOf(vault) == usd(250.5)
    assert bench.quote.balanceOf(bench.trader) == usd(749.5)


@pytest.mark.parametrize(
    ("name", "asset", "amount"), [("weth", 0, 3 * 10**18), ("wbtc", 1, 10**8 // 7), ("wsol", 2, 1)]
)
def test_collateral(
    bench: Bench, vault: Contract, account: int, name: str, asset: int, amount: int
) -> None:
    """Collateral is kept in its token's own units, and a bit of the account's word tells of it."""
    token = getattr(bench, name)
    bench.give(token, bench.trader, 2 * amount)
    receipt = bench.deposit(account, token, amount, mint=False)
    assert logged(receipt, vault.Deposit) == [
        {"account": account, "token": token.address, "amount": amount}
    ]
    assert logged(receipt, vault.Updated) == [{"account": account, "word": 1 << 16 + asset}]
    assert vault.book_of(account) == (0, 0, 0, [], [(asset, amount, amount)])
    assert vault.totals(asset) == token.balanceOf(vault) == amount
    assert token.balanceOf(bench.trader) == amount
    # more of the same changes no word, so there is nothing else to tell
    receipt = bench.deposit(account, token, amount, mint=False)
    assert logged(receipt, vault.Updated) == []
    assert vault.book_of(account).collateral == [(asset, 2 * amount, 2 * amount)]


def test_totals_are_of_all_accounts(bench: Bench, account: int, other: int) -> None:
    bench.fund(account, weth=5)
    bench.fund(other, weth=7)
    assert bench.vault.book_of(account).collateral == [(0, 5, 12)]
    assert bench.vault.book_of(other).collateral == [(0, 7, 12)]


def test_for_somebody_else(bench: Bench, account: int) -> None:
    """The stranger pays, the trader has it: quote, and more of what the account holds."""
    bench.fund(account, weth=10)
    bench.deposit(account, bench.quote, usd(5), sender=bench.stranger)
    bench.deposit(account, bench.weth, 10, sender=bench.stranger)
    assert bench.cash(account) == 5 * WAD
    assert bench.vault.book_of(account).collateral == [(0, 20, 20)]
    assert bench.quote.balanceOf(bench.stranger) == bench.weth.balanceOf(bench.stranger) == 0


def test_new_collateral_is_the_owners_choice(bench: Bench, vault: Contract, account: int) -> None:
    """Who may not configure an account cannot put another token's risk into it."""
    with bench.refused("vault: new collateral"):
        bench.deposit(account, bench.wbtc, 1, sender=bench.stranger)
    vault.set_operator(
        account, bench.stranger, CONFIGURE, bench.chain.timestamp, sender=bench.trader
    )
    bench.deposit(account, bench.wbtc, 1, sender=bench.stranger)
    bench.wait(1)  # the permission's last second is over
    with bench.refused("vault: new collateral"):
        bench.deposit(account, bench.weth, 1, sender=bench.stranger)


def test_collateral_that_was_withdrawn_is_new_again(bench: Bench, account: int) -> None:
    bench.fund(account, weth=10)
    bench.withdraw(account, bench.weth, 10)
    with bench.refused("vault: new collateral"):
        bench.deposit(account, bench.weth, 1, sender=bench.stranger)


def test_repays_a_debt(bench: Bench, account: int, lender: int) -> None:
    """A debt of 1,000 shrinks by 400, then is paid back with its interest, and more."""
    bench.fund(account, weth=10**18)
    bench.withdraw(account, bench.quote, usd(1_000))
    bench.deposit(account, bench.quote, usd(400))
    assert bench.cash(account) == -600 * WAD
    bench.wait(YEAR)
    debt = -bench.cash(account)
    assert debt > 600 * WAD
    bench.deposit(account, bench.quote, usd(700))
    assert bench.cash(account) == 700 * WAD - debt - 1  # rounded down
    assert bench.vault.pool().borrow == 0


def test_sixteen_collaterals(bench: Bench, project: Project, account: int) -> None:
    """An account holds sixteen kinds of tokens; to take a seventeenth it gives one back."""
    tokens = [bench.weth, bench.wbtc, bench.wsol]
    while len(tokens) <= MAX_COLLATERALS:
        token = project.Token.deploy("Coin", "COIN", 18, sender=bench.governor)
        bench.list_token(token)
        tokens.append(token)
    for token in tokens[:MAX_COLLATERALS]:
        bench.deposit(account, token, 10)
    with bench.refused("vault: too many collaterals"):
        bench.deposit(account, tokens[-1], 10)
    bench.deposit(account, tokens[3], 10)
    bench.withdraw(account, tokens[5], 10)
    bench.deposit(account, tokens[-1], 10)
    held = {item.asset: item.amount for item in bench.vault.book_of(account).collateral}
    assert held == {asset: 10 for asset in range(17) if asset != 5} | {3: 20}


def test_cap(bench: Bench, account: int, other: int) -> None:
    """All accounts together hold no more than the cap."""
    bench.set_cap(bench.wsol, 3)
    bench.fund(account, wsol=10**6)
    bench.fund(other, wsol=2 * 10**6)
    with bench.refused("vault: deposit cap"):
        bench.deposit(account, bench.wsol, 1)
    bench.withdraw(other, bench.wsol, 1)
    bench.deposit(account, bench.wsol, 1)


def test_cap_below_what_is_held(bench: Bench, account: int) -> None:
    """A cap of 0 stops deposits and takes nothing from anybody."""
    bench.fund(account, wsol=10**6)
    bench.set_cap(bench.wsol, 0)
    with bench.refused("vault: deposit cap"):
        bench.deposit(account, bench.wsol, 1)
    bench.withdraw(account, bench.wsol, 10**6)
    assert bench.wsol.balanceOf(bench.trader) == 10**6 + 1


def test_needs_no_price_of_positions_and_no_permission_to_act(
    bench: Bench, pair: tuple[int, int], account: int
) -> None:
    """A short account is topped up while its positions' price is stale and everything is paused."""
    bench.trade(*pair, size=5 * SIZE)
    bench.jump(BTC, 45_000)
    margin = bench.margin(account)
    assert margin.equity < margin.maintenance
    for action in (1, 2, 4):
        bench.registry.pause(action, DAY, sender=bench.guardian)
    bench.silence(BTC)
    bench.deposit(account, bench.quote, usd(30_000), sender=bench.stranger)
    bench.deposit(account, bench.weth, 10**18)
    assert bench.equity(account) == margin.equity + 33_000 * WAD


@pytest.mark.parametrize("backs", ["position", "debt", "nothing"])
def test_stale_collateral(
    bench: Bench, pair: tuple[int, int], account: int, lender: int, backs: str
) -> None:
    """What has no young price is not taken, whether there is something for it to back or not."""
    if backs == "position":
        bench.trade(*pair, size=SIZE)
    elif backs == "debt":
        bench.fund(lender, 100_000)
        bench.fund(account, wbtc=10**8)
        bench.withdraw(account, bench.quote, usd(110_000))
    ages = bench.params.underlyings["ETH"].market
    bench.jump(ETH, 3_000)
    bench.chain.mine(delta=ages.max_age_open)
    bench.deposit(account, bench.weth, 10**18)
    for delta in (1, ages.max_age_liquidation):
        bench.chain.mine(delta=delta)
        with bench.refused("registry: old price"):
            bench.deposit(account, bench.weth, 10**18)
    bench.deposit(account, bench.quote, usd(1))


def test_collateral_in_a_crash(bench: Bench, account: int) -> None:
    """An alarm stops nobody: the price is young."""
    bench.jump(ETH, 1_500)
    assert bench.market.peek(ETH).validity == COLLATERAL
    bench.deposit(account, bench.weth, 10**18)


def test_nothing(bench: Bench, account: int) -> None:
    for token in (bench.quote, bench.weth):
        with bench.refused("vault: zero amount"):
            bench.deposit(account, token, 0)


def test_unknown_token(bench: Bench, vault: Contract, project: Project, account: int) -> None:
    token = project.Token.deploy("Coin", "COIN", 18, sender=bench.trader)
    bench.give(token, bench.trader, 1)
    with bench.refused("registry: unknown asset"):
        vault.deposit(account, token, 1, sender=bench.trader)


def test_not_approved(bench: Bench, vault: Contract, account: int) -> None:
    for token in (bench.quote, bench.weth):
        token.mint(bench.trader, 10, sender=bench.trader)
        token.approve(vault, 9, sender=bench.trader)
        with bench.refused("token: allowance"):
            vault.deposit(account, token, 10, sender=bench.trader)


def test_not_owned(bench: Bench, vault: Contract, account: int) -> None:
    for token in (bench.quote, bench.weth):
        token.approve(vault, 1, sender=bench.trader)
        with bench.refused("token: balance"):
            vault.deposit(account, token, 1, sender=bench.trader)


def test_more_than_a_word_holds(bench: Bench, vault: Contract, account: int) -> None:
    """An account's cash is below 2**103, ten trillion."""
    most = (2**103 - 1) // 10**12
    with bench.refused("vault: amount too large"):
        bench.deposit(account, bench.quote, most + 1)
    bench.deposit(account, bench.quote, most)
    with bench.refused("vault: amount too large"):
        bench.deposit(account, bench.quote, 1)
    with bench.refused(""):  # overflows when it is scaled
        vault.deposit(account, bench.quote, 2**256 - 1, sender=bench.trader)
    with bench.refused(""):
        bench.fund(account, weth=1)
        vault.deposit(account, bench.weth, 2**256 - 1, sender=bench.trader)


def test_more_than_the_pool_holds(bench: Bench, account: int, other: int) -> None:
    """All tokens together are below 2**104."""
    most = (2**103 - 1) // 10**12
    bench.deposit(account, bench.quote, most)
    bench.deposit(other, bench.quote, most)
    third = bench.account(bench.stranger)
    bench.give(bench.quote, bench.stranger, most)
    with bench.refused("vault: amount too large"):
        bench.vault.deposit(third, bench.quote, 10**9, sender=bench.stranger)
