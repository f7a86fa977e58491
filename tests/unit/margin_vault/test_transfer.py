"""transfer: cash or collateral moves between two accounts of one owner, no token does."""

import pytest

from tests.harness import Contract

from .bench import ALL, BTC, HOUR, SIZE, TRANSFER, WAD, WITHDRAW, Bench, logged, usd


@pytest.fixture
def second(bench: Bench) -> int:
    """The trader's second account."""
    return bench.account(bench.trader, 2)


def test_cash(bench: Bench, vault: Contract, account: int, second: int) -> None:
    bench.fund(account, 1_000)
    receipt = bench.transfer(account, second, bench.quote, usd(400))
    assert receipt.return_value == usd(400)
    assert logged(receipt, vault.Transfer) == [
        {
            "source": account,
            "target": second,
            "token": bench.quote.address,
            "amount": usd(400),
        }
    ]
    assert logged(receipt, vault.Updated) == [
        {"account": account, "word": 600 * WAD << 152},
        {"account": second, "word": 400 * WAD << 152},
    ]
    assert (bench.cash(account), bench.cash(second)) == (600 * WAD, 400 * WAD)
    assert vault.pool().tokens == 1_000 * WAD
    assert bench.quote.balanceOf(vault) == usd(1_000)


@pytest.mark.parametrize("name", ["weth", "wbtc", "wsol"])
def test_collateral(bench: Bench, vault: Contract, account: int, second: int, name: str) -> None:
    token = getattr(bench, name)
    asset = bench.asset(token)
    bench.fund(account, **{name: 1_000})
    receipt = bench.transfer(account, second, token, 400)
    assert logged(receipt, vault.Transfer) == [
        {"source": account, "target": second, "token": token.address, "amount": 400}
    ]
    assert vault.book_of(account).collateral == [(asset, 600, 1_000)]
    assert vault.book_of(second).collateral == [(asset, 400, 1_000)]
    assert bench.transfer(account, second, token, ALL).return_value == 600
    assert vault.words(account) == 0
    assert vault.totals(asset) == token.balanceOf(vault) == 1_000


def test_all_cash(bench: Bench, account: int, second: int) -> None:
    bench.fund(account, 1_000)
    assert bench.transfer(account, second, bench.quote, ALL).return_value == usd(1_000)
    assert bench.vault.words(account) == 0


def test_settles_first(bench: Bench, vault: Contract, pair: tuple[int, int], second: int) -> None:
    """The buyer's profit of 3,000 becomes cash before 1,000 move on."""
    account, other = pair
    bench.trade(account, other)
    bench.move(BTC, 63_000)
    receipt = bench.transfer(account, second, bench.quote, usd(1_000))
    assert logged(receipt, vault.Settle) == [{"account": account, "profit": 3_000 * WAD}]
    assert (bench.cash(account), bench.cash(second)) == (102_000 * WAD, 1_000 * WAD)


def test_borrows(bench: Bench, account: int, second: int, lender: int) -> None:
    """What the second account has is the first one's debt, up to its initial margin."""
    bench.fund(account, weth=10 * 10**18)
    with bench.refused("vault: margin"):
        bench.transfer(account, second, bench.quote, usd(23_625) + 1)
    bench.transfer(account, second, bench.quote, usd(23_625))
    assert bench.cash(account) == -bench.cash(second) == -23_625 * WAD


def test_source_must_bear_it(bench: Bench, pair: tuple[int, int], second: int) -> None:
    account, other = pair
    bench.fund(account, weth=10**18)
    bench.trade(account, other, 10 * SIZE)
    bench.jump(BTC, 58_000)
    for token in (bench.quote, bench.weth):
        with bench.refused("vault: margin"):
            bench.transfer(account, second, token, 10**12)


def test_target_only_gains(bench: Bench, pair: tuple[int, int], second: int) -> None:
    """A short account is topped up from another one while its positions' price is stale."""
    account, other = pair
    bench.fund(second, 50_000, weth=10**18)
    bench.trade(account, other, 10 * SIZE)
    bench.jump(BTC, 51_000)
    short = bench.margin(account)
    assert short.equity < short.maintenance
    bench.silence(BTC)
    bench.transfer(second, account, bench.quote, ALL)
    bench.transfer(second, account, bench.weth, ALL)
    assert bench.equity(account) == short.equity + 53_000 * WAD


