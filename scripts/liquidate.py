"""Liquidates an account that is short of maintenance margin, by hand.

ape run liquidate OWNER/0 --account 5 --network http://127.0.0.1:8546
"""

from pathlib import Path

import click

from plimsoll.client.amounts import WAD_DECIMALS, parse_amount, show_quote, show_ratio
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    account_option,
    checked,
    deployment_option,
)
from plimsoll.spec.wad import BPS, WAD


@click.command(cls=NetworkCommand)
@click.argument("margin_account", metavar="ACCOUNT")
@account_option
@deployment_option
@click.option("--to", default="0", show_default=True, help="Account that takes the slice.")
@click.option("--at-most", default="100", show_default=True, help="Part to take, per cent.")
@click.option("--reward", default="0", show_default=True, help="Least reward, in quote.")
def cli(
    margin_account: str, account, deployment: Path | None, to: str, at_most: str, reward: str
) -> None:
    """Take a slice of ACCOUNT, OWNER/NUMBER, as large as its health needs."""
    session = Session(deployment, account)
    target = session.account_id(margin_account)
    fraction = checked(parse_amount, at_most, WAD_DECIMALS - 2)
    least = checked(parse_amount, reward, WAD_DECIMALS)
    receipt = session.send(
        session.liquidator.liquidate, target, session.account_id(to), fraction, least
    )
    [event] = session.reader("liquidator").events("Liquidated", receipt.txn_hash)
    terms = event["terms"]
    click.echo(
        f"took {show_ratio(terms['fraction'] * BPS // WAD)} for {show_quote(terms['payment'])}, "
        f"reward {show_quote(terms['reward'])}, {receipt.gas_used:,} gas"
    )
