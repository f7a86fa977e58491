"""Orders of several legs: filled together, in ratio, at a net price, or not at all."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.client.orders import Leg
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call, future, perpetual, put
from tests.harness import reverts

from .desk import BTC, ETH, MARK, PERPETUAL, check_match, fill_of

ETHER, SOLANA = perpetual(ETH), perpetual(3)
ETHER_MARK, SOLANA_MARK = 3_000 * WAD, 150 * WAD
PAIR = (Leg(PERPETUAL), Leg(ETHER, -20))  # worth nothing at mark
TICK = 10**8


@pytest.fixture(scope="module", autouse=True)
def marks(protocol):
    """Prices that are easy to reckon with."""
    told = [protocol.market.peek(underlying).mark for underlying in (1, 2, 3)]
    assert told == [MARK, ETHER_MARK, SOLANA_MARK]


def positions(desk, account, *instruments):
    return [desk.position(account, instrument) / SIZE for instrument in instruments]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("price", [100 * WAD, 0, -100 * WAD], ids=["debit", "even", "credit"])
def test_a_spread_trades_with_a_spread(
    desk, book, protocol, taker, maker, taking, making, side, price
):
    """Two units: the buyer pays the seller twice the price, or receives it where it is negative.
    Both pay fees for 2 * (60,000 + 20 * 3,000) of notional: the taker 96, the maker 24.
    """
    taken = desk.sign(desk.order(taking, 3 * side, price, legs=PAIR), taker)
    made = desk.sign(desk.order(making, -2 * side, price, legs=PAIR), maker)
    cash = desk.cash(taking), desk.cash(making)

    receipt = check_match(desk, taken, [made], [2])

    assert positions(desk, taking, PERPETUAL, ETHER) == [2 * side, -40 * side]
    assert positions(desk, making, PERPETUAL, ETHER) == [-2 * side, 40 * side]
    assert desk.cash(taking) == cash[0] - 2 * side * price - 96 * WAD
    assert desk.cash(making) == cash[1] + 2 * side * price - 24 * WAD
    assert [
        (event.account, event.size, event.price, event.fee)
        for event in receipt.events_of(book.Filled)
    ] == [
        (making, -2 * side * SIZE, price, 24 * WAD),
        (taking, 2 * side * SIZE, price, 96 * WAD),
    ]
    assert book.filled(desk.digest(taken)) == book.filled(desk.digest(made)) == 2 * SIZE


def test_the_same_legs_may_be_written_the_other_way_round(desk, taker, maker, taking, making):
    """Who sells a unit for -5 buys the opposite unit for 5."""
    opposite = (Leg(ETHER, 20), Leg(PERPETUAL, -1))
    bid = desk.sign(desk.order(taking, 1, 5 * WAD, legs=PAIR), taker)
    other = desk.sign(desk.order(making, 1, -5 * WAD, legs=opposite), maker)
    check_match(desk, bid, [other], [1])


def test_a_spread_trades_with_orders_for_its_legs(desk, accounts, taker, taking):
    """Each maker at its own price: 60,010 - 20 * 2,999 = 30 a unit."""
    sellers = [(accounts[10 + number], desk.open(accounts[10 + number])) for number in range(3)]
    orders = [
        desk.order(sellers[0][1], -1, MARK + 10 * WAD),
        desk.order(sellers[1][1], 25, ETHER_MARK - WAD, legs=(Leg(ETHER),)),
        desk.order(sellers[2][1], 25, ETHER_MARK - WAD, legs=(Leg(ETHER),)),
    ]
    makers = [desk.sign(order, owner) for order, (owner, _) in zip(orders, sellers, strict=True)]
    dear = desk.sign(desk.order(taking, 1, 30 * WAD - TICK, legs=PAIR), taker)
    with reverts("orders: prices do not cross, order 0"):
        desk.match(dear, makers, [0.5, 4, 6], 0.5)
    bid = desk.sign(desk.order(taking, 1, 30 * WAD, legs=PAIR), taker)
    check_match(desk, bid, makers, [0.5, 4, 6], 0.5)
    assert positions(desk, taking, PERPETUAL, ETHER) == [0.5, -10]


def test_an_outright_order_trades_with_spreads(desk, accounts, taker, maker, taking, making):
    """The taker's bitcoin comes from a maker who swaps it for another maker's ether."""
    other = desk.open(accounts[10])
    swap = desk.sign(desk.order(making, -1, 0, legs=PAIR), maker)
    ether = desk.sign(desk.order(other, -20, ETHER_MARK, legs=(Leg(ETHER),)), accounts[10])
    bid = desk.sign(desk.order(taking, 1), taker)
    check_match(desk, bid, [swap, ether], [1, 20], 1)
    assert positions(desk, taking, PERPETUAL, ETHER) == [1, 0]
    assert positions(desk, making, PERPETUAL, ETHER) == [-1, 20]
    assert positions(desk, other, PERPETUAL, ETHER) == [0, -20]


def test_ratios_scale_every_leg(desk, taker, maker, taking, making):
    """To 1e-8 contracts, however small the fill is."""
    legs = (Leg(PERPETUAL, 2), Leg(ETHER, -7), Leg(SOLANA, 3))
    price = 2 * MARK - 7 * ETHER_MARK + 3 * SOLANA_MARK
    bid = desk.sign(desk.order(taking, 1, price, legs=legs), taker)
    ask = desk.sign(desk.order(making, -1, price, legs=legs), maker)
    for size in (1, 123_457):
        before = positions(desk, taking, PERPETUAL, ETHER, SOLANA)
        check_match(desk, bid, [ask], [size / SIZE])
        after = positions(desk, taking, PERPETUAL, ETHER, SOLANA)
        changes = [round((new - old) * SIZE) for old, new in zip(before, after, strict=True)]
        assert changes == [2 * size, -7 * size, 3 * size]


def test_one_instrument_may_be_in_two_legs(desk, taker, maker, taking, making):
    legs = (Leg(PERPETUAL, 3), Leg(PERPETUAL, -1))
    bid = desk.sign(desk.order(taking, 1, 2 * MARK, legs=legs), taker)
    check_match(desk, bid, [desk.sign(desk.order(making, -2), maker)], [2], 1)
    assert desk.position(taking) == 2 * SIZE


def test_a_part_is_not_filled_alone(desk, taker, maker, taking, making):
    """Neither one leg without the other, nor out of ratio."""
    bid = desk.sign(desk.order(taking, 1, 10 * MARK, legs=PAIR), taker)
    bitcoin = desk.sign(desk.order(making, -1), maker)
    ether = desk.sign(desk.order(making, 20, ETHER_MARK, legs=(Leg(ETHER),)), maker)
    for makers, sizes in (
        ([bitcoin], [1]),
        ([ether], [20]),
        ([bitcoin, ether], [1, 20 - 1 / SIZE]),
        ([bitcoin, ether], [0.5, 20]),
    ):
        with reverts("vault: sizes not zero-sum"):
            desk.match(bid, makers, sizes, 1)
    check_match(desk, bid, [bitcoin, ether], [1, 20], 1)


@pytest.mark.parametrize("count", [8, 9])
def test_eight_legs(desk, taker, maker, taking, making, count):
    legs = (Leg(PERPETUAL), Leg(ETHER), Leg(SOLANA)) * 2 + (Leg(PERPETUAL),) * (count - 6)
    price = (count - 4) * MARK + 2 * ETHER_MARK + 2 * SOLANA_MARK
    bid = desk.order(taking, 0.1, price, legs=legs)
    ask = desk.sign(desk.order(making, -0.1, price, legs=legs), maker)
    if count == 8:
        check_match(desk, desk.sign(bid, taker), [ask], [0.1])
    else:
        with reverts(""):
            desk.match(desk.sign(bid, taker), [ask], [0.1])


def test_thirty_legs_fit_into_a_match(desk, taker, maker, taking, making):
    """What the vault books at once, less the two legs of the fees' receivers."""
    legs = (Leg(PERPETUAL), Leg(ETHER), Leg(SOLANA)) * 2
    price = 2 * (MARK + ETHER_MARK + SOLANA_MARK)
    bid = desk.sign(desk.order(taking, 1, 10 * price, legs=legs), taker)
    ask = desk.sign(desk.order(making, -1, price, legs=legs), maker)
    single = desk.sign(desk.order(making, -1), maker)
    check_match(desk, bid, [ask] * 4, [0.01] * 4)
    with reverts("orders: too many legs, order 0"):
        desk.match(bid, [ask] * 4 + [single], [0.01] * 5, 0.04)
    with reverts("orders: too many legs, order 6"):
        desk.match(bid, [ask] * 6, [0.01] * 6)


