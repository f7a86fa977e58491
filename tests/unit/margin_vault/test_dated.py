"""book: futures and options. What the ledger does with them is in bench.py, at every step."""

from plimsoll.spec.words import SIZE_LIMIT, future, key_of, pack_position, perpetual, sizes_of
from tests.harness import Contract

from .bench import BTC, DAY, SIZE, WAD, Bench, logged
from .dated import LIMIT, STRIKES, Dated


def words(bench: Bench, account: int) -> list[int]:
    return list(bench.vault.book_of(account).positions)


def test_future(bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]) -> None:
    """Traded at its forward, 1 % above the index, through basis; a better price is settled at
    once, a later move when somebody settles."""
    account, other = pair
    receipt = bench.trade(account, other, 2 * SIZE, 60_500, dated.future)
    [event, _] = logged(receipt, vault.Trade)
    assert (event["mark"], event["position"]) == (60_600 * WAD, 2 * SIZE)
    assert (bench.cash(account), bench.cash(other)) == (100_200 * WAD, 99_800 * WAD)
    assert vault.book_of(account).basis == -2 * 60_600 * WAD
    assert words(bench, account) == [pack_position(key_of(dated.future), 2 * SIZE)]
    assert vault.position(account, dated.future) == -vault.position(other, dated.future) == 2 * SIZE
    bench.jump(BTC, 61_000)
    for item in pair:
        bench.settle(item)
    assert bench.cash(account) == 102_220 * WAD
    assert bench.cash(other) == 97_780 * WAD


def test_call_and_put(bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]) -> None:
    """The premium is paid in cash, whatever the mark says; both share a word."""
    account, other = pair
    receipt = bench.trade(account, other, 3 * SIZE, 1_000, dated.call(62_000, mark=900))
    [event, _] = logged(receipt, vault.Trade)
    assert (event["mark"], event["position"]) == (900 * WAD, 3 * SIZE)
    assert (bench.cash(account), bench.cash(other)) == (97_000 * WAD, 103_000 * WAD)
    receipt = bench.trade(other, account, SIZE, 2_000, dated.put(62_000, mark=2_500))
    [_, event] = logged(receipt, vault.Trade)
    assert (event["mark"], event["position"]) == (2_500 * WAD, -SIZE)
    assert (bench.cash(account), bench.cash(other)) == (99_000 * WAD, 101_000 * WAD)
    for item, sign in zip(pair, (1, -1), strict=True):
        [word] = words(bench, item)
        assert word == pack_position(key_of(dated.call(62_000)), 3 * SIZE * sign, -SIZE * sign)
        assert vault.book_of(item).basis == 0
        assert vault.position(item, dated.call(62_000)) == 3 * SIZE * sign
        assert vault.position(item, dated.put(62_000)) == -SIZE * sign
    assert vault.pool().basis == 0


def test_index_moves_no_cash(bench: Bench, dated: Dated, pair: tuple[int, int]) -> None:
    """A live option has nothing to settle, and nobody is asked for a price."""
    account, other = pair
    bench.trade(account, other, SIZE, 1_000, dated.call(62_000))
    bench.jump(BTC, 66_000)
    word = bench.vault.words(account)
    receipt = bench.settle(account)
    assert logged(receipt, bench.vault.Settle) == []
    assert bench.vault.words(account) == word
    assert receipt.events_of(bench.market.Rolled) == []


def test_closing(bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]) -> None:
    """The word stays until calls and puts are both gone; the last one takes the free place."""
    account, other = pair
    bench.trade(account, other, SIZE, 10, dated.call(62_000))
    bench.trade(account, other, SIZE, 10, dated.put(62_000))
    bench.trade(account, other, SIZE, instrument=dated.future)
    bench.trade(other, account, SIZE, 10, dated.call(62_000))
    assert [sizes_of(word) for word in words(bench, account)] == [(0, SIZE), (SIZE, 0)]
    bench.trade(other, account, SIZE, 10, dated.put(62_000))
    assert [sizes_of(word) for word in words(bench, account)] == [(SIZE, 0)]
    bench.trade(other, account, SIZE, instrument=dated.future)
    assert words(bench, account) == words(bench, other) == []
    assert bench.cash(account) == bench.cash(other) == 100_000 * WAD


