"""Risk was moved to where the price was known to be wrong, by giving up as much margin elsewhere.

Where a price does not open risk, what makes an account safer passes. A thief with both sides of a
fresh market turned them into both sides of one whose feed was silent, or whose index had just been
pumped, and by then knew which of them would lose; or he took fresh collateral out, and left some at
its old price. Neither asks for more margin in all. So it may not ask for more there, either, nor
for more initial margin.
"""

from dataclasses import astuple
from types import SimpleNamespace

import pytest

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.margin import MAX_BREADTH, NO_MARGIN
from plimsoll.spec.market import COLLATERAL, LIQUIDATION
from plimsoll.spec.words import call, future, perpetual, put, underlying_of
from tests.harness import Chain, reverts
from tests.unit.margin_vault.bench import BTC, DAY, ETH, SIZE, SOL, WAD, Bench, usd
from tests.unit.test_life_of_options import dealers, p, stake

__all__ = ["dealers", "p"]

LEGS = list[tuple[int, int, int, int]]


@pytest.fixture
def both(bench: Bench, twins: tuple[int, int], lender: int) -> tuple[int, int]:
    """The thief's accounts are long and short ten bitcoin."""
    bench.trade(*twins, 10 * SIZE)
    return twins


def turned(bench: Bench, both: tuple[int, int], size: int, instrument: int) -> LEGS:
    """Out of bitcoin, into something else."""
    long, short = both
    return bench.legs(short, long, 10 * SIZE) + bench.legs(*both, size, instrument=instrument)


def silence(bench: Bench, underlying: int) -> None:
    """Its feed says nothing for an hour and five minutes, the others go on."""
    del bench.prices[underlying]
    bench.wait(3_901)
    assert bench.market.peek(underlying).validity == LIQUIDATION


def test_into_a_silent_market(bench: Bench, both: tuple[int, int]) -> None:
    """Ether that is worth half of its last price: 140,000 from insurance and lenders for 200,000
    of margin, withdrawn."""
    silence(bench, ETH)
    with bench.refused("vault: margin"):
        bench.book(turned(bench, both, 160 * SIZE, bench.eth))
    bench.book(turned(bench, both, 160 * SIZE, bench.sol))  # which is fresh


def test_into_a_pumped_market(bench: Bench, both: tuple[int, int]) -> None:
    """Solana at twice its price, which falls back at once: 80,000."""
    bench.jump(SOL, 300)
    assert bench.market.peek(SOL).validity == COLLATERAL
    with bench.refused("vault: margin"):
        bench.book(turned(bench, both, 1_200 * SIZE, bench.sol))


