# pragma version 0.4.3
"""
@title Unlock caller
@author Plimsoll contributors
@license MIT
@notice For local chains and tests only: owns accounts, and makes a list of calls while the vault
    has unlocked for it.
@dev No lock, on purpose: it is called back.
@custom:kill Nothing to stop: it holds nothing of value.
"""

from interfaces import IMarginVault
from interfaces import IUnlockCallback

implements: IUnlockCallback


struct Call:
    target: address
    data: Bytes[1024]
    may_fail: bool


MAX_CALLS: constant(uint256) = 6

successes: public(DynArray[bool, MAX_CALLS])
outputs: public(DynArray[Bytes[64], MAX_CALLS])  # of the calls of the last run


@external
def run(vault: address, calls: DynArray[Call, MAX_CALLS]):
    """
    @notice Lets the vault unlock, and makes the calls; anyone may.
    """
    extcall IMarginVault(vault).unlock(abi_encode(calls))


@external
def on_unlock(data: Bytes[8192]):
    self.successes = []
    self.outputs = []
    calls: DynArray[Call, MAX_CALLS] = abi_decode(data, DynArray[Call, MAX_CALLS])
    for call: Call in calls:
        if call.may_fail:
            success: bool = False
            output: Bytes[64] = b""
            success, output = raw_call(
                call.target, call.data, max_outsize=64, revert_on_failure=False
            )
            self.successes.append(success)
            self.outputs.append(output)
        else:
            self.successes.append(True)
            self.outputs.append(raw_call(call.target, call.data, max_outsize=64))
