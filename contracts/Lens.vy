# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Lens
@license AGPL-3.0-only
@author Plimsoll contributors
@notice What wallets, keepers and dashboards read: many accounts at once, what one holds and what
        of it can be withdrawn, the law of the ledger, the markets. It changes nothing and no
        contract trusts it. Why a margin is what it is, RiskLens tells.

        health        equity - maintenance margin; below 0 the account may be liquidated
        ratio         equity / maintenance margin
        used          initial margin / equity
        available     the most of a token that the vault would let out now, if asked to
        below, above  the prices of an underlying next to the index at which health is below 0;
                      held as they are: all other prices, stable prices, cumulative funding, and
                      the ratio of mark to index

        Everything is told while prices are stale, too: `validity` says what they still serve for.

@dev It has no arithmetic of risk: what a position, a holding or an account without some of it is
     worth and needs, the engine tells of a book that has just that. What margins are at other
     prices RiskLens tells.

     Trusts nothing: it asks the vault for the market data and the registry, and the registry for
     the engine. It goes with the risk lens, when the engine is replaced by one of other modules.
@custom:kill Nothing to stop: it holds nothing and may do nothing.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from interfaces import ILens
from interfaces import IMarginEngine
from interfaces import IMarginVault
from interfaces import IMarketData
from interfaces import IRegistry
from interfaces import IRiskLens
from modules import account_word
from modules import doubts
from modules import instrument
from modules import interest
from modules import unlevered
from modules import wad

implements: ILens


interface IParts:
    def registry() -> address: view
    def market() -> address: view
    def quote() -> address: view


MAX_ACCOUNTS: constant(uint256) = 64
MAX_UNDERLYINGS: constant(uint256) = 64  # ids 1 .. 63
MAX_COLLATERALS: constant(uint256) = 16
MAX_ASSETS: constant(uint256) = 32
SUMMARY_SIZE: constant(uint256) = 12 * 32  # bytes of an encoded Summary

DUST: constant(int256) = 10**6  # WAD: what the vault forgives a reduction
COST: constant(int256) = 10  # what it may cost: one part in so many of the margin that it frees
MAX_PRICE: constant(uint256) = 10**25
PRECISION: constant(uint256) = 10**6  # a liquidation price is found to one part in so many
FUNDING_PERIOD: constant(int256) = 8 * 3_600

vault: public(immutable(IMarginVault))
risk: public(immutable(IRiskLens))
registry: public(immutable(IRegistry))
market: public(immutable(IMarketData))
quote: public(immutable(IERC20))
QUOTE_UNIT: immutable(uint256)  # WAD per token unit


@deploy
def __init__(_vault: address, _risk: address):
    """
    @param _vault The vault to look at.
    @param _risk The risk lens on the same vault.
    """
    vault = IMarginVault(_vault)
    risk = IRiskLens(_risk)
    registry = IRegistry(staticcall IParts(_vault).registry())
    market = IMarketData(staticcall IParts(_vault).market())
    quote = IERC20(staticcall IParts(_vault).quote())
    QUOTE_UNIT = 10**(18 - convert(staticcall IERC20Detailed(quote.address).decimals(), uint256))


# -- many accounts ---------------------------------------------------------------------------------


