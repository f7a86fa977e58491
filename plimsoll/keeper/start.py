"""A keeper for a deployment, once its node answers."""

from pathlib import Path
from threading import Event

from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from plimsoll.client.amounts import show_account
from plimsoll.client.reader import Reader
from plimsoll.deploy.record import Deployment
from plimsoll.keeper.expiries import Expiries
from plimsoll.keeper.index import AccountIndex
from plimsoll.keeper.loop import NODE_TROUBLE, Keeper, Say, stamp
from plimsoll.keeper.policy import Policy
from plimsoll.keeper.reports import Reports
from plimsoll.keeper.sender import Sender
from plimsoll.spec.words import account_id

TIMEOUT = 20  # seconds for one answer


class StartError(Exception):
    """What cannot work however long one waits."""


def connect(rpc: str) -> Web3:
    """Without retries of its own: the loop knows better when to try again."""
    settings = {"timeout": TIMEOUT}
    return Web3(HTTPProvider(rpc, request_kwargs=settings, exception_retry_configuration=None))


def keeper(
    deployment: Deployment,
    rpc: str,
    key: LocalAccount,
    number: int,
    minimum: int,
    native: str,
    patience: int,
    most: int,
    reports: Path | None,
    upkeep: bool,
    stop: Event,
    interval: float,
    say: Say = stamp,
) -> Keeper | None:
    """None if told to stop before the node answered."""
    web3 = connect(rpc)
    while not stop.is_set():
        try:
            chain_id = web3.eth.chain_id
            if chain_id != deployment.chain_id:
                raise StartError(f"the node is of chain {chain_id}, not {deployment.chain_id}")
            if not web3.eth.get_code(Web3.to_checksum_address(deployment.address("vault"))):
                raise StartError("nothing is at the deployment's addresses; deploy first")
            sender = Sender(web3, key, patience)
            break
        except NODE_TROUBLE as error:
            say(f"waiting for {rpc}: {' '.join(str(error).split())}")
            stop.wait(max(1.0, interval))
    else:
        return None

    def contract(name: str) -> Reader:
        return Reader(web3, deployment, name)

    vault, market, surface = contract("vault"), contract("market"), contract("surface")
    underlyings = deployment.underlyings
    if native not in underlyings:
        raise StartError(f"{native} is none of the underlyings {', '.join(underlyings)}")

    index = AccountIndex(web3, vault, deployment.block)
    to = account_id(int(key.address, 16), number)
    policy = Policy(
        web3=web3,
        liquidator=contract("liquidator"),
        market=market,
        vault=vault,
        surface=surface,
        keeper=key.address,
        to=to,
        minimum=minimum,
        native=underlyings[native],
        most=most,
    )
    say(f"watching from block {deployment.block} on, for {show_account(to, short=False)}")
    return Keeper(
        web3=web3,
        lens=contract("lens"),
        index=index,
        sender=sender,
        policy=policy,
        reports=Reports.of(web3, deployment, reports, say) if reports else None,
        expiries=Expiries(web3, market, vault, index, underlyings, say) if upkeep else None,
        say=say,
    )
