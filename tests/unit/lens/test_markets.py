"""Prices and parameters of underlyings."""

from plimsoll.spec import explain
from plimsoll.spec.market import LIQUIDATION, OPEN, STALE, Market, MarketState, advance
from plimsoll.spec.wad import SIZE, WAD
from tests.deployment import BTC, ETH, SOL
from tests.harness import Contract, reverts

from .desk import Desk

FEED = """
# pragma version 0.4.3
price: uint256
time: uint256


@external
def set(price: uint256, time: uint256):
    self.price = price
    self.time = time


@external
@view
def latest() -> (uint256, uint256):
    return self.price, self.time
"""


def test_in_the_order_asked_for(desk: Desk, lens: Contract) -> None:
    told = lens.markets([SOL, BTC])
    assert [item.underlying for item in told] == [SOL, BTC]
    for item, symbol in zip(told, ("SOL", "BTC"), strict=True):
        params = desk.params.underlyings[symbol]
        assert item.market == desk.market.peek(params.id)
        assert tuple(item.params) == tuple(vars(params.market.spec).values())
        assert item.size_limit == params.size_limit * SIZE
        assert (item.premium, item.funding_rate) == (0, 0)
    assert lens.markets([]) == []


def test_premium_and_funding(desk: Desk, lens: Contract) -> None:
    """An impact mid price 0.25 % below the index: shorts pay longs, by the eight hours."""
    project = desk.deployer.chain.project
    source = project.Aggregator.deploy("impact", 8, sender=desk.governor)
    source.set_answer(2_992_50000000, sender=desk.governor)
    feed = project.ChainlinkFeed.deploy(source, 86_400, sender=desk.governor)
    desk.market.set_premium_feed(ETH, feed, sender=desk.governor)
    desk.market.roll(ETH, sender=desk.keeper)
    desk.chain.mine(delta=1_800)  # half the window
    [told] = lens.markets([ETH])
    assert told.premium == -WAD * 125 // 100_000
    assert told.funding_rate == told.premium // 28_800 == explain.funding_rate(Market(*told.market))
    assert told.market.mark == 3_000 * (WAD + told.premium)
    desk.chain.mine(delta=1_801)
    desk.set_price(ETH, 3_000)
    desk.market.roll(ETH, sender=desk.keeper)
    [told] = lens.markets([ETH])
    assert told.premium == desk.market.state(ETH).premium == -WAD * 25 // 10_000

    # what a second of it adds to cumulative funding
    before = told.market.funding
    desk.chain.mine(delta=100)
    [later] = lens.markets([ETH])
    assert abs(later.market.funding - before - 100 * 3_000 * told.funding_rate) <= 100 * 3_000


def test_age_and_validity(desk: Desk, lens: Contract) -> None:
    """The age is that of the price told, whether or not anybody has stored it."""
    ages = desk.params.underlyings["BTC"].market
    desk.wait(1_000)
    desk.market.roll(BTC, sender=desk.keeper)
    assert [item.age for item in lens.markets([BTC, ETH])] == [0, 0]
    desk.chain.mine(delta=100)
    desk.set_price(ETH, 3_010)  # not rolled
    desk.chain.mine(delta=ages.max_age_open)
    btc, eth = lens.markets([BTC, ETH])
    assert (btc.age, btc.market.validity) == (ages.max_age_open + 100, LIQUIDATION)
    assert (eth.age, eth.market.validity) == (ages.max_age_open, OPEN)
    assert eth.market.index == 3_010 * WAD
    desk.chain.mine(delta=ages.max_age_liquidation)
    btc, eth = lens.markets([BTC, ETH])
    assert (btc.market.validity, eth.market.validity) == (STALE, STALE)


def test_premium_to_the_wei(desk: Desk, lens: Contract) -> None:
    """Where the mark was rounded, too."""
    project = desk.deployer.chain.project
    source = project.Aggregator.deploy("impact", 8, sender=desk.governor)
    source.set_answer(3_003_00000000, sender=desk.governor)
    feed = project.ChainlinkFeed.deploy(source, 86_400, sender=desk.governor)
    desk.market.set_premium_feed(ETH, feed, sender=desk.governor)
    desk.move(ETH, 3_000.01)
    desk.market.roll(ETH, sender=desk.keeper)
    desk.chain.mine(delta=1_001)
    state = MarketState(*desk.market.state(ETH))
    params = desk.params.underlyings["ETH"].market.spec
    [told] = lens.markets([ETH])
    assert told.premium == advance(params, state, desk.chain.timestamp).premium
    assert told.market.mark * WAD < told.market.index * (WAD + told.premium)


def test_age_when_the_source_fails(desk: Desk, lens: Contract) -> None:
    """The last price stays, and ages."""
    desk.wait(500)
    desk.market.roll(BTC, sender=desk.keeper)
    desk.feeds[BTC].set_answer(-1, sender=desk.governor)
    desk.chain.mine(delta=60)
    [told] = lens.markets([BTC])
    assert (told.age, told.market.index) == (60, 60_000 * WAD)


def test_age_when_the_source_tells_nonsense(desk: Desk, lens: Contract) -> None:
    """Neither a time to come nor one gone by, and no price that was not taken."""
    project = desk.deployer.chain.project
    feed = project.inline(FEED, "FeedStub").deploy(sender=desk.governor)
    now = desk.chain.timestamp
    feed.set(60_000 * WAD, now, sender=desk.governor)
    desk.market.set_feed(BTC, feed, sender=desk.governor)
    desk.chain.mine(delta=90)
    for price, time in ((60_000, now + 91), (60_000, now - 1), (10**8, now + 50)):
        feed.set(price * WAD, time, sender=desk.governor)
        [told] = lens.markets([BTC])
        assert (told.age, told.market.index) == (90, 60_000 * WAD)
    feed.set(60_000 * WAD, now + 50, sender=desk.governor)
    assert lens.markets([BTC])[0].age == 40


def test_unknown_underlying(desk: Desk, lens: Contract) -> None:
    with reverts("market: unknown underlying"):
        lens.markets([BTC, 9])
