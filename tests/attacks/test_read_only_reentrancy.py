"""Others price things by asking a pool in the middle of its own transaction, when tokens have left
and shares have not yet: they were told values that were never true.

Here no view answers while a token moves. In a batch or a callback views answer with what has been
written so far, margins are still to be checked, and `unlocked` says so.
"""

import pytest

from tests.harness import Contract, Project
from tests.unit.margin_vault.bench import Bench, usd

VIEWS = ["book_of", "words", "totals", "pool", "position"]


@pytest.mark.parametrize("view", VIEWS)
def test_while_a_token_moves(
    bench: Bench, vault: Contract, project: Project, account: int, view: str
) -> None:
    """A token asks on its way in or out, as somebody who believes the answer would."""
    token = project.HookToken.deploy("Hook", "HOOK", 18, sender=bench.governor)
    asset = bench.list_token(token)
    bench.deposit(account, token, 100)
    arguments = {"totals": [asset], "pool": [], "position": [account, bench.btc]}
    ask = getattr(vault, view).encode_input(*arguments.get(view, [account]))
    bench.give(token, bench.trader, 10)
    for hooks in ((ask, b""), (b"", ask)):
        token.set_hook(vault, *hooks, sender=bench.trader)
        with bench.refused(""):
            vault.withdraw(account, token, 1, bench.trader, sender=bench.trader)
        with bench.refused(""):
            vault.deposit(account, token, 1, sender=bench.trader)


@pytest.mark.parametrize("question", ["summary", "account", "ledger"])
def test_the_lens_is_no_way_around(
    bench: Bench, vault: Contract, project: Project, account: int, question: str
) -> None:
    token = project.HookToken.deploy("Hook", "HOOK", 18, sender=bench.governor)
    bench.list_token(token)
    bench.deposit(account, token, 100)
    lens = bench.protocol.lens
    ask = getattr(lens, question).encode_input(*([] if question == "ledger" else [account]))
    token.set_hook(lens, b"", ask, sender=bench.trader)
    with bench.refused(""):
        vault.withdraw(account, token, 1, bench.trader, sender=bench.trader)


def test_while_checks_are_to_come(
    bench: Bench, vault: Contract, project: Project, lender: int
) -> None:
    """In a callback the thief has 900,000 of cash that nothing backs. Who asks can know: the vault
    tells that it is unlocked, and that the account is pending."""
    thief = project.UnlockCaller.deploy(sender=bench.trader)
    account = bench.account(thief)
    bench.fund(account, weth=10**18)
    loan = vault.transfer.encode_input(account, account + 1, bench.quote, usd(900_000))
    back = vault.transfer.encode_input(account + 1, account, bench.quote, usd(900_000))
    calls = [
        (vault, loan, False),
        (vault, vault.unlocked.encode_input(), False),
        (vault, vault.pending.encode_input(account), False),
        (vault, vault.words.encode_input(account + 1), False),
        (vault, back, False),
    ]
    thief.run(vault, calls, sender=bench.trader)
    told = [int.from_bytes(thief.outputs(i)) for i in (1, 2, 3)]
    assert told == [1, 1, 900_000 * 10**18 << 152]
    assert not vault.unlocked()
    assert vault.words(account + 1) == 0
    with bench.refused("vault: margin"):
        thief.run(vault, calls[:1], sender=bench.trader)
