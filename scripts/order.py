"""Signs orders and matches them.

ape run order approve 50000 --account 1                # let the order book trade, up to a loss
ape run order sign sell 2 BTC 60000 --account 2 > maker.json
ape run order sign buy 2 BTC 60000 --account 1 > taker.json
ape run order sign sell 5 BTC-27DEC26-60000-C BTC-27DEC26-70000-C:-1 1500 --account 2
ape run order match taker.json maker.json --account 3  # anyone may
"""

import json
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path

import ape
import click

from plimsoll.client.amounts import (
    SIZE_DECIMALS,
    WAD_DECIMALS,
    parse_amount,
    show_account,
    show_amount,
    show_quote,
)
from plimsoll.client.instruments import parse_instrument, show_instrument
from plimsoll.client.orders import Domain, Leg, Order, SignedOrder, fit
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    account_option,
    checked,
    deployment_option,
    hinting,
)
from plimsoll.spec.orders import TICK

PRICE_DECIMALS = 10  # of an order's limit


@click.group()
def cli() -> None:
    """Approve the order book, sign orders, match them."""


@cli.command(cls=NetworkCommand)
@click.argument("limit")
@account_option
@deployment_option
@click.option("--for", "number", default="0", show_default=True, help="Sub-account.")
def approve(limit: str, account, deployment: Path | None, number: str) -> None:
    """Let the order book trade for an account, up to a LIMIT of loss against mark a day."""
    session = Session(deployment, account)
    wad = checked(parse_amount, limit, WAD_DECIMALS)
    session.send(session.vault.set_venue, session.account_id(number), session.orders, wad)
    click.echo(f"the order book may lose {show_quote(wad)} a day against mark")


# prices and ratios may be negative, which is not to be read as an option
@cli.command(cls=NetworkCommand, context_settings={"ignore_unknown_options": True})
@click.argument("side", type=click.Choice(["buy", "sell"]))
@click.argument("size")
@click.argument("legs", nargs=-1, required=True)
@click.argument("price")
@account_option
@deployment_option
@click.option("--for", "number", default="0", show_default=True, help="Account.")
@click.option(
    "--seconds",
    type=click.IntRange(min=0),
    default=3_600,
    show_default=True,
    help="How long it is good.",
)
@click.option("--reduce-only", is_flag=True)
@click.option("--post-only", is_flag=True)
def sign(
    side: str,
    size: str,
    legs: tuple[str, ...],
    price: str,
    account,
    deployment: Path | None,
    number: str,
    seconds: int,
    reduce_only: bool,
    post_only: bool,
) -> None:
    """Sign an order to buy or sell SIZE of LEGS at PRICE or better, and print it as JSON.

    A leg is BTC (the perpetual), BTC-27DEC26 or BTC-27DEC26-60000-C. Several are filled together
    or not at all, at one net price, each with its RATIO if that is not 1: who buys
    BTC-27DEC26-60000-C BTC-27DEC26-70000-C:-1 buys the one and sells the other, for PRICE or less;
    a negative PRICE is received.
    """
    session = Session(deployment, account)
    units = checked(parse_amount, size, SIZE_DECIMALS)
    if units <= 0:
        raise click.BadParameter(f"{size} is no size to trade")
    parts = tuple(checked(_leg, leg, session.underlyings) for leg in legs)
    order = Order(
        account=session.account_id(number),
        legs=parts,
        size=units if side == "buy" else -units,
        price=checked(parse_amount, price, PRICE_DECIMALS) * TICK,
        expiry=ape.chain.pending_timestamp + seconds,
        reduce_only=reduce_only,
        post_only=post_only,
    )
    checked(order.check)
    for text, leg in zip(legs, parts, strict=True):
        if session.registry.size_limit(leg.instrument) == 0:
            raise click.BadParameter(f"{text} is not listed, or has expired")
    signature = account.sign_message(_domain(session).signable(order))
    if signature is None:
        raise click.ClickException("not signed")
    click.echo(SignedOrder(order, account.address, signature.encode_rsv()).to_json())


@cli.command(cls=NetworkCommand)
@click.argument("taker", type=click.Path(path_type=Path))
@click.argument("makers", type=click.Path(path_type=Path), nargs=-1, required=True)
@account_option
@deployment_option
def match(taker: Path, makers: tuple[Path, ...], account, deployment: Path | None) -> None:
    """Match a TAKER's order with MAKERS', in the given sequence, as far as they go."""
    session = Session(deployment, account)
    orders = [_read(path) for path in (taker, *makers)]
    digests = [_domain(session).digest(signed.order) for signed in orders]
    left = [_left(session, *item) for item in zip(orders, digests, strict=True)]
    sizes = fit([signed.order for signed in orders], left)
    if not any(sizes):
        void = [str(path) for path, units in zip((taker, *makers), left, strict=True) if not units]
        over = f"; filled, cancelled or expired: {', '.join(void)}" if void else ""
        raise click.ClickException(f"nothing is left of these orders that fits together{over}")
    used = [(signed, size) for signed, size in zip(orders, sizes, strict=True) if size > 0]

    def who() -> str:
        accounts = dict.fromkeys(signed.order.account for signed, _ in used)
        told = " and ".join(show_account(account, short=False) for account in accounts)
        return f"`ape run account` tells what is asked of {told}"

    with hinting(who, "vault: margin"):
        receipt = session.send(
            session.orders.match,
            [astuple(signed) for signed, _ in used],
            [size for _, size in used],
        )
    names = {
        digest: _show_legs(signed.order, session.symbols)
        for digest, signed in zip(digests, orders, strict=True)
    }
    for event in receipt.events.filter(session.orders.Filled):
        click.echo(
            f"{show_account(event.account)} trades {show_amount(event.size, SIZE_DECIMALS, 4)} "
            f"{names[bytes(event.digest)]} at {show_quote(event.price)}, "
            f"fee {show_quote(event.fee)}"
        )
    click.echo(f"{receipt.gas_used:,} gas")


def _domain(session: Session) -> Domain:
    return Domain(session.record.chain_id, session.record.address("orders"))


def _leg(text: str, underlyings: Mapping[str, int]) -> Leg:
    """NAME or NAME:RATIO."""
    name, colon, ratio = text.partition(":")
    return Leg(parse_instrument(name, underlyings), parse_amount(ratio, 0) if colon else 1)


def _show_legs(order: Order, symbols: Mapping[int, str]) -> str:
    return " ".join(
        show_instrument(leg.instrument, symbols) + (f":{leg.ratio}" if leg.ratio != 1 else "")
        for leg in order.legs
    )


def _read(path: Path) -> SignedOrder:
    try:
        return SignedOrder.from_json(path.read_text())
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}") from None
    except (json.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        raise click.BadParameter(f"{path}: not a signed order") from None


def _left(session: Session, signed: SignedOrder, digest: bytes) -> int:
    """What can still be filled of an order: of one that is void or has expired, nothing."""
    order, book = signed.order, session.orders
    void = book.cancelled(digest) or order.salt < book.nonces(order.account)
    if void or ape.chain.pending_timestamp > order.expiry:
        return 0
    return abs(order.size) - book.filled(digest)
