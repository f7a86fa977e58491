"""A bench with futures and options of one expiry, on which margins are no matter."""

from plimsoll.spec.ledger import Series
from plimsoll.spec.words import call, future, put

from .bench import BTC, DAY, SIZE, Bench

STRIKES = range(50_000, 71_000, 1_000)
RATIO = 1.01  # of the forward to the index
LIMIT = 100 * SIZE


class Dated:
    """BTC a day and a half ahead, at 60,000, with strikes in thousands."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.trust()
        self.expiry = bench.chain.timestamp // DAY * DAY + 2 * DAY
        self.list(self.expiry)

    def list(self, expiry: int, limit: int = LIMIT) -> None:
        self.bench.list_expiry(BTC, expiry, RATIO)
        step, low, high = 1_000 * 10**8, STRIKES[0] * 10**8, STRIKES[-1] * 10**8
        self.bench.list_series(BTC, expiry, Series(step, low, high, limit))

    @property
    def future(self) -> int:
        return future(BTC, self.expiry)

    def call(self, strike: int, mark: float = 0) -> int:
        """A call, which the engine says is worth so much."""
        return self._marked(call(BTC, self.expiry, strike * 10**8), mark)

    def put(self, strike: int, mark: float = 0) -> int:
        return self._marked(put(BTC, self.expiry, strike * 10**8), mark)

    def _marked(self, option: int, mark: float) -> int:
        if mark or option not in self.bench.marks:
            self.bench.set_mark(option, mark)
        return option

    def expire(self, price: float) -> None:
        """Settled at a price in whole quote."""
        self.bench.expire(self.expiry, price, BTC)
        assert self.bench.market.expiry_of(BTC, self.expiry).fixed

    def miss(self) -> None:
        """Nobody looked while it expired, nor for an hour after it."""
        self.bench.chain.mine(timestamp=self.expiry + 3_600)
        self.bench.wait(0)
        assert not self.bench.market.expiry_of(BTC, self.expiry).fixed

    def fix(self, price: int) -> None:
        bench = self.bench
        bench.market.fix(BTC, self.expiry, price, sender=bench.governor)
