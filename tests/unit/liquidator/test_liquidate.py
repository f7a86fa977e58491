"""A slice of an account that is short changes hands, on the specified terms."""

import pytest

from plimsoll.spec.liquidation import Terms, terms
from plimsoll.spec.market import OPEN
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import account_id
from tests.harness import reverts
from tests.unit.order_book.desk import BTC, ETH, PERPETUAL

LIQUIDATE = 4  # flags of the registry's actions
CALLER = """
# pragma version 0.4.3

from interfaces import ILiquidator
from interfaces import IMarginVault

vault: immutable(IMarginVault)
liquidator: immutable(ILiquidator)
account: uint256
to: uint256

@deploy
def __init__(_vault: address, _liquidator: address):
    vault = IMarginVault(_vault)
    liquidator = ILiquidator(_liquidator)

@external
def touch_and_liquidate(_account: uint256, _to: uint256):
    self.account = _account
    self.to = _to
    extcall vault.unlock(b"")

@external
def on_unlock(data: Bytes[8192]):
    extcall vault.set_netting(self.account, 2)
    extcall liquidator.liquidate(self.account, self.to, 10**18, min_value(int256))
"""


@pytest.fixture
def fund(floor, protocol):
    """Gives the insurance account dollars."""
    return lambda dollars: floor.desk.deposit(protocol.insurance, dollars)


def check_liquidation(floor, account, to, max_fraction=WAD):
    """Liquidates, and compares terms, log and what both sides get with the specification."""
    protocol, vault = floor.protocol, floor.vault
    before, gained = floor.margin(account), floor.margin(to).equity
    fund = floor.desk.cash(protocol.insurance)
    want = terms(floor.params, before, max_fraction)
    paid = max(want.payment, -max(0, fund)) if want.payment < 0 else want.payment
    want = Terms(want.fraction, paid, want.cut, want.reward + want.payment - paid)
    quoted = floor.liquidator.quote(account, max_fraction)

    receipt = floor.liquidate(account, to, max_fraction)

    assert Terms(*receipt.return_value) == want
    assert Terms(*quoted) == want
    [event] = receipt.events_of(floor.liquidator.Liquidated)
    assert (event.account, event.to) == (account, to)
    assert event.keeper == protocol.keeper
    assert Terms(*event.terms) == want
    assert (event.equity, event.maintenance) == (before.equity, before.maintenance)
    [sliced] = receipt.events_of(vault.Slice)
    assert (sliced.account, sliced.to) == (account, to)
    assert (sliced.fraction, sliced.payment, sliced.cut) == (want.fraction, paid, want.cut)
    # cash is kept scaled by its index, rounded down
    lost = fund + want.cut + min(0, paid) - floor.desk.cash(protocol.insurance)
    assert 0 <= lost <= 1

    after = floor.margin(account)
    assert after.equity - after.maintenance >= before.equity - before.maintenance
    # all but rounding: some wei, and up to a unit of each collateral
    assert want.reward - WAD // 1_000 < floor.margin(to).equity - gained <= want.reward
    return want, before, after


