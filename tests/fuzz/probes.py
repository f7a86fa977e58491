"""Invariants that are tried out: something is done to a state, watched, and undone.

Each is a function with its sentence, like those of tests.fuzz.invariants; they run now and then.
"""

from dataclasses import astuple, replace

from plimsoll.spec.ledger import Leg
from plimsoll.spec.margin import UnderlyingPart, analyse, doubts_of
from plimsoll.spec.market import OPEN
from plimsoll.spec.scan import LANE_UNIT
from plimsoll.spec.wad import MAX, SIZE
from plimsoll.spec.words import (
    PORTFOLIO,
    POSITION,
    PUT,
    expiry_of,
    is_option,
    key_of,
    kind_of,
    owner_of,
    pack_position,
    sizes_of,
    underlying_of,
)
from tests.fuzz import rules
from tests.fuzz.calls import check
from tests.fuzz.machine import Machine, named
from tests.fuzz.parameters import LARGEST_LIMIT
from tests.fuzz.world import UNDERLYINGS

UNITS = LANE_UNIT * SIZE
FEW = 64  # wei: one for each thing that rounds up by itself


def _reduces(m: Machine, account: int, instrument: int, change: int) -> bool:
    """Whether an account may count on being let when one of its positions changes at mark."""
    state, before, key = m.ledger.account(account), m.margin(account), key_of(instrument)
    words = [word for word in state.positions if key_of(word) != key]
    [held] = [sizes_of(word) for word in state.positions if key_of(word) == key]
    moved = (0, change) if kind_of(instrument) == PUT else (change, 0)
    sizes = held[0] + moved[0], held[1] + moved[1]
    if any(sizes):
        words.append(pack_position(key, *sizes))
    left = replace(state, positions=tuple(words))
    paid = before.equity - m.margin_of(left).equity  # at mark equity stays what it is
    after = m.margin_of(replace(left, basis=left.basis + paid))
    alone = state.level == POSITION and 0 in held
    linear = state.level != PORTFOLIO and not any(expiry_of(word) for word in state.positions)
    check(
        not (alone or linear) or after.maintenance <= before.maintenance,
        "a smaller position needs no more",
        m.name(account),
        before,
        after,
    )
    doubts = zip(doubts_of(before), doubts_of(after), strict=True)
    more = after.initial > before.initial or any(was < now for was, now in doubts)
    check(not (linear and more), "nor more elsewhere", m.name(account), before, after)
    prices = before.equity >= 0 or before.validity == OPEN
    return after.maintenance <= before.maintenance and not more and prices


