"""Market data with one underlying, its index feed and a premium feed that may fail as they like."""

import pytest

from plimsoll.spec.market import MarketParams, MarketState
from tests.harness import Account, Chain, Contract, Project, Receipt

WAD = 10**18
HOUR, DAY = 3_600, 86_400
WINDOW = HOUR // 2
PRICE = 2_000 * WAD
UNDERLYING = 1
PARAMS = MarketParams(
    max_age_open=60,
    max_age_liquidation=600,
    alarm=200,
    stable_rate=600,
    premium_bound=50,
    premium_window=HOUR,
)
ANSWER, REVERT, BURN = 0, 1, 2  # what a feed does when it is asked

FEED = """
# pragma version 0.4.3

BURN: constant(uint256) = 2

mode: public(uint256)
answer: Bytes[128]
needs: uint256  # gas
source: address  # asked first


@external
def set_mode(mode: uint256):
    self.mode = mode


@external
def set_answer(price: uint256, time: uint256):
    self.mode = 0
    self.answer = abi_encode(price, time)


@external
def set_raw(answer: Bytes[128]):
    self.mode = 0
    self.answer = answer


@external
def set_source(source: address):
    self.source = source


@external
def set_needs(needs: uint256):
    self.needs = needs


@external
@view
@raw_return
def latest() -> Bytes[128]:
    if self.mode == BURN:
        raise UNREACHABLE
    assert self.mode == 0, "silent"
    if self.source != empty(address):
        return raw_call(
            self.source, method_id("latest()"), max_outsize=128, is_static_call=True
        )
    before: uint256 = msg.gas
    for i: uint256 in range(100_000):
        if before - msg.gas >= self.needs:
            break
    return self.answer
"""


def new_feed(project: Project, sender: Account) -> Contract:
    return project.inline(FEED, "FeedStub").deploy(sender=sender)


@pytest.fixture(scope="module")
def feed(project: Project, governor: Account, chain: Chain) -> Contract:
    feed = new_feed(project, governor)
    feed.set_answer(PRICE, chain.timestamp, sender=governor)
    return feed


@pytest.fixture(scope="module")
def premium_feed(project: Project, governor: Account) -> Contract:
    """Not yet set."""
    return new_feed(project, governor)


@pytest.fixture(scope="module")
def bare(project: Project, registry: Contract, governor: Account) -> Contract:
    """Market data without an underlying."""
    return project.MarketData.deploy(registry, sender=governor)


@pytest.fixture(scope="module")
def market(
    project: Project, registry: Contract, vault: Contract, feed: Contract, governor: Account
) -> Contract:
    """With one underlying, listed now at PRICE."""
    market = project.MarketData.deploy(registry, sender=governor)
    market.list_market(UNDERLYING, feed, PARAMS, sender=governor)
    return market


@pytest.fixture(scope="module")
def start(market: Contract) -> MarketState:
    """The state after listing."""
    return stored(market)


@pytest.fixture
def expiry(market: Contract, governor: Account, chain: Chain) -> int:
    """Listed, three hours ahead, with a forward 1 % above the index."""
    expiry = chain.timestamp // HOUR * HOUR + 3 * HOUR
    market.list_expiry(UNDERLYING, expiry, 101 * WAD // 100, sender=governor)
    return expiry


class Watch:
    """Takes in prices at given times."""

    def __init__(self, market: Contract, feed: Contract, chain: Chain, sender: Account) -> None:
        self.market, self.feed, self.chain, self.sender = market, feed, chain, sender

    def see(self, time: int, price: int) -> Receipt:
        self.chain.mine(timestamp=time)
        self.feed.set_answer(price, time, sender=self.sender)
        receipt: Receipt = self.market.roll(UNDERLYING, sender=self.sender)
        return receipt

    def hold(self, begin: int, end: int, price: int) -> Receipt:
        """A price that is told again and again, and stays."""
        for time in range(begin, end, 500):
            self.see(time, price)
        return self.see(end, price)


@pytest.fixture
def watch(market: Contract, feed: Contract, chain: Chain, governor: Account) -> Watch:
    return Watch(market, feed, chain, governor)


def stored(market: Contract) -> MarketState:
    return MarketState(**market.state(UNDERLYING)._asdict())


def assert_rolled(market: Contract, receipt: Receipt, state: MarketState) -> None:
    """This state was stored, and the logs say so."""
    assert stored(market) == state
    [event] = receipt.events_of(market.Rolled)
    assert event.args == {
        "underlying": UNDERLYING,
        **{name: getattr(state, name) for name in event.args if name != "underlying"},
    }
