"""A price that nobody had seen was paid out on, until somebody told another.

Where the feed is silent before an expiry, the governor says later what it settles at. Until then
positions count at an average of prices that are old, and as they move no more they need no margin:
whatever left on them would be gone. So would what is taken on them by slices: the margin of four
futures, 39,000, that had lost 24,000 where nobody had looked yet, was there once more to take 65
ether of a sister account, at 2,525 it was lost to another one, and no keeper takes what only seems
to be worth something.
"""

from types import SimpleNamespace

import pytest

from plimsoll.spec.market import LIQUIDATION, OPEN
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import POSITION, UNDERLYING, account_id, call, future
from tests.deployment import BTC, ETH
from tests.harness import Chain, reverts
from tests.unit.margin_vault.bench import ALL
from tests.unit.test_life_of_options import INDEX, THOUSAND, USD, dealers, p, trade

__all__ = ["dealers", "p"]

FAIR = INDEX * 96 // 100  # what the feed tells when it is back: near enough to open risk
HOUR = 3_600


def miss(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain) -> None:
    """The trader is long a future and a call; nobody looks while they expire."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    trade(p, dealers.trader, dealers.maker, future(BTC, p.expiry), SIZE)
    trade(p, dealers.trader, dealers.maker, call(BTC, p.expiry, 40 * THOUSAND), SIZE)
    chain.mine(timestamp=p.expiry)
    p.set_price(BTC, FAIR)
    assert p.market.peek(BTC).validity == OPEN
    assert not p.market.expiry_of(BTC, p.expiry).fixed


@pytest.mark.parametrize("level", [None, POSITION, UNDERLYING])
def test_nothing_leaves(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain, level: int | None
) -> None:
    """Until the price is told; then everything does that is left."""
    account = dealers.trader
    if level is not None:
        p.vault.set_netting(account, level, sender=p.trader)
    miss(p, dealers, chain)
    assert p.lens.available(account, p.quote) == 0
    with reverts("vault: margin"):
        p.vault.withdraw(account, p.quote, 1, p.trader, sender=p.trader)
    with reverts("vault: margin"):
        trade(p, account, dealers.maker, p.perpetuals[BTC], SIZE // 100)
    p.vault.deposit(account, p.quote, USD, sender=p.trader)
    chain.mine(timestamp=p.expiry + HOUR)
    p.market.fix(BTC, p.expiry, FAIR * WAD, sender=p.governor)
    before = p.lens.summary(account).margin.equity
    assert p.vault.withdraw(account, p.quote, ALL, p.trader, sender=p.trader).return_value > 0
    assert 0 <= p.lens.summary(account).margin.equity < WAD < before


def test_who_owes_nothing_waits_for_nobody(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Cash beside a long option is not what the option pays."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    trade(p, dealers.trader, dealers.maker, call(BTC, p.expiry, 50 * THOUSAND), SIZE)
    chain.mine(timestamp=p.expiry)
    p.set_price(BTC, FAIR)
    p.vault.withdraw(dealers.trader, p.quote, ALL, p.trader, sender=p.trader)
    with reverts("vault: margin"):
        p.vault.withdraw(dealers.trader, p.quote, USD, p.trader, sender=p.trader)


def test_nobody_takes_slices_on_it(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Who takes them does without what futures may lose in four scan ranges."""
    account, sister = dealers.trader, account_id(int(p.trader.address, 16), 1)
    p.vault.deposit(sister, p.quote, 31_000 * USD, sender=p.trader)
    p.vault.set_venue(sister, p.keeper, 10**9 * WAD, sender=p.trader)
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    p.set_price(ETH, 3_000)
    trade(p, account, dealers.maker, future(BTC, p.expiry), 4 * SIZE)
    trade(p, sister, dealers.taker, p.perpetuals[ETH], 50 * SIZE)
    chain.mine(timestamp=p.expiry)
    p.set_price(BTC, FAIR)
    p.set_price(ETH, 2_820)
    with reverts("vault: margin"):
        p.liquidator.liquidate(sister, account, WAD, 0, sender=p.trader)
    lost = 4 * INDEX * 4 * p.engine.underlying_params(BTC).scan_range // 10_000
    p.vault.deposit(account, p.quote, (lost - 40_000) * USD, sender=p.trader)
    with reverts("vault: margin"):
        p.liquidator.liquidate(sister, account, WAD, 0, sender=p.trader)
    p.vault.deposit(account, p.quote, 10_000 * USD, sender=p.trader)
    p.liquidator.liquidate(sister, account, WAD, 0, sender=p.trader)
    assert p.lens.summary(account).margin.validity == LIQUIDATION
    assert p.lens.summary(sister).health >= 0
