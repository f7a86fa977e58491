# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Market data
@notice Per underlying: the index and how valid it is, the stable price, and of the perpetual the
        mark and cumulative funding. Per expiry of an underlying: the forward, and what futures and
        options settle at. The arithmetic is that of plimsoll.spec.market.
@dev index        what the index feed said last
     stable       follows the index, by at most `stable_rate` an hour
     observation  premium over the index of the premium feed's impact mid price, bounded; 0 where
                  the feed has no answer younger than max_age_open
     premium      moves to the last observation, linearly within `premium_window`
     mark         index * (1 + premium)
     funding      cumulative, per contract: index * premium for every eight hours
     validity     3 (opens risk, lets money out): no older than max_age_open, and no further from
                  the stable price than `alarm`; 2 (is brought in as collateral): no older than
                  max_age_open; 1 (liquidates): no older than max_age_liquidation; 0: stale, it
                  only values a book for reductions

     Every average advances over the elapsed time with the previous observation and then takes
     the new one: a report after ten silent hours moves nothing for those hours. What was advanced
     is stored when there is something new to observe; until then the same can be computed from
     the old words, so nobody gains by not rolling.

     settlement   average of the index over the 1,800 s before an expiry, rounded down to 1e-10;
                  fixed by whoever rolls first after it, or, where within that window the index
                  was ever older than max_age_liquidation, by the governor an hour after it
     forward      F(S) = fixed + ratio * S: far ahead the posted ratio alone; within the window
                  what is averaged already is fixed and the ratio's share is what is left of it;
                  after the expiry the settlement price, or until there is one, the average; as
                  that is not what settles, it opens no risk. In an epoch it is that of when it
                  began, as its words

     The expiries ahead are a list: each word tells the next one, and an underlying's price word
     the nearest, the only one that a roll looks at. Crossing one moves on to the next.

     Feeds are trusted for their answers and for nothing else. A feed that reverts, answers
     something malformed, or is gone, is silent: its last price stays and ages. What `roll` told
     first it tells for the rest of the transaction, so prices do not move inside a batch.

     What rolls and what tells is reentrant: feeds are asked by static calls, before anything is
     written, so there is nothing that a lock could guard.
@custom:kill Nothing to stop: without answers prices go stale, and stale prices only serve
     reductions; expiries that pass meanwhile wait for the governor. The governor replaces feeds, and pauses in the Registry stop what reads them.
