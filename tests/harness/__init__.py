"""One calling style, Ape's, over two chains.

    from tests.harness import accounts, chain, impersonate, project, reverts

    governor, trader = accounts[0], accounts[1]              # funded, with known keys
    token = project.Token.deploy("Dollar", "USD", 6, sender=governor)    # or .at(address)
    receipt = token.transfer(trader, 5 * 10**6, sender=governor)  # a block of its own
    [event] = receipt.events_of(token.Transfer)              # event.value, event["value"]
    assert token.balanceOf(trader) == 5 * 10**6              # a view returns its value
    with reverts("token: balance"):                          # exactly this reason
        token.transfer(governor, 1, sender=impersonate(token))
    token.transfer.call(governor, 1, sender=trader)          # what it would return; changes nothing
    chain.mine(delta=3_600)                                  # time moves only when it is told to
    with chain.isolate(), chain.cold():                      # undone at the end; gas as on a chain
        print(token.transfer(governor, 1, sender=trader).gas_used)

By default the chain runs in this process, on pyrevm; PLIMSOLL_CHAIN=anvil takes an anvil that Ape
starts. A struct is given as a tuple, a dict or an object with its fields, and comes back as a named
tuple; an address is given as a string, an account or a contract. `project.inline(source)` compiles
a contract from text, for tests of a module. Each transaction may use 2**24 gas, or `gas=`.
"""

import os
from importlib.util import find_spec

from .accounts import Account, Accounts, impersonate
from .chain import START, Chain
from .contracts import Contract, Event, EventType, Factory, Project, Receipt
from .errors import Reverted, reverts

__all__ = [
    "CHAIN",
    "START",
    "Account",
    "Accounts",
    "Chain",
    "Contract",
    "Event",
    "EventType",
    "Factory",
    "Project",
    "Receipt",
    "Reverted",
    "accounts",
    "chain",
    "impersonate",
    "project",
    "reverts",
]

# pyrevm comes for Python 3.11 and 3.12; later ones do without
CHAIN = os.environ.get("PLIMSOLL_CHAIN") or ("pyrevm" if find_spec("pyrevm") else "anvil")


def _connect() -> Chain:
    if CHAIN == "pyrevm":
        from .inprocess import InProcessChain

        return InProcessChain()
    if CHAIN == "anvil":
        from .anvil import AnvilChain

        return AnvilChain()
    raise ValueError(f"PLIMSOLL_CHAIN is pyrevm or anvil, not {CHAIN}")


chain = _connect()
accounts = Accounts()
project = Project(chain)
