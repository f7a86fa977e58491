# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Liquidator
@license AGPL-3.0-only
@author Plimsoll contributors
@notice The policy of liquidation: anyone takes a slice of an account whose equity is below its
        maintenance margin, on terms that are the same for everybody.

        W       equity, at market and without haircuts
        MM      maintenance margin
        T       liquidation target, above MM
        f       fraction of everything the account has that changes hands
        r       reward for the whole book, in proportion to its risk:
                r = min(delta * MM, max(W, delta_min * MM)), where delta ramps from delta_min to
                delta_max with (MM - W) / MM, so whoever is late is paid more
        p       price of the whole book, p = W - r; the keeper's account pays f * p

        f = (T - W) / (T - W + p) brings what is left to its target; it is all of it when p <= 0,
        or when what would be left is dust. Where p < 0 insurance pays -f * p, as far as it can;
        so it never pays more than the hole and delta_min * MM, which is all that liquidating
        oneself can gain. Where p >= 0 insurance has its share of the reward.

        The account's health can only rise: it gives the same fraction of everything, hedges stay
        hedged, and it is paid at least what brings it to its target if the keeper takes enough.

@dev Policy only: what an account is worth is the engine's, and the vault moves the slice, checks
     that the keeper may act for `to`, and that `to` covers its initial margin afterwards. W has
     interest and unsettled profit in it, so there is nothing to settle first. The same arithmetic
     as plimsoll.spec.liquidation, to the wei.
@custom:kill The governor replaces the liquidator in the registry (none: the zero address), the
     guardian pauses liquidating there. Nothing is held here.
