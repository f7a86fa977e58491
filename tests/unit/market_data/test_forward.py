"""Forwards, what is worth what, and what settles: over the life of an expiry."""

from plimsoll.spec.market import NEWEST
from plimsoll.spec.words import call, future, key_of, pack_position, perpetual, put
from tests.harness import Account, Chain, Contract, reverts
from tests.unit.market_data.conftest import (
    DAY,
    HOUR,
    PRICE,
    UNDERLYING,
    WAD,
    WINDOW,
    Watch,
)

RATIO = 101 * WAD // 100
SIZE = 10**8
STRIKE = PRICE // 10**10


def test_forward_through_the_window(market: Contract, watch: Watch, expiry: int) -> None:
    """The ratio melts away as the average fills; together they are the forward."""
    begin = expiry - WINDOW
    watch.see(begin, PRICE)
    assert market.forward(UNDERLYING, expiry, NEWEST, 0) == (0, RATIO, True)
    watch.see(begin + WINDOW // 3, 2 * PRICE)
    third = PRICE * (WINDOW // 3) // WINDOW
    assert market.forward(UNDERLYING, expiry, NEWEST, 0) == (third, RATIO * 2 // 3, True)
    mark = third + RATIO * 2 // 3 * 2 * PRICE // WAD
    assert market.price.call(future(UNDERLYING, expiry)) == (mark, mark)
    watch.hold(begin + WINDOW // 3, expiry, 2 * PRICE)
    settled = third + 2 * PRICE * 2 // 3
    assert market.forward(UNDERLYING, expiry, NEWEST, 0) == (settled // 10**8 * 10**8, 0, True)


def test_fresh(market: Contract, watch: Watch, governor: Account, chain: Chain) -> None:
    """For a day after the ratio was posted, and for ever when it does not matter any more."""
    expiry = chain.timestamp // DAY * DAY + 3 * DAY
    market.set_surface(governor, sender=governor)
    market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)
    chain.mine(delta=DAY)
    assert market.forward(UNDERLYING, expiry, NEWEST, 0).fresh
    chain.mine(delta=1)
    assert not market.forward(UNDERLYING, expiry, NEWEST, 0).fresh
    market.set_ratio(UNDERLYING, expiry, RATIO, sender=governor)
    assert market.forward(UNDERLYING, expiry, NEWEST, 0).fresh
    watch.hold(expiry - WINDOW, expiry - 500, PRICE)
    assert not market.forward(UNDERLYING, expiry, NEWEST, 0).fresh
    chain.mine(timestamp=expiry)
    assert market.forward(UNDERLYING, expiry, NEWEST, 0).fresh


def test_in_an_epoch(market: Contract, governor: Account, chain: Chain) -> None:
    """A ratio counts in those that begin after it was posted; so does that it is fresh."""
    expiry = chain.timestamp // DAY * DAY + 3 * DAY
    market.set_surface(governor, sender=governor)
    market.list_expiry(UNDERLYING, expiry, RATIO, sender=governor)
    epoch = chain.timestamp
    assert market.forward(UNDERLYING, expiry, epoch, 0) == (0, RATIO, True)
    chain.mine(delta=DAY)
    for step, fresh in ((1, True), (2, True), (3, False)):
        ratio = RATIO + step * 10**9
        market.set_ratio(UNDERLYING, expiry, ratio + 10**9 - 1, sender=governor)
        told = market.expiry_of(UNDERLYING, expiry)
        assert (told.ratio, told.before, told.aged) == (ratio, ratio - 10**9, not fresh)
        assert market.forward(UNDERLYING, expiry, chain.timestamp, 0) == (0, ratio - 10**9, fresh)
        assert market.forward(UNDERLYING, expiry, chain.timestamp + 1, 0) == (0, ratio, True)
        assert market.price.call(future(UNDERLYING, expiry))[0] == ratio * PRICE // WAD
        chain.mine(delta=60 if step == 1 else DAY + 1)


def test_in_an_epoch_within_the_window(market: Contract, watch: Watch, expiry: int) -> None:
    """It is the forward of when the epoch began, of which the surface knows what was fixed."""
    begin, known = expiry - WINDOW, []
    for age in (0, WINDOW // 3, WINDOW // 2):
        watch.see(begin + age, PRICE + age * WAD)
        known.append((begin + age, market.forward(UNDERLYING, expiry, NEWEST, 0)))
    assert len({forward.fixed for _, forward in known}) == 3
    watch.see(begin + WINDOW * 2 // 3, 3 * PRICE)
    for time, forward in known:
        assert market.forward(UNDERLYING, expiry, time, forward.fixed) == forward
    assert market.forward(UNDERLYING, expiry, begin - HOUR, 0) == (0, RATIO, True)


def test_not_fresh_once_it_is_late(
    market: Contract, watch: Watch, expiry: int, governor: Account, chain: Chain
) -> None:
    """An average that is not what settles, from the second that is one too many until there is
    another price; whatever is seen between."""
    silent = expiry - WINDOW // 2
    watch.hold(expiry - WINDOW, silent, PRICE)
    market.set_surface(governor, sender=governor)
    market.set_ratio(UNDERLYING, expiry, RATIO, sender=governor)
    chain.mine(timestamp=silent + 600)
    assert market.forward(UNDERLYING, expiry, NEWEST, 0).fresh
    chain.mine(delta=1)
    for time in (silent + 601, expiry - 1, expiry, expiry + HOUR):
        assert not market.forward(UNDERLYING, expiry, NEWEST, 0).fresh
        watch.see(time, PRICE)
    market.fix(UNDERLYING, expiry, PRICE, sender=governor)
    assert market.forward(UNDERLYING, expiry, NEWEST, 0) == (PRICE, 0, True)


def test_price(
    market: Contract,
    feed: Contract,
    premium_feed: Contract,
    expiry: int,
    governor: Account,
    chain: Chain,
) -> None:
    """Of instruments and position words alike; it takes in what the feeds say."""
    premium_feed.set_answer(PRICE * 1_001 // 1_000, chain.timestamp, sender=governor)
    market.set_premium_feed(UNDERLYING, premium_feed, sender=governor)
    market.roll(UNDERLYING, sender=governor)
    chain.mine(delta=HOUR)
    feed.set_answer(2 * PRICE, chain.timestamp, sender=governor)
    told = market.peek(UNDERLYING)
    assert told.funding != 0
    instrument = perpetual(UNDERLYING)
    want = (told.mark, told.mark - told.funding)
    assert market.price.call(instrument) == want
    assert market.price.call(pack_position(key_of(instrument), -5)) == want
    instrument = future(UNDERLYING, expiry)
    assert market.price.call(instrument) == (2 * PRICE * 101 // 100,) * 2
    assert market.price.call(pack_position(key_of(instrument), -5)) == (2 * PRICE * 101 // 100,) * 2
    instrument = call(UNDERLYING, expiry, STRIKE)
    assert market.price.call(instrument) == (0, 0)
    assert market.price.call(pack_position(key_of(instrument), -5, 5)) == (0, 0)
    assert len(market.price(instrument, sender=governor).logs) == 0
    assert len(market.price(perpetual(UNDERLYING), sender=governor).logs) == 1
    assert market.price(perpetual(UNDERLYING), sender=governor).return_value == want


def test_unsettled_while_live(
    market: Contract, feed: Contract, expiry: int, governor: Account, chain: Chain
) -> None:
    """The value in basis of what is linear, nothing of an option."""
    chain.mine(delta=1)
    feed.set_answer(2 * PRICE, chain.timestamp, sender=governor)
    for instrument in (perpetual(UNDERLYING), future(UNDERLYING, expiry)):
        word = pack_position(key_of(instrument), -7)
        gap = market.price.call(word)[1]
        assert market.unsettled.call(word) == (-7 * gap, False)
    word = pack_position(key_of(call(UNDERLYING, expiry, STRIKE)), 3, -7)
    assert market.unsettled.call(word) == (0, False)
    assert market.unsettled(word, sender=governor).logs == []


def test_unsettled_when_over(
    market: Contract, watch: Watch, expiry: int, governor: Account, chain: Chain
) -> None:
    """Payoffs at the settlement price, without asking a feed."""
    watch.hold(expiry - WINDOW, expiry - 1, PRICE)
    chain.mine(timestamp=expiry)
    key = key_of(future(UNDERLYING, expiry))
    assert market.unsettled.call(pack_position(key, -7)) == (-7 * PRICE, True)
    above, below = STRIKE + 10**8, STRIKE - 3 * 10**8
    for calls, puts in ((5, 0), (-5, 0), (0, 5), (0, -5), (2, -9)):
        for strike, payoff in ((STRIKE, 0), (above, puts), (below, 3 * calls)):
            word = pack_position(key_of(put(UNDERLYING, expiry, strike)), calls, puts)
            assert market.unsettled.call(word) == (payoff * WAD, True)
            assert market.unsettled(word, sender=governor).logs == []


def test_unsettled_when_nobody_knows(
    market: Contract, watch: Watch, expiry: int, governor: Account
) -> None:
    """A future stands at the running average, an option waits."""
    watch.see(expiry - WINDOW, PRICE)
    watch.see(expiry + 60, 2 * PRICE)
    linear = pack_position(key_of(future(UNDERLYING, expiry)), -7)
    option = pack_position(key_of(call(UNDERLYING, expiry, STRIKE)), 3, -7)
    assert market.price.call(linear) == (PRICE, PRICE)
    assert market.unsettled.call(linear) == (-7 * PRICE, False)
    assert market.unsettled.call(option) == (0, False)
    watch.chain.mine(timestamp=expiry + HOUR)
    market.fix(UNDERLYING, expiry, PRICE + WAD, sender=governor)
    assert market.unsettled.call(linear) == (-7 * (PRICE + WAD), True)
    assert market.unsettled.call(option) == (3 * WAD, True)


def test_unknown_expiry(market: Contract, expiry: int, chain: Chain) -> None:
    for time in (expiry + WINDOW, chain.timestamp // HOUR * HOUR - HOUR):
        with reverts("market: unknown expiry"):
            market.forward(UNDERLYING, time, NEWEST, 0)
        with reverts("market: unknown expiry"):
            market.expiry_of(UNDERLYING, time)
        for function in (market.price, market.unsettled):
            with reverts("market: unknown expiry"):
                function.call(future(UNDERLYING, time))


def test_unknown_underlying(market: Contract, expiry: int) -> None:
    for function in (market.price, market.unsettled):
        with reverts("market: unknown underlying"):
            function.call(perpetual(2))
