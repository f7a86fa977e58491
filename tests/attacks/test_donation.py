"""Vaults that price their shares, their rates or their collateral by what they happen to hold have
been emptied by sending tokens to them: a share price jumps, and who holds shares, or owes less than
before, walks away with the difference.

Here balances of the vault are no accounting. Sent tokens are nobody's, and move nothing.
"""

from plimsoll.spec.words import PORTFOLIO
from tests.unit.margin_vault.bench import ALL, SIZE, WAD, Bench, usd


def test_sender_loses_exactly_what_was_sent(
    bench: Bench, twins: tuple[int, int], lender: int
) -> None:
    """A million is sent to make a deposit, a debt or a position worth more: none is."""
    bench.fund(twins[1], weth=50 * 10**18)
    bench.withdraw(twins[1], bench.quote, usd(150_000))
    bench.trade(*twins)
    before = bench.wealth(bench.trader, *twins)
    others = bench.equity(lender)
    bench.send(bench.quote, usd(1_000_000), bench.trader)
    bench.send(bench.weth, 100 * 10**18, bench.trader)
    assert bench.wealth(bench.trader, *twins) == before
    assert bench.equity(lender) == others


def test_rates_stay(bench: Bench, account: int, lender: int) -> None:
    """Tokens that are sent are no liquidity: neither utilisation nor what may be borrowed moves."""
    bench.fund(account, wbtc=100 * 10**8)
    bench.withdraw(account, bench.quote, usd(900_000))
    with bench.refused("vault: utilisation"):
        bench.withdraw(account, bench.quote, 1)
    bench.send(bench.quote, usd(1_000_000), bench.trader)
    with bench.refused("vault: utilisation"):
        bench.withdraw(account, bench.quote, 1)
    bench.withdraw(lender, bench.quote, usd(100_000))
    with bench.refused("vault: no liquidity"):
        bench.withdraw(lender, bench.quote, 1)


def test_gift_to_an_account_hurts_nobody(
    bench: Bench, account: int, other: int, lender: int
) -> None:
    """Whatever a stranger deposits for somebody, up to the cap: equity grows by it, maintenance by
    less, and nobody else's maintenance moves, so that a gift never liquidates anybody."""
    for item in (account, other):
        bench.fund(item, 1_000, weth=10 * 10**18)
        bench.approve(item)
        bench.trade(item, lender_seller(bench), SIZE, instrument=bench.eth)
    bench.set_netting(account, PORTFOLIO)
    mine, others = bench.margin(account), bench.margin(other)
    gift = 199_000 * 10**18
    bench.deposit(account, bench.weth, gift, sender=bench.stranger)
    after = bench.margin(account)
    assert after.equity == mine.equity + 3_000 * gift
    assert mine.maintenance < after.maintenance < mine.maintenance + 3_000 * gift
    assert after.equity > after.maintenance
    assert bench.margin(other).maintenance == others.maintenance
    assert bench.margin(other).equity == others.equity
    bench.withdraw(account, bench.weth, gift)
    assert bench.margin(account) == mine


def lender_seller(bench: Bench) -> int:
    """Somebody who sells to anybody."""
    seller = bench.account(bench.keeper)
    if not bench.cash(seller):
        bench.fund(seller, 1_000_000)
        bench.approve(seller)
    return seller


def test_nothing_sent_can_be_taken(bench: Bench, account: int) -> None:
    bench.fund(account, 100, weth=10**18)
    bench.send(bench.quote, usd(1_000), bench.stranger)
    bench.send(bench.weth, 10**18, bench.stranger)
    with bench.refused("vault: balance"):
        bench.withdraw(account, bench.weth, 10**18 + 1)
    bench.withdraw(account, bench.weth, ALL)
    bench.withdraw(account, bench.quote, ALL)
    assert bench.wealth(bench.trader, account) == 3_100 * WAD
