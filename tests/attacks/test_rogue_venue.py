"""Exchanges whose matching engine, operator key or order check failed have traded their users'
money away in an hour.

Here a venue that governance approved and that has gone wrong can touch only accounts whose owners
approved it, creates nothing, and takes no more against mark than each owner's limit a day.
"""

from tests.harness import impersonate
from tests.unit.margin_vault.bench import DAY, SIZE, UNLIMITED, WAD, Bench, usd


def thieves(bench: Bench) -> int:
    """An account of the venue's own."""
    account = bench.fund(bench.account(bench.venue), 1_000_000)
    bench.approve(account)
    return account


def test_a_day_costs_the_limit(bench: Bench, account: int) -> None:
    """Whatever the venue books, the victim has lost 500 when the limit is used up."""
    loot = thieves(bench)
    bench.fund(account, 100_000)
    bench.set_venue(account, limit=500 * WAD)
    bench.book([(account, 0, 0, -200 * WAD), (loot, 0, 0, 200 * WAD)])
    bench.trade(account, loot, SIZE, 60_300)
    for legs in (
        [(account, 0, 0, -1), (loot, 0, 0, 1)],
        bench.legs(loot, account, SIZE, 59_999),
        bench.legs(account, loot, SIZE // 100, 10**6),
    ):
        with bench.refused("vault: daily loss limit"):
            bench.book(legs)
    assert bench.equity(account) == 99_500 * WAD


def test_several_days_cost_as_many_limits(bench: Bench, account: int) -> None:
    """Around midnight two of them fall together, and no third."""
    loot = thieves(bench)
    bench.fund(account, 100_000)
    bench.set_venue(account, limit=500 * WAD)
    take = [(account, 0, 0, -500 * WAD), (loot, 0, 0, 500 * WAD)]
    bench.wait(DAY - bench.chain.timestamp % DAY - 1)
    bench.book(take)
    bench.wait(1)
    bench.book(take)
    with bench.refused("vault: daily loss limit"):
        bench.book([(account, 0, 0, -1), (loot, 0, 0, 1)])
    assert bench.equity(account) == 99_000 * WAD
    bench.set_venue(account, limit=0)
    bench.wait(DAY)
    with bench.refused("vault: venue not approved"):
        bench.book(take)


def test_who_did_not_approve_is_safe(bench: Bench, account: int, other: int) -> None:
    """Another venue's approval, or an operator's permission to trade there, is no approval."""
    loot = thieves(bench)
    bench.fund(account, 100_000)
    bench.set_venue(account, bench.orders)
    bench.vault.set_operator(account, bench.venue, bench.venue, 2**40, sender=bench.trader)
    for legs in (
        [(account, 0, 0, -1), (loot, 0, 0, 1)],
        bench.legs(account, loot),
        bench.legs(loot, account),
        [*bench.legs(account, loot), (loot, 0, 0, -WAD), (account, 0, 0, WAD)],
    ):
        with bench.refused("vault: venue not approved"):
            bench.book(legs)


def test_money_and_contracts_come_from_somebody(bench: Bench) -> None:
    """Not even to itself can it book what does not cancel out."""
    loot = thieves(bench)
    sizes, quote = "vault: sizes not zero-sum", "vault: quote not zero-sum"
    for legs, reason in (
        ([(loot, 0, 0, 1)], quote),
        ([(loot, bench.btc, SIZE, 0)], sizes),
        ([(loot, bench.btc, SIZE, 0), (loot, bench.eth, -SIZE, 0)], sizes),
        ([(loot, bench.btc, SIZE, 0), (loot, 0, -SIZE, 0)], "vault: not listed"),
    ):
        with bench.refused(reason):
            bench.book(legs)


def test_nobody_is_pushed_below_initial_margin(bench: Bench, account: int) -> None:
    """With no limit worth the name, the victim still keeps what its position needs; what it has
    beyond is gone, which is what the limit is for."""
    loot = thieves(bench)
    bench.fund(account, 100_000)
    bench.set_venue(account, limit=UNLIMITED)
    bench.trade(account, loot, 5 * SIZE)
    margin = bench.margin(account)
    spare = margin.equity - margin.initial
    with bench.refused("vault: margin"):
        bench.book([(account, 0, 0, -spare - 10**7), (loot, 0, 0, spare + 10**7)])
    bench.book([(account, 0, 0, -spare), (loot, 0, 0, spare)])


def test_governance_stops_it(bench: Bench, account: int) -> None:
    """The guardian at once, the governor for good; owners any time, by themselves."""
    loot = thieves(bench)
    bench.fund(account, 100_000)
    bench.approve(account)
    take = [(account, 0, 0, -WAD), (loot, 0, 0, WAD)]
    bench.registry.pause(2, DAY, sender=bench.guardian)
    with bench.refused("registry: paused"):
        bench.vault.book(take, sender=bench.venue)
    bench.registry.set_venue(bench.venue, False, sender=bench.governor)
    bench.wait(DAY)
    with bench.refused("registry: unknown venue"):
        bench.vault.book(take, sender=bench.venue)
    bench.withdraw(account, bench.quote, usd(100_000))


def test_venue_has_no_other_power(bench: Bench, account: int) -> None:
    """It withdraws nothing, moves nothing, sets nothing, takes no slice."""
    vault, venue = bench.vault, impersonate(bench.venue)
    bench.fund(account, 100)
    bench.approve(account)
    for call, reason in (
        (lambda: vault.withdraw(account, bench.quote, 1, venue, sender=venue), "not allowed"),
        (lambda: vault.transfer(account, account + 1, bench.quote, 1, sender=venue), "not allowed"),
        (lambda: vault.set_netting(account, 1, sender=venue), "not allowed"),
        (lambda: vault.set_venue(account, venue, 1, sender=venue), "not allowed"),
        (lambda: vault.deposit(account, bench.weth, 1, sender=venue), "new collateral"),
    ):
        with bench.refused(f"vault: {reason}"):
            call()
    with bench.refused("registry: not liquidator"):
        vault.slice(account, bench.account(venue), venue, WAD, 0, 0, sender=venue)
