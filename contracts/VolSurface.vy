# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Volatility surface
@license AGPL-3.0-only
@author Plimsoll contributors
@notice What options are worth, now and in the scenarios of the scan: one word per strike, computed
        by whoever needs it first, then read by every account that holds the strike. The
        arithmetic is that of plimsoll.spec.surface, to the wei.

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
                 hour), or, after a minute, when a smile was posted. Whatever needs a word rolls
                 what is due first, so nobody gains by not rolling

@dev Words of an underlying's epoch:

         | reference 96 | time 40 | number 40 | posted 40 | span 16 | bound 16 | 0 8 |
         256            160       120         80          40        24         8     0

     A scenario word's slot is that of its key and of the high bits of its epoch's number, its
     stamp the 16 low bits, never 0: no word of another epoch can count. The epoch's 40-bit number
     never repeats, even if every second had one.

     Nothing that the arithmetic meets makes it revert, so a word can be refused for two reasons
     only: the underlying has no span, or the expiry no smile; and then nothing is listed on them.
     What the market tells of a forward counts as of when a word is computed, so within an epoch
     the words of strikes computed before and after a new ratio differ by that much.

     Trusted: MarketData; the feeds and the steward for smiles, within the bounds of `post`.
@custom:kill Nothing to stop: without new smiles the last ones stay. The governor replaces feeds.
"""

from interfaces import IMarginEngine
from interfaces import IMarketData
from interfaces import IVolSurface
from modules import governed
from modules import scenario_word
from modules import smile as smiles
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
MIN_INTERVAL: constant(uint256) = 60  # seconds between two smiles of an expiry
MAX_SPAN: constant(uint256) = 5_000  # bps

EXPIRED: constant(uint256) = 2**16  # a stamp that no word has
EACH: constant(uint256) = max_value(uint256)  # stands for every underlying, and is none

# masks
STAMP: constant(uint256) = 2**16 - 1
UINT16: constant(uint256) = 2**16 - 1
UINT40: constant(uint256) = 2**40 - 1
UINT64: constant(uint256) = 2**64 - 1
KEY: constant(uint256) = (2**120 - 1) << 136  # of a position word

market: public(immutable(IMarketData))

# the epoch in effect in this transaction, where it was asked for
told: transient (HashMap[uint256, uint256])

epochs: HashMap[uint256, uint256]
words: HashMap[uint256, uint256]  # by key and high bits of the epoch's number
pending: HashMap[uint256, uint256]  # by underlying and expiry: the smile posted last
before: HashMap[uint256, uint256]  # and the one before, while that is in effect

feed: public(HashMap[uint256, address])


@deploy
def __init__(registry: address, _market: address):
    governed.__init__(registry)
    market = IMarketData(_market)


# -- words -----------------------------------------------------------------------------------------


@external
@reentrant
def load(positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    """
    @notice The scenario words of position words (sizes do not matter), in their order; computes
        and stores what is stale. Anyone may. 0 for what is no option, or has expired.
    @dev Reverts "surface: unknown underlying", "surface: no smile". Reentrant, as it calls nobody
        but the market, which calls nobody but feeds, and those may change nothing.
    """
    self._refresh(positions)
    return self._words(positions, EACH, empty(IVolSurface.Epoch))


@external
@view
@reentrant
def peek(positions: DynArray[uint256, 128]) -> DynArray[uint256, 128]:
    """
    @notice What `load` would return, storing nothing.
    """
    return self._words(positions, EACH, empty(IVolSurface.Epoch))


@external
@view
@reentrant
def read(
    underlying: uint256, prices: IMarketData.Market, positions: DynArray[uint256, 128]
) -> (IVolSurface.Epoch, DynArray[uint256, 128]):
    """
    @notice The epoch of an underlying, and what `peek` tells of positions as far as they are of
        it, for who knows its prices already.
    """
    epoch: IVolSurface.Epoch = self._unpack(self._at(underlying, prices))
    return epoch, self._words(positions, underlying, epoch)


@external
@reentrant
def refresh(positions: DynArray[uint256, 128]):
    """
    @notice Computes and stores what is stale, like `load`.
    """
    self._refresh(positions)


@external
@reentrant
def load_one(position: uint256) -> (IVolSurface.Epoch, uint256):
    """
    @notice What `load` would return of one position, and the epoch that it is of, empty where
        there is none.
    """
    series: uint256 = position >> 200
    if (position >> 136) & UINT64 == 0 or series & UINT40 <= block.timestamp:
        return empty(IVolSurface.Epoch), 0
    epoch: IVolSurface.Epoch = self._unpack(self._roll(series >> 40))
    if not self._is_fresh(position, epoch.number):
        self._store(position, epoch, self._series(series, epoch))
    return epoch, self.words[(position & KEY) | (epoch.number >> 16)]


@internal
def _refresh(positions: DynArray[uint256, 128]):
    underlying: uint256 = EACH  # none yet
    epoch: IVolSurface.Epoch = empty(IVolSurface.Epoch)
    count: uint256 = len(positions)
    for i: uint256 in range(count, bound=128):
        position: uint256 = positions[i]
        series: uint256 = position >> 200  # underlying and expiry
        if (position >> 136) & UINT64 == 0 or series & UINT40 <= block.timestamp:
            continue
        if series >> 40 != underlying:
            underlying = series >> 40
            epoch = self._unpack(self._roll(underlying))
        if self._is_fresh(position, epoch.number):
            continue
        # at once all that have the series, which costs more than a word, in common with it
        common: scenario_word.Series = self._series(series, epoch)
        for j: uint256 in range(i, count, bound=128):
            other: uint256 = positions[j]
            if other >> 200 != series or (other >> 136) & UINT64 == 0:
                continue
            if not self._is_fresh(other, epoch.number):
                self._store(other, epoch, common)


@internal
def _store(position: uint256, epoch: IVolSurface.Epoch, common: scenario_word.Series):
    strike: uint256 = (position >> 136) & UINT64
    slot: uint256 = (position & KEY) | (epoch.number >> 16)
    self.words[slot] = scenario_word._word(common, strike, epoch.number & STAMP)


@internal
@view
def _is_fresh(position: uint256, number: uint256) -> bool:
    """
    @notice Whether the word of a position is of the epoch with a number.
    """
    return self.words[(position & KEY) | (number >> 16)] & STAMP == number & STAMP


@internal
@view
def _words(
    positions: DynArray[uint256, 128], only: uint256, known: IVolSurface.Epoch
) -> DynArray[uint256, 128]:
    """
    @param only The underlying that matters.
    @param known Its epoch.
    """
    words: DynArray[uint256, 128] = []
    underlying: uint256 = only
    epoch: IVolSurface.Epoch = known
    series: uint256 = 0  # underlying and expiry
    stamp: uint256 = EXPIRED
    page: uint256 = known.number >> 16
    priced: uint256 = 0  # the series that `common` is of
    common: scenario_word.Series = empty(scenario_word.Series)
    for position: uint256 in positions:
        if position >> 200 != series:
            series = position >> 200
            stamp = EXPIRED
            if series & UINT40 > block.timestamp and only in [EACH, series >> 40]:
                if series >> 40 != underlying:
                    underlying = series >> 40
                    epoch = self._unpack(self._peek(underlying))
                    page = epoch.number >> 16
                stamp = epoch.number & STAMP
        strike: uint256 = (position >> 136) & UINT64
        if stamp == EXPIRED or strike == 0:
            words.append(0)
            continue
        word: uint256 = self.words[(position & KEY) | page]
        if word & STAMP != stamp:
            if series != priced:
                common = self._series(series, epoch)
                priced = series
            word = scenario_word._word(common, strike, stamp)
        words.append(word)
    return words


@internal
@view
def _series(series: uint256, epoch: IVolSurface.Epoch) -> scenario_word.Series:
    expiry: uint256 = series & UINT40
    forward: IMarketData.Forward = staticcall market.forward(series >> 40, expiry)
    shape: IVolSurface.Smile = smiles._unpack(self._effective(series, epoch.time))
    return scenario_word._series(epoch, expiry, forward, shape)


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


# -- epochs ----------------------------------------------------------------------------------------


@external
def roll(underlying: uint256) -> IVolSurface.Epoch:
    """
    @notice Begins the next epoch if it is due, and tells the one in effect. Anyone may.
    """
    return self._unpack(self._roll(underlying))


@external
@view
def epoch(underlying: uint256) -> IVolSurface.Epoch:
    """
    @notice What `roll` would tell.
    """
    return self._unpack(self._peek(underlying))


@internal
def _roll(underlying: uint256) -> uint256:
    told: uint256 = self.told[underlying]
    if told != 0:
        return told
    prices: IMarketData.Market = extcall market.roll(underlying)
    word: uint256 = self._epoch(underlying)
    if self._is_due(word, prices):
        word = self._begin(underlying, word, prices)
    self.told[underlying] = word
    return word


@internal
@view
def _peek(underlying: uint256) -> uint256:
    if self.told[underlying] != 0:
        return self.told[underlying]
    return self._at(underlying, staticcall market.peek(underlying))


@internal
@view
def _at(underlying: uint256, prices: IMarketData.Market) -> uint256:
    """
    @notice The epoch in effect at prices, unless it was told.
    """
    if self.told[underlying] != 0:
        return self.told[underlying]
    word: uint256 = self._epoch(underlying)
    if self._is_due(word, prices):
        word = self._next(word, prices)
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
    next: uint256 = self._next(word, prices)
    self.epochs[underlying] = next
    log IVolSurface.EpochBegun(
        underlying=underlying, number=(next >> 80) & UINT40, reference=prices.index
    )
    return next


@internal
@view
def _next(word: uint256, prices: IMarketData.Market) -> uint256:
    """
    @notice The next epoch. Its number is none with a stamp of 0.
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
    )


