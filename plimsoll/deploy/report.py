"""What a deployment was found to be, as a table."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from plimsoll.deploy.protocol import Finding


def show(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(show(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and value >= 2**128:
        return f"{value >> 96:#042x}/{value & (2**96 - 1)}"  # an account
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(findings: Sequence[Finding]) -> Table:
    """One row a fact; what does not hold says what was wanted."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    made.add_column("fact", no_wrap=True)
    made.add_column("as found", overflow="fold")
    made.add_column("", overflow="fold")
    for finding in findings:
        want, found = (_shown(finding, value) for value in (finding.want, finding.found))
        made.add_row(finding.name, found, "[green]✓" if finding.holds else f"[red]✗ wanted {want}")
    return made


def _shown(finding: Finding, value: Any) -> str:
    """What could not be read is a text already."""
    return show(value) if isinstance(value, str) else (finding.show or show)(value)
