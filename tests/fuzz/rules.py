"""What happens in a run: each rule draws the numbers, and says what both sides should make of it.

Numbers are steered so that most actions are possible, and some just not.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from functools import partial
from typing import Any

from plimsoll.client.orders import Leg as OrderLeg
from plimsoll.client.orders import Order, SignedOrder
from plimsoll.spec import liquidation, orders
from plimsoll.spec import smile as smile_spec
from plimsoll.spec.ledger import QUOTE, Leg
from plimsoll.spec.margin import UnderlyingParams
from plimsoll.spec.market import (
    MAX_PRICE,
    OPEN,
    WINDOW,
    MarketParams,
    MarketState,
)
from plimsoll.spec.smile import Smile
from plimsoll.spec.surface import MAX_AGE, MIN_AGE
from plimsoll.spec.wad import BPS, MAX, SIZE, WAD, clamp, require
from plimsoll.spec.words import (
    CALL,
    CASH,
    KEY_SHIFT,
    MAX_COLLATERALS,
    PORTFOLIO,
    PUT,
    expiry_of,
    future,
    is_option,
    key_of,
    owner_of,
    perpetual,
    underlying_of,
)
from plimsoll.spec.words import call as call_of
from plimsoll.spec.words import put as put_of
from tests.fuzz import parameters
from tests.fuzz.calls import Act, Call, check, holdings
from tests.fuzz.machine import Machine
from tests.fuzz.markets import Round, Series
from tests.fuzz.surfaces import unpack_epoch
from tests.fuzz.world import (
    DECIMALS,
    EUR,
    FEED_DECIMALS,
    MAIN,
    PRICES,
    QUOTE_DECIMALS,
    TRADED,
    UNDERLYINGS,
)
from tests.harness import Reverted

HOUR = 3_600
DAY = 86_400
WEEK = 7 * DAY
SCOPES = WITHDRAW, TRANSFER, CONFIGURE = 1, 2, 3  # of an operator
PAUSE_WITHDRAW, PAUSE_TRADE, PAUSE_LIQUIDATE = 1, 2, 4  # the registry's actions
MAX_PAUSE, COOLDOWN, GRACE = 3 * DAY, 7 * DAY, HOUR
LEAST_REWARD = -(2**255)
MOST_EXPIRIES = 4  # ahead, so that books meet in few of them
UNIT = 10 ** (18 - QUOTE_DECIMALS)


# -- calls: a transaction and its model ----------------------------------------------------------


def _allowed(condition: bool) -> None:
    require(condition, "vault: not allowed")


def _asset(m: Machine, token: Any) -> int:
    """Id of a token, QUOTE for the quote token."""
    if token is m.world.quote:
        return QUOTE
    require(token is not m.world.unlisted, "registry: unknown asset")
    return m.world.tokens.index(token)


def _key(venue: Any) -> str:
    return str(venue.address).lower()


def deposit_of(m: Machine, sender: Any, account: int, token: Any, amount: int) -> Call:
    def model() -> None:
        own = m.may(account, sender, CONFIGURE)
        m.ledger.deposit(account, _asset(m, token), amount, own)

    return Call(sender, m.world.vault.deposit, (account, token, amount), model)


def deposit_worth(m: Machine, sender: Any, account: int, asset: int, value: int) -> Call:
    """Collateral for so many units of quote, at the index."""
    index = m.markets[m.world.asset_underlyings[asset]].index
    amount = max(1, value * WAD * 10 ** DECIMALS[asset] // index)
    return deposit_of(m, sender, account, m.world.tokens[asset], amount)


def withdraw_of(m: Machine, sender: Any, account: int, token: Any, amount: int, to: Any) -> Call:
    def model() -> int:
        if int(sender.address, 16) != owner_of(account):
            home = int(to.address, 16) == owner_of(account)
            _allowed(home and m.may(account, sender, WITHDRAW))
        require(to is not m.world.vault, "vault: receiver")
        asset = _asset(m, token)
        m.require_running(PAUSE_WITHDRAW)
        return m.ledger.withdraw(account, asset, amount)

    return Call(sender, m.world.vault.withdraw, (account, token, amount, to), model)


def transfer_of(m: Machine, sender: Any, source: int, target: int, token: Any, amount: int) -> Call:
    def model() -> int:
        _allowed(m.may(source, sender, TRANSFER))
        require(owner_of(source) == owner_of(target), "vault: not one owner")
        require(source != target, "vault: same account")
        asset = _asset(m, token)
        m.require_running(PAUSE_WITHDRAW)
        return m.ledger.transfer(source, target, asset, amount)

    return Call(sender, m.world.vault.transfer, (source, target, token, amount), model)


def netting(m: Machine, sender: Any, account: int, level: int) -> Call:
    def model() -> None:
        _allowed(m.may(account, sender, CONFIGURE))
        m.ledger.set_netting(account, level)

    return Call(sender, m.world.vault.set_netting, (account, level), model)


def venue_limit(m: Machine, sender: Any, account: int, venue: Any, limit: int) -> Call:
    def model() -> None:
        _allowed(int(sender.address, 16) == owner_of(account))
        m.ledger.set_venue(account, _key(venue), limit)

    return Call(sender, m.world.vault.set_venue, (account, venue, limit), model)


def operator_of(
    m: Machine, sender: Any, account: int, operator: Any, scope: int, expiry: int
) -> Call:
    def model() -> None:
        _allowed(int(sender.address, 16) == owner_of(account))
        m.operators[account, int(operator.address, 16), scope] = expiry

    args = (account, operator, scope.to_bytes(20, "big"), expiry)
    return Call(sender, m.world.vault.set_operator, args, model)


def settle_of(m: Machine, sender: Any, account: int) -> Call:
    return Call(sender, m.world.vault.settle, (account,), lambda: m.ledger.settle(account))


def book_of(m: Machine, sender: Any, legs: list[Leg]) -> Call:
    def model() -> None:
        require(sender in (m.world.venue, m.world.desk), "registry: unknown venue")
        m.require_running(PAUSE_TRADE)
        m.ledger.book(_key(sender), legs)

    return Call(sender, m.world.vault.book, (legs,), model, parts=2 * len(legs))


def batch_of(m: Machine, sender: Any, calls: list[Call]) -> Call:
    inputs = [call.function.encode_input(*call.args) for call in calls]
    return _deferred(m, calls, Call(sender, m.world.vault.batch, (inputs,), lambda: None))


def unlock_of(m: Machine, calls: list[Call]) -> Call:
    """Calls of the desk, in the vault's callback."""
    args = []
    for call in calls:
        target = m.world.liquidator if call.sellers else m.world.vault
        args.append((target, call.function.encode_input(*call.args)))
    return _deferred(m, calls, Call(m.world.stranger, m.world.desk.run, (args,), lambda: None))


