"""Contracts in Ape's calling style: `vault.deposit(account, amount, sender=trader)`."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from .abi import EventAbi, Method, address_bytes, checksum
from .accounts import Addressed
from .chain import TX_GAS, Chain, Log, Result, intrinsic_gas
from .compiler import ROOT, Artifact, compile_file, compile_source, sources

NOBODY = "0x" + "00" * 20


def _sender(sender: Any) -> str:
    return NOBODY if sender is None else getattr(sender, "address", sender)


class Event:
    """A decoded log: `event.amount`, `event["amount"]`, `event.args`."""

    __slots__ = ("address", "args", "event_name")

    def __init__(self, event_name: str, address: str, args: dict[str, Any]) -> None:
        self.event_name = event_name
        self.address = address
        self.args = args

    def __getattr__(self, name: str) -> Any:
        try:
            return self.args[name]
        except KeyError:
            raise AttributeError(f"{self!r} has no {name}") from None

    def __getitem__(self, name: str) -> Any:
        return self.args[name]

    def __repr__(self) -> str:
        args = ", ".join(f"{name}={value!r}" for name, value in self.args.items())
        return f"{self.event_name}({args})"


class EventType:
    """`contract.Deposit`: what `receipt.events_of` looks for; of a factory, at any address."""

    def __init__(self, abi: EventAbi, address: str | None) -> None:
        self.abi = abi
        self.address = address

    def __repr__(self) -> str:
        return f"<event {self.abi.name}>"

    def matches(self, log: Log) -> bool:
        if self.address is not None and log.address != self.address:
            return False
        return bool(log.topics) and log.topics[0] == self.abi.topic

    def decode(self, log: Log) -> Event:
        return Event(self.abi.name, log.address, self.abi.decode(log.topics, log.data))


class Receipt:
    """What a transaction did."""

    def __init__(self, project: "Project", result: Result, calldata: bytes, method: Method) -> None:
        self._project = project
        self._calldata = calldata
        self._method = method
        self._output = result.output
        self.gas_used = result.gas_used
        self.logs = result.logs
        self.timestamp = result.timestamp
        self.block_number = result.block_number

    @property
    def return_value(self) -> Any:
        return self._method.decode(self._output)

    @property
    def execution_gas(self) -> int:
        """Gas without what every transaction with this calldata pays."""
        return self.gas_used - intrinsic_gas(self._calldata)

    @cached_property
    def events(self) -> list[Event]:
        """All logs of contracts known to the project, in their order."""
        decoded = (self._project.decode(log) for log in self.logs)
        return [event for event in decoded if event is not None]

    def events_of(self, event: EventType) -> list[Event]:
        return [event.decode(log) for log in self.logs if event.matches(log)]


class Function:
    """A contract's function: call it, or `.call`, `.transact`, `.encode_input` it."""

    def __init__(self, contract: "Contract", methods: dict[int, Method]) -> None:
        self._contract = contract
        self._project = contract.factory.project
        self._chain = self._project.chain
        self._methods = methods

    def __repr__(self) -> str:
        return " | ".join(method.signature for method in self._methods.values())

    def _method(self, args: Sequence[Any]) -> Method:
        try:
            return self._methods[len(args)]
        except KeyError:
            raise TypeError(f"{self!r} got {len(args)} arguments") from None

    def __call__(self, *args: Any, sender: Any = None, value: int = 0, gas: int = TX_GAS) -> Any:
        """Reads, if the function is a view; sends a transaction otherwise."""
        method = self._method(args)
        if not method.is_view:
            return self.transact(*args, sender=sender, value=value, gas=gas)
        calldata = method.selector + method.encode(args)
        return method.decode(self._chain.call(_sender(sender), self._contract.address, calldata))

    def transact(self, *args: Any, sender: Any, value: int = 0, gas: int = TX_GAS) -> Receipt:
        """Sends a transaction, even to a view (to learn its gas)."""
        method = self._method(args)
        if sender is None:
            raise TypeError(f"{method.signature}: a transaction needs its sender=")
        calldata = method.calldata(args)
        to = self._contract.address
        result = self._chain.transact(_sender(sender), to, calldata, value, gas)
        return Receipt(self._project, result, calldata, method)

    def call(self, *args: Any, sender: Any = None, value: int = 0, gas: int = TX_GAS) -> Any:
        """What a transaction would return, without sending it."""
        method = self._method(args)
        to, calldata = self._contract.address, method.calldata(args)
        return method.decode(self._chain.simulate(_sender(sender), to, calldata, value, gas))

    def encode_input(self, *args: Any) -> bytes:
        return self._method(args).calldata(args)


