"""withdraw: tokens leave the vault and the account, which must bear it."""

import pytest

from plimsoll.spec.market import OPEN, STALE
from plimsoll.spec.words import key_of, pack_position
from tests.harness import Contract

from .bench import ALL, BTC, DAY, ETH, HOUR, SIZE, WAD, WITHDRAW, Bench, logged, usd

NOBODY = "0x" + "00" * 20


def test_cash(bench: Bench, vault: Contract, account: int) -> None:
    """The vault pays 400 of the trader's 1,000 to the stranger, whom the trader names."""
    bench.fund(account, 1_000)
    receipt = bench.withdraw(account, bench.quote, usd(400), to=bench.stranger)
    assert receipt.return_value == usd(400)
    assert logged(receipt, vault.Withdraw) == [
        {
            "account": account,
            "token": bench.quote.address,
            "amount": usd(400),
            "to": bench.stranger.address,
        }
    ]
    assert logged(receipt, vault.Updated) == [{"account": account, "word": 600 * WAD << 152}]
    assert bench.quote.balanceOf(bench.stranger) == usd(400)
    assert bench.cash(account) == vault.pool().tokens == 600 * WAD


@pytest.mark.parametrize("name", ["weth", "wbtc", "wsol"])
def test_collateral(bench: Bench, vault: Contract, account: int, name: str) -> None:
    """A part, then the rest, which clears the account's word."""
    token = getattr(bench, name)
    bench.fund(account, **{name: 1_000_000})
    receipt = bench.withdraw(account, token, 400_000)
    assert logged(receipt, vault.Withdraw) == [
        {
            "account": account,
            "token": token.address,
            "amount": 400_000,
            "to": bench.trader.address,
        }
    ]
    assert vault.totals(bench.asset(token)) == 600_000
    receipt = bench.withdraw(account, token, ALL)
    assert receipt.return_value == 600_000
    assert vault.words(account) == vault.totals(bench.asset(token)) == 0
    assert token.balanceOf(bench.trader) == 1_000_000


def test_all_cash_but_what_no_token_unit_can_pay(bench: Bench, account: int, other: int) -> None:
    """A fee of one wei leaves the trader a fraction of a token unit: it stays."""
    bench.fund(account, 10)
    bench.approve(account)
    bench.book([(account, 0, 0, -1), (other, 0, 0, 1)])
    receipt = bench.withdraw(account, bench.quote, ALL)
    assert receipt.return_value == usd(10) - 1
    assert bench.cash(account) == 10**12 - 1


def test_settles_first(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """The buyer's profit of 3,000 is still in basis; it becomes cash, then 1,000 leave."""
    account, other = pair
    bench.trade(account, other)
    bench.move(BTC, 63_000)
    receipt = bench.withdraw(account, bench.quote, usd(1_000))
    assert logged(receipt, vault.Settle) == [{"account": account, "profit": 3_000 * WAD}]
    word = pack_position(key_of(bench.btc), SIZE)
    assert vault.book_of(account) == (0, 102_000 * WAD, -63_000 * WAD, [word], [])
    assert vault.book_of(other)[1:3] == (100_000 * WAD, 60_000 * WAD)


def test_a_profit_that_was_never_deposited(bench: Bench, pair: tuple[int, int]) -> None:
    """The buyer closes with a profit of 3,000 and takes 103,000; the seller has paid for it."""
    account, other = pair
    bench.trade(account, other)
    bench.move(BTC, 63_000)
    bench.trade(other, account)
    assert bench.withdraw(account, bench.quote, ALL).return_value == usd(103_000)
    assert bench.withdraw(other, bench.quote, ALL).return_value == usd(97_000)
    assert bench.vault.pool().tokens == bench.vault.pool().basis == 0


def test_borrows_up_to_the_initial_margin(bench: Bench, account: int, lender: int) -> None:
    """Against 10 ether at 3,000 with a haircut of 17 %: 30,000 - 1.25 * 5,100 = 23,625."""
    bench.fund(account, weth=10 * 10**18)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, usd(23_625) + 1)
    bench.withdraw(account, bench.quote, usd(23_625))
    assert bench.cash(account) == -23_625 * WAD
    assert bench.vault.pool().borrow == 23_625 * WAD
    assert bench.quote.balanceOf(bench.trader) == usd(23_625)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, 1)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.weth, 10**6)


