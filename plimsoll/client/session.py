"""What the scripts share: options, and the deployed protocol on Ape's connected network."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ape
import click
from ape.exceptions import ApeException, ContractLogicError
from ape.logging import logger
from ape_ethereum.trace import Trace

from plimsoll.deploy.parameters import ParameterError
from plimsoll.deploy.protocol import DeployError
from plimsoll.deploy.record import RecordError

DEPLOYMENTS = Path("deployments")


def quiet() -> None:
    """Scripts tell what happens in their own words; ape-foundry shows a trace of every revert."""
    logger.set_level("ERROR")
    Trace.show = lambda *_, **__: None  # type: ignore[method-assign]


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


def plain_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """One clear line for what the user can mend."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ContractLogicError as error:
            raise click.ClickException(f"refused: {error.revert_message or error}") from error
        except (ParameterError, RecordError, DeployError, ApeException) as error:
            raise click.ClickException(str(error)) from error

    return guarded


def deployment_path() -> Path:
    """The deployment file of the connected network."""
    network = ape.networks.active_provider.network.name
    name = f"chain-{ape.chain.chain_id}" if network == "custom" else network
    return DEPLOYMENTS / f"{name}.json"
