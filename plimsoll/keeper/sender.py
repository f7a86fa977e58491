"""Transactions of one key: nonces, replacement of stuck ones, and what became of each."""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.exceptions import TransactionNotFound, Web3RPCError
from web3.types import TxParams

BUMP = 125  # per cent of the old fee: nodes ask for 110 of a replacement
RECEIPT_TRIES = 10  # for a transaction that must have been mined
RECEIPT_PAUSE = 0.2  # seconds


class Fee(NamedTuple):
    """Wei per gas: at most, and of it for whoever makes the block."""

    limit: int
    tip: int

    def above(self, other: "Fee") -> "Fee":
        """This, or as much more than an other one as nodes ask of a replacement."""
        limit = max(self.limit, other.limit * BUMP // 100)
        return Fee(limit, min(limit, max(self.tip, other.tip * BUMP // 100)))


NO_FEE = Fee(0, 0)


@dataclass
class Flight:
    """A transaction on its way, in all its versions."""

    purpose: Any  # what it is for; None: left by an earlier run, or given up
    nonce: int
    call: TxParams
    hashes: list[bytes]
    fee: Fee  # of the last version
    block: int  # at which it was last sent
    ceiling: int | None  # wei per gas: more it is not worth


@dataclass(frozen=True)
class Landing:
    """What became of a transaction; no receipt: another one took its place, or the chain did."""

    flight: Flight
    receipt: Any | None


class Sender:
    """`busy` tells what is on its way already; a purpose is never sent for twice at a time."""

    def __init__(self, web3: Web3, key: LocalAccount, patience: int = 5) -> None:
        self.web3 = web3
        self.key = key
        self.patience = patience  # blocks until a transaction counts as stuck
        self.flights: list[Flight] = []
        self._adopt()

    def busy(self, purpose: Any) -> bool:
        return any(flight.purpose in (None, purpose) for flight in self.flights)

    def send(self, purpose: Any, call: TxParams, block: int, ceiling: int | None = None) -> bytes:
        """Signs and sends; the hash."""
        assert not self.busy(purpose)
        nonce = max([self._count(), *(flight.nonce + 1 for flight in self.flights)])
        flight = Flight(purpose, nonce, call, [], NO_FEE, block, ceiling)
        self._submit(flight, block)
        self.flights.append(flight)
        return flight.hashes[-1]

    def collect(self, block: int) -> list[Landing]:
        """What has landed; what is stuck is sent again with a higher fee."""
        landings, count = [], self._count()
        for flight in list(self.flights):
            tries = RECEIPT_TRIES if flight.hashes and flight.nonce < count else 1
            receipt = self._receipt(flight, tries)
            if receipt is not None or flight.nonce < count:
                self.flights.remove(flight)
                landings.append(Landing(flight, receipt))
        first = min((flight.nonce for flight in self.flights), default=count)
        if first > count:  # the chain has gone back and forgot what came before these
            landings += [Landing(flight, None) for flight in self.flights]
            self.flights.clear()
        for flight in self.flights:
            if flight.block > block:  # gone back, and what was sent with it
                flight.block = block
            if block - flight.block >= self.patience:
                self._resubmit(flight, block)
        return landings

    def _adopt(self) -> None:
        """What an earlier run left in the pool: waited for, then replaced by nothing at all."""
        address = self.key.address
        pending = self.web3.eth.get_transaction_count(address, "pending")
        block = self.web3.eth.block_number
        for nonce in range(self._count(), pending):
            self.flights.append(Flight(None, nonce, self._nothing(), [], NO_FEE, block, None))

    def _nothing(self) -> TxParams:
        return {"to": self.key.address, "data": b"", "gas": 21_000}

    def _count(self) -> int:
        return int(self.web3.eth.get_transaction_count(self.key.address, "latest"))

    def _receipt(self, flight: Flight, tries: int) -> Any | None:
        """Of whichever version was mined; nodes may know a block before they know its receipts."""
        for attempt in range(tries):
            if attempt:
                time.sleep(RECEIPT_PAUSE)
            for sent in flight.hashes:
                with suppress(TransactionNotFound):
                    return self.web3.eth.get_transaction_receipt(sent)  # type: ignore[arg-type]
        return None

    def _resubmit(self, flight: Flight, block: int) -> None:
        try:
            self._submit(flight, block)
        except Web3RPCError:
            flight.block = block  # known already, or just mined: looked at again later

    def _submit(self, flight: Flight, block: int) -> None:
        market, dynamic = self._market()
        flight.block = block
        fee = market.above(flight.fee)
        if flight.ceiling is not None and fee.limit > flight.ceiling:
            if flight.hashes:
                # nothing else can be mined before it: given up, for as little as that costs
                flight.purpose, flight.call, flight.ceiling = None, self._nothing(), None
            else:
                fee = Fee(flight.ceiling, min(fee.tip, flight.ceiling))
        flight.fee = fee
        transaction: dict[str, Any] = {
            **flight.call,
            "chainId": self.web3.eth.chain_id,
            "nonce": flight.nonce,
            "value": 0,
        }
        if dynamic:
            transaction["maxFeePerGas"] = fee.limit
            transaction["maxPriorityFeePerGas"] = fee.tip
        else:
            transaction["gasPrice"] = fee.limit
        signed = self.key.sign_transaction(transaction)
        sent = bytes(self.web3.eth.send_raw_transaction(signed.raw_transaction))
        flight.hashes.append(sent)

    def _market(self) -> tuple[Fee, bool]:
        """A fee at which a transaction is taken soon, and whether the chain has a base fee."""
        base = self.web3.eth.get_block("latest").get("baseFeePerGas")
        if base is None:
            return Fee(int(self.web3.eth.gas_price), 0), False
        tip = int(self.web3.eth.max_priority_fee)
        return Fee(2 * int(base) + tip, tip), True
