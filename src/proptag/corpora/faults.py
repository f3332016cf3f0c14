"""What is wrong with the rows of a corpus: fatal, or counted and told at the end."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from proptag.errors import UserError

MOST_NAMED = 20
"""Rows that the terminal names at most."""


@dataclass
class Faults:
    """Gathers faulty rows; with ``fatal`` the first one ends the reading."""

    fatal: bool = True
    messages: list[str] = field(default_factory=list)
    """Rows that were left out, each as ``file:line: what is wrong``."""
    repairs: Counter[str] = field(default_factory=Counter)
    """Rows that docs/data.md foresees as odd, by what was done with them: clipped, merged, left out as not annotated, …"""

    articles: set[str] = field(default_factory=set)
    """Ids of articles that lost a row whose columns are wrong."""

    def skip(self, where: str, problem: str) -> None:
        """Note a row that cannot be used; raises ``UserError`` if faults are fatal."""
        if self.fatal:
            raise UserError(f"{where}: {problem} (corpus.faults=skip leaves such rows out and counts them)")
        self.messages.append(f"{where}: {problem}")

    def counts(self) -> dict[str, Any]:
        """Return what was left out, row by row, and what was repaired, by kind: plain values for the manifest and the card."""
        return {"left out": list(self.messages), "repairs": dict(sorted(self.repairs.items()))}

    def report(self) -> list[str]:
        """Say in lines for the terminal what was left out, the first rows by name, and what was repaired."""
        lines = [f"left out: {message}" for message in self.messages[:MOST_NAMED]]
        if len(self.messages) > MOST_NAMED:
            lines.append(f"left out: {len(self.messages) - MOST_NAMED} more rows, {len(self.messages)} in all; manifest.json lists them")
        return lines + [f"{count} x {kind}" for kind, count in sorted(self.repairs.items())]

    def repair(self, kind: str) -> None:
        """Count a row that was repaired, such as a span clipped to its text."""
        self.repairs[kind] += 1
