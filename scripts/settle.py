"""Settles what accounts hold that has expired: anyone may, whoever holds it is paid, or pays.

ape run settle 0 --account 1 --network http://127.0.0.1:8546
ape run settle OWNER/0 OWNER/1 --account anyone
ape run settle --all --account anyone
"""

from pathlib import Path
from typing import NamedTuple

import ape
import click
from rich.console import Console

from plimsoll.client.amounts import show_account
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    Trouble,
    account_option,
    deployment_option,
)
from plimsoll.client.settlement import Expiry, expired, show_unknown, unknown
from plimsoll.client.tables import grid, signed
from plimsoll.keeper.index import AccountIndex


class Settled(NamedTuple):
    account: int
    positions: int  # that are gone
    paid: int  # WAD, with profits of what is live
    gas: int


@click.command(cls=NetworkCommand)
@click.argument("margin_accounts", metavar="[ACCOUNT]...", nargs=-1)
@account_option
@deployment_option
@click.option("--all", "everybody", is_flag=True, help="Whoever holds something that has expired.")
def cli(margin_accounts: tuple[str, ...], account, deployment: Path | None, everybody: bool):
    """Settle what each ACCOUNT, a NUMBER of the sender or OWNER/NUMBER, holds that has expired."""
    if everybody == bool(margin_accounts):
        raise click.UsageError("name accounts, or --all")
    session = Session(deployment, account)
    console, trouble = Console(), Trouble()
    with console.status("settling") as status:
        accounts = [session.account_id(text) for text in margin_accounts] or _holders(session)
        settled, waiting = [], set()
        for number in dict.fromkeys(accounts):
            name = show_account(number, short=False)
            status.update(f"settling {name}")
            with trouble.of(name):
                over, late = _expired(session, number)
                if over - late:
                    settled.append(_settle(session, number))
                    late = _expired(session, number)[1]  # which only now may be known
                waiting |= late
    if settled:
        table = grid("account", "positions", "paid", "gas")
        for item in settled:
            owner = show_account(item.account, short=False)
            table.add_row(owner, str(item.positions), signed(item.paid), f"{item.gas:,}")
        console.print(table)
    elif not waiting and not trouble.complaints:
        click.echo("nothing has expired")
    for item in sorted(waiting):
        trouble.add(show_unknown(item, session.symbols))
    trouble.tell()


def _holders(session: Session) -> list[int]:
    web3 = ape.chain.provider.web3
    index = AccountIndex(web3, session.reader("vault"), session.record.block)
    index.update(web3.eth.block_number)
    return index.holders()


def _expired(session: Session, account: int) -> tuple[set[Expiry], set[Expiry]]:
    """What has, and what of that waits for the governor."""
    words = session.reader("vault").book_of(account).positions
    over = expired(words, ape.chain.pending_timestamp)
    return over, unknown(session.reader("market"), over)


def _settle(session: Session, account: int) -> Settled:
    vault = session.reader("vault")
    before = len(vault.book_of(account).positions)
    receipt = session.send(session.vault.settle, account)
    paid = sum(event["profit"] for event in vault.events("Settle", receipt.txn_hash))
    left = len(vault.book_of(account).positions)
    return Settled(account, before - left, paid, receipt.gas_used)
