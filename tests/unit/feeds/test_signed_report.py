"""A SignedFeed takes a report that enough signers have signed."""

from itertools import combinations

import pytest

from plimsoll.spec.market import MAX_PRICE
from tests.harness import Account, Chain, Contract, Project, reverts
from tests.unit.feeds.conftest import NAME, Sign, report

PRICE = 2_000 * 10**18
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1


@pytest.fixture
def now(chain: Chain) -> int:
    return chain.timestamp


def test_any_two_of_three(
    signed: Contract, signers: list[Account], sign: Sign, chain: Chain, stranger: Account
) -> None:
    for by in (*combinations(signers, 2), signers):
        chain.mine(delta=1)
        price, time = PRICE + chain.timestamp, chain.timestamp
        receipt = signed.report(price, time, sign(by, price, time), sender=stranger)
        [event] = receipt.events_of(signed.Reported)
        assert (event.price, event.time) == (price, time)
        assert signed.latest() == (price, time)


def test_an_older_price(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    """Only its order counts; how old a price may be is its reader's business."""
    for time in (1, now - 86_400, now):
        signed.report(PRICE, time, sign(signers, PRICE, time), sender=stranger)
        assert signed.latest() == (PRICE, time)


def test_compact_signatures(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    """EIP-2098: the parity in the highest bit of s."""
    compact = []
    for signature in sign(signers, PRICE, now):
        s, parity = int.from_bytes(signature[32:64]), signature[64] - 27
        compact.append(signature[:32] + (s | parity << 255).to_bytes(32))
    signed.report(PRICE, now, compact, sender=stranger)
    assert signed.latest() == (PRICE, now)


@pytest.mark.parametrize("price", [1, MAX_PRICE])
def test_extreme_prices(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int, price: int
) -> None:
    signed.report(price, now, sign(signers, price, now), sender=stranger)
    assert signed.latest() == (price, now)


@pytest.mark.parametrize("price", [0, MAX_PRICE + 1, 2**256 - 1])
def test_price_out_of_range(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int, price: int
) -> None:
    with reverts("feed: price out of range"):
        signed.report(price, now, sign(signers, price, now), sender=stranger)


def test_time_in_the_future(
    signed: Contract,
    signers: list[Account],
    sign: Sign,
    stranger: Account,
    chain: Chain,
    now: int,
) -> None:
    """Signed by all or not: it is refused until it is due, and blocks nothing until then."""
    future = sign(signers, PRICE, now + 1_000)
    with reverts("feed: time in the future"):
        signed.report(PRICE, now + 1_000, future, sender=stranger)
    signed.report(PRICE - 1, now, sign(signers, PRICE - 1, now), sender=stranger)
    chain.mine(timestamp=now + 1_000)
    signed.report(PRICE, now + 1_000, future, sender=stranger)
    assert signed.latest() == (PRICE, now + 1_000)


def test_not_newer(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    """Replayed, or another price of the same second."""
    signed.report(PRICE, now, sign(signers, PRICE, now), sender=stranger)
    for price, time in ((PRICE, now), (PRICE + 1, now), (PRICE, now - 1)):
        with reverts("feed: not newer"):
            signed.report(price, time, sign(signers, price, time), sender=stranger)


def test_a_time_of_zero(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account
) -> None:
    with reverts("feed: not newer"):
        signed.report(PRICE, 0, sign(signers, PRICE, 0), sender=stranger)


def test_too_few_signatures(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    for by in ([], signers[:1]):
        with reverts("feed: too few signatures"):
            signed.report(PRICE, now, sign(by, PRICE, now), sender=stranger)


def test_one_signer_counts_once(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    [signature] = sign(signers[:1], PRICE, now)
    with reverts("feed: signers not ascending"):
        signed.report(PRICE, now, [signature, signature], sender=stranger)


def test_signers_not_ascending(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    with reverts("feed: signers not ascending"):
        signed.report(PRICE, now, sign(signers, PRICE, now)[::-1], sender=stranger)


def test_not_a_signer(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    """A surplus signature must be good as well."""
    for by in ([signers[0], stranger], [*signers, stranger]):
        with reverts("feed: not a signer"):
            signed.report(PRICE, now, sign(by, PRICE, now), sender=stranger)


def test_signatures_of_something_else(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    """Of another price, another time: they recover to nobody known."""
    for price, time in ((PRICE + 1, now), (PRICE, now - 1)):
        with reverts("feed: not a signer"):
            signed.report(PRICE, now, sign(signers, price, time), sender=stranger)


def test_signatures_for_another_feed(
    project: Project,
    signed: Contract,
    registry: Contract,
    signers: list[Account],
    sign: Sign,
    stranger: Account,
    now: int,
) -> None:
    twin = project.SignedFeed.deploy(registry, NAME, signers, 2, sender=stranger)
    with reverts("feed: not a signer"):
        signed.report(PRICE, now, sign(signers, PRICE, now, contract=twin), sender=stranger)


def test_signatures_for_another_chain(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    with reverts("feed: not a signer"):
        signed.report(PRICE, now, sign(signers, PRICE, now, chain_id=1), sender=stranger)


@pytest.mark.pyrevm("the chain id of a node cannot be changed")
def test_after_a_fork(
    signed: Contract,
    signers: list[Account],
    sign: Sign,
    stranger: Account,
    chain: Chain,
    now: int,
) -> None:
    """The domain follows the chain id, so no report serves on both sides."""
    before = sign(signers, PRICE, now)
    chain.chain_id = 77_777
    with reverts("feed: not a signer"):
        signed.report(PRICE, now, before, sender=stranger)
    signed.report(PRICE, now, sign(signers, PRICE, now), sender=stranger)
    assert signed.latest() == (PRICE, now)


@pytest.mark.parametrize("length", [0, 63])
def test_neither_64_nor_65_bytes(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int, length: int
) -> None:
    first, second = sign(signers[:2], PRICE, now)
    with reverts("feed: not a signer"):
        signed.report(PRICE, now, [first[:length], second], sender=stranger)


def test_s_in_the_upper_half(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    first, second = sign(signers[:2], PRICE, now)
    s = ORDER - int.from_bytes(first[32:64])
    other = first[:32] + s.to_bytes(32) + bytes([27 + 28 - first[64]])
    with reverts("ecdsa: invalid signature `s` value"):
        signed.report(PRICE, now, [other, second], sender=stranger)


def test_invalid_v(
    signed: Contract, signers: list[Account], sign: Sign, stranger: Account, now: int
) -> None:
    first, second = sign(signers[:2], PRICE, now)
    with reverts("ecdsa: invalid signature"):
        signed.report(PRICE, now, [first[:64] + b"\x00", second], sender=stranger)


def test_digest(
    signed: Contract, signers: list[Account], sign: Sign, chain: Chain, now: int
) -> None:
    """What `report_digest` tells is what wallets sign."""
    digest = signed.report_digest(PRICE, now)
    assert [signer.sign_hash(digest) for signer in signers] == sign(signers, PRICE, now)
    assert signers[0].sign_typed_data(report(PRICE, now, chain.chain_id, signed)) == signers[
        0
    ].sign_hash(digest)
