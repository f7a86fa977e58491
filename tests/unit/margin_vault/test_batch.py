"""batch: many calls of the vault, one check of every account they touched, at the end."""

from functools import partial

import pytest

from plimsoll.spec.ledger import QUOTE
from plimsoll.spec.words import PORTFOLIO
from tests.harness import Contract, Project, impersonate

from .bench import (
    ALL,
    BTC,
    CONFIGURE,
    DAY,
    HOUR,
    SIZE,
    WAD,
    Bench,
    logged,
    usd,
)


def test_runs_calls_for_the_caller(bench: Bench, vault: Contract, account: int) -> None:
    """Deposits, chooses a level, approves a venue and moves to a sub-account in one go."""
    second = account + 1
    bench.give(bench.quote, bench.trader, usd(100))
    bench.give(bench.weth, bench.trader, 10**18)
    ledger = bench.ledger
    receipt = bench.batch(
        [
            vault.deposit.encode_input(account, bench.quote, usd(100)),
            vault.deposit.encode_input(account, bench.weth, 10**18),
            vault.set_netting.encode_input(account, PORTFOLIO),
            vault.set_venue.encode_input(account, bench.venue, WAD),
            vault.transfer.encode_input(account, second, bench.quote, ALL),
        ],
        [
            lambda: ledger.deposit(account, QUOTE, usd(100)),
            lambda: ledger.deposit(account, 0, 10**18),
            lambda: ledger.set_netting(account, PORTFOLIO),
            lambda: ledger.set_venue(account, bench.venue.address, WAD),
            lambda: ledger.transfer(account, second, QUOTE, ALL),
        ],
        sender=bench.trader,
    )
    assert [event["amount"] for event in logged(receipt, vault.Deposit)] == [usd(100), 10**18]
    assert (bench.cash(account), bench.cash(second)) == (0, 100 * WAD)
    assert not vault.unlocked()
    assert not vault.pending(account)


def test_order_in_between_does_not_matter(
    bench: Bench, vault: Contract, account: int, lender: int
) -> None:
    """A loan is drawn before the ether that secures it arrives: the end is what is checked."""
    bench.give(bench.weth, bench.trader, 10 * 10**18)
    ledger = bench.ledger
    calls = [
        vault.withdraw.encode_input(account, bench.quote, usd(20_000), bench.trader),
        vault.deposit.encode_input(account, bench.weth, 10 * 10**18),
    ]
    specs = [
        lambda: ledger.withdraw(account, QUOTE, usd(20_000)),
        lambda: ledger.deposit(account, 0, 10 * 10**18),
    ]
    with bench.refused("vault: margin"):
        bench.batch(calls[:1], specs[:1], bench.trader)
    bench.batch(calls, specs, bench.trader)
    assert bench.quote.balanceOf(bench.trader) == usd(20_000)


def test_a_failing_check_undoes_everything(
    bench: Bench, vault: Contract, pair: tuple[int, int]
) -> None:
    """The last account that was touched is short of its initial margin: not even the first call
    stands, which alone would."""
    account, other = pair
    second = bench.fund(account + 1, 50)
    bench.trade(account, other, 9 * SIZE)
    calls = [
        vault.withdraw.encode_input(second, bench.quote, usd(50), bench.trader),
        vault.withdraw.encode_input(account, bench.quote, usd(50_000), bench.trader),
    ]
    specs = [
        partial(bench.ledger.withdraw, second, QUOTE, usd(50)),
        partial(bench.ledger.withdraw, account, QUOTE, usd(50_000)),
    ]
    with bench.refused("vault: margin"):
        bench.batch(calls, specs, bench.trader)
    assert bench.cash(second) == 50 * WAD
    assert bench.quote.balanceOf(bench.trader) == 0
    bench.batch(calls[:1], specs[:1], bench.trader)


def test_short_account_is_compared_with_its_first_touch(
    bench: Bench, vault: Contract, pair: tuple[int, int]
) -> None:
    """It may get worse on the way if it ends no worse than it began."""
    account, other = pair
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 56_500)
    margin = bench.margin(account)
    assert margin.maintenance < margin.equity < margin.initial
    ledger = bench.ledger
    bench.give(bench.quote, bench.trader, usd(2_000))
    out = vault.withdraw.encode_input(account, bench.quote, usd(1_000), bench.trader)

    def back(amount: int) -> bytes:
        return vault.deposit.encode_input(account, bench.quote, amount)

    with bench.refused("vault: margin"):
        bench.batch(
            [out, back(usd(1_000) - 1)],
            [
                lambda: ledger.withdraw(account, QUOTE, usd(1_000)),
                lambda: ledger.deposit(account, QUOTE, usd(1_000) - 1),
            ],
            bench.trader,
        )
    bench.batch(
        [out, back(usd(1_000))],
        [
            lambda: ledger.withdraw(account, QUOTE, usd(1_000)),
            lambda: ledger.deposit(account, QUOTE, usd(1_000)),
        ],
        bench.trader,
    )
    assert bench.margin(account) == margin


