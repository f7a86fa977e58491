"""Who takes part: wallets by the number of their test account, and what they do before the crash.

Amounts are in thousands of quote at the first prices, so that the play is the same whatever these
are; what is bought is positive, what is sold negative.
"""

from dataclasses import dataclass, field

from plimsoll.spec.words import PORTFOLIO, POSITION, UNDERLYING


@dataclass(frozen=True)
class Deal:
    """Units that are bought of the dealer, or sold to it: one order with all its legs."""

    name: str
    size: int  # contracts; negative: sold
    # contracts of a unit; "near 100 C" is a call that expires in the play, struck at 100 % of the
    # first price, "far" the future that does not
    legs: dict[str, int]


@dataclass(frozen=True)
class Player:
    name: str
    plot: str
    wallet: int
    number: int = 0  # of the sub-account
    level: int = UNDERLYING
    quote: float = 0
    collateral: dict[str, float] = field(default_factory=dict)
    trades: dict[str, float] = field(default_factory=dict)
    borrow: float = 0  # quote that is withdrawn
    deals: tuple[Deal, ...] = ()


GOVERNOR = 0
KEEPER = Player("keeper", "has capital for whoever falls short", 1, quote=2_000)
INSURANCE = 60  # thousands

MAKERS = (
    Player("maker", "quotes both sides of everything", 2, level=PORTFOLIO, quote=4_000),
    Player("rival", "quotes as well, for less", 3, level=PORTFOLIO, quote=900),
)

PLAYERS = (
    Player(
        name="hedger",
        plot="long bitcoin against short ether",
        wallet=4,
        level=PORTFOLIO,
        quote=190,
        trades={"BTC": 600, "ETH": -600},
    ),
    Player(
        name="basis",
        plot="holds bitcoin and is short its perpetual",
        wallet=5,
        level=PORTFOLIO,
        collateral={"WBTC": 600},
        trades={"BTC": -600},
        borrow=430,
    ),
    Player(
        name="bull",
        plot="long bitcoin, five times its money",
        wallet=6,
        quote=100,
        trades={"BTC": 500},
    ),
    Player(
        name="optimist",
        plot="long all three, on ether as collateral",
        wallet=7,
        level=PORTFOLIO,
        collateral={"WETH": 220},
        trades={"BTC": 150, "ETH": 150, "SOL": 150},
    ),
    Player(
        name="borrower",
        plot="spends a loan on bitcoin and ether",
        wallet=8,
        collateral={"WBTC": 240, "WETH": 120},
        borrow=210,
    ),
    Player(
        name="whale",
        plot="ether beyond the first tier, and a loan",
        wallet=9,
        collateral={"WETH": 3_000},
        borrow=1_500,
    ),
    Player(
        name="bear",
        plot="short bitcoin and SOL",
        wallet=10,
        quote=160,
        trades={"BTC": -300, "SOL": -100},
    ),
    Player(
        name="gambler/0",
        plot="as long ether as may be, apart from ...",
        wallet=11,
        level=POSITION,
        quote=42,
        trades={"ETH": 200},
    ),
    Player(
        name="gambler/1",
        plot="... savings of the same wallet",
        wallet=11,
        number=1,
        level=POSITION,
        quote=80,
    ),
    Player("lender", "earns what borrowers pay", 12, quote=2_500),
)

DEALER = Player(
    name="dealer",
    plot="takes the other side of options",
    wallet=13,
    level=PORTFOLIO,
    quote=900,
    collateral={"WBTC": 300},
)

OPTION_PLAYERS = (
    Player(
        name="punter",
        plot="pays for a move, wherever to",
        wallet=14,
        quote=60,
        deals=(Deal("straddle", 10, {"near 100 C": 1, "near 100 P": 1}),),
    ),
    Player(
        name="miner",
        plot="holds bitcoin within a collar",
        wallet=15,
        level=PORTFOLIO,
        collateral={"WBTC": 600},
        deals=(Deal("collar", 10, {"far 90 P": 1, "far 110 C": -1}),),
    ),
    Player(
        name="fund",
        plot="a spread upwards, and one in time",
        wallet=16,
        level=PORTFOLIO,
        quote=150,
        deals=(
            Deal("vertical spread", 20, {"far 100 C": 1, "far 110 C": -1}),
            Deal("calendar", 10, {"far 90 P": 1, "near 90 P": -1}),
        ),
    ),
    Player(
        name="arb",
        plot="a future, made into nothing",
        wallet=17,
        level=PORTFOLIO,
        quote=20,
        deals=(Deal("conversion", 15, {"far": 1, "far 100 P": 1, "far 100 C": -1}),),
    ),
    Player(
        name="writer",
        plot="sells puts, on as little as may be",
        wallet=18,
        quote=120,
        deals=(Deal("puts", -12, {"near 95 P": 1}),),
    ),
)

OPTION_TRADERS = (DEALER, *OPTION_PLAYERS)
EVERYBODY = (KEEPER, *MAKERS, *PLAYERS)
