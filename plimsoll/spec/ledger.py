"""The vault: accounts, cash, collateral and positions, and their one law.

A model of MarginVault that refuses what the contract refuses, with its reasons, and leaves no
trace of what it refused. Who may act for whom is not modelled; what may be done is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from plimsoll.spec.interest import Pool, Rates, accrue, cash_of, rescale, utilisation
from plimsoll.spec.margin import (
    Book,
    Holding,
    Margin,
    RiskModel,
    Surface,
    assess,
    covered,
    gather,
    is_unlevered,
    reduced,
)
from plimsoll.spec.market import COLLATERAL, LIQUIDATION, OPEN, Expiry, Market, price, unsettled
from plimsoll.spec.scan import FRACTION, Profile, axis_of, curve_of, unit_of
from plimsoll.spec.wad import MAX, SIZE, WAD, ceil_div, require, toward_div
from plimsoll.spec.words import (
    CASH_LIMIT,
    MAX_COLLATERALS,
    MAX_POSITIONS,
    PORTFOLIO,
    PUT,
    expiry_of,
    is_canonical,
    is_option,
    key_of,
    kind_of,
    owner_of,
    pack_position,
    sizes_of,
    strike_of,
    underlying_of,
)

DAY = 86_400
QUOTE = -1  # stands for the quote token where an asset id is asked for
BORROW_LIMIT = 9 * WAD // 10  # highest utilisation at which a withdrawal may borrow
MAX_TRADED = 16  # instruments of a bundle: half as many as legs, as each is bought and sold


@dataclass(frozen=True)
class Leg:
    account: int
    instrument: int
    size: int  # change, 1e-8 contracts
    quote: int  # change, WAD


@dataclass(frozen=True)
class Account:
    cash: int = 0  # scaled
    basis: int = 0
    level: int = 0
    positions: tuple[int, ...] = ()
    collateral: Mapping[int, int] = field(default_factory=dict)  # asset: token units


@dataclass
class Draft:
    """An account while an action is under way: cash unscaled, nothing stored yet."""

    level: int
    cash: int
    basis: int
    positions: list[int]
    collateral: dict[int, int]


@dataclass(frozen=True)
class Allowance:
    """An account's approval of a venue."""

    limit: int = 0  # WAD of loss against mark a day; 0: not approved
    used: int = 0
    day: int = 0


@dataclass(frozen=True)
class Series:
    """What can be traded of an expiry."""

    step: int  # strikes are multiples of it, 1e-8 of quote; 0: futures only
    low: int
    high: int
    limit: int  # 1e-8 contracts


@dataclass
class Listing:
    """What the registry says."""

    quote_decimals: int
    caps: dict[int, int] = field(default_factory=dict)  # asset: token units
    decimals: dict[int, int] = field(default_factory=dict)
    max_size: dict[int, int] = field(default_factory=dict)  # underlying: 1e-8 contracts
    series: dict[tuple[int, int], Series] = field(default_factory=dict)  # (underlying, expiry)
    insurance: int = 0  # account

    def size_limit(self, instrument: int, now: int) -> int:
        """Largest position in an instrument, 1e-8 contracts; 0: not to be traded."""
        underlying, expiry = underlying_of(instrument), expiry_of(instrument)
        if not is_canonical(instrument):
            return 0
        if not expiry:
            return self.max_size.get(underlying, 0)
        series = self.series.get((underlying, expiry))
        if series is None or expiry <= now:
            return 0
        strike = strike_of(instrument)
        grid = range(series.low, series.high + 1, series.step) if series.step else ()
        return series.limit if not strike or strike in grid else 0