def test_brings_the_account_to_its_target(floor, account, keeping):
    """At 57,000 equity is 6,976 and maintenance 7,414, so the whole book is sold for 436 less than
    6,976 (5 % of maintenance, and 15 % of what is missing). Selling 15.3 % of it leaves equity at
    1.1 times maintenance; of those 66 the keeper gains 53 and insurance 13.
    """
    floor.set_price(57_000)
    want, before, after = check_liquidation(floor, account, keeping)

    assert (before.equity, before.maintenance // WAD) == (6_976 * WAD, 7_413)
    assert want.fraction * 1_000 // WAD == 152
    assert (want.payment // WAD, want.reward // WAD, want.cut // WAD) == (998, 53, 13)
    size = SIZE * want.fraction // WAD
    assert floor.desk.position(account) == SIZE - size
    assert floor.desk.position(keeping) == size
    # a size is truncated by less than a unit, which is worth 57,000e-8
    assert after.equity >= after.target - WAD // 1_000


def test_takes_no_more_than_wanted(floor, account, keeping):
    floor.set_price(57_000)
    want, _, after = check_liquidation(floor, account, keeping, WAD // 100)
    assert want.fraction == WAD // 100
    assert after.equity < after.maintenance
    check_liquidation(floor, account, keeping)


def test_takes_all_of_what_would_be_dust(floor, protocol, keeping):
    """Its maintenance margin is below 50."""
    small = floor.desk.open(protocol.trader, 1, dollars=62)
    floor.long(small, 0.006)
    floor.set_price(57_000)
    want, *_ = check_liquidation(floor, small, keeping)
    assert want.fraction == WAD
    assert floor.vault.book_of(small).positions == []
    assert floor.desk.position(keeping) == 600_000


def test_hedges_stay_hedged(floor, protocol, chain, keeping):
    """Collateral, a debt and two positions move by one fraction."""
    vault, trader = floor.vault, protocol.trader
    account = floor.desk.open(trader, 2, dollars=1)
    for token, amount in ((protocol.weth, 10 * 10**18), (protocol.wbtc, 10**8)):
        token.mint(trader, amount, sender=trader)
        token.approve(vault, amount, sender=trader)
        vault.deposit(account, token, amount, sender=trader)
    floor.long(account, 1)
    vault.withdraw(account, protocol.quote, 60_000 * 10**6, trader, sender=trader)
    chain.mine(delta=3_600)
    protocol.set_price(ETH, 2_700)
    floor.set_price(55_000)
    held = {holding.asset: holding.amount for holding in vault.book_of(account).collateral}

    want, *_ = check_liquidation(floor, account, keeping)

    assert 0 < want.fraction < WAD
    for owner, part in ((account, WAD - want.fraction), (keeping, want.fraction)):
        for holding in vault.book_of(owner).collateral:
            assert abs(holding.amount - held[holding.asset] * part // WAD) <= 1
        assert abs(floor.desk.position(owner) - SIZE * part // WAD) <= 1
    assert vault.book_of(account).cash < 0


def test_insurance_pays_what_the_reward_lacks(floor, account, keeping, fund):
    """At 50,300 equity is 276, less than 5 % of maintenance, which the keeper still gets."""
    fund(1_000)
    floor.set_price(50_300)
    want, before, _ = check_liquidation(floor, account, keeping)
    assert before.equity == 276 * WAD
    assert want.fraction == WAD
    assert want.reward == before.maintenance * 500 // 10_000
    assert want.payment == before.equity - want.reward < 0
    assert want.cut == 0
    assert floor.margin(account).equity == 0


def test_insurance_makes_good_the_hole(floor, account, keeping, fund):
    """At 49,000 the account owes 1,024 more than it has."""
    fund(10_000)
    floor.set_price(49_000)
    want, before, _ = check_liquidation(floor, account, keeping)
    assert before.equity == -1_024 * WAD
    assert want.payment == -1_024 * WAD - before.maintenance * 500 // 10_000
    assert floor.margin(account).equity == 0


def test_insurance_pays_what_it_has(floor, account, keeping, fund):
    """At 50,300 it should pay about 51. It has 20 and its share of the first trade's fees, 9; the
    keeper gets that and the equity of 276.
    """
    fund(20)
    floor.set_price(50_300)
    want, *_ = check_liquidation(floor, account, keeping)
    assert want.payment == -29 * WAD
    assert want.reward == 305 * WAD
    assert floor.desk.cash(floor.protocol.insurance) == 0


def test_somebody_may_take_a_loss_on_purpose(floor, protocol, account, keeping):
    """Without insurance, who takes the book takes the hole."""
    assert floor.desk.cash(protocol.insurance) == 9 * WAD  # its share of the fees
    floor.set_price(49_000)
    want, *_ = check_liquidation(floor, account, keeping)
    assert want.reward == (9 - 1_024) * WAD
    assert floor.margin(account).equity == 0


def test_the_reward_is_what_was_really_paid(floor, account, keeping, fund):
    fund(20)
    floor.set_price(50_300)
    reward = floor.liquidator.quote(account, WAD).reward
    with reverts("liquidator: reward too small"):
        floor.liquidate(account, keeping, WAD, reward + 1)
    floor.liquidate(account, keeping, WAD, reward)


def test_refuses_a_reward_that_is_too_small(floor, account, keeping):
    floor.set_price(57_000)
    reward = floor.liquidator.quote(account, WAD).reward
    with reverts("liquidator: reward too small"):
        floor.liquidate(account, keeping, WAD, reward + 1)
    floor.liquidate(account, keeping, WAD, reward)


def test_refuses_a_healthy_account(floor, account, keeping):
    with reverts("liquidator: account is healthy"):
        floor.liquidate(account, keeping)
    floor.set_price(57_000)
    floor.desk.deposit(account, 1_000)
    with reverts("liquidator: account is healthy"):
        floor.liquidate(account, keeping)


def test_refuses_an_account_at_its_target(floor, account, keeping):
    """What has been liquidated is healthy."""
    floor.set_price(57_000)
    floor.liquidate(account, keeping)
    with reverts("liquidator: account is healthy"):
        floor.liquidate(account, keeping)


@pytest.mark.parametrize("fraction", [0, WAD + 1])
def test_refuses_a_fraction_out_of_range(floor, account, keeping, fraction):
    floor.set_price(57_000)
    with reverts("liquidator: fraction out of range"):
        floor.liquidate(account, keeping, fraction)


def test_refuses_a_stale_price(floor, chain, account, keeping):
    """Up to the last second of max_age_liquidation, and with the index far from stable."""
    floor.set_price(57_000)
    age = floor.protocol.market.params(BTC).max_age_liquidation
    told = floor.protocol.market.peek(BTC)
    assert told.validity == OPEN
    chain.set_next_timestamp(floor.protocol.feeds[BTC].latestRoundData()[3] + age + 1)
    with reverts("liquidator: stale price"):
        floor.liquidate(account, keeping)


def test_takes_the_oldest_price(floor, chain, account, keeping):
    floor.set_price(56_000)
    age = floor.protocol.market.params(BTC).max_age_liquidation
    chain.set_next_timestamp(floor.protocol.feeds[BTC].latestRoundData()[3] + age)
    check_liquidation(floor, account, keeping)


def test_keeper_must_act_for_who_takes(floor, protocol, liquidator, account, keeping):
    """Its owner, or an operator whose scope is the liquidator."""
    floor.set_price(57_000)
    with reverts("vault: not allowed"):
        floor.liquidate(account, keeping, sender=protocol.stranger)
    expiry = floor.chain.timestamp
    floor.vault.set_operator(keeping, protocol.stranger, liquidator, expiry, sender=protocol.keeper)
    receipt = floor.liquidate(account, keeping, sender=protocol.stranger)
    [event] = receipt.events_of(liquidator.Liquidated)
    assert event.keeper == protocol.stranger


def test_refuses_the_account_itself(floor, protocol, account):
    floor.set_price(57_000)
    with reverts("vault: same account"):
        floor.liquidate(account, account, sender=protocol.trader)


def test_refuses_who_cannot_bear_it(floor, protocol, account):
    poor = floor.desk.open(protocol.keeper, 1, dollars=1)
    floor.set_price(57_000)
    with reverts("vault: margin"):
        floor.liquidate(account, poor)


def test_refuses_a_pending_account(floor, project, protocol, liquidator, account):
    """Whoever has touched the account in a batch cannot liquidate it in the same one."""
    keeper, trader, vault = protocol.keeper, protocol.trader, floor.vault
    caller = project.inline(CALLER, "Caller").deploy(vault, liquidator, sender=keeper)
    to = account_id(int(caller.address, 16), 0)
    floor.desk.deposit(to, 100_000)
    configure = vault.CONFIGURE()
    vault.set_operator(account, caller, configure, floor.chain.timestamp + 600, sender=trader)
    floor.set_price(57_000)
    with reverts("vault: check pending"):
        caller.touch_and_liquidate(account, to, sender=keeper)


def test_waits_after_a_pause(floor, chain, protocol, account, keeping):
    protocol.registry.pause(LIQUIDATE, 600, sender=protocol.guardian)
    floor.set_price(57_000)
    with reverts("registry: grace period"):
        floor.liquidate(account, keeping)
    chain.mine(delta=600 + 3_600)
    floor.set_price(57_000)
    floor.liquidate(account, keeping)


def test_stops_when_the_registry_disowns_it(floor, protocol, account, keeping):
    protocol.registry.set_liquidator("0x" + "00" * 20, sender=protocol.governor)
    floor.set_price(57_000)
    with reverts("registry: not liquidator"):
        floor.liquidate(account, keeping)


def test_gas_of_one_perpetual(floor, chain, account, keeping):
    """The budget of a whole transaction, nothing warm."""
    floor.set_price(57_000)
    with chain.cold():
        receipt = floor.liquidate(account, keeping)
    assert receipt.gas_used <= 350_000
    assert floor.desk.position(account, PERPETUAL) < SIZE
