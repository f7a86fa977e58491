"""Where checks wait for the end of a callback, thieves have ended it early, nested it, or left an
account out of what is checked.

Here a list of touched accounts lives as long as the outermost call, whoever nests what in it, and
what cannot be checked is undone.
"""

from typing import Any

import pytest

from tests.harness import Contract, Project, impersonate
from tests.unit.margin_vault.bench import Bench, usd


@pytest.fixture
def thief(bench: Bench, project: Project, lender: int) -> Contract:
    """A contract that owns an account with 10 ether."""
    thief: Contract = project.UnlockCaller.deploy(sender=bench.trader)
    bench.fund(bench.account(thief), weth=10 * 10**18)
    return thief


def run(bench: Bench, thief: Contract, *calls: tuple[Any, bytes], may_fail: bool = False) -> None:
    thief.run(bench.vault, [(*call, may_fail) for call in calls], sender=bench.stranger)


def test_inner_end_is_no_end(bench: Bench, vault: Contract, thief: Contract) -> None:
    """After a loan that nothing secures, empty batches and unlocks end inside, before or after."""
    account = bench.account(thief)
    loan = (vault, vault.withdraw.encode_input(account, bench.quote, usd(100_000), thief))
    ends = [
        (vault, vault.batch.encode_input([])),
        (thief, thief.run.encode_input(vault, [])),
    ]
    for end in ends:
        for calls in ([loan, end], [end, loan], [end, loan, end]):
            with bench.refused("vault: margin"):
                run(bench, thief, *calls)


def test_check_of_an_inner_batch_is_not_lost(
    bench: Bench, vault: Contract, thief: Contract
) -> None:
    """The loan is in the inner batch, the outer one does something harmless and ends."""
    account = bench.account(thief)
    loan = vault.withdraw.encode_input(account, bench.quote, usd(100_000), thief)
    calm = vault.set_netting.encode_input(account + 1, 1)
    inner = (vault, vault.batch.encode_input([loan]))
    with bench.refused("vault: margin"):
        run(bench, thief, (vault, calm), inner)
    with bench.refused("vault: margin"):
        run(bench, thief, inner, (vault, calm))


def test_failing_inner_batch_takes_its_touches_with_it(
    bench: Bench, vault: Contract, thief: Contract
) -> None:
    """A batch that touches an account and fails, caught: the account is not taken for checked."""
    account = bench.account(thief)
    touch = vault.set_netting.encode_input(account, 1)
    fail = vault.set_netting.encode_input(account, 3)
    loan = vault.withdraw.encode_input(account, bench.quote, usd(100_000), thief)
    inner = (vault, vault.batch.encode_input([touch, fail]))
    with bench.refused("vault: margin"):
        run(bench, thief, inner, (vault, loan), inner, may_fail=True)


def test_debt_is_not_hidden_in_a_sister_account(
    bench: Bench, vault: Contract, thief: Contract
) -> None:
    """The collateral moves on after it has been borrowed on: both accounts are looked at."""
    account = bench.account(thief)
    loan = vault.withdraw.encode_input(account, bench.quote, usd(20_000), thief)
    leave = vault.transfer.encode_input(account, account + 1, bench.weth, 10 * 10**18)
    for calls in ([loan, leave], [leave, loan]):
        with bench.refused("vault: margin"):
            run(bench, thief, *[(vault, call) for call in calls])


def test_flash_loan_comes_back(bench: Bench, vault: Contract, thief: Contract) -> None:
    """What is borrowed and brought back within a call is no debt, and leaves nothing behind."""
    account = bench.account(thief)
    bench.quote.approve(vault, usd(900_000), sender=impersonate(thief))
    loan = vault.withdraw.encode_input(account, bench.quote, usd(900_000), thief)
    back = vault.deposit.encode_input(account, bench.quote, usd(900_000))
    short = vault.deposit.encode_input(account, bench.quote, usd(800_000))
    with bench.refused("vault: margin"):
        run(bench, thief, (vault, loan), (vault, short))
    before = vault.pool()
    run(bench, thief, (vault, loan), (vault, back))
    assert vault.pool() == before
    assert bench.quote.balanceOf(thief) == 0
