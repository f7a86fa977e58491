"""Amounts and accounts as people write them: exact, or refused."""

import pytest

from plimsoll.client.amounts import (
    parse_account,
    parse_amount,
    show_account,
    show_amount,
    show_exact,
    show_quote,
    show_ratio,
)
from plimsoll.spec.wad import WAD
from plimsoll.spec.words import account_id

OWNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [
        ("1.5", 6, 1_500_000),
        ("60_000", 6, 60_000 * 10**6),
        ("1,234.5", 2, 123_450),
        ("-0.000001", 6, -1),
        ("123456789012.123456789012345678", 18, 123456789012123456789012345678),
    ],
)
def test_parse_amount(text: str, decimals: int, units: int) -> None:
    assert parse_amount(text, decimals) == units


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("abc", "'abc' is not a number"),
        ("", "'' is not a number"),
        ("nan", "'nan' is not a number"),
        ("1/0", "'1/0' is not a number"),
        ("1.0000001", "1.0000001 has more than 6 decimals"),
    ],
)
def test_parse_no_amount(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_amount(text, 6)


def test_parse_account() -> None:
    """By number for an owner who is known, or in full."""
    assert parse_account("3", OWNER) == account_id(int(OWNER, 16), 3)
    assert parse_account(f"{OWNER}/7") == account_id(int(OWNER, 16), 7)
    for text in ("x", "7/7", f"{OWNER}/", f"{OWNER}/-1", OWNER, str(2**96)):
        with pytest.raises(ValueError, match="neither a sub-account's number nor OWNER/NUMBER"):
            parse_account(text, OWNER)
    with pytest.raises(ValueError, match="neither"):
        parse_account("3")


def test_show() -> None:
    assert show_amount(1_234_567_899_999, 8, 4) == "12,345.6789"
    assert show_amount(1, 8) == "0.00"
    assert show_amount(-1, 8) == "0.00"
    assert show_exact(1_234_567_890_000, 8) == "12,345.6789"
    assert show_exact(60_000 * 10**8, 8, comma="") == "60000"
    assert show_quote(-1_234 * WAD - WAD // 2) == "-1,234.50"
    assert show_quote(1_999 * WAD + WAD // 2, 0) == "1,999"
    assert show_ratio(1_430) == "14.3 %"
    assert show_account(account_id(int(OWNER, 16), 2)) == "0x7099…79C8/2"
    assert show_account(account_id(int(OWNER, 16), 2), short=False) == f"{OWNER}/2"
