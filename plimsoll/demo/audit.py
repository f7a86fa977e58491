"""What must hold when it is over, computed from the chain's own words."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll.client.reader import Reader
from plimsoll.client.tables import Names
from plimsoll.spec.market import payoff
from plimsoll.spec.scan import LANE_UNIT
from plimsoll.spec.wad import RAY, SIZE, WAD, ceil_div
from plimsoll.spec.words import (
    expiry_of,
    key_of,
    sizes_of,
    strike_of,
    underlying_of,
    unpack_account,
)

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


@dataclass(frozen=True)
class Chain:
    """What the laws are about."""

    vault: Reader
    lens: Reader
    market: Reader
    surface: Reader
    names: Names


def payoffs(market: Reader, words: Iterable[int]) -> int:
    """What positions that are over have to be settled with, exactly, WAD."""
    total = 0
    for word in words:
        if not (expiry := expiry_of(word)):
            continue
        item = market.expiry_of(underlying_of(word), expiry)
        if item.fixed:
            total += payoff(word, item.gathered)
    return total // SIZE


def law(chain: Chain, accounts: Sequence[int], changes: int) -> tuple[Check, Check]:
    """The law of the ledger, and that its sums are those of its accounts, after so many changes of
    any of them.
    """
    ledger, pool = chain.lens.ledger(), chain.vault.pool()
    words = [unpack_account(chain.vault.words(account)) for account in accounts]
    lent = sum(cash for cash, *_ in words if cash > 0)
    owed = sum(-cash for cash, *_ in words if cash < 0)
    books = [chain.vault.book_of(account) for account in accounts]
    over = sum(payoffs(chain.market, book.positions) for book in books)
    basis = sum(word[1] for word in words) + over
    due = lent * pool.supply_index // RAY - ceil_div(owed * pool.borrow_index, RAY) + basis
    surplus = ledger.tokens - due
    return (
        Check(
            "tokens = cash - debts + unsettled profits and payoffs, and some dust",
            0 <= surplus <= DUST * changes and surplus == ledger.surplus,
            f"{surplus:,} wei after {changes:,} changes",
        ),
        Check(
            "the sums that the vault keeps are the sums of its accounts",
            (pool.supply, pool.borrow, pool.basis) == (lent, owed, basis),
            f"{len(accounts)} accounts",
        ),
    )


def audit(chain: Chain, accounts: Sequence[int], changes: int) -> Audit:
    """Of all accounts that there are."""
    ledger, names = chain.lens.ledger(), chain.names
    books = [chain.vault.book_of(account) for account in accounts]
    views = [chain.lens.summary(account) for account in accounts]
    checks = [
        *law(chain, accounts, changes),
        Check(
            "the quote tokens are there",
            ledger.balance * 10 ** (18 - names.decimals[names.quote]) == ledger.tokens,
            f"{ledger.tokens / WAD:,.2f}",
        ),
        *(_collateral(item, books, names) for item in ledger.assets),
        _zero_sum(books),
        _worth(chain, ledger, books, views),
    ]
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
                if size:
                    sizes[key_of(word), bool(put)] += size
                    volume += abs(size)
    return Check(
        "for every contract that is long one is short",
        not any(sizes.values()),
        f"{volume / SIZE:,.4f} in {len(sizes)} instruments",
    )


def _worth(chain: Chain, ledger: Any, books: Sequence[Any], views: Sequence[Any]) -> Check:
    """Equity is made of tokens and collateral, and of nothing else; floors lose some wei each, and
    an option that is short counts one unit of its lane more.
    """
    equity = sum(view.margin.equity for view in views)
    roundings = sum(2 + len(book.positions) + len(book.collateral) for book in books)
    value = sum(
        item.value for view in views for item in chain.lens.account(view.account).collateral
    )
    lanes = _lanes(chain, books)
    gap = ledger.tokens + value - ledger.surplus - equity - lanes
    return Check(
        "what accounts are worth together is what is there",
        abs(gap) <= roundings,
        f"{equity / WAD:,.2f} and {lanes / WAD:,.2f} in lanes, {gap:,} wei",
    )


def _lanes(chain: Chain, books: Sequence[Any]) -> int:
    """What shorts count for beyond what longs do: a unit of the epoch's grid a contract."""
    now = chain.vault.web3.eth.get_block("latest")["timestamp"]
    short: dict[int, int] = defaultdict(int)  # 1e-8 contracts, by underlying
    for book in books:
        for word in book.positions:
            if strike_of(word) and expiry_of(word) > now:
                short[underlying_of(word)] += max(0, -sum(sizes_of(word)))
    return sum(
        size * (epoch.reference << epoch.lift) // (LANE_UNIT * SIZE)
        for underlying, size in short.items()
        if (epoch := chain.surface.epoch(underlying))
    )