def fair_reductions_pass(m: Machine) -> None:
    """Nobody is refused to reduce a position at mark, be he short or prices stale.

    Positions may hedge others: there what reduces is what raises neither MM nor IM, nor what is
    asked for at prices that do not open risk. Who is insolvent needs prices that do. What is marked
    at nothing may be worth a little less in an account.
    """
    choices = m.choices
    held = [
        (account, instrument, size)
        for account, instrument, size in rules.positions(m)
        if m.ledger.listing.size_limit(instrument, m.now) > 0
    ]
    if not held or m.is_paused(rules.PAUSE_TRADE):
        return
    account, instrument, own = choices.pick(held)
    opposite = [
        (other, facing)
        for other, same, facing in held
        if same == instrument and (facing > 0) != (own > 0)
    ]
    other, facing = choices.pick(opposite)  # sizes sum to zero, so there is one
    largest = min(abs(own), abs(facing))
    size = choices.integer(1, largest) if choices.chance(50) else largest
    change = -size if own > 0 else size
    if not _reduces(m, account, instrument, change) or not _reduces(m, other, instrument, -change):
        return
    mark = m.ledger.mark(instrument)
    if mark == 0:
        return
    quote = -(change * mark // SIZE)
    legs = [Leg(account, instrument, change, quote), Leg(other, instrument, -change, -quote)]
    with m.isolate():
        for one in (account, other):
            owner = m.world.owner(one)
            m.act(rules.venue_limit(m, owner, one, m.world.venue, LARGEST_LIMIT))
        done = m.act(rules.book_of(m, m.world.venue, legs)) is not None
        check(done, "fair reductions pass", m.name(legs))
        m.coverage["seen", "fair reduction"] += 1


def doing_and_undoing_gains_nothing(m: Machine) -> None:
    """Deposit and withdraw, open and close, there and back: nobody's equity is ever higher."""
    choices = m.choices
    account = other = rules.able(m)
    owner, token = m.world.owner(account), choices.pick([m.world.quote, m.world.tokens[0]])
    kind = choices.integer(0, 3)
    if kind == 0:
        amount = choices.magnitude(1, 10**12)
        pair = [
            rules.deposit_of(m, owner, account, token, amount),
            rules.withdraw_of(m, owner, account, token, amount, owner),
        ]
    elif kind == 1:
        own = [one for one in m.world.accounts if owner_of(one) == owner_of(account)]
        other = own[0] if account != own[0] else own[-1]
        amount = max(1, rules.part_of(m, account, token) % MAX)  # not all: it would come back too
        pair = [
            rules.transfer_of(m, owner, account, other, token, amount),
            rules.transfer_of(m, owner, other, account, token, amount),
        ]
    elif kind == 2:
        levels = choices.integer(0, PORTFOLIO), m.ledger.account(account).level
        pair = [rules.netting(m, owner, account, level) for level in levels]
    else:
        instrument, other = rules.instrument(m), rules.able(m, but=account)
        most = min(rules.room(m, one, instrument) for one in (account, other))
        size = max(1, most * choices.integer(1, 50) // 100)
        price = rules.price(m, instrument, 30)
        legs = rules.swap(account, other, instrument, size, price)
        back = [replace(leg, size=-leg.size, quote=-leg.quote) for leg in legs]
        pair = [rules.book_of(m, m.world.venue, bundle) for bundle in (legs, back)]
    with m.isolate():
        before = [m.margin(one).equity for one in (account, other)]
        if m.act(pair[0]) and m.act(pair[1]):
            after = [m.margin(one).equity for one in (account, other)]
            gained = [new - old for old, new in zip(before, after, strict=True)]
            check(max(gained) <= 0, "doing and undoing gains nothing", m.tell(pair[0]), gained)
            m.coverage["seen", f"undone {kind}"] += 1


def netting_only_helps(m: Machine) -> None:
    """Of one book MM at PORTFOLIO is no more than at UNDERLYING, and that no more than at POSITION.

    Of options only haircuts and the scan are, as finely as lanes are, before what is fully paid is
    forgiven (which spot that nets undoes): charges for what is matched come on top. The engine and
    the specification agree on all three.
    """
    account = m.choices.pick(m.world.accounts)
    state = m.ledger.account(account)
    dated = [word for word in state.positions if is_option(word)]
    noise = FEW + sum(
        2 * sum(map(abs, sizes_of(word))) * m.surfaces.grids[underlying_of(word)].reference // UNITS
        for word in dated
    )
    needed: list[int] = []
    forgiven: list[int] = []
    for level in range(PORTFOLIO + 1):
        book = m.book(replace(state, level=level))
        margin = m.margin_of(replace(state, level=level))
        told = tuple(m.world.engine.preview(book))
        check(told == astuple(margin), "same margin", m.name(account), told, margin)
        needed.append(margin.maintenance)
        forgiven.append(0)
        if dated:
            model = m.ledger.model
            parts = analyse(book, model, m.markets, m.ledger.surface)
            scanned = parts.requirement(model.factors)
            needed[-1] = scanned + sum(part.haircut for part in parts.collateral)
            forgiven[-1] = sum(_forgiven(part) for part in parts.underlyings)
    for more, less in ((1, 0), (2, 1)):
        allowed = needed[less] + forgiven[less] + noise
        check(needed[more] <= allowed, "netting only helps", m.name(account), needed, allowed)


def _forgiven(part: UnderlyingPart) -> int:
    """What the scan asks beyond what is fully paid."""
    return sum(one.loss for one in part.parts) - part.loss


def previews_equal_execution(m: Machine) -> None:
    """What views tell is what actions do: market.peek and roll, engine.preview and assess.

    The vault's views of a book and of the pool have interest to now, as the specification.
    """
    world = m.world
    for underlying in UNDERLYINGS:
        told = tuple(world.market.peek(underlying))
        check(told == astuple(m.markets[underlying]), "peek", underlying, told)
        rolled = tuple(world.market.roll.call(underlying, sender=world.stranger))
        check(told == rolled, "peek equals roll", underlying, told, rolled)
    check(tuple(world.vault.pool()) == astuple(m.pool), "same pool", m.pool)
    account = m.choices.pick(world.accounts)
    book = world.vault.book_of(account)
    mine = m.book(m.ledger.account(account))
    shown = (*book[:3], tuple(book.positions), tuple(map(tuple, book.collateral)))
    own = (*astuple(mine)[:3], mine.positions, tuple(map(astuple, mine.collateral)))
    check(shown == own, "same book", shown, own)
    preview = tuple(world.engine.preview(book))
    assessed = tuple(world.engine.assess.call(book, sender=world.stranger))
    check(preview == assessed, "preview equals assess", m.name(account), preview, assessed)
    check(preview == astuple(m.margin(account)), "same margin", m.name(account), preview)


def surfaces_tell_the_same(m: Machine) -> None:
    """Epochs, expiries, forwards, and of what an account holds words and marks are as specified."""
    world, stranger = m.world, m.world.stranger
    for underlying in UNDERLYINGS:
        epoch, told = m.surfaces.epochs[underlying], tuple(world.surface.epoch(underlying))
        mine = epoch.reference, epoch.span, epoch.bound, epoch.time, epoch.number, epoch.lift
        check(told == mine, "same epoch", underlying, told, mine)
    for series in m.markets.listed:
        item = tuple(world.market.expiry_of(*series))[:-1]
        check(item == astuple(m.markets.expiries[series]), "same expiry", series, item)
        time = m.surfaces.epochs[series[0]].time
        fixed = m.surfaces.fixed(series, time)
        forward = tuple(world.market.forward(*series, time, fixed))
        check(forward == astuple(m.surfaces.forwards[series]), "same forward", series, forward)
    account = m.choices.pick(world.accounts)
    words = m.ledger.account(account).positions
    known = [
        m.surfaces.words[key_of(word)] if is_option(word) and expiry_of(word) > m.now else 0
        for word in words
    ]
    check(list(world.surface.peek(words)) == known, "same words", m.name(account))
    for _, instrument, _ in (held for held in rules.positions(m) if held[0] == account):
        mark, option = m.ledger.mark(instrument), is_option(instrument)
        told = tuple(world.engine.mark.call(instrument, sender=stranger))
        wanted = (
            (mark, m.ledger.mark_validity(instrument), m.ledger.ask(instrument))
            if option
            else (0, 0, 0)
        )
        check(told == wanted, "same mark", named(instrument), told, wanted)
        told = world.market.price.call(instrument, sender=stranger)[0]
        check(told == (0 if option else mark), "same price", named(instrument), told, mark)
