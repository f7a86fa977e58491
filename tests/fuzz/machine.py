"""The machine that runs the contracts and the specification in lock step.

`Machine.act` does one transaction on both sides: they must agree on whether it is refused, with
which words, on what it returns, and on every word of storage afterwards. Then the invariants are
checked. What is done, and with which numbers, is up to the rules (tests.fuzz.rules), which ask
`machine.choices`.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from plimsoll.spec.interest import Pool, Rates, accrue, cash_of
from plimsoll.spec.ledger import Account, Draft, Ledger, Leg, Listing
from plimsoll.spec.liquidation import LiquidationParams
from plimsoll.spec.margin import Analysis, Book, Holding, Margin, RiskModel, analyse, margin_of
from plimsoll.spec.market import MarketState
from plimsoll.spec.orders import Fees
from plimsoll.spec.wad import MAX, RAY, SIZE, Revert, require
from plimsoll.spec.words import (
    KEY_SHIFT,
    PUT,
    expiry_of,
    is_option,
    kind_of,
    owner_of,
    pack_account,
    strike_of,
    underlying_of,
)
from tests.fuzz.calls import EXPECTED, Act, Call, check
from tests.fuzz.choices import Choices
from tests.fuzz.invariants import check_act, check_state
from tests.fuzz.markets import Markets, Series, pack_state, series_of
from tests.fuzz.surfaces import Surfaces, pack_epoch
from tests.fuzz.world import DECIMALS, QUOTE_DECIMALS, UNDERLYINGS, World
from tests.harness import Reverted

NEXT = (2**24 - 1) << 32  # field of an expiry's word


class Quick(Ledger):
    """Analyses what an account holds once, as long as nothing moves, whatever cash it has."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.known: dict[tuple[Any, ...], Analysis] = {}

    def assess(self, book: Book) -> Margin:
        key = book.level, book.positions, book.collateral
        known = self.known.get(key)
        if known is None:
            known = analyse(book, self.model, self.markets, self.surface)
            self.known[key] = known
        known = replace(known, cash=book.cash + book.basis)
        return margin_of(known, self.model, self.markets)

    def _assess(self, draft: Draft) -> Margin:
        return self.assess(self._book(draft))


@dataclass(frozen=True)
class Standing:
    """What an account has to settle."""

    state: Account
    live: frozenset[int]  # positions that are not over
    payoffs: tuple[tuple[int, Series, int], ...]  # word, expiry and WAD, of those that are
    owed: int  # what settling would move to its cash: basis, linear profits and payoffs


