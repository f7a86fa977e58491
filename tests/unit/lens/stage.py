"""Both lenses on an engine, and on a vault, a market and a surface that tell what they are told."""

from dataclasses import asdict, replace
from typing import Any

from plimsoll.spec.interest import Pool, Rates
from plimsoll.spec.ledger import Account, Ledger, Listing
from plimsoll.spec.margin import Book, Factors, RiskModel, Surface
from plimsoll.spec.market import Market
from plimsoll.spec.wad import MAX
from plimsoll.spec.words import pack_account
from tests.harness import Account as Sender
from tests.harness import Project

VAULT = """
# pragma version 0.4.3
from interfaces import IMarginEngine
from interfaces import IMarginVault

registry: public(address)
market: public(address)
quote: public(address)
unlocked: public(bool)
pool: public(IMarginVault.Pool)
words: public(HashMap[uint256, uint256])
_books: HashMap[uint256, IMarginEngine.Book]
_moods: HashMap[uint256, uint256]


@deploy
def __init__(registry: address, market: address, quote: address):
    self.registry = registry
    self.market = market
    self.quote = quote


@external
def set_book(account: uint256, word: uint256, book: IMarginEngine.Book):
    self.words[account] = word
    self._books[account] = book


@external
def set_pool(pool: IMarginVault.Pool):
    self.pool = pool


@external
def set_mood(account: uint256, mood: uint256):
    # 0: answers, 1: reverts, 2: burns all gas it gets
    self._moods[account] = mood


@external
@view
def book_of(account: uint256) -> IMarginEngine.Book:
    assert self._moods[account] != 1, "stub: broken"
    assert self._moods[account] != 2, UNREACHABLE
    return self._books[account]
"""


class Stage:
    def __init__(self, project: Project, governor: Sender, decimals: int) -> None:
        self.governor = governor
        self.chain = project.chain
        self.decimals = decimals  # of the quote token
        self.quote = project.Token.deploy("Dollar", "USD", decimals, sender=governor)
        self.registry = project.Registry.deploy(
            governor, governor, governor, self.quote, sender=governor
        )
        self.market = project.MarketStub.deploy(sender=governor)
        pricer = project.Pricer.deploy(sender=governor)
        self.surface = project.SurfaceStub.deploy(
            self.registry, self.market, pricer, sender=governor
        )
        self.engine = project.MarginEngine.deploy(
            self.registry, self.market, self.surface, sender=governor
        )
        self.engine.set_factors(asdict(Factors()), sender=governor)
        self.registry.set_engine(self.engine, sender=governor)
        self.tokens = [project.Token.deploy("", "", 18, sender=governor) for _ in range(32)]
        for token in self.tokens:
            self.registry.list_asset(token, 0, sender=governor)
        self.vault = project.inline(VAULT, "VaultStub").deploy(
            self.registry, self.market, self.quote, sender=governor
        )
        self.risk = project.RiskLens.deploy(self.vault, sender=governor)
        self.lens = project.Lens.deploy(self.vault, self.risk, sender=governor)

    def set(
        self, model: RiskModel, markets: dict[int, Market], surface: Surface | None = None
    ) -> None:
        """Parameters, prices and values of options."""
        governor = self.governor
        for underlying, market in markets.items():
            self.market.set_market(underlying, market, sender=governor)
        if surface is not None:
            for (underlying, expiry), forward in surface.forwards.items():
                self.market.set_forward(underlying, expiry, forward, sender=governor)
            for underlying, grid in surface.grids.items():
                epoch = (grid.reference, grid.span, grid.bound, surface.now, 1, grid.lift)
                self.surface.put_epoch(underlying, epoch, sender=governor)
            keys, words = list(surface.words), list(surface.words.values())
            self.surface.put_words(keys, words, 1, sender=governor)
        for underlying, params in model.underlyings.items():
            self.engine.set_underlying(underlying, asdict(params), sender=governor)
        for asset, terms in model.assets.items():
            self.engine.set_asset(asset, asdict(terms), sender=governor)
        self.engine.set_factors(asdict(model.factors), sender=governor)

    def put(
        self, account: int, book: Book, model: RiskModel, markets: dict[int, Market], tokens: int
    ) -> Ledger:
        """A book in the vault, beside others' cash, and the same in a ledger of the spec.

        `tokens` is what others' deposits and the vault have left, WAD.
        """
        now = self.chain.timestamp
        pool = Pool(tokens=tokens, time=now)
        pool = replace(pool, supply=max(book.cash, 0) + tokens, borrow=max(-book.cash, 0))
        pool = replace(pool, basis=pool.surplus)  # the law of the ledger
        bitmap = sum(1 << holding.asset for holding in book.collateral)
        word = pack_account(book.cash, book.basis, bitmap, len(book.positions), book.level)
        self.vault.set_pool(pool, sender=self.governor)
        self.vault.set_book(account, word, chain_book(book), sender=self.governor)

        caps = {holding.asset: MAX for holding in book.collateral}
        ledger = Ledger(Listing(self.decimals, caps), model, Rates(0, 0, 0, 1), now)
        ledger.pool, ledger.markets = pool, markets
        ledger.totals = {holding.asset: holding.total for holding in book.collateral}
        ledger.accounts[account] = Account(
            book.cash,
            book.basis,
            book.level,
            book.positions,
            {holding.asset: holding.amount for holding in book.collateral},
        )
        return ledger


def chain_book(book: Book) -> dict[str, Any]:
    """A book as the contracts take it."""
    return {
        "level": book.level,
        "cash": book.cash,
        "basis": book.basis,
        "positions": list(book.positions),
        "collateral": [asdict(holding) for holding in book.collateral],
    }
