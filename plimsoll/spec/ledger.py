"""The vault: accounts, cash, collateral and positions, and their one law.

A model of MarginVault that refuses what the contract refuses, with its reasons, and leaves no
trace of what it refused. Who may act for whom is not modelled; what may be done is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from plimsoll.spec.interest import Pool, Rates, accrue, cash_of, scaled_of, utilisation
from plimsoll.spec.margin import (
    Book,
    Holding,
    Margin,
    RiskModel,
    assess,
    covered,
    reduced,
    unsettled,
)
from plimsoll.spec.market import LIQUIDATION, OPEN, Market
from plimsoll.spec.wad import MAX, SIZE, WAD, ceil_div, require, toward_div
from plimsoll.spec.words import (
    CASH,
    CASH_LIMIT,
    KEY_SHIFT,
    MAX_COLLATERALS,
    MAX_POSITIONS,
    PORTFOLIO,
    key_of,
    owner_of,
    pack_position,
    size_of,
    underlying_of,
)

DAY = 86_400
QUOTE = -1  # stands for the quote token where an asset id is asked for
BORROW_LIMIT = 9 * WAD // 10  # highest utilisation at which a withdrawal may borrow


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


@dataclass(frozen=True)
class Allowance:
    """An account's approval of a venue."""

    limit: int = 0  # WAD of loss against mark a day; 0: not approved
    used: int = 0
    day: int = 0


@dataclass
class Listing:
    """What the registry says."""

    quote_decimals: int
    caps: dict[int, int] = field(default_factory=dict)  # asset: token units
    decimals: dict[int, int] = field(default_factory=dict)
    max_size: dict[int, int] = field(default_factory=dict)  # underlying: 1e-8 contracts
    insurance: int = 0  # account


