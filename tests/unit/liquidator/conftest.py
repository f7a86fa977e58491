"""An account that is long one bitcoin on 10,000 dollars, and a keeper with money."""

from types import SimpleNamespace

import pytest

from plimsoll.spec.liquidation import LiquidationParams
from plimsoll.spec.margin import Margin
from plimsoll.spec.wad import SIZE, WAD
from tests.deployment import deploy
from tests.unit.order_book.desk import BTC, PERPETUAL, Desk


class Floor:
    """Where accounts fall short, and are liquidated."""

    def __init__(self, protocol: SimpleNamespace, chain) -> None:
        self.protocol = protocol
        self.chain = chain
        self.desk = Desk(protocol, chain)
        self.vault = protocol.vault
        self.liquidator = protocol.liquidator
        self.params = LiquidationParams(*protocol.liquidator.params())

    def long(self, account: int, contracts: float) -> None:
        """Buys at mark, of an account that has more than enough."""
        protocol, desk = self.protocol, self.desk
        maker = desk.open(protocol.maker, 99, dollars=50_000_000)
        bid = desk.sign(desk.order(account, contracts), protocol.trader)
        desk.match(bid, [desk.sign(desk.order(maker, -contracts), protocol.maker)], [contracts])

    def set_price(self, price: float) -> None:
        """Bitcoin's, in whole dollars, told now."""
        self.chain.mine(delta=60)
        self.protocol.set_price(BTC, price)

    def margin(self, account: int) -> Margin:
        return Margin(*self.protocol.engine.preview(self.vault.book_of(account)))

    def liquidate(self, account, to, max_fraction=WAD, min_reward=-(2**255), sender=None):
        sender = sender or self.protocol.keeper
        return self.liquidator.liquidate(account, to, max_fraction, min_reward, sender=sender)


@pytest.fixture(scope="module")
def protocol(project, accounts, chain):
    return deploy(project, accounts, chain)


@pytest.fixture(scope="module")
def floor(protocol, chain):
    return Floor(protocol, chain)


@pytest.fixture(scope="module")
def liquidator(protocol):
    return protocol.liquidator


@pytest.fixture(scope="module")
def keeping(floor, protocol):
    """The keeper's account."""
    return floor.desk.open(protocol.keeper, dollars=500_000)


@pytest.fixture(scope="module")
def account(floor, protocol):
    """Long one bitcoin, bought at 60,000 for a fee of 24: below maintenance at 57,400."""
    account = floor.desk.open(protocol.trader, dollars=10_000)
    floor.long(account, 1)
    assert floor.desk.position(account, PERPETUAL) == SIZE
    return account