class Contract(Addressed):
    """A contract at an address; its functions and events are its attributes."""

    def __init__(self, factory: "Factory", address: str, creation: Result | None = None) -> None:
        self.factory = factory
        self.address = address
        self.creation = creation  # what deploying it took, if this did

    def __getattr__(self, name: str) -> Any:
        factory = self.__dict__["factory"]
        if name in factory.methods:
            found: Any = Function(self, factory.methods[name])
        elif name in factory.events:
            found = EventType(factory.events[name], self.address)
        else:
            raise AttributeError(f"{factory.name} has no {name}")
        self.__dict__[name] = found
        return found

    def __repr__(self) -> str:
        return f"<{self.factory.name} {self.address}>"


class Factory:
    """`project.<Name>`: a compiled contract; its events are its attributes."""

    def __init__(self, project: "Project", artifact: Artifact) -> None:
        self.project = project
        self.name = artifact.name
        self.abi = artifact.abi
        self.bytecode = artifact.bytecode
        self.runtime = artifact.runtime
        self.methods: dict[str, dict[int, Method]] = {}
        self.events: dict[str, EventAbi] = {}
        empty = {"inputs": [], "stateMutability": "nonpayable"}
        self._constructor = Method(empty)
        for entry in artifact.abi:
            if entry["type"] == "function":
                overloads = self.methods.setdefault(entry["name"], {})
                overloads[len(entry["inputs"])] = Method(entry)
            elif entry["type"] == "event":
                self.events[entry["name"]] = EventAbi(entry)
            elif entry["type"] == "constructor":
                self._constructor = Method({**entry, "outputs": []})
        self.topics = {(event.topic, event.topics): event for event in self.events.values()}

    def __getattr__(self, name: str) -> EventType:
        if name in self.__dict__.get("events", ()):
            return EventType(self.events[name], None)
        raise AttributeError(f"{self.__dict__.get('name')} has no event {name}")

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def deploy(self, *args: Any, sender: Any, value: int = 0, gas: int = TX_GAS) -> Contract:
        code = self.bytecode + self._constructor.encode(args)
        result = self.project.chain.transact(_sender(sender), None, code, value, gas)
        assert result.created is not None
        return self._known(Contract(self, result.created, result))

    def at(self, address: Any) -> Contract:
        return self._known(Contract(self, checksum(address_bytes(address))))

    def _known(self, contract: Contract) -> Contract:
        self.project.known[contract.address] = self
        return contract


class Project:
    """`project.<Name>`: the contracts of this repository, compiled when first asked for."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.known: dict[str, Factory] = {}  # what lives where
        self._factories: dict[str, Factory] = {}

    def __getattr__(self, name: str) -> Factory:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._factories:
            if (path := sources().get(name)) is None:
                raise AttributeError(f"there is no {name}.vy under contracts/")
            self._factories[name] = Factory(self, compile_file(path))
        return self._factories[name]

    def __iter__(self) -> Iterator[Factory]:
        """Every deployable contract."""
        return (getattr(self, name) for name in sources())

    def load(self, path: str | Path) -> Factory:
        """The contract in a file outside contracts/, by its path from the project's root."""
        key = str(path)
        if key not in self._factories:
            self._factories[key] = Factory(self, compile_file(ROOT / path))
        return self._factories[key]

    def inline(self, source: str, name: str = "Inline") -> Factory:
        """A contract given as text, say one that exposes a module's functions to a test."""
        if source not in self._factories:
            self._factories[source] = Factory(self, compile_source(source, name))
        return self._factories[source]

    def decode(self, log: Log) -> Event | None:
        """A log of a known contract, or of an event that any known contract has."""
        if not log.topics:
            return None
        key = (log.topics[0], len(log.topics))
        own = self.known.get(log.address)
        for factory in [*([own] if own else []), *self._factories.values()]:
            if key in factory.topics:
                return EventType(factory.topics[key], None).decode(log)
        return None
