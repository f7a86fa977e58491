"""The demonstration, with the crash that is built in and with prices from files."""

import re
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plimsoll.demo.audit import payoffs
from plimsoll.demo.prices import (
    DAY,
    HOUR,
    PriceError,
    approaching,
    crash,
    last_expiry,
    replay,
)
from plimsoll.spec.market import Expiry
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import future, key_of, pack_position, perpetual, put
from tests.integration.conftest import ROOT, ape_run, environment

pytestmark = pytest.mark.integration

LAWS = 11  # four when options have expired, seven of the audit
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


@pytest.fixture(scope="module")
def said() -> str:
    """What the built-in play prints."""
    return ape_run("demo")


def test_built_in_crash(said: str) -> None:
    """Every law of the audit holds, and the keeper has been at work, on options too."""
    assert "✗" not in said
    assert said.count("✓") == LAWS
    assert re.search(r"› writer +health -[\d,.]+ of [\d,.]+  liquidates: ", said)
    assert "for every contract that is long one is short" in said
    assert "half hour (39,840.00)" in said  # of 39,720, 39,840 and 39,960
    assert "bad debt 0.00, accounts that are still short 0" in said
    for action in ("match options, 3 legs", "settle what expired", "liquidate a book of options"):
        assert re.search(rf"^{action} +[1-9]", said, re.MULTILINE)
    assert all(len(line) <= 100 for line in said.splitlines())


def test_netting_of_options(said: str) -> None:
    """A conversion needs next to nothing, a dealer's book a third of its positions at most."""
    _, _, table = said.partition("What options ask for")
    rows: dict[str, list[str]] = {}
    for who, *amounts in (line.split() for line in table.splitlines() if line):
        rows.setdefault(who, amounts)
    isolated, cross, portfolio = (float(amount) for amount in rows["dealer"][1:7:2])
    assert portfolio < cross < isolated / 3
    assert max(map(float, rows["arb"][3:7])) < float(rows["arb"][1]) / 20
    for who in ("dealer", "punter", "miner", "fund", "arb", "writer"):
        assert int(rows[who][-1].replace(",", "")) > 50_000  # gas


def test_prices_from_files(prices: Path) -> None:
    """A loss of 39 % from one day to the next: insurance pays, and the laws hold all the same."""
    said = ape_run("demo", "--prices", prices, "--from", "2020-03-11", "--to", "2020-03-13")
    assert "12 Mar 2020  BTC  4,800.00 -39%" in said
    assert "10 Mar 2020" not in said
    assert "BTC-12MAR20-7900-C" in said
    assert "liquidates: " in said
    assert "✗" not in said
    assert said.count("✓") == LAWS


# as `ape run` does it, but that a dollar leaves the vault before the last act
ROBBED = """
import ape
from ape._cli import cli
from plimsoll.demo.play import Play

show_audit = Play._show_audit

def robbed(play):
    vault = play.session.vault.address
    ape.chain.set_balance(vault, 10**18)
    token = play.session.token("USDC")
    token.transfer(ape.accounts.test_accounts[0], 10**6, sender=ape.accounts[vault])
    return show_audit(play)

Play._show_audit = robbed
cli()
"""


def test_broken_law(prices: Path) -> None:
    """A dollar that is missing is seen, and said by the exit status too."""
    done = subprocess.run(
        [sys.executable, "-c", ROBBED, "run", "demo", "--prices", prices, "--to", "2020-03-11"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert "✗ the quote tokens are there" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("✓") == LAWS - 1
    assert done.stderr.splitlines()[-1] == "Error: an invariant does not hold"
    assert done.returncode != 0


def test_payoffs() -> None:
    """Of what is over and fixed only: 3 futures sold at 39,840, 5 puts worth 17,160, no calls."""
    over, open_ = 1_584_086_400, 1_585_296_000
    fixed = Expiry(WAD, 0, WAD, gathered=39_840 * WAD, fixed=True)
    market: Any = SimpleNamespace(
        expiry_of=lambda _, expiry: fixed if expiry == over else Expiry(WAD, 0, WAD)
    )
    strike = 57_000 * SIZE
    words = [
        pack_position(key_of(future(1, over)), -3 * SIZE),
        pack_position(key_of(put(1, over, strike)), 2 * SIZE, -5 * SIZE),
        pack_position(key_of(put(1, open_, strike)), SIZE, -SIZE),
        pack_position(key_of(perpetual(1)), 7 * SIZE),
    ]
    assert payoffs(market, words) == -(3 * 39_840 + 5 * 17_160) * WAD


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
    assert [later.time - moment.time for moment, later in pairwise(moments)] == [DAY] * 3


def test_path_around_an_expiry(prices: Path) -> None:
    """The last eight o'clock of a path, approached on a straight line."""
    moments = replay(prices, date(2020, 3, 11), date(2020, 3, 12), SYMBOLS)
    expiry = last_expiry(moments)
    assert expiry == moments[0].time + 8 * HOUR
    path = approaching(moments, expiry, (HOUR, 0))
    assert [moment.label for moment in path] == [
        *("11 Mar 2020", "11 Mar 07:00", "11 Mar 08:00", "12 Mar 2020")
    ]
    eth = [moment.prices["ETH"] for moment in path]
    assert eth == pytest.approx([195, 195 - 87 * 7 / 24, 195 - 87 * 8 / 24, 108])
    assert approaching(moments, expiry + DAY, (HOUR, 0)) == moments
    built_in = crash(dict.fromkeys(SYMBOLS, 1.0))
    assert approaching(built_in, last_expiry(built_in), (0,)) == built_in


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
