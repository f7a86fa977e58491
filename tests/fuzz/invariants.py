"""What must always hold: each invariant is a function with its sentence.

They look at the specification's state, which is the contracts' to the wei whenever they are asked.
"""

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from plimsoll.spec.ledger import Account, Allowance
from plimsoll.spec.margin import Margin, is_unlevered
from plimsoll.spec.market import LIQUIDATION, OPEN
from plimsoll.spec.scan import LANE_UNIT
from plimsoll.spec.wad import BPS, RAY, SIZE, WAD
from plimsoll.spec.words import (
    MAX_COLLATERALS,
    MAX_POSITIONS,
    PORTFOLIO,
    STRIKE_UNIT,
    is_option,
    key_of,
    pack_position,
    size_of,
    sizes_of,
    strike_of,
    underlying_of,
)
from tests.fuzz.calls import Act, check
from tests.fuzz.markets import series_of
from tests.fuzz.world import DECIMALS, QUOTE_DECIMALS

if TYPE_CHECKING:
    from tests.fuzz.machine import Machine

ASSETS = range(len(DECIMALS))
DUST = 10**6  # WAD: a millionth of a millionth is no gain and no loss
ROUNDED = 8  # WAD: what a mark may miss, beside a lane's unit
SCALED = 10  # WAD: what may be lost when cash is divided by an index that is at most ten

# -- of the state --------------------------------------------------------------------------------


def law(m: "Machine") -> None:
    """Tokens held are what is owed less debts plus basis, and dust that only grows by rounding."""
    surplus = m.ledger.pool.surplus
    check(0 <= surplus <= m.dust, "the law of the ledger", surplus, m.dust)


def sizes_sum_to_zero(m: "Machine") -> None:
    """Of each instrument what some are long others are short; what is over goes one by one."""
    calls: Counter[int] = Counter()
    puts: Counter[int] = Counter()
    for state in m.ledger.accounts.values():
        for word in m.standing(state).live:
            key, sizes = key_of(word), sizes_of(word)
            calls[key] += sizes[0]
            puts[key] += sizes[1]
    check(not any(calls.values()) and not any(puts.values()), "sizes sum to zero", calls, puts)


def settlement_is_zero_sum(m: "Machine") -> None:
    """Of each expiry that is over, what was paid and what is still to be paid cancel to the wei."""
    sums = Counter(m.paid)
    for state in m.ledger.accounts.values():
        for _, series, payoff in m.standing(state).payoffs:
            sums[series] += payoff
    check(not any(sums.values()), "settlement is zero-sum", sums)


def totals_are_sums(m: "Machine") -> None:
    """Totals are the sums over accounts: supply, borrow, basis and each collateral.

    The pool's basis holds the payoffs of what is over and not settled already.
    """
    supply = borrow = basis = 0
    held = [0] * len(DECIMALS)
    for state in m.ledger.accounts.values():
        if state.cash >= 0:
            supply += state.cash
        else:
            borrow -= state.cash
        basis += state.basis + sum(payoff for _, _, payoff in m.standing(state).payoffs)
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
    """All cash, unsettled profit and payoffs together are the tokens held, but for dust.

    So interest and funding that are paid equal those that are received, at any price.
    """
    pool, insured = m.accrued
    owned = insured
    for state in m.ledger.accounts.values():
        index = pool.supply_index if state.cash >= 0 else pool.borrow_index
        owned += state.cash * index // RAY + m.standing(state).owed
    left = pool.tokens - owned
    allowed = m.dust + m.dust_of(len(m.ledger.accounts))
    check(0 <= left <= allowed, "nothing is owned twice", left, allowed)


