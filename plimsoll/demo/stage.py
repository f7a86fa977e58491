"""The chain on which the demonstration is played, through Ape."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

import ape
from eth_utils.conversions import to_hex

from plimsoll.client.orders import Domain, Leg, Order, SignedOrder
from plimsoll.client.session import Session
from plimsoll.demo.cast import DEALER, GOVERNOR, INSURANCE, KEEPER, MAKERS, Player
from plimsoll.demo.prices import HOUR, Moment
from plimsoll.deploy.ape_chain import send
from plimsoll.deploy.parameters import MOCK_DECIMALS
from plimsoll.spec.orders import TICK
from plimsoll.spec.wad import BPS, WAD
from plimsoll.spec.words import account_id, perpetual

THOUSAND = 1_000
LOSS_LIMIT = 50_000 * WAD  # a day, which a wallet lets the order book lose against mark
SPREAD = 2  # basis points between the rivals' quotes and the index
BLOCK_SHARE = "0x100000"  # gas that one of several transactions in a block may use
PATIENCE = 60.0  # seconds for the keeper's answer to a price

# the keeper's line at the end of a round
ROUND = re.compile(r"block (\d+)  \d+ accounts, \d+ short, (\d+) on the way")


class StageError(Exception):
    """The play cannot go on."""


@dataclass(frozen=True)
class Call:
    action: str
    function: Any  # of a contract
    args: tuple[Any, ...]


def start_clock(begin: int) -> None:
    """The chain's clock is the path's, and each block is a second."""
    rpc = ape.chain.provider.make_request
    rpc("evm_setTime", [begin])
    rpc("anvil_setBlockTimestampInterval", [1])


def reported(price: float) -> int:
    """A price as the feed tells it, WAD."""
    return int(round(price * 10**MOCK_DECIMALS) * WAD // 10**MOCK_DECIMALS)


class Stage:
    def __init__(self, session: Session, first: dict[str, float]) -> None:
        self.session = session
        self.prices = first
        self.salts = count(1)  # of orders
        self.domain = Domain(session.record.chain_id, session.orders.address)
        self.gas: dict[str, list[int]] = defaultdict(list)  # by action

    # -- wallets ---------------------------------------------------------------------------------

    def wallet(self, player: Player) -> Any:
        return ape.accounts.test_accounts[player.wallet]

    def account(self, player: Player) -> int:
        return account_id(int(self.wallet(player).address, 16), player.number)

    def enter(self, player: Player) -> None:
        """A player's deposits, and whom it trusts."""
        wallet, account = self.wallet(player), self.account(player)
        vault = self.session.vault
        if player.quote:
            self._deposit(wallet, account, "USDC", player.quote)
        for symbol, thousands in player.collateral.items():
            self._deposit(wallet, account, symbol, thousands)
        if player.level:
            self.send("set netting", wallet, vault.set_netting, account, player.level)
        dealing = player is DEALER or player in MAKERS
        if player.trades or player.deals or dealing:
            limit = 10 * LOSS_LIMIT if dealing else LOSS_LIMIT
            orders = self.session.orders
            self.send("approve the order book", wallet, vault.set_venue, account, orders, limit)

    def insure(self) -> None:
        """The governor's money for the insurance fund."""
        governor = ape.accounts.test_accounts[GOVERNOR]
        self._deposit(governor, self.session.registry.insurance(), "USDC", INSURANCE)

    def borrow(self, player: Player) -> None:
        wallet, session = self.wallet(player), self.session
        units = int(player.borrow * THOUSAND) * 10 ** session.token("USDC").decimals()
        self.send(
            "withdraw on credit",
            wallet,
            session.vault.withdraw,
            self.account(player),
            session.token("USDC"),
            units,
            wallet,
        )

    def _deposit(self, wallet: Any, account: int, symbol: str, thousands: float) -> None:
        token, vault = self.session.token(symbol), self.session.vault
        units = int(thousands * THOUSAND * 10 ** token.decimals() / self._price(symbol))
        send(token.mint, wallet, units, sender=wallet)
        send(token.approve, vault, units, sender=wallet)
        action = "deposit dollars" if symbol == "USDC" else "deposit collateral"
        self.send(action, wallet, vault.deposit, account, token, units)

    def _price(self, symbol: str) -> float:
        assets = self.session.record.parameters["assets"]
        return self.prices[assets[symbol]["underlying"]] if symbol in assets else 1.0

    # -- trades ----------------------------------------------------------------------------------

    def index(self, symbol: str) -> int:
        return reported(self.prices[symbol])

    def trade(self, player: Player, symbol: str, size: int) -> None:
        """A perpetual, with two makers."""
        legs = (Leg(perpetual(self.session.underlyings[symbol])),)
        shares = [abs(size) - abs(size) // 4, abs(size) // 4]
        makers = tuple(zip(MAKERS, shares, strict=True))
        action = "match an order with two makers"
        self.match(action, player, legs, size, self.index(symbol), symbol, makers)

    def match(
        self,
        action: str,
        player: Player,
        legs: tuple[Leg, ...],
        size: int,
        mark: int,
        symbol: str,
        makers: Sequence[tuple[Player, int]],
    ) -> int:
        """A signed order, matched with makers' signed orders a bit off the mark; the keeper
        submits it. The price of a unit.
        """
        edge = self.index(symbol) * SPREAD // BPS // TICK * TICK
        mark = mark // TICK * TICK
        price = mark + edge if size > 0 else mark - edge
        orders = [self._sign(player, legs, size, price)]
        orders += [
            self._sign(maker, legs, -share if size > 0 else share, price) for maker, share in makers
        ]
        self.send(
            action,
            self.wallet(KEEPER),
            self.session.orders.match,
            [astuple(signed) for signed in orders],
            [abs(signed.order.size) for signed in orders],
        )
        return price

    def _sign(self, player: Player, legs: tuple[Leg, ...], size: int, price: int) -> SignedOrder:
        order = Order(
            account=self.account(player),
            legs=legs,
            size=size,
            price=price,
            expiry=ape.chain.pending_timestamp + HOUR,
            salt=next(self.salts),
        )
        wallet = self.wallet(player)
        signature = wallet.sign_message(self.domain.signable(order))
        return SignedOrder(order, wallet.address, signature.encode_rsv())

    def send(self, action: str, wallet: Any, function: Any, *args: Any) -> int:
        """What a wallet does, and the gas that it takes."""
        receipt = send(function, *args, sender=wallet)
        self.gas[action].append(int(receipt.gas_used))
        return int(receipt.gas_used)

    # -- prices and the keeper -------------------------------------------------------------------

    def play(self, moment: Moment, *others: Call) -> None:
        """All prices, and what else the governor does then, in one block."""
        self.prices = moment.prices
        provider = ape.chain.provider
        sender = ape.accounts.test_accounts[GOVERNOR].address
        reports = [
            Call(
                f"report {symbol}",
                getattr(self.session, f"aggregator:{symbol}").set_answer,
                (round(price * 10**MOCK_DECIMALS),),
            )
            for symbol, price in moment.prices.items()
        ]
        calls = [*reports, *others]
        provider.make_request("evm_setAutomine", [False])
        sent = [
            provider.make_request(
                "eth_sendTransaction",
                [
                    {
                        "from": sender,
                        "to": call.function.contract.address,
                        "data": to_hex(call.function.encode_input(*call.args)),
                        "gas": BLOCK_SHARE,
                    }
                ],
            )
            for call in calls
        ]
        provider.make_request("evm_setNextBlockTimestamp", [moment.time])
        provider.make_request("evm_mine", [])
        provider.make_request("evm_setAutomine", [True])
        for call, transaction in zip(calls, sent, strict=True):
            receipt = provider.web3.eth.get_transaction_receipt(transaction)
            if receipt["status"] != 1:
                raise StageError(f"{moment.label}: cannot {call.action}")
            if call in others:
                self.gas[call.action].append(receipt["gasUsed"])


class KeeperProcess:
    """bots/keeper.py as a process of its own; its log can be followed."""

    def __init__(self, deployment: Path, rpc: str) -> None:
        command = [
            *(sys.executable, "-u", "bots/keeper.py", "--deployment", str(deployment)),
            *("--rpc", rpc, "--account", str(KEEPER.wallet), "--interval", "0.1"),
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: Queue[str | None] = Queue()
        self._last = "nothing"
        assert self.process.stdout is not None
        Thread(target=self._follow, args=(self.process.stdout,), daemon=True).start()

    def _follow(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def lines(self) -> Iterator[str]:
        """Its log, from where it was read last."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except Empty:
                raise StageError("the keeper is silent") from None
            if line is None:
                code = self.process.wait()
                raise StageError(f"the keeper stopped with {code}, saying {self._last}")
            self._last = line
            yield line

    def settle(self, height: Callable[[], int]) -> list[str]:
        """What it did until it has nothing more to do about the newest block."""
        done = []
        for line in self.lines():
            ended = ROUND.search(line)
            if ended is None:
                done.append(line)
            elif int(ended[1]) >= height() and ended[2] == "0":
                return done
        return done

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def keeper(deployment: Path, rpc: str) -> Iterator[KeeperProcess]:
    process = KeeperProcess(deployment, rpc)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
