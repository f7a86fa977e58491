# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Volatility surface
@license AGPL-3.0-only
@author Plimsoll contributors
@notice What options are worth, now and in the scenarios of the scan: one word per strike, computed
        by whoever needs it first, then read by every account that holds the strike; and what the
        scan asks of positions that are made of them. The arithmetic is that of
        plimsoll.spec.surface, scan and margin, to the wei.

        word     the values of a call in 15 scenarios; see modules/scenario_word. A put is
                 call - forward + strike
        smile    annual variance by moneyness, per expiry; see modules/smile. Posted by the
                 underlying's volatility feed or by the steward, with the forward's ratio, which
                 market data keeps. In effect from the first epoch that begins in a later block;
                 an expiry's first one at once
        epoch    per underlying: a reference spot S0, a time and the smiles in effect. It is over
                 when spot is further off S0 than its bound B, 2 % (1 % if an expiry is within 3
                 days when it begins), when it
                 is older than an eighth of the time to the next expiry (within 2 minutes and an
                 hour), or, after a minute, when a smile was posted. Who changes something rolls
                 what is due, so nobody gains by not rolling; views tell the same

@dev Words of an underlying's epoch:

         | reference 96 | time 40 | number 40 | posted 40 | span 16 | bound 16 | lift 8 |
         256            160       120         80          40        24         8     0

     A scenario word's slot is that of its key and of the high bits of its epoch's number, its
     stamp the 16 low bits, never 0: no word of another epoch can count. The epoch's 40-bit number
     never repeats, even if every second had one.

     Prices stay the same within a transaction, and no smile is posted within a batch: so neither
     does an epoch begin between the calls of a batch.

     Nothing that the arithmetic meets makes it revert, so a word can be refused for two reasons
     only: the underlying has no span, or the expiry no smile; and then nothing is listed on them.
     Smiles and the ratios of forwards are those posted before an epoch began: were a ratio to count
     at once, a put would be off by all that it moved until its word knows it too. So it would be
     by what the last half hour gathers: that counts as of when an epoch began, too.

     Trusted: MarketData; the pricer; the feeds and the steward for smiles, within the bounds of `post`.