"""

from interfaces import IMarketData
from interfaces import IPriceFeed
from modules import doubts
from modules import governed
from modules import instrument
from modules import market_word
from modules import wad

implements: IMarketData

initializes: governed

exports: governed.registry

HOUR: constant(uint256) = 3_600
DAY: constant(uint256) = 86_400
FUNDING_PERIOD: constant(int256) = 8 * 3_600

MAX_UNDERLYINGS: constant(uint256) = 64  # ids 1 .. 63
MAX_PRICE: constant(uint256) = 10**25  # ten million per unit
AGREEMENT: constant(uint256) = 500  # bps that a new feed may be off the stored index
FEED_GAS: constant(uint256) = 200_000  # that a feed may use, beyond it is silent

WINDOW: constant(uint256) = market_word.WINDOW  # before an expiry, in which the index is averaged
SETTLEMENT_UNIT: constant(uint256) = 10**8  # WAD: settlement prices are multiples
MAX_EXPIRIES: constant(uint256) = 16  # ahead, per underlying
MAX_AHEAD: constant(uint256) = 2 * 365 * DAY
MAX_FORWARD_AGE: constant(uint256) = DAY  # oldest ratio that counts as fresh
NEWEST: constant(uint256) = max_value(uint256)  # as of a time beyond all
MIN_RATIO: constant(uint256) = 8 * wad.WAD // 10
MAX_RATIO: constant(uint256) = 125 * wad.WAD // 100
RATIO_STEP: constant(uint256) = 25  # bps that an update may change a ratio


# what `roll` has told in this transaction
told: transient (HashMap[uint256, uint256[2]])

# words of each underlying, laid out in market_word
prices: HashMap[uint256, uint256]
premiums: HashMap[uint256, uint256]
configs: HashMap[uint256, uint256]
expiries: HashMap[uint256, HashMap[uint256, uint256]]

surface: public(address)
premium_feed: public(HashMap[uint256, address])


@deploy
def __init__(_registry: address):
    governed.__init__(_registry)


@external
@reentrant
def roll(underlying: uint256) -> IMarketData.Market:
    """
    @notice Takes in what the feeds say, once per transaction, and tells the market as of now.
    @dev Anyone may. A feed that reverts is silent. Reverts for an unknown underlying, and where
        there is not the gas left that a feed may need.
    """
    return market_word._unpack_told(self._roll(underlying))


@internal
def _roll(underlying: uint256) -> uint256[2]:
    """
    @return The market, packed.
    """
    told: uint256[2] = self.told[underlying]
    if told[0] == 0:
        state: IMarketData.State = empty(IMarketData.State)
        changed: bool = False
        told, state, changed = self._rolled(underlying)
        if changed:
            state.next_expiry = self._gather(underlying, state.next_expiry)
            self._store(underlying, state)
        self.told[underlying] = told
    return told


@external
@view
@reentrant
def peek(underlying: uint256) -> IMarketData.Market:
    """
    @notice What `roll` would tell, storing nothing.
    """
    told: uint256[2] = self.told[underlying]
    if told[0] == 0:
        told = self._rolled(underlying)[0]
    return market_word._unpack_told(told)


@internal
@view
def _rolled(underlying: uint256) -> (uint256[2], IMarketData.State, bool):
    """
    @return The market, packed, the state as of now with the feeds' answers taken in, and whether it is
        worth storing.
    """
    config: uint256 = self._config(underlying)
    params: IMarketData.Params = market_word._params(config)
    state: IMarketData.State = self._advanced(underlying, params)
    price: uint256 = 0
    time: uint256 = 0
    price, time = self._ask(market_word._feed(config))
    changed: bool = price != 0 and time > state.updated
    if changed:
        state.index = price
        state.updated = time
    observation: int256 = 0
    if market_word._is_observed(config):
        observation = self._observe(underlying, params, state.index)
    changed = changed or observation != state.observation
    state.observation = observation
    crossed: bool = state.next_expiry != 0 and state.next_expiry <= block.timestamp
    return self._market(underlying, params, state), state, changed or crossed


@internal
@view
def _advanced(underlying: uint256, params: IMarketData.Params) -> IMarketData.State:
    """
    @notice The averages up to now with the observations of before.
    @dev Prices are below 2**84, premiums below 2**57, seconds below 2**40 and parameters below
        2**18, so no product here reaches 2**200.
    """
    state: IMarketData.State = market_word._unpack_state(
        self.prices[underlying], self.premiums[underlying]
    )
    elapsed: uint256 = block.timestamp - state.time
    if elapsed == 0:
        return state

    step: uint256 = state.stable * params.stable_rate * elapsed // (wad.BPS * HOUR)
    if state.index > state.stable:
        state.stable = min(state.index, state.stable + step)
    else:
        state.stable -= min(state.stable - state.index, step)

    index: int256 = convert(state.index, int256)
    window: int256 = convert(params.premium_window, int256)
    ramp: int256 = min(convert(elapsed, int256), window)
    plateau: int256 = convert(elapsed, int256) - ramp
    # premium and funding round toward minus infinity
    premium: int256 = state.premium + wad._floor_div(
        (state.observation - state.premium) * ramp, window
    )
    # the area under the premium's ramp, then under its plateau; twice, to divide once
    area: int256 = (state.premium + premium) * ramp + 2 * state.observation * plateau
    state.funding += wad._floor_div(index * area, 2 * wad.IWAD * FUNDING_PERIOD)
    state.premium = premium
    state.time = block.timestamp
    return state


@internal
@view
def _observe(underlying: uint256, params: IMarketData.Params, index: uint256) -> int256:
    """
    @notice The premium of the impact mid price over the index, rounded toward minus infinity.
    @dev Where the bound is 0 (nothing is traded but spot), the feed need not be asked.
    """
    if params.premium_bound == 0:
        return 0
    price: uint256 = 0
    time: uint256 = 0
    price, time = self._ask(self.premium_feed[underlying])
    if price == 0 or block.timestamp - time > params.max_age_open:
        return 0
    bound: int256 = convert(params.premium_bound * (wad.WAD // wad.BPS), int256)
    gap: int256 = convert(price, int256) - convert(index, int256)
    # index > 0, see _ask
    premium: int256 = wad._floor_div(gap * wad.IWAD, convert(index, int256))
    return max(-bound, min(premium, bound))


@internal
@view
def _ask(feed: address) -> (uint256, uint256):
    """
    @return The feed's price and its time, (0, 0) for silence.
    @dev A feed has its gas, whoever calls: a caller cannot make it silent by giving too little
        (a call keeps back 1/64 of what there is), and one that burns all it gets blocks nobody.
    """
    assert msg.gas > FEED_GAS * 64 // 63 + 5_000, "market: too little gas"
    success: bool = False
    answer: Bytes[64] = b""
    success, answer = raw_call(
        feed,
        method_id("latest()"),
        max_outsize=64,
        gas=FEED_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) != 64:  # nothing lives there, or something else
        return 0, 0
    price: uint256 = extract32(answer, 0, output_type=uint256)
    time: uint256 = extract32(answer, 32, output_type=uint256)
    if price == 0 or price > MAX_PRICE or time > block.timestamp:
        return 0, 0
    return price, time


@internal
def _gather(underlying: uint256, nearest: uint256) -> uint256:
    """
    @notice Stores what the index of before adds up to in the windows of expiries: of the nearest
        one, and of more only where it is crossed. To be called before the index is stored anew.
    @param nearest Expiry that was ahead when the index was stored, 0 where there was none.
    @return The nearest one ahead now.
    """
    expiry: uint256 = nearest
    for i: uint256 in range(MAX_EXPIRIES):
        if expiry == 0 or block.timestamp <= expiry - WINDOW:
            break
        item: IMarketData.Expiry = self._expiry(underlying, expiry)
        self.expiries[underlying][expiry] = market_word._pack_expiry(item)
        if block.timestamp < expiry:
            break  # those behind it begin later
        if item.fixed:
            log IMarketData.ExpiryFixed(underlying=underlying, expiry=expiry, price=item.gathered)
        expiry = item.next
    return expiry


@internal
def _store(underlying: uint256, state: IMarketData.State):
    price: uint256 = 0
    premium: uint256 = 0
    price, premium = market_word._pack_state(state)
    self.prices[underlying] = price
    self.premiums[underlying] = premium
    log IMarketData.Rolled(
        underlying=underlying,
        index=state.index,
        stable=state.stable,
        premium=state.premium,
        observation=state.observation,
        funding=state.funding,
        updated=state.updated,
    )


@internal
@view
def _market(
    underlying: uint256, params: IMarketData.Params, state: IMarketData.State
) -> uint256[2]:
    """
    @notice What is told of a state that has been rolled to now, packed. The mark rounds down.
    """
    age: uint256 = block.timestamp - state.updated
    gap: uint256 = max(state.index, state.stable) - min(state.index, state.stable)
    validity: uint256 = doubts.STALE
    if age <= params.max_age_open:
        validity = (
            doubts.OPEN if gap * wad.BPS <= params.alarm * state.stable else doubts.COLLATERAL
        )
    elif age <= params.max_age_liquidation:
        validity = doubts.LIQUIDATION
    # |premium| <= 10 %
    factor: uint256 = convert(wad.IWAD + state.premium, uint256)
    return market_word._pack_told(
        IMarketData.Market(
            index=state.index,
            stable=state.stable,
            mark=state.index * factor // wad.WAD,
            funding=state.funding,
            validity=validity,
            next_expiry=self._ahead(underlying, state.next_expiry),
        )
    )


@internal
@view
def _ahead(underlying: uint256, nearest: uint256) -> uint256:
    """
    @return The nearest expiry ahead, from the one that was so at some time.
    """
    expiry: uint256 = nearest
    for i: uint256 in range(MAX_EXPIRIES):
        if expiry == 0 or block.timestamp < expiry:
            break
        expiry = market_word._following(self.expiries[underlying][expiry])
    return expiry


@external
@reentrant
def price(word: uint256) -> (uint256, int256):
    """
    @notice What one contract of an instrument, or of a position word, trades at and what it is
        worth in basis, WAD; rolls. (0, 0) of an option, whose price the engine knows.
    """
    if instrument._strike(word) != 0:
        return 0, 0
    return self._price(word)


@internal
def _price(word: uint256) -> (uint256, int256):
    """
    @notice Of what is linear: a perpetual is worth its mark less cumulative funding, a future its
        forward.
    """
    underlying: uint256 = instrument._underlying(word)
    market: IMarketData.Market = market_word._unpack_told(self._roll(underlying))
    expiry: uint256 = instrument._expiry(word)
    if expiry == 0:
        return market.mark, convert(market.mark, int256) - market.funding
    forward: IMarketData.Forward = self._forward(underlying, expiry, NEWEST, 0)
    mark: uint256 = forward.fixed + forward.ratio * market.index // wad.WAD
    return mark, convert(mark, int256)


@external
@reentrant
def unsettled(word: uint256) -> (int256, bool):
    """
    @notice What a position has to be settled with, WAD * 1e-8 contracts, and whether it is over:
        its value in basis while it is live (nothing for an option), its payoff when its expiry is
        fixed. Rolls for what moves with the index.
    @dev No overflow: sizes are below 2**67, prices and strikes below 2**98. A payoff is an exact
        number of wei, as strikes and settlement prices are multiples of 10**8.
    """
    calls: int256 = 0
    puts: int256 = 0
    calls, puts = instrument._sizes(word)
    expiry: uint256 = instrument._expiry(word)
    strike: uint256 = instrument._strike(word) * instrument.STRIKE_UNIT
    if expiry != 0 and block.timestamp >= expiry:
        item: IMarketData.Expiry = self._expiry(instrument._underlying(word), expiry)
        if item.fixed:
            payoff: int256 = convert(item.gathered, int256) - convert(strike, int256)
            if strike != 0:
                return calls * max(payoff, 0) + puts * max(-payoff, 0), True
            return calls * payoff, True
    if strike != 0:
        return 0, False
    return calls * self._price(word)[1], False


@external
@view
@reentrant
def forward(
    underlying: uint256, expiry: uint256, time: uint256, averaged: uint256
) -> IMarketData.Forward:
    """
    @notice The forward of an expiry: F(S) = fixed + ratio * S, rounded down. Reverts for an expiry
        that was never listed.
    @param time When an epoch began: a ratio posted since does not count in it, nor what has been
        gathered since, as its words know neither.
    @param averaged What was fixed then, WAD; only looked at within the window.
    """
    return self._forward(underlying, expiry, time, averaged)


@internal
@view
def _forward(
    underlying: uint256, expiry: uint256, time: uint256, averaged: uint256
) -> IMarketData.Forward:
    if block.timestamp >= expiry:
        item: IMarketData.Expiry = self._expiry(underlying, expiry)
        price: uint256 = item.gathered if item.fixed else self._average(item.gathered)
        return IMarketData.Forward(fixed=price, ratio=0, fresh=item.fixed)
    word: uint256 = self._listed(underlying, expiry)
    fixed: uint256 = 0
    ratio: uint256 = market_word._ratio(word)
    posted: uint256 = market_word._posted(word)
    # unsafe: it was posted in the past
    fresh: bool = unsafe_sub(block.timestamp, posted) <= MAX_FORWARD_AGE
    if posted >= time:
        ratio = market_word._before(word)
        fresh = fresh and not market_word._aged(word)
    left: uint256 = unsafe_sub(expiry, block.timestamp)  # unsafe: it is ahead
    if left < WINDOW:
        item: IMarketData.Expiry = self._expiry(underlying, expiry)
        fixed = item.gathered // WINDOW
        if time < block.timestamp:
            fixed = averaged
            left = min(expiry - time, WINDOW)
        ratio = ratio * left // WINDOW
        fresh = fresh and not item.late
    return IMarketData.Forward(fixed=fixed, ratio=ratio, fresh=fresh)


@internal
@view
def _expiry(underlying: uint256, expiry: uint256) -> IMarketData.Expiry:
    """
    @notice An expiry as of now. What is stored is completed with the index as it was last stored,
        the one observation from then on, so it is the same before and after a roll.
    """
    item: IMarketData.Expiry = market_word._unpack_expiry(self._listed(underlying, expiry))
    # unsafe: listed expiries are later than a window from the start of time
    if item.fixed or block.timestamp <= unsafe_sub(expiry, WINDOW):
        return item
    state: IMarketData.State = market_word._unpack_state(
        self.prices[underlying], self.premiums[underlying]
    )
    begin: uint256 = max(state.time, unsafe_sub(expiry, WINDOW))
    end: uint256 = min(block.timestamp, expiry)
    if begin < end:
        age: uint256 = end - state.updated
        params: IMarketData.Params = market_word._params(self.configs[underlying])
        item.late = item.late or age > params.max_age_liquidation
        item.gathered += state.index * (end - begin)
    if block.timestamp >= expiry and not item.late:
        item.gathered = self._average(item.gathered)
        item.fixed = True
    return item


@internal
@view
def _listed(underlying: uint256, expiry: uint256) -> uint256:
    """
    @notice The word of an expiry, as it is stored.
    """
    word: uint256 = self.expiries[underlying][expiry]
    assert word != 0, "market: unknown expiry"
    return word


@internal
@pure
def _average(gathered: uint256) -> uint256:
    """
    @notice What a whole window settles at, rounded down.
    """
    return self._rounded(gathered // WINDOW)


@internal
@pure
def _rounded(price: uint256) -> uint256:
    return price // SETTLEMENT_UNIT * SETTLEMENT_UNIT


# Governance


@external
def list_market(underlying: uint256, feed: address, params: IMarketData.Params):
    """
    @notice Governor only, outside of batches: a new underlying, for ever.
    @param underlying Id, 1 .. 63.
    @param feed Index feed, which must answer now.
    """
    governed._only_governor()
    governed._only_locked()
    assert underlying != 0 and underlying < MAX_UNDERLYINGS, "market: id out of range"
    assert self.configs[underlying] == 0, "market: already listed"
    price: uint256 = 0
    time: uint256 = 0
    price, time = self._answer(feed)
    log IMarketData.MarketListed(underlying=underlying, feed=feed)
    self._set_params(underlying, feed, params)
    self._store(
        underlying,
        IMarketData.State(
            index=price,
            stable=price,
            updated=time,
            premium=0,
            observation=0,
            funding=0,
            time=block.timestamp,
            next_expiry=0,
        ),
    )


@external
def set_feed(underlying: uint256, feed: address):
    """
    @notice Governor only, outside of batches: replaces the index feed. The new one must answer
        now, and agree within 5 % with the stored index, unless that is older than a day: then
        nothing is known that it could agree with.
    @dev Its answers count from the first that is younger than the stored index.
    """
    governed._only_governor()
    params: IMarketData.Params = empty(IMarketData.Params)
    state: IMarketData.State = empty(IMarketData.State)
    params, state = self._settle(underlying)
    price: uint256 = self._answer(feed)[0]
    if block.timestamp - state.updated <= DAY:
        gap: uint256 = max(price, state.index) - min(price, state.index)
        assert gap * wad.BPS <= AGREEMENT * state.index, "market: feeds disagree"
    self._configure(underlying, feed, params)
    log IMarketData.FeedChanged(underlying=underlying, feed=feed)


@external
def set_premium_feed(underlying: uint256, feed: address):
    """
    @notice Governor only, outside of batches: what tells the perpetual's impact mid price.
    @param feed Must answer now; the zero address: none, and the premium goes to 0.
    """
    governed._only_governor()
    params: IMarketData.Params = self._settle(underlying)[0]
    if feed != empty(address):
        self._answer(feed)
    self.premium_feed[underlying] = feed
    self._configure(underlying, market_word._feed(self.configs[underlying]), params)
    log IMarketData.PremiumFeedChanged(underlying=underlying, feed=feed)


@external
def set_params(underlying: uint256, params: IMarketData.Params):
    """
    @notice Steward or governor, outside of batches. Bounds: ages 10 s .. 1 day, opening no longer
        than liquidation; alarm 0.5 .. 20 %; stable rate 0.1 .. 50 % an hour; premium bound up to
        10 % (0: no premium is observed); premium window 1 minute .. 1 day.
    """
    governed._only_steward()
    self._settle(underlying)
    self._set_params(underlying, market_word._feed(self.configs[underlying]), params)


@internal
def _settle(underlying: uint256) -> (IMarketData.Params, IMarketData.State):
    """
    @notice Stores the averages up to now under the parameters that are about to change.
    """
    governed._only_locked()
    params: IMarketData.Params = market_word._params(self._config(underlying))
    state: IMarketData.State = self._advanced(underlying, params)
    state.next_expiry = self._gather(underlying, state.next_expiry)
    self._store(underlying, state)
    return params, state


@internal
@view
def _answer(feed: address) -> (uint256, uint256):
    price: uint256 = 0
    time: uint256 = 0
    price, time = self._ask(feed)
    assert price != 0, "market: feed is silent"
    return price, time


@internal
def _set_params(underlying: uint256, feed: address, params: IMarketData.Params):
    assert 10 <= params.max_age_open, "market: age out of range"
    assert params.max_age_open <= params.max_age_liquidation, "market: age out of range"
    assert params.max_age_liquidation <= DAY, "market: age out of range"
    assert 50 <= params.alarm and params.alarm <= 2_000, "market: alarm out of range"
    assert 10 <= params.stable_rate and params.stable_rate <= 5_000, "market: rate out of range"
    assert params.premium_bound <= 1_000, "market: premium bound out of range"
    assert 60 <= params.premium_window, "market: window out of range"
    assert params.premium_window <= DAY, "market: window out of range"
    self._configure(underlying, feed, params)
    log IMarketData.ParamsChanged(underlying=underlying, params=params)


@internal
def _configure(underlying: uint256, feed: address, params: IMarketData.Params):
    is_observed: bool = self.premium_feed[underlying] != empty(address)
    self.configs[underlying] = market_word._pack_config(feed, is_observed, params)


@external
def set_surface(surface: address):
    """
    @notice Governor only, outside of batches: the contract that may post forward ratios.
    """
    governed._only_governor()
    governed._only_locked()
    self.surface = surface
    log IMarketData.SurfaceChanged(surface=surface)


@external
def list_expiry(underlying: uint256, expiry: uint256, ratio: uint256):
    """
    @notice Steward or governor, outside of batches: an expiry that futures and options may have.
    @param expiry A multiple of 1,800 s, more than an hour and at most two years ahead; at most 16
        are ahead of an underlying.
    @param ratio Of the forward to the index, 0.8 .. 1.25, WAD, rounded down to 1e-9.
    """
    governed._only_steward()
    state: IMarketData.State = self._settle(underlying)[1]
    assert expiry % WINDOW == 0, "market: expiry out of range"
    assert expiry > block.timestamp + HOUR, "market: expiry out of range"
    assert expiry <= block.timestamp + MAX_AHEAD, "market: expiry out of range"
    assert self.expiries[underlying][expiry] == 0, "market: already listed"

    before: uint256 = 0
    next: uint256 = state.next_expiry
    last: uint256 = next
    for i: uint256 in range(MAX_EXPIRIES - 1):
        if last == 0:
            break
        if last < expiry:
            before = last
        last = market_word._following(self.expiries[underlying][last])
    assert last == 0, "market: too many expiries"
    if before == 0:
        state.next_expiry = expiry
        self.prices[underlying] = market_word._pack_state(state)[0]
    else:
        earlier: IMarketData.Expiry = market_word._unpack_expiry(self._listed(underlying, before))
        next = earlier.next
        earlier.next = expiry
        self.expiries[underlying][before] = market_word._pack_expiry(earlier)
    log IMarketData.ExpiryListed(underlying=underlying, expiry=expiry)
    self._set_ratio(
        underlying,
        expiry,
        IMarketData.Expiry(
            ratio=ratio,
            posted=block.timestamp,
            before=0,
            aged=False,
            gathered=0,
            late=False,
            fixed=False,
            next=next,
        ),
        ratio,
    )


@external
def set_ratio(underlying: uint256, expiry: uint256, ratio: uint256):
    """
    @notice Surface only, outside of batches: the forward ratio of an expiry ahead. What was posted
        last must be in effect by now, in whatever epoch, as it will be what was before.
    @param ratio 0.8 .. 1.25, WAD, rounded down to 1e-9; at most 0.25 % off what it was.
    """
    assert msg.sender == self.surface, "market: not the surface"
    governed._only_locked()
    item: IMarketData.Expiry = market_word._unpack_expiry(self._listed(underlying, expiry))
    assert block.timestamp < expiry, "market: expired"
    change: uint256 = max(ratio, item.ratio) - min(ratio, item.ratio)
    assert change * wad.BPS <= RATIO_STEP * item.ratio, "market: ratio moves too far"
    self._set_ratio(underlying, expiry, item, ratio)


@internal
def _set_ratio(underlying: uint256, expiry: uint256, item: IMarketData.Expiry, ratio: uint256):
    assert MIN_RATIO <= ratio and ratio <= MAX_RATIO, "market: ratio out of range"
    updated: IMarketData.Expiry = item
    updated.before = item.ratio
    updated.aged = block.timestamp - item.posted > MAX_FORWARD_AGE
    updated.ratio = ratio // market_word.RATIO_UNIT * market_word.RATIO_UNIT
    updated.posted = block.timestamp
    self.expiries[underlying][expiry] = market_word._pack_expiry(updated)
    log IMarketData.RatioChanged(underlying=underlying, expiry=expiry, ratio=updated.ratio)


@external
def fix(underlying: uint256, expiry: uint256, price: uint256):
    """
    @notice Governor only, outside of batches: what an expiry settles at that could not be fixed
        by itself, from an hour after it on.
    @param price WAD, at most 10**25; rounded down to a multiple of 10**8.
    """
    governed._only_governor()
    self._settle(underlying)
    item: IMarketData.Expiry = market_word._unpack_expiry(self._listed(underlying, expiry))
    assert block.timestamp >= expiry + HOUR, "market: too early"
    assert not item.fixed, "market: already fixed"
    assert price != 0 and price <= MAX_PRICE, "market: price out of range"
    item.gathered = self._rounded(price)
    item.fixed = True
    self.expiries[underlying][expiry] = market_word._pack_expiry(item)
    log IMarketData.ExpiryFixed(underlying=underlying, expiry=expiry, price=item.gathered)


# Views


@external
@view
@reentrant
def expiry_of(underlying: uint256, expiry: uint256) -> IMarketData.Expiry:
    """
    @notice What is known of an expiry as of now. Reverts for one that was never listed.
    """
    return self._expiry(underlying, expiry)


@external
@view
def state(underlying: uint256) -> IMarketData.State:
    """
    @notice What was last stored, without what has passed since.
    """
    self._config(underlying)
    return market_word._unpack_state(self.prices[underlying], self.premiums[underlying])


@external
@view
def params(underlying: uint256) -> IMarketData.Params:
    """
    @notice Reverts where the underlying is not listed.
    """
    return market_word._params(self._config(underlying))


@external
@view
def feed(underlying: uint256) -> address:
    """
    @notice The index feed, the zero address where the underlying is not listed.
    """
    return market_word._feed(self.configs[underlying])


@internal
@view
def _config(underlying: uint256) -> uint256:
    config: uint256 = self.configs[underlying]
    assert config != 0, "market: unknown underlying"
    return config
