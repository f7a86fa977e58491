"""Signed prices and smiles: deploying waits for the first price, the keeper brings the rest."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from plimsoll.deploy.expiries import smile_of
from plimsoll.spec.smile import Smile
from plimsoll.spec.wad import WAD
from tests.integration.conftest import BTC, ROOT, World, anvil, ape_run, keys, running
from tests.integration.test_keeper import keeping

pytestmark = pytest.mark.integration

SIGNERS = (0, 1, 2)


def _signed(world: World, digest: bytes, signers: Sequence[int] = SIGNERS[:2]) -> list[str]:
    """By two of three, in the order of their addresses."""
    signed = {
        world.keys[index].address: world.keys[index].unsafe_sign_hash(digest).signature
        for index in signers
    }
    return ["0x" + signed[address].hex() for address in sorted(signed, key=str.lower)]


def _price(world: World, price: int, time: int) -> dict[str, Any]:
    """As the keeper reads it."""
    digest = world.contract("feed:SOL").report_digest(price * WAD, time)
    signatures = _signed(world, digest)
    return {"feed": "SOL", "price": price * WAD, "time": time, "signatures": signatures}


def _smile(world: World, expiry: int, smile: Smile, ratio: int, time: int) -> dict[str, Any]:
    feed = world.contract("volatility:BTC")
    digest = feed.report_digest(BTC, expiry, asdict(smile), ratio, time)
    return {
        "volatility": "BTC",
        "expiry": expiry,
        "smile": asdict(smile),
        "ratio": ratio,
        "time": time,
        "signatures": _signed(world, digest),
    }


def _named(folder: Path, symbol: str, key: str) -> Path:
    """Parameters that name two of three signers for what an underlying has."""
    content = yaml.safe_load((ROOT / "parameters" / "local.yaml").read_text())
    signers = [keys()[index].address for index in SIGNERS]
    content["underlyings"][symbol][key] = {"signers": signers, "threshold": 2}
    path = folder / "parameters.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def _now(world: World) -> int:
    return int(world.node.web3.eth.get_block("latest")["timestamp"])


def test_signed_feed(tmp_path: Path) -> None:
    parameters = _named(tmp_path, "SOL", "feed")
    path, reports = tmp_path / "deployment.json", tmp_path / "reports.json"
    with running(anvil()) as node:
        arguments = (
            *("deploy", "--network", node.url, "--deployment", path),
            *("--parameters", parameters),
        )
        complaint = ape_run(*arguments, fails=True)
        assert complaint == (
            "Error: feed:SOL: answers: no report yet: bring the first one (`ape run report`), "
            "run this again\n"
        )

        world = World(node, path)
        first = _price(world, 150, _now(world))
        bring = ("report", reports, "--network", node.url, "--deployment", path)
        reports.write_text(json.dumps([{**first, "price": 151 * WAD}]))
        reason = "report SOL refused: feed: not a signer"
        assert ape_run(*bring, fails=True) == f"Error: {reason}\n"
        reports.write_text(json.dumps([first]))
        assert re.fullmatch(r"report SOL brings .*\n[\d,]+ gas\n", ape_run(*bring))
        blocks = node.web3.eth.block_number
        assert ape_run(*bring) == ""
        assert node.web3.eth.block_number == blocks
        assert "facts hold" in ape_run(*arguments)

        price = ("price", "SOL", 150, "--network", node.url, "--deployment", path)
        assert ape_run(*price, fails=True).endswith("the price of SOL is no mock's\n")
        good = _price(world, 149, _now(world))
        reports.write_text(json.dumps([{**good, "price": 1}, {"feed": "SOL"}, good]))
        unread = f"{reports}: 1: price.time: Field required"
        assert ape_run(*bring, fails=True) == f"Error: {unread}; {reason}\n"
        assert world.contract("feed:SOL").latest() == [149 * WAD, good["time"]]
        node.rpc("evm_increaseTime", 60)
        node.rpc("evm_mine")

        world = World(node, path)
        with keeping(world, "--reports", str(reports)) as keeper:
            keeper.says("0 short")
            latest = _now(world)
            broken = [7, {"feed": "SOL"}, {**first, "feed": "DOGE"}, *[None] * 4]
            reports.write_text(json.dumps([*broken, _price(world, 151, latest)]))
            node.rpc("evm_mine")
            keeper.says(
                r"reports\.json: 0: price: Input should be .*; 1: price\.time: Field required; "
                r"2: no signed feed of DOGE; .*; and 2 more$"
            )
            keeper.says(rf"report SOL  brings {151 * WAD} of {latest}, in ")
            keeper.says(r"report SOL  done, ")
            assert world.contract("feed:SOL").latest()[0] == 151 * WAD
            forged = _price(world, 999, latest + 1)
            forged["price"] = 998 * WAD
            reports.write_text(json.dumps([forged]))
            node.rpc("evm_increaseTime", 60)
            node.rpc("evm_mine")
            keeper.says(r"report SOL  would be refused: feed: not a signer")
            reports.write_text("half a fi")
            node.rpc("evm_mine")
            keeper.says(r"reports\.json: Invalid JSON")
            keeper.says("0 short")
            assert keeper.stop() == 0


def test_signed_volatility(tmp_path: Path) -> None:
    """Signers named in the parameters post smiles and ratios, which the keeper brings."""
    parameters = _named(tmp_path, "BTC", "volatility")
    path, reports = tmp_path / "deployment.json", tmp_path / "reports.json"
    arguments = ("--deployment", path, "--parameters", parameters)
    with running(anvil()) as node:
        assert "facts hold" in ape_run("deploy", "--network", node.url, *arguments)
        world = World(node, path)
        surface = world.contract("surface")
        assert surface.feed(BTC) == world.record.address("volatility:BTC")
        expiry = world.list_options(BTC, 60_000)
        node.rpc("evm_increaseTime", 60)
        node.rpc("evm_mine")
        with keeping(world, "--reports", str(reports)) as keeper:
            keeper.says(r"reports\.json: No such file")
            smile, time = smile_of(0.65), _now(world)
            reports.write_text(json.dumps([_smile(world, expiry, smile, WAD * 401 // 400, time)]))
            node.rpc("evm_mine")
            keeper.says(rf"report BTC \w+  brings the smile of {time}, in ")
            keeper.says(r"report BTC \w+  done, ")
            assert surface.posted(BTC, expiry)[1] == time
            assert world.contract("market").expiry_of(BTC, expiry).ratio == WAD * 401 // 400

            node.rpc("evm_increaseTime", 60)
            node.rpc("evm_mine")
            forged = _smile(world, expiry, smile_of(0.7), WAD, _now(world))
            forged["smile"] = asdict(replace(smile, a=smile.a + 1))
            wrong = {**forged, "volatility": "ETH"}
            reports.write_text(json.dumps([wrong, forged]))
            node.rpc("evm_mine")
            keeper.says(r"reports\.json: 0: no signed volatility of ETH")
            keeper.says(r"report BTC \w+  would be refused: feed: not a signer")
            del forged["ratio"]
            reports.write_text(json.dumps([forged]))
            node.rpc("evm_mine")
            keeper.says(r"reports\.json: 0: smile\.ratio: Field required")
            assert surface.posted(BTC, expiry)[1] == time
            assert keeper.stop() == 0
