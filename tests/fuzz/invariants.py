"""What must always hold: each invariant is a function with its sentence.

They look at the specification's state, which is the contracts' to the wei whenever they are asked.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from plimsoll.spec.ledger import Account, Allowance
from plimsoll.spec.margin import Margin, unsettled
from plimsoll.spec.market import LIQUIDATION, OPEN
from plimsoll.spec.wad import BPS, RAY, SIZE, WAD
from plimsoll.spec.words import MAX_COLLATERALS, PORTFOLIO, key_of, size_of, underlying_of
from tests.fuzz.calls import Act, check
from tests.fuzz.world import DECIMALS, QUOTE_DECIMALS

if TYPE_CHECKING:
    from tests.fuzz.machine import Machine

ASSETS = range(len(DECIMALS))
DUST = 10**6  # WAD: a millionth of a millionth is no gain and no loss
SCALED = 10  # WAD: what may be lost when cash is divided by an index that is at most ten

# -- of the state --------------------------------------------------------------------------------


def law(m: "Machine") -> None:
    """Tokens held are what is owed less debts plus basis, and dust that only grows by rounding."""
    surplus = m.ledger.pool.surplus
    check(0 <= surplus <= m.dust, "the law of the ledger", surplus, m.dust)


def sizes_sum_to_zero(m: "Machine") -> None:
    """Of each instrument what some are long others are short."""
    sums: dict[int, int] = {}
    for state in m.ledger.accounts.values():
        for word in state.positions:
            sums[key_of(word)] = sums.get(key_of(word), 0) + size_of(word)
    check(not any(sums.values()), "sizes sum to zero", sums)


def totals_are_sums(m: "Machine") -> None:
    """Totals are the sums over accounts: supply, borrow, basis and each collateral."""
    supply = borrow = basis = 0
    held = [0] * len(DECIMALS)
    for state in m.ledger.accounts.values():
        if state.cash >= 0:
            supply += state.cash
        else:
            borrow -= state.cash
        basis += state.basis
        for asset, amount in state.collateral.items():
            held[asset] += amount
    pool = m.ledger.pool
    check((supply, borrow, basis) == (pool.supply, pool.borrow, pool.basis), "totals are sums")
    totals = [m.ledger.totals.get(asset, 0) for asset in ASSETS]
    check(held == totals, "totals of collateral are sums", held, totals)


def tokens_are_accounted(m: "Machine") -> None:
    """The vault's balance of each token is what it accounts for, and what was simply sent there."""
    read, slot = m.world.read, m.world.balance_slot
    quote = m.ledger.pool.tokens // 10 ** (18 - QUOTE_DECIMALS)
    accounted = [quote, *(m.ledger.totals.get(asset, 0) for asset in ASSETS)]
    for at, (token, amount) in enumerate(zip(m.world.token_at, accounted, strict=True)):
        check(read(token, slot) == amount + m.donated[at], "tokens are accounted", at)


def nothing_is_owned_twice(m: "Machine") -> None:
    """All cash and unsettled profit together are the tokens held, but for dust.

    So interest and funding that are paid equal those that are received, at any price.
    """
    pool, insured = m.accrued
    owned = insured
    for state in m.ledger.accounts.values():
        index = pool.supply_index if state.cash >= 0 else pool.borrow_index
        owned += state.cash * index // RAY
        if state.positions or state.basis:
            owned += unsettled(state.basis, state.positions, m.markets)
    left = pool.tokens - owned
    allowed = m.dust + m.dust_of(len(m.ledger.accounts))
    check(0 <= left <= allowed, "nothing is owned twice", left, allowed)


def accounts_are_well_formed(m: "Machine") -> None:
    """An account has at most 16 collaterals, none of them empty, and one word per instrument."""
    for account, state in m.ledger.accounts.items():
        keys = {key_of(word) for word in state.positions}
        check(
            len(keys) == len(state.positions)
            and all(size_of(word) for word in state.positions)
            and all(amount > 0 for amount in state.collateral.values())
            and len(state.collateral) <= MAX_COLLATERALS
            and 0 <= state.level <= PORTFOLIO,
            "accounts are well formed",
            m.name(account),
            state,
        )


