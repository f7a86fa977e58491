"""Deposits tokens into a margin account.

ape run deposit 1000 --token USDC --account 1 --network http://127.0.0.1:8546
"""

from pathlib import Path

import click

from plimsoll.client.amounts import parse_amount, show_account, show_amount
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    account_option,
    checked,
    deployment_option,
    hinting,
)


@click.command(cls=NetworkCommand)
@click.argument("amount")
@account_option
@deployment_option
@click.option("--token", default="USDC", show_default=True, help="Symbol.")
@click.option("--to", default="0", show_default=True, help="Account: NUMBER or OWNER/NUMBER.")
@click.option("--mint", is_flag=True, help="Take the tokens out of a mock's faucet first.")
def cli(amount: str, account, deployment: Path | None, token: str, to: str, mint: bool) -> None:
    """Deposit AMOUNT tokens."""
    session = Session(deployment, account)
    contract, vault = session.token(token), session.vault
    target = session.account_id(to)
    decimals = contract.decimals()
    units = checked(parse_amount, amount, decimals)
    if units <= 0:
        raise click.BadParameter(f"{amount} is nothing to deposit")
    if mint:
        session.send(contract.mint, account, units)
    if (held := contract.balanceOf(account)) < units:
        raise click.ClickException(f"{account} has only {show_amount(held, decimals)} {token}")
    if contract.allowance(account, vault) < units:
        session.send(contract.approve, vault, units)
    with hinting(lambda: f"the feed of {token} has to tell a new one first", "registry: old price"):
        receipt = session.send(vault.deposit, target, contract, units)
    shown = show_amount(units, decimals, min(decimals, 4))
    click.echo(f"{shown} {token} are in {show_account(target, short=False)}, ", nl=False)
    click.echo(f"{receipt.gas_used:,} gas")
