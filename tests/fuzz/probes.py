"""Invariants that are tried out: something is done to a state, watched, and undone.

Each is a function with its sentence, like those of tests.fuzz.invariants; they run now and then.
"""

from dataclasses import astuple, replace

from plimsoll.spec.ledger import Leg
from plimsoll.spec.market import OPEN
from plimsoll.spec.wad import MAX, SIZE
from plimsoll.spec.words import (
    PORTFOLIO,
    key_of,
    owner_of,
    pack_position,
    perpetual,
    size_of,
    underlying_of,
)
from tests.fuzz import rules
from tests.fuzz.calls import check
from tests.fuzz.machine import Machine
from tests.fuzz.parameters import LARGEST_LIMIT
from tests.fuzz.world import TRADED, UNDERLYINGS

FEW = 64  # wei: one for each thing that rounds up by itself


def _reduces(m: Machine, account: int, word: int, change: int) -> bool:
    """Whether an account may count on being let when one of its positions changes at mark."""
    state, before = m.ledger.account(account), m.margin(account)
    words = [other for other in state.positions if other != word]
    if size := size_of(word) + change:
        words.append(pack_position(key_of(word), size))
    after = m.margin_of(replace(state, positions=tuple(words)))
    check(
        state.level == PORTFOLIO or after.maintenance <= before.maintenance,
        "a smaller position needs no more",
        m.name(account),
        before,
        after,
    )
    prices = before.equity >= 0 or before.validity == OPEN
    return after.maintenance <= before.maintenance and prices


def fair_reductions_pass(m: Machine) -> None:
    """Nobody is refused to reduce a position at mark, be he short or prices stale.

    At PORTFOLIO a position may hedge others: there what reduces is what does not raise MM. Who is
    insolvent needs prices that open risk.
    """
    choices = m.choices
    held = [
        (account, word)
        for account, word in rules.positions(m)
        if m.ledger.listing.max_size[underlying_of(word)] > 0
    ]
    if not held or m.is_paused(rules.PAUSE_TRADE):
        return
    account, word = choices.pick(held)
    opposite = [
        (other, facing)
        for other, facing in held
        if key_of(facing) == key_of(word) and (size_of(facing) > 0) != (size_of(word) > 0)
    ]
    other, facing = choices.pick(opposite)  # sizes sum to zero, so there is one
    largest = min(abs(size_of(word)), abs(size_of(facing)))
    size = choices.integer(1, largest) if choices.chance(50) else largest
    change = -size if size_of(word) > 0 else size
    if not _reduces(m, account, word, change) or not _reduces(m, other, facing, -change):
        return
    underlying = underlying_of(word)
    quote = -(change * m.markets[underlying].mark // SIZE)
    legs = [
        Leg(account, perpetual(underlying), change, quote),
        Leg(other, perpetual(underlying), -change, -quote),
    ]
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
        underlying, other = choices.pick(TRADED), rules.able(m, but=account)
        most = min(rules.room(m, one, underlying) for one in (account, other))
        size = max(1, most * choices.integer(1, 50) // 100)
        price = rules.price(m, underlying, 30)
        legs = rules.swap(account, other, perpetual(underlying), size, price)
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

    The engine and the specification agree on all three.
    """
    account = m.choices.pick(m.world.accounts)
    state = m.ledger.account(account)
    needed = []
    for level in range(PORTFOLIO + 1):
        book = m.book(replace(state, level=level))
        margin = m.margin_of(replace(state, level=level))
        told = tuple(m.world.engine.preview(book))
        check(told == astuple(margin), "same margin", m.name(account), told, margin)
        needed.append(margin.maintenance)
    check(
        needed[2] <= needed[1] + FEW and needed[1] <= needed[0] + FEW,
        "netting only helps",
        m.name(account),
        needed,
    )


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