@settings(max_examples=30)
@given(
    ratios=st.lists(st.integers(-5, 5).filter(bool), min_size=3, max_size=3),
    fills=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, SIZE // 10), st.integers(-(10**11), 10**11)),
        min_size=1,
        max_size=4,
    ),
    fees=st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 10_000)),
    side=st.sampled_from([1, -1]),
)
def test_every_wei_as_specified(desk, chain, protocol, taker, maker, ratios, fills, fees, side):
    """Any ratios, sizes, prices near mark and fees; nobody pays more than its limit and its fee."""
    with chain.isolate():
        desk.book.set_fees(fees, sender=protocol.steward)
        accounts = [desk.open(maker, 7 + number) for number in range(3)]
        instruments = (PERPETUAL, ETHER, SOLANA)
        legs = tuple(Leg(*pair) for pair in zip(instruments, ratios, strict=True))
        marks = (MARK, ETHER_MARK, SOLANA_MARK)
        mark = sum(ratio * price for ratio, price in zip(ratios, marks, strict=True))
        makers = [
            desk.sign(
                desk.order(accounts[which], 0, mark + gap * TICK, legs=legs, size=-side * size),
                maker,
            )
            for which, size, gap in fills
        ]
        limit = mark + side * 10**19
        bid = desk.sign(desk.order(desk.open(taker, 7), 8 * side, limit, legs=legs), taker)
        receipt = check_match(desk, bid, makers, [size / SIZE for _, size, _ in fills])
        *made, taken = receipt.events_of(desk.book.Filled)
        assert [event.price for event in made] == [signed.order.price for signed in makers]
        assert side * (taken.price - limit) <= 0