def _deferred(m: Machine, calls: list[Call], outer: Call) -> Call:
    def model() -> None:
        with m.ledger.batch():
            for call in calls:
                call.model()

    return replace(
        outer,
        model=model,
        parts=sum(call.parts for call in calls),
        sellers=tuple({seller for call in calls for seller in call.sellers}),
        inner=tuple(calls),
    )


def liquidate_of(m: Machine, sender: Any, account: int, to: int, most: int, least: int) -> Call:
    def model() -> tuple[int, ...]:
        margin = m.margin(account)
        terms = liquidation.terms(m.liquidation, margin, most)
        last = max((end for _, end in m.paused.values()), default=0)
        require(m.now >= last + GRACE, "registry: grace period")
        _allowed(m.may(to, sender, int(m.world.liquidator.address, 16)))
        paid = m.ledger.slice(account, to, terms.fraction, terms.payment, terms.cut)
        reward = terms.reward + terms.payment - paid
        require(reward >= least, "liquidator: reward too small")
        return terms.fraction, paid, terms.cut, reward

    parts = 4 + 4 * len(m.ledger.account(account).positions)
    args = (account, to, most, least)
    return Call(sender, m.world.liquidator.liquidate, args, model, parts, sellers=(account,))


# -- steering ------------------------------------------------------------------------------------


def _account(m: Machine) -> int:
    return m.choices.pick(m.world.accounts)


def _sender(m: Machine, account: int) -> Any:
    """The owner, now and then anybody else."""
    if m.choices.chance(3):
        return m.choices.pick([*m.world.actors, m.world.stranger])
    return m.world.owner(account)


def _free(m: Machine, account: int) -> int:
    """What of the equity is not needed, WAD."""
    margin = m.margin(account)
    return max(0, margin.equity - margin.initial)


def able(m: Machine, but: int | None = None) -> int:
    """An account that has something to spare, if one is found at once."""
    accounts = [account for account in m.world.accounts if account != but]
    for account in (found := m.choices.sample(accounts, 3)):
        if _free(m, account) > 0:
            return account
    return found[0]


def _is_open(m: Machine) -> bool:
    return all(m.markets[underlying].validity == OPEN for underlying in UNDERLYINGS)


def _token(m: Machine, account: int) -> Any:
    """The quote token, or one that the account holds; now and then any other."""
    choices = m.choices
    if choices.chance(50):
        return m.world.quote
    if choices.chance(2):
        return m.world.unlisted
    held = sorted(m.ledger.account(account).collateral)
    if held and choices.chance(90):
        return m.world.tokens[choices.pick(held)]
    return m.world.tokens[choices.integer(0, MAIN - 1)]


