"""Shows an account: what it holds, what it is worth, what it must keep, and why.

ape run account 0 --account 1 --network http://127.0.0.1:8546
"""

from pathlib import Path

import click
from ape.cli import ConnectedProviderCommand
from rich.console import Console

from plimsoll.client.session import Session, account_option, deployment_option, plain_errors
from plimsoll.client.tables import Names, View, account_view, levels_view


@click.command(cls=ConnectedProviderCommand)
@click.argument("margin_account", metavar="ACCOUNT")
@account_option
@deployment_option
@plain_errors
def cli(margin_account: str, account, deployment: Path | None) -> None:
    """Show ACCOUNT, a NUMBER of the sender or OWNER/NUMBER."""
    session = Session(deployment, account)
    names = Names.of(session.record)
    number = session.account_id(margin_account)
    console = Console()
    console.print(account_view(View.of(session.lens, session.risk_lens, number), names))
    console.print("", levels_view(session.lens.at_levels(number)))
