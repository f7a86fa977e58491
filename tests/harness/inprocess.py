"""The chain in this process, on pyrevm.

pyrevm keeps one journal for ever: nothing in it is a transaction of its own. So this class resets
transient storage after each transaction, corrects the gas (refund capped at a fifth, calldata
floor), and, where gas is measured (`cold`), moves the state into a fresh machine before each
transaction, which is the only way to make slots cold and their original values current again.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak
from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env

from .abi import checksum
from .accounts import Accounts
from .chain import CALL_GAS, FUNDS, START, Chain, Log, Result, floor_gas, hex_address
from .errors import Reverted

CHAIN_ID = 31337
EMPTY = keccak(b"")
_FAILURE = re.compile(
    r"(?:Revert|Halt) \{ (?:reason: (\w+).*gas_used|gas_used: \d+, output: 0x(\w*))"
)
_ACCOUNT = re.compile(r"(0x[0-9a-f]{40}): Account \{.*?storage: \{(.*?)\}, status")
_SLOT = re.compile(r"(\d+): StorageSlot \{[^}]*present_value: (\d+)")

Slots = dict[tuple[str, int], int]


@dataclass(slots=True)
class _Snapshot:
    id: int
    evm: EVM
    checkpoint: Any
    slots: Slots
    timestamp: int
    number: int
    chain_id: int


class InProcessChain(Chain):
    def __init__(self) -> None:
        self._chain_id = CHAIN_ID
        self._timestamp = START
        self._number = 0
        self._cold = False
        self._snapshots: list[_Snapshot] = []
        self._last_snapshot = 0
        self._slots: Slots = {}  # storage at the birth of this machine
        self._evm = self._machine()
        for account in Accounts():
            self._evm.set_balance(account.address, FUNDS)

    def _machine(self) -> EVM:
        evm = EVM(Env(cfg=CfgEnv(chain_id=self._chain_id)), gas_limit=CALL_GAS, spec_id="PRAGUE")
        self._set_block(evm)
        return evm

    def _set_block(self, evm: EVM) -> None:
        evm.set_block_env(BlockEnv(number=self._number + 1, timestamp=self._timestamp))

    # time

    @property
    def chain_id(self) -> int:
        return self._chain_id

    @chain_id.setter
    def chain_id(self, value: int) -> None:
        self._chain_id = value
        self._renew()

    @property
    def timestamp(self) -> int:
        return self._timestamp

    @property
    def block_number(self) -> int:
        return self._number

    def set_next_timestamp(self, timestamp: int) -> None:
        assert timestamp >= self._timestamp, "time does not run backwards"
        self._timestamp = timestamp
        self._set_block(self._evm)

    def _mine(self, blocks: int) -> None:
        self._number += blocks
        self._set_block(self._evm)

    # snapshots

    def snapshot(self) -> int:
        self._last_snapshot += 1
        self._snapshots.append(
            _Snapshot(
                self._last_snapshot,
                self._evm,
                self._evm.snapshot(),
                self._slots,
                self._timestamp,
                self._number,
                self._chain_id,
            )
        )
        return self._last_snapshot

    def restore(self, snapshot: int) -> None:
        assert any(snapshot == known.id for known in self._snapshots), "no such snapshot"
        while (last := self._snapshots.pop()).id != snapshot:
            last.evm.commit()  # takes its checkpoint off that machine's call depth
        self._evm, self._slots = last.evm, last.slots
        self._timestamp, self._number = last.timestamp, last.number
        self._chain_id = last.chain_id
        self._evm.revert(last.checkpoint)
        self._evm.reset_transient_storage()
        self._set_block(self._evm)

    @contextmanager
    def cold(self) -> Iterator[None]:
        before, self._cold = self._cold, True
        try:
            yield
        finally:
            self._cold = before

    def _renew(self) -> None:
        """Moves the state into a machine that has touched nothing yet."""
        old, slots = self._evm, dict(self._slots)
        state = old.journal_str.partition(", transient_storage: ")[0]
        for address, storage in _ACCOUNT.findall(state):
            for slot, value in _SLOT.findall(storage):
                slots[address, int(slot)] = int(value)
        self._evm = self._machine()
        for address, info in {**old.db_accounts, **old.journal_state}.items():
            self._evm.insert_account_info(address, _clean(info))
        for (address, slot), value in slots.items():
            # inserting loads the account, and into a loaded account it would be a (warm) change
            unloaded = self._evm.snapshot()
            self._evm.insert_account_storage(address, slot, value)
            self._evm.revert(unloaded)
        self._slots = slots

    # state

    def balance(self, address: Any) -> int:
        return self._evm.get_balance(hex_address(address))

    def set_balance(self, address: Any, amount: int) -> None:
        self._renew()  # no snapshot of this machine would undo it
        self._evm.set_balance(hex_address(address), amount)

    def nonce(self, address: Any) -> int:
        return self._evm.basic(hex_address(address)).nonce

    def code(self, address: Any) -> bytes:
        return _code(self._evm.basic(hex_address(address)))

    def storage(self, address: Any, slot: int) -> int:
        return self._evm.storage(hex_address(address), slot)

    # calls

    def call(self, sender: str, to: str, data: bytes) -> bytes:
        if self._cold:
            self._renew()
        try:
            return self._evm.message_call(sender, to, data, gas=CALL_GAS, is_static=True)
        except RuntimeError as error:
            if "RejectCallerWithCode" in str(error):
                return self.simulate(sender, to, data, 0, CALL_GAS)
            raise _failure(error) from None

    def simulate(self, sender: str, to: str, data: bytes, value: int, gas: int) -> bytes:
        with self.isolate():
            return self.transact(sender, to, data, value, gas).output

    def transact(self, sender: str, to: str | None, data: bytes, value: int, gas: int) -> Result:
        if self._cold:
            self._renew()
        evm = self._evm
        disguised = self._disguise(sender) if evm.get_code(sender) else None
        output, created = b"", None
        try:
            if to is None:
                created = checksum(bytes.fromhex(evm.deploy(sender, data, value, gas)[2:]))
            else:
                output = evm.message_call(sender, to, data, value, gas)
        except RuntimeError as error:
            raise _failure(error) from None
        finally:
            evm.reset_transient_storage()
            if disguised:
                self._undisguise(sender, *disguised)
        self._number += 1
        self._set_block(evm)
        result = evm.result
        spent = result.gas_used + result.gas_refunded
        return Result(
            output=output,
            gas_used=max(spent - min(result.gas_refunded, spent // 5), floor_gas(data)),
            logs=[_log(log) for log in result.logs],
            timestamp=self._timestamp,
            block_number=self._number,
            created=created,
        )

    def _disguise(self, sender: str) -> tuple[bytes, bytes]:
        """Lets a contract send: EIP-3607 looks at the hash of the sender's code only."""
        info = self._evm.basic(sender)
        code = _code(info)
        plain = AccountInfo(balance=info.balance, nonce=info.nonce, code_hash=EMPTY, code=code)
        self._evm.insert_account_info(sender, plain)
        return code, info.code_hash

    def _undisguise(self, sender: str, code: bytes, code_hash: bytes) -> None:
        info = self._evm.basic(sender)
        self._evm.insert_account_info(
            sender,
            AccountInfo(balance=info.balance, nonce=info.nonce, code_hash=code_hash, code=code),
        )


def _failure(error: RuntimeError) -> Reverted:
    match = _FAILURE.match(str(error))
    if match is None:
        raise error  # not the contract's failure: no balance for the value, gas below the minimum
    if match[1]:
        return Reverted.from_halt(match[1])
    return Reverted.from_data(bytes.fromhex(match[2]))


def _log(log: Any) -> Log:
    topics, data = log.data
    return Log(checksum(bytes.fromhex(log.address[2:])), tuple(topics), data)


def _code(info: AccountInfo) -> bytes:
    """An account's code as deployed: revm hands it out with zeros behind it."""
    if info.code is None or info.code_hash == EMPTY:
        return b""
    code = bytes(info.code)
    return code if keccak(code) == info.code_hash else code[:-33]


def _clean(info: AccountInfo) -> AccountInfo:
    if info.code_hash == EMPTY or not info.code:
        return AccountInfo(balance=info.balance, nonce=info.nonce)
    return AccountInfo(
        balance=info.balance, nonce=info.nonce, code_hash=info.code_hash, code=_code(info)
    )
