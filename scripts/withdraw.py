"""Withdraws tokens from a margin account.

ape run withdraw 1000 --token USDC --account 1 --network http://127.0.0.1:8546
ape run withdraw all --token WBTC --from 2 --to 0x... --account me
"""

from pathlib import Path

import click

from plimsoll.client.amounts import (
    owner,
    parse_address,
    parse_amount,
    show_account,
    show_amount,
    show_exact,
    show_quote,
)
from plimsoll.client.session import (
    NetworkCommand,
    Session,
    account_option,
    checked,
    deployment_option,
    hinting,
)
from plimsoll.spec.market import OPEN
from plimsoll.spec.wad import MAX

ALL = "all"
# why less may be withdrawn
TOO_MUCH = tuple(
    f"vault: {why}" for why in ("margin", "balance", "no liquidity", "utilisation", "zero amount")
)


@click.command(cls=NetworkCommand)
@click.argument("amount")
@account_option
@deployment_option
@click.option("--token", default="USDC", show_default=True, help="Symbol.")
@click.option(
    "--from", "source", default="0", show_default=True, help="Account: NUMBER or OWNER/NUMBER."
)
@click.option("--to", help="Address that receives them; the account's owner if not given.")
def cli(
    amount: str, account, deployment: Path | None, token: str, source: str, to: str | None
) -> None:
    """Withdraw AMOUNT tokens, or `all` that the account has.

    More of the quote token than it has is borrowed, as far as its margin allows. An operator may
    withdraw to the owner only.
    """
    session = Session(deployment, account)
    contract = session.token(token)
    number = session.account_id(source)
    receiver = checked(parse_address, to) if to else owner(number)
    decimals = contract.decimals()
    units = MAX if amount == ALL else checked(parse_amount, amount, decimals)
    if units <= 0:
        raise click.BadParameter(f"{amount} is nothing to withdraw")

    def most() -> str:
        available = session.lens.available(number, contract.address)
        old = session.lens.summary(number).margin.validity < OPEN
        return (
            f"{show_exact(available, decimals)} {token} can be withdrawn"
            f"{', as prices are old or in alarm' if old else ''}"
        )

    with hinting(most, *TOO_MUCH):
        receipt = session.send(session.vault.withdraw, number, contract, units, receiver)
    [event] = session.reader("vault").events("Withdraw", receipt.txn_hash)
    paid = show_amount(event["amount"], decimals, min(decimals, 4))
    click.echo(f"{paid} {token} of {show_account(number, short=False)} ", nl=False)
    click.echo(f"are with {receiver}, {receipt.gas_used:,} gas")
    if (cash := session.reader("vault").book_of(number).cash) < 0:
        click.echo(f"the account owes {show_quote(-cash)}, which bears interest")
