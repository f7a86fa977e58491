"""Deposit, order, list_expiry, account and liquidate: what a user types, and what is said to wrong
input.
"""

import json
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from time import time

import pytest

from plimsoll.client.instruments import parse_expiry, show_expiry
from plimsoll.client.orders import SignedOrder
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import call, future, perpetual
from tests.integration.conftest import BTC, CHAIN_ID, ETH, User, anvil, ape_run, free_port, running

pytestmark = pytest.mark.integration

DAY = show_expiry((int(time()) // 86_400 + 90) * 86_400 + 8 * 3_600)  # of an expiry
STRIKES = ("--step", 1_000, "--low", 40_000, "--high", 90_000, "--limit", 7)
NOTHING = "nothing is left of these orders that fits together"


@pytest.fixture
def traders(user: User) -> Iterator[User]:
    """Two who let the order book trade; what they do is undone."""
    snapshot = user.world.node.rpc("evm_snapshot")
    for index in (1, 2):
        user.world.deposit(index, "USDC", 10**11)
        user("order", "approve", 10_000, "--account", index)
    yield user
    user.world.node.rpc("evm_revert", snapshot)


def test_two_legs(traders: User) -> None:
    """A credit: the buyer of bitcoin against twenty-one ether receives 3,000 a unit."""
    user = traders
    legs = ("BTC", "ETH-PERP:-21")
    sell = user("order", "sign", "sell", 1, *legs, "-3000", "--account", 2)
    buy = user("order", "sign", "buy", 0.5, *legs, "-2_999.5", "--account", 1)
    maker, taker = user.file("maker.json", sell), user.file("taker.json", buy)
    said = user("order", "match", taker, maker, "--account", 3)
    assert "trades 0.5000 BTC-PERP ETH-PERP:-21 at -3,000.00, fee 24.60" in said
    assert "trades -0.5000 BTC-PERP ETH-PERP:-21 at -3,000.00, fee 6.15" in said
    held = user.world.contract("vault").position
    assert held(user.world.account(1), perpetual(BTC)) == SIZE // 2
    assert held(user.world.account(1), perpetual(ETH)) == -21 * SIZE // 2


@pytest.fixture
def options(traders: User) -> User:
    """Bitcoin's calls and puts of a day that is far away."""
    said = traders("list_expiry", "BTC", DAY, "--volatility", 60, "--ratio", "1.01", *STRIKES)
    assert said.count("✓") == 3
    shown = " ".join(said.replace("✓", "").split())
    assert "strikes from 40,000 to 90,000, 1,000 apart; 7 contracts an account" in shown
    return traders


def test_list_expiry(options: User) -> None:
    """Listed once, with the strikes that were asked for; then a new smile for it."""
    world, expiry = options.world, parse_expiry(DAY)
    registry, surface = world.contract("registry"), world.contract("surface")
    assert registry.series(BTC, expiry) == (1_000 * SIZE, 40_000 * SIZE, 90_000 * SIZE, 7 * SIZE)
    for strike, limit in ((90_000, 7 * SIZE), (90_500, 0), (91_000, 0)):
        assert registry.size_limit(call(BTC, expiry, strike * SIZE)) == limit
    assert registry.size_limit(future(BTC, expiry)) == 7 * SIZE
    [forward, _] = world.contract("market").price(future(BTC, expiry))
    assert forward == 60_600 * WAD
    level, *_ = surface.posted(BTC, expiry)[0]

    again = ("list_expiry", "BTC", DAY, "--volatility", 60, *STRIKES)
    blocks = world.node.web3.eth.block_number
    said = options(*again)
    assert said.count("✓") == 3
    assert said.endswith("there before and stay: --post changes them\n")
    assert world.node.web3.eth.block_number == blocks
    world.node.rpc("evm_increaseTime", 60)
    world.node.rpc("evm_mine")
    complaint = options("list_expiry", "BTC", DAY, "--post", "--volatility", 80, fails=True)
    assert complaint == "Error: refused: surface: smile moves too far\n"
    said = options("list_expiry", "BTC", DAY, "--post", "--volatility", 65, "--skew", -30)
    assert said == f"posted the smile of BTC {DAY}\n"
    assert world.contract("market").expiry_of(BTC, expiry).ratio == WAD * 101 // 100
    raised, _, skew, *_ = surface.posted(BTC, expiry)[0]
    assert skew == -300_000_000
    assert raised / level == pytest.approx((65 / 60) ** 2)


def test_vertical_spread(options: User) -> None:
    """Two options at one net price: both sides hold both legs, or nothing is traded."""
    world, expiry = options.world, parse_expiry(DAY)
    legs = (f"BTC-{DAY}-60000-C", f"BTC-{DAY}-70000-C:-1")
    buy = options("order", "sign", "buy", 4, *legs, 3_000, "--account", 1)
    sell = options("order", "sign", "sell", "2.5", *legs, "2_500", "--account", 2)
    taker, maker = options.file("taker.json", buy), options.file("maker.json", sell)
    before = [world.summary(index).margin.equity for index in (1, 2)]
    said = options("order", "match", taker, maker, "--account", 3)
    shown = f"{legs[0]} {legs[1]} at 2,500.00"
    # 4 and 1 basis points of notional, 300,000: no more than an eighth of the premium
    assert f"trades 2.5000 {shown}, fee 120.00" in said
    assert f"trades -2.5000 {shown}, fee 30.00" in said
    vault = world.contract("vault")
    for index, sign in ((1, 1), (2, -1)):
        account = world.account(index)
        sizes = [
            vault.position(account, call(BTC, expiry, strike * SIZE)) for strike in (60_000, 70_000)
        ]
        assert sizes == [sign * 250_000_000, -sign * 250_000_000]
        assert vault.book_of(account).cash == 10**5 * WAD - (
            6_370 * WAD if sign > 0 else -6_220 * WAD
        )
    after = [world.summary(index).margin.equity for index in (1, 2)]
    lost = sum(before) - sum(after)
    assert 150 * WAD < lost < 160 * WAD  # fees, and what shorts count for in lanes

    said = " ".join(options("account", 0, "--account", 2).split())
    assert f"{legs[0]} -2.5000" in said
    assert f"BTC-{DAY}-70000-C 2.5000" in said
    complaint = options(
        *("order", "sign", "buy", 1, f"BTC-{DAY}-60500-C", 3_000, "--account", 1), fails=True
    )
    assert complaint.endswith(f"BTC-{DAY}-60500-C is not listed, or has expired\n")


def test_orders_that_are_none(traders: User) -> None:
    """A file whose numbers are none, or that names nobody who signed."""
    order = json.loads(traders("order", "sign", "buy", 1, "BTC", 60_000, "--account", 1))
    taker = traders.file("taker.json", json.dumps(order))
    for key, value in (("size", "5"), ("reduce_only", "no"), ("legs", [{"instrument": 1.5}])):
        other = {**order, "order": {**order["order"], key: value}}
        path = traders.file("wrong.json", json.dumps(other))
        complaint = traders("order", "match", taker, path, fails=True)
        assert complaint.endswith(f"{path}: not a signed order\n")
    path = traders.file("wrong.json", json.dumps({**order, "signer": "me"}))
    assert "not a signed order" in traders("order", "match", taker, path, fails=True)


def test_void_orders_are_left_out(traders: User) -> None:
    """One cancelled, one below the account's nonce, one expired: the last one is matched."""
    user, world = traders, traders.world
    orders = [
        SignedOrder.from_json(
            user("order", "sign", "sell", 1, "BTC", 60_000, "--account", 2, "--seconds", seconds)
        )
        for seconds in (3_600, 3_600, 0, 3_600)
    ]
    world.send("orders", "cancel", astuple(orders[1].order), sender=2)
    nonce = orders[0].order.salt + 1
    world.send("orders", "cancel_below", world.account(2), nonce, sender=2)
    makers = [user.file(f"{i}.json", item.to_json()) for i, item in enumerate(orders)]
    buy = user("order", "sign", "buy", 5, "BTC", 60_000, "--account", 1)
    taker = user.file("taker.json", buy)
    said = user("order", "match", taker, *makers[:3], fails=True)
    void = ", ".join(str(path) for path in makers[:3])
    assert said == f"Error: {NOTHING}; filled, cancelled or expired: {void}\n"
    said = user("order", "match", taker, *makers)
    assert said.count("trades") == 2
    assert world.contract("vault").position(world.account(1), perpetual(BTC)) == SIZE


def test_from_deposit_to_liquidation(user: User) -> None:
    """The whole way, each step by its own script."""
    world = user.world
    said = user("deposit", "60_000.5", "--mint", "--account", 1)
    assert said.startswith(f"60,000.5000 USDC are in {world.keys[1].address}/0, ")
    world.deposit(2, "WBTC", 25 * 10**7)
    assert "100,000.00 a day" in user("order", "approve", 100_000, "--account", 1)
    world.send(
        *("vault", "set_venue", world.account(2), world.record.address("orders"), 10**5 * WAD),
        sender=2,
    )
    sell = user("order", "sign", "sell", 3, "BTC", 60_000, "--account", 2)
    buy = user("order", "sign", "buy", 5, "BTC", 60_100, "--account", 1)
    maker, taker = user.file("maker.json", sell), user.file("taker.json", buy)
    said = user("order", "match", taker, maker, "--account", 3)
    assert "trades 3.0000 BTC-PERP at 60,000.00, fee 72.00" in said
    assert "trades -3.0000 BTC-PERP at 60,000.00, fee 18.00" in said
    assert world.contract("vault").position(world.account(1), perpetual(BTC)) == 3 * SIZE
    complaint = user("order", "match", taker, maker, fails=True)
    assert complaint == f"Error: {NOTHING}; filled, cancelled or expired: {maker}\n"
    large = [
        user.file(f"{side}.json", user("order", "sign", side, 400, "BTC", 60_000, "--account", i))
        for i, side in enumerate(("buy", "sell"), 1)
    ]
    complaint = user("order", "match", *large, fails=True)
    both = " and ".join(f"{world.keys[i].address}/0" for i in (1, 2))
    hint = f"`ape run account` tells what is asked of {both}"
    assert complaint == f"Error: refused: vault: margin; {hint}\n"

    said = " ".join(user("account", f"{world.keys[2].address}/0").split())
    for shown in ("isolated margin; prices fresh", "BTC-PERP -3.0000", "WBTC 2.5000", "14 %"):
        assert shown in said

    victim = f"{world.keys[1].address}/0"
    complaint = user("liquidate", victim, "--account", 4, fails=True)
    assert complaint == "Error: refused: liquidator: account is healthy\n"
    world.set_price("BTC", 45_000)
    world.deposit(4, "USDC", 500_000 * 10**6)
    before = world.summary(1)
    assert before.health < 0
    said = user("liquidate", victim, "--account", 4, "--at-most", 10)
    assert said.startswith("took 10 % for ")
    after = world.summary(1)
    assert after.margin.maintenance < before.margin.maintenance
    assert world.summary(4).margin.equity > 500_000 * WAD


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("deposit", "5", "--token", "DOGE"), "DOGE is none of USDC, WETH, WBTC"),
        (("deposit", "5", "--account", "5"), "has only 0.00 USDC"),
        (("deposit", "5", "--account", "nobody"), "'nobody' is no test account's number and no"),
        (("order", "sign", "buy", "1.123456789", "BTC", "1"), "has more than 8 decimals"),
        (("order", "sign", "buy", "1", "DOGE", "1"), "DOGE is none of BTC, ETH, SOL"),
        (("order", "sign", "buy", "1", "BTC-60000-C", "1"), "is no instrument like BTC, "),
        (("order", "sign", "buy", "1", "BTC:1.5", "1"), "1.5 has more than 0 decimals"),
        (("order", "sign", "buy", "1", "BTC", "1.00000000001"), "has more than 10 decimals"),
        (("order", "sign", "buy", "-1", "BTC", "1"), "-1 is no size to trade"),
        (("order", "sign", "buy", "1e20", "BTC", "1"), "more than a position can hold"),
        (("order", "sign", "buy", "1", "BTC", "1e8"), "the price is beyond 10,000,000"),
        (("order", "sign", "buy", "1", "BTC", "BTC:-1", "1"), "a leg is there twice"),
        (("order", "sign", "buy", "1", "BTC:0", "1"), "0 is no ratio of 1 .. 10,000"),
        (("order", "sign", "buy", "1", "BTC-27DEC24", "1"), "BTC-27DEC24 is not listed"),
        (("order", "approve", "1e60"), "cannot be encoded"),
        (("order", "match", "README.md", "README.md"), "README.md: not a signed order"),
        (("liquidate", "0", "--at-most", "200"), "refused: liquidator: "),
        (("list_expiry", "DOGE", "25DEC26", "--volatility", "60"), "DOGE is none of BTC, ETH, SOL"),
        (("list_expiry", "BTC", "25DEC", "--volatility", "60"), "25DEC is no expiry like 27DEC26"),
        (("list_expiry", "BTC", "25DEC20", "--volatility", "60"), "market: expiry out of range"),
        (
            ("list_expiry", "BTC", "25DEC26", "--volatility", "60", "--step", "7", "--low", "10"),
            "low and high must be multiples of step",
        ),
        (("list_expiry", "BTC", "25DEC26", "--volatility", "0.6"), "is not in the range 5<=x<=500"),
        (("list_expiry", "BTC", "25DEC26", "--volatility", "nan"), "Invalid value: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_input(user: User, arguments: tuple[str, ...], complaint: str) -> None:
    """One clear line at the end, and no traceback."""
    said = user(*arguments, fails=True)
    assert complaint in said.splitlines()[-1]
    assert "Traceback" not in said


def test_no_deployment(user: User, tmp_path: Path) -> None:
    path = tmp_path / "absent.json"
    url = user.world.node.url
    complaint = ape_run("deposit", 1, "--network", url, "--deployment", path, fails=True)
    assert complaint == f"Error: {path}: No such file or directory\n"
    path.write_text("{}")
    complaint = ape_run("deposit", 1, "--network", url, "--deployment", path, fails=True)
    assert complaint == f"Error: {path}: not a deployment file\n"
    with running(anvil()) as empty:
        path.write_text(user.world.path.read_text())
        complaint = ape_run("account", 0, "--network", empty.url, "--deployment", path, fails=True)
        assert complaint == f"Error: {path}: nothing is there; deploy first\n"
    with running(anvil(chain_id=CHAIN_ID + 1)) as other:
        complaint = ape_run("account", 0, "--network", other.url, "--deployment", path, fails=True)
        assert complaint == f"Error: {path} is of chain {CHAIN_ID}, this is {CHAIN_ID + 1}\n"


def test_no_node(user: User) -> None:
    """Nobody answers at all: one line, and no traceback."""
    url = f"http://127.0.0.1:{free_port()}"
    complaint = ape_run("account", 0, "--network", url, "--deployment", user.world.path, fails=True)
    assert complaint == f"Error: No (supported) node found on '{url}'.\n"