def test_many_kinds_in_one_bundle(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """A conversion at fair prices and a perpetual: sizes cancel by instrument, not by word."""
    account, other = pair
    legs = [
        *bench.legs(account, other, SIZE, instrument=dated.future),
        *bench.legs(other, account, SIZE, 3_000, dated.call(60_000)),
        *bench.legs(account, other, SIZE, 2_400, dated.put(60_000)),
        *bench.legs(account, other, -5 * SIZE, instrument=bench.btc),
    ]
    bench.book(legs)
    assert bench.cash(account) == 100_600 * WAD
    assert len(words(bench, account)) == 3
    crossed = bench.legs(account, other, SIZE, 10, dated.call(61_000))
    crossed[1] = (other, dated.put(61_000), *crossed[1][2:])
    with bench.refused("vault: sizes not zero-sum"):
        bench.book(crossed)


def test_every_leg_at_its_own_mark(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """Sixteen instruments in a bundle, both sides of each."""
    account, other = pair
    marks = {dated.call(strike, mark=70_000 - strike): 70_000 - strike for strike in STRIKES[:16]}
    trades = [bench.legs(account, other, SIZE, price, call) for call, price in marks.items()]
    receipt = bench.book([leg for side in zip(*trades, strict=True) for leg in side])
    events = logged(receipt, vault.Trade)
    assert [event["instrument"] for event in events] == [*marks, *marks]
    assert all(event["mark"] == marks[event["instrument"]] * WAD for event in events)
    assert vault.allowance(account, bench.venue).used == 0


def test_more_than_can_cancel(bench: Bench, dated: Dated, pair: tuple[int, int]) -> None:
    """Of seventeen instruments in thirty-two legs one at least has a leg alone, and the last is
    not even looked at."""
    account, other = pair
    known = [dated.call(strike) for strike in STRIKES[:16]]
    unlisted = dated.call(STRIKES[-1] + 1_000)
    legs = [bench.legs(account, other, SIZE, 0, call)[0] for call in (*known, unlisted)]
    with bench.refused("vault: sizes not zero-sum"):
        bench.book(legs)
    with bench.refused("vault: not listed"):
        bench.book(legs[1:])


def test_premium_beyond_the_mark_is_a_loss(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """What the daily limit counts is what an option costs above its mark, or fetches below it,
    together with what a future does."""
    account, other = pair
    call, put = dated.call(62_000, mark=900), dated.put(58_000, mark=400)
    for item in pair:
        bench.set_venue(item, limit=150 * WAD)
    bench.trade(account, other, SIZE, 1_000, call)
    assert vault.allowance(account, bench.venue).used == 100 * WAD
    assert vault.allowance(other, bench.venue).used == 0
    bench.trade(account, other, SIZE, 350, put)
    assert vault.allowance(account, bench.venue).used == 100 * WAD
    assert vault.allowance(other, bench.venue).used == 50 * WAD
    legs = [
        *bench.legs(account, other, SIZE, 930, call),
        *bench.legs(account, other, SIZE, 60_620, dated.future),
    ]
    bench.book(legs)
    assert vault.allowance(account, bench.venue).used == 150 * WAD
    with bench.refused("vault: daily loss limit"):
        bench.trade(account, other, SIZE, 901, call)
    bench.trade(account, other, SIZE, 900, call)


def test_limits_are_of_each_instrument(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int]
) -> None:
    """Calls and puts of a strike have one each; beyond a limit a position may shrink, but not
    turn round."""
    account, other = pair
    call, put = dated.call(62_000), dated.put(62_000)
    for instrument in (call, put, dated.future):
        bench.trade(account, other, LIMIT, 0, instrument)
        with bench.refused("vault: position limit"):
            bench.trade(account, other, 1, 0, instrument)
    limits = bench.ledger.listing.series[BTC, dated.expiry]
    bench.list_series(BTC, dated.expiry, type(limits)(limits.step, limits.low, limits.high, SIZE))
    for instrument in (call, put, dated.future):
        bench.trade(other, account, SIZE, 0, instrument)
        assert vault.position(account, instrument) == LIMIT - SIZE
        with bench.refused("vault: position limit"):
            bench.trade(account, other, 1, 0, instrument)
        with bench.refused("vault: position limit"):
            bench.trade(other, account, LIMIT + SIZE, 0, instrument)
        bench.trade(other, account, LIMIT, 0, instrument)
        assert vault.position(account, instrument) == -SIZE


def test_not_listed(bench: Bench, dated: Dated, pair: tuple[int, int]) -> None:
    """Off the grid, of another expiry or underlying, or not the canonical word."""
    account, other = pair
    call = dated.call(62_000)
    for instrument in (
        call + 10**8 * 2**136,
        dated.call(71_000),
        dated.call(49_000),
        future(BTC, dated.expiry + DAY),
        future(2, dated.expiry),
        call + 2,
        call | 1 << 100,
        dated.future + 1,
        perpetual(BTC) + 1,
        call - 3,
    ):
        bench.marks[instrument] = 0
        with bench.refused("vault: not listed"):
            bench.trade(account, other, SIZE, 10, instrument)


def test_expired(bench: Bench, dated: Dated, pair: tuple[int, int]) -> None:
    """From the very second on, not even to reduce, fixed or not."""
    account, other = pair
    instruments = dated.future, dated.call(62_000), dated.put(62_000)
    for instrument in instruments:
        bench.trade(account, other, SIZE, 10, instrument)
    bench.chain.mine(timestamp=dated.expiry - 1)
    bench.wait(0)
    bench.trade(other, account, 1, 10, dated.future)
    for time in (dated.expiry, dated.expiry + DAY):
        bench.chain.mine(timestamp=time)
        for instrument in instruments:
            with bench.refused("vault: not listed"):
                bench.trade(other, account, 1, 10, instrument)


def test_too_large(bench: Bench, dated: Dated, pair: tuple[int, int]) -> None:
    account, other = pair
    for instrument in (dated.call(62_000), dated.put(62_000)):
        with bench.refused("vault: size too large"):
            bench.trade(account, other, SIZE_LIMIT + 1, 0, instrument)


def fill(bench: Bench, dated: Dated, pair: tuple[int, int]) -> int:
    """128 positions of both; returns a call that neither of them holds."""
    expiries = [dated.expiry + DAY * day for day in range(7)]
    for expiry in expiries[1:]:
        dated.list(expiry)
    calls = []
    for dated.expiry in expiries:
        calls += [dated.call(strike) for strike in STRIKES]
    for begin in range(0, 128, 16):
        legs = [bench.legs(*pair, 1, 0, call) for call in calls[begin : begin + 16]]
        bench.book([leg for both in legs for leg in both])
    dated.expiry = expiries[0]
    return calls[128]


def test_too_many_positions(bench: Bench, dated: Dated, pair: tuple[int, int]) -> None:
    """128 words; the other side of a strike that is held needs none."""
    account, other = pair
    more = fill(bench, dated, pair)
    assert len(words(bench, account)) == 128
    bench.trade(account, other, 1, 0, dated.put(STRIKES[0]))
    for instrument in (dated.future, more):
        with bench.refused("vault: too many positions"):
            bench.trade(account, other, 1, 0, instrument)


def test_what_does_not_move_needs_no_word(
    bench: Bench, dated: Dated, pair: tuple[int, int], lender: int
) -> None:
    """A full account takes a third of one that holds too little of something to move any of it."""
    account, other = pair
    more = fill(bench, dated, pair)
    bench.approve(lender)
    bench.trade(other, account, 1, 0, dated.call(STRIKES[0]))  # makes room for one
    bench.trade(lender, other, 2, 0, more)
    bench.trade(account, lender, 2, 0, dated.call(STRIKES[0]))
    bench.set_liquidator(bench.venue)
    bench.slice(lender, account, WAD // 3)
    assert len(words(bench, account)) == 128
    with bench.refused("vault: too many positions"):
        bench.slice(lender, account, WAD // 2)


def test_slice(
    bench: Bench, vault: Contract, dated: Dated, pair: tuple[int, int], lender: int
) -> None:
    """Calls and puts are truncated toward zero, each for itself; options change hands for
    nothing, the future at its forward."""
    account, other = pair
    bench.set_liquidator(bench.venue)
    bench.trade(account, other, 10, 0, dated.call(60_000))
    bench.trade(other, account, 5, 0, dated.put(60_000))
    bench.trade(other, account, 7, 0, dated.call(61_000))
    bench.trade(account, other, 2, 0, dated.put(61_000))
    bench.trade(account, other, SIZE + 1, instrument=dated.future)
    bench.slice(account, lender, WAD // 3)
    third = [(3, -1), (-2, 0), (SIZE // 3, 0)]
    rest = [(7, -4), (-5, 2), (SIZE + 1 - SIZE // 3, 0)]
    assert [sizes_of(word) for word in words(bench, lender)] == third
    assert [sizes_of(word) for word in words(bench, account)] == rest
    assert vault.book_of(lender).basis == -(SIZE // 3 * 60_600 * WAD // SIZE)
    bench.slice(account, lender, WAD)
    assert words(bench, account) == []
    both = [(10, -5), (-7, 2), (SIZE + 1, 0)]
    assert sorted(sizes_of(word) for word in words(bench, lender)) == sorted(both)


def test_slice_of_puts_alone(
    bench: Bench, dated: Dated, pair: tuple[int, int], lender: int
) -> None:
    """A word that comes to nothing is not taken over, and one that is taken whole is gone."""
    account, other = pair
    bench.set_liquidator(bench.venue)
    bench.trade(account, other, 1, 0, dated.put(60_000))
    bench.slice(account, lender, WAD - 1)
    assert (len(words(bench, account)), len(words(bench, lender))) == (1, 0)
    bench.slice(account, lender, WAD)
    assert [sizes_of(word) for word in words(bench, lender)] == [(0, 1)]
    assert words(bench, account) == []
