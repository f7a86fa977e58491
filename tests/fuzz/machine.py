"""The machine that runs the contracts and the specification in lock step.

`Machine.act` does one transaction on both sides: they must agree on whether it is refused, with
which words, on what it returns, and on every word of storage afterwards. Then the invariants are
checked. What is done, and with which numbers, is up to the rules (tests.fuzz.rules), which ask
`machine.choices`.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from plimsoll.spec.interest import Pool, Rates, accrue, cash_of
from plimsoll.spec.ledger import Account, Ledger, Leg, Listing
from plimsoll.spec.liquidation import LiquidationParams
from plimsoll.spec.margin import Book, Holding, Margin, RiskModel, assess
from plimsoll.spec.market import MarketState
from plimsoll.spec.orders import Fees
from plimsoll.spec.wad import MAX, RAY, Revert, require
from plimsoll.spec.words import owner_of, pack_account, underlying_of
from tests.fuzz.calls import EXPECTED, Act, Call, check
from tests.fuzz.choices import Choices
from tests.fuzz.invariants import check_act, check_state
from tests.fuzz.markets import Markets, pack_state
from tests.fuzz.world import DECIMALS, QUOTE_DECIMALS, UNDERLYINGS, World
from tests.harness import Reverted


@dataclass
class Machine:
    world: World
    choices: Choices
    coverage: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        world = self.world
        self.now = world.chain.timestamp
        self.markets = Markets(self.now)
        self.ledger = Ledger(
            Listing(QUOTE_DECIMALS, decimals=dict(enumerate(DECIMALS)), insurance=world.insurance),
            RiskModel({}, {}),
            Rates(0, 0, 0, 1),
            self.now,
        )
        self.ledger.markets = self.markets
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
        self._margins: dict[int, tuple[Account, list[int], Margin]] = {}
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
        self._margins.clear()

    def wait(self, seconds: int) -> None:
        self._set_time(self.now + seconds)
        self.world.chain.set_next_timestamp(self.now)

    def _set_time(self, now: int) -> None:
        self.now = self.ledger.now = self.markets.now = now
        self.moved()

    @contextmanager
    def isolate(self) -> Iterator[None]:
        """Whatever happens inside is undone on both sides."""
        saved, now, stored = self._save(), self.now, dict(self.markets.stored)
        with self.world.chain.isolate():
            try:
                yield
            finally:
                self._load(saved)
                self.markets.stored = stored
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
        return assess(self.book(state), self.ledger.model, self.markets)

    def margin(self, account: int) -> Margin:
        """Of an account now; what all hold of an asset counts in each one's."""
        state, held = self.ledger.account(account), self.ledger.totals
        totals = [held[asset] for asset in state.collateral]
        known = self._margins.get(account)
        if known is None or known[0] is not state or known[1] != totals:
            known = self._margins[account] = state, totals, self.margin_of(state)
        return known[2]

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
        """The vault's words, with positions and holdings of these accounts, and MarketData's."""
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
        for underlying in UNDERLYINGS:
            self._compare_market(underlying)

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
        words = [world.read(world.vault_at, slot + i) for i in range(len(UNDERLYINGS))]
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
        state, is_new = markets.roll(underlying)
        if not is_new or found != pack_state(state):
            stored = MarketState(*world.market.state(underlying))
            check(False, "same market", underlying, stored, state)
        markets.store(underlying, state)

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
            what = f"u{underlying_of(value.instrument)} {value.size:_}" if value.instrument else ""
            return f"<{self.name(value.account)} {what} {value.quote:_}>"
        if isinstance(value, list | tuple):
            return "(" + ", ".join(map(self.name, value)) + ")"
        return self.world.names.get(value, str(value))


def _pack_pool(pool: Pool) -> list[int]:
    return [
        pool.borrow << 128 | pool.supply,
        pool.borrow_index << 128 | pool.supply_index,
        pool.time << 208 | pool.tokens << 104 | pool.basis % 2**104,
    ]
