"""Fees and who receives them."""

import pytest

from tests.harness import reverts

FEES = (3, 7, 1_500)


def test_constructor(project, protocol, book):
    """What the deployment gave, in the getters and in the log."""
    assert book.vault() == protocol.vault
    assert book.registry() == protocol.registry
    assert book.treasury() == protocol.treasury
    assert book.fees() == (1, 4, 3_000)

    other = project.OrderBook.deploy(
        protocol.registry, protocol.vault, 77, FEES, sender=protocol.stranger
    )
    assert other.fees() == FEES
    assert other.treasury() == 77


def test_constructor_refuses_wrong_fees(project, protocol):
    with reverts("orders: fee too high"):
        project.OrderBook.deploy(
            protocol.registry, protocol.vault, 77, (0, 101, 0), sender=protocol.stranger
        )


@pytest.mark.parametrize("role", ["steward", "governor"])
@pytest.mark.parametrize("fees", [FEES, (0, 0, 0), (100, 100, 10_000)])
def test_set_fees(book, protocol, role, fees):
    receipt = book.set_fees(fees, sender=getattr(protocol, role))
    [event] = receipt.events_of(book.FeesChanged)
    assert event.fees == fees
    assert book.fees() == fees


@pytest.mark.parametrize(
    ("fees", "reason"),
    [
        ((101, 0, 0), "orders: fee too high"),
        ((0, 101, 0), "orders: fee too high"),
        ((2**256 - 1, 0, 0), "orders: fee too high"),
        ((0, 0, 10_001), "orders: share too high"),
    ],
)
def test_set_fees_refuses(book, protocol, fees, reason):
    with reverts(reason):
        book.set_fees(fees, sender=protocol.steward)


def test_set_fees_refuses_others(book, protocol):
    for other in (protocol.stranger, protocol.guardian):
        with reverts("governed: not steward"):
            book.set_fees(FEES, sender=other)


def test_set_treasury(desk, book, protocol, taker, maker, taking, making):
    """The treasury's part of the fees goes where it is sent from now on: 70 % of 30."""
    receipt = book.set_treasury(5, sender=protocol.governor)
    [event] = receipt.events_of(book.TreasuryChanged)
    assert event.account == 5
    assert book.treasury() == 5
    before = desk.cash(protocol.treasury)
    bid = desk.sign(desk.order(taking, 1), taker)
    desk.match(bid, [desk.sign(desk.order(making, -1), maker)], [1])
    assert desk.cash(5) == 21 * 10**18
    assert desk.cash(protocol.treasury) == before


@pytest.mark.parametrize("account", [2**256 - 2**96 + 2**48 - 1, 2**48 - 1, 0])
def test_treasury_and_fees_do_not_touch_each_other(book, protocol, account):
    book.set_fees((100, 100, 10_000), sender=protocol.governor)
    book.set_treasury(account, sender=protocol.governor)
    assert (book.treasury(), book.fees()) == (account, (100, 100, 10_000))
    book.set_fees((0, 0, 0), sender=protocol.governor)
    assert (book.treasury(), book.fees()) == (account, (0, 0, 0))


@pytest.mark.parametrize("account", [2**48, 2**96 - 1, 2**256 - 1])
def test_set_treasury_refuses_a_high_number(book, protocol, account):
    with reverts("orders: number too high"):
        book.set_treasury(account, sender=protocol.governor)


def test_set_treasury_refuses_others(book, protocol):
    for other in (protocol.stranger, protocol.steward):
        with reverts("governed: not governor"):
            book.set_treasury(5, sender=other)
