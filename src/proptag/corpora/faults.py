"""What is wrong with the rows of a corpus: fatal, or counted and told at the end."""

from collections import Counter
from dataclasses import dataclass, field

from proptag.errors import UserError


@dataclass
class Faults:
    """Gathers faulty rows; with ``fatal`` the first one ends the reading."""

    fatal: bool = True
    messages: list[str] = field(default_factory=list)
    """Rows that were left out, each as ``file:line: what is wrong``."""
    repairs: Counter[str] = field(default_factory=Counter)
    """Rows that docs/data.md foresees as odd, by what was done with them: clipped, merged, left out as not annotated, …"""

    def skip(self, where: str, problem: str) -> None:
        """Note a row that cannot be used; raises ``UserError`` if faults are fatal."""
        if self.fatal:
            raise UserError(f"{where}: {problem} (corpus.faults=skip leaves such rows out and counts them)")
        self.messages.append(f"{where}: {problem}")

    def repair(self, kind: str) -> None:
        """Count a row that was repaired, such as a span clipped to its text."""
        self.repairs[kind] += 1