@custom:kill Nothing to stop: without new smiles the last ones stay. The governor replaces feeds.
"""

from interfaces import IMarginEngine
from interfaces import IMarketData
from interfaces import IPricer
from interfaces import IVolSurface
from modules import doubts
from modules import governed
from modules import instrument as instrument_
from modules import market_word
from modules import scan
from modules import scenario
from modules import smile as smiles
from modules import strips
from modules import wad

implements: IVolSurface

initializes: governed

exports: governed.registry

BOUND_NEAR: constant(uint256) = 100  # bps that spot may be off S0, while an expiry is near
BOUND_FAR: constant(uint256) = 200  # and while none is
NEAR: constant(uint256) = 3 * 86_400
MIN_AGE: constant(uint256) = 60  # seconds: no smile ends an epoch that is younger
MIN_MAX_AGE: constant(uint256) = 120
MAX_MAX_AGE: constant(uint256) = 3_600
MIN_INTERVAL: constant(uint256) = MIN_AGE  # seconds between two smiles of an expiry, no less
MAX_SPAN: constant(uint256) = 5_000  # bps

MAX_LIFT: constant(uint256) = 84  # prices are below 2**84
WINDOW: constant(uint256) = market_word.WINDOW  # before an expiry, in which it is averaged

BATCH: constant(uint256) = 16  # strikes that the pricer takes at once
NOTHING: constant(uint256) = max_value(uint256)  # no underlying

# masks
STAMP: constant(uint256) = 2**16 - 1
UINT8: constant(uint256) = 2**8 - 1
UINT16: constant(uint256) = 2**16 - 1
UINT40: constant(uint256) = 2**40 - 1
UINT64: constant(uint256) = 2**64 - 1
KEY: constant(uint256) = (2**120 - 1) << 136  # of a position word

market: public(immutable(IMarketData))
pricer: public(immutable(IPricer))

epochs: HashMap[uint256, uint256]
words: HashMap[uint256, uint256]  # by key and high bits of the epoch's number
# what the expiry within its last half hour had fixed of its forward when the epoch began, WAD
averaged: public(HashMap[uint256, uint256])
pending: HashMap[uint256, uint256]  # by underlying and expiry: the smile posted last
before: HashMap[uint256, uint256]  # and the one before, in effect until an epoch begins after it

feed: public(HashMap[uint256, address])


@deploy
def __init__(registry: address, _market: address, _pricer: address):
    """
    @param registry Who governs.
    @param _market Prices.
    @param _pricer What computes words.
    """
    governed.__init__(registry)
    market = IMarketData(_market)
    pricer = IPricer(_pricer)


# -- words -----------------------------------------------------------------------------------------


@external
@reentrant
def load(positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    """
    @notice The scenario words of position words (sizes do not matter), in their order; computes
        and stores what is stale. Anyone may. 0 for what is no option, or has expired.
    @dev Reverts "market: unknown underlying", "surface: unknown underlying" (no span),
        "market: unknown expiry", "surface: no smile". Reentrant, as it calls nobody but the
        pricer, which is arithmetic, and the market, which calls nobody but feeds, and those may
        change nothing.
    """
    self._refresh(positions)
    return self._words(positions)


@external
@view
@reentrant
def peek(positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    """
    @notice What `load` would return, storing nothing.
    """
    return self._words(positions)


@external
@reentrant
def refresh(positions: DynArray[uint256, 128]):
    """
    @notice Computes and stores what is stale, like `load`, and reverts as it does.
    """
    self._refresh(positions)


@internal
def _refresh(positions: DynArray[uint256, 128]):
    underlying: uint256 = NOTHING
    epoch: IVolSurface.Epoch = empty(IVolSurface.Epoch)
    count: uint256 = len(positions)
    for i: uint256 in range(count, bound=128):
        position: uint256 = positions[i]
        series: uint256 = position >> 200  # underlying and expiry
        if (position >> 136) & UINT64 == 0 or series & UINT40 <= block.timestamp:
            continue
        if series >> 40 != underlying:
            underlying = series >> 40
            prices: IMarketData.Market = extcall market.roll(underlying)
            epoch = self._unpack(self._roll(underlying, prices))
        if self._is_fresh(position, epoch.number):
            continue
        # at once what is stale of the series, which costs more than a word, in common
        slots: DynArray[uint256, BATCH] = []
        strikes: DynArray[uint256, BATCH] = []
        for j: uint256 in range(i, count, bound=128):
            other: uint256 = positions[j]
            strike: uint256 = (other >> 136) & UINT64
            if other >> 200 != series or strike == 0 or self._is_fresh(other, epoch.number):
                continue
            slots.append(self._slot(other, epoch.number))
            strikes.append(strike)
            if len(strikes) == BATCH:
                break
        words: DynArray[uint256, BATCH] = self._priced(series, epoch, strikes)
        for j: uint256 in range(len(slots), bound=BATCH):
            self.words[slots[j]] = words[j]


@internal
@view
def _words(positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    words: DynArray[uint256, 128] = []
    underlying: uint256 = NOTHING
    epoch: IVolSurface.Epoch = empty(IVolSurface.Epoch)
    for position: uint256 in positions:
        series: uint256 = position >> 200  # underlying and expiry
        if (position >> 136) & UINT64 == 0 or series & UINT40 <= block.timestamp:
            words.append(0)
            continue
        if series >> 40 != underlying:
            underlying = series >> 40
            epoch = self._unpack(self._peek(underlying))
        words.append(self._word(position, epoch))
    return words


@internal
@view
def _word(position: uint256, epoch: IVolSurface.Epoch) -> uint256:
    """
    @notice The word of a live option, in an epoch that may not have begun.
    """
    word: uint256 = self.words[self._slot(position, epoch.number)]
    if word & STAMP == epoch.number & STAMP:
        return word
    return self._priced(position >> 200, epoch, [(position >> 136) & UINT64])[0]


@internal
@view
def _is_fresh(position: uint256, number: uint256) -> bool:
    """
    @notice Whether the word of a position is of the epoch with a number.
    """
    return self.words[self._slot(position, number)] & STAMP == number & STAMP


@internal
@pure
def _slot(position: uint256, number: uint256) -> uint256:
    return (position & KEY) | (number >> 16)


@internal
@view
def _priced(
    series: uint256, epoch: IVolSurface.Epoch, strikes: DynArray[uint256, BATCH]
) -> DynArray[uint256, BATCH]:
    """
    @notice Words computed anew.
    """
    expiry: uint256 = series & UINT40
    return staticcall pricer.words(
        epoch,
        expiry,
        staticcall market.forward(
            series >> 40,
            expiry,
            epoch.time,
            self._averaged(series >> 40, expiry, epoch.time),
        ),
        smiles._unpack(self._effective(series, epoch.time)),
        strikes,
    )


@internal
@view
def _averaged(underlying: uint256, expiry: uint256, time: uint256) -> uint256:
    """
    @notice What was fixed of the forward of an expiry when the epoch of a time began.
    """
    if expiry >= unsafe_add(time, WINDOW):  # unsafe: times are below 2**40
        return 0
    return self.averaged[underlying]


@internal
@view
def _effective(series: uint256, time: uint256) -> uint256:
    """
    @notice The smile in effect in an epoch: the one posted last, if that was before the epoch
        began, or if it is the expiry's first.
    """
    word: uint256 = self.pending[series]
    assert word != 0, "surface: no smile"
    if smiles._posted(word) >= time:
        before: uint256 = self.before[series]
        if before != 0:
            return before
    return word


# -- the scan --------------------------------------------------------------------------------------


@external
@view
@reentrant
def measure(query: IVolSurface.Query, positions: DynArray[uint256, 128]) -> IVolSurface.Measure:
    """
    @notice Measures positions that net, or each by itself.
    @dev Reverts "surface: unknown underlying", "surface: no smile".
    @param positions Position words; those of other underlyings are left out.
    """
    epoch: IVolSurface.Epoch = self._unpack(self._at(query.underlying, query.prices))
    frame: strips.Frame = strips._frame(epoch, query.prices.index, query.params.scan_range)
    sum: IVolSurface.Measure = empty(IVolSurface.Measure)
    count: uint256 = len(positions)
    for i: uint256 in range(count if query.apart else 1, bound=128):
        last: uint256 = count
        if query.apart:
            if positions[i] >> 240 != query.underlying:
                continue
            last = unsafe_add(i, 1)
        risk: strips.Risk = empty(strips.Risk)
        known: DynArray[strips.Strip, strips.MAX_STRIPS] = []
        page: uint256 = frame.grid.number >> 16
        stamp: uint256 = frame.grid.number & STAMP
        lean: scan.Lean = empty(scan.Lean)
        signs: uint256 = 0
        next: uint256 = i
        for _: uint256 in range(128):
            if next >= last:
                break
            # unsafe: see modules/strips and scenario
            position: uint256 = positions[next]
            series: uint256 = position >> 200  # underlying and expiry
            expiry: uint256 = series & UINT40
            calls: int256 = convert(convert(position << 120, bytes32), int256) >> 188
            if series >> 40 != query.underlying:
                next = unsafe_add(next, 1)
                continue
            if expiry == 0:
                mark: uint256 = query.prices.mark
                gap: int256 = unsafe_sub(convert(mark, int256), query.prices.funding)
                risk.profit = unsafe_add(risk.profit, unsafe_mul(calls, gap))
                risk.perpetual = unsafe_add(risk.perpetual, scan._notional(calls, mark))
                risk.bound = True
                next = unsafe_add(next, 1)
                continue
            averaged: uint256 = 0  # as _averaged
            if expiry < unsafe_add(frame.grid.time, WINDOW):
                averaged = self.averaged[query.underlying]
            forward: IMarketData.Forward = staticcall market.forward(
                query.underlying, expiry, frame.grid.time, averaged
            )
            if expiry <= block.timestamp:  # nothing moves any more
                risk.profit = unsafe_add(risk.profit, strips._payoff(position, forward.fixed))
                if not forward.fresh:  # but nobody knows yet where it stands
                    waiting: uint256 = strips._waiting(position, forward.fixed)
                    risk.dated = unsafe_add(risk.dated, waiting)
                    risk.old = unsafe_add(risk.old, waiting)
                next = unsafe_add(next, 1)
                continue

            run: strips.Run = strips._run(frame.spots, query.prices.index, expiry, forward)
            start: uint256 = next
            next = last
            for j: uint256 in range(start, last, bound=128):
                position = positions[j]
                if position >> 200 != series:
                    if position >> 240 == query.underlying:
                        next = j
                        break
                    continue
                # as instrument._sizes
                calls = convert(convert(position << 120, bytes32), int256) >> 188
                puts: int256 = convert(convert(position << 188, bytes32), int256) >> 188
                strike: uint256 = unsafe_mul((position >> 136) & UINT64, instrument_.STRIKE_UNIT)
                size: int256 = unsafe_add(calls, puts)
                if calls < 0:
                    run.gross = unsafe_sub(run.gross, calls)
                else:
                    run.gross = unsafe_add(run.gross, calls)
                if puts != 0:
                    if puts < 0:
                        run.gross = unsafe_sub(run.gross, puts)
                    else:
                        run.gross = unsafe_add(run.gross, puts)
                    run.forwards = unsafe_sub(run.forwards, puts)
                    sold: uint256 = convert(convert(puts, bytes32), uint256)
                    ahead: uint256 = unsafe_sub(strike, run.price)
                    risk.parity = unsafe_add(risk.parity, unsafe_mul(sold, ahead))
                if strike == 0:
                    gain: int256 = unsafe_mul(size, convert(run.price, int256))
                    risk.profit = unsafe_add(risk.profit, gain)
                    run.forwards = unsafe_add(run.forwards, size)
                    risk.bound = True
                    continue

                word: uint256 = self.words[(position & KEY) | page]
                if word & STAMP != stamp:
                    if query.stored:
                        sum.stale = True
                        return sum
                    word = self._word(position, frame.grid)
                signs |= position
                risk.net = unsafe_add(risk.net, size)
                n: uint256 = convert(convert(size, bytes32), uint256)
                # as scenario._add
                word = (word & ~STAMP) | (n >> 255)
                risk.sums[0] = unsafe_add(risk.sums[0], unsafe_mul(word & scenario.PAIR, n))
                risk.sums[1] = unsafe_add(risk.sums[1], unsafe_mul((word >> 16) & scenario.PAIR, n))
                risk.sums[2] = unsafe_add(risk.sums[2], unsafe_mul((word >> 32) & scenario.PAIR, n))
                risk.sums[3] = unsafe_add(risk.sums[3], unsafe_mul((word >> 48) & scenario.PAIR, n))
                risk.sums[4] = unsafe_add(risk.sums[4], unsafe_mul((word >> 64) & scenario.PAIR, n))
                risk.sums[5] = unsafe_add(risk.sums[5], unsafe_mul((word >> 80) & scenario.PAIR, n))
                risk.sums[6] = unsafe_add(risk.sums[6], unsafe_mul((word >> 96) & scenario.PAIR, n))
                risk.sums[7] = unsafe_add(
                    risk.sums[7], unsafe_mul((word >> 112) & scenario.PAIR, n)
                )

                # most strikes are below both upper extremes and above both lower ones
                gain: uint256 = 0
                if run.levels[1] > strike:
                    run.count = unsafe_add(run.count, n)
                    run.struck = unsafe_add(run.struck, unsafe_mul(strike, n))
                    if run.levels[0] > strike:
                        gain = unsafe_mul(unsafe_sub(run.levels[0], strike), n)
                        risk.intrinsics[0] = unsafe_add(risk.intrinsics[0], gain)
                        if run.levels[2] > strike:
                            gain = unsafe_mul(unsafe_sub(run.levels[2], strike), n)
                            risk.intrinsics[2] = unsafe_add(risk.intrinsics[2], gain)
                elif run.levels[3] > strike:
                    gain = unsafe_mul(unsafe_sub(run.levels[3], strike), n)
                    risk.intrinsics[3] = unsafe_add(risk.intrinsics[3], gain)
                if run.near != 0:
                    if size > 0:
                        risk.near = True
                        n = unsafe_div(unsafe_mul(n, run.near), strips.FADE)
                        risk.longs = scenario._add(risk.longs, word, convert(n, int256))
                        if run.levels[5] > strike:
                            gain = unsafe_mul(unsafe_sub(run.levels[5], strike), n)
                            risk.intrinsics[5] = unsafe_add(risk.intrinsics[5], gain)
                            if run.levels[4] > strike:
                                gain = unsafe_mul(unsafe_sub(run.levels[4], strike), n)
                                risk.intrinsics[4] = unsafe_add(risk.intrinsics[4], gain)
            product: uint256 = unsafe_mul(convert(run.gross, uint256), run.price)
            risk.dated = unsafe_add(risk.dated, product)
            if not run.fresh:
                risk.old = unsafe_add(risk.old, product)
            above: uint256 = unsafe_sub(unsafe_mul(run.levels[1], run.count), run.struck)
            risk.intrinsics[1] = unsafe_add(risk.intrinsics[1], above)
            above = unsafe_sub(unsafe_mul(run.levels[3], run.count), run.struck)
            risk.intrinsics[3] = unsafe_add(risk.intrinsics[3], above)
            place: uint256 = 0
            for other: strips.Strip in known:
                if other.expiry == expiry:
                    break
                place = unsafe_add(place, 1)
            before: scan.Lean = lean
            lean = scan._lean(risk.sums, frame.axis)
            strip: strips.Strip = strips.Strip(
                expiry=expiry,
                ratio=run.ratio,
                forwards=run.forwards,
                slope=unsafe_sub(lean.slope, before.slope),
                vega=unsafe_sub(lean.vega, before.vega),
            )
            if place == len(known):
                known.append(strip)
            else:
                strip.forwards = unsafe_add(strip.forwards, known[place].forwards)
                strip.slope = unsafe_add(strip.slope, known[place].slope)
                strip.vega = unsafe_add(strip.vega, known[place].vega)
                known[place] = strip
        if signs != 0:
            risk.curved = True
            risk.bound = risk.bound or signs & instrument_.SHORT != 0
            # longs and shorts, from longs less shorts
            net: uint256 = convert(convert(risk.net, bytes32), uint256)
            contracts: uint256 = unsafe_add(net, unsafe_mul(2, scenario._short(risk.sums)))
            risk.unit = scan._unit(frame.grid, contracts)
        risk.line = risk.perpetual
        risk.delta = risk.line
        risk.deltas = abs(risk.line)
        for strip: strips.Strip in known:
            # rounds down
            ratio: uint256 = unsafe_div(unsafe_mul(strip.ratio, query.prices.index), wad.WAD)
            delta: int256 = scan._notional(strip.forwards, ratio)
            risk.line = unsafe_add(risk.line, delta)
            delta = unsafe_add(delta, scan._slope(strip.slope, frame.axis, risk.unit))
            risk.delta = unsafe_add(risk.delta, delta)
            if delta < 0:
                risk.deltas = unsafe_sub(risk.deltas, delta)
            else:
                risk.deltas = unsafe_add(risk.deltas, delta)
            vega: int256 = unsafe_mul(strip.vega, risk.unit) >> 65
            risk.vega = unsafe_add(risk.vega, vega)
            if vega < 0:
                risk.vegas = unsafe_sub(risk.vegas, vega)
            else:
                risk.vegas = unsafe_add(risk.vegas, vega)
        part: strips.Part = strips._measure(
            risk, frame, query.params, query.prices.index, query.spot
        )
        # unsafe: see modules/strips
        sum.profit = unsafe_add(sum.profit, risk.profit)
        sum.worth = unsafe_add(sum.worth, part.worth)
        sum.plain = unsafe_add(sum.plain, part.plain)
        sum.deepest = unsafe_add(sum.deepest, part.deepest)
        sum.extreme = unsafe_add(sum.extreme, part.extreme)
        sum.loss = unsafe_add(sum.loss, convert(part.loss, uint256))
        sum.charges[0] = unsafe_add(sum.charges[0], part.charges[0])
        sum.charges[1] = unsafe_add(sum.charges[1], part.charges[1])
        sum.charges[2] = unsafe_add(sum.charges[2], part.charges[2])
        sum.steep = unsafe_add(sum.steep, part.steep)
        sum.delta = unsafe_add(sum.delta, risk.delta)
        sum.vega = unsafe_add(sum.vega, risk.vega)
        sum.gross = unsafe_add(sum.gross, part.gross)
        sum.late = unsafe_add(sum.late, part.late)
        sum.bound = sum.bound or risk.bound
        sum.profile = part.profile
    if not sum.bound:  # they only give, however values are rounded
        sum.worth = max(0, sum.worth)
    return sum


@external
@reentrant
def mark(instrument: uint256) -> (uint256, uint256, uint256):
    """
    @notice What one contract of an option is worth at prices and volatilities rolled now, WAD,
        rounded down; how valid that is: with an old smile or forward it does not open risk; and
        what it is worth at most, a lane's unit more, as a short counts for.
    @param instrument A call or a put that has not expired; of anything else all are 0.
    """
    series: uint256 = instrument >> 200
    underlying: uint256 = series >> 40
    strike: uint256 = instrument_._strike(instrument)
    if strike == 0 or series & UINT40 <= block.timestamp:
        return 0, 0, 0
    prices: IMarketData.Market = extcall market.roll(underlying)
    epoch: IVolSurface.Epoch = self._unpack(self._roll(underlying, prices))
    slot: uint256 = self._slot(instrument, epoch.number)
    word: uint256 = self.words[slot]
    if word & STAMP != epoch.number & STAMP:
        word = self._priced(series, epoch, [strike])[0]
        self.words[slot] = word
    unit: int256 = unsafe_mul(scan._unit(epoch, wad.SIZE), wad.ISIZE)  # of a contract
    worth: int256 = scan._mark(
        unsafe_mul(scenario._lane(word, scan.NOW), unit) >> 64,
        unsafe_mul(scenario._lane(word, scan.NOW + 1), unit) >> 64,
        unsafe_mul(scenario._lane(word, scan.NOW + 2), unit) >> 64,
        scan._axis(epoch, prices.index),
    )
    expiry: uint256 = series & UINT40
    forward: IMarketData.Forward = staticcall market.forward(
        underlying, expiry, epoch.time, self._averaged(underlying, expiry, epoch.time)
    )
    if instrument_._kind(instrument) == instrument_.PUT:
        ahead: uint256 = forward.fixed + forward.ratio * prices.index // wad.WAD
        worth += convert(strike * instrument_.STRIKE_UNIT, int256) - convert(ahead, int256)
    if not forward.fresh:
        prices.validity = min(prices.validity, doubts.LIQUIDATION)
    above: int256 = max(0, worth + (unit >> 64))
    return convert(max(0, worth), uint256), prices.validity, convert(above, uint256)


# -- epochs ----------------------------------------------------------------------------------------


@external
def roll(underlying: uint256) -> IVolSurface.Epoch:
    """
    @notice Begins the next epoch if it is due, and tells the one in effect. Anyone may.
    """
    prices: IMarketData.Market = extcall market.roll(underlying)
    return self._unpack(self._roll(underlying, prices))


@external
@view
def epoch(underlying: uint256) -> IVolSurface.Epoch:
    """
    @notice What `roll` would tell.
    """
    return self._unpack(self._peek(underlying))


@internal
def _roll(underlying: uint256, prices: IMarketData.Market) -> uint256:
    """
    @notice The epoch in effect at prices rolled now, which begins if it is due.
    """
    word: uint256 = self._epoch(underlying)
    if self._is_due(word, prices):
        word = self._begin(underlying, word, prices)
    return word


@internal
@view
def _peek(underlying: uint256) -> uint256:
    return self._at(underlying, staticcall market.peek(underlying))


@internal
@view
def _at(underlying: uint256, prices: IMarketData.Market) -> uint256:
    """
    @notice The epoch in effect at prices.
    """
    word: uint256 = self._epoch(underlying)
    if self._is_due(word, prices):
        word = self._next(word, prices, self._fading(underlying, prices))
    return word


@internal
@view
def _epoch(underlying: uint256) -> uint256:
    word: uint256 = self.epochs[underlying]
    assert word != 0, "surface: unknown underlying"
    return word


@internal
@view
def _is_due(word: uint256, prices: IMarketData.Market) -> bool:
    """
    @notice Whether an epoch is over.
    """
    # unsafe: indexes are below 2**84; an expiry that is ahead is later than now, an epoch's time
    # is not
    max_age: uint256 = MAX_MAX_AGE
    if prices.next_expiry != 0:
        left: uint256 = unsafe_sub(prices.next_expiry, block.timestamp)
        max_age = max(MIN_MAX_AGE, min(left // 8, MAX_MAX_AGE))
    time: uint256 = (word >> 120) & UINT40
    age: uint256 = unsafe_sub(block.timestamp, time)
    if age > max_age or (age >= MIN_AGE and (word >> 40) & UINT40 >= time):
        return True
    reference: uint256 = word >> 160
    move: uint256 = unsafe_sub(max(prices.index, reference), min(prices.index, reference))
    return unsafe_mul(move, wad.BPS) > unsafe_mul((word >> 8) & UINT16, reference)


@internal
def _begin(underlying: uint256, word: uint256, prices: IMarketData.Market) -> uint256:
    forward: IMarketData.Forward = self._fading(underlying, prices)
    next: uint256 = self._next(word, prices, forward)
    self.epochs[underlying] = next
    if forward.ratio != 0:
        self.averaged[underlying] = forward.fixed
    log IVolSurface.EpochBegun(
        underlying=underlying, number=(next >> 80) & UINT40, reference=prices.index
    )
    return next


@internal
@view
def _fading(underlying: uint256, prices: IMarketData.Market) -> IMarketData.Forward:
    """
    @notice The forward of an expiry that is within its window, of which a part is fixed; nothing,
        with a ratio of 0, where none is. Windows do not overlap.
    """
    expiry: uint256 = prices.next_expiry
    # unsafe: times are below 2**40
    if expiry == 0 or expiry >= unsafe_add(block.timestamp, WINDOW):
        return empty(IMarketData.Forward)
    return staticcall market.forward(underlying, expiry, block.timestamp, 0)


@internal
@view
def _next(word: uint256, prices: IMarketData.Market, forward: IMarketData.Forward) -> uint256:
    """
    @notice The next epoch. Its number is none with a stamp of 0.
    @param forward Of an expiry within its window.
    """
    # unsafe: there is not an epoch per second for 2**40 of them
    number: uint256 = unsafe_add((word >> 80) & UINT40, 1)
    if number & STAMP == 0:
        number = unsafe_add(number, 1)
    bound: uint256 = BOUND_FAR
    if prices.next_expiry != 0 and prices.next_expiry <= block.timestamp + NEAR:
        bound = BOUND_NEAR
    return (
        (prices.index << 160)
        | (block.timestamp << 120)
        | (number << 80)
        | (word & ((2**56 - 1) << 24))
        | (bound << 8)
        | self._lift(forward, prices.index, (word >> 24) & UINT16)
    )


@internal
@pure
def _lift(forward: IMarketData.Forward, index: uint256, span: uint256) -> uint256:
    """
    @notice How often a lane's unit is doubled, for the forwards of all nodes to be below what lanes
        hold: in the last half hour one hardly falls with the spot.
    """
    most: uint256 = forward.fixed + forward.ratio * index // wad.WAD * (wad.BPS + span) // wad.BPS
    lift: uint256 = 0
    for _: uint256 in range(MAX_LIFT):
        if most < (2 * index) << lift:
            break
        lift += 1
    return lift


@internal
@pure
def _unpack(word: uint256) -> IVolSurface.Epoch:
    return IVolSurface.Epoch(
        reference=word >> 160,
        span=(word >> 24) & UINT16,
        bound=(word >> 8) & UINT16,
        time=(word >> 120) & UINT40,
        number=(word >> 80) & UINT40,
        lift=word & UINT8,
    )


# -- smiles ----------------------------------------------------------------------------------------


@external
def post(
    underlying: uint256, expiry: uint256, smile: IVolSurface.Smile, ratio: uint256, time: uint256
):
    """
    @notice The underlying's feed, steward or governor, outside of batches: the smile of an expiry
        that is listed and ahead, and the ratio of its forward, for MarketData.
    @param smile Free of arbitrage, and no volatility more than a quarter off that of the smile
        posted last, at the forward as in the wings; see modules/smile.
    @param ratio WAD.
    @param time When it was made: later than that of the last, not in the future; and the last was
        posted a minute ago.
    """
    if msg.sender != self.feed[underlying]:
        governed._only_steward()
    epoch: uint256 = self._epoch(underlying)
    assert expiry > block.timestamp, "surface: expired"
    assert time <= block.timestamp, "surface: time in the future"
    left: uint256 = expiry - block.timestamp

    # market data refuses an expiry that has more than 40 bits
    series: uint256 = (underlying << 40) | expiry
    last: uint256 = self.pending[series]
    if last != 0:
        assert time > smiles._time(last), "surface: not newer"
        assert block.timestamp >= smiles._posted(last) + MIN_INTERVAL, "surface: too soon"
        # in effect already: an epoch that it was posted in is over by now, begun anew or not
        self.before[series] = last
    self.pending[series] = staticcall pricer.admit(smile, last, left, time)
    self.epochs[underlying] = (epoch & ~(UINT40 << 40)) | (block.timestamp << 40)
    log IVolSurface.SmilePosted(
        underlying=underlying, expiry=expiry, smile=smile, ratio=ratio, time=time
    )
    extcall market.set_ratio(underlying, expiry, ratio)


@external
@view
def smile(underlying: uint256, expiry: uint256) -> IVolSurface.Smile:
    """
    @notice The smile in effect.
    """
    time: uint256 = (self._peek(underlying) >> 120) & UINT40
    return smiles._unpack(self._effective((underlying << 40) | expiry, time))


@external
@view
def posted(underlying: uint256, expiry: uint256) -> (IVolSurface.Smile, uint256, uint256):
    """
    @notice The smile posted last, the report's time, and when it was posted; zeros: none was.
    """
    word: uint256 = self.pending[(underlying << 40) | expiry]
    return smiles._unpack(word), smiles._time(word), smiles._posted(word)


@external
@view
def knows(underlying: uint256, expiry: uint256) -> bool:
    """
    @notice Whether a smile was posted.
    """
    return self.pending[(underlying << 40) | expiry] != 0


# -- governance ------------------------------------------------------------------------------------


@external
def set_feed(underlying: uint256, feed: address):
    """
    @notice Governor only, outside of batches: who posts smiles, beside the steward.
    @param feed The zero address: nobody.
    """
    governed._only_governor()
    governed._only_locked()
    self.feed[underlying] = feed
    log IVolSurface.FeedChanged(underlying=underlying, feed=feed)


@external
def set_span(underlying: uint256, span: uint256):
    """
    @notice Steward or governor, a new underlying the governor only; outside of batches. Begins an
        epoch.
    @param span G in bps, at most 5,000. One that falls must still cover the scan range of the
        engine, wherever within its bound spot is.
    """
    word: uint256 = self.epochs[underlying]
    if word == 0:
        governed._only_governor()
    else:
        governed._only_steward()
    governed._only_locked()
    assert span != 0 and span <= MAX_SPAN, "surface: span out of range"
    if span < (word >> 24) & UINT16:
        engine: IMarginEngine = IMarginEngine(staticcall governed._REGISTRY.engine())
        scan_range: uint256 = (staticcall engine.underlying_params(underlying)).scan_range
        reach: uint256 = (wad.BPS + BOUND_FAR) * (wad.BPS + scan_range)
        assert reach <= (wad.BPS + span) * wad.BPS, "surface: span below scan range"
    prices: IMarketData.Market = extcall market.roll(underlying)
    word = (word & ~(UINT16 << 24)) | (span << 24)
    self._begin(underlying, word, prices)
    log IVolSurface.SpanChanged(underlying=underlying, span=span)


@external
@view
def span(underlying: uint256) -> uint256:
    """
    @notice G in bps, 0 where the underlying is unknown.
    """
    return (self.epochs[underlying] >> 24) & UINT16