@external
@view
def accounts(ids: DynArray[uint256, MAX_ACCOUNTS]) -> DynArray[ILens.Summary, MAX_ACCOUNTS]:
    """
    @notice Margin and health of many accounts, in the order of `ids`. One that cannot be read
        blocks nobody: it is told so, and each has its share of the gas that is left.
    """
    summaries: DynArray[ILens.Summary, MAX_ACCOUNTS] = []
    count: uint256 = len(ids)
    for i: uint256 in range(count, bound=MAX_ACCOUNTS):
        summaries.append(self._try_summary(ids[i], msg.gas // (count - i)))
    return summaries


@external
@view
def bad_debt(ids: DynArray[uint256, MAX_ACCOUNTS]) -> (uint256, uint256):
    """
    @notice What these accounts owe beyond what they have.
    @return WAD; how many of them could not be read.
    """
    owed: int256 = 0
    unread: uint256 = 0
    count: uint256 = len(ids)
    for i: uint256 in range(count, bound=MAX_ACCOUNTS):
        summary: ILens.Summary = self._try_summary(ids[i], msg.gas // (count - i))
        owed += max(0, -summary.margin.equity)
        unread += convert(not summary.readable, uint256)
    return convert(owed, uint256), unread


@internal
@view
def _try_summary(account: uint256, share: uint256) -> ILens.Summary:
    success: bool = False
    answer: Bytes[SUMMARY_SIZE] = b""
    success, answer = raw_call(
        self,
        abi_encode(account, method_id=method_id("summary(uint256)")),
        max_outsize=SUMMARY_SIZE,
        gas=share,
        is_static_call=True,
        revert_on_failure=False,
    )
    if success:
        return abi_decode(answer, ILens.Summary)
    unread: ILens.Summary = empty(ILens.Summary)
    unread.account = account
    return unread


@external
@view
def summary(account: uint256) -> ILens.Summary:
    """
    @notice Margin and health of one account; reverts where it cannot be read.
    """
    return self._summary(account, staticcall vault.book_of(account))


@internal
@view
def _summary(account: uint256, book: IMarginEngine.Book) -> ILens.Summary:
    margin: IMarginEngine.Margin = staticcall self._engine().preview(book)
    maintenance: int256 = convert(margin.maintenance, int256)
    # below 1 where health is below 0: a bare debt has no maintenance margin
    ratio: int256 = max_value(int256) if margin.equity >= 0 else min_value(int256)
    if maintenance > 0:
        # rounded down
        ratio = wad._floor_div(margin.equity * wad.IWAD, maintenance)
    used: uint256 = 0
    if margin.initial > 0:
        used = max_value(uint256)
        if margin.equity > 0:
            used = wad._ceil_div(margin.initial * wad.WAD, convert(margin.equity, uint256))
    return ILens.Summary(
        account=account,
        readable=True,
        margin=margin,
        health=margin.equity - maintenance,
        ratio=ratio,
        used=used,
        positions=len(book.positions),
    )


@external
@view
def at_levels(account: uint256) -> IMarginEngine.Margin[3]:
    """
    @notice What the account's margin is at POSITION, UNDERLYING and PORTFOLIO: what netting saves.
    """
    engine: IMarginEngine = self._engine()
    book: IMarginEngine.Book = staticcall vault.book_of(account)
    margins: IMarginEngine.Margin[3] = empty(IMarginEngine.Margin[3])
    for level: uint256 in range(3):
        book.level = level
        margins[level] = staticcall engine.preview(book)
    return margins


# -- one account -----------------------------------------------------------------------------------


@external
@view
def account(id: uint256) -> ILens.Account:
    """
    @notice What an account holds. The calls and the puts of a strike are two positions.
    """
    engine: IMarginEngine = self._engine()
    book: IMarginEngine.Book = staticcall vault.book_of(id)
    settled: IMarginEngine.Book = self._settled(engine, book)
    told: ILens.Account = empty(ILens.Account)
    told.summary = self._summary(id, book)
    told.level = book.level
    told.cash = book.cash
    told.basis = book.basis
    told.unsettled = settled.cash - book.cash
    for word: uint256 in book.positions:
        key: uint256 = instrument._key(word)
        calls: int256 = 0
        puts: int256 = 0
        calls, puts = instrument._sizes(word)
        if instrument._strike(word) == 0:
            dated: bool = instrument._expiry(word) != 0
            kind: uint256 = instrument.FUTURE if dated else instrument.PERPETUAL
            told.positions.append(self._position(engine, key, kind, calls))
            continue
        if calls != 0:
            told.positions.append(self._position(engine, key, instrument.CALL, calls))
        if puts != 0:
            told.positions.append(self._position(engine, key, instrument.PUT, puts))
    for holding: IMarginEngine.Holding in book.collateral:
        alone: IMarginEngine.Book = empty(IMarginEngine.Book)
        alone.collateral = [holding]
        told.collateral.append(
            ILens.Collateral(
                asset=holding.asset,
                token=staticcall registry.tokens(holding.asset),
                amount=holding.amount,
                value=convert(self._worth(engine, alone), uint256),
            )
        )
    return told


@internal
@view
def _position(engine: IMarginEngine, key: uint256, kind: uint256, size: int256) -> ILens.Position:
    mark: int256 = 0
    word: uint256 = key << instrument.KEY_SHIFT
    if kind == instrument.PERPETUAL:
        prices: IMarketData.Market = staticcall market.peek(instrument._underlying(word))
        mark = convert(prices.mark, int256)
    else:
        one: IMarginEngine.Book = empty(IMarginEngine.Book)
        put: bool = kind == instrument.PUT
        one.positions = [instrument._pack(key, 0 if put else wad.ISIZE, wad.ISIZE if put else 0)]
        mark = max(0, self._worth(engine, one))
    return ILens.Position(
        instrument=word | kind,
        size=size,
        mark=convert(mark, uint256),
        value=wad._floor_div(size * mark, wad.ISIZE),
    )


@internal
@view
def _worth(engine: IMarginEngine, book: IMarginEngine.Book) -> int256:
    return (staticcall engine.preview(book)).equity


@internal
@view
def _settled(engine: IMarginEngine, book: IMarginEngine.Book) -> IMarginEngine.Book:
    """
    @notice A book as the vault settles it: what is over is gone, its payoff is cash, and so is
        the profit of what is linear, at the newest forwards, which margins may not know yet.
    """
    settled: IMarginEngine.Book = book
    settled.positions = []
    over: IMarginEngine.Book = empty(IMarginEngine.Book)
    profit: int256 = 0  # WAD * 1e-8
    for word: uint256 in book.positions:
        if self._is_over(word):
            over.positions.append(word)
            continue
        settled.positions.append(word)
        if instrument._strike(word) == 0:
            profit += instrument._size(word) * self._gap(word)
    profit = wad._floor_div(profit, wad.ISIZE)
    settled.cash += book.basis + self._worth(engine, over) + profit
    settled.basis = -profit
    return settled


@internal
@view
def _gap(word: uint256) -> int256:
    """
    @notice What a contract of something linear is worth in basis, as market data tells the vault.
    """
    underlying: uint256 = instrument._underlying(word)
    prices: IMarketData.Market = staticcall market.peek(underlying)
    expiry: uint256 = instrument._expiry(word)
    if expiry == 0:
        return convert(prices.mark, int256) - prices.funding
    forward: IMarketData.Forward = staticcall market.forward(
        underlying, expiry, max_value(uint256), 0
    )
    return convert(forward.fixed + forward.ratio * prices.index // wad.WAD, int256)


@internal
@view
def _is_over(word: uint256) -> bool:
    """
    @notice Whether a position has expired, at a price that is known.
    """
    expiry: uint256 = instrument._expiry(word)
    if expiry == 0 or expiry > block.timestamp:
        return False
    return (staticcall market.expiry_of(instrument._underlying(word), expiry)).fixed


# -- what can be withdrawn -------------------------------------------------------------------------


@external
@view
def available(account: uint256, token: address) -> uint256:
    """
    @notice The most of a token, the quote token or a collateral, that can be withdrawn now, in
        token units: 0 of what the account does not hold, and while withdrawing is paused.
    @dev Tries amounts by halving, each time with the engine: costs up to a hundred times what a
         look at the account's margin does; of quote mostly a few times, see `_most`.
    """
    if not self._open():
        return 0
    engine: IMarginEngine = self._engine()
    book: IMarginEngine.Book = staticcall vault.book_of(account)
    before: IMarginEngine.Margin = staticcall engine.preview(book)
    settled: IMarginEngine.Book = self._settled(engine, book)
    if token == quote.address:
        most: uint256 = self._liquid(account, settled.cash)
        after: IMarginEngine.Margin = staticcall engine.preview(settled)
        spare: int256 = after.equity - convert(after.initial, int256)
        guess: uint256 = convert(max(0, spare), uint256) // QUOTE_UNIT
        return self._most(engine, before, settled, MAX_COLLATERALS, most, guess)
    for i: uint256 in range(len(settled.collateral), bound=MAX_COLLATERALS):
        if staticcall registry.tokens(settled.collateral[i].asset) == token:
            held: uint256 = settled.collateral[i].amount
            return self._most(engine, before, settled, i, held, 0)
    return 0


@internal
@view
def _most(
    engine: IMarginEngine,
    before: IMarginEngine.Margin,
    settled: IMarginEngine.Book,
    i: uint256,
    held: uint256,
    guess: uint256,
) -> uint256:
    """
    @notice The most of `held` that the account bears to lose.
    @dev By halving, between an amount that it bears and one that it does not: what is told is
         borne, and a unit more is not. Where so little would be left that its stale price no
         longer matters, a larger amount may be borne as well.
    @param guess The first to try, and one more: quote mostly lowers nothing but the equity.
    """
    if self._bears(engine, before, settled, i, held):
        return held
    low: uint256 = 0
    high: uint256 = held
    for k: uint256 in range(256):
        if high - low <= 1:
            break
        middle: uint256 = (low + high) // 2
        if k < 2 and low < guess + k and guess + k < high:
            middle = guess + k
        if self._bears(engine, before, settled, i, middle):
            low = middle
        else:
            high = middle
    return low


@internal
@view
def _bears(
    engine: IMarginEngine,
    before: IMarginEngine.Margin,
    settled: IMarginEngine.Book,
    i: uint256,
    amount: uint256,
) -> bool:
    """
    @notice Whether the vault would leave the account without an amount.
    @param i Which collateral; MAX_COLLATERALS: quote.
    """
    left: IMarginEngine.Book = settled
    if i == MAX_COLLATERALS:
        left.cash -= convert(amount * QUOTE_UNIT, int256)
    else:
        left.collateral[i].amount -= amount
    if unlevered._is_unlevered(left):
        return True
    after: IMarginEngine.Margin = staticcall engine.preview(left)
    if after.validity >= doubts.OPEN and after.equity >= convert(after.initial, int256):
        return True
    maintenance: int256 = convert(before.maintenance, int256)
    margin: int256 = convert(after.maintenance, int256)
    if (
        margin > maintenance
        or after.initial > before.initial
        or doubts._is_more(after.doubt, before.doubt)
    ):
        return False
    equity: int256 = after.equity + DUST
    if before.equity < 0:
        return before.validity == doubts.OPEN and equity >= before.equity
    return (
        equity >= max(0, before.equity - (maintenance - margin) // COST)
        and equity * maintenance >= before.equity * margin
    )


@internal
@view
def _liquid(account: uint256, cash: int256) -> uint256:
    """
    @notice The most quote that the vault has for an account, in token units: what is there, and
        of what is others' cash a loan leaves a tenth.
    @param cash Once settled.
    """
    pool: IMarginVault.Pool = staticcall vault.pool()
    lent: uint256 = self._unpaid(pool)
    pool.supply -= convert(max(account_word._cash(staticcall vault.words(account)), 0), uint256)
    lent += interest._total_cash(pool)
    tokens: int256 = convert(pool.tokens, int256)
    most: int256 = tokens
    if lent > 0:
        left: uint256 = wad._ceil_div(lent, 10)
        most = min(most, max(cash, tokens - convert(left, int256)))
    else:
        most = min(most, cash)
    return convert(max(most, 0), uint256) // QUOTE_UNIT


@internal
@view
def _open() -> bool:
    """
    @notice Whether withdrawing is not paused.
    """
    return raw_call(
        registry.address,
        abi_encode(IRegistry.Action.WITHDRAW, method_id=method_id("check_action(uint256)")),
        is_static_call=True,
        revert_on_failure=False,
    )


@internal
@pure
def _surplus(pool: IMarginVault.Pool) -> int256:
    """
    @notice What the vault has beyond what it owes.
    """
    claims: int256 = convert(interest._total_cash(pool), int256) + pool.basis
    debt: int256 = convert(interest._total_debt(pool), int256)
    return convert(pool.tokens, int256) - (claims - debt)


@internal
@pure
def _unpaid(pool: IMarginVault.Pool) -> uint256:
    """
    @notice At most what the next action pays to insurance: interest that lenders cannot be due,
        because debts exceed positive cash. Until then it is in the surplus, with its dust.
    """
    if interest._total_debt(pool) <= interest._total_cash(pool):
        return 0
    return convert(max(self._surplus(pool), 0), uint256)


# -- how far prices can go -------------------------------------------------------------------------


@external
@view
def liquidation_prices(account: uint256, underlying: uint256) -> (uint256, uint256):
    """
    @notice The prices of an underlying next to its index, below (0: none) and above (the largest:
        none), at which health is below 0; the index itself where it is already.
    @dev Where the account has live options on the underlying, prices are looked for within the
         nodes of its scan only, where equity follows the lower of both volatilities (a day later
         for the one that falls) and the maintenance margin is today's. The index itself is then
         also told where a change of volatility alone would be enough.
    """
    book: IMarginEngine.Book = staticcall vault.book_of(account)
    index: uint256 = (staticcall market.peek(underlying)).index
    below: uint256 = 0
    above: uint256 = max_value(uint256)
    if self._is_curved(book, underlying):
        told: IRiskLens.Explanation = staticcall risk.explain(account)
        spare: int256 = told.margin.equity - convert(told.margin.maintenance, int256)
        for part: IRiskLens.Underlying in told.underlyings:
            if part.underlying == underlying:
                if spare + self._lower(part, 0) < 0:
                    return index, index
                return (
                    self._crossing(part, spare, index, -1, below),
                    self._crossing(part, spare, index, 1, above),
                )
    if self._short(account, underlying, index):
        return index, index
    if self._short(account, underlying, 1):
        below = self._threshold(account, underlying, index, 1)
    if self._short(account, underlying, MAX_PRICE):
        above = self._threshold(account, underlying, index, MAX_PRICE)
    return below, above


@internal
@view
def _is_curved(book: IMarginEngine.Book, underlying: uint256) -> bool:
    """
    @notice Whether there are live options on the underlying.
    """
    for word: uint256 in book.positions:
        if (
            instrument._underlying(word) == underlying
            and instrument._strike(word) != 0
            and instrument._expiry(word) > block.timestamp
        ):
            return True
    return False


@internal
@view
def _threshold(account: uint256, underlying: uint256, index: uint256, far: uint256) -> uint256:
    """
    @notice Between the index and a price that liquidates, the one next to the index that does.
    @dev Equity is a line in the price and margin is convex in it, so there is one on each side
         at most; found by halving.
    """
    healthy: uint256 = index
    short: uint256 = far
    for _: uint256 in range(256):
        gap: uint256 = max(healthy, short) - min(healthy, short)
        if gap <= 1 or gap * PRECISION <= healthy:
            break
        middle: uint256 = (healthy + short) // 2
        if self._short(account, underlying, middle):
            short = middle
        else:
            healthy = middle
    return short


@internal
@view
def _short(account: uint256, underlying: uint256, price: uint256) -> bool:
    """
    @notice Whether health is below 0 with the underlying at this price.
    """
    margin: IMarginEngine.Margin = staticcall risk.at_price(account, underlying, price)
    return margin.equity < convert(margin.maintenance, int256)


@internal
@pure
def _crossing(
    part: IRiskLens.Underlying, spare: int256, index: uint256, side: int256, never: uint256
) -> uint256:
    """
    @notice The price next to the index on one side after which the lower curve has lost more than
        what is spare.
    @dev Between neighbours of all nodes the lower of two lines is concave: what is borne at both
         ends is borne between them.
    """
    # nodes of both curves in the order of their prices
    nodes: uint256[9] = [0, 1, 8, 2, 3, 4, 10, 5, 6]
    healthy: int256 = 0
    for i: uint256 in range(9):
        short: int256 = part.moves[nodes[i if side > 0 else 8 - i]]
        if short * side <= 0:
            continue
        if spare + self._lower(part, short) >= 0:
            healthy = short
            continue
        for _: uint256 in range(256):
            if abs(short - healthy) * convert(PRECISION, int256) <= wad.IWAD:
                break
            middle: int256 = (healthy + short) // 2  # toward zero
            if spare + self._lower(part, middle) < 0:
                short = middle
            else:
                healthy = middle
        return index * convert(wad.IWAD + short, uint256) // wad.WAD  # rounds down
    return never


@internal
@pure
def _lower(part: IRiskLens.Underlying, move: int256) -> int256:
    """
    @notice Profit after a move by the lower of both curves, beyond their ends as at them.
    """
    return min(self._at(part, move, 0, 6), self._at(part, move, 7, 11))


@internal
@pure
def _at(part: IRiskLens.Underlying, move: int256, first: uint256, last: uint256) -> int256:
    """
    @notice Profit after a move by the curve through the nodes `first` to `last`, rounded down.
    """
    if move <= part.moves[first]:
        return part.profits[first]
    for i: uint256 in range(first, last, bound=6):
        left: int256 = part.moves[i]
        right: int256 = part.moves[i + 1]
        if move < right:
            rise: int256 = part.profits[i + 1] - part.profits[i]
            return part.profits[i] + wad._floor_div(rise * (move - left), right - left)
    return part.profits[last]


# -- the ledger and the markets --------------------------------------------------------------------


@external
@view
def ledger() -> ILens.Ledger:
    """
    @notice The law of the ledger with its two sides, and of each token what accounts hold beside
        what the vault holds: tokens that were simply sent there make it more, and are nobody's.
    """
    pool: IMarginVault.Pool = staticcall vault.pool()
    cash: uint256 = interest._total_cash(pool)
    debt: uint256 = interest._total_debt(pool)
    utilisation: uint256 = interest._utilisation(pool)
    borrow_rate: uint256 = staticcall registry.borrow_rate(utilisation)
    supply_rate: uint256 = 0
    if cash > 0:
        # rounded down
        supply_rate = borrow_rate * min(cash, debt) // cash
    assets: DynArray[ILens.Holding, MAX_ASSETS] = []
    for asset: uint256 in range(MAX_ASSETS):
        token: address = staticcall registry.tokens(asset)
        if token == empty(address):
            break
        assets.append(
            ILens.Holding(
                asset=asset,
                token=token,
                accounted=staticcall vault.totals(asset),
                balance=staticcall IERC20(token).balanceOf(vault.address),
            )
        )
    return ILens.Ledger(
        tokens=pool.tokens,
        cash=cash,
        debt=debt,
        basis=pool.basis,
        surplus=self._surplus(pool),
        utilisation=utilisation,
        borrow_rate=borrow_rate,
        supply_rate=supply_rate,
        borrow_index=pool.borrow_index,
        supply_index=pool.supply_index,
        balance=staticcall quote.balanceOf(vault.address),
        assets=assets,
    )


@external
@view
def markets(
    ids: DynArray[uint256, MAX_UNDERLYINGS - 1]
) -> DynArray[ILens.Market, MAX_UNDERLYINGS - 1]:
    """
    @notice Prices and parameters of underlyings; reverts for one that has no market.
    """
    told: DynArray[ILens.Market, MAX_UNDERLYINGS - 1] = []
    for underlying: uint256 in ids:
        prices: IMarketData.Market = staticcall market.peek(underlying)
        # the mark was rounded down
        ratio: uint256 = wad._ceil_div(prices.mark * wad.WAD, prices.index)
        premium: int256 = convert(ratio, int256) - wad.IWAD
        told.append(
            ILens.Market(
                underlying=underlying,
                market=prices,
                premium=premium,
                # rounded down
                funding_rate=wad._floor_div(premium, FUNDING_PERIOD),
                age=block.timestamp - self._updated(underlying, prices.index),
                params=staticcall market.params(underlying),
                size_limit=staticcall registry.size_limit(underlying << 240 | instrument.PERPETUAL),
            )
        )
    return told


@internal
@view
def _updated(underlying: uint256, index: uint256) -> uint256:
    """
    @notice When an index was made: the feed tells, if it is not the one that was last stored.
    """
    stored: uint256 = (staticcall market.state(underlying)).updated
    success: bool = False
    answer: Bytes[64] = b""
    success, answer = raw_call(
        staticcall market.feed(underlying),
        method_id("latest()"),
        max_outsize=64,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) != 64:
        return stored
    price: uint256 = extract32(answer, 0, output_type=uint256)
    time: uint256 = extract32(answer, 32, output_type=uint256)
    taken: bool = price == index and stored < time and time <= block.timestamp
    return time if taken else stored


@internal
@view
def _engine() -> IMarginEngine:
    return IMarginEngine(staticcall registry.engine())
