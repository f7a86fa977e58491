"""Signatures have been used twice: on another chain, for another contract, for another account of
the same owner, after they were cancelled, or with their other half of the curve.

Here an order is signed for one order book on one chain and for one account, fills are kept under
its digest, and a price report is signed for one feed.
"""

from dataclasses import replace
from itertools import count

import pytest

from plimsoll.client.orders import Domain, Leg, Order, SignedOrder
from tests.harness import Account, Contract, Project, reverts
from tests.unit.margin_vault.bench import SIZE, WAD, Bench

CURVE = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
salts = count(1)


@pytest.fixture
def book(bench: Bench, pair: tuple[int, int]) -> Contract:
    """The order book; both accounts let it trade."""
    for account in pair:
        bench.set_venue(account, bench.orders)
    contract: Contract = bench.orders
    return contract


def order(bench: Bench, account: int, size: int) -> Order:
    legs, expiry = (Leg(bench.btc),), bench.chain.timestamp + 60
    return Order(account, legs, size, 60_000 * WAD, expiry, next(salts))


def signed(bench: Bench, by: Account, order: Order, **domain: object) -> SignedOrder:
    here = Domain(bench.chain.chain_id, bench.orders.address)
    return replace(here, **domain).sign(order, by.key)  # type: ignore[arg-type]


def test_filled_once(bench: Bench, book: Contract, pair: tuple[int, int]) -> None:
    """The same two signatures again: there is nothing left of them."""
    account, other = pair
    taker = signed(bench, bench.trader, order(bench, account, SIZE))
    maker = signed(bench, bench.maker, order(bench, other, -SIZE))
    book.match([taker, maker], [SIZE, SIZE], sender=bench.stranger)
    fresh = signed(bench, bench.maker, order(bench, other, -SIZE))
    with reverts("orders: overfilled, order 1"):
        book.match([taker, maker], [SIZE, SIZE], sender=bench.stranger)
    with reverts("orders: overfilled, order 0"):
        book.match([taker, fresh], [SIZE, SIZE], sender=bench.stranger)
    assert bench.vault.position(account, bench.btc) == SIZE


def test_other_half_of_the_curve(bench: Bench, book: Contract, pair: tuple[int, int]) -> None:
    """(r, -s) with the other v recovers the same signer, and is refused."""
    account, other = pair
    maker = signed(bench, bench.maker, order(bench, other, -SIZE))
    taker = signed(bench, bench.trader, order(bench, account, SIZE))
    r, s, v = taker.signature[:32], int.from_bytes(taker.signature[32:64]), taker.signature[64]
    twin = r + (CURVE - s).to_bytes(32) + bytes([55 - v])
    with reverts("orders: bad signature, order 0"):
        book.match([replace(taker, signature=twin), maker], [SIZE, SIZE], sender=bench.stranger)


def test_another_contract(
    bench: Bench, book: Contract, project: Project, pair: tuple[int, int]
) -> None:
    """A second order book, approved by everybody, cannot use what was signed for the first."""
    account, other = pair
    second = project.OrderBook.deploy(
        *(bench.registry, bench.vault, bench.treasury, book.fees()), sender=bench.governor
    )
    bench.registry.set_venue(second, True, sender=bench.governor)
    for item in pair:
        bench.set_venue(item, second)
    taker = signed(bench, bench.trader, order(bench, account, SIZE))
    maker = signed(bench, bench.maker, order(bench, other, -SIZE))
    with reverts("orders: bad signature, order 1"):
        second.match([taker, maker], [SIZE, SIZE], sender=bench.stranger)
    theirs = signed(bench, bench.maker, order(bench, other, -SIZE), order_book=second.address)
    with reverts("orders: bad signature, order 0"):
        second.match([taker, theirs], [SIZE, SIZE], sender=bench.stranger)


def test_another_chain(bench: Bench, book: Contract, pair: tuple[int, int]) -> None:
    account, other = pair
    elsewhere = bench.chain.chain_id + 1
    taker = signed(bench, bench.trader, order(bench, account, SIZE), chain_id=elsewhere)
    maker = signed(bench, bench.maker, order(bench, other, -SIZE))
    with reverts("orders: bad signature, order 0"):
        book.match([taker, maker], [SIZE, SIZE], sender=bench.stranger)


@pytest.mark.pyrevm  # only there the chain's id can change
def test_after_a_fork(bench: Bench, book: Contract, pair: tuple[int, int]) -> None:
    """Both branches of a fork have the same contract; each takes what was signed for it."""
    account, other = pair
    orders = [
        (bench.trader, order(bench, account, SIZE)),
        (bench.maker, order(bench, other, -SIZE)),
    ]
    before = [signed(bench, *item) for item in orders]
    with bench.chain.isolate():
        bench.chain.chain_id += 1
        after = [signed(bench, *item) for item in orders]
        with reverts("orders: bad signature, order 1"):
            book.match(before, [SIZE, SIZE], sender=bench.stranger)
        book.match(after, [SIZE, SIZE], sender=bench.stranger)
    book.match(before, [SIZE, SIZE], sender=bench.stranger)


def test_another_account_of_the_owner(bench: Bench, book: Contract, pair: tuple[int, int]) -> None:
    """The account is in what is signed, and so is everything else."""
    account, other = pair
    second = bench.fund(account + 1, 100_000)
    bench.set_venue(second, bench.orders)
    taker = signed(bench, bench.trader, order(bench, account, SIZE))
    maker = signed(bench, bench.maker, order(bench, other, -SIZE))
    for change in (
        {"account": second},
        {"size": 2 * SIZE},
        {"legs": (Leg(bench.btc, 2),)},
        {"price": 61_000 * WAD},
        {"expiry": taker.order.expiry + 1},
        {"salt": taker.order.salt + 1},
        {"reduce_only": True},
        {"taker": other},
    ):
        forged = replace(taker, order=replace(taker.order, **change))  # type: ignore[arg-type]
        with reverts("orders: bad signature, order 0"):
            book.match([forged, maker], [SIZE, SIZE], sender=bench.stranger)


def test_after_cancelling(bench: Bench, book: Contract, pair: tuple[int, int]) -> None:
    """One by one, or all below a salt."""
    account, other = pair
    taker = signed(bench, bench.trader, order(bench, account, SIZE))
    maker = signed(bench, bench.maker, order(bench, other, -SIZE))
    book.cancel(maker.order, sender=bench.maker)
    with reverts("orders: cancelled, order 1"):
        book.match([taker, maker], [SIZE, SIZE], sender=bench.stranger)
    second = signed(bench, bench.maker, order(bench, other, -SIZE))
    book.cancel_below(account, taker.order.salt + 1, sender=bench.trader)
    with reverts("orders: below nonce, order 0"):
        book.match([taker, second], [SIZE, SIZE], sender=bench.stranger)


def test_report_of_another_feed(bench: Bench, project: Project) -> None:
    """Ether's price is not bitcoin's, though the same signers signed it."""
    signer = bench.stranger
    feeds = [
        project.SignedFeed.deploy(bench.registry, name, [signer], 1, sender=bench.governor)
        for name in ("BTC / USD", "ETH / USD", "BTC / USD")
    ]
    now = bench.chain.timestamp
    report = (3_000 * WAD, now)
    signature = signer.sign_hash(feeds[1].report_digest(*report))
    for feed in (feeds[0], feeds[2]):
        with reverts("feed: not a signer"):
            feed.report(*report, [signature], sender=bench.trader)
    feeds[1].report(*report, [signature], sender=bench.trader)
    with reverts("feed: not newer"):
        feeds[1].report(*report, [signature], sender=bench.trader)
