"""The terms of a liquidation, told beforehand: the specification's, and those of the execution."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plimsoll.spec.liquidation import LiquidationParams, Terms, terms
from plimsoll.spec.margin import Margin
from plimsoll.spec.wad import BPS, WAD, Revert, ceil_div
from tests.harness import reverts

# engine, vault and registry in one, which tell what they are told to
BENCH = """
# pragma version 0.4.3

from interfaces import IMarginEngine

owner: public(address)
steward: public(address)
insurance: public(uint256)
margin: IMarginEngine.Margin
fund: int256

@deploy
def __init__():
    self.owner = msg.sender
    self.steward = msg.sender
    self.insurance = 7

@external
def tell(_margin: IMarginEngine.Margin, _fund: int256):
    self.margin = _margin
    self.fund = _fund

@external
@view
def engine() -> address:
    return self

@external
@view
def book_of(account: uint256) -> IMarginEngine.Book:
    book: IMarginEngine.Book = empty(IMarginEngine.Book)
    book.cash = self.fund if account == self.insurance else 0
    return book

@external
@view
def preview(book: IMarginEngine.Book) -> IMarginEngine.Margin:
    return self.margin
"""

MONEY = 10**31  # ten trillion
PARAMS = st.builds(
    lambda low, spread, share, dust: LiquidationParams(low, min(low + spread, 9_999), share, dust),
    st.integers(100, 2_000),
    st.integers(0, 9_899),
    st.integers(0, 5_000),
    st.integers(0, 10_000 * WAD),
)


@st.composite
def short_margins(draw):
    """Margins of accounts that are short, from a few wei to trillions."""
    maintenance = draw(st.integers(1, 10**20) | st.integers(1, MONEY))
    equity = draw(
        st.integers(0, maintenance - 1) | st.integers(-MONEY, maintenance - 1) | st.integers(-5, 0)
    )
    target = ceil_div(maintenance * draw(st.integers(BPS + 1, 3 * BPS)), BPS)
    return Margin(equity, maintenance, target, target, draw(st.integers(1, 2)))


FRACTIONS = st.just(WAD) | st.integers(1, WAD)


@pytest.fixture(scope="module")
def bench(project, accounts):
    return project.inline(BENCH, "Bench").deploy(sender=accounts[0])


@pytest.fixture(scope="module")
def alone(project, accounts, bench):
    """A liquidator between parts that are not there."""
    return project.Liquidator.deploy(bench, bench, (500, 2_000, 2_000, 0), sender=accounts[0])


@settings(max_examples=300)
@given(
    params=PARAMS,
    margin=short_margins(),
    fraction=FRACTIONS,
    fund=st.integers(-(10**18), 10**24) | st.just(MONEY),
)
def test_every_wei_as_specified(accounts, bench, alone, params, margin, fraction, fund):
    governor = accounts[0]
    alone.set_params(params, sender=governor)
    bench.tell(margin, fund, sender=governor)
    want = terms(params, margin, fraction)
    got = Terms(*alone.quote(1, fraction))
    if want.payment < 0:
        paid = -min(-want.payment, max(0, fund))
        want = Terms(want.fraction, paid, want.cut, want.reward + want.payment - paid)
    assert got == want


def test_dust_is_less_than_the_bound(accounts, bench, alone):
    """What would be left has 856 of maintenance."""
    margin = Margin(950 * WAD, 1_000 * WAD, 1_100 * WAD, 1_250 * WAD, 2)
    bench.tell(margin, 0, sender=accounts[0])
    fraction = alone.quote(1, WAD).fraction
    left = (WAD - fraction) * margin.maintenance // WAD
    assert left // WAD == 856
    for dust, taken in ((left, fraction), (left + 1, WAD)):
        alone.set_params((500, 2_000, 2_000, dust), sender=accounts[0])
        assert alone.quote(1, WAD).fraction == taken


@settings(max_examples=300)
@given(params=PARAMS, margin=short_margins(), fraction=FRACTIONS)
def test_health_never_falls(params, margin, fraction):
    """What is left has a share of equity and of maintenance, and the payment."""
    got = terms(params, margin, fraction)
    equity = margin.equity - got.fraction * margin.equity // WAD + max(0, got.payment)
    maintenance = ceil_div((WAD - got.fraction) * margin.maintenance, WAD)
    assert equity - maintenance >= margin.equity - margin.maintenance - 2


@settings(max_examples=300)
@given(params=PARAMS, margin=short_margins())
def test_a_full_slice_restores_the_target(params, margin):
    """While the account pays for itself; otherwise it is taken as a whole."""
    got = terms(params, margin, WAD)
    if got.fraction == WAD:
        assert got.payment <= max(0, margin.equity)
    else:
        equity = margin.equity - got.fraction * margin.equity // WAD + got.payment
        assert WAD * equity >= (WAD - got.fraction) * margin.target - 2 * WAD


@settings(max_examples=300)
@given(params=PARAMS, margin=short_margins(), fraction=FRACTIONS)
def test_insurance_is_bounded(params, margin, fraction):
    """It makes good the hole and never more than the least reward on top; where the account pays
    for itself, insurance pays nothing, and has at most its share of the reward.
    """
    got = terms(params, margin, fraction)
    least = params.reward_min * margin.maintenance // BPS
    assert -got.payment * WAD <= got.fraction * (max(0, -margin.equity) + least)
    assert got.payment >= 0 or got.cut == 0
    assert got.cut * BPS <= params.insurance_share * max(0, got.reward + got.cut + 1)


@settings(max_examples=300)
@given(params=PARAMS, margin=short_margins(), fraction=FRACTIONS)
def test_the_reward_is_in_proportion_to_risk(params, margin, fraction):
    """Between the bounds, but for rounding, and growing as equity falls."""
    got = terms(params, margin, fraction)
    whole = got.fraction * margin.maintenance
    assert got.reward * WAD * BPS <= whole * params.reward_max + 3 * WAD * BPS
    kept = BPS - params.insurance_share
    if margin.equity >= params.reward_max * margin.maintenance // BPS:
        least = whole * params.reward_min * kept // BPS
        assert got.reward * WAD * BPS >= least - 4 * WAD * BPS


@pytest.mark.parametrize(
    ("margin", "fraction", "reason"),
    [
        (Margin(99, 100, 110, 125, 0), WAD, "liquidator: stale price"),
        (Margin(100, 100, 110, 125, 1), WAD, "liquidator: account is healthy"),
        (Margin(99, 100, 110, 125, 1), 0, "liquidator: fraction out of range"),
        (Margin(99, 100, 110, 125, 1), WAD + 1, "liquidator: fraction out of range"),
        (Margin(0, 0, 0, 0, 2), WAD, "liquidator: account is healthy"),
    ],
)
def test_refuses(accounts, bench, alone, margin, fraction, reason):
    bench.tell(margin, 0, sender=accounts[0])
    with reverts(reason):
        alone.quote(1, fraction)
    if margin.validity > 0:
        with pytest.raises(Revert, match=reason):
            terms(LiquidationParams(*alone.params()), margin, fraction)


@settings(max_examples=25)
@given(
    price=st.integers(40_000, 57_300),
    fraction=FRACTIONS,
    fund=st.sampled_from([0, 1, 50, 100_000]),
    days=st.integers(0, 90),
    loan=st.booleans(),
)
def test_equals_the_execution(floor, chain, account, keeping, price, fraction, fund, days, loan):
    """Whatever has happened before, interest and funding among it."""
    with chain.isolate():
        protocol = floor.protocol
        if loan:
            borrow(protocol)
        if fund:
            floor.desk.deposit(protocol.insurance, fund)
        chain.mine(delta=days * 86_400)
        for underlying in protocol.feeds:
            protocol.set_price(underlying, {1: price, 2: 3_000, 3: 150}[underlying])
        assume(floor.margin(account).equity < floor.margin(account).maintenance)
        quoted = floor.liquidator.quote(account, fraction)
        assert floor.liquidate(account, keeping, fraction).return_value == quoted


def borrow(protocol):
    """Somebody pays interest, so that indexes grow."""
    trader, vault, amount = protocol.trader, protocol.vault, 100 * 10**18
    number = int(trader.address, 16) << 96 | 5
    protocol.weth.mint(trader, amount, sender=trader)
    protocol.weth.approve(vault, amount, sender=trader)
    vault.deposit(number, protocol.weth, amount, sender=trader)
    vault.withdraw(number, protocol.quote, 150_000 * 10**6, trader, sender=trader)