def test_positions_keep_what_they_need(bench: Bench, pair: tuple[int, int]) -> None:
    account, other = pair
    bench.trade(account, other)
    margin = bench.margin(account)
    free = (margin.equity - margin.initial) // 10**12
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, free + 1)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, ALL)
    bench.withdraw(account, bench.quote, free)


def test_no_price_is_needed_without_risk(bench: Bench, account: int) -> None:
    """An account that owes nothing and holds no position goes while every feed is dead."""
    bench.fund(account, 1_000, weth=10**18, wbtc=10**8)
    bench.chain.mine(delta=30 * DAY)
    bench.withdraw(account, bench.weth, 10**17)
    bench.withdraw(account, bench.quote, usd(1))
    bench.withdraw(account, bench.weth, ALL)
    bench.withdraw(account, bench.wbtc, ALL)
    bench.withdraw(account, bench.quote, ALL)
    assert bench.vault.words(account) == 0


def test_stale_prices_keep_what_is_at_risk(
    bench: Bench, pair: tuple[int, int], lender: int
) -> None:
    """With a position or a debt an old price lets nothing out that would be missed."""
    account, other = pair
    debtor = bench.fund(bench.account(bench.trader, 1), weth=10**18)
    bench.withdraw(debtor, bench.quote, usd(1_000))
    bench.trade(account, other, SIZE // 100)
    bench.chain.mine(delta=2 * HOUR)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, 1)
    with bench.refused("vault: margin"):
        bench.withdraw(debtor, bench.weth, 10**17)
    bench.wait(1)
    bench.withdraw(account, bench.quote, 1)
    bench.withdraw(debtor, bench.weth, 10**17)


def test_price_of_what_is_left_decides(bench: Bench, account: int, lender: int) -> None:
    """Ether's feed is dead. All ether may go, as bitcoin alone covers the debt; a part may not."""
    bench.fund(account, weth=10**18, wbtc=10**8)
    bench.withdraw(account, bench.quote, usd(40_000))
    bench.chain.mine(delta=5 * HOUR)
    bench.set_price(BTC, 60_000)
    assert [bench.market.peek(item).validity for item in (BTC, ETH)] == [OPEN, STALE]
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.weth, 10**17)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.wbtc, ALL)
    bench.withdraw(account, bench.weth, ALL)


def test_short_account_takes_nothing(bench: Bench, pair: tuple[int, int], lender: int) -> None:
    """Between initial and maintenance margin an account only gets safer."""
    account, other = pair
    bench.fund(account, weth=10**15)
    bench.trade(account, other, 10 * SIZE)
    bench.jump(BTC, 58_500)
    margin = bench.margin(account)
    assert margin.maintenance < margin.equity < margin.initial
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, 1)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.weth, 10**10)


def test_operator_sends_to_the_owner_only(bench: Bench, vault: Contract, account: int) -> None:
    bench.fund(account, 100, weth=100)
    keeper, now = bench.keeper, bench.chain.timestamp
    vault.set_operator(account, keeper, WITHDRAW, now + HOUR, sender=bench.trader)
    with bench.refused("vault: not allowed"):
        vault.withdraw(account, bench.quote, usd(1), keeper, sender=keeper)
    bench.withdraw(account, bench.quote, usd(1), sender=keeper)
    bench.withdraw(account, bench.weth, ALL, sender=keeper)
    assert bench.quote.balanceOf(bench.trader) == usd(1)
    assert bench.weth.balanceOf(bench.trader) == 100
    bench.wait(HOUR + 1)
    with bench.refused("vault: not allowed"):
        vault.withdraw(account, bench.quote, usd(1), bench.trader, sender=keeper)


def test_stranger(bench: Bench, vault: Contract, account: int) -> None:
    bench.fund(account, 100)
    for to in (bench.stranger, bench.trader):
        with bench.refused("vault: not allowed"):
            vault.withdraw(account, bench.quote, usd(1), to, sender=bench.stranger)