def accounts_are_well_formed(m: "Machine") -> None:
    """An account has at most 16 collaterals, none of them empty, and one word per instrument."""
    for account, state in m.ledger.accounts.items():
        keys = {key_of(word) for word in state.positions}
        check(
            len(keys) == len(state.positions)
            and all(any(sizes_of(word)) for word in state.positions)
            and len(state.positions) <= MAX_POSITIONS
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
    settlement_is_zero_sum,
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
    was, stands = m.standing(old), m.standing(new)
    given = sum(payoff for _, _, payoff in {*was.payoffs} - {*stands.payoffs})
    return (
        (stands.live, new.level) == (was.live, old.level)
        and m.book(new).cash + new.basis >= m.book(old).cash + old.basis + given - DUST
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
    risk. An unlevered account has nothing to cover; receiving and settling are always good; and
    what a liquidation leaves is that one's business. Cash rounds down when it is scaled, after the
    check: an account that leaves with just its initial margin may miss a wei.
    """
    if act.call.frees:
        return
    validity = LIQUIDATION if act.call.sellers else OPEN
    for account in act.changed:
        old, new = act.before.get(account, Account()), m.ledger.account(account)
        if account in act.call.sellers or is_unlevered(m.book(new)):
            m.coverage["seen", "options paid for"] += bool(new.positions)
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


def settling_moves_no_equity(m: "Machine", act: Act) -> None:
    """Who settles has what he had: profit and payoffs become cash, and nothing else changes."""
    if act.call.name != "settle":
        return
    for account in act.changed:
        if account == m.world.insurance:
            continue  # is paid interest
        old = act.before.get(account, Account())
        moved = m.margin(account).equity - m.margin_of(old).equity
        check(abs(moved) <= DUST, "settling moves no equity", m.name(account), moved)
        m.coverage["seen", "payoff"] += bool(m.standing(old).payoffs)


def rolling_moves_no_money(m: "Machine", act: Act) -> None:
    """Prices, epochs, words and smiles that are renewed change no cash, no basis, no positions."""
    if act.call.name not in ("roll", "refresh", "load", "post", "list_expiry", "fix"):
        return
    check(not act.changed and m.ledger.pool is act.pool, "rolling moves no money", act.call.name)
    m.compare_all()


def _grain_of_marks(m: "Machine", old: Account, new: Account) -> int:
    """What trades at marks may cost beyond them.

    A short counts a lane's unit more, a mark is rounded to some wei a contract, and none is below
    nothing, where a parabola may be. Nor are longs without anything else, also those that are held
    already: what they are below nothing counts once something else is traded. And a future trades
    at the newest ratio, but counts with that of the epoch.
    """
    before, after = m.standing(old).live, m.standing(new).live
    ahead = 0
    for word in before ^ after:
        series = series_of(word)
        if series[1] and not is_option(word):
            forwards = m.markets.forward(series), m.surfaces.forwards[series]
            newest, counted = (f.at(m.markets[series[0]].index) for f in forwards)
            ahead += size_of(word) * (newest - counted) * (1 if word in after else -1)
    worth = DUST + abs(ahead) // SIZE
    for word in filter(is_option, before | after):
        unit = m.surfaces.grids[underlying_of(word)].reference // LANE_UNIT + ROUNDED
        traded = word in before ^ after
        for size, one in zip(sizes_of(word), ((-SIZE, 0), (0, -SIZE)), strict=True):
            short = pack_position(key_of(word), *one)
            below = max(0, m.margin_of(Account(positions=(short,))).equity + unit)
            worth += abs(size) * (traded * unit + below) // SIZE + 1
    return worth


def venues_take_what_they_may(m: "Machine", act: Act) -> None:
    """By a venue nobody loses more than what counts against his daily limit there."""
    if act.call.name not in ("book", "match"):
        return
    for account in act.changed:
        before, after = act.before.get(account, Account()), m.ledger.account(account)
        if (lost := m.margin_of(before).equity - m.margin_of(after).equity) <= DUST:
            continue
        agreed = _grain_of_marks(m, before, after)
        for key, new in m.ledger.allowances.items():
            old = act.allowances.get(key, Allowance())
            if key[0] == account and new != old:
                agreed += new.used - (old.used if new.day == old.day else 0)
        check(lost <= agreed, "venues take what they may", m.name(account), lost, agreed)


def _grain(m: "Machine", state: Account) -> int:
    """What truncating each size and amount by less than one unit is worth.

    What an option loses and asks for is below a few spots, or strikes.
    """
    worth = DUST
    for word in state.positions:
        market, strike = m.markets[underlying_of(word)], strike_of(word) * STRIKE_UNIT
        worth += (8 * max(market.mark, market.index, strike) if strike else market.mark) // SIZE + 1
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
        m.coverage["seen", "sixteen positions"] += len(state.positions) >= 16
        options = [word for word in m.standing(state).live if is_option(word)]
        m.coverage["seen", "option"] += bool(options)
        m.coverage["seen", "option that is short"] += any(
            min(sizes_of(word)) < 0 for word in options
        )
    for seller in act.call.sellers:
        old = act.before.get(seller, Account())
        m.coverage["seen", "options liquidated"] += any(map(is_option, m.standing(old).live))


ACT = (
    indexes_never_fall,
    leaves_no_risk,
    healthy_stays_healthy,
    no_action_leaves_bad_debt,
    settling_moves_no_equity,
    rolling_moves_no_money,
    venues_take_what_they_may,
    liquidation_heals,
    liquidation_reaches_its_target,
    insurance_pays_what_it_has,
)


def check_act(m: "Machine", act: Act) -> None:
    for invariant in ACT:
        invariant(m, act)
    _note(m, act)
