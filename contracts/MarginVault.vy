# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title Margin vault
@license AGPL-3.0-only
@author Plimsoll contributors
@notice The ledger and the custody: accounts with their cash, collateral and positions. It knows
        how value moves and never what risk is: the engine tells margins, the registry what is
        allowed, market data what things are worth, the liquidator on what terms.

        account      owner address << 96 | number; nobody needs to open one
        cash         quote, WAD; negative cash is a loan at the pool's rate
        linear       perpetuals and futures, traded through basis: the quote leg at mark, so that
                     unsettled profit is X = basis + sum of size * gap, where a gap is mark less
                     funding; `settle` moves it to cash
        option       a European call or put: premium and payoff are cash, nothing in between
        over         expired, and what it settles at is known: the first to settle an account pays
                     its payoffs and removes the positions
        equity       cash + X + options + collateral at the index
        leg          a change of one account's position and cash; a book of legs is zero-sum
        scope        what an operator may do: trade on a venue (the venue's address), WITHDRAW,
                     TRANSFER or CONFIGURE (the addresses 1, 2 and 3)

        The law, after every call: tokens held = positive cash - debts + sum of basis + payoffs of
        what is over and not settled yet, but for rounding, which only ever leaves dust here; and
        of each other asset the sum of balances is what is accounted. Tokens that are simply sent here change nothing.

        After an action an account must cover its initial margin at prices good enough to open
        risk, or else the action must have made it safer for little: no margin higher, nor what is
        asked for at prices that do not open risk, margin ratio no worse, at a cost of at most a
        tenth of the margin that it frees. One that is unlevered, with no debt and nothing but
        collateral or long options, is not asked. In a `batch` or `unlock` all this is checked at
        the end, once.

@dev Trusts the registry and the market data for ever, engine and liquidator as far as the
     registry names them, venues as far as the owner of an account allows a loss against mark.
     The same arithmetic as plimsoll.spec.ledger, to the wei.
@custom:kill Nothing here stops for ever. The guardian pauses withdrawing, trading or
     liquidating for a bounded time in the registry; deposits of quote always work. The governor
     winds down by size limits of 1 and caps of 0: positions can then only shrink, and all exits
     stay.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from interfaces import IMarginEngine
from interfaces import IMarginVault
from interfaces import IMarketData
from interfaces import IRegistry
from interfaces import IUnlockCallback
from modules import account_word
from modules import doubts
from modules import governed
from modules import instrument
from modules import interest
from modules import unlevered
from modules import wad

implements: IMarginVault

initializes: governed
initializes: interest[governed := governed]

exports: governed.registry

MAX_LEGS: constant(uint256) = 32
MAX_TRADED: constant(uint256) = MAX_LEGS // 2  # a contract that is bought is sold by another leg
MAX_POSITIONS: constant(uint256) = 128
MAX_COLLATERALS: constant(uint256) = 16
MAX_ASSETS: constant(uint256) = 32
MAX_TOUCHED: constant(uint256) = 64
MAX_LEVEL: constant(uint256) = 2
QUOTE_ASSET: constant(uint256) = MAX_ASSETS  # stands for the quote token among asset ids

WITHDRAW: public(constant(address)) = 0x0000000000000000000000000000000000000001
TRANSFER: public(constant(address)) = 0x0000000000000000000000000000000000000002
CONFIGURE: public(constant(address)) = 0x0000000000000000000000000000000000000003

BORROW_LIMIT: constant(uint256) = 9 * wad.WAD // 10  # utilisation up to which withdrawals borrow
DUST: constant(int256) = 10**6  # WAD: forgives the rounding of a fair-priced reduction
COST: constant(int256) = 10  # what a reduction may cost: one part in so many of the margin it frees
DAY: constant(uint256) = 86_400
LIMIT: constant(uint256) = 2**112 - 1


# what an instrument trades on, the same for all legs of a bundle
struct Terms:
    instrument: uint256
    limit: int256  # 1e-8 contracts of one account
    mark: uint256  # WAD
    ask: uint256  # WAD: what counts where it is sold; of an option the mark rounded up
    gap: int256  # WAD: mark less funding, of what is linear
    validity: uint256  # of the mark of an option
    sizes: int256  # sum of the legs so far


market: public(immutable(IMarketData))
quote: public(immutable(IERC20))
QUOTE_UNIT: immutable(uint256)  # WAD per token unit

words: public(HashMap[uint256, uint256])
_positions: HashMap[uint256, uint256[MAX_POSITIONS]]
_collateral: HashMap[uint256, uint256[MAX_ASSETS]]
totals: public(uint256[MAX_ASSETS])
operators: public(HashMap[uint256, HashMap[address, HashMap[address, uint256]]])
_allowances: HashMap[uint256, HashMap[address, uint256]]  # | day 32 | used 112 | limit 112 |


# a batch under way: how deep, which accounts it touched, what they were at first touch
_depth: transient (uint256)
_touched: transient (DynArray[uint256, MAX_TOUCHED])
pending: public(transient (HashMap[uint256, bool]))
_snapshots: transient (HashMap[uint256, IMarginEngine.Margin])


@deploy
def __init__(registry: address, _market: address, _quote: address):
    """
    @param registry What is listed and allowed, and who governs.
    @param _market Prices.
    @param _quote The quote token, at most 18 decimals.
    """
    governed.__init__(registry)
    market = IMarketData(_market)
    quote = IERC20(_quote)
    decimals: uint256 = convert(staticcall IERC20Detailed(_quote).decimals(), uint256)
    self._require(decimals <= 18, "vault: quote decimals")
    QUOTE_UNIT = 10**(18 - decimals)
    interest.__init__()


# -- the owner's actions ---------------------------------------------------------------------------


@external
def deposit(account: uint256, token: address, amount: uint256):
    """
    @notice Adds tokens of the caller to an account. Anyone may top up any account; only who may
        configure it can add a collateral that it does not hold yet.
    @param amount Token units. Tokens that take a fee are refused.
    """
    self._positive(amount)
    if token == quote.address:
        pool: IMarginVault.Pool = self._accrue()
        value: uint256 = amount * QUOTE_UNIT
        pool.tokens += value
        interest._store(self._pay(account, convert(value, int256), pool))
    else:
        own: bool = self._may(account, msg.sender, CONFIGURE)
        asset: IRegistry.Asset = self._add_collateral(account, token, amount, own)
        total: uint256 = self.totals[asset.id] + amount
        self._require(total <= asset.cap, "vault: deposit cap")
        self.totals[asset.id] = total
    log IMarginVault.Deposit(account=account, token=token, amount=amount)

    held: uint256 = self._held(token)
    moved: bool = extcall IERC20(token).transferFrom(
        msg.sender, self, amount, default_return_value=True
    )
    self._sent(moved)
    self._require(self._held(token) == held + amount, "vault: token takes a fee")


@internal
@view
def _held(token: address) -> uint256:
    return staticcall IERC20(token).balanceOf(self)


@external
def withdraw(account: uint256, token: address, amount: uint256, to: address) -> uint256:
    """
    @notice Takes tokens out of an account. The owner may send them anywhere, an operator with
        the WITHDRAW scope only to the owner.
    @param amount Token units; the largest uint256 means all cash, or all of the collateral.
    @return What was paid, token units.
    """
    owner: address = self._owner(account)
    if msg.sender != owner:
        self._only(to == owner and self._may(account, msg.sender, WITHDRAW))
    self._require(to not in [empty(address), self], "vault: receiver")
    paid: uint256 = 0
    pool: IMarginVault.Pool = empty(IMarginVault.Pool)
    pool, paid = self._debit(account, self._asset(token), amount, True)
    interest._store(pool)
    log IMarginVault.Withdraw(account=account, token=token, amount=paid, to=to)
    moved: bool = extcall IERC20(token).transfer(to, paid, default_return_value=True)
    self._sent(moved)
    return paid


@external
def transfer(source: uint256, target: uint256, token: address, amount: uint256) -> uint256:
    """
    @notice Moves cash or collateral between two accounts of one owner.
    @param amount Token units; the largest uint256 means all cash, or all of the collateral.
    @return What was moved, token units.
    """
    self._only(self._may(source, msg.sender, TRANSFER))
    self._require(source >> 96 == target >> 96, "vault: not one owner")
    self._distinct(source, target)
    asset: uint256 = self._asset(token)
    moved: uint256 = 0
    pool: IMarginVault.Pool = empty(IMarginVault.Pool)
    pool, moved = self._debit(source, asset, amount, False)
    if asset == QUOTE_ASSET:
        pool = self._pay(target, convert(moved * QUOTE_UNIT, int256), pool)
    else:
        self._add_collateral(target, token, moved, True)
    interest._store(pool)
    log IMarginVault.Transfer(source=source, target=target, token=token, amount=moved)
    return moved


@internal
def _debit(
    account: uint256, asset: uint256, amount: uint256, leaves: bool
) -> (IMarginVault.Pool, uint256):
    """
    @notice Takes tokens out of an account, settled first.
    @param leaves Whether the tokens leave the vault too.
    @return The pool, which the caller stores, and what was taken.
    """
    engine: address = staticcall governed._REGISTRY.check_action(IRegistry.Action.WITHDRAW)
    pool: IMarginVault.Pool = self._accrue()
    self._touch(account, pool)
    book: IMarginEngine.Book = self._settled(account, pool)
    taken: uint256 = amount
    if asset == QUOTE_ASSET:
        if amount == max_value(uint256):
            taken = convert(max(book.cash, 0), uint256) // QUOTE_UNIT
        book.cash -= convert(taken * QUOTE_UNIT, int256)
    else:
        if amount == max_value(uint256):
            taken = self._collateral[account][asset]
        book.collateral = self._hold(book.collateral, asset, -convert(taken, int256))
    self._positive(taken)
    self._check(account, self._assess(engine, book, True), pool, doubts.OPEN)
    pool = self._store(account, book, pool, MAX_POSITIONS)
    if asset != QUOTE_ASSET:
        if leaves:
            self.totals[asset] -= taken
        return pool, taken

    if leaves:
        value: uint256 = taken * QUOTE_UNIT
        self._require(value <= pool.tokens, "vault: no liquidity")
        pool.tokens = unsafe_sub(pool.tokens, value)
    if book.cash < 0:
        # what is taken on credit must leave liquidity for lenders
        self._require(interest._utilisation(pool) <= BORROW_LIMIT, "vault: utilisation")
    return pool, taken


@external
def set_netting(account: uint256, level: uint256):
    """
    @notice Chooses how much of the account's risk is netted: 0 POSITION, 1 UNDERLYING,
        2 PORTFOLIO.
    """
    self._only(self._may(account, msg.sender, CONFIGURE))
    self._require(level <= MAX_LEVEL, "vault: unknown level")
    pool: IMarginVault.Pool = self._accrue()
    self._touch(account, pool)
    book: IMarginEngine.Book = self._load(account, pool)
    book.level = level
    self._check(account, self._assess(self._engine(), book, True), pool, doubts.OPEN)
    interest._store(self._store(account, book, pool, MAX_POSITIONS))
    log IMarginVault.NettingChanged(account=account, level=level)


@external
def set_operator(account: uint256, operator: address, scope: address, expiry: uint256):
    """
    @notice Lets somebody act for an account until a time; by its owner only.
    @param scope A venue's address (trade there), the liquidator's (take slices), or WITHDRAW
        (to the owner), TRANSFER (between the owner's accounts), CONFIGURE.
    @param expiry Last second of the permission, 0 to withdraw it.
    """
    self._only(msg.sender == self._owner(account))
    self.operators[account][operator][scope] = expiry
    log IMarginVault.OperatorChanged(account=account, operator=operator, scope=scope, expiry=expiry)


@external
def set_venue(account: uint256, venue: address, limit: uint256):
    """
    @notice Lets a venue trade for an account, up to a daily loss; by its owner only.
    @param limit Loss against mark, fees included, per UTC day, WAD; 0 withdraws the approval.
    """
    self._only(msg.sender == self._owner(account))
    self._require(limit <= LIMIT, "vault: limit too large")
    self._allowances[account][venue] = (self._allowances[account][venue] & ~LIMIT) | limit
    log IMarginVault.VenueLimitChanged(account=account, venue=venue, limit=limit)


# -- venues, anyone, the liquidator ----------------------------------------------------------------


@external
def book(legs: DynArray[IMarginVault.Leg, MAX_LEGS]):
    """
    @notice Books a zero-sum bundle of trades, for an approved venue. Accounts that only receive
        cash need neither approve the venue nor be checked; every other one must do both.
    @dev Accounts that trade are settled first, and what a trade pays above or below mark is
         settled at once; so no debt is left that only unsettled profit backs. Later moves of the
         mark stand in basis. An option is paid for, and its worth at the engine's mark, which is
         rounded up where it is sold, only tells what a trade loses. Legs are taken together by
         account, in order of first appearance; one without size only moves cash.
    """
    engine: address = staticcall governed._REGISTRY.check_venue(msg.sender)
    pool: IMarginVault.Pool = self._accrue()
    quotes: int256 = 0
    booked: uint256 = 0  # bitmap of legs
    traded: DynArray[Terms, MAX_TRADED] = []
    for i: uint256 in range(len(legs), bound=MAX_LEGS):
        quotes += legs[i].quote
        if (booked >> i) & 1 == 1:
            continue
        account: uint256 = legs[i].account
        result: int256 = 0
        trades: bool = False
        for j: uint256 in range(i, len(legs), bound=MAX_LEGS):
            leg: IMarginVault.Leg = legs[j]
            if leg.account == account:
                booked |= 1 << j
                result += leg.quote
                trades = trades or leg.size != 0
        if result >= 0 and not trades:
            pool = self._pay(account, result, pool)
            continue

        self._touch(account, pool)
        book: IMarginEngine.Book = self._settled(account, pool)
        first: uint256 = MAX_POSITIONS  # where positions change
        paid: bool = True  # whether nothing but options was traded, at marks that open risk
        for j: uint256 in range(i, len(legs), bound=MAX_LEGS):
            leg: IMarginVault.Leg = legs[j]
            if leg.account != account or leg.size == 0:
                continue
            k: uint256 = 0
            for terms: Terms in traded:
                if terms.instrument == leg.instrument:
                    break
                k = unsafe_add(k, 1)  # unsafe: at most as often as there are legs
            if k == len(traded):
                self._require(k < MAX_TRADED, "vault: sizes not zero-sum")
                traded.append(self._terms(engine, leg.instrument))
            traded[k].sizes += leg.size
            terms: Terms = traded[k]
            paid = paid and terms.validity == doubts.OPEN
            worth: int256 = wad._floor_div(
                leg.size * convert(terms.mark if leg.size > 0 else terms.ask, int256), wad.ISIZE
            )
            result += worth
            if instrument._strike(leg.instrument) != 0:  # is paid for, not settled at mark
                book.cash -= worth
            key: uint256 = instrument._key(leg.instrument)
            puts: int256 = leg.size if instrument._kind(leg.instrument) == instrument.PUT else 0
            at: uint256 = 0
            word: uint256 = 0
            # unsafe: of each leg a product that fits, divided by 10**8
            book.basis = unsafe_sub(book.basis, self._basis(leg.size, terms.gap))
            # unsafe: puts are all or nothing of it
            at, word = self._trade(
                book.positions, MAX_POSITIONS, key, unsafe_sub(leg.size, puts), puts
            )
            if at == len(book.positions):
                book.positions.append(0)
            book.positions[at] = word
            if instrument._is_flat(word):
                last: uint256 = book.positions.pop()
                if at < len(book.positions):
                    book.positions[at] = last
            first = min(first, at)
            position: int256 = instrument._held(word, leg.instrument)
            # beyond the limit a position may shrink, but not turn round
            shrinks: bool = (position > 0) != (leg.size > 0)
            self._require(abs(position) <= terms.limit or shrinks, "vault: position limit")
            log IMarginVault.Trade(
                account=account,
                venue=msg.sender,
                instrument=leg.instrument,
                size=leg.size,
                quote=leg.quote,
                mark=terms.mark,
                position=position,
            )
        book.cash += result
        self._use_allowance(account, msg.sender, convert(max(0, -result), uint256))
        self._check(account, self._assess(engine, book, paid), pool, doubts.OPEN)
        pool = self._store(account, book, pool, first)
    for terms: Terms in traded:
        self._require(terms.sizes == 0, "vault: sizes not zero-sum")
    self._require(quotes == 0, "vault: quote not zero-sum")
    interest._store(pool)


@internal
def _terms(engine: address, traded: uint256) -> Terms:
    terms: Terms = empty(Terms)
    terms.instrument = traded
    terms.limit = convert(staticcall governed._REGISTRY.size_limit(traded), int256)
    self._require(terms.limit > 0, "vault: not listed")
    if instrument._strike(traded) != 0:
        terms.mark, terms.validity, terms.ask = extcall IMarginEngine(engine).mark(traded)
    else:
        terms.mark, terms.gap = extcall market.price(traded)
        terms.ask = terms.mark
    return terms


@external
def settle(account: uint256):
    """
    @notice Moves an account's unsettled profit from basis to cash, and pays for what is over;
        anyone may.
    """
    pool: IMarginVault.Pool = self._accrue()
    book: IMarginEngine.Book = self._settled(account, pool)
    interest._store(self._store(account, book, pool, MAX_POSITIONS))


@external
def accrue():
    """
    @notice Accrues interest; anyone may, and the registry does before it changes the rates.
    """
    interest._store(self._accrue())


@external
def slice(
    account: uint256,
    to: uint256,
    keeper: address,
    fraction: uint256,
    payment: int256,
    cut: uint256,
) -> int256:
    """
    @notice Moves a fraction of everything that an account has to another one, which pays; for
        the liquidator. Positions change hands at mark, sizes and amounts are truncated, cash is
        rounded down (a debt that moves, up).
    @param keeper Who asked the liquidator: must be allowed to act for `to`.
    @param fraction WAD, at most 1.
    @param payment WAD from `to` to `account`; negative: from insurance to `to`, as far as it
        has cash.
    @param cut WAD from `to` to insurance.
    @return The payment that was made.
    """
    insurance: uint256 = staticcall governed._REGISTRY.check_liquidator(msg.sender)
    self._only(self._may(to, keeper, msg.sender))
    self._require(not self.pending[account], "vault: check pending")
    self._distinct(account, to)
    self._require(insurance not in [account, to], "vault: insurance account")
    self._require(fraction <= wad.WAD, "vault: fraction")

    pool: IMarginVault.Pool = self._accrue()
    self._touch(to, pool)
    seller: IMarginEngine.Book = self._settled(account, pool)
    buyer: IMarginEngine.Book = self._settled(to, pool)
    share: int256 = convert(fraction, int256)
    # unsafe: cash is below 2**141, the share at most 2**60
    part: int256 = wad._floor_div(unsafe_mul(seller.cash, share), wad.IWAD)
    own: uint256 = len(buyer.positions)
    for i: uint256 in range(len(seller.positions), bound=MAX_POSITIONS):
        word: uint256 = seller.positions[i]
        gap: int256 = 0
        if instrument._strike(word) == 0:
            gap = (extcall market.price(word))[1]
        calls: int256 = 0
        puts: int256 = 0
        calls, puts = instrument._sizes(word)
        # unsafe: sizes are below 2**67, the share is at most 2**60; rounds toward zero
        moved_calls: int256 = unsafe_mul(calls, share) // wad.IWAD
        moved_puts: int256 = unsafe_mul(puts, share) // wad.IWAD
        if moved_calls == 0 and moved_puts == 0:
            continue
        key: uint256 = instrument._key(word)
        calls = unsafe_sub(calls, moved_calls)  # unsafe: no more moves than there is
        puts = unsafe_sub(puts, moved_puts)
        seller.positions[i] = instrument._pack(key, calls, puts)
        # unsafe: as in `book`
        seller.basis = unsafe_sub(seller.basis, self._basis(unsafe_sub(0, moved_calls), gap))
        buyer.basis = unsafe_sub(buyer.basis, self._basis(moved_calls, gap))
        at: uint256 = 0
        # none of those that the slice has brought is another one's
        at, word = self._trade(buyer.positions, own, key, moved_calls, moved_puts)
        if at == len(buyer.positions):
            buyer.positions.append(0)
        buyer.positions[at] = word
        if instrument._is_flat(word):
            last: uint256 = buyer.positions.pop()
            if at < len(buyer.positions):
                buyer.positions[at] = last
    if fraction == wad.WAD:
        seller.positions = []  # all flat; of a smaller fraction, something is left of each
    for i: uint256 in range(len(seller.collateral), bound=MAX_COLLATERALS):
        moved: uint256 = seller.collateral[i].amount * fraction // wad.WAD  # rounds down
        seller.collateral[i].amount -= moved
        buyer.collateral = self._hold(
            buyer.collateral, seller.collateral[i].asset, convert(moved, int256)
        )
    paid: int256 = payment
    if payment < 0:
        fund: int256 = interest._cash(pool, account_word._cash(self.words[insurance]))
        paid = max(payment, min(0, -fund))
    seller.cash += max(paid, 0) - part
    buyer.cash += part - paid - convert(cut, int256)

    self._check(to, self._assess(self._engine(), buyer, False), pool, doubts.LIQUIDATION)
    pool = self._store(account, seller, pool, 0)
    pool = self._store(to, buyer, pool, 0)
    interest._store(self._pay(insurance, min(paid, 0) + convert(cut, int256), pool))
    log IMarginVault.Slice(account=account, to=to, fraction=fraction, payment=paid, cut=cut)
    return paid


# -- batches ---------------------------------------------------------------------------------------


@external
@reentrant
def batch(calls: DynArray[Bytes[256], 16]):
    """
    @notice Runs many calls of this contract for the caller, and checks every account that they
        touched once, at the end.
    @dev Reentrant, as the calls themselves take the lock; a delegatecall keeps msg.sender.
    """
    self._depth = unsafe_add(self._depth, 1)  # unsafe: calls nest 1,024 deep at most
    for i: uint256 in range(len(calls), bound=16):
        raw_call(self, calls[i], is_delegate_call=True)
    self._conclude()


@external
@reentrant
def unlock(data: Bytes[8192]):
    """
    @notice Calls the caller back, which may then do what it may, and checks every account that
        was touched once, at the end.
    """
    self._depth = unsafe_add(self._depth, 1)  # unsafe: calls nest 1,024 deep at most
    extcall IUnlockCallback(msg.sender).on_unlock(data)
    self._conclude()


@internal
def _conclude():
    self._depth = unsafe_sub(self._depth, 1)  # unsafe: who comes here has added one
    if self._depth > 0:
        return
    touched: DynArray[uint256, MAX_TOUCHED] = self._touched
    self._touched = []
    pool: IMarginVault.Pool = interest._accrued()[0]
    engine: address = self._engine()
    for account: uint256 in touched:
        self._check(
            account, self._assess(engine, self._load(account, pool), False), pool, doubts.OPEN
        )
        self.pending[account] = False


# -- views -----------------------------------------------------------------------------------------


@external
@view
@reentrant
def unlocked() -> bool:
    """
    @notice Whether a batch is under way, so that margin checks are still to come.
    """
    return self._depth > 0


@external
@view
def book_of(account: uint256) -> IMarginEngine.Book:
    """
    @notice The account as the engine sees it, with interest to now.
    """
    return self._load(account, interest._accrued()[0])


@external
@view
def position(account: uint256, instrument_id: uint256) -> int256:
    """
    @notice Size held of an instrument, 1e-8 contracts.
    """
    key: uint256 = instrument._key(instrument_id)
    for i: uint256 in range(account_word._positions(self.words[account]), bound=MAX_POSITIONS):
        word: uint256 = self._positions[account][i]
        if instrument._key(word) == key:
            return instrument._held(word, instrument_id)
    return 0


@external
@view
def may(account: uint256, operator: address, scope: address) -> bool:
    """
    @notice Whether somebody owns an account, or may act for it within a scope.
    """
    return self._may(account, operator, scope)


@external
@view
def allowance(account: uint256, venue: address) -> IMarginVault.Allowance:
    """
    @notice An account's approval of a venue, and what is used of it.
    """
    word: uint256 = self._allowances[account][venue]
    return IMarginVault.Allowance(limit=word & LIMIT, used=(word >> 112) & LIMIT, day=word >> 224)


@external
@view
def pool() -> IMarginVault.Pool:
    """
    @notice The quote side of the ledger with interest to now.
    """
    return interest._accrued()[0]


# -- inside ----------------------------------------------------------------------------------------


@internal
@pure
def _owner(account: uint256) -> address:
    return convert(account >> 96, address)


@internal
@view
def _may(account: uint256, operator: address, scope: address) -> bool:
    return (
        operator == self._owner(account)
        or self.operators[account][operator][scope] >= block.timestamp
    )


@internal
@pure
def _require(ok: bool, reason: String[32]):
    assert ok, reason


@internal
@pure
def _only(allowed: bool):
    self._require(allowed, "vault: not allowed")


@internal
@pure
def _distinct(account: uint256, other: uint256):
    self._require(account != other, "vault: same account")


@internal
@pure
def _positive(amount: uint256):
    self._require(amount > 0, "vault: zero amount")


@internal
@pure
def _sent(ok: bool):
    self._require(ok, "vault: transfer failed")


@internal
@view
def _asset(token: address) -> uint256:
    return (
        QUOTE_ASSET
        if token == quote.address
        else (staticcall governed._REGISTRY.asset_of(token)).id
    )


@internal
def _accrue() -> IMarginVault.Pool:
    """
    @notice The pool as of now; the caller stores it.
    """
    pool: IMarginVault.Pool = empty(IMarginVault.Pool)
    insured: uint256 = 0
    pool, insured = interest._accrued()
    if insured > 0:
        pool = self._pay(staticcall governed._REGISTRY.insurance(), convert(insured, int256), pool)
    return pool


@internal
def _pay(account: uint256, change: int256, pool: IMarginVault.Pool) -> IMarginVault.Pool:
    """
    @notice Changes an account's cash and nothing else.
    """
    if change == 0:
        return pool
    fields: account_word.Fields = account_word._unpack(self.words[account])
    updated: IMarginVault.Pool = pool
    updated, fields.cash = interest._rescale(
        pool, fields.cash, interest._cash(pool, fields.cash) + change
    )
    self._update(account, fields)
    return updated


@internal
def _update(account: uint256, fields: account_word.Fields):
    word: uint256 = account_word._pack(fields)
    self.words[account] = word
    log IMarginVault.Updated(account=account, word=word)


@internal
def _add_collateral(
    account: uint256, token: address, amount: uint256, adds: bool
) -> IRegistry.Asset:
    """
    @notice Credits collateral and nothing else.
    @param adds Whether it may be one that the account does not hold yet.
    """
    asset: IRegistry.Asset = staticcall governed._REGISTRY.check_collateral(token)
    self._collateral[account][asset.id] += amount
    fields: account_word.Fields = account_word._unpack(self.words[account])
    bit: uint256 = 1 << asset.id
    if fields.collateral & bit == 0:
        self._require(adds, "vault: new collateral")
        fields.collateral |= bit
        held: uint256 = fields.collateral
        for i: uint256 in range(MAX_COLLATERALS):
            held &= unsafe_sub(held, 1)  # clears the lowest bit; 0 stays 0
            if held == 0:
                break
        self._require(held == 0, "vault: too many collaterals")
        self._update(account, fields)
    return asset


@internal
@view
def _load(account: uint256, pool: IMarginVault.Pool) -> IMarginEngine.Book:
    """
    @notice The account as it stands in storage, cash unscaled.
    """
    fields: account_word.Fields = account_word._unpack(self.words[account])
    book: IMarginEngine.Book = empty(IMarginEngine.Book)
    book.level = fields.level
    book.cash = interest._cash(pool, fields.cash)
    book.basis = fields.basis
    for i: uint256 in range(fields.positions, bound=MAX_POSITIONS):
        book.positions.append(self._positions[account][i])
    for asset: uint256 in range(MAX_ASSETS):
        if fields.collateral >> asset == 0:
            break
        if (fields.collateral >> asset) & 1 == 1:
            book.collateral.append(
                IMarginEngine.Holding(
                    asset=asset,
                    amount=self._collateral[account][asset],
                    total=self.totals[asset],
                )
            )
    return book


@internal
def _store(
    account: uint256, book: IMarginEngine.Book, pool: IMarginVault.Pool, first: uint256
) -> IMarginVault.Pool:
    """
    @notice Writes an account, and carries what changed into the pool.
    @param first Where positions changed, from there on; MAX_POSITIONS: nowhere.
    @dev Cash that did not change is not scaled anew, so it loses nothing.
    """
    fields: account_word.Fields = account_word._unpack(self.words[account])
    updated: IMarginVault.Pool = pool
    if book.cash != interest._cash(pool, fields.cash):
        updated, fields.cash = interest._rescale(pool, fields.cash, book.cash)
    # unsafe: see `book`; an account word holds less
    updated.basis = unsafe_add(updated.basis, unsafe_sub(book.basis, fields.basis))
    fields.basis = book.basis
    fields.level = book.level
    fields.collateral = 0
    for holding: IMarginEngine.Holding in book.collateral:
        self._collateral[account][holding.asset] = holding.amount
        if holding.amount > 0:
            fields.collateral |= 1 << holding.asset
    count: uint256 = len(book.positions)
    for i: uint256 in range(min(first, count), count, bound=MAX_POSITIONS):
        self._positions[account][i] = book.positions[i]
    for i: uint256 in range(count, max(count, fields.positions), bound=MAX_POSITIONS):
        self._positions[account][i] = 0
    fields.positions = count
    self._update(account, fields)
    return updated


@internal
def _settled(account: uint256, pool: IMarginVault.Pool) -> IMarginEngine.Book:
    """
    @notice The account with its unsettled profit moved from basis to cash. Positions that are over
        are gone, from storage too, and their payoffs part of that profit.
    """
    book: IMarginEngine.Book = self._load(account, pool)
    profit: int256 = 0
    payoff: int256 = 0
    at: uint256 = len(book.positions)
    count: uint256 = at
    first: uint256 = count
    for i: uint256 in range(count, bound=MAX_POSITIONS):
        # from the last to the first: what takes the place of a removed word was seen before it
        at = unsafe_sub(at, 1)  # unsafe: as often as there are positions
        word: uint256 = book.positions[at]
        # a live option, as most are: its expiry and its strike, read in place
        if block.timestamp < word << 16 >> 216 and word << 56 >> 192 != 0:
            continue
        value: int256 = 0
        over: bool = False
        value, over = extcall market.unsettled(word)
        # unsafe: a size is below 2**67, what it is worth below 2**99, positions below 2**8
        if over:
            payoff = unsafe_add(payoff, value)
            last: uint256 = book.positions.pop()
            if at < len(book.positions):
                book.positions[at] = last
            first = at
        else:
            profit = unsafe_add(profit, value)
    if first < count:
        # payoffs are basis first, of the account, as they are of the pool already, which so stays
        # as it is; an exact division
        book.basis += payoff // wad.ISIZE
        self._store(account, book, pool, first)
    profit = book.basis + wad._floor_div(profit, wad.ISIZE)
    if profit != 0:
        # unsafe: as above; basis and cash are below 2**141
        book.basis = unsafe_sub(book.basis, profit)
        book.cash = unsafe_add(book.cash, profit)
        log IMarginVault.Settle(account=account, profit=profit)
    return book


@internal
@pure
def _basis(size: int256, gap: int256) -> int256:
    """
    @notice What a trade at mark takes from basis, rounded against the account.
    """
    return wad._ceil_div_signed(size * gap, wad.ISIZE)


@internal
@pure
def _trade(
    positions: DynArray[uint256, MAX_POSITIONS],
    known: uint256,
    key: uint256,
    calls: int256,
    puts: int256,
) -> (uint256, uint256):
    """
    @notice A position after a change of its sizes. The change of what is linear stands in the
        place of calls.
    @param known How many of the positions it may be among: those from there on are others.
    @return Where it stands, or would as the next one, and its new word, which the caller puts
        there: were positions handed back, they would be copied, all of them.
    """
    at: uint256 = len(positions)
    held: uint256 = 0
    for i: uint256 in range(min(known, at), bound=MAX_POSITIONS):
        position: uint256 = positions[i]
        if position >> instrument.KEY_SHIFT == key:
            held = position
            at = i
            break
    held_calls: int256 = 0
    held_puts: int256 = 0
    held_calls, held_puts = instrument._sizes(held)
    self._require(at < MAX_POSITIONS, "vault: too many positions")
    return at, instrument._pack(key, held_calls + calls, held_puts + puts)


@internal
@view
def _hold(
    collateral: DynArray[IMarginEngine.Holding, MAX_COLLATERALS], asset: uint256, change: int256
) -> DynArray[IMarginEngine.Holding, MAX_COLLATERALS]:
    """
    @notice A book's collateral with more or less of one. What falls to zero stays, where it counts
        for nothing, until it is stored.
    """
    updated: DynArray[IMarginEngine.Holding, MAX_COLLATERALS] = collateral
    if change == 0:
        return updated
    count: uint256 = len(updated)
    at: uint256 = count
    for i: uint256 in range(count, bound=MAX_COLLATERALS):
        if updated[i].asset == asset:
            at = i
            break
    if at == count:
        self._require(count < MAX_COLLATERALS, "vault: too many collaterals")
        updated.append(IMarginEngine.Holding(asset=asset, amount=0, total=self.totals[asset]))
    # unsafe: what is held is not negative, and what is taken from it above -2**255
    left: int256 = unsafe_add(convert(updated[at].amount, int256), change)
    self._require(left >= 0, "vault: balance")
    updated[at].amount = convert(left, uint256)
    return updated


@internal
def _use_allowance(account: uint256, venue: address, loss: uint256):
    word: uint256 = self._allowances[account][venue]
    limit: uint256 = word & LIMIT
    self._require(limit > 0, "vault: venue not approved")
    if loss == 0:
        return
    today: uint256 = block.timestamp // DAY
    used: uint256 = loss
    if word >> 224 == today:
        used += (word >> 112) & LIMIT
    self._require(used <= limit, "vault: daily loss limit")
    self._allowances[account][venue] = (today << 224) | (used << 112) | limit


@internal
def _touch(account: uint256, pool: IMarginVault.Pool):
    """
    @notice In a batch, remembers the account as it is at first touch, for the check at the end.
    """
    if self._depth == 0 or self.pending[account]:
        return
    self.pending[account] = True
    self._snapshots[account] = self._margin_of(account, pool)
    self._touched.append(account)


@internal
def _margin_of(account: uint256, pool: IMarginVault.Pool) -> IMarginEngine.Margin:
    """
    @notice Margin of an account as it stands in storage.
    """
    return extcall IMarginEngine(self._engine()).assess(self._load(account, pool))


@internal
def _assess(engine: address, book: IMarginEngine.Book, paid: bool) -> IMarginEngine.Margin:
    """
    @notice Margin of an account as it will be, for its check. Where there is nothing to check, one
        that passes: in a batch, and of an account that is unlevered, which needs no price.
    @param paid Whether options may be what it has. Not where they came at a price that does not
        open risk: nobody should sell them so, or be made to buy them.
    """
    if self._depth > 0 or ((paid or len(book.positions) == 0) and unlevered._is_unlevered(book)):
        margin: IMarginEngine.Margin = empty(IMarginEngine.Margin)
        margin.validity = doubts.OPEN
        return margin
    return extcall IMarginEngine(engine).assess(book)


@internal
@view
def _engine() -> address:
    return staticcall governed._REGISTRY.engine()


@internal
def _check(
    account: uint256,
    after: IMarginEngine.Margin,
    pool: IMarginVault.Pool,
    validity: uint256,
):
    """
    @notice An account must cover its initial margin at prices good enough, or must have become
        safer: neither MM nor IM higher, nor what is asked for at prices that do not open risk,
        margin ratio no worse, and it cost at most a tenth of the margin that it freed, so that
        money does not leave this way. The latter is for accounts that are short already, and for
        everybody while prices are stale. An insolvent account may lose nothing, and only at prices
        that open risk. In a batch the check waits for its end.
    @param after Of the account as it will be; in storage it still is as it was, unless a check was
        pending.
    """
    if after.validity >= validity and after.equity >= convert(after.initial, int256):
        return
    before: IMarginEngine.Margin = self._snapshots[account]
    if not self.pending[account]:
        before = self._margin_of(account, pool)
    # unsafe: of the engine equity is below 2**142 and maintenance below 2**113
    left: int256 = unsafe_add(after.equity, DUST)
    safer: bool = (
        after.maintenance <= before.maintenance
        and after.initial <= before.initial
        and not doubts._is_more(after.doubt, before.doubt)
    )
    if before.equity < 0:
        safer = safer and left >= before.equity and before.validity == doubts.OPEN
    elif safer:
        maintenance: int256 = convert(before.maintenance, int256)
        margin: int256 = convert(after.maintenance, int256)
        cost: int256 = unsafe_sub(maintenance, margin) // COST
        safer = (
            left >= max(0, unsafe_sub(before.equity, cost))
            and unsafe_mul(left, maintenance) >= unsafe_mul(before.equity, margin)
        )
    self._require(safer, "vault: margin")
