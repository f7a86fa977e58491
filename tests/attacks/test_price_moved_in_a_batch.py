"""Where a check compares what an account was with what it is, and a price can be brought in
between, an account that is short takes out what the price has given it.

Here whatever is assessed is rolled first, and what was rolled stays the same for the transaction.
"""

from types import SimpleNamespace

import pytest

from plimsoll.spec.wad import SIZE
from plimsoll.spec.words import call, put
from tests.deployment import BTC
from tests.harness import Chain, Project, reverts
from tests.unit.margin_vault.bench import WITHDRAW
from tests.unit.test_life_of_options import INDEX, USD, dealers, p, trade

__all__ = ["dealers", "p"]

AWAY, FOR_EVER = 450, 2**63


@pytest.fixture
def account(p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain) -> int:
    """Straddles sold at the money, no more equity than initial margin; then the price moves."""
    chain.mine(delta=60)
    p.set_price(BTC, INDEX)
    for instrument in (call, put):
        sold = instrument(BTC, p.expiry, INDEX * SIZE)
        trade(p, dealers.maker, dealers.trader, sold, 2 * SIZE)
    margin = p.lens.summary(dealers.trader).margin
    spare = (margin.equity - margin.initial) // 10**12 - USD
    p.vault.withdraw(dealers.trader, p.quote, spare, p.trader, sender=p.trader)
    chain.mine(delta=30)
    p.set_price(BTC, INDEX + AWAY)
    chain.mine(delta=12)
    margin = p.lens.summary(dealers.trader).margin
    assert margin.equity < margin.initial
    return int(dealers.trader)


@pytest.mark.parametrize("stored", [True, False], ids=["words are stored", "words are stale"])
def test_with_options_alone(
    p: SimpleNamespace, account: int, stored: bool, project: Project, chain: Chain
) -> None:
    """The price comes back between two withdrawals, the first of which only takes a look."""
    if stored:
        p.engine.assess(p.vault.book_of(account), sender=p.keeper)
    thief = project.UnlockCaller.deploy(sender=p.governor)
    p.vault.set_operator(account, thief, WITHDRAW, FOR_EVER, sender=p.trader)
    amount = 5 * USD

    def take(tokens: int) -> tuple[object, bytes, bool]:
        sent = p.vault.withdraw.encode_input(account, p.quote, tokens, p.trader)
        return p.vault, sent, False

    back = (p.feeds[BTC], p.feeds[BTC].set_answer.encode_input(INDEX * 10**8), False)
    with reverts("vault: margin"):
        thief.run(p.vault, [take(1), back, take(amount)], sender=p.stranger)
    # with the price back first it may have that much more, and no more
    p.set_price(BTC, INDEX)
    margin = p.lens.summary(account).margin
    spare = (margin.equity - margin.initial) // 10**12
    assert 0 < spare < amount
    p.vault.withdraw(account, p.quote, spare, p.trader, sender=p.trader)
