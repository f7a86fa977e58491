"""The life of options by the scripts: withdrawing, netting, prices, settlement, fixing."""

from collections.abc import Iterator

import pytest

from plimsoll.client.instruments import show_expiry
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import PORTFOLIO, future, put
from tests.integration.conftest import BTC, DAY, User

pytestmark = pytest.mark.integration

BUYER, SELLER = 1, 2
LATE = "lacked young prices in its last half hour: the governor has to fix one"


@pytest.fixture(autouse=True)
def undone(user: User) -> Iterator[None]:
    """Whatever a test does."""
    snapshot = user.world.node.rpc("evm_snapshot")
    yield
    assert user.world.node.rpc("evm_revert", snapshot)


def name(user: User, index: int) -> str:
    return f"{user.world.keys[index].address}/0"


def held(user: User, index: int, symbol: str = "USDC") -> int:
    """Outside of the vault."""
    token = user.world.contract(f"token:{symbol}")
    return int(token.balanceOf(user.world.keys[index].address))


def cash(user: User, index: int) -> int:
    return int(user.world.contract("vault").book_of(user.world.account(index)).cash)


def test_withdraw(user: User) -> None:
    """A part to somebody else, then all that is left; more than there is, on credit."""
    world = user.world
    world.deposit(BUYER, "USDC", 10**10)
    to = world.keys[5].address
    said = user("withdraw", "1_000.5", "--to", to, "--account", BUYER)
    assert said.startswith(f"1,000.5000 USDC of {name(user, BUYER)} are with {to}, ")
    assert held(user, 5) == 1_000_500_000
    said = user("withdraw", "all", "--account", BUYER)
    assert said.startswith("8,999.5000 USDC")
    assert "owes" not in said
    assert (held(user, BUYER), cash(user, BUYER)) == (8_999_500_000, 0)

    world.deposit(SELLER, "USDC", 10**11)
    world.deposit(BUYER, "WBTC", 10**8)
    said = user("withdraw", 5_000, "--account", BUYER)
    assert "\nthe account owes 5,000.00, which bears interest\n" in said
    assert held(user, BUYER) == 13_999_500_000


def test_withdrawals_that_are_refused(user: User) -> None:
    """With what could be withdrawn instead, where that is what is wrong."""
    world = user.world
    world.deposit(BUYER, "USDC", 10**10)
    world.deposit(SELLER, "WBTC", 10**8)

    def refused(*arguments: object, index: int = BUYER) -> str:
        said = user("withdraw", *arguments, "--account", index, fails=True)
        assert "Traceback" not in said
        return said.splitlines()[-1]

    assert refused(10_001) == "Error: refused: vault: margin; 10,000 USDC can be withdrawn"
    said = refused("1.1", "--token", "WBTC", index=SELLER)
    assert said == "Error: refused: vault: balance; 1 WBTC can be withdrawn"
    said = refused("all", "--token", "WETH")
    assert said == "Error: refused: vault: zero amount; 0 WETH can be withdrawn"
    assert refused(1, "--from", name(user, SELLER)) == "Error: refused: vault: not allowed"
    assert refused(1, "--to", "0x" + "00" * 20) == "Error: refused: vault: receiver"
    assert refused(1, "--to", "me") == "Error: Invalid value: 'me' is no address"
    assert refused(1, "--token", "DOGE").endswith("DOGE is none of USDC, WETH, WBTC")
    assert refused(0) == "Error: Invalid value: 0 is nothing to withdraw"
    assert refused("0.0000001").endswith("has more than 6 decimals")
    assert refused("lots").endswith("'lots' is not a number")
    assert cash(user, BUYER) == 10**10 * 10**12


