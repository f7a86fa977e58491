"""What a SignedFeed tells; reports are in test_signed_report.py."""

from tests.harness import Contract, reverts


def test_before_the_first_report(signed: Contract) -> None:
    with reverts("feed: no report"):
        signed.latest()
