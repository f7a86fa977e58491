"""What must hold when it is over, computed from the chain's own words."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll.client.reader import Reader
from plimsoll.client.tables import Names
from plimsoll.spec.wad import RAY, SIZE, WAD, ceil_div
from plimsoll.spec.words import key_of, sizes_of, unpack_account

DUST = 10  # wei that one change of an account may leave behind


@dataclass(frozen=True)
class Check:
    law: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class Audit:
    checks: list[Check]
    bad_debt: int  # WAD
    short: int  # accounts that nobody would take

    @property
    def passed(self) -> bool:
        return all(check.holds for check in self.checks)


def audit(
    vault: Reader, lens: Reader, accounts: Sequence[int], changes: int, names: Names
) -> Audit:
    """Of all accounts that there are, after so many changes of any of them."""
    ledger, pool = lens.ledger(), vault.pool()
    words = [unpack_account(vault.words(account)) for account in accounts]
    books = [vault.book_of(account) for account in accounts]
    views = [lens.summary(account) for account in accounts]

    lent = sum(cash for cash, *_ in words if cash > 0)
    owed = sum(-cash for cash, *_ in words if cash < 0)
    basis = sum(word[1] for word in words)
    due = lent * pool.supply_index // RAY - ceil_div(owed * pool.borrow_index, RAY) + basis
    surplus = ledger.tokens - due
    checks = [
        Check(
            "tokens = cash - debts + unsettled profits, and some dust",
            0 <= surplus <= DUST * changes and surplus == ledger.surplus,
            f"{surplus:,} wei after {changes:,} changes",
        ),
        Check(
            "the sums that the vault keeps are the sums of its accounts",
            (pool.supply, pool.borrow, pool.basis) == (lent, owed, basis),
            f"{len(accounts)} accounts",
        ),
        Check(
            "the quote tokens are there",
            ledger.balance * 10 ** (18 - names.decimals[names.quote]) == ledger.tokens,
            f"{ledger.tokens / WAD:,.2f}",
        ),
    ]
    checks += [_collateral(item, books, names) for item in ledger.assets]
    checks.append(_zero_sum(books))
    checks.append(_worth(ledger, books, views, surplus, lens))
    bad_debt = sum(max(0, -view.margin.equity) for view in views)
    return Audit(checks, bad_debt, sum(view.health < 0 for view in views))


def _collateral(item: Any, books: Sequence[Any], names: Names) -> Check:
    name = names.assets[item.asset]
    held = sum(
        holding.amount
        for book in books
        for holding in book.collateral
        if holding.asset == item.asset
    )
    return Check(
        f"{name}: accounts' balances = what is accounted = what is there",
        held == item.accounted == item.balance,
        f"{held / 10 ** names.decimals[name]:,.4f}",
    )


def _zero_sum(books: Sequence[Any]) -> Check:
    sizes: dict[tuple[int, bool], int] = defaultdict(int)  # by key, of calls and of puts
    volume = 0
    for book in books:
        for word in book.positions:
            for put, size in enumerate(sizes_of(word)):
                sizes[key_of(word), bool(put)] += size
                volume += abs(size)
    return Check(
        "for every contract that is long one is short",
        not any(sizes.values()),
        f"{volume / SIZE:,.4f} in {len({key for key, _ in sizes})} instruments",
    )


def _worth(
    ledger: Any, books: Sequence[Any], views: Sequence[Any], surplus: int, lens: Reader
) -> Check:
    """Equity is made of tokens and collateral, and of nothing else; floors lose some wei each."""
    equity = sum(view.margin.equity for view in views)
    roundings = sum(2 + len(book.positions) + len(book.collateral) for book in books)
    value = sum(item.value for view in views for item in lens.account(view.account).collateral)
    gap = ledger.tokens + value - surplus - equity
    return Check(
        "what accounts are worth together is what is there",
        abs(gap) <= roundings,
        f"{equity / WAD:,.2f}, {gap:,} wei rounded",
    )