@internal
@pure
def _unpack(word: uint256) -> IVolSurface.Epoch:
    return IVolSurface.Epoch(
        reference=word >> 160,
        span=(word >> 24) & UINT16,
        bound=(word >> 8) & UINT16,
        time=(word >> 120) & UINT40,
        number=(word >> 80) & UINT40,
    )


# -- smiles ----------------------------------------------------------------------------------------


@external
def post(
    underlying: uint256, expiry: uint256, smile: IVolSurface.Smile, ratio: uint256, time: uint256
):
    """
    @notice The underlying's feed, steward or governor, outside of batches: the smile of an expiry
        that is listed and ahead, and the ratio of its forward, for MarketData.
    @param smile Free of arbitrage, see modules/smile; at the forward and beside it no volatility
        is more than a quarter off that of the smile posted last.
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
    smiles._check(smile, left)

    # market data refuses an expiry that has more than 40 bits
    series: uint256 = (underlying << 40) | expiry
    last: uint256 = self.pending[series]
    if last != 0:
        posted: uint256 = smiles._posted(last)
        assert time > smiles._time(last), "surface: not newer"
        assert block.timestamp >= posted + MIN_INTERVAL, "surface: too soon"
        smiles._check_change(smiles._unpack(last), smile, left)
        # the last one is in effect already
        if posted < (epoch >> 120) & UINT40 or self.before[series] == 0:
            self.before[series] = last
    self.pending[series] = smiles._pack(smile, block.timestamp, time)
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
    self.told[underlying] = self._begin(underlying, word, prices)
    log IVolSurface.SpanChanged(underlying=underlying, span=span)


@external
@view
def span(underlying: uint256) -> uint256:
    """
    @notice G in bps, 0 where the underlying is unknown.
    """
    return (self.epochs[underlying] >> 24) & UINT16