def part_of(m: Machine, account: int, token: Any) -> int:
    """Some of what could be taken out, seldom more; all of it stands for itself."""
    choices = m.choices
    if choices.chance(15):
        return MAX
    part = choices.integer(1, 100 if choices.chance(85) else 150)
    if token is m.world.quote:
        return _free(m, account) * part // 100 // UNIT
    if token is m.world.unlisted:
        return part
    asset = m.world.tokens.index(token)
    held = m.ledger.account(account).collateral.get(asset, 0)
    index = m.markets[m.world.asset_underlyings[asset]].index
    return min(held, _free(m, account) * 10 ** DECIMALS[asset] // index) * part // 100


def room(m: Machine, account: int, instrument: int) -> int:
    """About how many contracts, 1e-8, an account can trade."""
    underlying = underlying_of(instrument)
    factors, params = m.ledger.model.factors, m.ledger.model.underlyings[underlying]
    margin = params.scan_range * factors.initial * m.markets[underlying].mark // BPS**2
    held = abs(m.ledger.position(account, instrument))
    limit = max(0, m.ledger.listing.size_limit(instrument, m.now) - held)
    return min(_free(m, account) * SIZE // margin, limit) + held // 2


def positions(m: Machine) -> list[tuple[int, int, int]]:
    """(account, instrument, size) of all that has not expired."""
    return [
        (account, instrument, size)
        for account in m.world.accounts
        for word in m.ledger.account(account).positions
        if not 0 < expiry_of(word) <= m.now
        for instrument, size in holdings(word)
    ]


def open_series(m: Machine) -> list[Series]:
    """Expiries ahead that are listed for trading."""
    return [series for series in m.markets.ahead() if series in m.ledger.listing.series]


def instrument(m: Machine) -> int:
    """Any that is listed."""
    choices, series = m.choices, open_series(m)
    if not series or choices.chance(45):
        return perpetual(choices.pick(TRADED))
    underlying, expiry = choices.pick(series)
    grid = m.ledger.listing.series[underlying, expiry]
    if not grid.step or choices.chance(25):
        return future(underlying, expiry)
    strike = choices.integer(grid.low // grid.step, grid.high // grid.step) * grid.step
    return (put_of if choices.chance(50) else call_of)(underlying, expiry, strike)


def package(m: Machine, most: int = 1) -> list[tuple[int, int]]:
    """(instrument, ratio) of one, or of some that go together."""
    choices, first = m.choices, instrument(m)
    if choices.chance(70):
        return [(first, 1)]
    if is_option(first) and choices.chance(60):
        underlying, expiry = underlying_of(first), expiry_of(first)
        key = key_of(first) << KEY_SHIFT
        straddle = [(key | CALL, 1), (key | PUT, 1)]
        conversion = [(future(underlying, expiry), 1), (key | PUT, 1), (key | CALL, -1)]
        return choices.pick([straddle, conversion])
    sign = 1 if choices.chance(50) else -1
    return [(first, 1), (instrument(m), choices.integer(1, most) * sign)]


def _short(m: Machine) -> list[int]:
    """Some accounts that may be liquidated."""
    some = m.choices.sample(m.world.accounts, 7)
    margins = ((account, m.margin(account)) for account in some)
    return [account for account, margin in margins if margin.equity < margin.maintenance]


# -- rules: the start ----------------------------------------------------------------------------


def set_up(m: Machine) -> None:
    """All parameters, then accounts with some money that approve all venues."""
    world, choices = m.world, m.choices
    for underlying in UNDERLYINGS:
        m.markets.stored[underlying] = MarketState(*world.market.state(underlying))
        m.markets.params[underlying] = MarketParams(*world.market.params(underlying))
        word = world.read(world.surface_at, world.epoch_slots[underlying])
        m.surfaces.stored[underlying] = unpack_epoch(word)
    parameters.set_factors(m, parameters.factors(choices))
    for underlying in UNDERLYINGS:
        market = parameters.market_params(choices, underlying in TRADED)
        parameters.set_market(m, underlying, market)
        parameters.set_underlying(m, underlying, UnderlyingParams(100, 0, 0, 1))
        params = parameters.underlying_params(choices, 4_000)
        for asset in range(len(DECIMALS)):
            if (fixed := world.asset_underlyings[asset]) == underlying:
                new = parameters.asset_params(choices, fixed, DECIMALS[asset], params.scan_range)
                parameters.set_asset(m, asset, new)
        parameters.set_underlying(m, underlying, params)
    parameters.set_rates(m, parameters.rates(choices))
    parameters.set_liquidation(m, parameters.liquidation(choices))
    parameters.set_fees(m, parameters.fees(choices))
    for asset in range(len(DECIMALS)):
        parameters.set_cap(m, asset, parameters.largest_cap(asset))
    for underlying in TRADED:
        parameters.set_size_limit(m, underlying, parameters.size_limit(choices))
    m.ledger.listing.max_size[EUR] = 0
    for _ in range(choices.integer(0, 4)):
        list_expiry(m)
    for account in world.accounts:
        owner = world.owner(account)
        for venue in world.venues:
            limit = parameters.venue_limit(choices)
            m.act(venue_limit(m, owner, account, venue, limit))
        for scope in (*SCOPES, int(world.liquidator.address, 16)):
            if choices.chance(70):
                m.act(operator_of(m, owner, account, world.desk, scope, 2**40))
        m.act(netting(m, owner, account, choices.integer(0, PORTFOLIO)))
        m.act(deposit_of(m, owner, account, world.quote, choices.magnitude(10**9, 10**13)))
        if choices.chance(70):
            asset = choices.integer(0, MAIN - 1)
            m.act(deposit_worth(m, owner, account, asset, choices.magnitude(100, 10**7)))
    for _ in range(MAX_COLLATERALS - 4):
        hoard(m)


# -- rules: the market ---------------------------------------------------------------------------


def report(m: Machine, underlying: int, move: int) -> None:
    """A source tells a new price, moved by basis points; the perpetual's follows."""
    choices = m.choices
    start = PRICES[underlying] * 10**FEED_DECIMALS
    price = m.markets.prices[underlying] * (BPS + move) // BPS
    price = m.markets.prices[underlying] = max(start // 1_000, 1, min(price, start * 1_000))
    m.markets.index[underlying] = Round(price, m.now, m.now)
    m.world.feeds[underlying].set_answer(price, sender=m.world.stranger)
    if underlying in TRADED and choices.chance(50):
        mid = price * (BPS + choices.integer(-150, 150)) // BPS
        m.markets.mid[underlying] = Round(mid, m.now, m.now)
        m.world.premium_feeds[underlying].set_answer(mid, sender=m.world.stranger)


def tick(m: Machine) -> None:
    """Some time passes, and all prices move a little."""
    m.wait(m.choices.magnitude(1, 2 * HOUR))
    for underlying in UNDERLYINGS:
        report(m, underlying, m.choices.integer(-100, 100))
    m.moved()


def calm(m: Machine) -> None:
    """Hours in which all sources report and no price moves, so that alarms come to rest."""
    m.wait(m.choices.integer(HOUR, 12 * HOUR))
    for underlying in UNDERLYINGS:
        report(m, underlying, m.choices.integer(-10, 10))
    m.moved()


def jump(m: Machine) -> None:
    """A price jumps, or all of them crash."""
    choices = m.choices
    m.wait(choices.magnitude(1, HOUR))
    kind = choices.integer(0, 3)
    low, high = [(-500, 500), (-2_000, 2_500), (-8_000, -2_000), (3_000, 20_000)][kind]
    move = choices.integer(low, high)
    all_of_them = kind == 2 and choices.chance(50)
    for underlying in UNDERLYINGS if all_of_them else [choices.pick(UNDERLYINGS)]:
        report(m, underlying, move)
    m.moved()


def wait(m: Machine) -> None:
    """Time passes and nobody reports."""
    kind = m.choices.integer(0, 4)
    m.wait(m.choices.magnitude(1, [60, HOUR, 6 * HOUR, DAY, 3 * WEEK][kind]))


def fail(m: Machine) -> None:
    """A source tells nonsense."""
    choices = m.choices
    underlying = choices.pick(UNDERLYINGS)
    price, now = m.markets.prices[underlying], m.now
    told = [
        Round(0, now, now),
        Round(-price, now, now),
        Round(price, 0, now),
        Round(price, now, 0),
        Round(price, now, now + choices.magnitude(1, DAY)),
        Round(price, now, now - choices.magnitude(1, 2 * DAY)),
        Round(price, now, now, carried=True),
        Round(10**16, now, now),
    ][choices.integer(0, 7)]
    is_mid = underlying in TRADED and choices.chance(50)
    (m.markets.mid if is_mid else m.markets.index)[underlying] = told
    aggregator = (m.world.premium_feeds if is_mid else m.world.feeds)[underlying]
    number = aggregator.latestRound() + 1
    answered = number - told.carried
    aggregator.set_round(
        number, told.answer, told.started, told.updated, answered, sender=m.world.stranger
    )
    m.moved()


def roll_of(m: Machine, underlying: int) -> Call:
    """What is new must be stored."""

    def model() -> tuple[int, ...]:
        told = m.markets[underlying]
        m.markets.store(underlying, m.markets.rolled[underlying][0])
        return astuple(told)

    return Call(m.world.stranger, m.world.market.roll, (underlying,), model)


def roll(m: Machine, underlying: int = 0) -> None:
    """Anybody lets MarketData take in what there is."""
    underlying = underlying or m.choices.pick(UNDERLYINGS)
    if m.markets.rolled[underlying][1]:  # else there is nothing to store
        m.act(roll_of(m, underlying))


# -- rules: expiries and the surface -------------------------------------------------------------


def list_expiry(m: Machine) -> None:
    """An expiry with its first smile, then what is traded of it."""
    choices, world, markets = m.choices, m.world, m.markets
    underlying = choices.pick(TRADED)
    if len(markets.ahead()) >= MOST_EXPIRIES:
        expire(m)
        return
    later = choices.magnitude(3, 12 * DAY // HOUR if choices.chance(90) else 4 * 365 * 24)
    expiry = (m.now + later * HOUR) // WINDOW * WINDOW + choices.chance(3)
    series, ratio = (underlying, expiry), WAD * choices.integer(95, 105) // 100
    ratio = WAD // 2 if choices.chance(2) else ratio
    listing = partial(markets.list, series, ratio)
    if not parameters.change(m, world.market.list_expiry, (*series, ratio), listing):
        return
    if _post(m, series, parameters.smile(choices), ratio, m.now):
        list_strikes(m, series)


def list_strikes(m: Machine, series: Series | None = None) -> None:
    """What can be traded of an expiry, and how much; again, around another spot."""
    choices = m.choices
    if not series:
        known = [series for series in m.markets.ahead() if series in m.surfaces.smiles]
        if not known:
            list_expiry(m)
            return
        series = choices.pick(known)
    limit = parameters.series_limit(choices)
    grid = parameters.strikes(choices, m.markets[series[0]].index, limit)

    def model() -> None:
        m.ledger.listing.series[series] = grid
        if grid.step:
            for strike in range(grid.low, grid.high + 1, grid.step):
                m.strikes.setdefault(series, set()).add(key_of(call_of(*series, strike)))

    args = (*series, astuple(grid))
    parameters.change(m, m.world.registry.list_series, args, model, governor=True)


def _post(m: Machine, series: Series, shape: Smile, ratio: int, time: int) -> Act | None:
    model = partial(m.surfaces.post, series, shape, ratio, time)
    args = (*series, astuple(shape), ratio, time)
    return parameters.change(m, m.world.surface.post, args, model)


def post(m: Machine) -> None:
    """The steward posts a smile and a ratio, or a ratio alone; not all that he tries stands."""
    choices = m.choices
    known = [series for series in m.surfaces.smiles if series[1] > m.now or choices.chance(3)]
    if not known:
        list_expiry(m)
        return
    series = choices.pick(known)
    ratio = m.markets.listed[series].ratio * (BPS + choices.integer(-22, 22)) // BPS
    if choices.chance(5):
        ratio = ratio * 401 // 400
    old, posted, _ = smile_spec.unpack(m.surfaces.smiles[series][0])
    if choices.chance(20):
        _post(m, series, old, ratio, m.now)
        return
    if m.now < posted + HOUR and choices.chance(80):
        tick(m)
    time = m.now + (choices.integer(-HOUR, 1) if choices.chance(10) else 0)
    _post(m, series, parameters.moved(choices, old), ratio, time)


def refresh(m: Machine) -> None:
    """Anybody begins an epoch that is due, or has the words of an account's options computed."""
    choices, surface, stranger = m.choices, m.world.surface, m.world.stranger
    underlying, words = choices.pick(TRADED), m.ledger.account(_account(m)).positions

    def begin() -> tuple[int, ...]:
        m.surfaces.store(underlying)
        epoch = m.surfaces.epochs[underlying]
        return epoch.reference, epoch.span, epoch.bound, epoch.time, epoch.number, epoch.lift

    def load() -> list[int]:
        return [m.surfaces.load(word) for word in words]

    if choices.chance(50):  # just as an epoch ends, or just before
        m.act(Call(stranger, surface.roll, (underlying,), begin))
        epoch, ahead = m.surfaces.stored[underlying], m.markets[underlying].next_expiry
        oldest = clamp((ahead - epoch.time) // 9, *MAX_AGE) if ahead else MAX_AGE[1]
        age = MIN_AGE if epoch.posted >= epoch.time else oldest
        _until(m, epoch.time + age + choices.integer(-1, 1))
    if choices.chance(50):
        m.act(Call(stranger, surface.roll, (underlying,), begin))
    elif choices.chance(50):
        m.act(Call(stranger, surface.load, (words,), load))
    else:
        m.act(Call(stranger, surface.refresh, (words,), lambda: (load(), None)[1]))


def expire(m: Machine) -> None:
    """An expiry comes near, or passes: watched, glimpsed, or slept through."""
    choices = m.choices
    if not (ahead := sorted(m.markets.ahead(), key=lambda series: series[1])):
        list_expiry(m)
        return
    underlying, expiry = ahead[0] if choices.chance(80) else choices.pick(ahead)
    kind = choices.integer(0, 3)
    if kind > 0:  # into the last half hour, or to what is just before it
        _until(m, expiry - choices.integer(1, 2 * WINDOW))
    if kind > 1:
        for _ in range(choices.integer(1, 4)):
            for other in UNDERLYINGS:
                report(m, other, choices.integer(-100, 100))
            m.moved()
            if kind == 2 or choices.chance(50):
                roll(m, underlying)
            _until(m, min(m.now + choices.integer(1, WINDOW), expiry))
    if kind != 1:
        _until(m, expiry + (choices.magnitude(1, HOUR) if choices.chance(80) else 0))
        if choices.chance(50):
            roll(m, underlying)


def _until(m: Machine, time: int) -> None:
    if time > m.now:
        m.wait(time - m.now)


def fix(m: Machine) -> None:
    """The governor says what an expiry settles at that nobody looked at; else he is refused."""
    choices, markets = m.choices, m.markets
    if not markets.listed:
        return
    missed = [s for s in markets.listed if s[1] <= m.now and not markets.expiries[s].fixed]
    series = choices.pick(missed or list(markets.listed)[:3])
    if not missed and choices.chance(60):
        expire(m)
        return
    if choices.chance(80):
        _until(m, series[1] + HOUR)
    price = markets[series[0]].index * choices.integer(80, 120) // 100
    price = MAX_PRICE + 1 if choices.chance(3) else price
    model = partial(markets.fix, series, price)
    parameters.change(m, m.world.market.fix, (*series, price), model, governor=True)


# -- rules: owners -------------------------------------------------------------------------------


def _deposit(m: Machine, sender: Any, account: int) -> Call:
    choices = m.choices
    if choices.chance(50):
        amount = choices.magnitude(1, 10**12)
        return deposit_of(m, sender, account, m.world.quote, amount)
    if choices.chance(3):
        return deposit_of(m, sender, account, m.world.unlisted, 1)
    if choices.chance(2):
        return deposit_of(m, sender, account, m.world.tokens[0], 0)
    asset = choices.integer(0, MAIN - 1)
    return deposit_worth(m, sender, account, asset, choices.magnitude(1, 10**7))


def _withdraw(m: Machine, sender: Any, account: int) -> Call:
    choices = m.choices
    token = _token(m, account)
    to = m.world.owner(account)
    if choices.chance(20):
        to = m.world.vault if choices.chance(5) else m.world.stranger
    return withdraw_of(m, sender, account, token, part_of(m, account, token), to)


def _transfer(m: Machine, sender: Any, account: int) -> Call:
    own = [other for other in m.world.accounts if owner_of(other) == owner_of(account)]
    target = own[-1] if account == own[0] else own[0]
    if target == account and m.choices.chance(95):
        return _withdraw(m, sender, account)  # an only account
    if m.choices.chance(3):
        target = _account(m)
    token = _token(m, account)
    return transfer_of(m, sender, account, target, token, part_of(m, account, token))


def _netting(m: Machine, sender: Any, account: int) -> Call:
    level = m.choices.integer(0, PORTFOLIO + m.choices.chance(3))
    return netting(m, sender, account, level)


def _settle(m: Machine, sender: Any, account: int) -> Call:
    """Mostly an account that has something to be paid for."""
    over = [other for other in m.world.accounts if m.standing(m.ledger.account(other)).payoffs]
    if over and m.choices.chance(80):
        return settle_of(m, sender, m.choices.pick(over))
    return settle_of(m, sender, _account(m))


def _venue(m: Machine, sender: Any, account: int) -> Call:
    choices = m.choices
    venue = choices.pick(m.world.venues)
    limit = 0 if choices.chance(5) else parameters.venue_limit(choices)
    return venue_limit(m, sender, account, venue, limit)


def _operator(m: Machine, sender: Any, account: int) -> Call:
    choices = m.choices
    scope = choices.pick([WITHDRAW, TRANSFER, CONFIGURE, int(m.world.liquidator.address, 16)])
    expiry = m.now + choices.magnitude(1, WEEK)
    return operator_of(m, sender, account, choices.pick(m.world.actors), scope, expiry)


def _by_owner(m: Machine, build: Callable[[Machine, Any, int], Call], account: int) -> None:
    m.act(build(m, _sender(m, account), account))


def deposit(m: Machine) -> None:
    _by_owner(m, _deposit, _account(m))


def withdraw(m: Machine) -> None:
    _by_owner(m, _withdraw, able(m))


def transfer(m: Machine) -> None:
    _by_owner(m, _transfer, able(m))


def choose_netting(m: Machine) -> None:
    _by_owner(m, _netting, able(m))


def settle(m: Machine) -> None:
    _by_owner(m, _settle, _account(m))


def approve_venue(m: Machine) -> None:
    _by_owner(m, _venue, _account(m))


def appoint_operator(m: Machine) -> None:
    _by_owner(m, _operator, _account(m))


def accrue(m: Machine) -> None:
    """Anybody accrues interest."""
    m.act(Call(m.world.stranger, m.world.vault.accrue, (), m.ledger.accrue))


def hoard(m: Machine) -> None:
    """One account collects as many kinds of collateral as it may hold."""
    choices, account = m.choices, m.world.accounts[-1]
    owner = m.world.owner(account)
    held = m.ledger.account(account).collateral
    if len(held) == MAX_COLLATERALS and choices.chance(70):
        token = m.world.tokens[choices.pick(sorted(held))]
        m.act(withdraw_of(m, owner, account, token, MAX, owner))
        return
    asset = choices.pick([asset for asset in range(len(DECIMALS)) if asset not in held])
    m.act(deposit_worth(m, owner, account, asset, choices.magnitude(1, 10**4)))


def operate(m: Machine) -> None:
    """An operator uses what it was given, or what it had once."""
    if not m.operators:
        return
    account, number, scope = m.choices.pick(list(m.operators))
    actors = [*m.world.actors, m.world.desk]
    actor = next(actor for actor in actors if int(actor.address, 16) == number)
    build = {WITHDRAW: _withdraw, TRANSFER: _transfer, CONFIGURE: _netting}.get(scope)
    if build is None:
        m.act(_liquidation(m, actor, account, _short(m)))
    else:
        m.act(build(m, actor, account))


def insure(m: Machine) -> None:
    """The governor adds to the reserves, or takes from them."""
    choices, governor = m.choices, m.world.governor
    account = choices.pick(m.world.reserves)
    if choices.chance(80):
        amount = choices.magnitude(1, 10**12)
        m.act(deposit_of(m, governor, account, m.world.quote, amount))
    else:
        amount = max(1, m.cash(account) // UNIT * choices.integer(1, 100) // 100)
        m.act(withdraw_of(m, governor, account, m.world.quote, amount, governor))


def donate(m: Machine) -> None:
    """Tokens that are simply sent to the vault change nothing there."""
    tokens = [m.world.quote, *m.world.tokens]
    at = m.choices.integer(0, MAIN)
    amount = m.choices.magnitude(1, 10**12)
    m.donated[at] += amount
    tokens[at].transfer(m.world.vault, amount, sender=m.choices.pick(m.world.actors))
    m.compare_all()


OWN = (_deposit, _withdraw, _transfer, _netting, _settle, _venue)


def batch(m: Machine) -> None:
    """An owner makes several calls with one check at the end."""
    choices = m.choices
    actor = choices.pick(m.world.actors)
    own = [account for account in m.world.accounts if m.world.owner(account) is actor]
    count = choices.integer(1, 4)
    calls = [choices.pick(OWN)(m, actor, choices.pick(own)) for _ in range(count)]
    m.act(batch_of(m, actor, calls))


def unlock(m: Machine) -> None:
    """The desk trades, acts for owners and liquidates with one check at the end."""
    choices, desk = m.choices, m.world.desk
    if not _is_open(m) and choices.chance(80):
        calm(m)
    calls = []
    for _ in range(choices.integer(1, 3)):
        kind = choices.integer(0, 9)
        if kind < 6:
            calls.append(book_of(m, desk, _legs(m)))
        elif kind < 8 and ((short := _short(m)) or choices.chance(10)):
            to = choices.pick(_granted(m, int(m.world.liquidator.address, 16)))
            calls.append(_liquidation(m, desk, to, short))
        else:
            scope = choices.pick(SCOPES)
            build = {WITHDRAW: _withdraw, TRANSFER: _transfer, CONFIGURE: _netting}[scope]
            calls.append(build(m, desk, choices.pick(_granted(m, scope))))
    if choices.chance(10):  # one more batch in the batch, of what fits into one
        calls = [
            call
            if call.sellers or len(call.function.encode_input(*call.args)) > 256
            else batch_of(m, desk, [call])
            for call in calls
        ]
    m.act(unlock_of(m, calls))


def _granted(m: Machine, scope: int) -> list[int]:
    """Accounts for which the desk may act; if there is none, all of them."""
    accounts = m.world.accounts
    return [a for a in accounts if m.may(a, m.world.desk, scope)] or accounts


# -- rules: trading ------------------------------------------------------------------------------


def price(m: Machine, instrument: int, widest: int) -> int:
    return m.ledger.mark(instrument) * (BPS + m.choices.integer(-widest, widest)) // BPS


def swap(buyer: int, seller: int, instrument: int, size: int, price: int) -> list[Leg]:
    quote = size * price // SIZE
    return [Leg(buyer, instrument, size, -quote), Leg(seller, instrument, -size, quote)]


def _fee(m: Machine, account: int, quote: int) -> list[Leg]:
    """A fee that goes to both reserves."""
    fee = abs(quote) * m.choices.integer(0, 20) // BPS
    receivers = [Leg(m.world.insurance, CASH, 0, fee // 3)]
    receivers.append(Leg(m.world.treasury, CASH, 0, fee - fee // 3))
    return [Leg(account, CASH, 0, -fee), *receivers]


def _gift(m: Machine, instrument: int) -> list[Leg]:
    """Without a size any leg only moves cash."""
    giver, amount = _account(m), m.choices.magnitude(1, 10**24)
    return [Leg(giver, instrument, 0, -amount), Leg(_account(m), instrument, 0, amount)]


def _legs(m: Machine) -> list[Leg]:
    """One account against some others, which may come twice or be itself; fees and gifts."""
    choices = m.choices
    if choices.chance(4):
        return _gift(m, CASH)
    bundle = package(m)
    taker, buys = able(m), choices.chance(50)
    legs: list[Leg] = []
    for _ in range(choices.integer(1, 3) if len(bundle) == 1 and choices.chance(30) else 1):
        maker = able(m)
        opposite = _opposite(m, taker, bundle[0][0], buys)
        if opposite and choices.chance(30):
            maker = choices.pick(opposite)
        most = min(room(m, who, one) for who in (taker, maker) for one, _ in bundle)
        size = max(1, most * choices.integer(1, 80 if choices.chance(90) else 150) // 100)
        for one, ratio in bundle:
            at = price(m, one, 30 if choices.chance(90) else 1_000)
            buyer, seller = (taker, maker) if buys == (ratio > 0) else (maker, taker)
            legs += swap(buyer, seller, one, size, at)
    if choices.chance(30):
        legs += _fee(m, taker, legs[0].quote)
    if choices.chance(5):
        legs += _gift(m, choices.pick([CASH, bundle[0][0]]))
    if choices.chance(3):
        legs = _broken(m, legs)
    return legs


def _opposite(m: Machine, taker: int, instrument: int, buys: bool) -> list[int]:
    """Accounts for which the other side of a trade reduces a position."""
    return [
        account
        for account, held, size in positions(m)
        if account != taker and held == instrument and (size > 0) == buys
    ]


def _broken(m: Machine, legs: list[Leg]) -> list[Leg]:
    """Something that no venue may do, in the first leg, so that it is what is found first."""
    first = legs[0]
    kind = m.choices.integer(0, 4)
    if kind == 0:
        return [replace(first, size=first.size + 1), *legs[1:]]
    if kind == 1:
        return [replace(first, quote=first.quote - 1), *legs[1:]]
    if kind == 2:
        return [Leg(first.account, CASH, 1, -1), Leg(first.account, CASH, -1, 1), *legs]
    wrong = perpetual(EUR) if kind == 3 else first.instrument + 1
    pair = swap(first.account, legs[1].account, wrong, 1, WAD)
    return pair + legs


def trade(m: Machine) -> None:
    """The venue books what accounts can bear, or nearly so."""
    if not _is_open(m) and m.choices.chance(80):
        calm(m)
    sender = m.world.stranger if m.choices.chance(1) else m.world.venue
    m.act(book_of(m, sender, _legs(m)))


def close(m: Machine) -> None:
    """A position is reduced, mostly near its mark, against who can take it."""
    choices = m.choices
    if not (held := positions(m)):
        trade(m)
        return
    account, one, held_size = choices.pick(held)
    others = [other for other in m.world.accounts if other != account]
    others = sorted(choices.sample(others, 4), key=lambda other: -room(m, other, one))
    opposite = _opposite(m, account, one, held_size < 0)
    other = choices.pick(opposite if opposite and choices.chance(50) else others[:2])
    size = max(1, abs(held_size) * choices.integer(1, 100) // 100)
    if choices.chance(30):
        size = abs(held_size)
    at = price(m, one, 0 if choices.chance(60) else 50)
    buyer, seller = (account, other) if held_size < 0 else (other, account)
    m.act(book_of(m, m.world.venue, swap(buyer, seller, one, size, at)))


def collect(m: Machine) -> None:
    """One account has many options: of each expiry it trades all strikes, a few of each."""
    choices, one = m.choices, m.world.accounts[-2]
    grids = [s for s in open_series(m) if m.ledger.listing.series[s].step]
    if not grids:
        list_expiry(m)
        return
    if not _free(m, one):
        m.act(deposit_of(m, m.world.owner(one), one, m.world.quote, choices.magnitude(1, 10**13)))
    for series in grids:
        other, grid = able(m, but=one), m.ledger.listing.series[series]
        legs: list[Leg] = []
        for strike in list(range(grid.low, grid.high + 1, grid.step))[:16]:
            option = (put_of if choices.chance(50) else call_of)(*series, strike)
            most = min(room(m, account, option) for account in (one, other)) // 200
            size = max(1, most * choices.integer(1, 100) // 100)
            pair = (one, other) if choices.chance(50) else (other, one)
            legs += swap(*pair, option, size, price(m, option, 10))
        m.act(book_of(m, m.world.venue, legs))


# -- rules: signed orders ------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    order: Order
    signed: SignedOrder
    digest: bytes


def _signed(m: Machine, order: Order) -> Standing:
    owner = m.world.owner(order.account)
    digest = m.world.orders.order_digest(order)
    return Standing(order, SignedOrder(order, owner.address, owner.sign_hash(digest)), digest)


def _order(
    m: Machine, account: int, legs: tuple[OrderLeg, ...], size: int, price: int, taker: bool
) -> Order:
    choices = m.choices
    return Order(
        account=account,
        legs=legs,
        size=size,
        price=price // orders.TICK * orders.TICK,
        expiry=m.now + choices.integer(60, WEEK),
        salt=choices.integer(0, 10**6),
        reduce_only=choices.chance(10),
        post_only=choices.chance(4 if taker else 20),
    )


def sign(m: Machine) -> None:
    """A maker signs an order, for one instrument or for some together, which stands until it is
    filled or void.
    """
    choices = m.choices
    account = able(m)
    legs = tuple(OrderLeg(*leg) for leg in package(m, most=5))
    others = [
        item.order.legs
        for item in m.orders
        if not any(0 < expiry_of(leg.instrument) <= m.now for leg in item.order.legs)
    ]
    if others and choices.chance(50):  # so that there is somebody to match with
        legs = choices.pick(others)
    most = min(room(m, account, leg.instrument) // abs(leg.ratio) for leg in legs)
    size = max(1, most * choices.integer(1, 100) // 100)
    size = size if choices.chance(50) else -size
    limit = sum(leg.ratio * price(m, leg.instrument, 50) for leg in legs)
    limit = clamp(limit, -MAX_PRICE, MAX_PRICE)
    m.orders = [*m.orders[-11:], _signed(m, _order(m, account, legs, size, limit, taker=False))]


def cancel(m: Machine) -> None:
    """An order is cancelled, or all up to a salt."""
    if not m.orders:
        return
    standing = m.choices.pick(m.orders)
    order, orders = standing.order, m.world.orders
    sender = m.world.owner(order.account)
    if m.choices.chance(50):

        def cancel_one() -> None:
            m.cancelled.add(standing.digest)

        m.act(Call(sender, orders.cancel, (order,), cancel_one))
    elif m.nonces.get(order.account, 0) < order.salt:

        def cancel_below() -> None:
            m.nonces[order.account] = order.salt

        m.act(Call(sender, orders.cancel_below, (order.account, order.salt), cancel_below))


def _match_of(m: Machine, taker: Standing, makers: list[Standing], sizes: list[int]) -> Call:
    def refuse(condition: bool, reason: str, index: int) -> None:
        require(not condition, f"orders: {reason}, order {index}")

    def fill(standing: Standing, size: int, index: int) -> None:
        order = standing.order
        done = m.filled.get(standing.digest, 0)
        refuse(m.now > order.expiry, "expired", index)
        refuse(order.salt < m.nonces.get(order.account, 0), "below nonce", index)
        refuse(standing.digest in m.cancelled, "cancelled", index)
        refuse(size > abs(order.size) - done, "overfilled", index)
        m.filled[standing.digest] = done + size

    def spec_of(standing: Standing, size: int) -> orders.Fill:
        order = standing.order
        legs = [(leg.instrument, leg.ratio) for leg in order.legs]
        return orders.Fill(order.account, legs, size if order.size > 0 else -size, order.price)

    def model() -> None:
        refuse(taker.order.post_only, "post only", 0)
        for index, (maker, size) in enumerate(zip(makers, sizes, strict=True), 1):
            fill(maker, size, index)
            refuse(maker.order.account == taker.order.account, "self-trade", index)
        fill(taker, taken, 0)
        legs = orders.match(
            spec_of(taker, taken),
            [spec_of(maker, size) for maker, size in zip(makers, sizes, strict=True)],
            m.fees,
            lambda underlying: m.markets[underlying].index,
            m.world.insurance,
            m.world.treasury,
        )
        m.require_running(PAUSE_TRADE)
        m.ledger.book(_key(m.world.orders), legs)
        for index, standing in enumerate([taker, *makers]):
            order = standing.order
            for leg in order.legs if order.reduce_only else ():
                held = m.ledger.position(order.account, leg.instrument)
                refuse(held * leg.ratio * order.size > 0, "not reducing", index)

    taken = abs(taker.order.size)
    signed = [taker.signed, *(maker.signed for maker in makers)]
    parts = 4 + 4 * sum(len(item.order.legs) for item in signed)
    call = m.world.orders.match
    return Call(m.world.stranger, call, (signed, [taken, *sizes]), model, parts)


def _side(standing: Standing) -> int:
    return 1 if standing.order.size > 0 else -1


def match(m: Machine) -> None:
    """Somebody matches standing orders with a taker who has signed too."""
    choices = m.choices
    if not _is_open(m) and choices.chance(80):
        calm(m)
    m.orders = [item for item in m.orders if m.now <= item.order.expiry or choices.chance(5)]
    if not m.orders or choices.chance(30):
        sign(m)
    first = choices.pick(m.orders).order
    crosses = choices.chance(30)  # makers with each other, for what the taker leaves
    makers = [
        item
        for item in m.orders
        if item.order.legs == first.legs and (crosses or item.order.size * first.size > 0)
    ][: choices.integer(1, 8 if crosses else 2)]
    sizes = []
    for item in makers:
        left = abs(item.order.size) - m.filled.get(item.digest, 0)
        sizes.append(max(1, left * choices.integer(1, 101) // 100))
    taken = -sum(_side(item) * size for item, size in zip(makers, sizes, strict=True))
    if taken == 0:
        return
    side = 1 if taken > 0 else -1
    paid = sum(
        _side(item) * size * item.order.price for item, size in zip(makers, sizes, strict=True)
    )
    limit = clamp(-paid // taken, -MAX_PRICE // 2, MAX_PRICE // 2)
    limit += side * abs(limit) * choices.integer(-1, 50) // BPS
    order = _order(m, able(m), first.legs, taken, limit, taker=True)
    taker = _signed(m, order)
    m.act(_match_of(m, taker, makers, sizes))
    for item in [taker, *makers]:
        filled = m.world.orders.filled(item.digest)
        check(filled == m.filled.get(item.digest, 0), "same fills", item.order, filled)


# -- rules: keepers, guardian, steward -----------------------------------------------------------


def _liquidation(m: Machine, sender: Any, to: int, short: list[int]) -> Call:
    choices = m.choices
    account = choices.pick(short) if short else _account(m)
    most = WAD if choices.chance(60) else choices.integer(1, WAD)
    least = 10**30 if choices.chance(3) else LEAST_REWARD
    return liquidate_of(m, sender, account, to, most, least)


def liquidate(m: Machine) -> None:
    """A keeper takes a slice of an account that is short, if there is one, on the terms quoted."""
    choices, world = m.choices, m.world
    if not (short := _short(m)) and choices.chance(90):
        (jump if choices.chance(50) else trade)(m)
        return
    some = choices.sample(world.accounts, 5)
    richest = sorted(some, key=lambda account: -_free(m, account))
    to = choices.pick(richest[:2] if choices.chance(90) else [*world.accounts, world.insurance])
    call = _liquidation(m, world.owner(to), to, short)
    try:
        quoted = world.liquidator.quote(call.args[0], call.args[2])
    except Reverted as refusal:
        quoted = refusal.reason
    _, insured = m.accrued  # that is paid to insurance first, and the quote does not count on
    if done := m.act(call):
        more = done.result[3] - quoted[3] if isinstance(quoted, tuple) else None
        same = more is not None and quoted[0] == done.result[0] and 0 <= more <= insured
        check(same, "quote equals liquidate", quoted, done.result)


def pause(m: Machine) -> None:
    """The guardian stops something for a while."""
    choices = m.choices
    action = choices.pick([PAUSE_WITHDRAW, PAUSE_TRADE, PAUSE_LIQUIDATE])
    duration = choices.magnitude(1, HOUR if choices.chance(80) else MAX_PAUSE)
    begin, _ = m.paused.get(action, (0, 0))
    if m.now < begin + MAX_PAUSE + COOLDOWN and choices.chance(90):
        return

    def model() -> None:
        require(m.now >= begin + MAX_PAUSE + COOLDOWN, "registry: cooldown")
        m.paused[action] = (m.now, m.now + duration)

    m.act(Call(m.world.guardian, m.world.registry.pause, (action, duration), model))
