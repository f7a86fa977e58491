"""A mapping of what is told."""

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Told(dict[K, V]):
    """Worked out when it is asked for, and known until it is forgotten."""

    def __init__(self, work_out: Callable[[K], V]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, key: K) -> V:
        value = self[key] = self._work_out(key)
        return value

    def get(self, key: K, default: V | None = None) -> V | None:  # type: ignore[override]
        return self[key]
