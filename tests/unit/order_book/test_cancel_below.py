"""Cancelling all orders of an account with a salt below a nonce."""

from tests.harness import reverts


def test_by_the_owner(book, maker, making):
    assert book.nonces(making) == 0
    receipt = book.cancel_below(making, 7, sender=maker)
    [event] = receipt.events_of(book.NonceRaised)
    assert (event.account, event.nonce) == (making, 7)
    assert book.nonces(making) == 7
    book.cancel_below(making, 8, sender=maker)
    assert book.nonces(making) == 8


def test_by_an_operator(desk, book, chain, accounts, maker, making):
    desk.vault.set_operator(making, accounts[10], book, chain.timestamp, sender=maker)
    book.cancel_below(making, 1, sender=accounts[10])
    assert book.nonces(making) == 1


def test_leaves_other_accounts_alone(desk, book, taker, maker, taking, making):
    other = desk.open(maker, 1)
    asks = [desk.sign(desk.order(account, -1), maker) for account in (other, making)]
    book.cancel_below(making, asks[1].order.salt + 1, sender=maker)
    bid = desk.sign(desk.order(taking, 2), taker)
    with reverts("orders: below nonce, order 2"):
        desk.match(bid, asks, [1, 1])
    desk.match(bid, asks[:1], [1])


def test_refuses_what_is_not_higher(book, maker, making):
    with reverts("orders: nonce not raised"):
        book.cancel_below(making, 0, sender=maker)
    book.cancel_below(making, 7, sender=maker)
    for nonce in (7, 6):
        with reverts("orders: nonce not raised"):
            book.cancel_below(making, nonce, sender=maker)


def test_refuses_others(book, protocol, taker, making):
    for other in (taker, protocol.stranger, protocol.governor):
        with reverts("orders: not authorised"):
            book.cancel_below(making, 1, sender=other)


def test_refuses_to_void_all_orders_for_ever(book, maker, making):
    with reverts("orders: nonce too high"):
        book.cancel_below(making, 2**255 + 1, sender=maker)
    book.cancel_below(making, 2**255, sender=maker)
    assert book.nonces(making) == 2**255