def test_receiver(bench: Bench, vault: Contract, account: int) -> None:
    """Tokens that would be lost stay."""
    bench.fund(account, 100)
    for to in (NOBODY, vault):
        with bench.refused("vault: receiver"):
            vault.withdraw(account, bench.quote, usd(1), to, sender=bench.trader)


def test_nothing(bench: Bench, account: int, lender: int) -> None:
    for token in (bench.quote, bench.weth):
        for amount in (0, ALL):
            with bench.refused("vault: zero amount"):
                bench.withdraw(account, token, amount)
    bench.fund(account, weth=10**18)
    bench.withdraw(account, bench.quote, usd(1))
    with bench.refused("vault: zero amount"):  # all of a debt is nothing
        bench.withdraw(account, bench.quote, ALL)


def test_more_than_there_is(bench: Bench, vault: Contract, account: int) -> None:
    bench.fund(account, 100, weth=100)
    with bench.refused("vault: balance"):
        bench.withdraw(account, bench.weth, 101)
    with bench.refused("vault: balance"):
        bench.withdraw(account, bench.wbtc, 1)
    with bench.refused("vault: margin"):
        bench.withdraw(account, bench.quote, usd(100) + 1)
    for token in (bench.quote, bench.weth):
        for amount in (2**255, 2**256 - 2):
            with bench.refused(""):
                vault.withdraw(account, token, amount, bench.trader, sender=bench.trader)
    with bench.refused("vault: balance"):
        bench.withdraw(account, bench.weth, 2**255 - 1)


def test_unknown_token(bench: Bench, vault: Contract, account: int) -> None:
    with bench.refused("registry: unknown asset"):
        vault.withdraw(account, vault, 1, bench.trader, sender=bench.trader)


def test_paused(bench: Bench, vault: Contract, account: int) -> None:
    bench.fund(account, 100)
    bench.registry.pause(1, HOUR, sender=bench.guardian)
    with bench.refused("registry: paused"):
        vault.withdraw(account, bench.quote, 1, bench.trader, sender=bench.trader)
    bench.wait(HOUR)
    bench.withdraw(account, bench.quote, 1)


def test_loans_leave_a_tenth(bench: Bench, account: int, other: int) -> None:
    """Of 10,000 that are lent, borrowers have 9,000; the last 1,000 are the lender's to take."""
    bench.fund(other, 10_000)
    bench.fund(account, weth=10 * 10**18)
    with bench.refused("vault: utilisation"):
        bench.withdraw(account, bench.quote, usd(9_000) + 1)
    bench.withdraw(account, bench.quote, usd(9_000))
    with bench.refused("vault: utilisation"):
        bench.withdraw(account, bench.quote, 1)
    with bench.refused("vault: no liquidity"):
        bench.withdraw(other, bench.quote, usd(1_000) + 1)
    bench.withdraw(other, bench.quote, usd(1_000))
    assert bench.vault.pool().tokens == 0


def test_without_liquidity_everything_else_goes_on(bench: Bench, pair: tuple[int, int]) -> None:
    """The buyer's profit of 6,000 is more than there are tokens: it waits for the debtor's."""
    account, other = pair
    debtor = bench.fund(bench.account(bench.stranger), 100, wbtc=3 * 10**8)
    bench.approve(debtor)
    bench.trade(account, debtor)
    bench.withdraw(other, bench.quote, ALL)
    bench.move(BTC, 66_000)
    bench.trade(debtor, account)
    with bench.refused("vault: no liquidity"):
        bench.withdraw(account, bench.quote, ALL)
    bench.withdraw(account, bench.quote, usd(100_100))
    with bench.refused("vault: no liquidity"):
        bench.withdraw(account, bench.quote, 1)

    bench.trade(account, debtor, SIZE // 10)
    bench.move(BTC, 65_000)
    bench.settle(account)
    bench.trade(debtor, account, SIZE // 10)
    bench.withdraw(debtor, bench.wbtc, 10**8)  # collateral is not lent
    bench.deposit(debtor, bench.quote, usd(6_000))
    left = bench.withdraw(account, bench.quote, ALL).return_value
    assert usd(5_800) <= left < usd(5_801)  # less the second trade's loss, and a little interest