"""

from interfaces import ILiquidator
from interfaces import IMarginEngine
from interfaces import IMarginVault
from modules import doubts
from modules import governed
from modules import wad

implements: ILiquidator

initializes: governed

exports: governed.registry

MIN_REWARD: constant(uint256) = wad.BPS // 100
MAX_REWARD_MIN: constant(uint256) = wad.BPS // 5
MAX_SHARE: constant(uint256) = wad.BPS // 2
MAX_DUST: constant(uint256) = 10_000 * wad.WAD
UINT16: constant(uint256) = 2**16 - 1

vault: public(immutable(address))

_params: uint256  # | dust 208 | insurance share 16 | reward max 16 | reward min 16 |


@deploy
def __init__(_registry: address, _vault: address, _new_params: ILiquidator.Params):
    governed.__init__(_registry)
    vault = _vault
    self._set_params(_new_params)


@external
def liquidate(
    account: uint256, to: uint256, max_fraction: uint256, min_reward: int256
) -> ILiquidator.Terms:
    """
    @notice Takes a slice of an account that is short of maintenance margin; anyone may, for an
        account of theirs.
    @dev The reward leaves rounding aside: positions change hands at mark, so truncating them
        costs nothing, but of each collateral up to one token unit stays behind.
    @param to Account that takes the slice and pays for it.
    @param max_fraction Most of the account to take, WAD, at most 1.
    @param min_reward Least that `to` must gain at market, WAD. Insurance may have less than its
        part of the payment; a negative value takes a loss on purpose.
    @return The terms, with the payment that was made.
    """
    margin: IMarginEngine.Margin = extcall self._engine().assess(
        staticcall IMarginVault(vault).book_of(account)
    )
    terms: ILiquidator.Terms = self._terms(margin, max_fraction)
    paid: int256 = extcall IMarginVault(vault).slice(
        account, to, msg.sender, terms.fraction, terms.payment, terms.cut
    )
    terms = self._with_payment(terms, paid)
    assert terms.reward >= min_reward, "liquidator: reward too small"
    log ILiquidator.Liquidated(
        account=account,
        to=to,
        keeper=msg.sender,
        terms=terms,
        equity=margin.equity,
        maintenance=margin.maintenance,
    )
    return terms


@external
@view
def quote(account: uint256, max_fraction: uint256) -> ILiquidator.Terms:
    """
    @notice The terms that `liquidate` would have now. Reverts where it would refuse the account;
        what the vault asks of `to`, pauses and pending checks are not looked at.
    """
    margin: IMarginEngine.Margin = staticcall self._engine().preview(
        staticcall IMarginVault(vault).book_of(account)
    )
    terms: ILiquidator.Terms = self._terms(margin, max_fraction)
    insurance: uint256 = staticcall governed._REGISTRY.insurance()
    cash: int256 = (staticcall IMarginVault(vault).book_of(insurance)).cash
    return self._with_payment(terms, max(terms.payment, min(0, -cash)))


@internal
@view
def _engine() -> IMarginEngine:
    return IMarginEngine(staticcall governed._REGISTRY.engine())


@internal
@view
def _terms(margin: IMarginEngine.Margin, max_fraction: uint256) -> ILiquidator.Terms:
    """
    @dev No overflow: equity is below 2**142 and maintenance below 2**113 (see the engine), times
        a ratio below 2**60. Rounding is for the account: what is paid to it rounds up, the cut
        and what insurance pays round down.
    """
    assert margin.validity >= doubts.LIQUIDATION, "liquidator: stale price"
    equity: int256 = margin.equity
    maintenance: int256 = convert(margin.maintenance, int256)
    assert equity < maintenance, "liquidator: account is healthy"
    assert max_fraction > 0 and max_fraction <= wad.WAD, "liquidator: fraction out of range"

    params: ILiquidator.Params = self._unpack_params()
    gain: int256 = self._reward(params, equity, maintenance)
    price: int256 = equity - gain
    fraction: uint256 = wad.WAD
    if price > 0:
        short: uint256 = convert(convert(margin.target, int256) - equity, uint256)
        # rounded up, for the account to reach its target
        fraction = wad._ceil_div(short * wad.WAD, short + convert(price, uint256))
        # rounded down: less is dust
        if (wad.WAD - fraction) * margin.maintenance // wad.WAD < params.dust:
            fraction = wad.WAD
    fraction = min(fraction, max_fraction)

    share: int256 = convert(fraction, int256)
    payment: int256 = share * price // wad.IWAD  # toward zero: insurance pays no more
    cut: uint256 = 0
    if price >= 0:
        payment = wad._ceil_div_signed(share * price, wad.IWAD)
        cut = (
            convert(share * gain // wad.IWAD, uint256) * params.insurance_share // wad.BPS
        )  # rounded down twice
    worth: int256 = wad._floor_div(share * equity, wad.IWAD)
    return ILiquidator.Terms(
        fraction=fraction,
        payment=payment,
        cut=cut,
        reward=worth - payment - convert(cut, int256),
    )


@internal
@pure
def _reward(params: ILiquidator.Params, equity: int256, maintenance: int256) -> int256:
    """
    @notice What the whole book is sold below market for, rounded down.
    """
    depth: int256 = maintenance - equity  # positive: the account is short
    least: int256 = convert(params.reward_min, int256) * maintenance // wad.IBPS
    spread: int256 = convert(params.reward_max - params.reward_min, int256)
    return min(least + spread * depth // wad.IBPS, max(equity, least))


@internal
@pure
def _with_payment(terms: ILiquidator.Terms, payment: int256) -> ILiquidator.Terms:
    """
    @notice The terms when insurance has less than its part of the payment.
    """
    changed: ILiquidator.Terms = terms
    changed.reward += terms.payment - payment
    changed.payment = payment
    return changed


@external
def set_params(params: ILiquidator.Params):
    """
    @notice Changes the terms of whatever is liquidated from now on; governor or steward.
    @param params reward_min 1 .. 20 %, reward_max from there to below 100 %, insurance_share at
        most 50 %, dust at most 10,000 of quote.
    """
    governed._only_steward()
    self._set_params(params)


@internal
def _set_params(params: ILiquidator.Params):
    assert params.reward_min >= MIN_REWARD, "liquidator: reward_min out of range"
    assert params.reward_min <= MAX_REWARD_MIN, "liquidator: reward_min out of range"
    assert params.reward_max >= params.reward_min, "liquidator: reward_max out of range"
    assert params.reward_max < wad.BPS, "liquidator: reward_max out of range"
    assert params.insurance_share <= MAX_SHARE, "liquidator: share too high"
    assert params.dust <= MAX_DUST, "liquidator: dust too high"
    self._params = (
        params.dust << 48
        | params.insurance_share << 32
        | params.reward_max << 16
        | params.reward_min
    )
    log ILiquidator.ParamsChanged(params=params)


@external
@view
def params() -> ILiquidator.Params:
    """
    @notice The terms of whatever is liquidated.
    """
    return self._unpack_params()


@internal
@view
def _unpack_params() -> ILiquidator.Params:
    word: uint256 = self._params
    return ILiquidator.Params(
        reward_min=word & UINT16,
        reward_max=(word >> 16) & UINT16,
        insurance_share=(word >> 32) & UINT16,
        dust=word >> 48,
    )
