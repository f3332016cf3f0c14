"""What is said of something that could not be read, and what was read before it becomes an article."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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


@dataclass(frozen=True, slots=True)
class Raw:
    """What a format gave for one article, before repairs and checks."""

    text: str
    title: str = ""
    """As the format's metadata have it; empty to look for it in the text."""
    meta: Mapping[str, Any] = field(default_factory=dict)


def optional(module: str) -> Any:  # noqa: ANN401
    """Import a module of the extra ``score``; ``Unreadable`` says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Unreadable("not_installed", f'reading this needs {module.partition(".")[0]}: pip install "proptag[score]"') from error


def too_large(limit: int) -> Unreadable:
    """Say that something is larger than ``ingest.max_bytes``."""
    return Unreadable("too_large", f"larger than {limit:,} bytes (ingest.max_bytes)")
