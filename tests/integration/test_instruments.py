"""Instruments and legs as people write them."""

import pytest

from plimsoll.client.instruments import parse_instrument, show_instrument
from plimsoll.spec.wad import SIZE
from plimsoll.spec.words import CASH, call, future, perpetual, put

IDS = {"BTC": 1, "ETH": 2}
SYMBOLS = {1: "BTC", 2: "ETH"}
EXPIRY = 1_798_358_400  # 27 December 2026, 08:00 UTC

NAMES = [
    ("BTC-PERP", perpetual(1)),
    ("BTC-27DEC26", future(1, EXPIRY)),
    ("ETH-27DEC26T1630", future(2, EXPIRY + 30_600)),
    ("BTC-1OCT26", future(1, 1_790_841_600)),
    ("BTC-1OCT26T0000", future(1, 1_790_812_800)),
    ("BTC-29FEB28", future(1, 1_835_424_000)),
    ("BTC-27DEC26-60000-C", call(1, EXPIRY, 60_000 * SIZE)),
    ("ETH-27DEC26-3000.5-P", put(2, EXPIRY, 3_000 * SIZE + SIZE // 2)),
    ("ETH-27DEC26T2330-0.00000001-C", call(2, EXPIRY + 55_800, 1)),
]


@pytest.mark.parametrize(("name", "instrument"), NAMES)
def test_both_ways(name: str, instrument: int) -> None:
    assert parse_instrument(name, IDS) == instrument
    assert show_instrument(instrument, SYMBOLS) == name


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("BTC", "BTC-PERP"),
        ("BTC-01OCT26", "BTC-1OCT26"),
        ("BTC-27DEC26T0800", "BTC-27DEC26"),
        ("BTC-27DEC26-60,000.0-C", "BTC-27DEC26-60000-C"),
    ],
)
def test_other_ways_to_write(name: str, usual: str) -> None:
    assert show_instrument(parse_instrument(name, IDS), SYMBOLS) == usual


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", " is none of BTC, ETH"),
        ("DOGE-PERP", "DOGE is none of BTC, ETH"),
        ("BTC-PERP-1", "BTC-PERP-1 is no instrument like BTC, BTC-27DEC26 or BTC-27DEC26-60000-C"),
        ("BTC-27DEC26-60000", "is no instrument like"),
        ("BTC-27DEC26-60000-X", "is no instrument like"),
        ("BTC-27DEC26-60000-C-C", "is no instrument like"),
        ("BTC-", " is no expiry like 27DEC26 or 27DEC26T1630"),
        ("BTC-PERPETUAL", "PERPETUAL is no expiry"),
        ("BTC-27DEC", "27DEC is no expiry"),
        ("BTC-DEC26", "DEC26 is no expiry"),
        ("BTC-027DEC26", "027DEC26 is no expiry"),
        ("BTC-+7DEC26", r"\+7DEC26 is no expiry"),
        ("BTC-31NOV26", "31NOV26 is no expiry"),
        ("BTC-27DEC26T2460", "27DEC26T2460 is no expiry"),
        ("BTC-27DEC26T0815", "27DEC26T0815: expiries are at full and half hours"),
        ("BTC-27DEC26-0-C", "0 is no strike"),
        ("BTC-27DEC26-200000000000-P", "200000000000 is no strike"),
        ("BTC-27DEC26-0.000000001-P", "has more than 8 decimals"),
        ("BTC-27DEC26-cheap-P", "'cheap' is not a number"),
    ],
)
def test_refuses(name: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_instrument(name, IDS)


def test_cash_has_no_name() -> None:
    with pytest.raises(ValueError, match="is no instrument"):
        show_instrument(1 << 240 | CASH, SYMBOLS)
