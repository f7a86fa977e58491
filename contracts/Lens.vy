# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Lens
@license AGPL-3.0-only
@author Plimsoll contributors
@notice What wallets, keepers and dashboards read: many accounts at once, one account in all its
        pieces, the law of the ledger, the markets. It changes nothing and no contract trusts it.

        health        equity - maintenance margin; below 0 the account may be liquidated
        ratio         equity / maintenance margin
        used          initial margin / equity
        available     the most of a token that the vault would let out now, if asked to
        below, above  the prices of an underlying next to the index at which health is below 0;
                      held as they are: all other prices, stable prices, cumulative funding, and
                      the ratio of mark to index

        Everything is told while prices are stale, too: `validity` says what they still serve for.

@dev A book falls into parts, one per underlying: the positions and the collateral that hang on one
     price. What a part adds to equity and to the margins comes from the engine's own modules, and
     the pieces add up to what the engine tells, to the wei. What a withdrawal or another price
     would do is seen by working one part out anew. The same as plimsoll.spec.explain.

     Trusts nothing: it asks the vault for the market data and the registry, and the registry for
     the engine. It is the lens of an engine with these modules, and goes when that is replaced.
@custom:kill Nothing to stop: it holds nothing and may do nothing.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from interfaces import ILens
from interfaces import IMarginEngine
from interfaces import IMarginVault
from interfaces import IMarketData
from interfaces import IRegistry
from modules import account_word
from modules import factor
from modules import haircut
from modules import instrument
from modules import interest
from modules import scan
from modules import wad

implements: ILens


interface IParts:
    def registry() -> address: view
    def market() -> address: view
    def quote() -> address: view


MAX_ACCOUNTS: constant(uint256) = 64
MAX_UNDERLYINGS: constant(uint256) = 64  # ids 1 .. 63
MAX_POSITIONS: constant(uint256) = 128
MAX_COLLATERALS: constant(uint256) = 16
MAX_ASSETS: constant(uint256) = 32
SUMMARY_SIZE: constant(uint256) = 11 * 32  # bytes of an encoded Summary

DUST: constant(int256) = 10**6  # WAD: what the vault forgives a reduction
COST: constant(int256) = 10  # what it may cost: one part in so many of the margin that it frees
MAX_PRICE: constant(uint256) = 10**25
PRECISION: constant(uint256) = 10**6  # a liquidation price is found to one part in so many
FUNDING_PERIOD: constant(int256) = 8 * 3_600

vault: public(immutable(IMarginVault))
registry: public(immutable(IRegistry))
market: public(immutable(IMarketData))
quote: public(immutable(IERC20))
QUOTE_UNIT: immutable(uint256)  # WAD per token unit


struct Item:
    holding: IMarginEngine.Holding
    params: IMarginEngine.AssetParams


# what of a book hangs on one underlying
struct Part:
    params: IMarginEngine.UnderlyingParams
    market: IMarketData.Market
    sizes: DynArray[int256, MAX_POSITIONS]
    items: DynArray[Item, MAX_COLLATERALS]


# what a part, or several, add to equity and to the margins
struct Tally:
    profit: int256  # sum of size * (mark - funding), WAD * 1e8
    spot: uint256  # value of collateral
    haircuts: uint256
    charges: uint256  # calendar and depth
    concentration: uint256
    divergence: uint256
    stale: uint256  # what hangs on stale prices, and on those that do not open risk
    late: uint256
    losses: factor.Losses


# what of a book hangs on no underlying
struct Core:
    level: uint256
    cash: int256  # with basis
    free: bool  # no position and no debt: it may withdraw whatever it has
    factors: IMarginEngine.Factors


