"""Brings signed prices and smiles to their feeds, once; the keeper does it as they come.

ape run report reports.json --account 5
"""

from pathlib import Path

import ape
import click

from plimsoll.client.session import (
    NetworkCommand,
    Session,
    Trouble,
    account_option,
    deployment_option,
)
from plimsoll.keeper.reports import Reports


@click.command(cls=NetworkCommand)
@click.argument("file", type=click.Path(path_type=Path))
@account_option
@deployment_option
def cli(file: Path, account, deployment: Path | None) -> None:
    """Bring what is new in FILE, in the form of the keeper's --reports. Anyone may."""
    session = Session(deployment, account)
    trouble = Trouble()
    reports = Reports.of(ape.chain.provider.web3, session.record, file, trouble.add)
    for purpose, what, function in reports.errands():
        with trouble.of(purpose):
            abi = function.contract_abi
            feed = ape.Contract(function.address, abi=abi, fetch_from_explorer=False)
            gas = session.send(feed.report, *function.args).gas_used
            click.echo(f"{purpose} {what}\n{gas:,} gas")
    trouble.tell()