def test_a_deposit_before_the_first_touch_is_not_the_owners_to_take_back(
    bench: Bench, vault: Contract, pair: tuple[int, int]
) -> None:
    """A short account that was topped up first is compared with what it was after that."""
    account, other = pair
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 56_500)
    bench.give(bench.quote, bench.trader, usd(1_000))
    with bench.refused("vault: margin"):
        bench.batch(
            [
                vault.deposit.encode_input(account, bench.quote, usd(1_000)),
                vault.withdraw.encode_input(account, bench.quote, usd(1_000), bench.trader),
            ],
            [
                lambda: bench.ledger.deposit(account, QUOTE, usd(1_000)),
                lambda: bench.ledger.withdraw(account, QUOTE, usd(1_000)),
            ],
            bench.trader,
        )


def test_stale_prices(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """At the end of a batch as anywhere: no price that opens, no way but down."""
    account, other = pair
    bench.trade(account, other)
    bench.chain.mine(delta=5 * HOUR)
    with bench.refused("vault: margin"):
        bench.batch(
            [vault.withdraw.encode_input(account, bench.quote, usd(1), bench.trader)],
            [lambda: bench.ledger.withdraw(account, QUOTE, usd(1))],
            bench.trader,
        )


def test_nothing(bench: Bench, vault: Contract) -> None:
    assert bench.batch([], [], bench.stranger).logs == []


def test_keeps_the_caller(bench: Bench, vault: Contract, account: int) -> None:
    """Calls have the rights of who sent the batch, no more and no less."""
    bench.fund(account, 100)
    call = vault.withdraw.encode_input(account, bench.quote, usd(1), bench.trader)
    with bench.refused("vault: not allowed"):
        vault.batch([call], sender=bench.stranger)
    grant = vault.set_operator.encode_input(account, bench.stranger, CONFIGURE, 2**40)
    with bench.refused("vault: not allowed"):
        vault.batch([grant], sender=bench.stranger)
    vault.batch([grant], sender=bench.trader)
    vault.batch([vault.set_netting.encode_input(account, 1)], sender=bench.stranger)
    assert vault.book_of(account).level == 1


def test_reason_of_a_failing_call(bench: Bench, vault: Contract, account: int) -> None:
    bench.fund(account, 100)
    for call, reason in (
        (vault.set_netting.encode_input(account, 3), "vault: unknown level"),
        (vault.deposit.encode_input(account, vault, 1), "registry: unknown asset"),
        (vault.deposit.encode_input(account, bench.quote, 1), "token: allowance"),
        (b"", ""),
        (b"\xde\xad\xbe\xef", ""),
    ):
        with bench.refused(reason):
            vault.batch([call], sender=bench.trader)


def test_bounds(bench: Bench, vault: Contract, account: int) -> None:
    """Sixteen calls of 256 bytes."""
    call = vault.set_netting.encode_input(account, 1)
    vault.batch([call] * 16, sender=bench.trader)
    with bench.refused(""):
        vault.batch([call] * 17, sender=bench.trader)
    vault.batch([call.ljust(256, b"\0")], sender=bench.trader)
    with bench.refused(""):
        vault.batch([call.ljust(257, b"\0")], sender=bench.trader)


def test_batch_in_a_batch(bench: Bench, vault: Contract, pair: tuple[int, int]) -> None:
    """The inner one checks nothing, the outer one everything."""
    account, other = pair
    bench.fund(account, wbtc=10**8)
    bench.set_netting(account, PORTFOLIO)
    bench.trade(other, account)
    margin = bench.margin(account)
    spare = (margin.equity - margin.initial) // 10**12
    bench.withdraw(account, bench.quote, spare)

    back = vault.set_netting.encode_input(account, 0)
    inner = vault.batch.encode_input([back])
    specs = [lambda: bench.ledger.set_netting(account, 0)]
    with bench.refused("vault: margin"):
        bench.batch([inner], specs, bench.trader)
    bench.batch(
        [inner, vault.set_netting.encode_input(account, PORTFOLIO)],
        [*specs, lambda: bench.ledger.set_netting(account, PORTFOLIO)],
        bench.trader,
    )
    assert not vault.unlocked()


TOUCHER = """
# pragma version 0.4.3
from interfaces import IMarginVault


@external
def run(vault: address, count: uint256, times: uint256):
    for _: uint256 in range(times, bound=3):
        extcall IMarginVault(vault).unlock(abi_encode(count))


@external
def on_unlock(data: Bytes[8192]):
    owner: uint256 = convert(self, uint256) << 96
    for i: uint256 in range(abi_decode(data, uint256), bound=100):
        extcall IMarginVault(msg.sender).set_netting(owner | i, 1)
        extcall IMarginVault(msg.sender).set_netting(owner | i, 2)
"""


@pytest.mark.pyrevm  # anvil takes ten seconds for such a transaction
def test_sixty_four_accounts(bench: Bench, vault: Contract, project: Project) -> None:
    """One batch, however it is nested, touches at most sixty-four accounts."""
    toucher = project.inline(TOUCHER, "Toucher").deploy(sender=bench.stranger)
    toucher.run(vault, 64, 1, sender=bench.stranger)
    assert all(vault.words(bench.account(toucher, number)) == 2 for number in range(64))
    with bench.refused(""):
        toucher.run(vault, 65, 1, sender=bench.stranger)
    toucher.run(vault, 40, 3, sender=bench.stranger)  # each counts by itself


TWICE = """
# pragma version 0.4.3
from interfaces import IMarginVault


@external
def run(
    vault: address,
    account: uint256,
    first: DynArray[Bytes[256], 16],
    second: DynArray[Bytes[256], 16],
):
    extcall IMarginVault(vault).batch(first)
    assert not staticcall IMarginVault(vault).pending(account), "twice: pending"
    extcall IMarginVault(vault).batch(second)
"""


def test_two_batches_in_a_transaction(
    bench: Bench, vault: Contract, project: Project, other: int
) -> None:
    """The second one knows nothing of the first: neither whom it touched, nor what they were."""
    twice = project.inline(TWICE, "Twice").deploy(sender=bench.stranger)
    owner = impersonate(twice)
    account = bench.account(twice)
    for item in (account, other):
        bench.fund(item, 100_000)
        bench.approve(item)
    bench.trade(account, other, 9 * SIZE)
    bench.jump(BTC, 56_500)
    bench.give(bench.quote, owner, usd(1_000))
    touch = vault.set_netting.encode_input(account, 1)
    pay = vault.deposit.encode_input(account, bench.quote, usd(1_000))
    take = vault.withdraw.encode_input(account, bench.quote, usd(1_000), twice)
    with bench.refused("vault: margin"):
        twice.run(vault, account, [touch, pay], [take], sender=bench.stranger)
    twice.run(vault, account, [touch, pay], [touch], sender=bench.stranger)


def test_through_a_wallet(bench: Bench, vault: Contract, project: Project, lender: int) -> None:
    """A smart wallet owns the account; the batch that its owner makes it send has its rights."""
    wallet = project.Wallet1271.deploy(bench.trader, sender=bench.trader)
    account = bench.account(wallet)
    bench.fund(account, weth=10**18)
    calls = [
        vault.set_netting.encode_input(account, PORTFOLIO),
        vault.withdraw.encode_input(account, bench.quote, usd(1_000), bench.trader),
    ]
    with bench.refused("vault: not allowed"):
        vault.batch(calls, sender=bench.trader)
    bench.both(
        lambda: spec_batch(bench, account),
        lambda: wallet.execute(vault, vault.batch.encode_input(calls), sender=bench.trader),
    )
    assert bench.quote.balanceOf(bench.trader) == usd(1_000)
    assert vault.book_of(account).level == PORTFOLIO


def spec_batch(bench: Bench, account: int) -> None:
    with bench.ledger.batch():
        bench.ledger.set_netting(account, PORTFOLIO)
        bench.ledger.withdraw(account, QUOTE, usd(1_000))


@pytest.mark.parametrize("paused", [1, 2, 4])
def test_pauses_hold_inside(bench: Bench, vault: Contract, account: int, paused: int) -> None:
    bench.fund(account, 100)
    bench.registry.pause(paused, DAY, sender=bench.guardian)
    call = vault.withdraw.encode_input(account, bench.quote, usd(1), bench.trader)
    if paused == 1:
        with bench.refused("registry: paused"):
            vault.batch([call], sender=bench.trader)
    else:
        vault.batch([call], sender=bench.trader)
