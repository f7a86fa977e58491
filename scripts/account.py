"""Shows an account: what it holds, what it is worth, what it must keep, and why.

ape run account 0 --account 1 --network http://127.0.0.1:8546
"""

from pathlib import Path

import click
from rich.console import Console

from plimsoll.client.session import NetworkCommand, Session, account_option, deployment_option
from plimsoll.client.tables import Names, View, account_view, levels_view


@click.command(cls=NetworkCommand)
@click.argument("margin_account", metavar="ACCOUNT")
@account_option
@deployment_option
def cli(margin_account: str, account, deployment: Path | None) -> None:
    """Show ACCOUNT, a NUMBER of the sender or OWNER/NUMBER."""
    session = Session(deployment, account)
    names = Names.of(session.record)
    number = session.account_id(margin_account)
    console = Console()
    console.print(account_view(View.of(session.lens, session.risk_lens, number), names))
    console.print("", levels_view(session.lens.at_levels(number)))
