"""The table of a deployment's facts."""

from rich.console import Console

from plimsoll.deploy.protocol import Finding
from plimsoll.deploy.report import table


def test_addresses_in_full() -> None:
    """In however narrow a terminal: an address that is cut off cannot be compared."""
    found, wanted = "0x" + "A" * 40, "0x" + "D" * 40
    console = Console(width=60)
    with console.capture() as shown:
        console.print(table([Finding("feed: signers", (2, (wanted,)), (2, (found,)))]))
    assert shown.get().count("A") == shown.get().count("D") == 40
