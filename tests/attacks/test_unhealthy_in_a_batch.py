"""A lender lost its funds to somebody who gave his own collateral away inside one transaction, and
liquidated himself at once on terms that were meant for the distressed.

Here an action must leave an account covered, at once or at the end of a batch; and until then the
account cannot be liquidated.
"""

from typing import Any

import pytest

from plimsoll.spec.wad import SIZE
from tests.harness import Contract, Project
from tests.unit.margin_vault.bench import BTC, WAD, Bench, usd


@pytest.fixture
def thief(bench: Bench, project: Project, lender: int) -> Contract:
    """A contract with two accounts of 100,000. It is a venue that both let trade, too."""
    thief: Contract = project.UnlockCaller.deploy(sender=bench.trader)
    bench.registry.set_venue(thief, True, sender=bench.governor)
    bench.fund(bench.insurance, 100_000)
    for number in (0, 1):
        account = bench.fund(bench.account(thief, number), 100_000)
        bench.set_venue(account, thief)
        bench.approve(account)
    return thief


def run(bench: Bench, thief: Contract, *calls: tuple[Any, bytes]) -> None:
    thief.run(bench.vault, [(*call, False) for call in calls], sender=bench.stranger)


def liquidation(bench: Bench, account: int, to: int) -> tuple[Contract, bytes]:
    data = bench.liquidator.liquidate.encode_input(account, to, WAD, -(2**255))
    return bench.liquidator, data


def test_giving_away_and_liquidating(bench: Bench, vault: Contract, thief: Contract) -> None:
    """One account gives all its cash to the other by a trade far off the mark, or moves it, or
    withdraws it; the other would then take the position for the reward."""
    first, second = bench.account(thief), bench.account(thief, 1)
    bench.trade(first, second, 5 * SIZE)
    gifts = [
        vault.book.encode_input([(first, 0, 0, -90_000 * WAD), (second, 0, 0, 90_000 * WAD)]),
        vault.book.encode_input(bench.legs(second, first, SIZE // 2, -100_000)),
        vault.transfer.encode_input(first, second, bench.quote, usd(90_000)),
        vault.withdraw.encode_input(first, bench.quote, usd(90_000), thief),
    ]
    for gift in gifts:
        with bench.refused("vault: check pending"):
            run(bench, thief, (vault, gift), liquidation(bench, first, second))
        with bench.refused("vault: margin"):
            run(bench, thief, (vault, gift))


def test_less_netting_and_liquidating(bench: Bench, vault: Contract, thief: Contract) -> None:
    """A hedged account raises its own margin by choosing another level."""
    first, second = bench.account(thief), bench.account(thief, 1)
    bench.fund(first, wbtc=5 * 10**8)
    bench.set_netting(first, 2)
    bench.trade(second, first, 5 * SIZE)
    margin = bench.margin(first)
    bench.withdraw(first, bench.quote, (margin.equity - margin.initial) // 10**12)
    level = vault.set_netting.encode_input(first, 0)
    with bench.refused("vault: check pending"):
        run(bench, thief, (vault, level), liquidation(bench, first, second))
    with bench.refused("vault: margin"):
        run(bench, thief, (vault, level))


def test_healthy_account(bench: Bench, thief: Contract) -> None:
    """Untouched, it is liquidated only below maintenance margin, inside a callback as anywhere."""
    first, second = bench.account(thief), bench.account(thief, 1)
    bench.trade(first, second, 5 * SIZE)
    with bench.refused("liquidator: account is healthy"):
        run(bench, thief, liquidation(bench, first, second))
    bench.jump(BTC, 45_500)
    run(bench, thief, liquidation(bench, first, second))
    assert bench.vault.position(first, bench.btc) < 5 * SIZE


def test_a_price_of_ones_own(bench: Bench, vault: Contract, thief: Contract) -> None:
    """An account below its initial margin has its state remembered, reports the next price, and
    takes out what it gained by that, having become no less safe. But whatever is done first, the
    prices of a batch are those of its beginning."""
    first, second = bench.account(thief), bench.account(thief, 1)
    bench.trade(second, first, 5 * SIZE)
    margin = bench.margin(first)
    bench.withdraw(first, bench.quote, (margin.equity - margin.initial) // 10**12)
    bench.jump(BTC, 60_600)
    bench.chain.mine(delta=1)
    source = bench.protocol.feeds[BTC]
    run(
        bench,
        thief,
        (vault, vault.set_netting.encode_input(first, 1)),
        (source, source.set_answer.encode_input(60_300 * 10**8)),
        (bench.market, bench.market.roll.encode_input(BTC)),
    )
    assert bench.market.state(BTC).index == 60_600 * WAD
