"""Lists futures and options of an expiry, or posts a new smile for one; for the steward.

ape run list_expiry BTC 25DEC26 --volatility 60 --step 1000 --low 40000 --high 90000
ape run list_expiry BTC 25DEC26 --volatility 60 --skew -30        # only the future
ape run list_expiry BTC 25DEC26 --post --volatility 75 --ratio 1.002
"""

from dataclasses import asdict, replace
from pathlib import Path

import ape
import click
from rich.console import Console

from plimsoll.client.amounts import SIZE_DECIMALS, WAD_DECIMALS, parse_amount
from plimsoll.client.instruments import parse_expiry, show_expiry
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    account_option,
    checked,
    deployment_option,
)
from plimsoll.deploy.ape_chain import ApeChain
from plimsoll.deploy.expiries import Listing, list_expiry, series, smile_of
from plimsoll.deploy.report import table

PER_CENT = 100


@click.command(cls=NetworkCommand)
@click.argument("symbol", metavar="UNDERLYING")
@click.argument("expiry")
@account_option
@deployment_option
@click.option(
    "--volatility",
    type=click.FloatRange(5, 500),
    required=True,
    help="Of the year, at the forward, %.",
)
@click.option(
    "--skew",
    type=click.FloatRange(-100, 100, min_open=True, max_open=True),
    default=0.0,
    help="Negative: puts are dearer.",
)
@click.option(
    "--smile",
    type=click.FloatRange(0, 1_000),
    default=20.0,
    show_default=True,
    help="Slope of the wings, %.",
)
@click.option("--ratio", help="Of the forward to the index; 1, or what it is, if not given.")
@click.option("--step", default="0", help="Of strikes; 0: only the future.")
@click.option("--low", default="0", help="Lowest strike.")
@click.option("--high", default="0", help="Highest strike.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=5_000,
    show_default=True,
    help="Contracts of an account.",
)
@click.option("--post", is_flag=True, help="Only post the smile and the forward's ratio.")
def cli(
    symbol: str,
    expiry: str,
    account,
    deployment: Path | None,
    volatility: float,
    skew: float,
    smile: float,
    ratio: str | None,
    step: str,
    low: str,
    high: str,
    limit: int,
    post: bool,
) -> None:
    """List an EXPIRY like 25DEC26, at 08:00 UTC, or 25DEC26T1630, of an UNDERLYING.

    More than an hour and at most two years ahead.
    """
    session = Session(deployment, account)
    strikes = [checked(parse_amount, text, SIZE_DECIMALS) for text in (step, low, high)]
    listing = Listing(
        underlying=session.underlying(symbol),
        expiry=checked(parse_expiry, expiry),
        ratio=checked(parse_amount, ratio or "1", WAD_DECIMALS),
        smile=checked(smile_of, volatility / PER_CENT, skew / PER_CENT, smile / PER_CENT),
        series=series(*strikes, limit),
    )

    def now() -> int:
        return int(ape.chain.blocks.head.timestamp)

    if post:
        if ratio is None:
            known = session.reader("market").expiry_of(listing.underlying, listing.expiry)
            listing = replace(listing, ratio=known.ratio)
        session.send(
            session.surface.post,
            listing.underlying,
            listing.expiry,
            asdict(listing.smile),
            listing.ratio,
            now(),
        )
        click.echo(f"posted the smile of {symbol} {show_expiry(listing.expiry)}")
        return
    posted = session.surface.knows(listing.underlying, listing.expiry)
    findings = list(list_expiry(ApeChain(account), session.record, listing, now))
    Console().print(table(findings))
    if posted:
        click.echo("its smile and ratio were there before and stay: --post changes them")
    if wrong := sum(not finding.holds for finding in findings):
        raise click.ClickException(f"{wrong} of {len(findings)} facts do not hold")
