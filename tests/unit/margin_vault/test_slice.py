"""slice: for the liquidator, a fraction of all that an account has goes to another, which pays.

The venue's address is the liquidator here, so that terms can be anything.
"""

import pytest

from plimsoll.spec.market import LIQUIDATION, STALE
from plimsoll.spec.words import key_of, pack_position
from tests.harness import Contract, Project

from .bench import BTC, CONFIGURE, ETH, HOUR, SIZE, WAD, Bench, logged, usd


@pytest.fixture(autouse=True)
def _liquidator(bench: Bench) -> None:
    bench.set_liquidator(bench.venue)


@pytest.fixture
def book(bench: Bench, account: int, other: int) -> int:
    """The trader's account: 4 bitcoin bought at 60,000 from the maker, now at 58,000, 30 ether
    sold, now as they were; 10,000 of cash, 20 ether and 3 bitcoin as collateral."""
    bench.fund(account, 10_000, weth=20 * 10**18, wbtc=3 * 10**8)
    bench.fund(other, 300_000)
    bench.approve(account, other)
    bench.trade(account, other, 4 * SIZE)
    bench.trade(other, account, 30 * SIZE, instrument=bench.eth)
    bench.move(BTC, 58_000)
    return account


@pytest.fixture
def to(bench: Bench) -> int:
    """The keeper's account, with 200,000."""
    return bench.fund(bench.account(bench.keeper), 200_000)


def word(instrument: int, size: int) -> int:
    return pack_position(key_of(instrument), size)


# -- what moves ------------------------------------------------------------------------------------


