"""The governor replaces the signers of a SignedFeed."""

from tests.harness import Account, Accounts, Chain, Contract, reverts
from tests.harness.contracts import NOBODY
from tests.unit.feeds.conftest import Sign

PRICE = 2_000 * 10**18


def test_old_signers_count_no_more_and_their_report_stays(
    signed: Contract,
    signers: list[Account],
    sign: Sign,
    governor: Account,
    stranger: Account,
    chain: Chain,
) -> None:
    now = chain.timestamp
    signed.report(PRICE, now, sign(signers, PRICE, now), sender=stranger)
    receipt = signed.set_signers([stranger, signers[2]], 1, sender=governor)
    [event] = receipt.events_of(signed.SignersChanged)
    assert event.signers == [stranger, signers[2]]
    assert event.threshold == 1
    assert signed.signers() == [stranger, signers[2]]
    assert signed.threshold() == 1
    assert [signed.is_signer(signer) for signer in signers] == [False, False, True]
    assert signed.latest() == (PRICE, now)

    chain.mine(delta=5)
    for old in signers[:2]:
        with reverts("feed: not a signer"):
            signed.report(PRICE, now + 5, sign([old], PRICE, now + 5), sender=stranger)
    signed.report(PRICE + 1, now + 5, sign([stranger], PRICE + 1, now + 5), sender=stranger)
    assert signed.latest() == (PRICE + 1, now + 5)


def test_not_governor(signed: Contract, signers: list[Account], steward: Account) -> None:
    with reverts("governed: not governor"):
        signed.set_signers(signers, 2, sender=steward)


def test_threshold_out_of_range(
    signed: Contract, signers: list[Account], governor: Account
) -> None:
    for new, threshold in ((signers, 0), (signers, 4), ([], 0), ([], 1)):
        with reverts("feed: threshold out of range"):
            signed.set_signers(new, threshold, sender=governor)


def test_zero_or_twice(signed: Contract, signers: list[Account], governor: Account) -> None:
    for wrong in (NOBODY, signers[0]):
        with reverts("feed: zero or twice"):
            signed.set_signers([*signers, wrong], 2, sender=governor)


def test_more_than_sixteen(signed: Contract, accounts: Accounts, governor: Account) -> None:
    with reverts():
        signed.set_signers(list(accounts)[:17], 2, sender=governor)
    signed.set_signers(list(accounts)[:16], 16, sender=governor)