@deploy
def __init__(_vault: address):
    """
    @param _vault The vault to look at.
    """
    vault = IMarginVault(_vault)
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
    @notice Everything about one account. The pieces of its margins, to the wei:

                maintenance = haircuts + scan requirement + calendar + depth
                initial     = k_I * (maintenance + concentration), rounded up, + divergence

    @dev Collateral and underlyings come in the order of underlyings' ids. Costs up to a million
         gas for each underlying and for each collateral, for its prices of liquidation and for
         what can be withdrawn of it.
    """
    engine: IMarginEngine = self._engine()
    book: IMarginEngine.Book = staticcall vault.book_of(id)
    core: Core = Core(
        level=book.level,
        cash=book.cash + book.basis,
        free=False,
        factors=staticcall engine.factors(),
    )
    told: ILens.Account = empty(ILens.Account)
    told.summary = self._summary(id, book)
    told.level = book.level
    told.cash = book.cash
    told.basis = book.basis

    underlyings: uint256 = 0
    for word: uint256 in book.positions:
        underlyings |= 1 << instrument._underlying(word)
    for holding: IMarginEngine.Holding in book.collateral:
        underlyings |= 1 << (staticcall engine.asset_params(holding.asset)).underlying
    tallies: DynArray[Tally, MAX_UNDERLYINGS] = []
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        if (underlyings >> underlying) & 1 == 1:
            part: Part = self._part(engine, book, underlying)
            tallies.append(self._tally(core, part))
    all: Tally = self._sum(tallies, max_value(uint256))
    told.scan = self._scan(core, all.losses)
    told.unsettled = book.basis + wad._floor_div(all.profit, wad.ISIZE)
    core.free = len(book.positions) == 0 and book.cash + told.unsettled >= 0

    open: bool = self._open()
    if open:
        told.available = self._available_quote(
            id, told.summary.margin, book.cash + told.unsettled, len(book.positions) == 0
        )
    for word: uint256 in book.positions:
        told.positions.append(self._position(word))
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        if (underlyings >> underlying) & 1 == 0:
            continue
        part: Part = self._part(engine, book, underlying)
        others: Tally = self._sum(tallies, len(told.underlyings))
        told.underlyings.append(self._underlying(core, part, others, underlying))
        for i: uint256 in range(len(part.items), bound=MAX_COLLATERALS):
            available: uint256 = 0
            if open:
                available = self._available(core, part, others, told.summary.margin, i)
            told.collateral.append(self._collateral(core, part, i, available))
    return told


@internal
@view
def _part(engine: IMarginEngine, book: IMarginEngine.Book, underlying: uint256) -> Part:
    part: Part = empty(Part)
    part.params = staticcall engine.underlying_params(underlying)
    part.market = staticcall market.peek(underlying)
    for word: uint256 in book.positions:
        if instrument._underlying(word) == underlying:
            part.sizes.append(instrument._size(word))
    for holding: IMarginEngine.Holding in book.collateral:
        params: IMarginEngine.AssetParams = staticcall engine.asset_params(holding.asset)
        if params.underlying == underlying:
            part.items.append(Item(holding=holding, params=params))
    return part


@internal
@pure
def _tally(core: Core, part: Part) -> Tally:
    """
    @notice What a part adds; a part of which nothing is left adds nothing.
    """
    tally: Tally = empty(Tally)
    gap: int256 = convert(part.market.mark, int256) - part.market.funding
    for size: int256 in part.sizes:
        tally.profit += size * gap
    for i: uint256 in range(len(part.items), bound=MAX_COLLATERALS):
        piece: ILens.Collateral = self._piece(core, part, i)
        tally.spot += piece.value
        tally.haircuts += piece.haircut
        tally.concentration += piece.concentration
        tally.divergence += piece.divergence
    risk: scan.Risk = self._risk(core.level, part)
    loss: int256 = 0
    calendar: uint256 = 0
    depth: uint256 = 0
    loss, calendar, depth = scan._charges(core.level, part.params, part.market.index, risk)
    tally.charges = calendar + depth
    tally.divergence += self._divergence(part, risk)
    tally.losses = factor._add(tally.losses, part.params.beta, loss)
    if part.market.validity < scan.OPEN:
        tally.late = risk.gross + tally.spot
    if part.market.validity == scan.STALE:
        tally.stale = risk.gross + tally.spot
    return tally


@internal
@pure
def _piece(core: Core, part: Part, i: uint256) -> ILens.Collateral:
    """
    @notice What the engine makes of one holding.
    """
    item: Item = part.items[i]
    prices: IMarketData.Market = part.market
    netted: bool = core.level == scan.PORTFOLIO
    piece: ILens.Collateral = empty(ILens.Collateral)
    piece.asset = item.holding.asset
    piece.amount = item.holding.amount
    piece.value = haircut._value(piece.amount, prices.index, item.params.decimals)
    piece.haircut = haircut._haircut(item.params, piece.value, netted)
    taken: uint256 = piece.haircut
    if netted:
        taken += wad._ceil_div(piece.value * part.params.scan_range, wad.BPS)
    elif prices.index > prices.stable:
        piece.divergence = piece.value - haircut._value(
            piece.amount, prices.stable, item.params.decimals
        )
    # what initial margin could take at most, rounded down
    most: uint256 = piece.value * wad.BPS // core.factors.initial
    piece.concentration = haircut._concentration(
        item.params, piece.value, item.holding.total, most - min(most, taken)
    )
    return piece


@internal
@pure
def _risk(level: uint256, part: Part) -> scan.Risk:
    risk: scan.Risk = empty(scan.Risk)
    for size: int256 in part.sizes:
        notional: int256 = scan._notional(size, part.market.mark)
        risk.gross += convert(abs(notional), uint256)
        risk.derivatives += notional
    if level == scan.PORTFOLIO:
        for item: Item in part.items:
            risk.spot += haircut._value(
                item.holding.amount, part.market.index, item.params.decimals
            )
    return risk


@internal
@pure
def _divergence(part: Part, risk: scan.Risk) -> uint256:
    net: int256 = risk.derivatives + convert(risk.spot, int256)
    return scan._divergence(net, part.market.index, part.market.stable)


@internal
@pure
def _sum(tallies: DynArray[Tally, MAX_UNDERLYINGS], left_out: uint256) -> Tally:
    """
    @notice All but one together.
    """
    sum: Tally = empty(Tally)
    for i: uint256 in range(len(tallies), bound=MAX_UNDERLYINGS):
        if i != left_out:
            sum = self._plus(sum, tallies[i])
    return sum


@internal
@pure
def _plus(a: Tally, b: Tally) -> Tally:
    return Tally(
        profit=a.profit + b.profit,
        spot=a.spot + b.spot,
        haircuts=a.haircuts + b.haircuts,
        charges=a.charges + b.charges,
        concentration=a.concentration + b.concentration,
        divergence=a.divergence + b.divergence,
        stale=a.stale + b.stale,
        late=a.late + b.late,
        losses=factor.Losses(
            total=a.losses.total + b.losses.total,
            net=a.losses.net + b.losses.net,
            common=a.losses.common + b.losses.common,
            own=a.losses.own + b.losses.own,
            squares=a.losses.squares + b.losses.squares,
        ),
    )


@internal
@pure
def _margin(core: Core, tally: Tally) -> IMarginEngine.Margin:
    """
    @notice What the engine tells of a book with this core and this tally.
    """
    requirement: uint256 = tally.losses.total
    if core.level == scan.PORTFOLIO:
        requirement = factor._requirement(tally.losses, core.factors.floor)
    maintenance: uint256 = tally.haircuts + requirement + tally.charges
    initial: uint256 = wad._ceil_div(
        core.factors.initial * (maintenance + tally.concentration), wad.BPS
    )
    profit: int256 = wad._floor_div(tally.profit, wad.ISIZE)
    return IMarginEngine.Margin(
        equity=core.cash + profit + convert(tally.spot, int256),
        maintenance=maintenance,
        target=wad._ceil_div(core.factors.target * maintenance, wad.BPS),
        initial=initial + tally.divergence,
        validity=scan._validity(tally.stale, tally.late, maintenance),
    )


@internal
@pure
def _scan(core: Core, losses: factor.Losses) -> ILens.Scan:
    """
    @notice The terms of the scan requirement; of equal ones the first binds.
    """
    requirement: uint256 = losses.total
    binding: uint256 = 0
    terms: uint256[4] = empty(uint256[4])
    if core.level == scan.PORTFOLIO:
        requirement = factor._requirement(losses, core.factors.floor)
        terms = factor._terms(losses, core.factors.floor)
        for i: uint256 in range(4):
            if terms[i] == requirement:
                binding = i + 1
                break
    return ILens.Scan(
        requirement=requirement,
        binding=binding,
        total=losses.total,
        factor=terms[0],
        comove=terms[1],
        extremes=terms[2],
        floor=terms[3],
    )


@internal
@view
def _position(word: uint256) -> ILens.Position:
    size: int256 = instrument._size(word)
    mark: uint256 = (staticcall market.peek(instrument._underlying(word))).mark
    return ILens.Position(
        instrument=(instrument._key(word) << instrument.KEY_SHIFT) | instrument.PERPETUAL,
        size=size,
        mark=mark,
        notional=scan._notional(size, mark),
    )


@internal
@view
def _collateral(core: Core, part: Part, i: uint256, available: uint256) -> ILens.Collateral:
    piece: ILens.Collateral = self._piece(core, part, i)
    piece.token = staticcall registry.tokens(piece.asset)
    piece.bands = haircut._bands(part.items[i].params, piece.value)
    piece.available = available
    return piece


@internal
@pure
def _underlying(core: Core, part: Part, others: Tally, underlying: uint256) -> ILens.Underlying:
    risk: scan.Risk = self._risk(core.level, part)
    told: ILens.Underlying = empty(ILens.Underlying)
    told.underlying = underlying
    told.market = part.market
    told.gross = risk.gross
    told.derivatives = risk.derivatives
    told.spot = risk.spot
    told.loss, told.calendar, told.depth = scan._charges(
        core.level, part.params, part.market.index, risk
    )
    told.divergence = self._divergence(part, risk)
    told.below, told.above = self._liquidation_prices(core, part, others)
    return told


# -- how far an account can go ---------------------------------------------------------------------


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
@view
def _available_quote(
    id: uint256, margin: IMarginEngine.Margin, cash: int256, flat: bool
) -> uint256:
    """
    @notice The most quote that can be withdrawn, in token units. Cash enters equity and nothing
        else, so the bounds are plain.
    @param cash Once settled.
    @param flat Whether there is no position.
    """
    # the account bears it
    most: int256 = 0
    if margin.validity >= scan.OPEN:
        most = max(DUST, margin.equity - convert(margin.initial, int256))
    elif margin.equity >= 0:
        most = DUST
    if flat:
        most = max(most, cash)

    pool: IMarginVault.Pool = staticcall vault.pool()
    lent: uint256 = self._unpaid(pool)
    pool.supply -= convert(max(account_word._cash(staticcall vault.words(id)), 0), uint256)
    lent += interest._total_cash(pool)
    credit: int256 = cash
    if lent > 0:
        left: uint256 = wad._ceil_div(lent, 10)
        credit = max(cash, convert(pool.tokens, int256) - convert(left, int256))
    most = min(most, min(credit, convert(pool.tokens, int256)))
    return convert(max(most, 0), uint256) // QUOTE_UNIT


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


@internal
@pure
def _available(
    core: Core, part: Part, others: Tally, before: IMarginEngine.Margin, i: uint256
) -> uint256:
    """
    @notice The most of one holding that can be withdrawn, in token units.
    @dev By halving, between an amount that the account bears and one that it does not: what is
         told is borne, and a unit more is not. Where so little would be left that its stale price
         no longer matters, a larger amount may be borne as well.
    """
    held: uint256 = part.items[i].holding.amount
    if core.free or self._bears(core, part, others, before, i, 0):
        return held
    low: uint256 = 0
    high: uint256 = held
    for _: uint256 in range(256):
        if high - low <= 1:
            break
        middle: uint256 = (low + high) // 2
        if self._bears(core, part, others, before, i, held - middle):
            low = middle
        else:
            high = middle
    return low


@internal
@pure
def _bears(
    core: Core,
    part: Part,
    others: Tally,
    before: IMarginEngine.Margin,
    i: uint256,
    left: uint256,
) -> bool:
    """
    @notice Whether the vault would leave the account with that much of a holding.
    """
    changed: Part = part
    changed.items[i].holding.amount = left
    after: IMarginEngine.Margin = self._margin(core, self._plus(others, self._tally(core, changed)))
    if after.validity >= scan.OPEN and after.equity >= convert(after.initial, int256):
        return True
    maintenance: int256 = convert(before.maintenance, int256)
    margin: int256 = convert(after.maintenance, int256)
    if margin > maintenance:
        return False
    equity: int256 = after.equity + DUST
    if before.equity < 0:
        return before.validity == scan.OPEN and equity >= before.equity
    return (
        equity >= max(0, before.equity - (maintenance - margin) // COST)
        and equity * maintenance >= before.equity * margin
    )


@internal
@pure
def _liquidation_prices(core: Core, part: Part, others: Tally) -> (uint256, uint256):
    """
    @notice The prices next to the index, below (0: none) and above (the largest: none), at which
        health is below 0; the index itself where it is already.
    @dev Equity is a line in the price and margin is convex in it, so there is one on each side
         at most; found by halving.
    """
    index: uint256 = part.market.index
    if self._short(core, part, others, index):
        return index, index
    below: uint256 = 0
    above: uint256 = max_value(uint256)
    if self._short(core, part, others, 1):
        below = self._threshold(core, part, others, 1)
    if self._short(core, part, others, MAX_PRICE):
        above = self._threshold(core, part, others, MAX_PRICE)
    return below, above


@internal
@pure
def _threshold(core: Core, part: Part, others: Tally, far: uint256) -> uint256:
    """
    @notice Between the index and a price that liquidates, the one next to the index that does.
    """
    healthy: uint256 = part.market.index
    short: uint256 = far
    for _: uint256 in range(256):
        gap: uint256 = max(healthy, short) - min(healthy, short)
        if gap <= 1 or gap * PRECISION <= healthy:
            break
        middle: uint256 = (healthy + short) // 2
        if self._short(core, part, others, middle):
            short = middle
        else:
            healthy = middle
    return short


@internal
@pure
def _short(core: Core, part: Part, others: Tally, price: uint256) -> bool:
    """
    @notice Whether health is below 0 with the underlying at this price.
    """
    moved: Part = part
    moved.market.index = price
    moved.market.mark = price * part.market.mark // part.market.index
    margin: IMarginEngine.Margin = self._margin(core, self._plus(others, self._tally(core, moved)))
    return margin.equity < convert(margin.maintenance, int256)


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
                size_limit=staticcall registry.size_limit(underlying),
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
