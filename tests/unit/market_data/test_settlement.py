"""What expiries settle at: the average of the index over the 30 minutes before."""

from typing import Any

from plimsoll.spec.market import NEWEST
from tests.harness import Account, Chain, Contract
from tests.unit.market_data.conftest import (
    HOUR,
    PARAMS,
    PRICE,
    UNDERLYING,
    WAD,
    WINDOW,
    Watch,
)

AGE = PARAMS.max_age_liquidation


def test_average(market: Contract, watch: Watch, expiry: int) -> None:
    """A third of the window at one price, two thirds at another. What is observed at the expiry
    itself comes too late; whoever takes it in fixes the price."""
    begin = expiry - WINDOW
    watch.see(begin - 200, PRICE)
    watch.hold(begin + 200, begin + 600, PRICE + 3 * WAD)  # so PRICE for the first 200
    watch.see(begin + 1_000, PRICE + 3 * WAD)
    watch.see(begin + 1_400, PRICE + 3 * WAD)
    receipt = watch.see(expiry, 5 * PRICE)
    [event] = receipt.events_of(market.ExpiryFixed)
    settled = (200 * PRICE + 1_600 * (PRICE + 3 * WAD)) // WINDOW // 10**8 * 10**8
    assert (event.underlying, event.expiry, event.price) == (UNDERLYING, expiry, settled)
    assert settled == PRICE + 2_666_666_666_600_000_000
    told = market.expiry_of(UNDERLYING, expiry)
    assert (told.gathered, told.late, told.fixed) == (settled, False, True)
    assert market.forward(UNDERLYING, expiry, NEWEST, 0) == (settled, 0, True)
    assert receipt.return_value.next_expiry == market.peek(UNDERLYING).next_expiry == 0


def test_views_need_no_roll(market: Contract, watch: Watch, expiry: int, chain: Chain) -> None:
    """From the very second of the expiry on, and later the same; a roll then only stores it."""
    watch.hold(expiry - WINDOW - 10, expiry - 1, PRICE)
    chain.mine(timestamp=expiry - 1)
    assert market.peek(UNDERLYING).next_expiry == expiry
    assert not market.expiry_of(UNDERLYING, expiry).fixed
    chain.mine(timestamp=expiry)

    def views() -> list[Any]:
        return [market.expiry_of(UNDERLYING, expiry), market.forward(UNDERLYING, expiry, NEWEST, 0)]

    told = views()
    assert told[0].fixed
    assert told[0].gathered == told[1].fixed == PRICE
    assert market.peek(UNDERLYING).next_expiry == 0
    chain.mine(delta=10 * HOUR)
    assert views() == told
    receipt = market.roll(UNDERLYING, sender=watch.sender)
    assert [log.price for log in receipt.events_of(market.ExpiryFixed)] == [PRICE]
    assert views() == told
    assert market.roll(UNDERLYING, sender=watch.sender).logs == []


def test_silent_for_too_long(market: Contract, watch: Watch, expiry: int) -> None:
    """One observation before the window, one after, ages beyond what liquidates between them:
    the expiry is over and nobody knows at what."""
    watch.see(expiry - WINDOW - 60, PRICE)
    receipt = watch.see(expiry + 60, 2 * PRICE)
    assert receipt.events_of(market.ExpiryFixed) == []
    told = market.expiry_of(UNDERLYING, expiry)
    assert (told.gathered, told.late, told.fixed) == (PRICE * WINDOW, True, False)
    assert market.forward(UNDERLYING, expiry, NEWEST, 0) == (PRICE, 0, False)
    assert receipt.return_value.next_expiry == 0
    assert watch.see(expiry + HOUR, 3 * PRICE).events_of(market.ExpiryFixed) == []
    assert market.expiry_of(UNDERLYING, expiry) == told


def test_how_old_is_too_old(market: Contract, watch: Watch, expiry: int, chain: Chain) -> None:
    """A price that is as old as it may be when the window ends, or one second older."""
    watch.hold(expiry - WINDOW - 300, expiry - AGE - 1, PRICE)
    for last, fixed in ((expiry - AGE, True), (expiry - AGE - 1, False)):
        with chain.isolate():
            if fixed:
                watch.see(last, PRICE)
            chain.mine(timestamp=expiry)
            assert market.expiry_of(UNDERLYING, expiry).fixed is fixed
            assert market.roll(UNDERLYING, sender=watch.sender).logs != []
            assert market.expiry_of(UNDERLYING, expiry).fixed is fixed


def test_old_at_the_start_of_the_window(market: Contract, watch: Watch, expiry: int) -> None:
    """Silence before the window does no harm if it ends with it, and does where it reaches in."""
    for begin, late in ((expiry - WINDOW, False), (expiry - WINDOW + 1, True)):
        with watch.chain.isolate():
            watch.hold(begin, expiry, PRICE)
            told = market.expiry_of(UNDERLYING, expiry)
            assert (told.late, told.fixed) == (late, not late)


def test_several_in_one_silent_stretch(
    market: Contract, watch: Watch, expiry: int, governor: Account, chain: Chain
) -> None:
    """Crossed by one roll; of the first the price was young enough, of the others not."""
    others = [expiry + WINDOW * step for step in (1, 2, 5)]
    for other in others:
        market.list_expiry(UNDERLYING, other, WAD, sender=governor)
    watch.hold(expiry - WINDOW, expiry - 100, PRICE)
    chain.mine(timestamp=others[1] + 1)
    assert market.peek(UNDERLYING).next_expiry == others[2]
    receipt = watch.see(others[1] + 1, 2 * PRICE)
    assert receipt.return_value.next_expiry == others[2]
    [event] = receipt.events_of(market.ExpiryFixed)
    assert (event.expiry, event.price) == (expiry, PRICE)
    for other in others[:2]:
        told = market.expiry_of(UNDERLYING, other)
        assert (told.gathered, told.late, told.fixed) == (PRICE * WINDOW, True, False)
    watch.hold(others[2] - WINDOW - 1, others[2], 2 * PRICE)
    told = market.expiry_of(UNDERLYING, others[2])
    assert (told.gathered, told.fixed) == (2 * PRICE, True)


def test_other_setters_advance_averages(
    market: Contract, watch: Watch, expiry: int, steward: Account, chain: Chain
) -> None:
    """New parameters within the window: what was gathered before is stored under the old ones."""
    watch.hold(expiry - WINDOW, expiry - 700, PRICE)
    chain.mine(timestamp=expiry - 150)
    market.set_params(UNDERLYING, PARAMS, sender=steward)
    told = market.expiry_of(UNDERLYING, expiry)
    assert (told.gathered, told.late) == (PRICE * (WINDOW - 150), False)
    chain.mine(timestamp=expiry)
    market.set_params(UNDERLYING, PARAMS, sender=steward)
    assert market.expiry_of(UNDERLYING, expiry).late
    assert market.state(UNDERLYING).next_expiry == 0
