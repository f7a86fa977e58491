"""Roles and a small contract to try the harness on."""

import pytest

from tests.harness import Account, Accounts, Contract, Project

PROBE = """
# pragma version 0.4.3
# pragma nonreentrancy on


struct Point:
    x: int256
    tags: DynArray[bytes4, 4]


event Set:
    key: indexed(uint256)
    tag: indexed(String[8])
    point: Point


number: public(uint256)
points: public(HashMap[uint256, Point])
_seen: transient(uint256)


@deploy
@payable
def __init__(number: uint256):
    self.number = number


@external
def set_number(number: uint256 = 7) -> uint256:
    before: uint256 = self.number
    self.number = number
    self._seen += 1
    return before


@external
def set_point(key: uint256, point: Point) -> Point:
    self.points[key] = point
    log Set(key=key, tag="tag", point=point)
    return point


@view
@external
def echo(points: DynArray[Point, 4], pair: uint256[2]) -> (DynArray[Point, 4], uint256[2]):
    return points, pair


@view
@external
def seen() -> uint256:
    return self._seen


@view
@external
def here() -> (uint256, uint256, address):
    return block.timestamp, chain.id, msg.sender


@external
def fail(how: uint256) -> uint256:
    self.number = 99
    assert how != 0, "probe: zero"
    if how == 1:
        assert msg.sender == self
    elif how == 2:
        raise UNREACHABLE
    elif how == 3:
        raw_revert(abi_encode(convert(17, uint256), method_id=method_id("Panic(uint256)")))
    elif how == 4:
        raw_revert(b"\\xde\\xad")
    elif how == 5:
        for i: uint256 in range(max_value(uint256)):
            self.number = i
    return how


@external
def call(target: address, data: Bytes[256]):
    raw_call(target, data)


@reentrant
@external
def call_unlocked(target: address, data: Bytes[256]):
    raw_call(target, data)


@payable
@external
def __default__():
    pass
"""


@pytest.fixture(scope="session")
def owner(accounts: Accounts) -> Account:
    return accounts[0]


@pytest.fixture(scope="session")
def spender(accounts: Accounts) -> Account:
    return accounts[1]


@pytest.fixture(scope="session")
def stranger(accounts: Accounts) -> Account:
    return accounts[2]


@pytest.fixture(scope="module")
def probe(project: Project, owner: Account) -> Contract:
    return project.inline(PROBE, "Probe").deploy(5, sender=owner)


@pytest.fixture(scope="module")
def token(project: Project, owner: Account) -> Contract:
    token = project.Token.deploy("Dollar", "USD", 6, sender=owner)
    token.mint(owner, 1_000, sender=owner)
    return token
