# pragma version 0.4.3
"""
@title Correlation by a market factor
@notice The scan requirement of a portfolio, gathered underlying by underlying. One market factor
        moves each underlying u by its loading beta_u, the rest of its range R_u is its own; so
        the correlation of u and v is beta_u * beta_v, always a valid matrix. Volatilities of
        different underlyings need not move together: Y_u(s, v) is half of what u's book is worth
        after the move s with volatility v (down or up), and half of the lower of both. A book
        needs the largest of

            factor     max over t, v of
                         sum (now_u - Y_u(sin t beta_u R_u, v)) + sqrt(sum I_u**2)
                       I_u = max(0, Y_u(sin t beta_u R_u, v)
                                    - min Y_u(sin t beta_u R_u +- cos t sqrt(1 - beta_u**2) R_u, v))
            comove     max over x, v of sum (now_u - Y_u(x R_u, v)), everything moves together; of
                       options what is lost a third less or more far, if that is more
            apart      sqrt(sum L_u**2), everything moves on its own
            floor      psi * sum L_u

        t = -90, -67.5 .. 90 degrees, x = -1, -2/3 .. 1; and on top of the first two what is hidden
        from them, as they read few places of a book: what each u with options loses within its
        range (at most L_u) beyond the most that comove reads of it, which may be a gain. But never
        more than sum L_u. The factors share a word:
        | 0 208 | target 16 | initial 16 | floor 16 |, as in plimsoll.spec.scan.
@dev Nothing overflows: any two values of a profile differ by less than 2**117 (see
     modules/scan), losses are below that, and at most 63 underlyings are added. So a sum of
     squares is below 2**240.
"""

from interfaces import IMarginEngine
from interfaces import IVolSurface
from modules import scan
from modules import wad

MAX_RATIO: constant(uint256) = 3 * wad.BPS
MIN_FLOOR: constant(uint256) = 500

# sin of 22.5, 45 and 67.5 degrees in WAD, rounded up
SIN_1: constant(int256) = 382_683_432_365_089_772
SIN_2: constant(int256) = 707_106_781_186_547_525
SIN_3: constant(int256) = 923_879_532_511_286_757

UINT16: constant(uint256) = 2**16 - 1


# WAD, or its square; of each angle, then of each third, with volatility down, then up
struct Netting:
    count: uint256  # of underlyings
    common: int256[32]  # sum of losses
    squares: uint256[18]  # sum of I**2
    apart: uint256  # sum of L**2
    total: uint256  # sum of L
    hidden: uint256  # sum of what options lose beyond what comove reads of them


@internal
@pure
def _check(factors: IMarginEngine.Factors):
    """
    @notice Refuses factors out of bounds.
    """
    assert (
        factors.target > wad.BPS
        and factors.target <= factors.initial
        and factors.initial <= MAX_RATIO
        and factors.floor >= MIN_FLOOR
        and factors.floor <= wad.BPS
    ), "engine: factors out of bounds"


@internal
@pure
def _pack(factors: IMarginEngine.Factors) -> uint256:
    """
    @notice The caller vouches for `_check`. Never 0, as the target is not.
    """
    return (factors.target << 32) | (factors.initial << 16) | factors.floor


@internal
@pure
def _unpack(word: uint256) -> IMarginEngine.Factors:
    return IMarginEngine.Factors(
        target=word >> 32, initial=(word >> 16) & UINT16, floor=word & UINT16
    )


