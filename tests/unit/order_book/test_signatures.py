"""Who signs an order, and what a signature must be: a key's, or a contract's by EIP-1271."""

from dataclasses import replace

import pytest

from plimsoll.client.orders import Domain, Leg, SignedOrder
from plimsoll.spec.wad import SIZE
from plimsoll.spec.words import account_id, perpetual
from tests.harness import reverts

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

ANSWERING = """
# pragma version 0.4.3

answer: immutable(Bytes[96])

@deploy
def __init__(_answer: Bytes[96]):
    answer = _answer

@external
@view
@raw_return
def isValidSignature(digest: bytes32, signature: Bytes[1024]) -> Bytes[96]:
    if len(signature) == 0:
        raw_revert(answer)
    return answer
"""


@pytest.fixture
def bid(desk, taker, taking):
    return desk.sign(desk.order(taking, 1), taker)


@pytest.fixture
def ask(desk, making):
    """The maker's order, not signed yet."""
    return desk.order(making, -1)


def check_trades(desk, bid, ask):
    desk.match(bid, [ask], [1])
    assert desk.position(ask.order.account) == -SIZE


def test_the_owners_key(desk, maker, bid, ask):
    check_trades(desk, bid, desk.sign(ask, maker))


def test_an_operators_key(desk, book, chain, accounts, maker, making, bid, ask):
    """Until the last second of the permission, and no longer."""
    operator, expiry = accounts[10], chain.timestamp + 60
    desk.vault.set_operator(making, operator, book, expiry, sender=maker)
    chain.set_next_timestamp(expiry)
    check_trades(desk, bid, desk.sign(ask, operator))


def test_refuses_an_expired_operator(desk, book, chain, accounts, maker, making, bid, ask):
    operator, expiry = accounts[10], chain.timestamp + 60
    desk.vault.set_operator(making, operator, book, expiry, sender=maker)
    chain.set_next_timestamp(expiry + 1)
    with reverts("orders: not authorised, order 1"):
        desk.match(bid, [desk.sign(ask, operator)], [1])


def test_refuses_an_operator_of_another_venue(desk, chain, accounts, maker, making, bid, ask):
    operator = accounts[10]
    expiry = chain.timestamp + 60
    desk.vault.set_operator(making, operator, accounts[11], expiry, sender=maker)
    with reverts("orders: not authorised, order 1"):
        desk.match(bid, [desk.sign(ask, operator)], [1])


def test_refuses_a_stranger(desk, protocol, taker, maker, bid, ask):
    with reverts("orders: not authorised, order 1"):
        desk.match(bid, [desk.sign(ask, protocol.stranger)], [1])
    stranger = desk.sign(bid.order, protocol.stranger)
    with reverts("orders: not authorised, order 0"):
        desk.match(stranger, [desk.sign(ask, maker)], [1])


def test_refuses_a_strangers_signature_in_the_owners_name(desk, protocol, maker, bid, ask):
    forged = replace(desk.sign(ask, protocol.stranger), signer=maker.address)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [forged], [1])
    forged = replace(desk.sign(bid.order, protocol.stranger), signer=bid.signer)
    with reverts("orders: bad signature, order 0"):
        desk.match(forged, [desk.sign(ask, maker)], [1])


def test_refuses_the_high_s(desk, maker, bid, ask):
    """Of the two signatures that anyone can make of one, only the lower is good."""
    signed = desk.sign(ask, maker)
    r, s, v = signed.signature[:32], int.from_bytes(signed.signature[32:64]), signed.signature[64]
    other = r + (CURVE_ORDER - s).to_bytes(32) + bytes([27 + 28 - v])
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [replace(signed, signature=other)], [1])
    check_trades(desk, bid, signed)


@pytest.mark.parametrize(
    "garble",
    [
        lambda signature: b"",
        lambda signature: signature[:64],
        lambda signature: signature + b"\0",
        lambda signature: bytes(65),
        lambda signature: signature[:64] + bytes([signature[64] - 27]),
        lambda signature: signature[:31] + bytes([signature[31] ^ 1]) + signature[32:],
        lambda signature: bytes(1024),
    ],
    ids=["none", "short", "long", "zeros", "v below 27", "one bit", "longest"],
)
def test_refuses_garbage(desk, maker, bid, ask, garble):
    signed = desk.sign(ask, maker)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [replace(signed, signature=garble(signed.signature))], [1])


@pytest.mark.parametrize("signature", [b"", bytes(65), b"\x01" * 65], ids=["none", "zeros", "ones"])
def test_nobody_signs_for_the_zero_address(desk, bid, signature):
    """Its accounts are its own, and nonsense recovers to it."""
    ask = desk.order(account_id(0, 1), -1)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [SignedOrder(ask, "0x" + "00" * 20, signature)], [1])


@pytest.mark.parametrize(
    "change",
    [
        {"account": 1},
        {"legs": (Leg(perpetual(1), 2),)},
        {"legs": (Leg(perpetual(1)), Leg(perpetual(2)))},
        {"size": -SIZE - 1},
        {"price": -(10**8)},
        {"expiry": 1},
        {"salt": 1},
        {"post_only": True},
        {"reduce_only": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_refuses_what_was_not_signed(desk, maker, making, bid, ask, change):
    """Another account of the same owner, or any other term."""
    other = {
        name: getattr(ask, name) + value
        if name in ("account", "price", "expiry", "salt")
        else value
        for name, value in change.items()
    }
    forged = replace(desk.sign(ask, maker), order=replace(ask, **other))
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [forged], [1])


def test_refuses_what_was_not_signed_of_the_counterparty(desk, maker, taking, bid, ask):
    forged = replace(desk.sign(ask, maker), order=replace(ask, taker=taking))
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [forged], [1])


def test_refuses_another_chain(desk, maker, bid, ask):
    signed = replace(desk.domain, chain_id=desk.domain.chain_id + 1).sign(ask, maker.key)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [signed], [1])


