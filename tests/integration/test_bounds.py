"""The bounds that parameters are checked against are those of the contracts, both ends of each."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from plimsoll.deploy.parameters import ParameterError, Parameters, check
from tests.deployment import BTC, LOCAL, deploy
from tests.harness import Accounts, Chain, Project, reverts

WITHIN = re.compile(r" is not within ([-\d,]+) \.\. ([-\d,]+) ")

MARKET, RISK = "underlyings.BTC.market", "underlyings.BTC.risk"
HIGH = {"tiers": [{"haircut": 9_000}]}  # above any scan range
LOW = {"tiers": [{"haircut": 1_400}]}  # whatever it is multiplied by

Send = Callable[[SimpleNamespace, Parameters], None]


@pytest.fixture(scope="module")
def protocol(project: Project, accounts: Accounts, chain: Chain) -> SimpleNamespace:
    return deploy(project, accounts, chain, assets={"WBTC": HIGH})


def _market(protocol: SimpleNamespace, params: Parameters) -> None:
    settings = asdict(params.underlyings["BTC"].market.spec)
    protocol.market.set_params(BTC, settings, sender=protocol.governor)


def _risk(protocol: SimpleNamespace, params: Parameters) -> None:
    settings = asdict(params.underlyings["BTC"].risk.spec)
    protocol.surface.set_span(BTC, 5_000, sender=protocol.governor)  # wide enough for all
    protocol.engine.set_underlying(BTC, settings, sender=protocol.governor)


def _size(protocol: SimpleNamespace, params: Parameters) -> None:
    limit = params.underlyings["BTC"].size_limit * 10**8
    protocol.registry.set_size_limit(BTC, limit, sender=protocol.governor)


def _asset(protocol: SimpleNamespace, params: Parameters) -> None:
    settings = asdict(params.assets["WBTC"].spec(BTC))
    protocol.engine.set_asset(1, settings, sender=protocol.governor)


def _factors(protocol: SimpleNamespace, params: Parameters) -> None:
    protocol.engine.set_factors(asdict(params.factors.spec), sender=protocol.governor)


def _rates(protocol: SimpleNamespace, params: Parameters) -> None:
    protocol.registry.set_rates(asdict(params.rates.spec), sender=protocol.governor)


def _fees(protocol: SimpleNamespace, params: Parameters) -> None:
    protocol.orders.set_fees(asdict(params.fees.spec), sender=protocol.governor)


def _liquidation(protocol: SimpleNamespace, params: Parameters) -> None:
    protocol.liquidator.set_params(asdict(params.liquidation.spec), sender=protocol.governor)


@pytest.mark.parametrize(
    ("key", "others", "send"),
    [
        (f"{MARKET}.max_age_open", {"max_age_liquidation": 86_400}, _market),
        (f"{MARKET}.max_age_liquidation", {"max_age_open": 10}, _market),
        (f"{MARKET}.alarm", {}, _market),
        (f"{MARKET}.stable_rate", {}, _market),
        (f"{MARKET}.premium_bound", {}, _market),
        (f"{MARKET}.premium_window", {}, _market),
        (f"{RISK}.scan_range", {"calendar": 0}, _risk),
        (f"{RISK}.beta", {}, _risk),
        (f"{RISK}.calendar", {"scan_range": 1_300}, _risk),
        (f"{RISK}.depth", {}, _risk),
        ("underlyings.BTC.size_limit", {}, _size),
        ("assets.WBTC.volatility", LOW, _asset),
        ("assets.WBTC.scale", {}, _asset),
        ("factors.target", {"initial": 30_000}, _factors),
        ("factors.initial", {"target": 10_001}, _factors),
        ("factors.floor", {}, _factors),
        ("rates.base", {"kink_rate": 10_000, "full_rate": 10_000}, _rates),
        ("rates.kink_rate", {"base": 0, "full_rate": 10_000}, _rates),
        ("rates.full_rate", {"base": 0, "kink_rate": 0}, _rates),
        ("rates.kink", {}, _rates),
        ("fees.maker", {}, _fees),
        ("fees.taker", {}, _fees),
        ("fees.insurance_share", {}, _fees),
        ("liquidation.reward_min", {"reward_max": 9_999}, _liquidation),
        ("liquidation.reward_max", {"reward_min": 100}, _liquidation),
        ("liquidation.insurance_share", {}, _liquidation),
        ("liquidation.dust", {}, _liquidation),
    ],
)
def test_both_ends(
    protocol: SimpleNamespace, chain: Chain, key: str, others: dict[str, Any], send: Send
) -> None:
    """What the model names as its bounds the contract takes; one more it refuses."""
    low, high = _bounds(key, others)
    for value in (low, high):
        with chain.isolate():
            send(protocol, _with(key, others, value))
    for value in (low - 1, high + 1):
        if value < 0 and low == 0:
            continue  # no such number on the chain
        with chain.isolate(), reverts():
            send(protocol, _unchecked(key, others, value))


def _content(key: str, others: dict[str, Any], value: Any) -> Any:
    content = json.loads(json.dumps(yaml.safe_load(LOCAL.read_text())))
    *path, last = key.split(".")
    place = content
    for part in path:
        place = place[int(part) if part.isdigit() else part]
    content["assets"]["WBTC"].update(HIGH)
    place.update({**others, last: value})
    return content


def _with(key: str, others: dict[str, Any], value: Any) -> Parameters:
    return check(_content(key, others, value))


def _bounds(key: str, others: dict[str, Any]) -> tuple[int, int]:
    with pytest.raises(ParameterError) as caught:
        _with(key, others, 10**60)
    [line] = caught.value.lines
    assert line.startswith(f"{key}: ")
    match = WITHIN.search(line)
    assert match is not None
    return int(match[1].replace(",", "")), int(match[2].replace(",", ""))


def _unchecked(key: str, others: dict[str, Any], value: Any) -> Parameters:
    """Parameters that the model refuses, all the same."""
    params = _with(key, others, _bounds(key, others)[1])
    *path, last = key.split(".")
    place: Any = params
    for part in path:
        if isinstance(place, dict):
            place = place[part]
        else:
            place = place[int(part)] if part.isdigit() else getattr(place, part)
    object.__setattr__(place, last, value)
    return params
