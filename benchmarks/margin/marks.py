"""How exactly options are marked within an epoch, by the parabola through their lanes of now."""

from collections.abc import Iterator

import numpy as np

from benchmarks.margin.exact import Chain, bound_of
from benchmarks.margin.requirement import Holdings, Specification
from plimsoll.spec.surface import DAY, max_age

EXPIRIES = {"30 min": 1 / 48, "2 h": 1 / 12, "1 d": 1, "3 d": 3, "7 d": 7, "30 d": 30, "90 d": 90}
VOLATILITIES = (0.3, 0.6, 1.2)


def error(days: float, volatility: float, strikes: int = 41, spots: int = 5) -> float:
    """Largest error of a mark anywhere in an epoch, from its first second to its last, in parts of
    spot."""
    bound = bound_of(days)
    oldest = max_age(round(days * DAY), 0) / DAY
    worst = 0.0
    for spot in 1 + bound * np.linspace(-1, 1, spots):
        around = np.exp(np.linspace(-2 * bound, 2 * bound, strikes))
        chain = Chain.flat(days, around, volatility, 0.16, spot)
        specification = Specification([chain])
        exact = chain.calls([spot, spot], 0.0, [0.0, oldest])
        for i in range(strikes):
            held = Holdings.of(np.eye(strikes)[i])
            worst = max(worst, *abs(specification.measure(held).worth - exact[i]))
    return worst


def table() -> Iterator[tuple[str, float, float]]:
    """(expiry, volatility, error)"""
    for name, days in EXPIRIES.items():
        for volatility in VOLATILITIES:
            yield name, volatility, error(days, volatility)