@internal
@pure
def _add(
    netting: Netting,
    params: IMarginEngine.UnderlyingParams,
    part: IVolSurface.Measure,
    loss: uint256,
) -> Netting:
    """
    @notice The netting with one more underlying.
    @param loss Its L_u, which may be capped.
    """
    # unsafe: see above
    sum: Netting = netting
    seen: int256 = min_value(int256)  # what is lost at most where everything moves together
    sum.count = unsafe_add(sum.count, 1)
    sum.apart = unsafe_add(sum.apart, self._square(convert(loss, int256)))
    sum.total = unsafe_add(sum.total, loss)

    scan_range: int256 = convert(params.scan_range, int256)
    alone: uint256 = convert(
        unsafe_sub(wad.IBPS**2, unsafe_mul(params.beta, params.beta)), uint256
    )
    root: uint256 = wad._ceil_sqrt(unsafe_mul(alone, (wad.WAD // wad.BPS)**2))
    own: int256 = convert(wad._ceil_div(unsafe_mul(root, params.scan_range), wad.BPS), int256)
    sines: int256[9] = [-wad.IWAD, -SIN_3, -SIN_2, -SIN_1, 0, SIN_1, SIN_2, SIN_3, wad.IWAD]
    # of options, what is lost a third before, and what was found to be lost there
    last_down: int256 = min_value(int256)
    last_up: int256 = min_value(int256)
    most_down: int256 = max_value(int256)
    most_up: int256 = max_value(int256)
    k: uint256 = 0
    for row: uint256 in range(16):
        move: int256 = 0  # divisions are toward zero
        side: int256 = 0
        if row < 9:
            move = unsafe_mul(unsafe_mul(sines[row], params.beta), scan_range)
            move = unsafe_div(move, wad.IBPS**2)
            cosine: int256 = abs(sines[unsafe_add(row, 4) if row < 5 else unsafe_sub(row, 4)])
            side = unsafe_div(unsafe_mul(cosine, own), wad.IWAD)
        else:
            thirds: int256 = unsafe_sub(convert(row, int256), 12)
            move = unsafe_mul(unsafe_mul(thirds, scan_range), wad.IWAD)
            move = unsafe_div(move, 3 * wad.IBPS)
        if not part.profile.curved:  # a line has no volatility, and loses L_u at an extreme
            lost: int256 = unsafe_sub(0, scan._moved(part.profile.line, move))
            square: uint256 = 0
            if side != 0:
                away: int256 = side if part.profile.line < 0 else unsafe_sub(0, side)
                worst: int256 = scan._moved(part.profile.line, unsafe_add(move, away))
                square = self._square(unsafe_add(worst, lost))
            for v: uint256 in range(2):
                sum.common[k] = unsafe_add(sum.common[k], lost)
                if square != 0:
                    sum.squares[k] = unsafe_add(sum.squares[k], square)
                k = unsafe_add(k, 1)
            continue
        # Y with volatility down and up: at the move, and the lowest of it and of both sides
        here_down: int256 = 0
        here_up: int256 = 0
        least_down: int256 = 0
        least_up: int256 = 0
        for point: uint256 in range(3):
            at: int256 = move
            if point == 1:
                at = unsafe_sub(move, side)
            elif point == 2:
                at = unsafe_add(move, side)
            linear: int256 = scan._moved(part.profile.line, at)
            place: int256 = scan._moved(part.profile.axis.pitch, at)
            place = unsafe_add(part.profile.axis.zero, place)
            down: int256 = 0
            up: int256 = 0
            down, up = scan._at(part.profile.curve, max(0, min(place, 2 * scan.CENTER)))
            down = unsafe_add(down, linear)
            up = unsafe_add(up, linear)
            low: int256 = min(down, up)
            # shifting right rounds down
            down = unsafe_add(down, low) >> 1
            up = unsafe_add(up, low) >> 1
            if point == 0:
                here_down = down
                here_up = up
                least_down = down
                least_up = up
                if side == 0:  # everything moves together, or this moves by the factor alone
                    break
                continue
            if down < least_down:
                least_down = down
            if up < least_up:
                least_up = up
        lost_down: int256 = unsafe_sub(part.profile.mark, here_down)
        lost_up: int256 = unsafe_sub(part.profile.mark, here_up)
        if row >= 9:  # between these places nobody knows how far a curve has come
            if lost_down > most_down:
                more: int256 = unsafe_sub(lost_down, most_down)
                sum.common[unsafe_sub(k, 2)] = unsafe_add(sum.common[unsafe_sub(k, 2)], more)
            if lost_up > most_up:
                more: int256 = unsafe_sub(lost_up, most_up)
                sum.common[unsafe_sub(k, 1)] = unsafe_add(sum.common[unsafe_sub(k, 1)], more)
            most_down = max(lost_down, last_down)
            most_up = max(lost_up, last_up)
            last_down = lost_down
            last_up = lost_up
            lost_down = most_down
            lost_up = most_up
            seen = max(seen, max(lost_down, lost_up))
        sum.common[k] = unsafe_add(sum.common[k], lost_down)
        if least_down < here_down:
            square: uint256 = self._square(unsafe_sub(here_down, least_down))
            sum.squares[k] = unsafe_add(sum.squares[k], square)
        k = unsafe_add(k, 1)
        sum.common[k] = unsafe_add(sum.common[k], lost_up)
        if least_up < here_up:
            square: uint256 = self._square(unsafe_sub(here_up, least_up))
            sum.squares[k] = unsafe_add(sum.squares[k], square)
        k = unsafe_add(k, 1)
    if part.profile.curved:
        deepest: int256 = min(part.deepest, convert(loss, int256))
        # a gain that is read between nodes may be none, too
        sum.hidden = unsafe_add(sum.hidden, convert(max(0, unsafe_sub(deepest, seen)), uint256))
    return sum


@internal
@pure
def _square(loss: int256) -> uint256:
    return convert(unsafe_mul(loss, loss), uint256)


@internal
@pure
def _largest(netting: Netting, first: uint256, last: uint256, least: uint256) -> uint256:
    """
    @notice The largest of some terms of the factor (0 .. 17) and of comove (18 .. 31), WAD,
        rounded up, or `least` if that is more.
    """
    most: int256 = convert(least, int256)
    for k: uint256 in range(first, last, bound=32):
        # unsafe: see above
        room: int256 = unsafe_sub(most, netting.common[k])
        squares: uint256 = netting.squares[k] if k < 18 else 0
        # a root is only drawn where it makes the term the largest so far
        if room < 0 or squares > self._square(room):
            most = unsafe_add(netting.common[k], convert(wad._ceil_sqrt(squares), int256))
    return convert(most, uint256)


@internal
@pure
def _terms(netting: Netting, _floor: uint256) -> uint256[4]:
    """
    @notice Factor and comove, each with what is hidden from them, apart and floor; WAD, rounded
        up.
    """
    return [
        self._largest(netting, 0, 18, 0) + netting.hidden,
        self._largest(netting, 18, 32, 0) + netting.hidden,
        wad._ceil_sqrt(netting.apart),
        wad._ceil_div(_floor * netting.total, wad.BPS),
    ]


@internal
@pure
def _requirement(netting: Netting, _floor: uint256) -> uint256:
    """
    @notice Scan requirement of a portfolio, WAD.
    """
    if netting.count < 2:
        return netting.total  # there is nothing to net it with
    apart: uint256 = wad._ceil_sqrt(netting.apart)
    least: uint256 = max(apart, netting.hidden) - netting.hidden
    asked: uint256 = self._largest(netting, 0, 32, least) + netting.hidden
    asked = max(asked, wad._ceil_div(_floor * netting.total, wad.BPS))
    return min(asked, netting.total)  # values are rounded: more than the sum is none of them
