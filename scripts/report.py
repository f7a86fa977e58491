"""Brings signed prices and smiles to their feeds, once; the keeper does it as they come.

ape run report reports.json --account 5
"""

from pathlib import Path

import ape
import click
from ape.cli import ConnectedProviderCommand

from plimsoll.client.session import Session, account_option, deployment_option, plain_errors
from plimsoll.keeper.reports import Reports


@click.command(cls=ConnectedProviderCommand)
@click.argument("file", type=click.Path(path_type=Path))
@account_option
@deployment_option
@plain_errors
def cli(file: Path, account, deployment: Path | None) -> None:
    """Bring what is new in FILE, in the form of the keeper's --reports. Anyone may."""
    session = Session(deployment, account)
    complaints: list[str] = []
    reports = Reports.of(ape.chain.provider.web3, session.record, file, complaints.append)
    for purpose, what, function in reports.errands():
        click.echo(f"{purpose} {what}")
        abi = function.contract_abi
        feed = ape.Contract(function.address, abi=abi, fetch_from_explorer=False)
        click.echo(f"{session.send(feed.report, *function.args).gas_used:,} gas")
    if complaints:
        raise click.ClickException(complaints[0])
