"""Tells a price through the mock that stands in for a source; on local chains.

ape run price BTC 57_000 --network http://127.0.0.1:8546
"""

from pathlib import Path

import click

from plimsoll.client.amounts import parse_amount, show_amount
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    account_option,
    checked,
    deployment_option,
)
from plimsoll.deploy.parameters import MOCK_DECIMALS


@click.command(cls=NetworkCommand)
@click.argument("symbol", metavar="UNDERLYING")
@click.argument("price")
@account_option
@deployment_option
def cli(symbol: str, price: str, account, deployment: Path | None) -> None:
    """Set the PRICE of an UNDERLYING whose source is a mock, as of now."""
    session = Session(deployment, account)
    session.underlying(symbol)
    key = f"aggregator:{symbol}"
    if key not in session.record.contracts:
        raise click.BadParameter(f"the price of {symbol} is no mock's")
    units = checked(parse_amount, price, MOCK_DECIMALS)
    if units <= 0:
        raise click.BadParameter(f"{price} is no price")
    session.send(getattr(session, key).set_answer, units)
    click.echo(f"{symbol} is at {show_amount(units, MOCK_DECIMALS)}")
