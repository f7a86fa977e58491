"""A taker's order against makers' orders, all or nothing, at the makers' prices."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.client.orders import Leg
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import CASH, account_id, perpetual
from tests.harness import reverts

from .desk import ETH, MARK, PERPETUAL, check_match

CENT = WAD // 100
TICK = 10**8


def fills_of(receipt, book):
    return [tuple(event.args.values()) for event in receipt.events_of(book.Filled)]


@pytest.mark.parametrize("side", [1, -1])
def test_two_orders_trade(desk, book, protocol, taker, maker, taking, making, side):
    """Two contracts at mark: 120,000 of notional; the taker pays 48, the maker 12 of fees, of
    which insurance receives 30 % and the treasury the rest.
    """
    bid = desk.sign(desk.order(taking, 3 * side), taker)
    ask = desk.sign(desk.order(making, -2 * side), maker)
    cash = desk.cash(taking)

    receipt = check_match(desk, bid, [ask], [2])

    assert desk.position(taking) == 2 * side * SIZE
    assert desk.position(making) == -2 * side * SIZE
    assert desk.cash(taking) == cash - 48 * WAD
    assert desk.cash(protocol.insurance) == 18 * WAD
    assert desk.cash(protocol.treasury) == 42 * WAD
    assert fills_of(receipt, book) == [
        (desk.digest(ask), making, -2 * side * SIZE, MARK, 12 * WAD),
        (desk.digest(bid), taking, 2 * side * SIZE, MARK, 48 * WAD),
    ]
    assert book.filled(desk.digest(bid)) == 2 * SIZE
    assert book.filled(desk.digest(ask)) == 2 * SIZE


@pytest.mark.parametrize("side", [1, -1])
def test_each_maker_trades_at_its_own_price(desk, book, accounts, taker, taking, side):
    """The taker pays the average; a maker who asks less than the limit gets no more."""
    prices = [MARK - side * 30 * WAD, MARK - side * 10 * WAD, MARK + side * 7 * CENT]
    makers = [
        desk.sign(desk.order(desk.open(owner, 5), -side * 2, price), owner)
        for owner, price in zip(accounts[10:13], prices, strict=True)
    ]
    taken = desk.sign(desk.order(taking, side * 10, MARK + side * WAD), taker)

    receipt = check_match(desk, taken, makers, [1, 0.5, 2])

    average = (2 * prices[0] + prices[1] + 4 * prices[2]) // 7
    assert [event.price for event in receipt.events_of(book.Filled)] == [*prices, average]
    assert desk.position(taking) == side * 3.5 * SIZE


def test_makers_may_share_an_account(desk, taker, maker, taking, making):
    asks = [desk.sign(desk.order(making, -1, MARK + i * WAD), maker) for i in range(3)]
    bid = desk.sign(desk.order(taking, 3, MARK + 5 * WAD), taker)
    check_match(desk, bid, asks, [1, 1, 0.25])
    assert desk.position(making) == -2.25 * SIZE


def test_an_order_may_come_twice(desk, book, taker, maker, taking, making):
    ask = desk.sign(desk.order(making, -3), maker)
    bid = desk.sign(desk.order(taking, 3), taker)
    check_match(desk, bid, [ask, ask], [1, 2])
    assert book.filled(desk.digest(ask)) == 3 * SIZE


def test_an_order_is_filled_in_parts(desk, book, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 3), taker)
    for part in (1, 0.5, 1.5):
        ask = desk.sign(desk.order(making, -part), maker)
        check_match(desk, bid, [ask], [part])
    assert book.filled(desk.digest(bid)) == 3 * SIZE
    assert desk.position(taking) == 3 * SIZE

    ask = desk.sign(desk.order(making, -1), maker)
    with reverts("orders: overfilled, order 0"):
        desk.match(bid, [ask], [1])


def test_eight_makers(desk, book, accounts, taker, taking):
    """As many as fit; the call takes no ninth."""
    owners = accounts[10:18]
    asks = [desk.sign(desk.order(desk.open(owner, 6), -1), owner) for owner in owners]
    check_match(desk, desk.sign(desk.order(taking, 10), taker), asks, [0.125] * 8)
    assert desk.position(taking) == SIZE

    bid = desk.sign(desk.order(taking, 10), taker)
    with reverts(""):
        desk.match(bid, [*asks, asks[0]], [0.1] * 9)


def test_a_market_order_has_the_widest_limit(desk, taker, maker, taking, making):
    ask = desk.sign(desk.order(taking, -1, 0), taker)
    check_match(desk, ask, [desk.sign(desk.order(making, 1), maker)], [1])
    bid = desk.sign(desk.order(taking, 1, 10**25), taker)
    check_match(desk, bid, [desk.sign(desk.order(making, -1), maker)], [1])


def test_the_insurance_account_may_trade(desk, protocol, maker, making):
    """It pays its fee and receives its share of it."""
    account = desk.open(protocol.governor, protocol.insurance & (2**96 - 1))
    bid = desk.sign(desk.order(account, 1), protocol.governor)
    check_match(desk, bid, [desk.sign(desk.order(making, -1), maker)], [1])


@settings(max_examples=30)
@given(
    fills=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, SIZE), st.integers(-(10**12), 10**12)),
        min_size=1,
        max_size=8,
    ),
    fees=st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 10_000)),
    side=st.sampled_from([1, -1]),
)
def test_every_wei_as_specified(desk, chain, protocol, taker, maker, fills, fees, side):
    """Any sizes, prices near mark, and fees; three accounts make."""
    with chain.isolate():
        desk.book.set_fees(fees, sender=protocol.steward)
        accounts = [desk.open(maker, 7 + number) for number in range(3)]
        makers = [
            desk.sign(desk.order(accounts[which], 0, MARK + gap * TICK, size=-side * size), maker)
            for which, size, gap in fills
        ]
        limit = MARK + side * 10**20
        bid = desk.sign(desk.order(desk.open(taker, 7), 8 * side, limit), taker)
        check_match(desk, bid, makers, [size / SIZE for _, size, _ in fills])


# what an order must be


def changed(desk, now):
    """Orders that do not stand, by the reason: what is wrong with them."""
    return {
        "expired": {"expiry": now - 1},
        "out of range": {"size": -(2**67)},
        "overfilled": {"size": SIZE - 1},
    }


@pytest.mark.parametrize("index", [0, 1, 3])
@pytest.mark.parametrize("reason", ["expired", "out of range", "overfilled"])
def test_refuses_an_order_that_does_not_stand(
    desk, chain, taker, maker, taking, making, index, reason
):
    wrong = changed(desk, chain.timestamp)[reason]
    orders = [desk.order(taking, 3), *(desk.order(making, -1) for _ in range(3))]
    orders[index] = replace(orders[index], **wrong)
    if index > 0:
        orders[index] = replace(orders[index], size=-abs(orders[index].size))
    bid, *asks = [
        desk.sign(order, owner)
        for order, owner in zip(orders, [taker, maker, maker, maker], strict=True)
    ]
    with reverts(f"orders: {reason}, order {index}"):
        desk.match(bid, asks, [1, 1, 1])


def test_bounds_are_allowed(desk, book, chain, taker, maker, taking, making):
    """The last second, the largest size, the lowest salt."""
    book.cancel_below(taking, 1_000_000, sender=taker)
    bid = desk.order(taking, 0, size=2**67 - 1, expiry=chain.timestamp, salt=1_000_000)
    ask = desk.order(making, 0, size=-(2**67 - 1), expiry=chain.timestamp)
    check_match(desk, desk.sign(bid, taker), [desk.sign(ask, maker)], [1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": 10**25 + TICK},
        {"price": -(10**25) - TICK},
        {"price": MARK + TICK - 1},
        {"price": MARK + 1},
        {"size": 2**67},
        {"size": -(2**255)},
        {"legs": ()},
        {"legs": (Leg(PERPETUAL, 0),)},
        {"legs": (Leg(PERPETUAL), Leg(perpetual(ETH), 10_001))},
        {"legs": (Leg(PERPETUAL), Leg(perpetual(ETH), -10_001))},
        {"legs": (Leg(PERPETUAL), Leg(perpetual(ETH), -(2**255)))},
    ],
    ids=str,
)
def test_refuses_what_is_out_of_range(desk, taker, maker, taking, making, wrong):
    bid = desk.sign(replace(desk.order(taking, 1), **wrong), taker)
    ask = desk.sign(desk.order(making, -1), maker)
    with reverts("orders: out of range, order 0"):
        desk.match(bid, [ask], [1])


def test_refuses_a_cancelled_order(desk, book, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 1), taker)
    asks = [desk.sign(desk.order(making, -1), maker) for _ in range(2)]
    book.cancel(asks[1].order, sender=maker)
    with reverts("orders: cancelled, order 2"):
        desk.match(bid, asks, [0.5, 0.5])
    book.cancel(bid.order, sender=taker)
    with reverts("orders: cancelled, order 0"):
        desk.match(bid, asks[:1], [0.5])


def test_refuses_an_order_below_the_nonce(desk, book, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 1), taker)
    asks = [desk.sign(desk.order(making, -1), maker) for _ in range(2)]
    book.cancel_below(making, asks[1].order.salt, sender=maker)
    with reverts("orders: below nonce, order 1"):
        desk.match(bid, asks, [0.5, 0.5])
    desk.match(bid, asks[1:], [0.5])
    book.cancel_below(taking, bid.order.salt + 1, sender=taker)
    with reverts("orders: below nonce, order 0"):
        desk.match(bid, asks[1:], [0.5])


def test_refuses_to_fill_nothing(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 1), taker)
    asks = [desk.sign(desk.order(making, -1), maker) for _ in range(2)]
    with reverts("orders: nothing to fill, order 2"):
        desk.match(bid, asks, [1, 0])


def test_refuses_more_than_is_left_of_a_repeated_order(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 9), taker)
    ask = desk.sign(desk.order(making, -3), maker)
    with reverts("orders: overfilled, order 2"):
        desk.match(bid, [ask, ask], [2, 2])


def test_refuses_an_order_of_no_size(desk, taker, maker, taking, making):
    bid, ask = desk.order(taking, 1), desk.order(making, -1)
    nothing = desk.sign(replace(ask, size=0), maker)
    with reverts("orders: overfilled, order 1"):
        desk.match(desk.sign(bid, taker), [nothing], [1])
    nothing = desk.sign(replace(ask, account=taking, size=0), taker)
    with reverts("orders: overfilled, order 0"):
        desk.match(nothing, [desk.sign(replace(bid, account=making), maker)], [1])


def test_refuses_a_post_only_taker(desk, taker, maker, taking, making):
    ask = desk.sign(desk.order(making, -1, post_only=True), maker)
    bid = desk.sign(desk.order(taking, 1, post_only=True), taker)
    with reverts("orders: post only, order 0"):
        desk.match(bid, [ask], [1])
    check_match(desk, desk.sign(desk.order(taking, 1), taker), [ask], [1])


# what two orders must be for each other


def test_refuses_another_instrument(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 2), taker)
    asks = [desk.order(making, -1), desk.order(making, -1, legs=(Leg(perpetual(ETH)),))]
    with reverts("vault: sizes not zero-sum"):
        desk.match(bid, [desk.sign(ask, maker) for ask in asks], [1, 1])


@pytest.mark.parametrize("side", [1, -1])
def test_refuses_the_same_side(desk, taker, maker, taking, making, side):
    """Both buy at any price, so that they would not even have to pay each other."""
    bid = desk.sign(desk.order(taking, side, side * 10**25), taker)
    other = desk.sign(desk.order(making, side, 0), maker)
    with reverts("vault: sizes not zero-sum"):
        desk.match(bid, [other], [1])


def test_refuses_sizes_that_do_not_come_out_even(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 2, 2 * MARK), taker)
    ask = desk.sign(desk.order(making, -2), maker)
    for taken in (1 - 1 / SIZE, 1 + 1 / SIZE):
        with reverts("vault: sizes not zero-sum"):
            desk.match(bid, [ask], [1], taken)


def test_refuses_a_self_trade(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 2), taker)
    asks = [desk.sign(desk.order(making, -1), maker), desk.sign(desk.order(taking, -1), taker)]
    with reverts("orders: self-trade, order 2"):
        desk.match(bid, asks, [1, 1])


def test_accounts_of_one_owner_may_trade(desk, taker, taking):
    other = desk.open(taker, 1)
    bid, ask = desk.order(taking, 1), desk.order(other, -1)
    check_match(desk, desk.sign(bid, taker), [desk.sign(ask, taker)], [1])


@pytest.mark.parametrize("side", [1, -1])
def test_refuses_prices_that_do_not_cross(desk, taker, maker, taking, making, side):
    """It is the whole that must not cost more than the limit, to the wei."""
    bid = desk.sign(desk.order(taking, 3 * side), taker)
    asks = [desk.sign(desk.order(making, -side, MARK + side * gap), maker) for gap in (TICK, -TICK)]
    with reverts("orders: prices do not cross, order 0"):
        desk.match(bid, asks, [1, 1 - 1 / SIZE])
    check_match(desk, bid, asks, [1, 1])


def test_refuses_who_a_maker_does_not_trade_with(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 1), taker)
    ask = desk.sign(desk.order(making, -1, taker=taking + 1), maker)
    with reverts("orders: counterparty, order 1"):
        desk.match(bid, [ask], [1])
    ask = desk.sign(desk.order(making, -1, taker=taking), maker)
    check_match(desk, bid, [ask], [1])


def test_refuses_who_the_taker_does_not_trade_with(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 2, taker=making), taker)
    other = desk.open(maker, 1)
    asks = [desk.sign(desk.order(account, -1), maker) for account in (making, other)]
    with reverts("orders: counterparty, order 2"):
        desk.match(bid, asks, [1, 1])
    check_match(desk, bid, asks[:1], [1])


# reduce-only, judged by the result


@pytest.fixture(params=[1, -1])
def long(request, desk, taker, maker, taking, making):
    """The side of the taker's account, which holds two contracts of the maker's."""
    side = request.param
    bid = desk.sign(desk.order(taking, 2 * side), taker)
    desk.match(bid, [desk.sign(desk.order(making, -2 * side), maker)], [2])
    return side


@pytest.mark.parametrize("contracts", [1, 2])
def test_reduces_as_taker(desk, taker, maker, taking, making, long, contracts):
    ask = desk.sign(desk.order(taking, -3 * long, reduce_only=True), taker)
    check_match(desk, ask, [desk.sign(desk.order(making, 3 * long), maker)], [contracts])
    assert desk.position(taking) == (2 - contracts) * long * SIZE


def test_refuses_to_cross_zero_as_taker(desk, taker, maker, taking, making, long):
    ask = desk.sign(desk.order(taking, -3 * long, reduce_only=True), taker)
    bid = desk.sign(desk.order(making, 3 * long), maker)
    with reverts("orders: not reducing, order 0"):
        desk.match(ask, [bid], [2 + 1 / SIZE])


def test_refuses_to_add_as_taker(desk, taker, maker, taking, making, long):
    bid = desk.sign(desk.order(taking, long, reduce_only=True), taker)
    ask = desk.sign(desk.order(making, -long), maker)
    with reverts("orders: not reducing, order 0"):
        desk.match(bid, [ask], [1])


def test_refuses_to_open_by_reducing(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 1, reduce_only=True), taker)
    ask = desk.sign(desk.order(making, -1), maker)
    with reverts("orders: not reducing, order 0"):
        desk.match(bid, [ask], [1])


def test_reduces_as_maker(desk, accounts, taker, taking, long):
    other = accounts[10]
    asks = [desk.sign(desk.order(taking, -1 * long, reduce_only=True), taker) for _ in range(3)]
    bid = desk.sign(desk.order(desk.open(other), 3 * long), other)
    with reverts("orders: not reducing, order 1"):
        desk.match(bid, asks, [1, 1, 1])
    check_match(desk, bid, asks, [1, 0.5, 0.5])
    assert desk.position(taking) == 0


def test_other_orders_of_the_account_count(desk, accounts, taker, taking, long):
    """A reduce-only order cannot be filled beside one that carries the position past zero."""
    other = accounts[10]
    plain = desk.sign(desk.order(taking, -3 * long), taker)
    reducing = desk.sign(desk.order(taking, -1 * long, reduce_only=True), taker)
    bid = desk.sign(desk.order(desk.open(other), 5 * long), other)
    with reverts("orders: not reducing, order 2"):
        desk.match(bid, [plain, reducing], [2, 1])
    check_match(desk, bid, [plain, reducing], [1, 1])


# what the call must be, and what the vault says


def test_refuses_no_makers(desk, taker, taking):
    with reverts("orders: no makers"):
        desk.match(desk.sign(desk.order(taking, 1), taker), [], [])


def test_refuses_sizes_that_do_not_fit(desk, taker, maker, taking, making):
    bid = desk.sign(desk.order(taking, 1), taker)
    ask = desk.sign(desk.order(making, -1), maker)
    with reverts("orders: sizes"):
        desk.match(bid, [ask], [0.5, 0.5])
    with reverts("orders: sizes"):
        desk.match(bid, [ask], [])


def test_needs_the_owners_approval(desk, taker, maker, taking):
    unapproved = account_id(int(maker.address, 16), 3)
    desk.deposit(unapproved, 100_000)
    bid = desk.sign(desk.order(taking, 1), taker)
    with reverts("vault: venue not approved"):
        desk.match(bid, [desk.sign(desk.order(unapproved, -1), maker)], [1])


def test_needs_margin(desk, taker, maker, taking):
    poor = desk.open(maker, 3, dollars=5_000)
    bid = desk.sign(desk.order(taking, 1), taker)
    ask = desk.sign(desk.order(poor, -1), maker)
    with reverts("vault: margin"):
        desk.match(bid, [ask], [1])
    assert desk.book.filled(desk.digest(ask)) == 0


def test_refuses_cash(desk, taker, maker, taking, making):
    """Instrument 0 is no instrument."""
    bid = desk.sign(desk.order(taking, 1, legs=(Leg(CASH),)), taker)
    ask = desk.sign(desk.order(making, -1, legs=(Leg(CASH),)), maker)
    with reverts("vault: not listed"):
        desk.match(bid, [ask], [1])


def test_stops_when_trading_is_paused(desk, protocol, taker, maker, taking, making):
    protocol.registry.pause(2, 3_600, sender=protocol.guardian)  # TRADE
    bid = desk.sign(desk.order(taking, 1), taker)
    with reverts("registry: paused"):
        desk.match(bid, [desk.sign(desk.order(making, -1), maker)], [1])


def test_stops_when_the_registry_disowns_it(desk, book, protocol, taker, maker, taking, making):
    protocol.registry.set_venue(book, False, sender=protocol.governor)
    bid = desk.sign(desk.order(taking, 1), taker)
    with reverts("registry: unknown venue"):
        desk.match(bid, [desk.sign(desk.order(making, -1), maker)], [1])


def test_gas_of_two_fresh_accounts(desk, chain, protocol, taker, maker):
    """The budget of a whole transaction, nothing warm; other accounts have traded before."""
    first, second = desk.open(taker, 8), desk.open(maker, 8)
    bid = desk.sign(desk.order(first, 1), taker)
    desk.match(bid, [desk.sign(desk.order(second, -1), maker)], [1])

    fresh, other = desk.open(taker, 9), desk.open(maker, 9)
    bid = desk.sign(desk.order(fresh, 1), taker)
    ask = desk.sign(desk.order(other, -1), maker)
    with chain.cold():
        receipt = desk.match(bid, [ask], [1])
    assert receipt.gas_used <= 350_000
