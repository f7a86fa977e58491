"""Parameters are checked before anything is sent: one line for each wrong value, with its key."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from plimsoll.deploy.parameters import ParameterError, check, load
from plimsoll.spec.haircut import AssetParams

FOLDER = Path(__file__).parents[2] / "parameters"
TOKEN = "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238"


@pytest.fixture
def content() -> Any:
    content = yaml.safe_load((FOLDER / "local.yaml").read_text())
    return json.loads(json.dumps(content))  # without aliases


def _set(content: Any, key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        content = content[int(part) if part.isdigit() else part]
    content[last] = value


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_given_files(path: Path) -> None:
    assert load(path).underlyings["BTC"].risk.scan_range == 1_300


def test_fewer_tiers_leave_the_last_ones_empty(content: Any) -> None:
    content["assets"]["WBTC"]["tiers"] = [{"up_to": 20_000, "haircut": 1_400}, {"haircut": 1_700}]
    assert check(content).model().assets[1] == AssetParams(
        underlying=1,
        decimals=8,
        limits=(2, 2, 2),
        haircuts=(1_400, 1_700, 1_700, 1_700),
        liquidity=100,
        volatility=10_000,
        scale=3_000,
    )


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (
            "underlyings.BTC.risk.scan_range",
            9_000,
            "underlyings.BTC.risk.scan_range: 9,000 is not within 100 .. 4,000 basis points",
        ),
        ("fees.maker", "abc", "fees.maker: 'abc' is not within 0 .. 100 basis points"),
        ("fees.maker", True, "fees.maker: True is not within 0 .. 100 basis points"),
        ("fees.taker", 1.5, "fees.taker: 1.5 is not within 0 .. 100 basis points"),
        ("rates", None, "rates: not a mapping of keys"),
        ("rates.kink", 0, "rates.kink: 0 is not within 1 .. 9,999 basis points of utilisation"),
        ("rates.base", 700, "rates: base, kink_rate and full_rate must not fall"),
        ("nonsense", 1, "nonsense: is not a known key"),
        ("treasury", 1, "insurance and treasury must be different sub-accounts"),
        (
            "quote.token",
            "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7239",
            "quote.token: '0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7239' "
            "is not an address with a valid checksum",
        ),
        ("quote.token", 0x1C7D4B19, "quote.token: an address must be in quotes"),
        ("roles.governor", "me", "roles.governor: 'me' is not an address with a valid checksum"),
        (
            "underlyings.ETH.market.max_age_open",
            80_000,
            "underlyings.ETH.market: max_age_open is more than max_age_liquidation",
        ),
        ("underlyings.ETH.id", 1, "underlyings: two have the same id"),
        ("underlyings.ETH.feed", {}, "underlyings.ETH.feed: give either an aggregator or signers"),
        (
            "underlyings.ETH.feed",
            {"aggregator": "mock"},
            "underlyings.ETH.feed: a mock aggregator needs a price",
        ),
        (
            "underlyings.ETH.feed.price",
            -1,
            "underlyings.ETH.feed.price: -1 is not a price up to 10,000,000 of quote",
        ),
        (
            "underlyings.ETH.feed.price",
            1e-9,
            "underlyings.ETH.feed.price: 1e-09 is not a price up to 10,000,000 of quote",
        ),
        (
            "underlyings.ETH.feed.aggregator",
            TOKEN,
            "underlyings.ETH.feed: a price is only for a mock aggregator",
        ),
        (
            "underlyings.ETH.feed.threshold",
            1,
            "underlyings.ETH.feed: a threshold is only for signers",
        ),
        (
            "underlyings.ETH.feed",
            {"signers": [TOKEN], "max_age": 60},
            "underlyings.ETH.feed: max_age is only for an aggregator",
        ),
        ("underlyings.ETH.volatility", {}, "underlyings.ETH.volatility: give signers"),
        (
            "underlyings.ETH.volatility",
            {"signers": [TOKEN], "threshold": 2},
            "underlyings.ETH.volatility: threshold 2 is more than 1 signers",
        ),
        (
            "underlyings.ETH.volatility",
            {"signers": [TOKEN, TOKEN]},
            "underlyings.ETH.volatility: signers are at most 16, each once",
        ),
        ("roles.guardian", "0x" + 40 * "0", "roles.guardian: the zero address is nobody"),
        ("quote.symbol", "WETH", "assets: WETH is the quote's symbol"),
        (
            "underlyings.BTC.risk.calendar",
            501,
            "underlyings.BTC.risk.calendar: 501 is not within 0 .. 500 basis points",
        ),
        (
            "underlyings.BTC.risk",
            {"scan_range": 300, "beta": 0, "calendar": 151, "depth": 1},
            "underlyings.BTC.risk: calendar 151 is more than half the scan range 300",
        ),
        (
            "assets.WETH.underlying",
            "DOGE",
            "assets.WETH.underlying: DOGE is none of BTC, ETH, SOL",
        ),
        (
            "assets.WETH.tiers",
            [{"haircut": 1_699}],
            "assets.WETH.tiers.0.haircut: 1699 is not within 1,700 .. 10,000 basis points "
            "(liquidity haircut and scan range)",
        ),
        (
            "assets.WETH.tiers",
            [{"up_to": 15_000, "haircut": 1_700}, {"haircut": 2_000}],
            "assets.WETH: tiers: up_to must be a multiple of 10,000",
        ),
        (
            "assets.WETH.tiers",
            [{"up_to": 10_000, "haircut": 2_000}, {"haircut": 1_700}],
            "assets.WETH: tiers: limits and haircuts must not fall",
        ),
        ("assets.WETH.tiers", [], "assets.WETH: tiers: 0 are not within 1 .. 4"),
        (
            "liquidation.reward_min",
            1_999_999,
            "liquidation.reward_min: 1,999,999 is not within 100 .. 2,000 basis points",
        ),
        ("factors.target", 12_501, "factors: target is more than initial"),
    ],
)
def test_wrong_value(content: Any, key: str, value: Any, line: str) -> None:
    _set(content, key, value)
    with pytest.raises(ParameterError) as caught:
        check(content)
    assert caught.value.lines == [line]


def test_a_token_for_two(content: Any) -> None:
    """Of two assets, or of an asset and the quote; mocks are several anyway."""
    for first, second in (("assets.WETH", "assets.WBTC"), ("quote", "assets.WETH")):
        for key in ("quote", "assets.WETH", "assets.WBTC"):
            _set(content, f"{key}.token", TOKEN if key in (first, second) else "mock")
        with pytest.raises(ParameterError) as caught:
            check(content)
        assert caught.value.lines == ["assets: two have the same token, or the quote's"]


def test_symbols_that_no_instrument_can_have(content: Any) -> None:
    for symbol in ("BTC-2", "BTC:2", ""):
        wrong = {**content, "underlyings": {**content["underlyings"], symbol: {}}}
        with pytest.raises(ParameterError) as caught:
            check(wrong)
        assert any("is not a symbol of letters and digits" in line for line in caught.value.lines)


def test_every_wrong_value_has_its_line(content: Any) -> None:
    content["fees"] = {"maker": 101, "taker": -1}
    del content["quote"]
    with pytest.raises(ParameterError) as caught:
        check(content)
    assert caught.value.lines == [
        "quote: is missing",
        "fees.maker: 101 is not within 0 .. 100 basis points",
        "fees.taker: -1 is not within 0 .. 100 basis points",
        "fees.insurance_share: is missing",
    ]


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"absent\.yaml: No such file or directory"):
        load(tmp_path / "absent.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1,\nb: 2")
    with pytest.raises(ParameterError, match=r"broken\.yaml: not YAML: .*line 2") as caught:
        load(broken)
    assert len(caught.value.lines) == 1
    broken.write_text((FOLDER / "local.yaml").read_text() + "fees: {}\n")
    with pytest.raises(ParameterError, match=r"broken\.yaml: not YAML: fees is there twice"):
        load(broken)
    broken.write_text("just words")
    with pytest.raises(ParameterError, match="not a mapping of keys"):
        load(broken)
