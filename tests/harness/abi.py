"""The contract ABI, compiled once per type into plain closures.

eth_abi does the same and is the reference (tests/unit/mocks/test_abi.py compares the two); it is
too slow for a fuzzer that makes thousands of calls a second.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

WORD = 32


class Codec(NamedTuple):
    """How one type is written and read."""

    name: str  # canonical, as in a signature
    size: int  # bytes in the head if static, 0 if dynamic
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes, int], Any]  # (data, offset of the value)


class EncodingError(ValueError):
    """The value does not fit the type."""


@cache
def checksum(raw: bytes) -> str:
    return to_checksum_address(raw)


def address_bytes(value: Any) -> bytes:
    """The 20 bytes of an address given as a string, as bytes, or by anything with `.address`."""
    value = getattr(value, "address", value)
    if isinstance(value, str) and len(value) == 42:
        return bytes.fromhex(value[2:])
    if isinstance(value, bytes) and len(value) == 20:
        return value
    raise EncodingError(f"address: cannot encode {value!r}")


def _integer(name: str, low: int, high: int) -> Codec:
    signed = low < 0

    def encode(value: Any) -> bytes:
        if value.__class__ is not int:
            if isinstance(value, bool) or not hasattr(value, "__index__"):
                raise EncodingError(f"{name}: cannot encode {value!r}")
            value = value.__index__()
        if not low <= value <= high:
            raise EncodingError(f"{name}: {value} is out of range")
        return value.to_bytes(WORD, "big", signed=signed)

    def decode(data: bytes, at: int) -> int:
        return int.from_bytes(data[at : at + WORD], "big", signed=signed)

    return Codec(name, WORD, encode, decode)


def _address() -> Codec:
    return Codec(
        "address",
        WORD,
        lambda value: bytes(12) + address_bytes(value),
        lambda data, at: checksum(data[at + 12 : at + WORD]),
    )


def _bool() -> Codec:
    def encode(value: Any) -> bytes:
        if value is True or value is False:
            return value.to_bytes(WORD, "big")
        raise EncodingError(f"bool: cannot encode {value!r}")

    return Codec("bool", WORD, encode, lambda data, at: data[at + 31] == 1)


def _raw(name: str, value: Any) -> bytes:
    if isinstance(value, str) and value.startswith("0x"):
        return bytes.fromhex(value[2:])
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    raise EncodingError(f"{name}: cannot encode {value!r}")


def _fixed_bytes(name: str, size: int) -> Codec:
    def encode(value: Any) -> bytes:
        raw = _raw(name, value)
        if len(raw) != size:
            raise EncodingError(f"{name}: got {len(raw)} bytes")
        return raw.ljust(WORD, b"\0")

    return Codec(name, WORD, encode, lambda data, at: data[at : at + size])


def _read(data: bytes, at: int, size: int) -> bytes:
    raw = data[at : at + size]
    if len(raw) != size:
        raise ValueError(f"{len(data)} bytes returned, more expected")
    return raw


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(_read(data, at, WORD), "big")


def _bytes() -> Codec:
    def encode(value: Any) -> bytes:
        raw = _raw("bytes", value)
        return len(raw).to_bytes(WORD, "big") + raw + bytes(-len(raw) % WORD)

    return Codec("bytes", 0, encode, lambda data, at: _read(data, at + WORD, _length(data, at)))


def _string() -> Codec:
    raw = _bytes()

    def encode(value: Any) -> bytes:
        if not isinstance(value, str):
            raise EncodingError(f"string: cannot encode {value!r}")
        return raw.encode(value.encode())

    return Codec("string", 0, encode, lambda data, at: raw.decode(data, at).decode())


def _heads_and_tails(items: list[tuple[Codec, Any]]) -> bytes:
    at = sum(codec.size or WORD for codec, _ in items)
    heads, tails = [], []
    for codec, value in items:
        encoded = codec.encode(value)
        if codec.size:
            heads.append(encoded)
        else:
            heads.append(at.to_bytes(WORD, "big"))
            tails.append(encoded)
            at += len(encoded)
    return b"".join(heads + tails)


def _members(codecs: Sequence[Codec]) -> list[tuple[Callable[[bytes, int], Any], int, bool]]:
    """(decode, offset in the head, is dynamic) of each."""
    members, at = [], 0
    for codec in codecs:
        members.append((codec.decode, at, not codec.size))
        at += codec.size or WORD
    return members


def sequence(codecs: Sequence[Codec]) -> Codec:
    """Values side by side: arguments, results, the fields of a struct; reads a list."""
    static = all(codec.size for codec in codecs)
    encoders = [codec.encode for codec in codecs]
    members = _members(codecs)
    head = sum(codec.size or WORD for codec in codecs)

    def encode(values: Sequence[Any]) -> bytes:
        if len(values) != len(encoders):
            raise EncodingError(f"{len(values)} values for {len(encoders)} places")
        if static:
            return b"".join([encode(value) for encode, value in zip(encoders, values, strict=True)])
        return _heads_and_tails(list(zip(codecs, values, strict=True)))

    def decode(data: bytes, at: int) -> list[Any]:
        if len(data) < at + head:
            raise ValueError(f"{len(data)} bytes returned, {at + head} expected")
        return [
            decode(data, at + (_length(data, at + offset) if dynamic else offset))
            for decode, offset, dynamic in members
        ]

    name = "(" + ",".join(codec.name for codec in codecs) + ")"
    return Codec(name, head if static else 0, encode, decode)


def _struct(components: Sequence[dict[str, Any]]) -> Codec:
    inner = sequence([codec(component) for component in components])
    names = [component["name"] for component in components]
    build: Any = namedtuple("Struct", names, rename=True)

    def encode(value: Any) -> bytes:
        if isinstance(value, dict):
            if set(value) != set(names):
                raise EncodingError(f"struct of {names}: got {sorted(value)}")
            value = [value[name] for name in names]
        elif not isinstance(value, tuple | list):
            value = [getattr(value, name) for name in names]
        return inner.encode(value)

    return Codec(inner.name, inner.size, encode, lambda data, at: build(*inner.decode(data, at)))


def _static_array(item: Codec, count: int) -> Codec:
    inner = sequence([item] * count)
    return Codec(f"{item.name}[{count}]", inner.size, inner.encode, inner.decode)


def _dynamic_array(item: Codec) -> Codec:
    size, step = item.size, item.size or WORD

    def encode(values: Sequence[Any]) -> bytes:
        count = len(values).to_bytes(WORD, "big")
        if size:
            return count + b"".join([item.encode(value) for value in values])
        return count + _heads_and_tails([(item, value) for value in values])

    def decode(data: bytes, at: int) -> list[Any]:
        count = _length(data, at)
        at += WORD
        _read(data, at, count * step)
        if size:
            return [item.decode(data, at + i * step) for i in range(count)]
        return [item.decode(data, at + _length(data, at + i * step)) for i in range(count)]

    return Codec(f"{item.name}[]", 0, encode, decode)


def codec(parameter: dict[str, Any]) -> Codec:
    """The codec of one parameter of a JSON ABI."""
    kind: str = parameter["type"]
    if match := re.fullmatch(r"(.*)\[(\d*)\]", kind):
        item = codec({**parameter, "type": match[1]})
        return _static_array(item, int(match[2])) if match[2] else _dynamic_array(item)
    if kind == "tuple":
        return _struct(parameter["components"])
    return _simple(kind)


@cache
def _simple(kind: str) -> Codec:
    if kind in (simple := {"address": _address, "bool": _bool, "bytes": _bytes, "string": _string}):
        return simple[kind]()
    match = re.fullmatch(r"(uint|int|bytes)(\d+)", kind)
    if match is None:
        raise ValueError(f"no codec for {kind}")
    size = int(match[2])
    if match[1] == "bytes":
        return _fixed_bytes(kind, size)
    if match[1] == "int":
        return _integer(kind, -(2 ** (size - 1)), 2 ** (size - 1) - 1)
    return _integer(kind, 0, 2**size - 1)


class Method:
    """One function of an ABI."""

    def __init__(self, entry: dict[str, Any]) -> None:
        inputs = sequence([codec(item) for item in entry["inputs"]])
        outputs = sequence([codec(item) for item in entry.get("outputs", [])])
        self.name: str = entry.get("name", "__init__")
        self.signature = self.name + inputs.name
        self.selector = keccak(text=self.signature)[:4]
        self.is_view = entry["stateMutability"] in ("view", "pure")
        self._encode = inputs.encode
        self._decode = outputs.decode
        self._results = len(entry.get("outputs", []))

    def encode(self, args: Sequence[Any]) -> bytes:
        """The arguments, without the selector."""
        try:
            return self._encode(args)
        except (EncodingError, AttributeError, TypeError) as error:
            raise EncodingError(f"{self.signature}: {error}") from error

    def calldata(self, args: Sequence[Any]) -> bytes:
        return self.selector + self.encode(args)

    def decode(self, data: bytes) -> Any:
        """Nothing, the one value, or a tuple of them."""
        if not self._results:
            return None
        try:
            values = self._decode(data, 0)
        except ValueError as error:
            raise ValueError(f"{self.signature}: {error}") from error
        return values[0] if self._results == 1 else tuple(values)


class EventAbi:
    """One event of an ABI."""

    def __init__(self, entry: dict[str, Any]) -> None:
        inputs = entry["inputs"]
        codecs = [codec(item) for item in inputs]
        self.name: str = entry["name"]
        self.topic = keccak(text=self.name + sequence(codecs).name)
        self.names = [item["name"] for item in inputs]
        self._indexed = [
            (item["name"], kind)
            for item, kind in zip(inputs, codecs, strict=True)
            if item["indexed"]
        ]
        plain = [
            (item["name"], kind)
            for item, kind in zip(inputs, codecs, strict=True)
            if not item["indexed"]
        ]
        self._plain = [name for name, _ in plain]
        self._data = sequence([kind for _, kind in plain])
        self.topics = 1 + len(self._indexed)

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        values = dict(zip(self._plain, self._data.decode(data, 0), strict=True))
        for (name, kind), topic in zip(self._indexed, topics[1:], strict=True):
            # of a value without fixed size only the hash is kept
            values[name] = kind.decode(topic, 0) if kind.size == WORD else topic
        return {name: values[name] for name in self.names}
