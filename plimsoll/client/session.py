"""What the scripts share: options, and the deployed protocol on Ape's connected network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import ape
import click
from ape.cli import ConnectedProviderCommand
from ape.exceptions import ApeException, ContractLogicError
from ape.logging import logger
from ape_ethereum.trace import Trace
from eth_abi.exceptions import EncodingError
from requests.exceptions import RequestException
from web3.exceptions import ContractLogicError as Web3LogicError
from web3.exceptions import Web3Exception

from plimsoll.client.amounts import parse_account
from plimsoll.client.reader import Reader, reason
from plimsoll.deploy.ape_chain import send
from plimsoll.deploy.parameters import ParameterError
from plimsoll.deploy.protocol import DeployError
from plimsoll.deploy.record import Deployment, RecordError

DEPLOYMENTS = Path("deployments")

# Scripts tell what happens in their own words, and ape-foundry would show a trace of every revert.
logger.set_level("ERROR")
Trace.show = lambda *_, **__: None  # type: ignore[method-assign]

T = TypeVar("T")

# what says itself what is wrong
PLAIN = (
    *(ParameterError, RecordError, DeployError),
    *(ApeException, Web3Exception, RequestException, EncodingError),
)


def _account(_: click.Context, __: click.Parameter, value: str) -> Any:
    """The sender: a number is a well-known test account, anything else an alias in Ape."""
    try:
        if value.isdigit():
            return ape.accounts.test_accounts[int(value)]
        return ape.accounts.load(value)
    except (ApeException, IndexError, KeyError):
        raise click.BadParameter(
            f"{value!r} is no test account's number and no alias (see `ape accounts list`)"
        ) from None


account_option = click.option(
    "--account",
    default="0",
    callback=_account,
    help="Who sends: the number of a test account, or an alias of `ape accounts`.  [default: 0]",
)


REFUSALS = (ContractLogicError, Web3LogicError)


def refusal(error: Exception) -> str:
    """Why a contract refused something, whoever asked it."""
    if isinstance(error, Web3LogicError):
        return reason(error)
    return str(getattr(error, "revert_message", None) or error)


class NetworkCommand(ConnectedProviderCommand):  # type: ignore[misc]
    """On a connected network; one clear line for what the user can mend."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except REFUSALS as error:
            raise click.ClickException(f"refused: {refusal(error)}") from error
        except PLAIN as error:
            raise click.ClickException(str(error)) from error


@contextmanager
def hinting(hint: Callable[[], str], *reasons: str) -> Iterator[None]:
    """Says what would be possible, where a contract refuses something for one of these reasons."""
    try:
        yield
    except REFUSALS as error:
        why = refusal(error)
        more = f"; {hint()}" if why in reasons else ""
        raise click.ClickException(f"refused: {why}{more}") from error


class Trouble:
    """What was wrong, while the rest went on."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def add(self, complaint: str) -> None:
        self.complaints.append(complaint)

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Of something that contracts may refuse."""
        try:
            yield
        except REFUSALS as error:
            self.add(f"{what} refused: {refusal(error)}")

    def tell(self) -> None:
        """At the end, as a failure."""
        if self.complaints:
            raise click.ClickException("; ".join(self.complaints))


def on_development_node() -> bool:
    """Whether nothing on this chain is worth anything."""
    return str(ape.chain.provider.client_version).lower().startswith(("anvil", "hardhat"))


def deployment_path() -> Path:
    """The deployment file of the connected network."""
    network = ape.networks.active_provider.network.name
    name = f"chain-{ape.chain.chain_id}" if network == "custom" else network
    return DEPLOYMENTS / f"{name}.json"


class Session:
    """The protocol of a deployment file, and whoever acts."""

    def __init__(self, path: Path | None, account: Any = None) -> None:
        self.path = path or deployment_path()
        self.record = Deployment.load(self.path)
        if self.record.chain_id != ape.chain.chain_id:
            raise RecordError(
                f"{self.path} is of chain {self.record.chain_id}, this is {ape.chain.chain_id}"
            )
        if not ape.chain.provider.get_code(self.record.address("registry")):
            raise RecordError(f"{self.path}: nothing is there; deploy first")
        self.account = account

    def __getattr__(self, key: str) -> Any:
        """A contract by its key in the deployment file: vault, orders, liquidator ..."""
        address, abi = self.record.address(key), self.record.abi(key)
        contract = self.__dict__[key] = ape.Contract(address, abi=abi, fetch_from_explorer=False)
        return contract

    def send(self, function: Any, *args: Any) -> Any:
        """A transaction from whoever acts; its receipt."""
        return send(function, *args, sender=self.account)

    @cached_property
    def lens(self) -> Reader:
        return self.reader("lens")

    @cached_property
    def risk_lens(self) -> Reader:
        return self.reader("risk_lens")

    def reader(self, key: str) -> Reader:
        """A contract to read from, with structs that Ape would tell as lists."""
        return Reader(ape.chain.provider.web3, self.record, key)

    def token(self, symbol: str) -> Any:
        """A token by its symbol."""
        address = self.record.tokens.get(symbol)
        if address is None:
            raise click.BadParameter(f"{symbol} is none of {', '.join(self.record.tokens)}")
        return ape.Contract(address, abi=self.record.abis["Token"], fetch_from_explorer=False)

    @property
    def underlyings(self) -> dict[str, int]:
        """Ids by symbol."""
        return self.record.underlyings

    def underlying(self, symbol: str) -> int:
        """The id of a symbol."""
        if symbol not in self.underlyings:
            raise click.BadParameter(f"{symbol} is none of {', '.join(self.underlyings)}")
        return self.underlyings[symbol]

    @property
    def symbols(self) -> dict[int, str]:
        """Of underlyings, by id."""
        return self.record.symbols

    def account_id(self, text: str) -> int:
        """OWNER/NUMBER, or a NUMBER of whoever acts."""
        owner = None if self.account is None else self.account.address
        return checked(parse_account, text, owner)


def checked(parse: Callable[..., T], *args: Any) -> T:
    """What is parsed, or a clear error."""
    try:
        return parse(*args)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


deployment_option = click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    help="Deployment file; deployments/<network>.json if not given.",
)
