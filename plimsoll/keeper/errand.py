"""What the keeper does for everybody's sake, without a reward."""

from typing import Any, NamedTuple


class Errand(NamedTuple):
    purpose: str  # one transaction at a time for each
    what: str
    function: Any  # of a contract, with its arguments