# reduce-only: every leg


def test_reduces_every_leg(desk, taker, maker, taking, making):
    """Long bitcoin and short ether: the opposite is reducing as far as the smaller leg goes."""
    bid = desk.sign(desk.order(taking, 2, 0, legs=PAIR), taker)
    other = desk.sign(desk.order(making, -2, 0, legs=PAIR), maker)
    desk.match(bid, [other], [2])
    ether = desk.sign(desk.order(taking, 10, ETHER_MARK, legs=(Leg(ETHER),)), taker)
    desk.match(
        ether, [desk.sign(desk.order(making, -10, ETHER_MARK, legs=(Leg(ETHER),)), maker)], [10]
    )

    ask = desk.sign(desk.order(taking, -2, 0, legs=PAIR, reduce_only=True), taker)
    back = desk.sign(desk.order(making, 2, 0, legs=PAIR), maker)
    with reverts("orders: not reducing, order 0"):
        desk.match(ask, [back], [1.5 + 1 / SIZE])  # ether would turn round
    check_match(desk, ask, [back], [1.5])
    assert positions(desk, taking, PERPETUAL, ETHER) == [0.5, 0]


@pytest.mark.parametrize("legs", [PAIR, PAIR[::-1]], ids=["first", "last"])
def test_refuses_to_open_one_leg_by_reducing_another(desk, taker, maker, taking, making, legs):
    bid = desk.sign(desk.order(taking, 1), taker)
    desk.match(bid, [desk.sign(desk.order(making, -1), maker)], [1])
    ask = desk.sign(desk.order(taking, -1, 0, legs=legs, reduce_only=True), taker)
    with reverts("orders: not reducing, order 0"):
        desk.match(ask, [desk.sign(desk.order(making, 1, 0, legs=legs), maker)], [1])


# fees of futures and options; a vault that books anything


