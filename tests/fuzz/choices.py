"""Where the decisions of a run come from: every one is an integer within bounds.

A seeded generator makes volume, Hypothesis finds small examples, a tape repeats what was drawn
before. Smaller numbers stand for simpler things, so that shrinking simplifies.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Choices(ABC):
    def __init__(self) -> None:
        self.tape: list[int] = []  # what was drawn; whoever runs the machine clears it

    @abstractmethod
    def _draw(self, low: int, high: int) -> int: ...

    def integer(self, low: int, high: int) -> int:
        value = self._draw(low, high)
        self.tape.append(value)
        return value

    def chance(self, percent: int) -> bool:
        return self.integer(1, 100) > 100 - percent

    def pick(self, items: Sequence[T]) -> T:
        return items[self.integer(0, len(items) - 1)]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Different ones, in any order."""
        left, taken = list(items), []
        for _ in range(min(count, len(left))):
            taken.append(left.pop(self.integer(0, len(left) - 1)))
        return taken

    def magnitude(self, low: int, high: int) -> int:
        """Any order of magnitude is as likely as any other; 1 <= low <= high."""
        bits = self.integer(low.bit_length(), high.bit_length())
        return max(low, min(self.integer(1 << (bits - 1), (1 << bits) - 1), high))


class Seeded(Choices):
    def __init__(self, seed: str) -> None:
        super().__init__()
        self.random = Random(seed)

    def _draw(self, low: int, high: int) -> int:
        return self.random.randint(low, high)


class Taped(Choices):
    """Repeats a tape as far as it fits; what does not fit is brought within bounds."""

    def __init__(self) -> None:
        super().__init__()
        self._left: list[int] = []

    def load(self, tape: Sequence[int]) -> None:
        self._left = list(reversed(tape))

    def _draw(self, low: int, high: int) -> int:
        return max(low, min(self._left.pop(), high)) if self._left else low


class Drawn(Choices):
    """Asks somebody else, as Hypothesis."""

    def __init__(self, draw: Callable[[int, int], int]) -> None:
        super().__init__()
        self.draw = draw

    def _draw(self, low: int, high: int) -> int:
        return self.draw(low, high)
