"""The keeper as a process: watches every account and liquidates those that are short.

    python bots/keeper.py --deployment deployments/local.json --rpc URL --account 5

It stops cleanly on SIGTERM and SIGINT. A keyfile's password is taken from PLIMSOLL_PASSWORD, or
asked for. The keeper's own account (--to) takes the slices and needs the capital for them.
"""

import os
import signal
from getpass import getpass
from pathlib import Path
from threading import Event

import click
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.exceptions import ValidationError
from requests import Request
from requests.exceptions import RequestException

from plimsoll.client.amounts import parse_amount
from plimsoll.client.gas import MOST_GAS
from plimsoll.deploy.record import Deployment, RecordError
from plimsoll.keeper.start import StartError, keeper

MNEMONIC = "test test test test test test test test test test test junk"


def _key(_: click.Context, __: click.Parameter, value: str) -> LocalAccount:
    """A number is a test account that every development node knows, else a keyfile."""
    try:
        if value.isdigit():
            Account.enable_unaudited_hdwallet_features()
            return Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{value}")
        content = Path(value).read_text()
        password = os.environ.get("PLIMSOLL_PASSWORD") or getpass(f"password of {value}: ")
        return Account.from_key(Account.decrypt(content, password))
    except OSError as error:
        raise click.BadParameter(f"{value}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        why = "wrong password" if str(error) == "MAC mismatch" else error
        raise click.BadParameter(f"{value}: {why}") from None


def _wad(_: click.Context, __: click.Parameter, value: str) -> int:
    try:
        amount = parse_amount(value, 18)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if amount < 0:
        raise click.BadParameter(f"{value} is less than 0")
    return amount


def _url(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        url = Request("POST", value).prepare().url or ""
    except RequestException:
        url = ""
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f"{value!r} is no http or https URL")
    return value


def _seconds(_: click.Context, __: click.Parameter, value: float) -> float:
    if not 0.01 <= value <= 3_600:  # which a range would not say of nan
        raise click.BadParameter(f"{value} is not within 0.01 .. 3,600")
    return value


@click.command()
@click.option("--deployment", type=click.Path(path_type=Path), required=True)
@click.option("--rpc", required=True, callback=_url, help="URL of a node.")
@click.option(
    "--account",
    "key",
    required=True,
    callback=_key,
    help="Keyfile, or the number of a well-known test account.",
)
@click.option(
    "--to",
    "number",
    type=click.IntRange(0, 2**96 - 1),
    default=0,
    show_default=True,
    help="Sub-account that takes slices.",
)
@click.option(
    "--minimum",
    default="1",
    show_default=True,
    callback=_wad,
    help="Least reward beyond the cost of gas, in quote.",
)
@click.option("--native", default="ETH", show_default=True, help="Underlying in which gas is paid.")
@click.option(
    "--interval",
    type=float,
    callback=_seconds,
    default=1.0,
    show_default=True,
    help="Seconds between looks.",
)
@click.option(
    "--patience",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Blocks until a fee is raised.",
)
@click.option(
    "--gas-cap",
    "most",
    type=click.IntRange(min=500_000),
    default=MOST_GAS,
    show_default=True,
    help="Gas that a transaction may use.",
)
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    help="JSON file of signed prices and smiles to bring.",
)
@click.option(
    "--upkeep",
    is_flag=True,
    help="Also roll prices in the half hour before an expiry, and settle who held what expired.",
)
def main(deployment: Path, rpc: str, interval: float, **options) -> None:
    """Liquidate accounts that are short of maintenance margin."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        bot = keeper(Deployment.load(deployment), rpc, stop=stop, interval=interval, **options)
    except (RecordError, StartError) as error:
        raise click.ClickException(str(error)) from None
    if bot is not None:
        bot.run(stop, interval)
    click.echo("stopped")


if __name__ == "__main__":
    main()
