"""The prices at which an account can be liquidated, tried on the liquidator."""

import pytest

from plimsoll.spec import explain
from plimsoll.spec.wad import MAX, WAD
from tests.deployment import BTC, ETH
from tests.harness import Contract, reverts

from .desk import Desk

NONE_BELOW, NONE_ABOVE = 0, MAX


def prices(lens: Contract, account: int, underlying: int) -> tuple[int, int]:
    below, above = lens.liquidation_prices(account, underlying)
    return below, above


def liquidatable(desk: Desk, account: int, underlying: int, price: int) -> bool:
    """Whether the liquidator would act, had the source told this price (WAD)."""
    with desk.chain.isolate():
        desk.chain.mine(delta=1)
        desk.feeds[underlying].set_answer(price // 10**10, sender=desk.governor)
        short = desk.lens.summary(account).health < 0
        if short:
            assert desk.liquidator.quote(account, WAD).fraction > 0
        else:
            with reverts("liquidator: account is healthy"):
                desk.liquidator.quote(account, WAD)
    return bool(short)


def flips(desk: Desk, account: int, underlying: int) -> tuple[int, int]:
    below, above = prices(desk.lens, account, underlying)
    hair = 2 * 10**10  # the source has eight decimals
    if below != NONE_BELOW:
        assert liquidatable(desk, account, underlying, below)
        nearer = below + below // explain.PRECISION + hair
        assert not liquidatable(desk, account, underlying, nearer)
    if above != NONE_ABOVE:
        assert liquidatable(desk, account, underlying, above + hair)
        nearer = above - above // explain.PRECISION - hair
        assert not liquidatable(desk, account, underlying, nearer)
    return below, above


def test_long_falls(desk: Desk, counter: int) -> None:
    account = desk.open(desk.taker, quote=100_000)
    desk.trade(account, counter, BTC, 5)
    below, above = flips(desk, account, BTC)
    # 100,000 - 5 * (60,000 - p) = 13 % * 5 * p, but for the depth charge
    assert below == pytest.approx(200_000 / (5 * 0.87) * WAD, rel=0.001)
    assert above == NONE_ABOVE


def test_short_rises(desk: Desk, counter: int) -> None:
    account = desk.open(desk.taker, quote=100_000)
    desk.trade(account, counter, BTC, -5)
    below, above = flips(desk, account, BTC)
    # 100,000 + 5 * (60,000 - p) = 13 % * 5 * p
    assert above == pytest.approx(400_000 / (5 * 1.13) * WAD, rel=0.001)
    assert below == NONE_BELOW


def test_loan_against_collateral(desk: Desk, counter: int) -> None:
    account = desk.open(desk.taker, weth=100)
    desk.vault.withdraw(account, desk.quote, 200_000 * 10**6, desk.taker, sender=desk.taker)
    below, above = flips(desk, account, ETH)
    # 100 * p - 200,000 = 17 % * 100 * p
    assert below == pytest.approx(2_000 / 0.83 * WAD, rel=0.000001)
    assert above == NONE_ABOVE


def test_hedge_has_both(desk: Desk, counter: int) -> None:
    """More short than the collateral covers: a rise hurts; a fall leaves the loan uncovered."""
    account = desk.open(desk.taker, wbtc=10)
    desk.vault.set_netting(account, 1, sender=desk.taker)
    desk.trade(account, counter, BTC, -11)
    desk.vault.withdraw(account, desk.quote, 200_000 * 10**6, desk.taker, sender=desk.taker)
    below, above = flips(desk, account, BTC)
    assert above != NONE_ABOVE
    assert below == NONE_BELOW


def test_each_underlying_by_itself(desk: Desk, counter: int) -> None:
    account = desk.open(desk.taker, quote=100_000, weth=20)
    desk.trade(account, counter, BTC, 4)
    desk.trade(account, counter, ETH, -90)
    desk.vault.set_netting(account, 2, sender=desk.taker)
    below, above = flips(desk, account, BTC)
    assert (below > 0, above) == (True, NONE_ABOVE)
    below, above = flips(desk, account, ETH)
    assert (below, above < NONE_ABOVE) == (NONE_BELOW, True)


def test_none_where_nothing_is_owed(desk: Desk, counter: int) -> None:
    account = desk.open(desk.taker, quote=1_000, weth=3)
    assert prices(desk.lens, account, ETH) == (NONE_BELOW, NONE_ABOVE)


def test_a_short_account_is_told_the_index(desk: Desk, counter: int) -> None:
    account = desk.open(desk.taker, quote=10_000)
    desk.trade(account, counter, BTC, 1)
    desk.move(BTC, 50_000)
    assert liquidatable(desk, account, BTC, 50_000 * WAD)
    assert prices(desk.lens, account, BTC) == (50_000 * WAD, 50_000 * WAD)


def test_premium_is_held_as_a_ratio(desk: Desk, counter: int) -> None:
    """The mark moves with the index, whatever the premium is."""
    source = desk.deployer.chain.project.Aggregator.deploy("impact", 8, sender=desk.governor)
    source.set_answer(60_300 * 10**8, sender=desk.governor)
    feed = desk.deployer.chain.project.ChainlinkFeed.deploy(source, 86_400, sender=desk.governor)
    desk.market.set_premium_feed(BTC, feed, sender=desk.governor)
    account = desk.open(desk.taker, quote=100_000)
    desk.trade(account, counter, BTC, 5)
    desk.market.roll(BTC, sender=desk.keeper)
    desk.chain.mine(delta=3_600)
    market = desk.market.peek(BTC)
    assert market.mark == 60_300 * WAD
    below, _ = prices(desk.lens, account, BTC)
    assert (
        below
        == explain.liquidation_prices(
            desk.ledger(account).book_of(account), desk.params.model(), desk.markets(), BTC
        )[0]
    )