ANY_VAULT = """
# pragma version 0.4.3

from interfaces import IMarginVault

market: public(address)
legs: DynArray[IMarginVault.Leg, 32]

@deploy
def __init__(_market: address):
    self.market = _market

@external
def book(legs: DynArray[IMarginVault.Leg, 32]):
    self.legs = legs

@external
@view
def booked() -> DynArray[IMarginVault.Leg, 32]:
    return self.legs

@external
@view
def may(account: uint256, operator: address, scope: address) -> bool:
    return True
"""

EXPIRY = 1_798_358_400
CALL, HIGH_CALL, PUT = (
    call(BTC, EXPIRY, 60_000 * SIZE),
    call(BTC, EXPIRY, 70_000 * SIZE),
    put(BTC, EXPIRY, 60_000 * SIZE),
)
FUTURE = future(BTC, EXPIRY)


@pytest.fixture(scope="module")
def anything(desk, project, protocol):
    """Matches whatever is signed, and tells the legs that reach the vault; maker 1, taker 4 bps."""
    vault = project.inline(ANY_VAULT, "AnyVault").deploy(protocol.market, sender=protocol.governor)
    book = project.OrderBook.deploy(
        protocol.registry, vault, protocol.treasury, (1, 4, 3_000), sender=protocol.governor
    )
    domain = replace(desk.domain, order_book=book.address)

    def match(taker, makers, sizes):
        signed = [domain.sign(order, protocol.taker.key) for order in (taker, *makers)]
        receipt = book.match(
            signed, [round(size * SIZE) for size in sizes], sender=protocol.stranger
        )
        fills = [
            fill_of(item, round(size * SIZE)) for item, size in zip(signed, sizes, strict=True)
        ]
        legs = desk.booked(fills, (1, 4, 3_000))
        assert [tuple(leg) for leg in vault.booked()] == [astuple(leg) for leg in legs]
        return [event.fee for event in receipt.events_of(book.Filled)]

    return match


@pytest.mark.parametrize(
    ("legs", "price", "fees"),
    [
        ([Leg(FUTURE)], 61_000, (6, 24)),  # of the index
        ([Leg(PERPETUAL)], 1, (6, 24)),  # whatever is paid
        ([Leg(CALL)], 2_000, (6, 24)),
        ([Leg(CALL)], 100, (6, 12.5)),  # an eighth of the premium is less
        ([Leg(CALL)], 0, (0, 0)),
        ([Leg(CALL), Leg(HIGH_CALL, -1)], 1_500, (12, 48)),
        ([Leg(CALL), Leg(HIGH_CALL, -1)], -80, (10, 10)),
        ([Leg(CALL, 2), Leg(HIGH_CALL, -3)], 2_000, (30, 120)),
        ([Leg(CALL), Leg(PUT, -1)], 0, (0, 0)),
        ([Leg(CALL), Leg(PUT, -1), Leg(FUTURE, -1)], 0, (18, 72)),  # something linear: no cap
        ([Leg(FUTURE, -1), Leg(CALL), Leg(PUT, -1)], 0, (18, 72)),  # wherever it stands
        ([Leg(PERPETUAL), Leg(FUTURE, -1)], -500, (12, 48)),
        ([Leg(CALL), Leg(ETHER, -2)], 1_000, (6.6, 26.4)),
    ],
    ids=str,
)
@pytest.mark.parametrize("side", [1, -1])
def test_fees(desk, anything, legs, price, fees, side):
    """For one unit, in dollars, with bitcoin at 60,000 and ether at 3,000: maker's, taker's."""
    terms = {"price": price * WAD, "legs": tuple(legs)}
    taker, maker = desk.order(1, side, **terms), desk.order(2, -side, **terms)
    assert anything(taker, [maker], [1, 1]) == [round(fee * 10) * WAD // 10 for fee in fees]


def test_fees_round_up(desk, anything):
    """The smallest fill of a cheap option still costs a wei."""
    terms = {"price": TICK, "legs": (Leg(CALL),)}
    taker, maker = desk.order(1, 1, **terms), desk.order(2, -1, **terms)
    assert anything(taker, [maker], [1 / SIZE, 1 / SIZE]) == [1, 1]
