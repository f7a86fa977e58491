"""Options in the demonstration: what is listed, traded, asked for, and settled."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

import ape

from plimsoll.client.orders import Leg
from plimsoll.demo.cast import Deal
from plimsoll.demo.prices import DAY, Moment
from plimsoll.demo.stage import Call, Stage, reported
from plimsoll.deploy.ape_chain import ApeChain
from plimsoll.deploy.expiries import Listing, list_expiry, smile_of
from plimsoll.deploy.protocol import Finding
from plimsoll.spec.ledger import Series
from plimsoll.spec.market import WINDOW, average
from plimsoll.spec.smile import Smile
from plimsoll.spec.wad import BPS, SIZE, WAD
from plimsoll.spec.words import call, future, is_option, put

SYMBOL = "BTC"  # on which options are listed
FURTHER = 14 * DAY  # from the expiry within the path to the one after it
RATIOS = (10_005, 10_040)  # forwards beside the index, basis points
ROLLS = (WINDOW, WINDOW * 2 // 3, WINDOW // 3, 0)  # seconds before an expiry
CONTRACTS = 1_000  # that an account may hold
INTRINSIC, BYTE, ZERO_BYTE = 21_000, 16, 4  # gas of a transaction

# volatility: where it begins, what it gains with a fall of everything, how far a post moves it
CALM, FEAR, STEP = 0.6, 2.5, 0.2
SKEW = -0.2


@dataclass
class Desk:
    """Two expiries and their smiles."""

    stage: Stage
    expiry: int  # within the path
    volatility: float = CALM
    gathered: dict[int, int] = field(default_factory=dict)  # of the index before each, WAD * s

    def __post_init__(self) -> None:
        self.first = self.stage.prices[SYMBOL]
        self.id = self.stage.session.underlyings[SYMBOL]
        self.expiries = {"near": self.expiry, "far": self.expiry + FURTHER}
        self.step = int(10 ** (len(str(int(self.first))) + 6))  # 1,000 of 60,000
        session = self.stage.session
        self.market, self.engine = session.reader("market"), session.reader("engine")
        self.vault = session.reader("vault")

    # -- listing ---------------------------------------------------------------------------------

    @property
    def smile(self) -> Smile:
        return smile_of(self.volatility, SKEW)

    @property
    def series(self) -> Series:
        return Series(self.step, self.strike(50), self.strike(150), CONTRACTS * SIZE)

    def strike(self, percent: int) -> int:
        """Of the first price, as far as there is one."""
        return round(self.first * SIZE * percent / 100 / self.step) * self.step

    def listed(self) -> Iterator[Finding]:
        session = self.stage.session
        chain = ApeChain(ape.accounts.test_accounts[0])
        for expiry, ratio in zip(self.expiries.values(), RATIOS, strict=True):
            listing = Listing(self.id, expiry, ratio * WAD // BPS, self.smile, self.series)
            yield from list_expiry(
                chain, session.record, listing, lambda: int(ape.chain.blocks.head.timestamp)
            )

    def calls(self, moment: Moment) -> list[Call]:
        """New smiles, as far as volatility may move at a time, and the index taken in."""
        fear = CALM + FEAR * max(0.0, 1 - moment.prices[SYMBOL] / self.first)
        most, least = self.volatility * (1 + STEP), self.volatility * (1 - STEP)
        self.volatility = min(most, max(least, fear))
        session = self.stage.session
        for expiry in self.expiries.values():
            if 0 < expiry - moment.time <= WINDOW:
                area = reported(moment.prices[SYMBOL]) * WINDOW // 3
                self.gathered[expiry] = self.gathered.get(expiry, 0) + area
        return [
            Call("roll the market, and the epoch", session.surface.roll, (self.id,)),
            *(
                Call(
                    "post a smile",
                    session.surface.post,
                    (self.id, expiry, asdict(self.smile), ratio * WAD // BPS, moment.time),
                )
                for expiry, ratio in zip(self.expiries.values(), RATIOS, strict=True)
                if moment.time < expiry
            ),
        ]

    @property
    def settlements(self) -> dict[int, int]:
        """What each expiry that is over has to settle at."""
        return {expiry: average(gathered) for expiry, gathered in self.gathered.items()}

    # -- trades ----------------------------------------------------------------------------------

    def instrument(self, text: str) -> int:
        """Of what a deal calls it: "near 100 C", or "far" for the future."""
        match text.split():
            case [name]:
                return future(self.id, self.expiries[name])
            case [name, percent, kind]:
                make = call if kind == "C" else put
                return make(self.id, self.expiries[name], self.strike(int(percent)))
        raise ValueError(text)

    def legs(self, deal: Deal) -> tuple[Leg, ...]:
        return tuple(Leg(self.instrument(text), ratio) for text, ratio in deal.legs.items())

    def mark(self, legs: Sequence[Leg]) -> int:
        """Of a unit, WAD."""
        return sum(
            leg.ratio
            * (
                self.engine.mark(leg.instrument)[0]
                if is_option(leg.instrument)
                else self.market.price(leg.instrument)[0]
            )
            for leg in legs
        )

    # -- what it takes ---------------------------------------------------------------------------

    def gas_of_margin(self, account: int) -> int:
        """What the engine's view of an account uses, without the call that asks for it."""
        engine = self.engine.contract
        data = engine.encode_abi("preview", [self.vault.book_of(account)])
        traced = ape.chain.provider.make_request(
            "debug_traceCall",
            [{"to": engine.address, "data": data}, "latest", {"tracer": "callTracer"}],
        )
        content = bytes.fromhex(data[2:])
        zeros = content.count(0)
        return (
            int(traced["gasUsed"], 16)
            - INTRINSIC
            - ZERO_BYTE * zeros
            - BYTE * (len(content) - zeros)
        )
