"""Fixes what an expiry settles at that lacked young prices in its last half hour; the governor.

ape run fix BTC 25DEC26 57_000.5 --account governor
"""

from pathlib import Path

import ape
import click

from plimsoll.client.amounts import parse_amount, show_quote
from plimsoll.client.instruments import parse_expiry, show_expiry
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    account_option,
    checked,
    deployment_option,
)
from plimsoll.spec.market import HOUR, SETTLEMENT_UNIT

PRICE_DECIMALS = 10
FAR = 2  # from the index: rather a slip of the hand than a price


@click.command(cls=NetworkCommand)
@click.argument("symbol", metavar="UNDERLYING")
@click.argument("expiry")
@click.argument("price")
@account_option
@deployment_option
@click.option("--far", is_flag=True, help="Even if it is below half the index, or above twice.")
def cli(symbol: str, expiry: str, price: str, account, deployment: Path | None, far: bool) -> None:
    """Fix the PRICE at which an EXPIRY like 25DEC26 of an UNDERLYING settles, once and for all.

    An hour after the expiry at the earliest, and only where no price was found by itself.
    """
    session = Session(deployment, account)
    underlying = session.underlying(symbol)
    time = checked(parse_expiry, expiry)
    wad = checked(parse_amount, price, PRICE_DECIMALS) * SETTLEMENT_UNIT
    market = session.reader("market")
    known = market.expiry_of(underlying, time)
    name = f"{symbol} {show_expiry(time)}"
    if known.fixed:
        raise click.ClickException(f"{name} settles at {show_quote(known.gathered)} already")
    if ape.chain.pending_timestamp < time + HOUR:
        raise click.ClickException(f"{name} can be fixed from {show_expiry(time + HOUR)} UTC on")
    index = market.peek(underlying).index
    if not far and not index <= wad * FAR <= index * FAR**2:
        raise click.BadParameter(
            f"{show_quote(wad)} is far from the index, {show_quote(index)}: --far if it is meant"
        )
    receipt = session.send(session.market.fix, underlying, time, wad)
    click.echo(f"{name} settles at {show_quote(wad)}, {receipt.gas_used:,} gas")