class Ledger:
    """Mutable state with atomic actions.

    `markets` is what MarketData tells as of `now`; both are set from outside between actions.
    """

    def __init__(self, listing: Listing, model: RiskModel, rates: Rates, now: int) -> None:
        self.listing = listing
        self.model = model
        self.rates = rates
        self.now = now
        self.markets: Mapping[int, Market] = {}
        self.pool = Pool(time=now)
        self.accounts: dict[int, Account] = {}
        self.totals: dict[int, int] = {}
        self.allowances: dict[tuple[int, str], Allowance] = {}
        self.depth = 0
        self.pending: dict[int, Callable[[], Margin]] = {}  # margins at first touch

    # -- reading ---------------------------------------------------------------------------------

    def account(self, account: int) -> Account:
        return self.accounts.get(account, Account())

    def book_of(self, account: int, state: Account | None = None) -> Book:
        """The account as the engine sees it."""
        state = self.account(account) if state is None else state
        return Book(
            state.level,
            cash_of(self.pool, state.cash),
            state.basis,
            state.positions,
            tuple(
                Holding(asset, amount, self.totals[asset])
                for asset, amount in sorted(state.collateral.items())
            ),
        )

    def margin(self, account: int, state: Account | None = None) -> Margin:
        return assess(self.book_of(account, state), self.model, self.markets)

    def position(self, account: int, instrument: int) -> int:
        for word in self.account(account).positions:
            if word >> KEY_SHIFT == key_of(instrument):
                return size_of(word)
        return 0

    # -- actions of an owner ---------------------------------------------------------------------

    def deposit(self, account: int, asset: int, amount: int, own: bool = True) -> None:
        """`own`: the caller acts for the account; others cannot add a new collateral to it."""
        with self._atomic():
            require(amount > 0, "vault: zero amount")
            if asset == QUOTE:
                value = amount * self._quote_unit
                self.pool = replace(self.pool, tokens=self.pool.tokens + value)
                self._add_cash(account, value)
                return
            require(asset in self.listing.caps, "vault: unknown asset")
            require(own or asset in self.account(account).collateral, "vault: new collateral")
            total = self.totals.get(asset, 0) + amount
            require(total <= self.listing.caps[asset], "vault: deposit cap")
            self.totals[asset] = total
            self._add_collateral(account, asset, amount)

    def withdraw(self, account: int, asset: int, amount: int) -> int:
        """The amount paid out; MAX stands for all."""
        with self._acting(account):
            amount = self._take(account, asset, amount)
            if asset == QUOTE:
                value = amount * self._quote_unit
                require(value <= self.pool.tokens, "vault: no liquidity")
                self.pool = replace(self.pool, tokens=self.pool.tokens - value)
                self._check_borrowing(account)
            else:
                self.totals[asset] -= amount
        return amount

    def transfer(self, source: int, target: int, asset: int, amount: int) -> int:
        with self._acting(source):
            require(owner_of(source) == owner_of(target), "vault: not one owner")
            require(source != target, "vault: same account")
            amount = self._take(source, asset, amount)
            if asset == QUOTE:
                self._add_cash(target, amount * self._quote_unit)
                self._check_borrowing(source)
            else:
                self._add_collateral(target, asset, amount)
        return amount

    def set_netting(self, account: int, level: int) -> None:
        with self._acting(account):
            require(level <= PORTFOLIO, "vault: unknown level")
            self._store(account, replace(self.account(account), level=level))

    def set_venue(self, account: int, venue: str, limit: int) -> None:
        """A daily limit of 0 withdraws the approval; what has been used today stays used."""
        old = self.allowances.get((account, venue), Allowance())
        self.allowances[account, venue] = replace(old, limit=limit)

    # -- actions of venues, of anyone, and of the liquidator -------------------------------------

    def book(self, venue: str, legs: Sequence[Leg]) -> None:
        """A zero-sum bundle of trades."""
        with self._atomic():
            for instrument in {leg.instrument for leg in legs}:
                sizes = sum(leg.size for leg in legs if leg.instrument == instrument)
                require(sizes == 0, "vault: sizes not zero-sum")
            require(sum(leg.quote for leg in legs) == 0, "vault: quote not zero-sum")
            for account in dict.fromkeys(leg.account for leg in legs):
                self._book(venue, account, [leg for leg in legs if leg.account == account])

    def _book(self, venue: str, account: int, legs: Sequence[Leg]) -> None:
        result = sum(leg.quote for leg in legs)
        if result >= 0 and all(leg.instrument == CASH for leg in legs):
            self._add_cash(account, result)
            return
        with self._acting(account):
            for leg in legs:
                if leg.instrument == CASH:
                    require(leg.size == 0, "vault: cash has no size")
                    continue
                underlying = underlying_of(leg.instrument)
                limit = self.listing.max_size.get(underlying, 0)
                require(limit > 0, "vault: not listed")
                market = self.markets[underlying]
                result += leg.size * market.mark // SIZE
                old = self.position(account, leg.instrument)
                new = self._trade(account, leg.instrument, leg.size, market)
                require(abs(new) <= max(limit, abs(old)), "vault: position limit")
            self._add_cash(account, result)
            self._use_allowance(venue, account, max(0, -result))

    def settle(self, account: int) -> None:
        """Moves unsettled profit from basis to cash; anyone may."""
        with self._atomic():
            state = self.account(account)
            if not state.positions:
                return
            profit = unsettled(state.basis, state.positions, self.markets)
            self._add_basis(account, -profit)
            self._add_cash(account, profit)

    def slice(self, account: int, to: int, fraction: int, payment: int, cut: int) -> int:
        """`to` takes a fraction of everything, and pays; the payment that was made.

        Positions change hands at mark. A negative payment is insurance's, as far as it can pay.
        """
        with self._atomic():
            require(account not in self.pending, "vault: check pending")
            require(account != to, "vault: same account")
            insurance = self.listing.insurance
            require(insurance not in (account, to), "vault: insurance account")
            self.settle(account)
            state = self.account(account)
            with self._acting(to, LIQUIDATION):
                for word in state.positions:
                    instrument = word >> KEY_SHIFT << KEY_SHIFT | 1
                    size = toward_div(size_of(word) * fraction, WAD)
                    market = self.markets[underlying_of(word)]
                    self._trade(account, instrument, -size, market)
                    self._trade(to, instrument, size, market)
                for asset, amount in state.collateral.items():
                    part = amount * fraction // WAD
                    self._add_collateral(account, asset, -part)
                    self._add_collateral(to, asset, part)
                part = cash_of(self.pool, state.cash) * fraction // WAD
                if payment < 0:
                    fund = max(0, cash_of(self.pool, self.account(insurance).cash))
                    payment = -min(-payment, fund)
                    self._add_cash(account, -part)
                    self._add_cash(to, part - payment)
                    self._add_cash(insurance, payment)
                else:
                    self._add_cash(account, payment - part)
                    self._add_cash(to, part - payment - cut)
                    self._add_cash(insurance, cut)
        return payment

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Many actions, one check of every touched account at the end."""
        with self._atomic():
            self.depth += 1
            yield
            self.depth -= 1
            if self.depth == 0:
                pending, self.pending = self.pending, {}
                for account, before in pending.items():
                    self._check(account, before)

    # -- inside ----------------------------------------------------------------------------------

    @property
    def _quote_unit(self) -> int:
        return int(10 ** (18 - self.listing.quote_decimals))

    @contextmanager
    def _atomic(self) -> Iterator[None]:
        """Accrues interest first; undoes everything if the action is refused."""
        saved = (self.pool, dict(self.accounts), dict(self.totals), dict(self.allowances))
        state = (self.depth, dict(self.pending))
        try:
            self.pool, insured = accrue(self.pool, self.rates, self.now)
            if insured > 0:
                self._add_cash(self.listing.insurance, insured)
            yield
        except BaseException:
            self.pool, self.accounts, self.totals, self.allowances = saved
            self.depth, self.pending = state
            raise

    @contextmanager
    def _acting(self, account: int, validity: int = OPEN) -> Iterator[None]:
        """An action that the account must be able to bear: checked now, or when a batch ends."""
        with self._atomic():
            state = self.account(account)
            if self.depth and account not in self.pending:
                margin = self.margin(account)
                self.pending[account] = lambda: margin
            yield
            if not self.depth:
                self._check(account, lambda: self.margin(account, state), validity)

    def _check(self, account: int, before: Callable[[], Margin], validity: int = OPEN) -> None:
        state = self.account(account)
        if state.cash >= 0 and not state.positions:
            return  # needs no price
        after = self.margin(account)
        require(covered(after, validity) or reduced(before(), after), "vault: margin")

    def _check_borrowing(self, account: int) -> None:
        if self.account(account).cash < 0:
            used = utilisation(self.pool.cash, self.pool.debt, self.pool.tokens)
            require(used <= BORROW_LIMIT, "vault: utilisation")

    def _store(self, account: int, state: Account) -> None:
        self.accounts[account] = state

    def _take(self, account: int, asset: int, amount: int) -> int:
        """Takes tokens out of an account that has been settled."""
        self.settle(account)
        state = self.account(account)
        if asset == QUOTE:
            if amount == MAX:
                amount = max(0, cash_of(self.pool, state.cash)) // self._quote_unit
            require(amount > 0, "vault: zero amount")
            self._add_cash(account, -amount * self._quote_unit)
        else:
            held = state.collateral.get(asset, 0)
            if amount == MAX:
                amount = held
            require(amount > 0, "vault: zero amount")
            require(amount <= held, "vault: balance")
            self._add_collateral(account, asset, -amount)
        return amount

    def _add_cash(self, account: int, change: int) -> None:
        if change == 0:
            return
        state, pool = self.account(account), self.pool
        old = state.cash
        new = scaled_of(pool, cash_of(pool, old) + change)
        require(abs(new) <= CASH_LIMIT, "vault: amount too large")
        self.pool = replace(
            pool,
            supply=pool.supply + max(new, 0) - max(old, 0),
            borrow=pool.borrow + max(-new, 0) - max(-old, 0),
        )
        self._store(account, replace(state, cash=new))

    def _add_basis(self, account: int, change: int) -> None:
        state = self.account(account)
        require(abs(state.basis + change) <= CASH_LIMIT, "vault: amount too large")
        self.pool = replace(self.pool, basis=self.pool.basis + change)
        self._store(account, replace(state, basis=state.basis + change))

    def _add_collateral(self, account: int, asset: int, change: int) -> None:
        state = self.account(account)
        collateral = dict(state.collateral)
        collateral[asset] = collateral.get(asset, 0) + change
        if collateral[asset] == 0:
            del collateral[asset]
        require(len(collateral) <= MAX_COLLATERALS, "vault: too many collaterals")
        self._store(account, replace(state, collateral=collateral))

    def _trade(self, account: int, instrument: int, change: int, market: Market) -> int:
        """Changes a position at mark: only basis moves. The new size."""
        if change == 0:
            return self.position(account, instrument)
        self._add_basis(account, -ceil_div(change * (market.mark - market.funding), SIZE))
        state = self.account(account)
        words, key = list(state.positions), key_of(instrument)
        at = next((i for i, word in enumerate(words) if word >> KEY_SHIFT == key), len(words))
        size = change + (size_of(words[at]) if at < len(words) else 0)
        if at == len(words):
            require(at < MAX_POSITIONS, "vault: too many positions")
            words.append(0)
        if size == 0:
            words[at] = words[-1]
            words.pop()
        else:
            words[at] = pack_position(key, size)
        self._store(account, replace(state, positions=tuple(words)))
        return size

    def _use_allowance(self, venue: str, account: int, loss: int) -> None:
        old = self.allowances.get((account, venue), Allowance())
        require(old.limit > 0, "vault: venue not approved")
        today = self.now // DAY
        used = (old.used if old.day == today else 0) + loss
        require(used <= old.limit, "vault: daily loss limit")
        if loss:
            self.allowances[account, venue] = Allowance(old.limit, used, today)
