"""MarketData and its specification side by side, whatever the feeds do: the same storage, the same
market, to the wei."""

from dataclasses import astuple, dataclass, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plimsoll.spec import market as spec
from plimsoll.spec.market import (
    MAX_PRICE,
    SETTLEMENT_UNIT,
    WINDOW,
    Expiry,
    MarketParams,
    MarketState,
)
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import SIZE_LIMIT, call, future, key_of, pack_position, perpetual
from tests.harness import Contract, Receipt, accounts, chain, project, reverts
from tests.harness.contracts import NOBODY
from tests.unit.market_data.conftest import (
    ANSWER,
    BURN,
    DAY,
    REVERT,
    UNDERLYING,
    new_feed,
    stored,
)

GOVERNOR = accounts[1]

prices = st.one_of(
    st.integers(1, MAX_PRICE),
    st.integers(0, 83).map(lambda bits: 2**bits + 1),
    st.sampled_from([1, MAX_PRICE]),
)
# near a price: what an honest feed may say next, and what ends near the bounds
moves = st.one_of(st.integers(-20, 20), st.integers(-2_500, 2_500), st.integers(-9_999, 100_000))
ages = st.one_of(st.just(0), st.integers(-5, 60), st.integers(0, 2 * DAY))
delays = st.one_of(st.just(0), st.integers(1, 60), st.integers(0, DAY), st.integers(0, 300 * DAY))
windows = st.one_of(st.integers(60, 600), st.integers(60, DAY))
ratios = st.integers(80, 125).map(lambda percent: percent * WAD // 100)
sizes = st.integers(-SIZE_LIMIT, SIZE_LIMIT)
spans = st.lists(st.one_of(st.integers(10, 600), st.integers(10, DAY)), min_size=2, max_size=2).map(
    sorted
)


@st.composite
def params_within_bounds(draw: st.DrawFn) -> MarketParams:
    open_, liquidation = draw(spans)
    return MarketParams(
        max_age_open=open_,
        max_age_liquidation=liquidation,
        alarm=draw(st.integers(50, 2_000)),
        stable_rate=draw(st.integers(10, 5_000)),
        premium_bound=draw(st.one_of(st.just(0), st.integers(0, 1_000))),
        premium_window=draw(windows),
    )


@dataclass
class Source:
    """A feed, and what it will do."""

    contract: Contract
    mode: int = ANSWER
    answer: bytes = b""

    def set_answer(self, price: int, time: int) -> None:
        self.contract.set_answer(price, time, sender=GOVERNOR)
        self.mode, self.answer = ANSWER, price.to_bytes(32) + time.to_bytes(32)

    def set_raw(self, answer: bytes) -> None:
        self.contract.set_raw(answer, sender=GOVERNOR)
        self.mode, self.answer = ANSWER, answer

    def set_mode(self, mode: int) -> None:
        self.contract.set_mode(mode, sender=GOVERNOR)
        self.mode = mode

    def heard(self) -> tuple[int, int] | None:
        """Its answer, if it is one now; of a longer one the first two words."""
        if self.mode != ANSWER or len(self.answer) < 64:
            return None
        price, time = int.from_bytes(self.answer[:32]), int.from_bytes(self.answer[32:64])
        return (price, time) if 0 < price <= MAX_PRICE and time <= chain.timestamp else None


class Lockstep(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.snapshot = chain.snapshot()
        quote = project.Token.deploy("Dollar", "USD", 6, sender=GOVERNOR)
        registry = project.Registry.deploy(GOVERNOR, GOVERNOR, GOVERNOR, quote, sender=GOVERNOR)
        self.market = project.MarketData.deploy(registry, sender=GOVERNOR)
        self.index, self.spare, self.mid = (Source(new_feed(project, GOVERNOR)) for _ in range(3))
        self.market.set_surface(GOVERNOR, sender=GOVERNOR)
        self.has_premium = False
        self.expiries: dict[int, Expiry] = {}  # as stored

    def teardown(self) -> None:
        chain.restore(self.snapshot)

    @initialize(price=prices, params=params_within_bounds(), age=st.integers(0, DAY))
    def listed(self, price: int, params: MarketParams, age: int) -> None:
        self.index.set_answer(price, chain.timestamp - age)
        self.market.list_market(UNDERLYING, self.index.contract, params, sender=GOVERNOR)
        self.params = params
        self.state = spec.listed(price, chain.timestamp - age, chain.timestamp)

    # what feeds do

    @rule(delay=delays)
    def wait(self, delay: int) -> None:
        chain.mine(delta=delay)

    @rule(data=st.data(), lag=st.one_of(st.sampled_from([-WINDOW, 0]), st.integers(-WINDOW, 60)))
    def wait_for_an_expiry(self, data: st.DataObject, lag: int) -> None:
        if times := [time + lag for time in self.expiries if time + lag >= chain.timestamp]:
            chain.mine(timestamp=data.draw(st.sampled_from(times)))

    @rule(data=st.data(), late=st.integers(0, 30), bps=st.integers(-300, 300))
    def live_through_an_expiry(self, data: st.DataObject, late: int, bps: int) -> None:
        """With a feed that speaks often enough, as a rule."""
        now = chain.timestamp
        if ahead := [time for time in self.expiries if time > now]:
            expiry = data.draw(st.sampled_from(ahead))
            end = max(now, expiry - WINDOW - late)
            for step in data.draw(st.permutations([1, 60, 150, 300, 400, 500, 419])):
                chain.mine(timestamp=end)
                self.move("index", bps, 0)
                self.roll()
                end = min(end + step, expiry + late)
            chain.mine(timestamp=end)
            self.roll()

    @rule(which=st.sampled_from(["index", "spare", "mid"]), bps=moves, age=ages)
    def move(self, which: str, bps: int, age: int) -> None:
        price = min(max(self.state.index * (10_000 + bps) // 10_000, 1), MAX_PRICE)
        getattr(self, which).set_answer(price, chain.timestamp - age)

    @rule(which=st.sampled_from(["index", "spare", "mid"]), price=prices, age=ages)
    def jump(self, which: str, price: int, age: int) -> None:
        getattr(self, which).set_answer(price, chain.timestamp - age)

    @rule(
        which=st.sampled_from(["index", "mid"]),
        answer=st.one_of(
            st.binary(max_size=128),
            st.tuples(
                st.sampled_from([0, MAX_PRICE + 1, 2**256 - 1]), st.integers(0, 2**256 - 1)
            ).map(lambda words: b"".join(word.to_bytes(32) for word in words)),
        ),
    )
    def talk_nonsense(self, which: str, answer: bytes) -> None:
        getattr(self, which).set_raw(answer)

    @rule(which=st.sampled_from(["index", "mid"]), mode=st.sampled_from([ANSWER, REVERT, BURN]))
    def fail(self, which: str, mode: int) -> None:
        getattr(self, which).set_mode(mode)

    # what others do

    @rule()
    def roll(self) -> None:
        before, now = self.state, chain.timestamp
        state, changed = self._rolled()
        told = spec.market(self.params, state, now)
        assert self.market.peek(UNDERLYING) == astuple(told)
        receipt = self.market.roll(UNDERLYING, sender=GOVERNOR)
        assert receipt.return_value == astuple(told)
        fixed = self._gathered() if changed else self.expiries
        self.state = state if changed else before
        self._check_log(receipt, changed, fixed)

    @rule(params=params_within_bounds())
    def set_params(self, params: MarketParams) -> None:
        receipt = self.market.set_params(UNDERLYING, params, sender=GOVERNOR)
        self._advance(receipt)
        self.params = params

    @rule()
    def set_feed(self) -> None:
        def send() -> Receipt:
            return self.market.set_feed(UNDERLYING, self.spare.contract, sender=GOVERNOR)

        heard, state = self.spare.heard(), self.state
        if heard is None:
            with reverts("market: feed is silent"):
                send()
        elif (
            chain.timestamp - state.updated <= DAY
            and abs(heard[0] - state.index) * 20 > state.index
        ):
            with reverts("market: feeds disagree"):
                send()
        else:
            self._advance(send())
            self.index, self.spare = self.spare, self.index

    @rule(wanted=st.booleans())
    def set_premium_feed(self, wanted: bool) -> None:
        feed = self.mid.contract if wanted else NOBODY
        if wanted and self.mid.heard() is None:
            with reverts("market: feed is silent"):
                self.market.set_premium_feed(UNDERLYING, feed, sender=GOVERNOR)
        else:
            self._advance(self.market.set_premium_feed(UNDERLYING, feed, sender=GOVERNOR))
            self.has_premium = wanted

    @rule(ahead=st.integers(0, 40), ratio=ratios)
    def list_expiry(self, ahead: int, ratio: int) -> None:
        now = chain.timestamp
        expiry = now // WINDOW * WINDOW + ahead * WINDOW

        def send() -> Receipt:
            return self.market.list_expiry(UNDERLYING, expiry, ratio, sender=GOVERNOR)

        if expiry <= now + 2 * WINDOW:
            reason = "market: expiry out of range"
        elif expiry in self.expiries:
            reason = "market: already listed"
        elif sum(time > now for time in self.expiries) == 16:
            reason = "market: too many expiries"
        else:
            self._advance(send())
            self.expiries[expiry] = spec.list_expiry(ratio, now)
            self.state = replace(self.state, next_expiry=min(t for t in self.expiries if t > now))
            return
        with reverts(reason):
            send()

    @rule(data=st.data(), bps=st.integers(-30, 30))
    def set_ratio(self, data: st.DataObject, bps: int) -> None:
        if not self.expiries:
            return
        expiry, now = data.draw(st.sampled_from(sorted(self.expiries))), chain.timestamp
        old = self.expiries[expiry]
        ratio = old.ratio * (10_000 + bps) // 10_000

        def send() -> Receipt:
            return self.market.set_ratio(UNDERLYING, expiry, ratio, sender=GOVERNOR)

        if now >= expiry:
            reason = "market: expired"
        elif abs(ratio - old.ratio) * 400 > old.ratio:
            reason = "market: ratio moves too far"
        elif 5 * ratio < 4 * WAD or 4 * ratio > 5 * WAD:
            reason = "market: ratio out of range"
        else:
            send()
            self.expiries[expiry] = spec.set_ratio(old, ratio, now)
            return
        with reverts(reason):
            send()

    @rule(data=st.data(), price=prices)
    def fix(self, data: st.DataObject, price: int) -> None:
        if not self.expiries:
            return
        expiry, now = data.draw(st.sampled_from(sorted(self.expiries))), chain.timestamp

        def send() -> Receipt:
            return self.market.fix(UNDERLYING, expiry, price, sender=GOVERNOR)

        if now < expiry + 2 * WINDOW:
            reason = "market: too early"
        elif self._gathered()[expiry].fixed:
            reason = "market: already fixed"
        else:
            receipt = send()
            state = spec.advance(self.params, self.state, receipt.timestamp, self.expiries)
            self.expiries, self.state = self._gathered(), state
            price = price // SETTLEMENT_UNIT * SETTLEMENT_UNIT
            late = self.expiries[expiry]
            self.expiries[expiry] = replace(late, gathered=price, fixed=True)
            return
        with reverts(reason):
            send()

    @rule(data=st.data(), calls=sizes, puts=sizes, strike=st.integers(1, 2**64 - 1))
    def settle_positions(self, data: st.DataObject, calls: int, puts: int, strike: int) -> None:
        """Prices and values, of what is live and of what is over."""
        now = chain.timestamp
        state, _ = self._rolled()
        told = spec.market(self.params, state, now)
        words = [(pack_position(key_of(perpetual(UNDERLYING)), calls), None)]
        if self.expiries:
            expiry = data.draw(st.sampled_from(sorted(self.expiries)))
            item = self._gathered()[expiry]
            near = max(1, item.gathered // 10**10 if item.fixed else told.index // 10**10)
            strike = data.draw(st.sampled_from([strike, min(near, 2**64 - 1)]))
            words += [
                (pack_position(key_of(future(UNDERLYING, expiry)), calls), item),
                (pack_position(key_of(call(UNDERLYING, expiry, strike)), calls, puts), item),
            ]
        for word, item in words:
            assert self.market.price.call(word) == spec.price(word, told, item, now)
            value, over = spec.unsettled(word, told, item, now)
            assert self.market.unsettled.call(word) == (value, over)
            if over:
                assert value % SIZE == 0

    # what holds

    @invariant()
    def expiries_are_the_same(self) -> None:
        """As of now, from what was stored whenever; and their forwards."""
        now = chain.timestamp
        for expiry, item in self._gathered().items():
            told = self.market.expiry_of(UNDERLYING, expiry)
            assert told[:-1] == astuple(item)
            if expiry > now:
                assert told.next == min((t for t in self.expiries if t > expiry), default=0)
            for time in (item.posted, item.posted + 1, now - WINDOW // 9):
                fixed = self.state.index if expiry < time + WINDOW else 0
                forward = self.market.forward(UNDERLYING, expiry, time, fixed)
                assert forward == astuple(spec.forward(expiry, item, now, time, fixed))

    @invariant()
    def the_same_is_stored(self) -> None:
        assert stored(self.market) == self.state
        assert self.market.params(UNDERLYING) == astuple(self.params)
        assert self.market.feed(UNDERLYING) == self.index.contract

    @invariant()
    def what_is_told_is_sound(self) -> None:
        """Index and stable price are prices, and the mark is within its bound of the index."""
        told = self.market.peek(UNDERLYING)
        assert 0 < told.index <= MAX_PRICE
        assert 0 < told.stable <= MAX_PRICE
        assert abs(told.mark - told.index) * 10 <= told.index + 10

    def _rolled(self) -> tuple[MarketState, bool]:
        heard = self.mid.heard() if self.has_premium else None
        fresh = heard and chain.timestamp - heard[1] <= self.params.max_age_open
        return spec.roll(
            self.params,
            self.state,
            self.index.heard(),
            heard[0] if heard and fresh else None,
            chain.timestamp,
            self.expiries,
        )

    def _gathered(self) -> dict[int, Expiry]:
        """The expiries as of now."""
        return {
            expiry: spec.gather(self.params, self.state, expiry, item, chain.timestamp)
            for expiry, item in self.expiries.items()
        }

    def _advance(self, receipt: Receipt) -> None:
        expiries = self._gathered()
        self.state = spec.advance(self.params, self.state, receipt.timestamp, self.expiries)
        self._check_log(receipt, True, expiries)

    def _check_log(self, receipt: Receipt, changed: bool, expiries: dict[int, Expiry]) -> None:
        fixed = {
            (UNDERLYING, expiry, item.gathered)
            for expiry, item in expiries.items()
            if item.fixed and not self.expiries[expiry].fixed
        }
        logs = receipt.events_of(self.market.ExpiryFixed)
        assert {(log.underlying, log.expiry, log.price) for log in logs} == fixed
        self.expiries = expiries
        logs = receipt.events_of(self.market.Rolled)
        assert len(logs) == changed
        for log in logs:
            state = replace(self.state, **{k: v for k, v in log.args.items() if k != "underlying"})
            assert state == self.state


TestLockstep = pytest.mark.pyrevm("thousands of transactions")(Lockstep.TestCase)
TestLockstep.settings = settings(max_examples=100, stateful_step_count=40)
