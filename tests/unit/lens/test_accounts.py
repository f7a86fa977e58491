"""Many accounts in one call, for keepers."""

from dataclasses import astuple

import pytest

from plimsoll.spec import explain
from plimsoll.spec.margin import Book, Margin
from plimsoll.spec.market import LIQUIDATION, OPEN, STALE
from plimsoll.spec.wad import WAD
from plimsoll.spec.words import account_id
from tests.deployment import BTC, ETH, SOL
from tests.harness import Contract, reverts

from .desk import Desk
from .stage import Stage

BATCH_GAS = 30_000_000  # what any node grants a call


def summary(account: int, margin: Margin, positions: int) -> tuple[object, ...]:
    return (
        account,
        True,
        astuple(margin),
        explain.health(margin),
        explain.ratio(margin),
        explain.used(margin),
        positions,
    )


def test_in_the_order_asked_for(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    desk.trade(account, counter, BTC, 20)
    desk.trade(account, counter, ETH, -300)
    unknown = account_id(int(desk.stranger.address, 16), 5)
    asked = [counter, account, unknown, account]
    positions = [2, 2, 0, 2]
    want = [summary(id, desk.margin(id), count) for id, count in zip(asked, positions, strict=True)]
    assert lens.accounts(asked) == want
    assert lens.accounts([]) == []


def test_summary_of_one(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    desk.trade(account, counter, BTC, 20)
    told = lens.summary(account)
    assert told == summary(account, desk.margin(account), 1)


def test_nothing_is_needed_for_nothing(desk: Desk, lens: Contract) -> None:
    """Without a margin the ratio is as large as can be, and nothing is used."""
    told = lens.summary(desk.open(desk.trader, 9, quote=1))
    assert told.margin.equity == 10**18
    assert (told.health, told.ratio, told.used) == (10**18, explain.INT_MAX, 0)


def test_a_bare_debt_is_below_one(stage: Stage) -> None:
    """Nothing is left but a debt: the ratio is below one, as health is below zero."""
    with stage.chain.isolate():
        model, markets = explain.RiskModel({}, {}), {}
        stage.set(model, markets)
        stage.put(7, Book(0, -5, 0), model, markets, 0)
        told = stage.lens.summary(7)
    assert (told.health, told.ratio, told.used) == (-6, -5 * WAD, explain.MAX)


def test_stale_prices_are_told(desk: Desk, lens: Contract, account: int, counter: int) -> None:
    desk.trade(account, counter, BTC, 1)
    ages = desk.params.underlyings["BTC"].market
    assert lens.summary(account).margin.validity == OPEN
    desk.chain.mine(delta=ages.max_age_open + 1)
    assert lens.summary(account).margin.validity == LIQUIDATION
    desk.chain.mine(delta=ages.max_age_liquidation)
    told = lens.summary(account)
    assert told.margin.validity == STALE
    assert told == summary(account, desk.margin(account), 1)


def test_an_unreadable_account_blocks_nobody(stage: Stage) -> None:
    """One account burns all the gas that it gets, another reverts."""
    model, markets = explain.RiskModel({}, {}), {}
    with stage.chain.isolate():
        stage.set(model, markets)
        ids = list(range(1, 65))
        for id in ids:
            stage.put(id, Book(0, id, 0), model, markets, 0)
        stage.vault.set_mood(2, 2, sender=stage.governor)
        stage.vault.set_mood(63, 1, sender=stage.governor)
        receipt = stage.lens.accounts.transact(ids, sender=stage.governor)
        told = receipt.return_value
        owed = stage.lens.bad_debt(ids)
        with reverts("stub: broken"):
            stage.lens.summary(63)
    assert [item.account for item in told] == ids
    assert [item.account for item in told if not item.readable] == [2, 63]
    assert [item.margin.equity for item in told if item.readable] == [
        id for id in ids if id not in (2, 63)
    ]
    assert owed == (0, 2)


@pytest.mark.pyrevm  # anvil keeps the memory of every step of a transaction
def test_full_batch_fits_a_call(desk: Desk, lens: Contract, counter: int, account: int) -> None:
    """64 accounts with three positions and two collaterals each."""
    ids = []
    for number in range(64):
        id = desk.open(desk.trader, 100 + number, quote=100_000, wbtc=1, weth=10)
        desk.vault.set_netting(id, 2, sender=desk.trader)
        for underlying, contracts in ((BTC, -1), (ETH, 20), (SOL, 100)):
            desk.trade(id, counter, underlying, contracts)
        ids.append(id)
    receipt = lens.accounts.transact(ids, sender=desk.keeper, gas=BATCH_GAS)
    told = receipt.return_value
    assert all(item.readable for item in told)
    assert {item.positions for item in told} == {3}
    assert receipt.gas_used < BATCH_GAS // 2
    with reverts(""):
        lens.accounts([*ids, account])
