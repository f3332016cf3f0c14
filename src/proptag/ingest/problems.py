"""What is said of something that could not be read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read."""

    source: str
    """The path as given, with ``#row`` for a row of a table."""
    kind: str
    """Short and for machines: one of the kinds that ``docs/input.md`` lists."""
    reason: str
    """In words, for people."""


class Unreadable(Exception):  # noqa: N818  (it becomes a Problem and is no error of the program)
    """Bad content, on its way to become a ``Problem``."""

    def __init__(self, kind: str, reason: str) -> None:
        """Take the kind and the reason of the ``Problem``."""
        self.kind, self.reason = kind, reason
        super().__init__(reason)
