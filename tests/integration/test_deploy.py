"""The deploy script: on any node, resumed when it was cut off, and honest about differences."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from eth_utils.crypto import keccak

from tests.integration.conftest import (
    CHAIN_ID,
    ROOT,
    Node,
    World,
    anvil,
    ape_run,
    ape_started,
    free_port,
    running,
    until,
)

pytestmark = pytest.mark.integration

LOCAL = ROOT / "parameters" / "local.yaml"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    path = tmp_path_factory.mktemp("deploy") / "deployment.json"
    with running(anvil()) as node:
        said = ape_run("deploy", "--network", node.url, "--deployment", path)
        assert "facts hold" in said
        yield World(node, path)


def test_local_network(tmp_path: Path) -> None:
    said = ape_run(
        *("deploy", "--network", "ethereum:local:foundry"),
        *("--deployment", tmp_path / "deployment.json"),
    )
    assert "✗" not in said
    assert "facts hold" in said


def test_another_chain(deployed: World) -> None:
    """What is on file is what is on the chain."""
    record, web3 = deployed.record, deployed.node.web3
    assert record.chain_id == CHAIN_ID
    assert set(record.contracts) >= {"registry", "vault", "engine", "lens", "token:WBTC"}
    for contract in record.contracts.values():
        code = bytes(web3.eth.get_code(contract.address))  # type: ignore[arg-type]
        assert keccak(code).hex() == contract.code_hash
        assert 0 < contract.block <= web3.eth.block_number
    assert record.parameters["fees"]["taker"] == 4
    assert deployed.contract("registry").engine() == record.address("engine")


def test_what_is_done_is_left_alone(deployed: World) -> None:
    height = deployed.node.web3.eth.block_number
    ape_run("deploy", "--network", deployed.node.url, "--deployment", deployed.path)
    assert deployed.node.web3.eth.block_number == height


def test_resumed_half_way(tmp_path: Path) -> None:
    """Killed after some receipts; what was on file then stays, the rest is made."""
    path = tmp_path / "deployment.json"

    def contracts() -> dict[str, str]:
        on_file = json.loads(path.read_text())["contracts"] if path.exists() else {}
        return {key: contract["address"] for key, contract in on_file.items()}

    with running(anvil()) as node:
        arguments = ("deploy", "--network", node.url, "--deployment", path)
        with ape_started(*arguments) as process:
            until(lambda: len(contracts()) >= 6, "half of the contracts to be on file")
            process.kill()
        half = contracts()
        assert "liquidator" not in half
        assert "facts hold" in ape_run(*arguments)
        assert half.items() < contracts().items()


def test_a_contract_that_is_gone_is_made_again(deployed: World, tmp_path: Path) -> None:
    """And what was made of it as well."""
    stale = json.loads(deployed.path.read_text())
    stale["contracts"]["liquidator"]["address"] = "0x" + "12" * 20
    stale["contracts"]["feed:SOL"]["code_hash"] = "00" * 32
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps(stale))
    ape_run("deploy", "--network", deployed.node.url, "--deployment", path)
    resumed, before = World(deployed.node, path).record, deployed.record
    changed = {key for key in before.contracts if resumed.address(key) != before.address(key)}
    assert changed == {"liquidator", "feed:SOL"}
    # the chain now has these: the other file has to follow
    deployed.path.write_text(path.read_text())


def test_a_difference_is_an_error(deployed: World) -> None:
    """Found by --check, mended without it."""
    arguments = ("deploy", "--network", deployed.node.url, "--deployment", deployed.path)
    deployed.send("orders", "set_fees", (2, 5, 1_000))
    complaint = ape_run(*arguments, "--check", fails=True)
    assert "1 of 70 facts do not hold" in complaint
    assert deployed.contract("orders").fees().taker == 5
    ape_run(*arguments)
    assert deployed.contract("orders").fees().taker == 4


def test_new_governor_has_to_accept(deployed: World, tmp_path: Path) -> None:
    content = yaml.safe_load(LOCAL.read_text())
    content["roles"] = {
        role: deployed.keys[index].address
        for index, role in enumerate(("governor", "guardian", "steward"), start=1)
    }
    parameters, path = tmp_path / "parameters.yaml", tmp_path / "deployment.json"
    parameters.write_text(yaml.safe_dump(content))
    ape_run(
        *("deploy", "--network", deployed.node.url, "--deployment", path),
        *("--parameters", parameters),
    )
    handed = World(deployed.node, path)
    registry = handed.contract("registry")
    assert registry.owner() == handed.keys[0].address
    assert registry.pending_owner() == handed.keys[1].address
    assert registry.guardian() == handed.keys[2].address
    assert registry.steward() == handed.keys[3].address
    assert registry.insurance() == handed.account(1, 1)
    handed.send("registry", "accept_ownership", sender=1)
    assert registry.owner() == handed.keys[1].address


def test_wrong_values(deployed: World, tmp_path: Path) -> None:
    """Nothing is sent; each has its line."""
    content = yaml.safe_load(LOCAL.read_text())
    content["fees"]["taker"] = 500
    content["rates"]["kink"] = "high"
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(yaml.safe_dump(content))
    height = deployed.node.web3.eth.block_number
    complaint = ape_run(
        *("deploy", "--network", deployed.node.url, "--deployment", tmp_path / "none.json"),
        *("--parameters", parameters),
        fails=True,
    )
    assert complaint.splitlines() == [
        "Error: rates.kink: 'high' is not within 1 .. 9,999 basis points of utilisation",
        "fees.taker: 500 is not within 0 .. 100 basis points",
    ]
    assert deployed.node.web3.eth.block_number == height
    assert not (tmp_path / "none.json").exists()


def test_wrong_chain(deployed: World, tmp_path: Path) -> None:
    other = json.loads(deployed.path.read_text())
    other["chain_id"] = 1
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps(other))
    arguments = ("deploy", "--network", deployed.node.url, "--deployment")
    complaint = ape_run(*arguments, path, fails=True)
    assert complaint == f"Error: the deployment file is of chain 1, this is {CHAIN_ID}\n"
    sepolia = ROOT / "parameters" / "sepolia.yaml"
    complaint = ape_run(*arguments, tmp_path / "none.json", "--parameters", sepolia, fails=True)
    assert complaint == f"Error: the parameters are for chain 11155111, this is {CHAIN_ID}\n"


def test_begun_by_somebody_else(deployed: World) -> None:
    """They may check it, and not go on with it."""
    arguments = ("deploy", "--network", deployed.node.url, "--deployment", deployed.path)
    complaint = ape_run(*arguments, "--account", 5, fails=True)
    first, other = deployed.keys[0].address, deployed.keys[5].address
    assert complaint == f"Error: this deployment was begun by {first}, not by {other}\n"
    assert "facts hold" in ape_run(*arguments, "--account", 5, "--check")


def test_hardhat(tmp_path: Path) -> None:
    """A node of another make, with another chain id."""
    config = tmp_path / "hardhat.config.cjs"
    config.write_text(
        'module.exports = { solidity: "0.8.28", networks: { hardhat: { chainId: 777 } } };'
    )
    port = free_port()
    command = ["hardhat", "--config", str(config), "node", "--port", str(port)]
    path = tmp_path / "deployment.json"
    with running(Node(command, port, 777)) as node:
        assert "facts hold" in ape_run("deploy", "--network", node.url, "--deployment", path)
        assert World(node, path).record.chain_id == 777
