# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Registry
@notice What is listed and allowed, and who governs: collateral assets and their caps, position
        limits, venues, pauses, and the contracts that the vault works with.
@dev Roles: the governor (a timelock, `owner`) lists, approves and replaces; the steward moves caps
     and limits of what is listed; the guardian pauses single actions for a while. Nobody moves
     money here.

     The engine and the ends of the three pauses share a word, so that what the vault asks for an
     action costs one cold read.

         core   liquidate 32 | trade 32 | withdraw 32 | engine 160    (times: unix seconds)
         asset  cap 112 | decimals 8 | id + 1 8                       (cap: token units)
         series step 64 | low 64 | high 64 | limit 64                 (1e-8 of quote, contracts)

     A pause is for at most MAX_PAUSE, and the same action not again before MAX_PAUSE + COOLDOWN
     after the last pause began, so that withdrawals can never be stopped for ever. The governor
     may end one early, nobody can extend one. Liquidation waits until no action has been paused
     for GRACE: whoever could not act gets the time to.
@custom:kill The guardian pauses actions, the governor withdraws the approval of venues, sets caps
     and size limits to 0, and replaces the engine or the liquidator (none: the zero address).
"""

from ethereum.ercs import IERC20Detailed
from interfaces import IMarginEngine
from interfaces import IMarginVault
from interfaces import IRegistry
from modules import doubts
from modules import instrument
from modules import rate_curve
from snekmate.auth import ownable
from snekmate.auth import ownable_2step

implements: IRegistry

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: rate_curve


# not exported: renounce_ownership, a protocol with nobody to replace its parts is no better off
exports: (
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
)

MAX_PAUSE: public(constant(uint256)) = 3 * 86_400
COOLDOWN: public(constant(uint256)) = 7 * 86_400
GRACE: public(constant(uint256)) = 3_600

MAX_ASSETS: constant(uint256) = 32
MAX_UNDERLYINGS: constant(uint256) = 64  # ids 1 .. 63
MAX_EXPIRIES: constant(uint256) = 16  # ahead, per underlying
MAX_DECIMALS: constant(uint256) = 18
MAX_CAP: constant(uint256) = 2**112 - 1  # token units
MAX_SIZE: constant(uint256) = 2**67 - 1  # what a position word can hold, 1e-8 contracts

# masks
ADDRESS: constant(uint256) = 2**160 - 1
FIELD: constant(uint256) = 2**64 - 1
MAX_STRIKE: constant(uint256) = 10**15  # 1e-8 of quote: ten million, as much as a price can be
TIME: constant(uint256) = 2**32 - 1

quote: public(immutable(address))

guardian: public(address)
steward: public(address)
vault: public(address)
liquidator: public(address)
insurance: public(uint256)

tokens: public(HashMap[uint256, address])
asset_count: public(uint256)
venues: public(HashMap[address, bool])
paused_at: public(HashMap[IRegistry.Action, uint256])  # when the last pause of an action began

_core: uint256
_assets: HashMap[address, uint256]
_size_limits: HashMap[uint256, uint256]  # of perpetuals
_series: HashMap[uint256, HashMap[uint256, uint256]]
_expiries: HashMap[uint256, DynArray[uint256, MAX_EXPIRIES]]  # of series, some may have passed


@deploy
def __init__(_governor: address, _guardian: address, _steward: address, _quote: address):
    """
    @param _quote The quote token, which the vault keeps apart from collateral.
    """
    assert _governor != empty(address), "registry: no governor"
    ownable.__init__()
    ownable_2step.__init__()
    ownable._transfer_ownership(_governor)
    self.guardian = _guardian
    self.steward = _steward
    log IRegistry.GuardianChanged(guardian=_guardian)
    log IRegistry.StewardChanged(steward=_steward)
    self._decimals(_quote)
    quote = _quote


# Roles and parts


@external
def set_guardian(guardian: address):
    """
    @notice Governor only. The zero address: nobody pauses.
    """
    self._only_governor()
    self.guardian = guardian
    log IRegistry.GuardianChanged(guardian=guardian)


@external
def set_steward(steward: address):
    """
    @notice Governor only. The zero address: only the governor sets parameters.
    """
    self._only_governor()
    self.steward = steward
    log IRegistry.StewardChanged(steward=steward)


@external
def set_vault(vault: address):
    """
    @notice Governor only, once: the vault's own address of the Registry never changes either.
    """
    self._only_governor()
    assert self.vault == empty(address), "registry: vault is set"
    self.vault = vault
    self._only_locked()  # the vault must answer
    log IRegistry.VaultChanged(vault=vault)


@external
def set_engine(engine: address):
    """
    @notice Governor only, outside of batches. The new engine must have been given its factors and
        the parameters of everything listed.
    """
    self._only_governor()
    self._only_locked()
    factors: IMarginEngine.Factors = staticcall IMarginEngine(engine).factors()
    assert factors.target != 0, "registry: engine without factors"
    for asset: uint256 in range(self.asset_count, bound=MAX_ASSETS):
        self._check_asset(engine, self._asset_of(self.tokens[asset]))
    for underlying: uint256 in range(1, MAX_UNDERLYINGS):
        if self._size_limits[underlying] > 0:
            self._check_underlying(engine, underlying)
        for expiry: uint256 in self._expiries[underlying]:
            if block.timestamp < expiry:
                self._check_expiry(engine, underlying, expiry)
    self._core = self._core >> 160 << 160 | convert(engine, uint256)
    log IRegistry.EngineChanged(engine=engine)


@external
def set_liquidator(liquidator: address):
    """
    @notice Governor only, outside of batches. The zero address: nobody is liquidated.
    """
    self._only_governor()
    self._only_locked()
    self.liquidator = liquidator
    log IRegistry.LiquidatorChanged(liquidator=liquidator)


@external
def set_insurance(account: uint256):
    """
    @notice Governor only, outside of batches: the account that is the insurance fund.
    """
    self._only_governor()
    self._only_locked()
    self.insurance = account
    log IRegistry.InsuranceChanged(account=account)


# Listings


@external
def list_asset(token: address, cap: uint256) -> uint256:
    """
    @notice Governor only: takes a token as collateral, for ever. Reverts for the quote token, a
        listed one, one with more than 18 decimals, and a 33rd. Rebasing tokens and those that
        take a fee on transfer must not be listed: the vault counts what it is told was moved.
    @param cap Most that all accounts together may deposit, in whole tokens; if not 0, the engine
        must know the asset, with the token's decimals.
    @return The id of the asset, ids in the order of listing.
    """
    self._only_governor()
    assert token != quote, "registry: quote token"
    assert self._assets[token] == 0, "registry: asset is listed"
    asset: uint256 = self.asset_count
    assert asset < MAX_ASSETS, "registry: too many assets"
    decimals: uint256 = self._decimals(token)

    self.asset_count = asset + 1
    self.tokens[asset] = token
    log IRegistry.AssetListed(asset=asset, token=token, decimals=decimals)
    self._set_cap(token, IRegistry.Asset(id=asset, decimals=decimals, cap=0), cap)
    return asset


@external
def set_cap(token: address, cap: uint256):
    """
    @notice Steward or governor; a cap of 0 (delisted) is raised by the governor only.
    @dev A cap below what is deposited takes nothing from anybody.
    @param cap Most that all accounts together may deposit, in whole tokens; 0: no more deposits.
    """
    listed: IRegistry.Asset = self._asset_of(token)
    self._only_steward(listed.cap == 0)
    self._set_cap(token, listed, cap)


@external
def set_size_limit(underlying: uint256, limit: uint256):
    """
    @notice Steward or governor; a limit of 0 (not listed) is raised by the governor only.
    @param underlying Id, 1 .. 63, that the engine knows.
    @param limit Largest position of one account in the perpetual, 1e-8 contracts, below 2**67.
        0: nothing trades, not even to reduce; 1: positions can only be reduced.
    """
    self._only_steward(self._size_limits[underlying] == 0)
    assert underlying != 0 and underlying < MAX_UNDERLYINGS, "registry: unknown underlying"
    assert limit <= MAX_SIZE, "registry: limit too large"
    if limit > 0:
        self._check_underlying(self._engine(), underlying)
    self._size_limits[underlying] = limit
    log IRegistry.SizeLimitChanged(underlying=underlying, limit=limit)


@external
def list_series(underlying: uint256, expiry: uint256, series: IRegistry.Series):
    """
    @notice Steward or governor, for an underlying whose perpetual is not listed the governor only:
        what can be traded of an expiry, its future and options on a grid of strikes; again to
        change it. Positions off a new grid stay, and are settled.
    @param expiry Ahead, and known to the engine; at most 16 are ahead of an underlying.
    @param series Strikes are the multiples of `step` from `low` to `high`, both such multiples,
        not 0, and at most ten million; all three 0: only the future. Limit below 2**64, 0: nothing
        trades, not even to reduce; 1: positions can only be reduced.
    """
    self._only_steward(self._size_limits[underlying] == 0)
    assert underlying != 0 and underlying < MAX_UNDERLYINGS, "registry: unknown underlying"
    assert block.timestamp < expiry, "registry: expired"
    assert series.limit <= FIELD, "registry: limit too large"
    assert series.high <= MAX_STRIKE, "registry: strikes"
    if series.step == 0:
        assert series.low == 0 and series.high == 0, "registry: strikes"
    else:
        assert 0 < series.low and series.low <= series.high, "registry: strikes"
        # the step is no more than the field holds, as it divides what the field does
        assert series.low % series.step == 0, "registry: strikes"
        assert series.high % series.step == 0, "registry: strikes"
    self._check_expiry(self._engine(), underlying, expiry)
    ahead: DynArray[uint256, MAX_EXPIRIES] = []
    for listed: uint256 in self._expiries[underlying]:
        if block.timestamp < listed and listed != expiry:
            ahead.append(listed)
    assert len(ahead) < MAX_EXPIRIES, "registry: too many expiries"
    ahead.append(expiry)
    self._expiries[underlying] = ahead
    self._series[underlying][expiry] = (
        series.step << 192 | series.low << 128 | series.high << 64 | series.limit
    )
    log IRegistry.SeriesListed(underlying=underlying, expiry=expiry, series=series)


@external
def set_venue(venue: address, approved: bool):
    """
    @notice Governor only. A venue may also trade only for accounts whose owners approve it.
    """
    self._only_governor()
    self.venues[venue] = approved
    log IRegistry.VenueChanged(venue=venue, approved=approved)


# Interest


@external
@reentrant
def set_rates(rates: IRegistry.Rates):
    """
    @notice Steward or governor: what debts pay; interest so far is accrued at the old rate.
    @dev Not locked, since the vault asks back for that rate.
    """
    self._only_steward(False)
    if self.vault != empty(address):
        extcall IMarginVault(self.vault).accrue()
    rate_curve._set_rates(rates)


# Pauses


@external
def pause(action: IRegistry.Action, duration: uint256):
    """
    @notice Guardian only: stops one action from now on.
    @param duration Seconds, at most MAX_PAUSE.
    """
    assert msg.sender == self.guardian, "registry: not guardian"
    assert duration <= MAX_PAUSE, "registry: pause too long"
    again: uint256 = self.paused_at[action] + MAX_PAUSE + COOLDOWN
    assert block.timestamp >= again, "registry: cooldown"
    self.paused_at[action] = block.timestamp
    self._set_end(action, block.timestamp + duration)


@external
def unpause(action: IRegistry.Action):
    """
    @notice Governor only: ends a pause now.
    """
    self._only_governor()
    assert block.timestamp < self._end(self._core, action), "registry: not paused"
    self._set_end(action, block.timestamp)


# What the vault asks


@external
@view
def check_action(action: IRegistry.Action) -> address:
    """
    @return The margin engine, which tells what the action needs. Reverts where it is paused.
    """
    return self._check_action(action)


@external
@view
def check_venue(venue: address) -> address:
    """
    @return The margin engine. Reverts where the venue is not approved or trading is paused.
    """
    assert self.venues[venue], "registry: unknown venue"
    return self._check_action(IRegistry.Action.TRADE)


@external
@view
def size_limit(instrument_id: uint256) -> uint256:
    """
    @notice Largest position of one account in an instrument, 1e-8 contracts; 0: not listed,
        expired, or no canonical word.
    """
    if not instrument._is_canonical(instrument_id):
        return 0
    underlying: uint256 = instrument._underlying(instrument_id)
    expiry: uint256 = instrument._expiry(instrument_id)
    if expiry == 0:
        return self._size_limits[underlying]
    if expiry <= block.timestamp:
        return 0
    word: uint256 = self._series[underlying][expiry]
    strike: uint256 = instrument._strike(instrument_id)
    if strike != 0:
        step: uint256 = word >> 192
        if step == 0 or strike % step != 0:
            return 0
        if strike < (word >> 128) & FIELD or strike > (word >> 64) & FIELD:
            return 0
    return word & FIELD


@external
@view
def check_liquidator(caller: address) -> uint256:
    """
    @return The insurance account. Reverts where the caller is not the liquidator,
        and until no action has been paused for GRACE.
    """
    assert caller == self.liquidator, "registry: not liquidator"
    core: uint256 = self._core
    last: uint256 = max(
        self._end(core, IRegistry.Action.LIQUIDATE),
        max(self._end(core, IRegistry.Action.TRADE), self._end(core, IRegistry.Action.WITHDRAW)),
    )
    assert block.timestamp >= last + GRACE, "registry: grace period"
    return self.insurance


# Views


@external
@view
def engine() -> address:
    """
    @notice The margin engine.
    """
    return self._engine()


@external
@view
def asset_of(token: address) -> IRegistry.Asset:
    """
    @notice The collateral asset of a token, its cap in token units; reverts where it is unknown.
    """
    return self._asset_of(token)


@external
@view
def check_collateral(token: address) -> IRegistry.Asset:
    """
    @notice The same of one that an account is given: not at a price too old to open risk, or what
        is worth nothing any more could be brought in at it, and losses run up against it. An alarm
        stops nobody: who is short in a crash is topped up at what the feed says now.
    """
    asset: IRegistry.Asset = self._asset_of(token)
    engine: address = self._engine()
    if engine != empty(address):
        validity: uint256 = staticcall IMarginEngine(engine).collateral_validity(asset.id)
        assert validity >= doubts.COLLATERAL, "registry: old price"
    return asset


@external
@view
def series(underlying: uint256, expiry: uint256) -> IRegistry.Series:
    """
    @notice What is listed of an expiry, all 0 where nothing is.
    """
    word: uint256 = self._series[underlying][expiry]
    return IRegistry.Series(
        step=word >> 192,
        low=(word >> 128) & FIELD,
        high=(word >> 64) & FIELD,
        limit=word & FIELD,
    )


@external
@view
def expiries(underlying: uint256) -> DynArray[uint256, MAX_EXPIRIES]:
    """
    @notice Of the series of an underlying, in the order of listing; some may have passed.
    """
    return self._expiries[underlying]


@external
@view
def rates() -> IRegistry.Rates:
    """
    @notice The curve of interest.
    """
    return rate_curve._rates()


@external
@view
def borrow_rate(used: uint256) -> uint256:
    """
    @notice What debts pay, WAD per second, at a utilisation in WAD.
    """
    return rate_curve._borrow_rate(used)


@external
@view
def paused_until(action: IRegistry.Action) -> uint256:
    """
    @notice When the last pause of an action ends or ended, 0 if there was none.
    """
    return self._end(self._core, action)


# Internal


@internal
@view
def _only_governor():
    assert msg.sender == ownable.owner, "registry: not governor"


@internal
@view
def _only_steward(listing: bool):
    """
    @dev The governor may do what the steward may, and only the governor lists.
    """
    if listing:
        self._only_governor()
    elif msg.sender != self.steward:
        assert msg.sender == ownable.owner, "registry: not steward"


@internal
@view
def _only_locked():
    """
    @dev What the checks at the end of a batch are made of must not change between its calls.
    """
    vault: address = self.vault
    if vault != empty(address):
        assert not staticcall IMarginVault(vault).unlocked(), "registry: batch under way"


@internal
@view
def _decimals(token: address) -> uint256:
    decimals: uint256 = convert(staticcall IERC20Detailed(token).decimals(), uint256)
    assert decimals <= MAX_DECIMALS, "registry: too many decimals"
    return decimals


@internal
@view
def _engine() -> address:
    return convert(self._core & ADDRESS, address)


@internal
def _set_cap(token: address, asset: IRegistry.Asset, whole: uint256):
    assert whole <= MAX_CAP, "registry: cap too large"
    cap: uint256 = whole * 10**asset.decimals  # below 2**112 * 2**60
    assert cap <= MAX_CAP, "registry: cap too large"
    if cap > 0:
        self._check_asset(self._engine(), asset)
    self._assets[token] = cap << 16 | asset.decimals << 8 | asset.id + 1
    log IRegistry.CapChanged(asset=asset.id, cap=cap)


@internal
@view
def _check_asset(engine: address, asset: IRegistry.Asset):
    """
    @notice The engine must know what accounts can hold: else they could not be assessed, hence not
        liquidated. What is listed before there is an engine is looked at when one is set.
    """
    if engine != empty(address):
        params: IMarginEngine.AssetParams = staticcall IMarginEngine(engine).asset_params(asset.id)
        assert params.decimals == asset.decimals, "registry: engine has other decimals"


@internal
@view
def _check_underlying(engine: address, underlying: uint256):
    if engine != empty(address):
        assert (
            staticcall IMarginEngine(engine).underlying_params(underlying)
        ).scan_range != 0, "registry: engine without underlying"


@internal
@view
def _check_expiry(engine: address, underlying: uint256, expiry: uint256):
    if engine != empty(address):
        assert staticcall IMarginEngine(engine).knows(underlying, expiry), (
            "registry: engine without expiry"
        )


@internal
@view
def _asset_of(token: address) -> IRegistry.Asset:
    word: uint256 = self._assets[token]
    assert word != 0, "registry: unknown asset"
    # unsafe: a listed asset's low byte is its id + 1
    return IRegistry.Asset(id=unsafe_sub(word & 255, 1), decimals=(word >> 8) & 255, cap=word >> 16)


@internal
@view
def _check_action(action: IRegistry.Action) -> address:
    """
    @return The engine, as it shares the word that has been read.
    """
    core: uint256 = self._core
    assert block.timestamp >= self._end(core, action), "registry: paused"
    return convert(core & ADDRESS, address)


@internal
@pure
def _end(core: uint256, action: IRegistry.Action) -> uint256:
    return (core >> self._offset(action)) & TIME


@internal
def _set_end(action: IRegistry.Action, end: uint256):
    assert end <= TIME, "registry: end out of range"  # until the year 2106
    offset: uint256 = self._offset(action)
    core: uint256 = self._core
    self._core = core ^ (core & (TIME << offset)) | end << offset
    log IRegistry.Paused(action=action, until=end)


@internal
@pure
def _offset(action: IRegistry.Action) -> uint256:
    """
    @notice Where in the core word an action's end of pause stands; reverts for none or several.
    """
    bit: uint256 = convert(action, uint256)  # 1, 2, 4
    assert bit in [1, 2, 4], "registry: one action"
    # unsafe: at most 160 + 32 * 2
    return unsafe_add(160, unsafe_mul(32, bit >> 1))
