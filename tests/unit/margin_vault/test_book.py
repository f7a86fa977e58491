"""book: a venue's zero-sum bundle of trades.

Of each trade, what is paid above or below mark goes from one account's cash to the other's at
once; the rest stands in basis and moves with the mark.
"""

from dataclasses import replace

import pytest

from plimsoll.spec.margin import assess
from plimsoll.spec.market import COLLATERAL, STALE
from plimsoll.spec.words import PORTFOLIO, SIZE_LIMIT, key_of, pack_position, perpetual
from tests.harness import Contract

from .bench import BTC, DAY, ETH, HOUR, SIZE, SOL, WAD, Bench, logged, usd

MAX_LEGS = 32


def word(instrument: int, size: int) -> int:
    return pack_position(key_of(instrument), size)


# -- what a trade does -----------------------------------------------------------------------------


def test_at_mark(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """Two bitcoin at 60,000: no cash moves, each has what the other lacks in basis."""
    account, other = pair
    receipt = bench.trade(account, other, 2 * SIZE)
    trade = {"venue": bench.venue.address, "instrument": bench.btc, "mark": 60_000 * WAD}
    assert logged(receipt, vault.Trade) == [
        {
            "account": account,
            **trade,
            "size": 2 * SIZE,
            "quote": -120_000 * WAD,
            "position": 2 * SIZE,
        },
        {
            "account": other,
            **trade,
            "size": -2 * SIZE,
            "quote": 120_000 * WAD,
            "position": -2 * SIZE,
        },
    ]
    assert [event["account"] for event in logged(receipt, vault.Updated)] == [account, other]
    cash = 100_000 * WAD
    assert vault.book_of(account) == (0, cash, -120_000 * WAD, [word(bench.btc, 2 * SIZE)], [])
    assert vault.book_of(other) == (0, cash, 120_000 * WAD, [word(bench.btc, -2 * SIZE)], [])
    assert vault.position(account, bench.btc) == -vault.position(other, bench.btc) == 2 * SIZE
    assert vault.pool().basis == 0
    assert vault.allowance(account, bench.venue).used == 0


def test_above_mark(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """The buyer pays 100 too much: they are the seller's cash at once, and used of his limit."""
    account, other = pair
    bench.trade(account, other, SIZE, 60_100)
    assert bench.cash(account) == 99_900 * WAD
    assert bench.cash(other) == 100_100 * WAD
    assert vault.book_of(account).basis == -60_000 * WAD
    today = bench.chain.timestamp // DAY
    assert vault.allowance(account, bench.venue)[1:] == (100 * WAD, today)
    assert vault.allowance(other, bench.venue)[1:] == (0, 0)


def test_increase_reduce_flip_and_close(bench: Bench, pair: tuple[int, int]) -> None:
    """All at mark, through moves of the mark: nobody gains or loses but by the moves."""
    account, other = pair
    bench.trade(account, other, SIZE)
    bench.jump(BTC, 61_000)
    bench.trade(account, other, 2 * SIZE)
    assert bench.equity(account) == 101_000 * WAD
    bench.jump(BTC, 60_500)
    bench.trade(other, account, SIZE)
    bench.trade(other, account, 4 * SIZE)
    assert bench.vault.position(account, bench.btc) == -2 * SIZE
    assert bench.equity(account) == 99_500 * WAD
    bench.jump(BTC, 60_000)
    receipt = bench.trade(account, other, 2 * SIZE)
    assert [event["position"] for event in logged(receipt, bench.vault.Trade)] == [0, 0]
    for item, won in ((account, 500), (other, -500)):
        bench.settle(item)
        assert bench.vault.words(item) == (100_000 + won) * WAD << 152
        assert bench.vault.book_of(item).positions == []


def test_closed_word_makes_room(bench: Bench, pair: tuple[int, int]) -> None:
    """The last word moves to where the closed one was."""
    account, other = pair
    for instrument in (bench.btc, bench.eth, bench.sol):
        bench.trade(account, other, SIZE, instrument=instrument)
    bench.trade(other, account, SIZE, instrument=bench.btc)
    assert bench.vault.book_of(account).positions == [word(bench.sol, SIZE), word(bench.eth, SIZE)]
    bench.trade(other, account, SIZE, instrument=bench.eth)
    assert bench.vault.book_of(account).positions == [word(bench.sol, SIZE)]
    bench.trade(account, other, SIZE, instrument=bench.btc)
    assert bench.vault.book_of(account).positions == [word(bench.sol, SIZE), word(bench.btc, SIZE)]


def test_rounds_against_both(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """Of a 1e-8 contract at an odd mark each side loses a part of a wei, which the vault keeps."""
    account, other = pair
    bench.set_premium(ETH, 7)
    bench.jump(ETH, 3_333.33333333)
    market = bench.market.peek(ETH)
    value, gap = market.mark, market.mark - market.funding
    assert value % SIZE
    assert gap % SIZE
    bench.book([(account, bench.eth, 1, -(value // SIZE)), (other, bench.eth, -1, value // SIZE)])
    assert vault.book_of(account)[1:3] == (100_000 * WAD, -(gap // SIZE) - 1)
    assert vault.book_of(other)[1:3] == (100_000 * WAD - 1, gap // SIZE)


def test_funding_is_in_basis(bench: Bench, pair: tuple[int, int]) -> None:
    """At a premium the buyer pays the seller for time: index * premium every eight hours."""
    account, other = pair
    bench.set_premium(BTC, 40)
    assert bench.market.peek(BTC).mark == 60_240 * WAD
    bench.trade(account, other, SIZE)
    before = bench.market.peek(BTC).funding
    bench.wait(8 * HOUR)
    paid = bench.market.peek(BTC).funding - before
    assert paid == 240 * WAD
    assert bench.equity(account) == 100_000 * WAD - paid
    assert bench.equity(other) == 100_000 * WAD + paid
    bench.trade(other, account, SIZE)
    assert bench.equity(account) == 100_000 * WAD - paid


def test_two_instruments(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    account, other = pair
    legs = [
        *bench.legs(account, other, SIZE),
        *bench.legs(other, account, 20 * SIZE, instrument=bench.eth),
    ]
    receipt = bench.book(legs)
    assert [event["instrument"] for event in logged(receipt, vault.Trade)] == [
        *(bench.btc, bench.eth),
        *(bench.btc, bench.eth),
    ]
    assert vault.book_of(account).positions == [word(bench.btc, SIZE), word(bench.eth, -20 * SIZE)]
    assert vault.book_of(account).basis == 0


# -- legs are taken together by account ------------------------------------------------------------


def test_fees_are_cash_legs(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """Both pay 6; insurance, the treasury and a stranger who never approved anything get it."""
    account, other = pair
    stranger = bench.account(bench.stranger)
    receipt = bench.book(
        [
            *bench.legs(account, other),
            (account, 0, 0, -6 * WAD),
            (other, 0, 0, -6 * WAD),
            (bench.insurance, 0, 0, 5 * WAD),
            (bench.treasury, 0, 0, 4 * WAD),
            (stranger, 0, 0, 3 * WAD),
        ]
    )
    assert len(logged(receipt, vault.Trade)) == 2
    assert [bench.cash(item) // WAD for item in (account, other)] == [99_994, 99_994]
    received = (bench.insurance, bench.treasury, stranger)
    assert [bench.cash(item) // WAD for item in received] == [5, 4, 3]
    assert vault.allowance(account, bench.venue).used == 6 * WAD


def test_order_of_first_appearance(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    account, other = pair
    stranger = bench.account(bench.stranger)
    receipt = bench.book(
        [
            (other, 0, 0, -2 * WAD),
            (stranger, 0, 0, 2 * WAD),
            *bench.legs(account, other),
            (account, 0, 0, -WAD),
            (stranger, 0, 0, WAD),
        ]
    )
    assert [event["account"] for event in logged(receipt, vault.Updated)] == [
        *(other, stranger, account)
    ]


def test_an_account_on_both_sides(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """It sells two and buys three in one bundle, and is written once."""
    account, other = pair
    third = bench.fund(bench.account(bench.stranger), 100_000)
    bench.approve(third)
    receipt = bench.book(
        [
            *bench.legs(other, account, 2 * SIZE, 60_050),
            *bench.legs(account, third, 3 * SIZE, 59_990),
        ]
    )
    assert [event["account"] for event in logged(receipt, vault.Updated)] == [
        *(other, account, third)
    ]
    assert [event["position"] for event in logged(receipt, vault.Trade)] == [
        *(2 * SIZE, -2 * SIZE, SIZE, -3 * SIZE)
    ]
    assert bench.cash(account) == (100_000 + 2 * 50 + 3 * 10) * WAD
    assert vault.allowance(account, bench.venue).used == 0


def test_self_trade(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """With itself an account gains nothing and pays the rounding, at whatever price."""
    account, _ = pair
    before = vault.book_of(account)
    bench.trade(account, account, SIZE, 1)
    bench.trade(account, account, 7, 10**6)
    assert vault.book_of(account) == before
    bench.set_premium(ETH, 7)
    bench.jump(ETH, 3_333.33333333)
    bench.trade(account, account, 7, 0, bench.eth)
    assert vault.book_of(account)[1:] == (before.cash - 1, -1, [], [])


def test_a_loss_on_one_leg_is_made_good_by_another(bench: Bench, pair: tuple[int, int]) -> None:
    """The limit counts what an account loses in a bundle, not in a leg."""
    account, other = pair
    bench.set_venue(account, limit=WAD)
    bench.set_venue(other, limit=WAD)
    bench.book(
        [
            *bench.legs(account, other, SIZE, 60_500),
            *bench.legs(other, account, 20 * SIZE, 3_025, bench.eth),
        ]
    )
    assert bench.vault.allowance(account, bench.venue).used == 0


def test_as_many_legs_as_there_can_be(bench: Bench, pair: tuple[int, int]) -> None:
    account, other = pair
    legs = bench.legs(account, other, SIZE // 100) * (MAX_LEGS // 2)
    bench.book(legs)
    assert bench.vault.position(account, bench.btc) == SIZE // 100 * MAX_LEGS // 2
    with bench.refused(""):
        bench.vault.book([*legs, (account, 0, 0, 0)], sender=bench.venue)


def test_nothing(bench: Bench, vault: Contract, account: int) -> None:
    """No legs, or cash legs of nothing, leave no trace."""
    assert logged(bench.book([]), vault.Updated) == []
    assert logged(bench.book([(account, 0, 0, 0)]), vault.Updated) == []


def test_without_size_only_cash_moves(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """Whatever the instrument is: who receives need not have approved the venue."""
    account, _ = pair
    stranger = bench.account(bench.stranger)
    receipt = bench.book([(account, bench.btc, 0, -WAD), (stranger, 7, 0, WAD)])
    assert logged(receipt, vault.Trade) == []
    assert vault.book_of(account).positions == []
    assert (bench.cash(account), bench.cash(stranger)) == (99_999 * WAD, WAD)


# -- what is refused -------------------------------------------------------------------------------


def test_unknown_venue(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """The owners' approval alone is not enough."""
    for item in pair:
        bench.set_venue(item, bench.stranger, 10**6 * WAD)
    with bench.refused("registry: unknown venue"):
        vault.book(bench.legs(*pair), sender=bench.stranger)


def test_venue_not_approved_by_an_account(bench: Bench, account: int, other: int) -> None:
    """Governance's approval alone is not enough; who pays must have approved as well."""
    bench.fund(account, 100_000)
    bench.fund(other, 100_000)
    bench.approve(account)
    with bench.refused("vault: venue not approved"):
        bench.trade(account, other)
    with bench.refused("vault: venue not approved"):
        bench.book([(other, 0, 0, -1), (account, 0, 0, 1)])
    bench.book([(account, 0, 0, -1), (other, 0, 0, 1)])


def test_paused(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    bench.registry.pause(2, HOUR, sender=bench.guardian)
    with bench.refused("registry: paused"):
        vault.book(bench.legs(*pair), sender=bench.venue)
    bench.wait(HOUR)
    bench.trade(*pair)


def test_sizes_that_do_not_cancel(bench: Bench, pair: tuple[int, int]) -> None:
    account, other = pair
    for legs in (
        [(account, bench.btc, 1, 0)],
        [(account, bench.btc, 2, 0), (other, bench.btc, -1, 0)],
        [(account, bench.btc, 1, 0), (other, bench.btc, -2, 0)],
        [(account, bench.btc, 1, 0), (other, bench.eth, -1, 0)],
        [*bench.legs(account, other), (account, bench.eth, 1, 0)],
    ):
        with bench.refused("vault: sizes not zero-sum"):
            bench.book(legs)


def test_quote_that_does_not_cancel(bench: Bench, pair: tuple[int, int]) -> None:
    """Not a wei comes from nowhere, and none is lost."""
    account, other = pair
    for odd in (1, -1):
        with bench.refused("vault: quote not zero-sum"):
            bench.book([(account, 0, 0, -WAD), (other, 0, 0, WAD + odd)])
    with bench.refused("vault: quote not zero-sum"):
        bench.book([(account, 0, 0, 1)])


@pytest.mark.parametrize(
    "instrument",
    [
        0,  # cash
        perpetual(4),  # no such underlying
        perpetual(64),
        perpetual(1) + 1,  # another kind
        perpetual(1) - 1,
        perpetual(1) | 1 << 200,  # an expiry
        perpetual(1) | 1 << 136,  # a strike
        perpetual(1) | 1 << 8,  # not the canonical word
    ],
)
def test_not_listed(bench: Bench, pair: tuple[int, int], instrument: int) -> None:
    account, other = pair
    with bench.refused("vault: not listed"):
        bench.book([(account, instrument, 1, 0), (other, instrument, -1, 0)])


def test_delisted(bench: Bench, pair: tuple[int, int]) -> None:
    """At a limit of 0 nothing trades, at 1 positions are only reduced."""
    account, other = pair
    bench.trade(account, other)
    bench.set_size_limit(BTC, 0)
    with bench.refused("vault: not listed"):
        bench.trade(other, account)
    bench.set_size_limit(BTC, 1)
    with bench.refused("vault: position limit"):
        bench.trade(account, other)
    bench.trade(other, account)


def test_position_limit(bench: Bench, pair: tuple[int, int]) -> None:
    """It holds on both sides, but for who was beyond it already and gets smaller."""
    account, other = pair
    third = bench.fund(bench.account(bench.stranger), 100_000)
    bench.approve(third)
    bench.set_size_limit(BTC, 3 * SIZE)
    bench.trade(account, other, 3 * SIZE)
    with bench.refused("vault: position limit"):
        bench.trade(account, third, 1)
    with bench.refused("vault: position limit"):
        bench.trade(third, other, 1)
    bench.set_size_limit(BTC, SIZE)
    bench.trade(other, account, SIZE)
    assert bench.vault.position(account, bench.btc) == 2 * SIZE
    with bench.refused("vault: position limit"):
        bench.trade(account, other, 1)
    with bench.refused("vault: position limit"):  # to -2 contracts and a bit
        bench.trade(third, account, 4 * SIZE + 1)


def test_more_than_a_word_holds(bench: Bench, pair: tuple[int, int]) -> None:
    account, other = pair
    with bench.refused("vault: size too large"):
        bench.trade(account, other, SIZE_LIMIT + 1, 0)
    with bench.refused("vault: position limit"):
        bench.trade(account, other, SIZE_LIMIT, 0)
    with bench.refused(""):  # overflows before anything else is looked at
        bench.vault.book(
            [(account, bench.btc, 2**254, 0), (other, bench.btc, -(2**254), 0)],
            sender=bench.venue,
        )
    with bench.refused(""):
        bench.vault.book(
            [(other, 0, 0, 2**255 - 1), (account, 0, 0, -(2**255))], sender=bench.venue
        )


def test_daily_loss_limit(bench: Bench, pair: tuple[int, int]) -> None:
    """Losses against mark add up over a UTC day, fees among them; gains give nothing back."""
    account, other = pair
    bench.set_venue(account, limit=1_000 * WAD)
    bench.trade(account, other, SIZE, 60_600)
    bench.trade(account, other, SIZE, 59_000)
    with bench.refused("vault: daily loss limit"):
        bench.trade(other, account, SIZE, 60_000 - 401)
    fee = [(account, 0, 0, -100 * WAD), (bench.treasury, 0, 0, 100 * WAD)]
    with bench.refused("vault: daily loss limit"):
        bench.book([*bench.legs(other, account, SIZE, 60_000 - 301), *fee])
    bench.book([*bench.legs(other, account, SIZE, 60_000 - 300), *fee])
    today = bench.chain.timestamp // DAY
    assert bench.vault.allowance(account, bench.venue) == (1_000 * WAD, 1_000 * WAD, today)
    with bench.refused("vault: daily loss limit"):
        bench.book([(account, 0, 0, -1), (other, 0, 0, 1)])

    bench.trade(account, other, SIZE)  # at mark nothing is lost
    bench.wait(DAY - bench.chain.timestamp % DAY - 1)
    with bench.refused("vault: daily loss limit"):
        bench.book([(account, 0, 0, -1), (other, 0, 0, 1)])
    bench.wait(1)
    bench.book([(account, 0, 0, -1_000 * WAD), (other, 0, 0, 1_000 * WAD)])
    assert bench.vault.allowance(account, bench.venue) == (*(1_000 * WAD, 1_000 * WAD, today + 1),)
    with bench.refused("vault: daily loss limit"):
        bench.book([(account, 0, 0, -1), (other, 0, 0, 1)])


def test_limits_are_each_venues_own(bench: Bench, accounts, pair: tuple[int, int]) -> None:
    account, other = pair
    another = accounts[9]
    bench.registry.set_venue(another, True, sender=bench.governor)
    bench.set_venue(account, limit=10 * WAD)
    bench.set_venue(account, another, 20 * WAD)
    legs = [(account, 0, 0, -10 * WAD), (other, 0, 0, 10 * WAD)]
    bench.book(legs)
    bench.book(legs, another)
    bench.book(legs, another)
    for venue in (bench.venue, another):
        with bench.refused("vault: daily loss limit"):
            bench.book([(account, 0, 0, -1), (other, 0, 0, 1)], venue)


def test_initial_margin(bench: Bench, pair: tuple[int, int]) -> None:
    """100,000 bear ten bitcoin at 60,000; not eleven, and not nine that cost 62,500 each."""
    account, other = pair
    with bench.refused("vault: margin"):
        bench.trade(account, other, 11 * SIZE)
    with bench.refused("vault: margin"):
        bench.trade(account, other, 9 * SIZE, 62_500)
    bench.trade(account, other, 10 * SIZE)


def test_every_account_is_checked(bench: Bench, account: int, other: int) -> None:
    """The poor side stops the trade, whichever it is."""
    bench.fund(account, 100_000)
    bench.fund(other, 100)
    bench.approve(account, other)
    for legs in (bench.legs(account, other), bench.legs(other, account)):
        with bench.refused("vault: margin"):
            bench.book(legs)


def test_receiver_is_not_checked(bench: Bench, pair: tuple[int, int]) -> None:
    """A short account receives a fee while prices are stale."""
    account, other = pair
    third = bench.fund(bench.account(bench.stranger), 100)
    bench.approve(third)
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 48_500)
    bench.chain.mine(delta=5 * HOUR)
    bench.book([(third, 0, 0, -WAD), (account, 0, 0, WAD)])
    assert bench.cash(account) == 100_001 * WAD


def test_amount_too_large(bench: Bench, pair: tuple[int, int]) -> None:
    """Cash that no word holds is refused even where it cancels out."""
    account, other = pair
    with bench.refused("vault: amount too large"):
        bench.book([(other, 0, 0, 2**103), (account, 0, 0, -(2**103))])


# -- accounts that are short, and stale prices -----------------------------------------------------


def test_short_account_reduces(bench: Bench, pair: tuple[int, int]) -> None:
    """At mark always, below it for a tenth of the margin that it frees; never for nothing."""
    account, other = pair
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 56_500)
    bench.trade(other, account, SIZE)
    before = bench.margin(account)
    assert before.maintenance < before.equity < before.initial
    with bench.refused("vault: margin"):
        bench.trade(other, account, SIZE // 10, 56_500 - 1_000)
    bench.trade(other, account, SIZE // 10, 56_500 - 600)
    after = bench.margin(account)
    assert after.equity < after.initial
    assert after.equity * before.maintenance > before.equity * after.maintenance
    with bench.refused("vault: margin"):
        bench.book([(account, 0, 0, -(10**7)), (other, 0, 0, 10**7)])
    with bench.refused("vault: margin"):
        bench.trade(account, other, SIZE // 100)
    bench.trade(other, account, 7 * SIZE)


def test_cost_of_a_reduction(bench: Bench, pair: tuple[int, int]) -> None:
    """A tenth of the margin that it frees, to the wei, and the tolerance for rounding."""
    account, other = pair
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 56_500)
    before = bench.margin(account)
    rest = replace(bench.ledger.book_of(account), positions=(word(bench.btc, 8 * SIZE),))
    after = assess(rest, bench.ledger.model, bench.ledger.markets)
    most = (before.maintenance - after.maintenance) // 10 + 10**6

    def close(cost: int) -> list[tuple[int, int, int, int]]:
        quote = 56_500 * WAD - cost
        return [(account, bench.btc, -SIZE, quote), (other, bench.btc, SIZE, -quote)]

    with bench.refused("vault: margin"):
        bench.book(close(most + 1))
    bench.book(close(most))
    assert bench.margin(account).equity == before.equity - most


def test_cost_of_a_reduction_near_insolvency(bench: Bench, pair: tuple[int, int]) -> None:
    """No more of equity than in proportion to the margin that is freed: the ratio gets no worse."""
    account, other = pair
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 49_150)
    margin = bench.margin(account)
    assert margin.equity == 2_350 * WAD < margin.maintenance // 20
    with bench.refused("vault: margin"):  # a hundredth of the price is a thirteenth of the margin
        bench.trade(other, account, SIZE, 49_150 - 491)
    bench.trade(other, account, SIZE, 49_150 - 250)
    after = bench.margin(account)
    assert after.equity * margin.maintenance > margin.equity * after.maintenance


def test_insolvent_account_reduces(bench: Bench, pair: tuple[int, int]) -> None:
    """Below zero it closes at mark or better, once the price opens risk again."""
    account, other = pair
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 45_000)
    assert bench.equity(account) == -35_000 * WAD
    with bench.refused("vault: margin"):
        bench.trade(other, account, SIZE)
    bench.move(BTC, 45_000)
    with bench.refused("vault: margin"):
        bench.trade(other, account, SIZE, 44_999)
    bench.trade(other, account, SIZE)
    bench.trade(other, account, SIZE, 46_000)
    assert bench.equity(account) == -34_000 * WAD


def test_hedge_of_a_short_account_is_a_reduction(
    bench: Bench, account: int, other: int, lender: int
) -> None:
    """What lowers its margin is allowed: here bitcoin sold against bitcoin held."""
    bench.fund(account, wbtc=5 * 10**8)
    bench.fund(other, 100_000)
    bench.approve(account, other)
    bench.set_netting(account, PORTFOLIO)
    bench.withdraw(account, bench.quote, usd(240_000))
    bench.jump(BTC, 56_500)
    margin = bench.margin(account)
    assert margin.maintenance < margin.equity < margin.initial
    with bench.refused("vault: margin"):
        bench.trade(account, other, SIZE)
    bench.trade(other, account, SIZE)
    assert bench.margin(account).maintenance < margin.maintenance


def test_stale_prices(bench: Bench, pair: tuple[int, int]) -> None:
    """While the price is stale both sides may reduce, and nobody opens, however rich."""
    account, other = pair
    third = bench.fund(bench.account(bench.stranger), 100_000)
    bench.approve(third)
    bench.trade(account, other)
    bench.chain.mine(delta=5 * HOUR)
    assert bench.market.peek(BTC).validity == STALE
    with bench.refused("vault: margin"):
        bench.trade(account, other, 1)
    with bench.refused("vault: margin"):
        bench.trade(third, account, 1)
    bench.trade(other, account, SIZE // 2)
    bench.chain.mine(delta=30 * DAY)
    bench.trade(other, account, SIZE // 2)
    with bench.refused("vault: margin"):
        bench.trade(account, other, 1)


def test_only_what_an_account_holds_must_be_fresh(bench: Bench, pair: tuple[int, int]) -> None:
    account, other = pair
    bench.trade(account, other)
    bench.chain.mine(delta=5 * HOUR)
    bench.set_price(ETH, 3_000)
    with bench.refused("vault: margin"):
        bench.trade(account, other, SIZE, instrument=bench.eth)
    bench.trade(other, account)
    bench.trade(account, other, SIZE, instrument=bench.eth)


def test_alarm(bench: Bench, pair: tuple[int, int]) -> None:
    """A price that has jumped further than the alarm opens nothing until the stable one is near."""
    account, other = pair
    bench.jump(SOL, 185)
    assert bench.market.peek(SOL).validity == COLLATERAL
    with bench.refused("vault: margin"):
        bench.trade(account, other, SIZE, instrument=bench.sol)
    bench.wait(HOUR)
    bench.trade(account, other, SIZE, instrument=bench.sol)


def test_size_limit_of_one_winds_down(bench: Bench, pair: tuple[int, int]) -> None:
    """Beyond its limit a position may shrink, but not turn round."""
    account, other = pair
    bench.trade(account, other, 2 * SIZE)
    bench.set_size_limit(BTC, 1)
    with bench.refused("vault: position limit"):
        bench.trade(other, account, 3 * SIZE)
    with bench.refused("vault: position limit"):
        bench.trade(account, other, 1)
    bench.trade(other, account, SIZE)
    bench.trade(other, account, SIZE)
    assert bench.vault.position(account, bench.btc) == 0