@dataclass
class Machine:
    world: World
    choices: Choices
    coverage: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        world = self.world
        self.now = world.chain.timestamp
        self.markets = Markets(self.now)
        self.surfaces = Surfaces(self.markets)
        self.ledger = Quick(
            Listing(QUOTE_DECIMALS, decimals=dict(enumerate(DECIMALS)), insurance=world.insurance),
            RiskModel({}, {}),
            Rates(0, 0, 0, 1),
            self.now,
        )
        self.ledger.markets, self.ledger.expiries = self.markets, self.markets.expiries
        self.ledger.surface = self.surfaces.told
        self.strikes: dict[Series, set[int]] = {}  # keys that can have a word, of what is ahead
        self.paid: Counter[Series] = Counter()  # payoffs so far, WAD
        self.liquidation = LiquidationParams(0, 0, 0, 0)
        self.fees = Fees(0, 0, 0)
        # what the specification leaves to others: who may act, pauses, orders
        self.operators: dict[tuple[int, int, int], int] = {}  # account, operator, scope: expiry
        self.paused: dict[int, tuple[int, int]] = {}  # action: begin, end
        self.orders: list[Any] = []  # that stand
        self.filled: dict[bytes, int] = {}
        self.nonces: dict[int, int] = {}
        self.cancelled: set[bytes] = set()
        self.donated = [0] * (1 + len(DECIMALS))  # token units simply sent: quote, then assets
        self.dust = 0  # the most that rounding can have left in the vault, WAD
        self.log: deque[tuple[Call, str | None]] = deque(maxlen=12)  # with the reason, if refused
        self._standings: dict[int, Standing] = {}  # by identity
        self._most: Counter[int] = Counter()  # words that an account has had at a time
        self._packed: dict[int, tuple[Account, int]] = {}
        self._accrued: tuple[Pool, int, tuple[Pool, int]] | None = None

    # -- doing -----------------------------------------------------------------------------------

    def act(self, call: Call) -> Act | None:
        """One transaction on both sides; None where it was refused."""
        saved = self._save()
        pool, before = self.ledger.pool, dict(self.ledger.accounts)
        refused = found = result = expected = None
        try:
            expected = call.model()
        except Revert as refusal:
            refused = str(refusal)
            self._load(saved)
        try:
            result = call.function.transact(*call.args, sender=call.sender).return_value
        except Reverted as error:
            found = error.reason
        self.log.append((call, found))
        self.coverage["act", call.name, refused or "done"] += 1
        check(found == refused, "same outcome", f"contract {found!r}, specification {refused!r}")
        check(refused is None or refused in EXPECTED, "only listed refusals", refused)
        if refused is not None:
            self._compare(())
            return None

        check(result == expected, "same result", result, expected)
        changed = [
            account
            for account, state in self.ledger.accounts.items()
            if state is not before.get(account)
        ]
        self.dust += self.dust_of(call.parts)
        for account in changed:
            old = self.standing(before.get(account, Account()))
            left = self.standing(self.ledger.account(account))
            for _, series, payoff in {*old.payoffs} - {*left.payoffs}:
                self.paid[series] += payoff
        self._compare(changed)
        check_state(self)
        act = Act(call, before, saved[3], changed, pool, result)
        check_act(self, act)
        return act

    def dust_of(self, parts: int) -> int:
        """The most that a call of so many accounts and legs can leave behind by rounding, WAD.

        A leg rounds its cash and its basis by a wei each. Cash is rounded when it is scaled and
        when it is unscaled: by a wei, and by what a scaled wei is worth. Accruing rounds what
        lenders get, the supply index (its last digit is worth supply / RAY), and both sums.
        """
        pool = self.ledger.pool
        worth = 2 + max(pool.supply_index, pool.borrow_index) // RAY
        return (2 + 2 * parts) * worth + 4 + pool.supply // RAY

    def moved(self) -> None:
        """After time, a source or a parameter has changed: nothing is known from before."""
        self.markets.forget()
        self.surfaces.forget()
        self.ledger.known.clear()
        self._standings.clear()

    def wait(self, seconds: int) -> None:
        self._set_time(self.now + seconds)
        self.world.chain.set_next_timestamp(self.now)

    def _set_time(self, now: int) -> None:
        self.now = self.ledger.now = self.markets.now = now
        self.ledger.surface = self.surfaces.told
        self.moved()

    @contextmanager
    def isolate(self) -> Iterator[None]:
        """Whatever happens inside is undone on both sides."""
        saved, now = self._save(), self.now
        sources = self.markets.save(), self.surfaces.save(), Counter(self.paid)
        with self.world.chain.isolate():
            try:
                yield
            finally:
                self._load(saved)
                self.markets.restore(sources[0])
                self.surfaces.restore(sources[1])
                self.paid = sources[2]
                self._set_time(now)

    def _save(self) -> tuple[Any, ...]:
        ledger = self.ledger
        return (
            *(ledger.pool, dict(ledger.accounts), dict(ledger.totals), dict(ledger.allowances)),
            *(dict(self.operators), dict(self.paused), list(self.donated), self.dust),
            *(dict(self.filled), dict(self.nonces), set(self.cancelled)),
        )

    def _load(self, saved: tuple[Any, ...]) -> None:
        ledger = self.ledger
        ledger.pool, ledger.accounts, ledger.totals, ledger.allowances = saved[:4]
        self.operators, self.paused, self.donated, self.dust = saved[4:8]
        self.filled, self.nonces, self.cancelled = saved[8:]

    # -- knowing ---------------------------------------------------------------------------------

    @property
    def accrued(self) -> tuple[Pool, int]:
        """The pool with interest to now, and what is insurance's of it."""
        pool = self.ledger.pool
        if self._accrued is None or self._accrued[0] is not pool or self._accrued[1] != self.now:
            self._accrued = (pool, self.now, accrue(pool, self.ledger.rates, self.now))
        return self._accrued[2]

    @property
    def pool(self) -> Pool:
        return self.accrued[0]

    def cash(self, account: int) -> int:
        return cash_of(self.pool, self.ledger.account(account).cash)

    def book(self, state: Account) -> Book:
        """An account, or what it might be, as the engine sees it now."""
        totals = self.ledger.totals
        return Book(
            state.level,
            cash_of(self.pool, state.cash),
            state.basis,
            state.positions,
            tuple([Holding(a, n, totals[a]) for a, n in sorted(state.collateral.items())]),
        )

    def margin_of(self, state: Account) -> Margin:
        return self.ledger.assess(self.book(state))

    def margin(self, account: int) -> Margin:
        return self.margin_of(self.ledger.account(account))

    def standing(self, state: Account) -> Standing:
        """Of an account, or of what one was, at prices of now."""
        known = self._standings.get(id(state))
        if known is None:
            values = [(word, *self.ledger.unsettled(word)) for word in state.positions]
            known = self._standings[id(state)] = Standing(
                state,
                frozenset(word for word, _, over in values if not over),
                tuple(
                    (word, series_of(word), value // SIZE) for word, value, over in values if over
                ),
                state.basis + sum(value for _, value, _ in values) // SIZE,
            )
        return known

    def may(self, account: int, actor: Any, scope: int) -> bool:
        number = int(actor.address, 16)
        expiry = self.operators.get((account, number, scope), 0)
        return number == owner_of(account) or expiry >= self.now

    def is_paused(self, action: int) -> bool:
        return self.now < self.paused.get(action, (0, 0))[1]

    def require_running(self, action: int) -> None:
        require(not self.is_paused(action), "registry: paused")

    # -- comparing -------------------------------------------------------------------------------

    def compare_all(self) -> None:
        """Every word that accounts have."""
        self._compare(self.world.word_slots)

    def _compare(self, changed: Collection[int]) -> None:
        """The vault's words, with positions and holdings of these accounts, and the sources'."""
        world, ledger, read = self.world, self.ledger, self.world.read
        pool = [read(world.vault_at, slot) for slot in world.pool_slots]
        if pool != _pack_pool(ledger.pool):
            check(False, "same pool", world.vault.pool(), ledger.pool)
        for account, slot in world.word_slots.items():
            if read(world.vault_at, slot) != self._word(account):
                seen = world.vault.book_of(account)
                check(False, "same account", self.name(account), seen, ledger.account(account))
        for asset, slot in enumerate(world.total_slots):
            if read(world.vault_at, slot) != ledger.totals.get(asset, 0):
                check(False, "same totals", asset)
        for key, slot in world.allowance_slots.items():
            allowance, word = ledger.allowances.get(key), 0
            if allowance is not None:
                word = allowance.day << 224 | allowance.used << 112 | allowance.limit
            if read(world.vault_at, slot) != word:
                check(False, "same allowance", self.name(key[0]), allowance)
        for account in changed:
            self._compare_content(account)
        self._compare_sources()

    def _compare_sources(self) -> None:
        """Markets and expiries, then epochs and words, which are worked out from them."""
        for underlying in UNDERLYINGS:
            self._compare_market(underlying)
            self._compare_epoch(underlying)
        for series in self.markets.listed:
            self._compare_series(series)
        for series in self.markets.ahead():
            for key in self.strikes.get(series, ()):
                self._compare_word(key)

    def _word(self, account: int) -> int:
        state = self.ledger.accounts.get(account)
        if state is None:
            return 0
        known = self._packed.get(account)
        if known is None or known[0] is not state:
            bitmap = sum(1 << asset for asset in state.collateral)
            count = len(state.positions)
            word = pack_account(state.cash, state.basis, bitmap, count, state.level)
            known = self._packed[account] = state, word
        return known[1]

    def _compare_content(self, account: int) -> None:
        world, state = self.world, self.ledger.account(account)
        slot = world.position_slots[account]
        most = self._most[account] = max(self._most[account], len(state.positions))
        words = [world.read(world.vault_at, slot + i) for i in range(most + 1)]
        filled = [*state.positions, *[0] * (len(words) - len(state.positions))]
        check(words == filled, "same positions", self.name(account), words, filled)
        slot = world.holding_slots[account]
        amounts = [world.read(world.vault_at, slot + asset) for asset in range(len(DECIMALS))]
        held = [state.collateral.get(asset, 0) for asset in range(len(DECIMALS))]
        check(amounts == held, "same collateral", self.name(account), amounts, held)

    def _compare_market(self, underlying: int) -> None:
        """MarketData has stored what it had, or what it has rolled to now if that is new."""
        world, markets = self.world, self.markets
        price, premium = world.market_slots[underlying]
        found = world.read(world.market_at, price), world.read(world.market_at, premium)
        if found == pack_state(markets.stored[underlying]):
            return
        state, is_new = markets.rolled[underlying]
        if not is_new or found != pack_state(state):
            stored = MarketState(*world.market.state(underlying))
            check(False, "same market", underlying, stored, state)
        markets.store(underlying, state)

    def _compare_series(self, series: Series) -> None:
        """An expiry and its smiles."""
        world = self.world
        expiry, pending, before = world.series_slots(*series)
        word, mine = world.read(world.market_at, expiry), self.markets.pack_expiry(series)
        if series[1] <= self.now:  # what comes next is told of what is ahead
            word &= ~NEXT
        check(word == mine, "same expiry", series, word, self.markets.listed[series])
        smiles = [world.read(world.surface_at, slot) for slot in (pending, before)]
        check(smiles == [*self.surfaces.smiles.get(series, (0, 0))], "same smiles", series)

    def _compare_epoch(self, underlying: int) -> None:
        """The surface has stored what it had, or the epoch that is due."""
        world, surfaces = self.world, self.surfaces
        found = world.read(world.surface_at, world.epoch_slots[underlying])
        if found != pack_epoch(surfaces.stored[underlying]):
            due = surfaces.epochs[underlying]
            seen = world.surface.epoch(underlying)
            check(found == pack_epoch(due), "same epoch", underlying, seen, due)
            surfaces.store(underlying)

    def _compare_word(self, key: int) -> None:
        """A word is what it was, or what it is worked out to be now."""
        world, surfaces = self.world, self.surfaces
        found = world.read(world.surface_at, world.scenario_slot(key))
        if found != surfaces.cached.get(key, 0):
            mine = surfaces.words[key]
            check(found == mine, "same word", strike_of(key << KEY_SHIFT), found, mine)
            surfaces.cached[key] = found

    # -- telling ---------------------------------------------------------------------------------

    def tell(self, call: Call) -> str:
        """A call in short words."""
        if call.inner:
            inner = "; ".join(map(self.tell, call.inner))
            return f"{self.name(call.sender)}: {call.name}[{inner}]"
        return f"{self.name(call.sender)}: {call.name}({', '.join(map(self.name, call.args))})"

    def name(self, value: Any) -> str:
        """Accounts, actors and contracts by their short names."""
        if isinstance(value, int):
            return self.world.names.get(value) or ("all" if value == MAX else f"{value:_}")
        if isinstance(value, Leg):
            what = f"{named(value.instrument)} {value.size:_}" if value.instrument else ""
            return f"<{self.name(value.account)} {what} {value.quote:_}>"
        if isinstance(value, list | tuple):
            return "(" + ", ".join(map(self.name, value)) + ")"
        return self.world.names.get(value, str(value))


def named(instrument: int) -> str:
    """Underlying, expiry, strike and kind, as far as there are."""
    parts = [f"u{underlying_of(instrument)}"]
    if expiry_of(instrument):
        parts.append(str(expiry_of(instrument)))
    if is_option(instrument):
        parts += [str(strike_of(instrument)), "CP"[kind_of(instrument) == PUT]]
    return "-".join(parts)


def _pack_pool(pool: Pool) -> list[int]:
    return [
        pool.borrow << 128 | pool.supply,
        pool.borrow_index << 128 | pool.supply_index,
        pool.time << 208 | pool.tokens << 104 | pool.basis % 2**104,
    ]