def test_stale_collateral(bench: Bench, pair: tuple[int, int], account: int, second: int) -> None:
    """It stays where it is, be there something for it to back or not."""
    bench.fund(second, weth=10**18)
    bench.trade(*pair, size=SIZE)
    bench.chain.mine(delta=5 * HOUR)
    for target in (account, bench.account(bench.trader, 3)):
        with bench.refused("registry: old price"):
            bench.transfer(second, target, bench.weth, ALL)


def test_operator(bench: Bench, vault: Contract, account: int, second: int) -> None:
    """The permission is the source's: TRANSFER there moves to any account of the owner."""
    bench.fund(account, 100)
    bench.fund(second, 100)
    now = bench.chain.timestamp
    vault.set_operator(account, bench.keeper, TRANSFER, now + HOUR, sender=bench.trader)
    vault.set_operator(second, bench.keeper, WITHDRAW, now + HOUR, sender=bench.trader)
    bench.transfer(account, second, bench.quote, usd(1), sender=bench.keeper)
    with bench.refused("vault: not allowed"):
        vault.transfer(second, account, bench.quote, usd(1), sender=bench.keeper)
    bench.wait(HOUR + 1)
    with bench.refused("vault: not allowed"):
        vault.transfer(account, second, bench.quote, usd(1), sender=bench.keeper)


def test_stranger(bench: Bench, vault: Contract, account: int, second: int) -> None:
    bench.fund(account, 100)
    with bench.refused("vault: not allowed"):
        vault.transfer(account, second, bench.quote, 1, sender=bench.stranger)


def test_two_owners(bench: Bench, account: int, other: int) -> None:
    bench.fund(account, 100)
    with bench.refused("vault: not one owner"):
        bench.transfer(account, other, bench.quote, 1)


def test_to_itself(bench: Bench, account: int) -> None:
    bench.fund(account, 100)
    with bench.refused("vault: same account"):
        bench.transfer(account, account, bench.quote, 1)


def test_nothing(bench: Bench, account: int, second: int) -> None:
    for token in (bench.quote, bench.weth):
        for amount in (0, ALL):
            with bench.refused("vault: zero amount"):
                bench.transfer(account, second, token, amount)


def test_more_than_there_is(bench: Bench, account: int, second: int) -> None:
    bench.fund(account, 100, weth=100)
    with bench.refused("vault: balance"):
        bench.transfer(account, second, bench.weth, 101)
    with bench.refused("vault: margin"):
        bench.transfer(account, second, bench.quote, usd(100) + 1)


def test_unknown_token(bench: Bench, vault: Contract, account: int, second: int) -> None:
    with bench.refused("registry: unknown asset"):
        vault.transfer(account, second, vault, 1, sender=bench.trader)


def test_loans_leave_a_tenth(bench: Bench, account: int, second: int, other: int) -> None:
    """Credit counts as borrowed when it is moved, though no token has left yet."""
    bench.fund(other, 10_000)
    bench.fund(account, weth=10 * 10**18)
    bench.withdraw(account, bench.quote, usd(9_000))
    with bench.refused("vault: utilisation"):
        bench.withdraw(account, bench.quote, 1)
    bench.transfer(account, second, bench.quote, usd(1))
    bench.withdraw(other, bench.quote, usd(1))
    with bench.refused("vault: utilisation"):
        bench.transfer(account, second, bench.quote, usd(1))


def test_paused(bench: Bench, vault: Contract, account: int, second: int) -> None:
    bench.fund(account, 100)
    bench.registry.pause(1, HOUR, sender=bench.guardian)
    with bench.refused("registry: paused"):
        vault.transfer(account, second, bench.quote, 1, sender=bench.trader)


def test_too_many_collaterals(bench: Bench, project, account: int, second: int) -> None:
    """The target takes no seventeenth kind of token."""
    bench.fund(account, weth=1)
    for _ in range(16):
        token = project.Token.deploy("Coin", "COIN", 18, sender=bench.governor)
        bench.list_token(token)
        bench.deposit(second, token, 1)
    with bench.refused("vault: too many collaterals"):
        bench.transfer(account, second, bench.weth, 1)
