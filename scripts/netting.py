"""Chooses how much of an account's risk is netted.

ape run netting portfolio --account 1 --network http://127.0.0.1:8546
"""

from pathlib import Path

import click
from rich.console import Console

from plimsoll.client.amounts import show_account, show_quote
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    account_option,
    deployment_option,
    hinting,
)
from plimsoll.client.tables import LEVELS, levels_view


@click.command(cls=NetworkCommand)
@click.argument("level", type=click.Choice(LEVELS))
@account_option
@deployment_option
@click.option(
    "--for", "number", default="0", show_default=True, help="Account: NUMBER or OWNER/NUMBER."
)
def cli(level: str, account, deployment: Path | None, number: str) -> None:
    """Margin an account as isolated (by position), cross (by underlying) or portfolio."""
    session = Session(deployment, account)
    target = session.account_id(number)
    chosen = LEVELS.index(level)

    def needed() -> str:
        margin = session.lens.at_levels(target)[chosen]
        asked, equity = show_quote(margin.initial), show_quote(margin.equity)
        return f"{level} asks for {asked}, equity is {equity}"

    with hinting(needed, "vault: margin"):
        receipt = session.send(session.vault.set_netting, target, chosen)
    click.echo(f"{show_account(target, short=False)} has {level} margin, ", nl=False)
    click.echo(f"{receipt.gas_used:,} gas")
    Console().print(levels_view(session.lens.at_levels(target)))