class Ledger:
    """Mutable state with atomic actions.

    `markets` and `expiries` are what MarketData tells as of `now`, `surface` what VolSurface tells;
    they are set from outside between actions.
    """

    def __init__(self, listing: Listing, model: RiskModel, rates: Rates, now: int) -> None:
        self.listing = listing
        self.model = model
        self.rates = rates
        self.now = now
        self.markets: Mapping[int, Market] = {}
        self.expiries: Mapping[tuple[int, int], Expiry] = {}  # by (underlying, expiry)
        self.surface = Surface()
        self.pool = Pool(time=now)
        self.accounts: dict[int, Account] = {}
        self.totals: dict[int, int] = {}
        self.allowances: dict[tuple[int, str], Allowance] = {}
        self.depth = 0
        self.pending: dict[int, Margin] = {}  # margins at first touch

    # -- reading ---------------------------------------------------------------------------------

    def account(self, account: int) -> Account:
        return self.accounts.get(account, Account())

    def book_of(self, account: int) -> Book:
        """The account as the engine sees it, with interest to the last accrual."""
        return self._book(self._load(account))

    def margin(self, account: int) -> Margin:
        return self._assess(self._load(account))

    def mark(self, instrument: int) -> int:
        """What one contract trades at, rounded down."""
        return self._marks(instrument)[0]

    def ask(self, instrument: int) -> int:
        """What one counts for that is sold: an option a lane's unit more, as a short does."""
        return self._marks(instrument)[1]

    def _marks(self, instrument: int) -> tuple[int, int]:
        if not is_option(instrument):
            return (self._price(instrument)[0],) * 2
        underlying, put = underlying_of(instrument), kind_of(instrument) == PUT
        market, grid = self.markets[underlying], self.surface.grids[underlying]
        one = pack_position(key_of(instrument), *((0, SIZE) if put else (SIZE, 0)))
        risk = gather([one], underlying, market, self.surface, scan_range=0)
        options = [strip.options for strip in risk.strips.values()]
        unit = unit_of(options, grid)
        curve = curve_of(options, unit)
        worth = Profile(axis_of(grid, market.index), curve, line=0).mark + risk.parity // SIZE
        return max(0, worth), max(0, worth + (unit * SIZE >> FRACTION))

    def mark_validity(self, option: int) -> int:
        """What an option's mark may be used for: with an old smile or forward to liquidate."""
        underlying = underlying_of(option)
        validity = self.markets[underlying].validity
        fresh = self.surface.forwards[underlying, expiry_of(option)].fresh
        return validity if fresh else min(validity, LIQUIDATION)

    def unsettled(self, word: int) -> tuple[int, bool]:
        """What a position has to be settled with, WAD * 1e-8 contracts, and whether it is over."""
        return unsettled(word, self.markets[underlying_of(word)], self._expiry(word), self.now)

    def position(self, account: int, instrument: int) -> int:
        for word in self.account(account).positions:
            if key_of(word) == key_of(instrument):
                return sizes_of(word)[kind_of(instrument) == PUT]
        return 0

    # -- actions of an owner ---------------------------------------------------------------------

    def deposit(self, account: int, asset: int, amount: int, own: bool = True) -> None:
        """`own`: the caller may configure the account; others cannot add a new collateral."""
        with self._atomic(accrues=asset == QUOTE):
            require(amount > 0, "vault: zero amount")
            if asset == QUOTE:
                value = amount * self._quote_unit
                self._pay(account, value)
                self.pool = replace(self.pool, tokens=self.pool.tokens + value)
                return
            self._add_collateral(account, asset, amount, own)
            total = self.totals.get(asset, 0) + amount
            require(total <= self.listing.caps[asset], "vault: deposit cap")
            self.totals[asset] = total

    def withdraw(self, account: int, asset: int, amount: int) -> int:
        """The amount paid out; MAX stands for all."""
        with self._atomic():
            return self._debit(account, asset, amount, leaves=True)

    def transfer(self, source: int, target: int, asset: int, amount: int) -> int:
        with self._atomic():
            require(owner_of(source) == owner_of(target), "vault: not one owner")
            require(source != target, "vault: same account")
            amount = self._debit(source, asset, amount, leaves=False)
            if asset == QUOTE:
                self._pay(target, amount * self._quote_unit)
            else:
                self._add_collateral(target, asset, amount, True)
            return amount

    def set_netting(self, account: int, level: int) -> None:
        with self._atomic():
            require(level <= PORTFOLIO, "vault: unknown level")
            self._touch(account)
            draft = self._load(account)
            draft.level = level
            self._bear(account, draft, paid=True)
            self._store(account, draft)

    def set_venue(self, account: int, venue: str, limit: int) -> None:
        """A daily limit of 0 withdraws the approval; what has been used today stays used."""
        old = self.allowances.get((account, venue), Allowance())
        self.allowances[account, venue] = replace(old, limit=limit)

    # -- actions of venues, of anyone, and of the liquidator -------------------------------------

    def book(self, venue: str, legs: Sequence[Leg]) -> None:
        """A zero-sum bundle of trades."""
        with self._atomic():
            traded: set[int] = set()
            for account in dict.fromkeys(leg.account for leg in legs):
                own = [leg for leg in legs if leg.account == account]
                self._book_legs(venue, account, own, traded)
            for instrument in traded:
                sizes = sum(leg.size for leg in legs if leg.instrument == instrument)
                require(sizes == 0, "vault: sizes not zero-sum")
            require(sum(leg.quote for leg in legs) == 0, "vault: quote not zero-sum")

    def accrue(self) -> None:
        """Accrues interest; anyone may, and the registry does before it changes the rates."""
        with self._atomic():
            pass

    def settle(self, account: int) -> None:
        """Moves unsettled profit from basis to cash; anyone may."""
        with self._atomic():
            self._store(account, self._settled(account))

    def slice(self, account: int, to: int, fraction: int, payment: int, cut: int) -> int:
        """`to` takes a fraction of everything, and pays; the payment that was made.

        Positions change hands at mark. A negative payment is insurance's, as far as it can pay.
        """
        insurance = self.listing.insurance
        with self._atomic():
            require(account not in self.pending, "vault: check pending")
            require(account != to, "vault: same account")
            require(insurance not in (account, to), "vault: insurance account")
            require(fraction <= WAD, "vault: fraction")
            self._touch(to)
            seller, buyer = self._settled(account), self._settled(to)
            whole = replace(
                seller, positions=list(seller.positions), collateral=dict(seller.collateral)
            )
            for word in whole.positions:
                calls, puts = (toward_div(size * fraction, WAD) for size in sizes_of(word))
                self._trade(buyer, word, calls, puts)
                self._trade(seller, word, -calls, -puts)
            for asset, amount in whole.collateral.items():
                self._hold(buyer, asset, amount * fraction // WAD)
                self._hold(seller, asset, -(amount * fraction // WAD))
            part = whole.cash * fraction // WAD
            if payment < 0:
                fund = max(0, cash_of(self.pool, self.account(insurance).cash))
                payment = -min(-payment, fund)
            seller.cash += max(payment, 0) - part
            buyer.cash += part - payment - cut
            self._bear(to, buyer, LIQUIDATION)
            self._store(account, seller)
            self._store(to, buyer)
            self._pay(insurance, min(payment, 0) + cut)
            return payment

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Many actions, one check of every touched account at the end."""
        with self._atomic(accrues=False):
            self.depth += 1
            yield
            self.depth -= 1
            if self.depth == 0:
                pending, self.pending = self.pending, {}
                for account, before in pending.items():
                    self._check(account, self._load(account), OPEN, before)

    # -- inside ----------------------------------------------------------------------------------

    @property
    def _quote_unit(self) -> int:
        return int(10 ** (18 - self.listing.quote_decimals))

    @contextmanager
    def _atomic(self, accrues: bool = True) -> Iterator[None]:
        """Accrues interest first; undoes everything if the action is refused."""
        saved = (self.pool, dict(self.accounts), dict(self.totals), dict(self.allowances))
        state = (self.depth, dict(self.pending))
        try:
            if accrues:
                self.pool, insured = accrue(self.pool, self.rates, self.now)
                self._pay(self.listing.insurance, insured)
            yield
        except BaseException:
            self.pool, self.accounts, self.totals, self.allowances = saved
            self.depth, self.pending = state
            raise

    def _debit(self, account: int, asset: int, amount: int, leaves: bool) -> int:
        """Takes tokens out of an account, settled first."""
        self._touch(account)
        draft = self._settled(account)
        if asset == QUOTE:
            if amount == MAX:
                amount = max(draft.cash, 0) // self._quote_unit
            draft.cash -= amount * self._quote_unit
        else:
            require(asset in self.listing.caps, "registry: unknown asset")
            if amount == MAX:
                amount = draft.collateral.get(asset, 0)
            self._hold(draft, asset, -amount)
        require(amount > 0, "vault: zero amount")
        self._bear(account, draft, paid=True)
        self._store(account, draft)
        if asset != QUOTE:
            self.totals[asset] -= amount if leaves else 0
            return amount
        if leaves:
            value = amount * self._quote_unit
            require(value <= self.pool.tokens, "vault: no liquidity")
            self.pool = replace(self.pool, tokens=self.pool.tokens - value)
        if draft.cash < 0:
            used = utilisation(self.pool.cash, self.pool.debt, self.pool.tokens)
            require(used <= BORROW_LIMIT, "vault: utilisation")
        return amount

    def _book_legs(self, venue: str, account: int, legs: Sequence[Leg], traded: set[int]) -> None:
        result = sum(leg.quote for leg in legs)
        trades = [leg for leg in legs if leg.size != 0]  # others only move cash
        if result >= 0 and not trades:
            self._pay(account, result)  # receives cash: nothing to approve, nothing to check
            return
        self._touch(account)
        draft = self._settled(account)
        for leg in trades:
            traded.add(leg.instrument)
            require(len(traded) <= MAX_TRADED, "vault: sizes not zero-sum")
            limit = self.listing.size_limit(leg.instrument, self.now)
            require(limit > 0, "vault: not listed")
            option, put = is_option(leg.instrument), kind_of(leg.instrument) == PUT
            mark = self.mark(leg.instrument) if leg.size > 0 else self.ask(leg.instrument)
            worth = leg.size * mark // SIZE
            result += worth
            draft.cash -= worth if option else 0  # paid for, not settled at mark
            change = (0, leg.size) if put else (leg.size, 0)
            size = self._trade(draft, leg.instrument, *change)[put]
            shrinks = (size > 0) != (leg.size > 0)  # and does not turn round
            require(abs(size) <= limit or shrinks, "vault: position limit")
        draft.cash += result
        self._use_allowance(venue, account, max(0, -result))
        paid = all(
            is_option(leg.instrument) and self.mark_validity(leg.instrument) == OPEN
            for leg in trades
        )
        self._bear(account, draft, paid=paid)
        self._store(account, draft)

    def _load(self, account: int) -> Draft:
        state = self.account(account)
        return Draft(
            state.level,
            cash_of(self.pool, state.cash),
            state.basis,
            list(state.positions),
            dict(state.collateral),
        )

    def _book(self, draft: Draft) -> Book:
        return Book(
            draft.level,
            draft.cash,
            draft.basis,
            tuple(draft.positions),
            tuple(
                Holding(asset, amount, self.totals[asset])
                for asset, amount in sorted(draft.collateral.items())
            ),
        )

    def _assess(self, draft: Draft) -> Margin:
        return assess(self._book(draft), self.model, self.markets, self.surface)

    def _store(self, account: int, draft: Draft) -> None:
        """Cash that did not change is not scaled anew, so it loses nothing."""
        old = self.account(account)
        require(abs(draft.basis) <= CASH_LIMIT, "vault: amount too large")
        basis = self.pool.basis + draft.basis - old.basis
        self.pool = replace(self.pool, basis=basis)
        self.accounts[account] = Account(
            self._rescaled(old.cash, draft.cash),
            draft.basis,
            draft.level,
            tuple(draft.positions),
            dict(draft.collateral),
        )

    def _pay(self, account: int, change: int) -> None:
        """Changes an account's cash and nothing else."""
        if change:
            state = self.account(account)
            cash = self._rescaled(state.cash, cash_of(self.pool, state.cash) + change)
            self.accounts[account] = replace(state, cash=cash)

    def _rescaled(self, old: int, cash: int) -> int:
        if cash == cash_of(self.pool, old):
            return old
        self.pool, scaled = rescale(self.pool, old, cash)
        require(abs(scaled) <= CASH_LIMIT, "vault: amount too large")
        return scaled

    def _add_collateral(self, account: int, asset: int, amount: int, adds: bool) -> None:
        """Credits collateral and nothing else, if its price is young. `adds`: it may be one
        that the account does not hold yet."""
        require(asset in self.listing.caps, "registry: unknown asset")
        draft = self._load(account)
        market = self.markets[self.model.assets[asset].underlying]
        require(market.validity >= COLLATERAL, "registry: old price")
        require(adds or asset in draft.collateral, "vault: new collateral")
        self._hold(draft, asset, amount)
        self.accounts[account] = replace(self.account(account), collateral=draft.collateral)

    def _settled(self, account: int) -> Draft:
        """Unsettled profit moves from basis to cash; what is over is gone, its payoff in it.

        The pool's basis holds the payoffs of what is over already, so they are basis of the
        account first.
        """
        draft = self._load(account)
        profit = payoff = 0
        for at in reversed(range(len(draft.positions))):
            value, over = self.unsettled(draft.positions[at])
            if over:
                payoff += value
                draft.positions[at] = draft.positions[-1]
                draft.positions.pop()
            else:
                profit += value
        if len(draft.positions) < len(self.account(account).positions):
            pool = self.pool
            draft.basis += payoff // SIZE  # exact
            self._store(account, draft)
            self.pool = pool
        profit = draft.basis + profit // SIZE
        draft.basis -= profit
        draft.cash += profit
        return draft

    def _expiry(self, word: int) -> Expiry | None:
        expiry = expiry_of(word)
        return self.expiries[underlying_of(word), expiry] if expiry else None

    def _price(self, word: int) -> tuple[int, int]:
        """(mark, gap) of an instrument or a position word; (0, 0) of an option."""
        return price(word, self.markets[underlying_of(word)], self._expiry(word), self.now)

    def _trade(self, draft: Draft, word: int, calls: int, puts: int) -> tuple[int, int]:
        """Changes a position at mark: only basis moves, against the account. The new sizes.

        `word` is an instrument or a position word; the size of what is linear is in the place of
        calls.
        """
        draft.basis -= ceil_div(calls * self._price(word)[1], SIZE)
        words, key = draft.positions, key_of(word)
        at = next((i for i, held in enumerate(words) if key_of(held) == key), len(words))
        held = sizes_of(words[at]) if at < len(words) else (0, 0)
        sizes = calls + held[0], puts + held[1]
        if sizes != (0, 0):
            require(at < MAX_POSITIONS, "vault: too many positions")
            words[at : at + 1] = [pack_position(key, *sizes)]
        elif at < len(words):
            words[at] = words[-1]
            words.pop()
        return sizes

    def _hold(self, draft: Draft, asset: int, change: int) -> None:
        if change == 0:
            return
        if asset not in draft.collateral:
            require(len(draft.collateral) < MAX_COLLATERALS, "vault: too many collaterals")
        left = draft.collateral.pop(asset, 0) + change
        require(left >= 0, "vault: balance")
        if left > 0:
            draft.collateral[asset] = left

    def _use_allowance(self, venue: str, account: int, loss: int) -> None:
        old = self.allowances.get((account, venue), Allowance())
        require(old.limit > 0, "vault: venue not approved")
        if loss == 0:
            return
        today = self.now // DAY
        used = (old.used if old.day == today else 0) + loss
        require(used <= old.limit, "vault: daily loss limit")
        self.allowances[account, venue] = Allowance(old.limit, used, today)

    def _touch(self, account: int) -> None:
        """In a batch, remembers an account as it is at first touch."""
        if self.depth and account not in self.pending:
            self.pending[account] = self.margin(account)

    def _bear(self, account: int, draft: Draft, validity: int = OPEN, paid: bool = False) -> None:
        """The account must be able to bear an action: checked now, or when the batch ends."""
        if not self.depth:
            self._check(account, draft, validity, paid=paid)

    def _check(
        self,
        account: int,
        draft: Draft,
        validity: int,
        before: Margin | None = None,
        paid: bool = False,
    ) -> None:
        """`paid`: an unlevered account may have options. Not where they came at a price that does
        not open risk: nobody should sell them so, or be made to buy them."""
        if (paid or not draft.positions) and is_unlevered(self._book(draft)):
            return
        after = self._assess(draft)
        if not covered(after, validity):
            require(reduced(before or self.margin(account), after), "vault: margin")
