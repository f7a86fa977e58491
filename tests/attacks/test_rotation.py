"""Risk was moved to where the price was known to be wrong, by giving up as much margin elsewhere.

Where a price does not open risk, what makes an account safer passes. A thief with both sides of a
fresh market turned them into both sides of one whose feed was silent, or whose index had just been
pumped, and by then knew which of them would lose; or he took fresh collateral out, and left some at
its old price. Neither asks for more margin in all. So it may not ask for more there, either, nor
for more initial margin.
"""

from dataclasses import astuple

import pytest

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.margin import MAX_BREADTH, NO_MARGIN
from plimsoll.spec.words import future
from tests.harness import reverts
from tests.unit.margin_vault.bench import BTC, ETH, SIZE, SOL, WAD, Bench, usd

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
    assert bench.market.peek(underlying).validity == 1


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
    assert bench.market.peek(SOL).validity == 1
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


@pytest.mark.parametrize("pumped", [False, True])
def test_collateral_at_a_wrong_price(bench: Bench, account: int, lender: int, pumped: bool) -> None:
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
    with bench.refused("vault: margin"):
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
