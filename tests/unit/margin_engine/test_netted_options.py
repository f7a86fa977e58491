"""What nets to nothing in every strike changes nothing beside it, however much of it there is."""

import pytest

from plimsoll.spec.margin import Book, Surface
from plimsoll.spec.market import Forward
from plimsoll.spec.scan import Grid
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import (
    PORTFOLIO,
    SIZE_LIMIT,
    UNDERLYING,
    call,
    key_of,
    pack_position,
)
from tests.harness import Chain
from tests.unit.margin_engine.conftest import BTC, World, given

DAY = 86_400
SHORT = 58_000 * 10**8  # strikes
WINGS = {50_000 * 10**8: 1, 60_000 * 10**8: -2, 70_000 * 10**8: 1}
WORD = sum(lane << 16 * k for k, lane in enumerate((1, *range(2_000, 4_100, 150), 3_000)))


@pytest.mark.parametrize("level", [UNDERLYING, PORTFOLIO])
@pytest.mark.parametrize("size", [SIZE, SIZE_LIMIT // 2])
def test_synthetic_forwards(world: World, chain: Chain, level: int, size: int) -> None:
    """A butterfly of long and short synthetic forwards costs nothing and is worth nothing, and asks
    for nothing but what its size does."""
    expiry = chain.timestamp + 30 * DAY
    keys = {strike: key_of(call(BTC, expiry, strike)) for strike in (SHORT, *WINGS)}
    world.set_surface(
        Surface(
            chain.timestamp,
            {(BTC, expiry): Forward(0, 101 * WAD // 100)},
            {BTC: Grid(60_000 * WAD, 1_600, 200)},
            dict.fromkeys(keys.values(), WORD),
        )
    )
    option = pack_position(keys[SHORT], -100 * SIZE)
    forwards = [pack_position(keys[k], n * size, -n * size) for k, n in WINGS.items()]
    alone = world.engine.preview(given(Book(level, 0, 0, (option,))))
    assert alone.equity < 0 < alone.maintenance
    beside = world.engine.preview(given(Book(level, 0, 0, (option, *forwards))))
    assert beside.equity == alone.equity
    assert beside.maintenance == alone.maintenance or size > SIZE
    assert beside.maintenance >= alone.maintenance