def test_within_a_silent_market(bench: Bench, both: tuple[int, int]) -> None:
    """Who had a little there before cannot have more of it, but less."""
    bench.trade(*both, SIZE, instrument=bench.eth)
    silence(bench, ETH)
    for size in (SIZE // 100, 50 * SIZE):
        legs = bench.legs(*both[::-1], 5 * SIZE)
        with bench.refused("vault: margin"):
            bench.book(legs + bench.legs(*both, size, instrument=bench.eth))
    bench.trade(*both[::-1], SIZE // 2, instrument=bench.eth)
    bench.trade(*both[::-1], SIZE // 2, instrument=bench.eth)


@pytest.mark.parametrize(
    ("pumped", "reason"), [(False, "registry: old price"), (True, "vault: margin")]
)
def test_collateral_at_a_wrong_price(
    bench: Bench, account: int, lender: int, pumped: bool, reason: str
) -> None:
    """In a batch: 100 ether out, against which 235,000 are owed, five bitcoin in, of which it is
    known that they are worth half: 85,000 of the lenders'."""
    vault, owner = bench.vault, bench.owner(account)
    bench.fund(account, weth=100 * 10**18)
    bench.withdraw(account, bench.quote, usd(235_000))
    if pumped:
        bench.jump(BTC, 90_000)
    else:
        silence(bench, BTC)
    lot = 5 * 10**8 * 2 // (3 if pumped else 2)
    bench.give(bench.wbtc, owner, lot)
    weth, wbtc = bench.asset(bench.weth), bench.asset(bench.wbtc)
    with bench.refused(reason):
        bench.batch(
            [
                vault.withdraw.encode_input(account, bench.weth, 100 * 10**18, owner),
                vault.deposit.encode_input(account, bench.wbtc, lot),
            ],
            [
                lambda: bench.ledger.withdraw(account, weth, 100 * 10**18),
                lambda: bench.ledger.deposit(account, wbtc, lot, True),
            ],
            owner,
        )


def test_between_silent_markets(bench: Bench, both: tuple[int, int]) -> None:
    """Feeds fall silent together: 80,000 of those who have ether as well, into solana that is
    worth half."""
    long, short = both
    bench.trade(short, long, 10 * SIZE)
    bench.trade(*both, 160 * SIZE, instrument=bench.eth)
    del bench.prices[SOL]
    silence(bench, ETH)
    legs = bench.legs(short, long, 160 * SIZE, instrument=bench.eth)
    with bench.refused("vault: margin"):
        bench.book(legs + bench.legs(*both, 2_400 * SIZE, instrument=bench.sol))
    bench.book(legs + bench.legs(*both, 10 * SIZE))  # which is fresh


def test_on_what_an_old_smile_asks_for(
    p: SimpleNamespace, dealers: SimpleNamespace, chain: Chain
) -> None:
    """Conversions need next to nothing, and stand for much where a forward is a day old: given up,
    they were room for solana whose feed is silent."""
    long, short = dealers.trader, dealers.taker
    stake(p, dealers, 110_000)
    spots = {BTC: 60_000, ETH: 3_000, SOL: 150}

    def trades(*held: tuple[int, int]) -> list[tuple[int, int, int, int]]:
        legs = []
        for instrument, size in held:
            price = p.engine.mark.call(instrument, sender=p.keeper)[0]
            price = price or spots[underlying_of(instrument)] * WAD
            quote = price * size // SIZE
            legs += [(long, instrument, size, -quote), (short, instrument, -size, quote)]
        return legs

    def told(*underlyings: int) -> None:
        for underlying in underlyings:
            p.set_price(underlying, spots[underlying])

    strike = 60_000 * SIZE
    conversion = [(call(BTC, p.expiry, strike), 4 * SIZE), (put(BTC, p.expiry, strike), -4 * SIZE)]
    conversion += [(future(BTC, p.expiry), -4 * SIZE)]
    told(*spots)
    p.vault.book(trades(*conversion, (perpetual(ETH), 160 * SIZE)), sender=p.keeper)
    chain.mine(delta=DAY - 1_800)
    told(*spots)
    p.market.roll(SOL, sender=p.keeper)
    chain.mine(delta=3_901)
    told(BTC, ETH)
    assert p.market.peek(SOL).validity == LIQUIDATION
    given_up = [(instrument, -size) for instrument, size in conversion]
    given_up += [(perpetual(ETH), -160 * SIZE)]
    with reverts("vault: margin"):
        p.vault.book(trades(*given_up, (perpetual(SOL), 2_400 * SIZE)), sender=p.keeper)
    p.vault.book(trades(*given_up), sender=p.keeper)


def test_into_more_than_a_liquidation_has_gas_for(bench: Bench, both: tuple[int, int]) -> None:
    """Futures of a ninth underlying, of which initial margin forbids to have any."""
    expiry = (bench.chain.timestamp // 1_800 + 200) * 1_800
    smile, governor = astuple(smile_of(0.6)), bench.governor
    for id in range(10, 11 + MAX_BREADTH):
        bench.list_underlying(id, BTC)
        bench.surface.set_span(id, bench.surface.span(BTC), sender=governor)
        bench.list_expiry(id, expiry)
        bench.surface.post(id, expiry, smile, WAD, bench.chain.timestamp, sender=governor)
        series = (0, 0, 0, 1_000 * SIZE)
        bench.registry.list_series(id, expiry, series, sender=governor)

    def trade(id: int) -> None:
        legs = bench.legs(*both[::-1], SIZE // 10, 60_000)
        legs += bench.legs(*both, SIZE // 100, 60_000, future(id, expiry))
        bench.vault.book(legs, sender=bench.venue)

    for id in range(10, 10 + MAX_BREADTH):
        trade(id)
    with reverts("vault: margin"):
        trade(10 + MAX_BREADTH)
    for account in both:
        assert bench.lens.summary(account).margin.initial < NO_MARGIN
