"""The demonstration, with the crash that is built in and with prices from files."""

from datetime import date
from pathlib import Path

import pytest

from plimsoll.demo.prices import PriceError, replay
from tests.integration.conftest import ape_run

pytestmark = pytest.mark.integration

SYMBOLS = ["BTC", "ETH", "SOL"]
HEAD = "date,open,high,low,close,volume_usdt\n"
CLOSES = {
    "btc": [8_000, 7_900, 4_800, 5_600],
    "eth": [200, 195, 108, 134],
    "sol": [3, 2.9, 1.5, 1.8],
}


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    for name, closes in CLOSES.items():
        rows = "".join(
            f"2020-03-{day:02},1,1,1,{close},1\n" for day, close in enumerate(closes, start=10)
        )
        (tmp_path / f"{name}-usdt-1d.csv").write_text(HEAD + rows)
    return tmp_path


def test_built_in_crash() -> None:
    """Every law of the audit holds, and the keeper has been at work."""
    said = ape_run("demo")
    assert "✗" not in said
    assert said.count("✓") == 7
    assert "liquidates: " in said
    assert "for every contract that is long one is short" in said
    assert all(len(line) <= 100 for line in said.splitlines())


def test_prices_from_files(prices: Path) -> None:
    """A loss of 39 % from one day to the next: insurance pays, and the laws hold all the same."""
    said = ape_run("demo", "--prices", prices, "--from", "2020-03-11", "--to", "2020-03-13")
    assert "12 Mar 2020  BTC  4,800.00 -39%" in said
    assert "10 Mar 2020" not in said
    assert "liquidates: " in said
    assert said.count("✓") == 7


def test_one_clear_line(prices: Path) -> None:
    """What is wrong is said before anything is deployed."""

    def complains(*options: object) -> str:
        [*_, line] = ape_run("demo", *options, fails=True).splitlines()
        return line

    absent = prices / "absent"
    assert complains("--prices", absent) == f"Error: {absent} is not a directory"
    assert "does not match the format" in complains("--prices", prices, "--to", "yesterday")
    assert "--from and --to need --prices" in complains("--from", "2020-03-01")


def test_days_without_prices(prices: Path) -> None:
    with pytest.raises(PriceError, match=r"has no two days from 2020-03-13 to 2020-03-10"):
        replay(prices, date(2020, 3, 13), date(2020, 3, 10), SYMBOLS)
    with pytest.raises(PriceError, match=r"has no two days from 2020-03-13 to 2020-03-13"):
        replay(prices, date(2020, 3, 13), None, SYMBOLS)


def test_an_underlying_that_is_younger(prices: Path) -> None:
    """Nothing happens to it before its first price; a day that is missing keeps the last one."""
    (prices / "sol-usdt-1d.csv").write_text(HEAD + "2020-03-12,1,1,1,1.5,1\n")
    moments = replay(prices, None, None, SYMBOLS)
    assert [moment.prices["SOL"] for moment in moments] == [1.5] * 4
    assert [moment.prices["BTC"] for moment in moments] == CLOSES["btc"]
    assert [moment.pause for moment in moments] == [0, 86_400, 86_400, 86_400]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("day;price\n2020-03-10;1\n", "not a file of daily prices"),
        (HEAD + "2020-03-10,1,1,1,high,1\n", "not a file of daily prices"),
        (HEAD + "10.3.2020,1,1,1,1,1\n", "not a file of daily prices"),
        (HEAD + "2020-03-10,1,1,1,0,1\n", "no prices, or prices out of range"),
        (HEAD, "no prices, or prices out of range"),
    ],
)
def test_broken_file(prices: Path, text: str, complaint: str) -> None:
    (prices / "eth-usdt-1d.csv").write_text(text)
    with pytest.raises(PriceError, match=rf"eth-usdt-1d\.csv: {complaint}"):
        replay(prices, None, None, SYMBOLS)


def test_missing_file(prices: Path) -> None:
    (prices / "eth-usdt-1d.csv").unlink()
    with pytest.raises(PriceError, match=r"eth-usdt-1d\.csv: No such file"):
        replay(prices, None, None, SYMBOLS)