def test_refuses_another_contract(desk, protocol, maker, bid, ask):
    signed = replace(desk.domain, order_book=protocol.vault.address).sign(ask, maker.key)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [signed], [1])


@pytest.mark.parametrize("field", ["name", "version"])
def test_refuses_another_domain(desk, maker, bid, ask, field):
    message = desk.domain.typed_data(ask)
    message["domain"][field] += "2"
    signature = maker.sign_typed_data(message)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [SignedOrder(ask, maker.address, signature)], [1])


@pytest.mark.pyrevm("only there can the chain's id change")
def test_follows_a_fork(desk, book, chain, taker, maker, bid, ask):
    """When the chain's id changes, orders signed before are good on the old chain only."""
    signed = desk.sign(ask, maker)
    chain.chain_id = 5
    assert book.eip712Domain()[3] == 5
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [signed], [1])
    domain = Domain(5, book.address)
    assert book.order_digest(ask) == domain.digest(ask)
    check_trades(desk, domain.sign(bid.order, taker.key), domain.sign(ask, maker.key))


# contracts


@pytest.fixture
def wallet(desk, project, maker):
    """The maker's smart-contract wallet, whose account trades here."""
    wallet = project.Wallet1271.deploy(maker, sender=maker)
    desk.deposit(owned(wallet), 1_000_000)
    approve(desk, wallet, maker)
    return wallet


def owned(wallet):
    return account_id(int(wallet.address, 16), 0)


def approve(desk, wallet, owner):
    limit = 10**24
    call = desk.vault.set_venue.encode_input(owned(wallet), desk.book, limit)
    wallet.execute(desk.vault, call, sender=owner)


def test_a_contract_by_its_owners_key(desk, maker, wallet, bid):
    order = desk.order(owned(wallet), -1)
    signature = desk.sign(order, maker).signature
    check_trades(desk, bid, SignedOrder(order, wallet.address, signature))


def test_refuses_what_a_contract_does_not_stand_by(desk, protocol, wallet, bid):
    order = desk.order(owned(wallet), -1)
    signature = desk.sign(order, protocol.stranger).signature
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [SignedOrder(order, wallet.address, signature)], [1])


def test_refuses_a_wallets_owner_in_its_own_name(desk, maker, wallet, bid):
    """The owner of the account is the wallet."""
    with reverts("orders: not authorised, order 1"):
        desk.match(bid, [desk.sign(desk.order(owned(wallet), -1), maker)], [1])


def test_a_contract_as_operator(desk, book, chain, maker, making, wallet, bid, ask):
    desk.vault.set_operator(making, wallet, book, chain.timestamp, sender=maker)
    signature = desk.sign(ask, maker).signature
    check_trades(desk, bid, SignedOrder(ask, wallet.address, signature))


MAGIC = bytes.fromhex("1626ba7e") + bytes(28)


@pytest.fixture
def answering(desk, project, chain, maker, making, book):
    """Makes an operator of the maker, a contract that answers with whatever it was given."""

    def deploy(answer):
        contract = project.inline(ANSWERING, "Answering").deploy(answer, sender=maker)
        desk.vault.set_operator(making, contract, book, chain.timestamp, sender=maker)
        return contract

    return deploy


@pytest.mark.parametrize("length", [1, 64, 65, 1024])
def test_a_contract_reads_any_signature(desk, answering, bid, ask, length):
    """Wallets of several owners, and passkeys, sign with more than 65 bytes."""
    contract = answering(MAGIC)
    check_trades(desk, bid, SignedOrder(ask, contract.address, b"\x01" * length))


@pytest.mark.parametrize(
    "answer",
    [b"", MAGIC[:4], MAGIC[:31] + b"\1", bytes(32), b"\xff" * 32, MAGIC[::-1]],
    ids=["none", "short", "dirty", "zeros", "ones", "right-aligned"],
)
def test_refuses_any_other_answer(desk, answering, bid, ask, answer):
    contract = answering(answer)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [SignedOrder(ask, contract.address, b"\x01" * 65)], [1])


def test_refuses_a_contract_that_reverts(desk, answering, bid, ask):
    """Even with the right answer for a reason."""
    contract = answering(MAGIC)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [SignedOrder(ask, contract.address, b"")], [1])


def test_refuses_a_contract_that_knows_no_signatures(desk, book, chain, maker, making, bid, ask):
    desk.vault.set_operator(making, desk.vault, book, chain.timestamp, sender=maker)
    with reverts("orders: bad signature, order 1"):
        desk.match(bid, [SignedOrder(ask, desk.vault.address, b"\x01" * 65)], [1])


def test_refuses_a_longer_signature(desk, maker, bid, ask):
    with reverts(""):
        desk.match(bid, [SignedOrder(ask, maker.address, bytes(1025))], [1])
