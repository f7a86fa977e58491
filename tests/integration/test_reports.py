"""A price that is signed: deploying waits for the first report, the keeper brings later ones."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from plimsoll.spec.wad import WAD
from tests.integration.conftest import ROOT, World, anvil, ape_run, keys, running
from tests.integration.test_keeper import keeping

pytestmark = pytest.mark.integration

SIGNERS = (0, 1, 2)


def _report(world: World, price: int, time: int) -> dict[str, Any]:
    """As the keeper reads it, signed by two of three."""
    digest = world.contract("feed:SOL").report_digest(price * WAD, time)
    signed = {
        world.keys[index].address: world.keys[index].unsafe_sign_hash(digest).signature
        for index in SIGNERS[:2]
    }
    signatures = ["0x" + signed[address].hex() for address in sorted(signed, key=str.lower)]
    return {"feed": "SOL", "price": price * WAD, "time": time, "signatures": signatures}


def test_signed_feed(tmp_path: Path) -> None:
    content = yaml.safe_load((ROOT / "parameters" / "local.yaml").read_text())
    signers = [keys()[index].address for index in SIGNERS]
    content["underlyings"]["SOL"]["feed"] = {"signers": signers, "threshold": 2}
    parameters, path = tmp_path / "parameters.yaml", tmp_path / "deployment.json"
    parameters.write_text(yaml.safe_dump(content))
    reports = tmp_path / "reports.json"
    with running(anvil()) as node:
        arguments = (
            *("deploy", "--network", node.url, "--deployment", path),
            *("--parameters", parameters),
        )
        complaint = ape_run(*arguments, fails=True)
        assert complaint == "Error: market:SOL: feed: market: feed is silent\n"

        world = World(node, path)
        now = int(node.web3.eth.get_block("latest")["timestamp"])
        first = _report(world, 150, now)
        signatures = [bytes.fromhex(item[2:]) for item in first["signatures"]]
        world.send("feed:SOL", "report", first["price"], now, signatures)
        assert "facts hold" in ape_run(*arguments)

        world = World(node, path)
        with keeping(world, "--reports", str(reports)) as keeper:
            keeper.says("0 short")
            latest = int(node.web3.eth.get_block("latest")["timestamp"])
            reports.write_text(json.dumps([_report(world, 151, latest)]))
            node.rpc("evm_mine")
            keeper.says(rf"report SOL  brings {151 * WAD}, in ")
            keeper.says(r"report SOL  done, ")
            assert world.contract("feed:SOL").latest()[0] == 151 * WAD
            forged = _report(world, 999, latest + 1)
            forged["price"] = 998 * WAD
            reports.write_text(json.dumps([forged]))
            node.rpc("evm_increaseTime", 60)
            node.rpc("evm_mine")
            keeper.says(r"report SOL  would be refused: feed: not a signer")
            reports.write_text("half a fi")
            node.rpc("evm_mine")
            keeper.says("0 short")
            assert keeper.stop() == 0
