"""How much of each order is matched, so that they come out even."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.client.orders import Leg, Order, fit

BTC, ETH, SOL = 1, 2, 3


def order(size: int, *legs: tuple[int, int]) -> Order:
    return Order(1, tuple(Leg(*leg) for leg in legs or [(BTC, 1)]), size, 0, 0, 0)


PAIR = ((BTC, 1), (ETH, -20))


@pytest.mark.parametrize(
    ("orders", "sizes"),
    [
        ([order(5), order(-3)], [3, 3]),
        ([order(-5), order(3), order(3), order(3)], [5, 3, 2, 0]),
        ([order(5), order(3)], [0, 0]),
        ([order(5), order(-3, (ETH, 1)), order(-2)], [2, 0, 2]),
        ([order(3, *PAIR), order(-5, *PAIR)], [3, 3]),
        ([order(3, *PAIR), order(5, (BTC, -1), (ETH, 20))], [3, 3]),
        ([order(3, *PAIR), order(-2), order(90, (ETH, 1))], [2, 2, 40]),
        ([order(3, *PAIR), order(-2), order(19, (ETH, 1))], [0, 0, 0]),
        ([order(3, *PAIR), order(-1, *PAIR), order(-1), order(30, (ETH, 1))], [2, 1, 1, 20]),
        ([order(7), order(-9, (BTC, 2))], [6, 3]),
        ([order(5, (BTC, 1), (BTC, -1)), order(-3)], [5, 0]),
        ([order(5), order(-3, (BTC, 1), (BTC, -1))], [0, 0]),
        ([order(5, (SOL, 1)), order(-5)], [0, 0]),
        ([order(0), order(-5)], [0, 0]),
    ],
    ids=str,
)
def test_fit(orders: list[Order], sizes: list[int]) -> None:
    assert fit(orders, [abs(item.size) for item in orders]) == sizes


def test_only_what_is_left() -> None:
    assert fit([order(5), order(-5), order(-5)], [4, 0, 1]) == [1, 0, 1]


LEGS = st.lists(
    st.tuples(st.integers(BTC, SOL), st.integers(-4, 4).filter(bool)), min_size=1, max_size=3
)
ORDERS = st.builds(lambda size, legs: order(size, *legs), st.integers(-50, 50), LEGS)


@given(orders=st.lists(ORDERS, min_size=2, max_size=5))
def test_comes_out_even(orders: list[Order]) -> None:
    """Nothing is filled beyond its size, and contracts sum to zero in each instrument."""
    sizes = fit(orders, [abs(item.size) for item in orders])
    assert all(0 <= size <= abs(item.size) for size, item in zip(sizes, orders, strict=True))
    traded: Counter[int] = Counter()
    for size, item in zip(sizes, orders, strict=True):
        traded.update(item.changes(size))
    assert not any(traded.values())
