"""The chain on which the demonstration is played, through Ape."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

import ape
from eth_utils.conversions import to_hex

from plimsoll.client.orders import Domain, Leg, Order, SignedOrder
from plimsoll.client.session import Session
from plimsoll.demo.cast import GOVERNOR, INSURANCE, KEEPER, MAKERS, Player
from plimsoll.demo.prices import HOUR, Moment
from plimsoll.deploy.ape_chain import send
from plimsoll.deploy.protocol import MOCK_DECIMALS
from plimsoll.spec.orders import TICK
from plimsoll.spec.wad import SIZE, WAD
from plimsoll.spec.words import account_id, perpetual

THOUSAND = 1_000
LOSS_LIMIT = 50_000 * WAD  # a day, which a wallet lets the order book lose against mark
SPREAD = 2  # basis points between the rivals' quotes and the index
PATIENCE = 60.0  # seconds for the keeper's answer to a price

# the keeper's line at the end of a round
ROUND = re.compile(r"block (\d+)  \d+ accounts, \d+ short, (\d+) on the way")


class StageError(Exception):
    """The play cannot go on."""


class Stage:
    def __init__(self, session: Session, first: dict[str, float]) -> None:
        self.session = session
        self.prices = first
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
            self._send("set netting", wallet, vault.set_netting, account, player.level)
        if player.trades or player in MAKERS:
            limit = 10 * LOSS_LIMIT if player in MAKERS else LOSS_LIMIT
            orders = self.session.orders
            self._send("approve the order book", wallet, vault.set_venue, account, orders, limit)

    def insure(self) -> None:
        """The governor's money for the insurance fund."""
        governor = ape.accounts.test_accounts[GOVERNOR]
        self._deposit(governor, self.session.registry.insurance(), "USDC", INSURANCE)

    def borrow(self, player: Player) -> None:
        wallet, session = self.wallet(player), self.session
        units = int(player.borrow * THOUSAND) * 10 ** session.token("USDC").decimals()
        self._send(
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
        self._send(action, wallet, vault.deposit, account, token, units)

    def _price(self, symbol: str) -> float:
        assets = self.session.record.parameters["assets"]
        return self.prices[assets[symbol]["underlying"]] if symbol in assets else 1.0

    # -- trades ----------------------------------------------------------------------------------

    def trade(self, player: Player, symbol: str) -> None:
        """A signed order, matched with two makers' signed orders; the keeper submits it."""
        index = round(self.prices[symbol] * 10**MOCK_DECIMALS) * WAD // 10**MOCK_DECIMALS
        size = int(player.trades[symbol] * THOUSAND / self.prices[symbol] * SIZE)
        edge = index * SPREAD // 10_000 // TICK * TICK
        price = index + edge if size > 0 else index - edge
        taker = self._sign(player, symbol, size, price)
        shares = [abs(size) - abs(size) // 4, abs(size) // 4]
        makers = [
            self._sign(maker, symbol, -share if size > 0 else share, price)
            for maker, share in zip(MAKERS, shares, strict=True)
        ]
        self._send(
            "match an order with two makers",
            self.wallet(KEEPER),
            self.session.orders.match,
            [astuple(signed) for signed in (taker, *makers)],
            [abs(size), *shares],
        )

    def _sign(self, player: Player, symbol: str, size: int, price: int) -> SignedOrder:
        order = Order(
            account=self.account(player),
            legs=(Leg(perpetual(self.session.underlyings[symbol])),),
            size=size,
            price=price,
            expiry=ape.chain.pending_timestamp + HOUR,
        )
        wallet = self.wallet(player)
        signature = wallet.sign_message(self.domain.signable(order))
        return SignedOrder(order, wallet.address, signature.encode_rsv())

    def _send(self, action: str, wallet: Any, function: Any, *args: Any) -> None:
        receipt = send(function, *args, sender=wallet)
        self.gas[action].append(int(receipt.gas_used))

    # -- prices and the keeper -------------------------------------------------------------------

    def set_prices(self, moment: Moment) -> None:
        """All prices in one block, after a pause."""
        self.prices = moment.prices
        sender = ape.accounts.test_accounts[GOVERNOR].address
        rpc = ape.chain.provider.make_request
        rpc("evm_setAutomine", [False])
        for symbol, price in moment.prices.items():
            aggregator = getattr(self.session, f"aggregator:{symbol}")
            data = aggregator.set_answer.encode_input(round(price * 10**MOCK_DECIMALS))
            call = {
                "from": sender,
                "to": aggregator.address,
                "data": to_hex(data),
                "gas": "0x30000",
            }
            rpc("eth_sendTransaction", [call])
        if moment.pause:
            rpc("evm_setNextBlockTimestamp", [ape.chain.blocks.head.timestamp + moment.pause])
        rpc("evm_mine", [])
        rpc("evm_setAutomine", [True])


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
