"""The deployment function of every test: plimsoll.deploy on the harness.

    protocol = deploy(project, accounts, chain)
    protocol = deploy(project, accounts, chain, fees={"maker": 0})   # overrides local.yaml

gives a namespace of contracts (quote, weth, wbtc, registry, market, surface, engine, vault, orders,
liquidator, lens, risk_lens), of the aggregators that stand for the price sources, by underlying,
and of roles.
"""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from plimsoll.deploy.parameters import MOCK_DECIMALS, Parameters, check
from plimsoll.deploy.protocol import Deployer
from plimsoll.deploy.record import Deployment
from plimsoll.spec.words import account_id, perpetual
from tests.harness import Accounts, Chain, Contract, Project

LOCAL = Path(__file__).parents[1] / "parameters" / "local.yaml"
ROLES = ("governor", "guardian", "steward", "keeper", "trader", "maker", "taker", "stranger")
CONTRACTS = (
    *("registry", "market", "surface", "engine", "vault", "orders"),
    *("liquidator", "lens", "risk_lens"),
)
BTC, ETH, SOL = 1, 2, 3


class HarnessChain:
    """plimsoll.deploy's view of the harness."""

    def __init__(self, project: Project, chain: Chain, deployer: Any) -> None:
        self.project = project
        self.chain = chain
        self.chain_id = chain.chain_id
        self.deployer = deployer

    def deploy(self, name: str, *args: Any) -> tuple[str, int]:
        contract = getattr(self.project, name).deploy(*args, sender=self.deployer)
        return contract.address, contract.creation.block_number

    def at(self, name: str, address: str) -> Contract:
        return getattr(self.project, name).at(address)

    def send(self, function: Any, *args: Any) -> None:
        function(*args, sender=self.deployer)

    def code(self, address: str) -> bytes:
        return self.chain.code(address)

    def runtime(self, name: str) -> bytes:
        return getattr(self.project, name).runtime

    def abi(self, name: str) -> list[dict[str, Any]]:
        return getattr(self.project, name).abi


def parameters(**overrides: Any) -> Parameters:
    """Those of local.yaml, but for what is given; mappings are merged, key by key."""
    return check(_merge(yaml.safe_load(LOCAL.read_text()), overrides))


def _merge(base: Any, changes: Any) -> Any:
    if not isinstance(base, Mapping) or not isinstance(changes, Mapping):
        return changes
    return {**base, **{key: _merge(base.get(key), value) for key, value in changes.items()}}


def deploy(
    project: Project,
    accounts: Accounts,
    chain: Chain,
    params: Parameters | None = None,
    **overrides: Any,
) -> SimpleNamespace:
    """The whole protocol with its mocks, by the governor; one role per account."""
    roles = dict(zip(ROLES, accounts, strict=False))
    governor = roles["governor"]
    if params is None:
        holders = {role: roles[role].address for role in ("governor", "guardian", "steward")}
        params = parameters(**{"roles": holders, **overrides})
    record = Deployment(network="test", chain_id=chain.chain_id, deployer=governor.address)
    deployer = Deployer(HarnessChain(project, chain, governor), params, record)
    for finding in deployer.run():
        assert finding.holds, finding
    ids = {symbol: item.id for symbol, item in params.underlyings.items()}
    feeds = {ids[symbol]: deployer.at(f"aggregator:{symbol}") for symbol in ids}
    owner = int(governor.address, 16)

    def set_price(underlying: int, price: float) -> None:
        """Lets an underlying's source tell a price in whole quote, as of the pending block."""
        feeds[underlying].set_answer(round(price * 10**MOCK_DECIMALS), sender=governor)

    return SimpleNamespace(
        **roles,
        **{key: deployer.at(key) for key in CONTRACTS},
        quote=deployer.at(f"token:{params.quote.symbol}"),
        **{symbol.lower(): deployer.at(f"token:{symbol}") for symbol in params.assets},
        assets={symbol: number for number, symbol in enumerate(params.assets)},
        feeds=feeds,
        set_price=set_price,
        perpetuals={underlying: perpetual(underlying) for underlying in ids.values()},
        insurance=account_id(owner, params.insurance),
        treasury=account_id(owner, params.treasury),
        params=params,
        record=record,
        deployer=deployer,
    )