def test_quarter(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """A loss of 8,000 is settled, then the keeper takes a quarter of the 2,000 that are left and
    of all the rest, and pays 5,000; 100 of it more go to insurance."""
    assert bench.equity(book) == (10_000 - 8_000 + 60_000 + 174_000) * WAD
    receipt = bench.slice(book, to, WAD // 4, 5_000 * WAD, 100 * WAD)
    assert receipt.return_value == 5_000 * WAD
    assert logged(receipt, vault.Settle) == [{"account": book, "profit": -8_000 * WAD}]
    assert logged(receipt, vault.Slice) == [
        {
            "account": book,
            "to": to,
            "fraction": WAD // 4,
            "payment": 5_000 * WAD,
            "cut": 100 * WAD,
        }
    ]
    assert [event["account"] for event in logged(receipt, vault.Updated)] == [
        *(book, to, bench.insurance)
    ]
    left, taken = vault.book_of(book), vault.book_of(to)
    assert left.cash == (1_500 + 5_000) * WAD
    assert taken.cash == (200_000 + 500 - 5_000 - 100) * WAD
    assert bench.cash(bench.insurance) == 100 * WAD
    assert left.positions == [word(bench.btc, 3 * SIZE), word(bench.eth, -45 * SIZE // 2)]
    assert taken.positions == [word(bench.btc, SIZE), word(bench.eth, -15 * SIZE // 2)]
    # at mark: nobody has an unsettled profit
    assert taken.basis == (-58_000 + 22_500) * WAD
    assert left.basis == 3 * taken.basis
    amounts = [(item.asset, item.amount) for item in left.collateral]
    assert amounts == [(0, 15 * 10**18), (1, 3 * 10**8 * 3 // 4)]
    amounts = [(item.asset, item.amount) for item in taken.collateral]
    assert amounts == [(0, 5 * 10**18), (1, 3 * 10**8 // 4)]


def test_rounding_is_against_both(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """With funding accrued, what a size is worth is no whole number of wei: each side's basis is
    rounded against it."""
    bench.set_premium(BTC, 13)
    bench.jump(BTC, 58_000.00000001)
    bench.wait(HOUR + 7)
    bench.slice(book, to, 0)
    gap = bench.ledger._price(bench.btc)[1]
    size = 4 * SIZE * (WAD // 7) // WAD
    assert size * gap % SIZE != 0
    before = vault.book_of(book).basis
    ether = 30 * SIZE * (WAD // 7) // WAD * 3_000 * WAD // SIZE
    bench.slice(book, to, WAD // 7)
    left, taken = vault.book_of(book).basis, vault.book_of(to).basis
    assert taken == -(size * gap // SIZE + 1) + ether
    assert left == before + size * gap // SIZE - ether


def test_equity_moves_in_proportion(bench: Bench, book: int, to: int) -> None:
    """Without a payment the account loses a third of its equity, the keeper gains it."""
    before, mine = bench.equity(book), bench.equity(to)
    bench.slice(book, to, WAD // 3)
    assert 0 <= bench.equity(book) - before * 2 // 3 < 10**15  # a token unit of bitcoin stays
    assert bench.equity(book) + bench.equity(to) <= before + mine
    assert before + mine - bench.equity(book, to) < 10


def test_everything(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """Nothing is left but what was paid for it, and the netting level."""
    bench.set_netting(book, 1)
    receipt = bench.slice(book, to, WAD, 230_000 * WAD - 60_000 * WAD)
    assert receipt.return_value == 170_000 * WAD
    assert vault.words(book) == 170_000 * WAD << 152 | 1
    assert vault.book_of(book).positions == vault.book_of(book).collateral == []
    assert bench.equity(to) == (200_000 + 236_000 - 170_000) * WAD


def test_odd_fraction_truncates(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """Sizes and amounts round down, in the account's favour where they are its own."""
    fraction = 123_456_789_012_345_678
    bench.slice(book, to, fraction)
    assert vault.position(to, bench.btc) == 4 * SIZE * fraction // WAD
    assert vault.position(to, bench.eth) == -(30 * SIZE * fraction // WAD)
    amounts = [item.amount for item in vault.book_of(to).collateral]
    assert amounts == [20 * 10**18 * fraction // WAD, 3 * 10**8 * fraction // WAD]
    assert bench.cash(to) == 200_000 * WAD + 2_000 * WAD * fraction // WAD


def test_a_debt_that_moves_rounds_up(bench: Bench, account: int, to: int, lender: int) -> None:
    bench.fund(account, weth=10**18)
    bench.withdraw(account, bench.quote, usd(1_000))
    bench.slice(account, to, 333_333_333_333_333_333, 0, 0)
    moved = -(-1_000 * WAD * 333_333_333_333_333_333 // WAD)
    assert bench.cash(to) == 200_000 * WAD - moved
    assert bench.cash(account) == -1_000 * WAD + moved


def test_smallest_fraction(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """It is too little for any position or a unit of bitcoin, and 20 wei of ether."""
    positions = vault.book_of(book).positions
    bench.slice(book, to, 1)
    ether = (0, 20, 20 * 10**18)
    assert vault.book_of(to)[1:] == (200_000 * WAD + 2_000, 0, [], [ether])
    assert vault.book_of(book).positions == positions


def test_no_fraction(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """Only money moves."""
    bench.slice(book, to, 0, 7 * WAD, WAD)
    assert bench.cash(to) == 199_992 * WAD
    assert bench.cash(book) == 2_007 * WAD
    assert vault.book_of(to).positions == []


def test_opposite_positions_cancel(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """Who holds the other side is rid of it."""
    bench.approve(to)
    bench.trade(bench.account(bench.maker), to, 2 * SIZE)
    bench.slice(book, to, WAD // 2)
    assert vault.position(to, bench.btc) == 0
    assert vault.position(book, bench.btc) == 2 * SIZE
    assert vault.book_of(to).positions == [word(bench.eth, -15 * SIZE)]


def test_takers_profit_is_settled(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """What the keeper pays with is cash, not an unsettled profit."""
    bench.approve(to)
    bench.trade(bench.account(bench.maker), to, SIZE)
    bench.jump(BTC, 57_000)
    receipt = bench.slice(book, to, WAD // 10)
    assert logged(receipt, vault.Settle) == [
        {"account": book, "profit": -12_000 * WAD},
        {"account": to, "profit": 1_000 * WAD},
    ]


# -- insurance -------------------------------------------------------------------------------------


def test_insurance_pays(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """A negative payment comes from insurance and goes to the keeper, not to the account."""
    bench.fund(bench.insurance, 1_000)
    receipt = bench.slice(book, to, WAD // 2, -300 * WAD)
    assert receipt.return_value == -300 * WAD
    assert bench.cash(bench.insurance) == 700 * WAD
    assert bench.cash(book) == 1_000 * WAD
    assert bench.cash(to) == (200_000 + 1_000 + 300) * WAD


def test_insurance_pays_what_it_has(bench: Bench, vault: Contract, book: int, to: int) -> None:
    bench.fund(bench.insurance, 100)
    receipt = bench.slice(book, to, WAD // 2, -300 * WAD)
    assert receipt.return_value == -100 * WAD
    assert logged(receipt, vault.Slice)[0]["payment"] == -100 * WAD
    assert bench.cash(bench.insurance) == 0
    assert bench.slice(book, to, WAD // 2, -300 * WAD).return_value == 0


def test_insurance_in_debt_pays_nothing(bench: Bench, book: int, to: int, lender: int) -> None:
    bench.fund(bench.insurance, weth=10**18)
    bench.withdraw(bench.insurance, bench.quote, usd(1_000))
    assert bench.slice(book, to, WAD // 2, -300 * WAD).return_value == 0
    assert bench.cash(bench.insurance) == -1_000 * WAD


def test_cut_while_insurance_pays(bench: Bench, book: int, to: int) -> None:
    """Both at once is what the liquidator never asks for; they are simply added."""
    bench.fund(bench.insurance, 100)
    assert bench.slice(book, to, 0, -300 * WAD, 30 * WAD).return_value == -100 * WAD
    assert bench.cash(bench.insurance) == 30 * WAD
    assert bench.cash(to) == 200_070 * WAD


# -- the account that takes ------------------------------------------------------------------------


def test_to_must_bear_it(bench: Bench, book: int) -> None:
    """The whole book needs more than its own equity leaves after 220,000 were paid."""
    to = bench.fund(bench.account(bench.keeper), 40_000)
    margin = bench.margin(book)
    most = margin.equity - margin.initial + 40_000 * WAD
    with bench.refused("vault: margin"):
        bench.slice(book, to, WAD, most + WAD)
    bench.slice(book, to, WAD, most - WAD)


def test_to_may_be_short_if_it_gets_safer(bench: Bench, book: int, to: int) -> None:
    """A short account takes what hedges it."""
    other = bench.account(bench.maker)
    bench.approve(to)
    bench.trade(other, to, 20 * SIZE)
    bench.jump(BTC, 61_200)
    margin = bench.margin(to)
    assert margin.equity < margin.initial
    bench.slice(book, to, WAD // 2)
    assert margin.equity < bench.margin(to).equity


def test_price_good_enough_to_liquidate(bench: Bench, book: int, to: int) -> None:
    """Two hours old it opens nothing elsewhere; five hours old only for who bears that all is lost
    that hangs on it."""
    poor = bench.fund(bench.account(bench.keeper, 1), 20_000)
    bench.chain.mine(delta=2 * HOUR)
    assert bench.market.peek(ETH).validity == LIQUIDATION
    bench.slice(book, poor, WAD // 10)
    bench.chain.mine(delta=3 * HOUR)
    assert bench.market.peek(ETH).validity == STALE
    with bench.refused("vault: margin"):
        bench.slice(book, poor, WAD // 10)
    bench.slice(book, to, WAD // 10)


def test_size_limits_do_not_stop_it(bench: Bench, vault: Contract, book: int, to: int) -> None:
    bench.set_size_limit(BTC, 0)
    bench.slice(book, to, WAD // 2)
    assert vault.position(to, bench.btc) == 2 * SIZE


def test_too_many_collaterals(bench: Bench, project: Project, book: int, to: int) -> None:
    """Sixteen is the most; a share too small for a token unit is none."""
    for _ in range(15):
        token = project.Token.deploy("Coin", "COIN", 18, sender=bench.governor)
        bench.list_token(token)
        bench.deposit(to, token, 1)
    with bench.refused("vault: too many collaterals"):
        bench.slice(book, to, WAD // 2)
    bench.slice(book, to, 10**8)  # of ether only
    assert len(bench.vault.book_of(to).collateral) == 16


def test_keeper_must_be_allowed(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """The owner of the account that pays, or an operator for this liquidator."""
    with bench.refused("vault: not allowed"):
        vault.slice(book, to, bench.stranger, WAD, 0, 0, sender=bench.venue)
    now, owner = bench.chain.timestamp, bench.keeper
    vault.set_operator(to, bench.stranger, CONFIGURE, now + HOUR, sender=owner)
    vault.set_operator(to, bench.stranger, bench.liquidator, now + HOUR, sender=owner)
    with bench.refused("vault: not allowed"):
        vault.slice(book, to, bench.stranger, WAD, 0, 0, sender=bench.venue)
    vault.set_operator(to, bench.stranger, bench.venue, now + HOUR, sender=owner)
    bench.slice(book, to, WAD // 2, keeper=bench.stranger)
    bench.wait(HOUR + 1)
    with bench.refused("vault: not allowed"):
        vault.slice(book, to, bench.stranger, WAD, 0, 0, sender=bench.venue)


# -- what is refused -------------------------------------------------------------------------------


def test_by_the_liquidator_only(bench: Bench, vault: Contract, book: int, to: int) -> None:
    for sender in (bench.keeper, bench.governor, bench.liquidator):
        with bench.refused("registry: not liquidator"):
            vault.slice(book, to, bench.keeper, WAD, 0, 0, sender=sender)


def test_paused_and_the_grace_after_it(bench: Bench, vault: Contract, book: int, to: int) -> None:
    """Who could not act while something was paused has an hour to do so."""
    bench.registry.pause(2, HOUR, sender=bench.guardian)
    for seconds in (0, 2 * HOUR - 1):
        bench.wait(seconds)
        with bench.refused("registry: grace period"):
            vault.slice(book, to, bench.keeper, WAD, 0, 0, sender=bench.venue)
    bench.wait(1)
    bench.slice(book, to, WAD // 2)


def test_same_account(bench: Bench, book: int) -> None:
    with bench.refused("vault: same account"):
        bench.slice(book, book)


def test_insurance_account(bench: Bench, book: int) -> None:
    """It is neither liquidated nor a keeper's."""
    bench.fund(bench.insurance, 100)
    with bench.refused("vault: insurance account"):
        bench.slice(book, bench.insurance)
    with bench.refused("vault: insurance account"):
        bench.slice(bench.insurance, book)


def test_more_than_everything(bench: Bench, book: int, to: int) -> None:
    for fraction in (WAD + 1, 2**255 - 1):
        with bench.refused("vault: fraction"):
            bench.slice(book, to, fraction)


def test_more_than_anybody_has(bench: Bench, vault: Contract, book: int, to: int) -> None:
    with bench.refused("vault: margin"):
        bench.slice(book, to, WAD, 2**110)
    with bench.refused("vault: margin"):
        bench.slice(book, to, WAD, 0, 2**110)
    with bench.refused(""):
        vault.slice(book, to, bench.keeper, WAD, 0, 2**255, sender=bench.venue)