STATE = (
    law,
    sizes_sum_to_zero,
    totals_are_sums,
    tokens_are_accounted,
    nothing_is_owned_twice,
    accounts_are_well_formed,
)


def check_state(m: "Machine") -> None:
    for invariant in STATE:
        invariant(m)


# -- of an act -----------------------------------------------------------------------------------


def indexes_never_fall(m: "Machine", act: Act) -> None:
    """Neither lenders' nor borrowers' index ever falls, and time does not run backwards."""
    old, new = act.pool, m.ledger.pool
    check(
        old.supply_index <= new.supply_index
        and old.borrow_index <= new.borrow_index
        and old.time <= new.time,
        "indexes never fall",
    )


def _only_given(m: "Machine", old: Account, new: Account) -> bool:
    """Whether an account has been given something, or settled, and nothing else."""
    return (
        (new.positions, new.level) == (old.positions, old.level)
        and m.book(new).cash + new.basis >= m.book(old).cash + old.basis - DUST
        and all(amount <= new.collateral.get(a, 0) for a, amount in old.collateral.items())
    )


def _is_safer(before: Margin, after: Margin) -> bool:
    freed = before.maintenance - after.maintenance
    equity = after.equity + DUST
    if before.equity < 0:
        return freed >= 0 and equity >= before.equity and before.validity == OPEN
    ratio = equity * before.maintenance - before.equity * after.maintenance
    return freed >= 0 and ratio >= 0 and equity >= max(0, before.equity - freed // 10)


def leaves_no_risk(m: "Machine", act: Act) -> None:
    """No action leaves an account below its initial margin, or at prices that do not open risk.

    But if the action has made it safer for little: MM no higher, margin ratio no worse, a tenth of
    the margin that it freed at most; if equity was negative it is no lower, at prices that open
    risk. An account without position that owes nothing has nothing to cover; receiving and settling
    are always good; and what a liquidation leaves is that one's business. Cash rounds down when it
    is scaled, after the check: an account that leaves with just its initial margin may miss a wei.
    """
    if act.call.frees:
        return
    validity = LIQUIDATION if act.call.sellers else OPEN
    for account in act.changed:
        old, new = act.before.get(account, Account()), m.ledger.account(account)
        owes_nothing = not new.positions and min(new.cash, m.book(new).cash + new.basis) >= 0
        if account in act.call.sellers or owes_nothing:
            continue
        after = m.margin(account)
        if after.validity >= validity and after.equity + SCALED >= after.initial:
            continue
        if _only_given(m, old, new):
            continue
        # in a batch an account may be given collateral first, and then be looked at
        given = {a: max(n, old.collateral.get(a, 0)) for a, n in new.collateral.items()}
        before = [m.margin_of(replace(old, collateral={**old.collateral, **given}))]
        before += [m.margin_of(old)]
        safer = any(_is_safer(margin, after) for margin in before)
        check(safer, "leaves no risk", m.name(account), before, after)
        m.coverage["seen", "safer, not safe"] += 1


def healthy_stays_healthy(m: "Machine", act: Act) -> None:
    """Only prices, time and parameters make a healthy account unhealthy; no action does."""
    if act.call.frees:
        return
    for account in act.changed:
        after = m.margin(account)
        if after.equity + DUST >= after.maintenance:
            continue
        m.coverage["seen", "short account"] += 1
        before = m.margin_of(act.before.get(account, Account()))
        check(
            before.equity < before.maintenance,
            "healthy stays healthy",
            m.name(account),
            before,
            after,
        )


def no_action_leaves_bad_debt(m: "Machine", act: Act) -> None:
    """No action makes an account owe more than it has, nor more than it owed before."""
    if act.call.frees:
        return
    for account in act.changed:
        after = m.margin(account).equity + DUST
        if after < 0 and account not in act.call.sellers:
            before = m.margin_of(act.before.get(account, Account())).equity
            check(after >= before, "no action leaves bad debt", m.name(account), before, after)


def venues_take_what_they_may(m: "Machine", act: Act) -> None:
    """By a venue nobody loses more than what counts against his daily limit there."""
    if act.call.name not in ("book", "match"):
        return
    for account in act.changed:
        before = m.margin_of(act.before.get(account, Account())).equity
        if (lost := before - m.margin(account).equity) <= DUST:
            continue
        agreed = 0
        for key, new in m.ledger.allowances.items():
            old = act.allowances.get(key, Allowance())
            if key[0] == account and new != old:
                agreed += new.used - (old.used if new.day == old.day else 0)
        check(lost <= agreed + DUST, "venues take what they may", m.name(account), lost, agreed)


def _grain(m: "Machine", state: Account) -> int:
    """What truncating each size and amount by less than one unit is worth."""
    worth = DUST
    for word in state.positions:
        worth += m.markets[underlying_of(word)].mark // SIZE + 1
    for asset in state.collateral:
        index = m.markets[m.world.asset_underlyings[asset]].index
        worth += index // 10 ** DECIMALS[asset] + 1
    return worth


def liquidation_heals(m: "Machine", act: Act) -> None:
    """Only an account that is short is liquidated, and its health can only rise."""
    for seller in act.call.sellers:
        old = act.before.get(seller, Account())
        before, after = m.margin_of(old), m.margin(seller)
        check(before.equity < before.maintenance, "liquidation is for who is short", before)
        risen = after.equity - after.maintenance - (before.equity - before.maintenance)
        check(risen >= -_grain(m, old), "liquidation heals", m.name(seller), before, after)


def liquidation_reaches_its_target(m: "Machine", act: Act) -> None:
    """A keeper who may take all takes enough for the target, for a reward within its bounds."""
    if not act.call.sellers or act.result is None:
        return
    (seller,) = act.call.sellers
    old = act.before.get(seller, Account())
    before, after = m.margin_of(old), m.margin(seller)
    fraction, payment, cut, reward = act.result
    if fraction < act.call.args[2]:
        reached = after.equity + _grain(m, old) >= after.target
        check(reached, "liquidation reaches its target", before, after)
    worst = before.maintenance * m.liquidation.reward_max // BPS + 1
    check(reward <= worst and cut >= 0, "the reward is bounded", reward, cut, worst)
    check(payment >= 0 or cut == 0, "insurance does not pay itself", payment, cut)
    m.coverage["seen", "whole liquidation" if fraction == WAD else "slice"] += 1
    m.coverage["seen", "insurance pays"] += payment < 0
    m.coverage["seen", "bad debt"] += before.equity < 0


def insurance_pays_what_it_has(m: "Machine", act: Act) -> None:
    """A liquidation never leaves the insurance account in debt."""
    if act.call.sellers:
        check(m.ledger.account(m.world.insurance).cash >= 0, "insurance pays what it has")


def _note(m: "Machine", act: Act) -> None:
    """What has really occurred, for the coverage."""
    for account in act.changed:
        state = m.ledger.account(account)
        m.coverage["seen", "negative cash"] += state.cash < 0
        m.coverage["seen", "16 collaterals"] += len(state.collateral) == MAX_COLLATERALS
        m.coverage["seen", "three positions"] += len(state.positions) == 3


ACT = (
    indexes_never_fall,
    leaves_no_risk,
    healthy_stays_healthy,
    no_action_leaves_bad_debt,
    venues_take_what_they_may,
    liquidation_heals,
    liquidation_reaches_its_target,
    insurance_pays_what_it_has,
)


def check_act(m: "Machine", act: Act) -> None:
    for invariant in ACT:
        invariant(m, act)
    _note(m, act)
