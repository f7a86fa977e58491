"""Signs orders and matches them.

ape run order approve 50000 --account 1                # let the order book trade, up to a loss
ape run order sign sell 2 BTC 60000 --account 2 > maker.json
ape run order sign buy 2 BTC 60000 --account 1 > taker.json
ape run order match taker.json maker.json --account 3  # anyone may
"""

import json
from dataclasses import astuple
from pathlib import Path

import ape
import click
from ape.cli import ConnectedProviderCommand

from plimsoll.client.amounts import (
    SIZE_DECIMALS,
    WAD_DECIMALS,
    parse_amount,
    show_account,
    show_amount,
    show_quote,
)
from plimsoll.client.orders import Domain, Order, SignedOrder
from plimsoll.client.session import (
    Session,
    account_option,
    checked,
    deployment_option,
    plain_errors,
)
from plimsoll.spec.words import perpetual


@click.group()
def cli() -> None:
    """Approve the order book, sign orders, match them."""


@cli.command(cls=ConnectedProviderCommand)
@click.argument("limit")
@account_option
@deployment_option
@click.option("--for", "number", default="0", show_default=True, help="Sub-account.")
@plain_errors
def approve(limit: str, account, deployment: Path | None, number: str) -> None:
    """Let the order book trade for an account, up to a LIMIT of loss against mark a day."""
    session = Session(deployment, account)
    wad = checked(parse_amount, limit, WAD_DECIMALS)
    session.send(session.vault.set_venue, session.account_id(number), session.orders, wad)
    click.echo(f"the order book may lose {show_quote(wad)} a day against mark")


@cli.command(cls=ConnectedProviderCommand)
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("size")
@click.argument("symbol")
@click.argument("price")
@account_option
@deployment_option
@click.option("--for", "number", default="0", show_default=True, help="Account.")
@click.option("--seconds", default=3_600, show_default=True, help="How long it is good.")
@click.option("--reduce-only", is_flag=True)
@click.option("--post-only", is_flag=True)
@plain_errors
def sign(
    side: str,
    size: str,
    symbol: str,
    price: str,
    account,
    deployment: Path | None,
    number: str,
    seconds: int,
    reduce_only: bool,
    post_only: bool,
) -> None:
    """Sign an order to buy or sell SIZE perpetual contracts at PRICE, and print it as JSON."""
    session = Session(deployment, account)
    contracts = checked(parse_amount, size, SIZE_DECIMALS)
    if contracts <= 0:
        raise click.BadParameter(f"{size} is no size to trade")
    order = Order(
        account=session.account_id(number),
        instrument=perpetual(session.underlying(symbol)),
        size=contracts if side == "buy" else -contracts,
        price=checked(parse_amount, price, WAD_DECIMALS),
        expiry=ape.chain.pending_timestamp + seconds,
        reduce_only=reduce_only,
        post_only=post_only,
    )
    domain = Domain(session.record.chain_id, session.record.address("orders"))
    signature = account.sign_message(domain.signable(order))
    if signature is None:
        raise click.ClickException("not signed")
    click.echo(SignedOrder(order, account.address, signature.encode_rsv()).to_json())


@cli.command(cls=ConnectedProviderCommand)
@click.argument("taker", type=click.Path(path_type=Path))
@click.argument("makers", type=click.Path(path_type=Path), nargs=-1, required=True)
@account_option
@deployment_option
@plain_errors
def match(taker: Path, makers: tuple[Path, ...], account, deployment: Path | None) -> None:
    """Match a TAKER's order with MAKERS', in the given sequence, as far as they go."""
    session = Session(deployment, account)
    first, *others = [_read(path) for path in (taker, *makers)]
    open_sizes = [_open(session, signed.order) for signed in (first, *others)]
    left, sizes = open_sizes[0], []
    for size in open_sizes[1:]:
        sizes.append(min(left, size))
        left -= sizes[-1]
    used = [(signed, size) for signed, size in zip(others, sizes, strict=True) if size > 0]
    if not used:
        raise click.ClickException("nothing is left of these orders")
    receipt = session.send(
        session.orders.match,
        astuple(first),
        [astuple(signed) for signed, _ in used],
        [size for _, size in used],
    )
    for event in receipt.events.filter(session.orders.Filled):
        click.echo(
            f"{show_account(event.account)} trades {show_amount(event.size, SIZE_DECIMALS, 4)} "
            f"at {show_quote(event.price)}, fee {show_quote(event.fee)}"
        )
    click.echo(f"{receipt.gas_used:,} gas")


def _read(path: Path) -> SignedOrder:
    try:
        return SignedOrder.from_json(path.read_text())
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}") from None
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        raise click.BadParameter(f"{path}: not a signed order") from None


def _open(session: Session, order: Order) -> int:
    """What is not filled yet."""
    return abs(order.size) - session.orders.filled(session.orders.order_digest(order))
