"""The ledger of the specification by itself; the vault is compared with it elsewhere."""

import pytest

from plimsoll.spec.haircut import AssetParams
from plimsoll.spec.interest import Pool, Rates
from plimsoll.spec.ledger import Account, Ledger, Listing
from plimsoll.spec.margin import RiskModel, Surface
from plimsoll.spec.market import OPEN, Expiry, Forward, Market
from plimsoll.spec.scan import Grid, UnderlyingParams
from plimsoll.spec.wad import MAX, SIZE, WAD, Revert
from plimsoll.spec.words import call, key_of, pack_position, perpetual, put

NOW = 2_000_000_000
STRIKE = 100 * 10**8


@pytest.fixture
def ledger() -> Ledger:
    """At an index of 100: an option that is over, one that is live, and collateral."""
    asset = AssetParams(1, 18, (1, 2, 3), (2_000,) * 4, 100, 10_000, 10**9)
    model = RiskModel({1: UnderlyingParams(1_000, 0, 0, 10**6)}, {0: asset})
    ledger = Ledger(Listing(6, {0: MAX}), model, Rates(0, 0, 0, 1), NOW)
    ledger.markets = {1: Market(100 * WAD, 100 * WAD, 100 * WAD, 0, OPEN)}
    ledger.expiries = {
        (1, NOW): Expiry(WAD, 0, WAD, gathered=105 * WAD, fixed=True),
        (1, NOW + 10**6): Expiry(WAD, NOW, WAD),
    }
    lanes = sum(1_000 << 16 * lane for lane in range(1, 16))
    ledger.surface = Surface(
        NOW,
        {(1, NOW): Forward(105 * WAD, 0), (1, NOW + 10**6): Forward(0, WAD)},
        {1: Grid(100 * WAD, 2_000, 200)},
        {key_of(call(1, NOW + 10**6, STRIKE)): lanes},
    )
    return ledger


def test_mark(ledger: Ledger) -> None:
    """1,000 units of 100 / 2**15; the put at a strike above the forward by as much more."""
    later = NOW + 10**6
    worth = 1_000 * 100 * WAD // 2**15
    assert ledger.mark(call(1, later, STRIKE)) == worth
    assert ledger.mark(put(1, later, STRIKE)) == worth
    assert ledger.mark(perpetual(1)) == 100 * WAD


def test_what_is_over_does_not_spare_the_check(ledger: Ledger) -> None:
    """Its removal stores the account, which a withdrawal is then measured by: one that takes
    collateral from who is short is refused."""
    words = (
        pack_position(key_of(call(1, NOW, STRIKE)), SIZE),
        pack_position(key_of(perpetual(1)), 10 * SIZE),
    )
    basis = -10 * 100 * WAD
    state = Account(0, basis, 0, words, {0: 10**16})
    other = Account(0, -basis, 0, tuple(pack_position(word >> 136, -SIZE) for word in words))
    ledger.accounts, ledger.totals = {1: state, 2: other}, {0: 10**16}
    ledger.pool = Pool(time=NOW)
    with pytest.raises(Revert, match="vault: margin"):
        ledger.withdraw(1, 0, MAX)
