"""set_venue: the owner lets a venue trade for an account, up to a loss against mark a day."""

from tests.harness import Contract

from .bench import CONFIGURE, DAY, HOUR, UNLIMITED, WAD, Bench, logged


def test_limit(bench: Bench, vault: Contract, account: int) -> None:
    receipt = bench.set_venue(account, limit=500 * WAD)
    assert logged(receipt, vault.VenueLimitChanged) == [
        {"account": account, "venue": bench.venue.address, "limit": 500 * WAD}
    ]
    assert vault.allowance(account, bench.venue) == (500 * WAD, 0, 0)
    assert vault.allowance(account, bench.orders) == (0, 0, 0)
    assert vault.allowance(account + 1, bench.venue) == (0, 0, 0)


def test_what_was_used_stays_used(bench: Bench, pair: tuple[int, int]) -> None:
    """Neither withdrawing nor renewing the approval gives today's losses back."""
    account, other = pair
    today = bench.chain.timestamp // DAY
    bench.set_venue(account, limit=100 * WAD)
    bench.book([(account, 0, 0, -60 * WAD), (other, 0, 0, 60 * WAD)])
    assert bench.vault.allowance(account, bench.venue) == (100 * WAD, 60 * WAD, today)
    bench.set_venue(account, limit=0)
    assert bench.vault.allowance(account, bench.venue) == (0, 60 * WAD, today)
    bench.set_venue(account, limit=100 * WAD)
    with bench.refused("vault: daily loss limit"):
        bench.book([(account, 0, 0, -41 * WAD), (other, 0, 0, 41 * WAD)])
    bench.book([(account, 0, 0, -40 * WAD), (other, 0, 0, 40 * WAD)])


def test_largest_limit(bench: Bench, vault: Contract, account: int) -> None:
    bench.set_venue(account, limit=UNLIMITED)
    assert vault.allowance(account, bench.venue).limit == 2**112 - 1
    with bench.refused("vault: limit too large"):
        vault.set_venue(account, bench.venue, 2**112, sender=bench.trader)


def test_by_the_owner_only(bench: Bench, vault: Contract, account: int) -> None:
    now = bench.chain.timestamp
    vault.set_operator(account, bench.keeper, CONFIGURE, now + HOUR, sender=bench.trader)
    vault.set_operator(account, bench.keeper, bench.venue, now + HOUR, sender=bench.trader)
    for sender in (bench.keeper, bench.venue, bench.stranger, bench.governor):
        with bench.refused("vault: not allowed"):
            vault.set_venue(account, bench.venue, 1, sender=sender)
