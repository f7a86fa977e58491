"""Cancelling orders one by one."""

import pytest

from plimsoll.spec.wad import SIZE
from tests.harness import reverts


@pytest.fixture
def order(desk, making):
    return desk.order(making, -1)


def test_by_the_owner(desk, book, maker, making, order):
    digest = desk.domain.digest(order)
    assert not book.cancelled(digest)
    receipt = book.cancel(order, sender=maker)
    [event] = receipt.events_of(book.Cancelled)
    assert (event.digest, event.account) == (digest, making)
    assert book.cancelled(digest)
    assert book.filled(digest) == 0


def test_by_an_operator(desk, book, chain, accounts, maker, making, order):
    desk.vault.set_operator(making, accounts[10], book, chain.timestamp, sender=maker)
    book.cancel(order, sender=accounts[10])
    assert book.cancelled(desk.domain.digest(order))


def test_keeps_what_was_filled(desk, book, taker, maker, taking, order):
    digest = desk.domain.digest(order)
    desk.match(desk.sign(desk.order(taking, 1), taker), [desk.sign(order, maker)], [0.25])
    book.cancel(order, sender=maker)
    assert book.cancelled(digest)
    assert book.filled(digest) == SIZE // 4
    with reverts("orders: cancelled, order 1"):
        desk.match(desk.sign(desk.order(taking, 1), taker), [desk.sign(order, maker)], [0.25])


def test_twice_changes_nothing(desk, book, maker, order):
    book.cancel(order, sender=maker)
    book.cancel(order, sender=maker)
    assert book.cancelled(desk.domain.digest(order))


def test_leaves_other_orders_alone(desk, book, taker, maker, taking, making, order):
    """An equal order with another salt is another order."""
    book.cancel(order, sender=maker)
    other = desk.sign(desk.order(making, -1), maker)
    desk.match(desk.sign(desk.order(taking, 1), taker), [other], [1])
    assert desk.position(making) == -SIZE


def test_refuses_others(book, protocol, taker, order):
    for other in (taker, protocol.stranger, protocol.governor):
        with reverts("orders: not authorised"):
            book.cancel(order, sender=other)