def test_netting(user: User) -> None:
    """Collateral that hedges nets at PORTFOLIO; what needs it does not get rid of it again."""
    world = user.world
    expiry = world.list_options(BTC, 60_000)
    world.deposit(BUYER, "USDC", 2 * 10**11)
    world.deposit(SELLER, "WBTC", 2 * 10**8)
    day = show_expiry(expiry)
    said = user("netting", "portfolio", "--account", SELLER)
    assert said.startswith(f"{name(user, SELLER)} has portfolio margin, ")
    assert world.contract("lens").account(world.account(SELLER)).level == PORTFOLIO
    world.trade(BUYER, SELLER, future(BTC, expiry), 2 * SIZE, 60_000)
    available = world.contract("lens").available(world.account(SELLER), world.record.tokens["USDC"])
    user("withdraw", available // 10**6 - 100, "--account", SELLER)

    margins = world.contract("lens").at_levels(world.account(SELLER))
    assert margins[1].initial > margins[1].equity > margins[2].initial
    complaint = user("netting", "cross", "--account", SELLER, fails=True)
    assert complaint.startswith("Error: refused: vault: margin; cross asks for ")
    assert f"equity is {margins[1].equity // WAD:,}." in complaint
    assert f"BTC-{day} -2.0000" in " ".join(user("account", name(user, SELLER)).split())
    complaint = user("netting", "cross", "--for", name(user, SELLER), fails=True)
    assert complaint == "Error: refused: vault: not allowed\n"
    complaint = user("netting", "gross", fails=True)
    assert complaint.endswith("'gross' is not one of 'isolated', 'cross', 'portfolio'.\n")
    world.node.rpc("evm_increaseTime", 7_200)
    world.node.rpc("evm_mine")
    complaint = user("withdraw", 1, "--account", SELLER, fails=True)
    none = "0 USDC can be withdrawn, as prices are old or in alarm"
    assert complaint == f"Error: refused: vault: margin; {none}\n"
    complaint = user("deposit", 1, "--token", "WETH", "--mint", "--account", SELLER, fails=True)
    first = "the feed of WETH has to tell a new one first"
    assert complaint == f"Error: refused: registry: old price; {first}\n"
    for price, why in ((None, "old"), (70_000, "in alarm")):
        if price:
            world.set_price("BTC", price)
        told = user("account", name(user, SELLER))
        assert f"portfolio margin; no new risk: BTC {why}\n" in told
    assert world.contract("lens").account(world.account(SELLER)).level == PORTFOLIO


def sell_put(user: User) -> int:
    """At 3,000, struck at 60,000; the expiry."""
    world = user.world
    expiry = world.list_options(BTC, 60_000)
    for index in (BUYER, SELLER):
        world.deposit(index, "USDC", 10**11)
    world.trade(BUYER, SELLER, put(BTC, expiry, 60_000 * SIZE), SIZE, 3_000)
    return expiry


def pass_to(user: User, time: int) -> None:
    user.world.node.rpc("evm_setNextBlockTimestamp", time)
    user.world.node.rpc("evm_mine")


def test_settle(user: User) -> None:
    """Anyone settles one account, then whoever is left; the writer pays what the holder gets."""
    world, expiry = user.world, sell_put(user)
    before = [cash(user, index) for index in (BUYER, SELLER)]
    assert user("settle", name(user, BUYER), "--account", 4) == "nothing has expired\n"
    shown = " ".join(user("account", name(user, SELLER)).split())
    assert "not in the scan not in the scan" in shown  # where it is liquidated, below and above
    pass_to(user, expiry - 1_860)
    assert user("price", "BTC", 57_000) == "BTC is at 57,000.00\n"
    world.send("market", "roll", BTC)
    pass_to(user, expiry + 1)
    said = user("settle", name(user, BUYER), "--account", 4)
    assert f"{name(user, BUYER)} 1 3,000.00 " in " ".join(said.split())
    assert [cash(user, index) for index in (BUYER, SELLER)] == [before[0] + 3_000 * WAD, before[1]]
    said = " ".join(user("settle", "--all", "--account", 4).split())
    assert f"{name(user, SELLER)} 1 -3,000.00 " in said
    assert name(user, BUYER) not in said
    assert cash(user, SELLER) == before[1] - 3_000 * WAD
    blocks = world.node.web3.eth.block_number
    assert user("settle", "--all") == "nothing has expired\n"
    assert world.node.web3.eth.block_number == blocks

    assert user("settle", fails=True).endswith("name accounts, or --all\n")
    assert user("settle", 0, "--all", fails=True).endswith("name accounts, or --all\n")
    assert "'me' is neither a sub-account's number nor" in user("settle", "me", fails=True)


def test_fix(user: User) -> None:
    """Where the window had no prices the governor says one, once, and holders are settled."""
    expiry = sell_put(user)
    day = show_expiry(expiry)

    def refused(*arguments: object) -> str:
        said = user("fix", *arguments, fails=True)
        assert "Traceback" not in said
        return said.splitlines()[-1].removeprefix("Error: ")

    later = f"BTC {day} can be fixed from {show_expiry(expiry + 3_600)} UTC on"
    assert refused("BTC", day, 57_000) == later
    node = user.world.node
    node.rpc("evm_setNextBlockTimestamp", expiry + 1)  # no block yet that tells what is missing
    assert refused("BTC", day, 57_000) == later
    assert user("settle", name(user, BUYER), fails=True) == f"Error: BTC {day} {LATE}\n"
    blocks = node.web3.eth.block_number
    assert user("settle", "--all", fails=True) == f"Error: BTC {day} {LATE}\n"
    assert node.web3.eth.block_number == blocks
    pass_to(user, expiry + 3_600)
    assert refused("BTC", day, 57_000, "--account", 3) == "refused: governed: not governor"
    far = "5,700.00 is far from the index, 60,000.00: --far if it is meant"
    assert refused("BTC", day, 5_700) == f"Invalid value: {far}"
    assert refused("BTC", show_expiry(expiry + DAY), 57_000) == "refused: market: unknown expiry"
    assert refused("DOGE", day, 57_000).endswith("DOGE is none of BTC, ETH, SOL")
    assert refused("BTC", day, "57_000.00000000001").endswith("has more than 10 decimals")
    said = refused("BTC", day, 0, "--far")
    assert said == "refused: market: price out of range"

    assert user("fix", "BTC", day, "57_000.5").startswith(f"BTC {day} settles at 57,000.50, ")
    assert refused("BTC", day, 57_000) == f"BTC {day} settles at 57,000.50 already"
    before = [cash(user, index) for index in (BUYER, SELLER)]
    user("settle", name(user, BUYER), name(user, SELLER), "--account", 4)
    after = [cash(user, index) for index in (BUYER, SELLER)]
    paid = 299_950 * WAD // 100
    assert after == [before[0] + paid, before[1] - paid]


def test_price(user: User) -> None:
    """Only of what has a mock for its source."""
    assert user("price", "ETH", "2_900.5", "--account", 3) == "ETH is at 2,900.50\n"
    assert user.world.contract("market").peek(2).index == 29_005 * WAD // 10
    for arguments, complaint in (
        (("DOGE", 1), "DOGE is none of BTC, ETH, SOL"),
        (("ETH", 0), "0 is no price"),
        (("ETH", "much"), "'much' is not a number"),
    ):
        assert user("price", *arguments, fails=True).splitlines()[-1].endswith(complaint)
