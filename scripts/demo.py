"""A demonstration: wallets trade on one margin account each, prices crash, a keeper liquidates.

make demo
make demo PRICES=DIR FROM=2020-03-01 TO=2020-03-20
"""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import ape
import click
import yaml
from ape_foundry.provider import FoundryProvider
from rich.console import Console

from plimsoll.client.session import NetworkCommand
from plimsoll.demo.play import Play
from plimsoll.demo.prices import PriceError, crash, replay
from plimsoll.demo.stage import StageError
from plimsoll.deploy.parameters import check

PARAMETERS = Path("parameters/local.yaml")
DAY = click.DateTime(["%Y-%m-%d"])

# Ape's anvil would keep the memory at every step of every transaction, which takes gigabytes.
build_command = FoundryProvider.build_command
FoundryProvider.build_command = lambda node: [
    option for option in build_command(node) if option != "--steps-tracing"
]


@click.command(cls=NetworkCommand)
@click.option("--prices", type=click.Path(path_type=Path), help="Directory of daily closes.")
@click.option("--from", "first", type=DAY, help="First day of them.")
@click.option("--to", "last", type=DAY, help="Last day of them.")
def cli(prices: Path | None, first: datetime | None, last: datetime | None) -> None:
    """Deploy, trade, crash, liquidate, audit."""
    content = yaml.safe_load(PARAMETERS.read_text())
    underlyings = content["underlyings"]
    if prices is None:
        if first or last:
            raise click.UsageError("--from and --to need --prices")
        moments = crash({name: float(item["feed"]["price"]) for name, item in underlyings.items()})
    else:
        days = [day.date() if day else None for day in (first, last)]
        try:
            moments = replay(prices, days[0], days[1], list(underlyings))
        except PriceError as error:
            raise click.ClickException(str(error)) from None
    for name, price in moments[0].prices.items():
        underlyings[name]["feed"]["price"] = price

    console = Console(width=None if Console().is_terminal else 100, highlight=False)
    with TemporaryDirectory() as folder:
        play = Play(console, check(content), Path(folder) / "deployment.json", moments)
        try:
            passed = play.run(ape.chain.provider.http_uri)
        except StageError as error:
            raise click.ClickException(str(error)) from None
    if not passed:
        raise click.ClickException("an invariant does not hold")
