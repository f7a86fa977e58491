"""The harness's codec, against eth_abi."""

from dataclasses import dataclass
from typing import Any

import eth_abi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.abi import EncodingError, Method, checksum, codec, sequence

LEAVES = {
    **{f"uint{n}": st.integers(0, 2**n - 1) for n in (8, 64, 128, 256)},
    **{f"int{n}": st.integers(-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 64, 128, 256)},
    **{f"bytes{n}": st.binary(min_size=n, max_size=n) for n in (1, 4, 32)},
    "address": st.binary(min_size=20, max_size=20).map(checksum),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=70),
    "string": st.text("aé€😀", max_size=40),
}

Typed = tuple[dict[str, Any], st.SearchStrategy[Any]]


def leaf(kind: str) -> Typed:
    return {"name": "", "type": kind}, LEAVES[kind]


def array(item: Typed, count: int | None) -> Typed:
    parameter, values = item
    suffix = "[]" if count is None else f"[{count}]"
    low, high = (0, 4) if count is None else (count, count)
    lists = st.lists(values, min_size=low, max_size=high)
    return {**parameter, "type": parameter["type"] + suffix}, lists


def struct(items: list[Typed]) -> Typed:
    components = [{**parameter, "name": f"f{i}"} for i, (parameter, _) in enumerate(items)]
    values = st.tuples(*[values for _, values in items])
    return {"name": "", "type": "tuple", "components": components}, values


def grow(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    counts = st.none() | st.integers(1, 3)
    return st.builds(array, inner, counts) | st.builds(
        struct, st.lists(inner, min_size=1, max_size=3)
    )


TYPES = st.recursive(st.sampled_from(sorted(LEAVES)).map(leaf), grow, max_leaves=5)


def plain(value: Any) -> Any:
    """Both libraries' values in one form."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.lower() if isinstance(value, str) and value.startswith("0x") else value


@given(st.data())
def test_agrees_with_eth_abi(data: st.DataObject) -> None:
    typed = data.draw(st.lists(TYPES, min_size=1, max_size=3))
    values = [data.draw(strategy) for _, strategy in typed]
    codecs = [codec(parameter) for parameter, _ in typed]
    names = [inner.name for inner in codecs]

    encoded = sequence(codecs).encode(values)

    assert encoded == eth_abi.encode(names, values)
    assert plain(sequence(codecs).decode(encoded, 0)) == plain(eth_abi.decode(names, encoded))


POINT = {
    "name": "point",
    "type": "tuple",
    "components": [{"name": "x", "type": "int256"}, {"name": "on", "type": "bool"}],
}


@dataclass
class Point:
    x: int
    on: bool


@pytest.mark.parametrize("value", [(-1, True), [-1, True], {"on": True, "x": -1}, Point(-1, True)])
def test_struct_is_given_in_any_form(value: Any) -> None:
    point = codec(POINT)
    encoded = point.encode(value)
    assert encoded == eth_abi.encode(["(int256,bool)"], [(-1, True)])
    decoded = point.decode(encoded, 0)
    assert (decoded.x, decoded.on) == (-1, True)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint256", -1),
        ("uint256", 2**256),
        ("uint256", True),
        ("uint256", 1.0),
        ("uint256", "1"),
        ("int8", 128),
        ("int8", -129),
        ("bool", 1),
        ("address", "0x12"),
        ("address", 0),
        ("bytes4", b"123"),
        ("bytes4", "1234"),
        ("bytes", "text"),
        ("string", b"text"),
    ],
)
def test_refuses_what_does_not_fit(kind: str, value: Any) -> None:
    with pytest.raises(EncodingError):
        codec({"name": "", "type": kind}).encode(value)


@pytest.mark.parametrize("value", [{"x": 1}, {"x": 1, "on": True, "more": 1}, (1,), (1, True, 2)])
def test_refuses_a_struct_of_other_fields(value: Any) -> None:
    with pytest.raises(EncodingError):
        codec(POINT).encode(value)


def test_refuses_output_that_is_too_short() -> None:
    entry = {"name": "f", "inputs": [], "stateMutability": "view"}
    for kind, output in [
        ("uint256", b""),  # no contract there
        ("bytes", eth_abi.encode(["bytes"], [b"12"])[:-32]),
        ("uint256[]", eth_abi.encode(["uint256[]"], [[1, 2]])[:-1]),
    ]:
        method = Method({**entry, "outputs": [{"name": "", "type": kind}]})
        with pytest.raises(ValueError, match=r"^f\(\): "):
            method.decode(output)
