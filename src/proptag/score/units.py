"""The input as a stream of units: portions of articles that become one part each.

Which articles a unit holds depends only on the files, in the order of their paths, and on what was scored before the run. A run that was
killed therefore goes on with the very units that were still to come, and the network sees the same batches.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proptag import ingest
from proptag.config import ScoreConfig
from proptag.score.child import Message
from proptag.score.index import Index, problem_key
from proptag.score.readers import Request, read_files, reading

_MOST_CHARACTERS = 8_000_000  # in one unit; bounds the memory that its sentences take
_MOST_OTHERS = 20  # problems, duplicates and files of a unit, as a multiple of its articles

Row = dict[str, Any]


@dataclass
class Unit:
    """A portion of the input, of plain values only, so that it can be sent to another machine."""

    number: int
    articles: list[Row] = field(default_factory=list)
    """Those to be scored, with ``text``."""
    duplicates: list[Row] = field(default_factory=list)
    """Articles whose text is scored under another name, without ``text``."""
    problems: list[Row] = field(default_factory=list)
    files: list[Row] = field(default_factory=list)
    """Files that were read to their end in this unit."""
    current: list[tuple[str, str, int]] = field(default_factory=list)
    """Files that were looked at: name, version, and place in the order of reading."""
    characters: int = 0
    weight: int = 0
    """Bytes of the files that this unit is the progress of."""
    skipped: int = 0
    """Those of them that needed no scoring."""

    @property
    def makes_part(self) -> bool:
        """Whether there is something to write."""
        return bool(self.articles or self.problems or self.files)

    def is_full(self, size: int) -> bool:
        """Whether the next article belongs to the next unit."""
        others = len(self.problems) + len(self.duplicates) + len(self.current)
        return len(self.articles) >= size or self.characters >= _MOST_CHARACTERS or others >= _MOST_OTHERS * max(size, 50)


class Names:
    """How files are named in the results: below the input folder if there is just one, else by the path as it was found."""

    def __init__(self, inputs: list[str]) -> None:
        self._root = Path(inputs[0]) if len(inputs) == 1 and os.path.isdir(inputs[0]) else None

    def __call__(self, path: Path) -> str:
        """Return the name of a file."""
        return (path.relative_to(self._root) if self._root else path).as_posix().encode("utf-8", "replace").decode()


def split_inputs(text: str) -> list[str]:
    """Split at commas; a path that is there is never split."""
    if os.path.exists(text):  # noqa: PTH110  (Path.exists raises at names that are too long)
        return [text]
    return [part.strip() for part in text.split(",") if part.strip()]


def find_files(config: ScoreConfig) -> Iterator[Path]:
    """Find the input files in the order of reading; ``UserError`` if there are none."""
    return ingest.find(split_inputs(config.input), exclude=Path(config.output))


def units(config: ScoreConfig, index: Index, first: int) -> Iterator[Unit]:
    """Read the input and yield what is to be scored, in units numbered from ``first``.

    ``index`` tells what is scored already, and takes note of the texts that go out.
    """
    names = Names(split_inputs(config.input))
    requests = (Request(path, name := names(path), index.complete_versions(name)) for path in find_files(config))
    with reading(config) as readers:
        collector = _Collector(index, first)
        for request, message in read_files(requests, readers):
            collector.take(request.source, message)
            if collector.unit.is_full(config.part_size):
                yield collector.next_unit()
    if collector.unit.current:
        yield collector.unit


class _Collector:
    """Sorts what the readers say into the unit at hand."""

    def __init__(self, index: Index, first: int) -> None:
        self.unit = Unit(first)
        self._index = index
        self._order = 0  # of the file
        self._version, self._bytes, self._articles, self._problems, self._counted = "", 0, 0, 0, 0

    def next_unit(self) -> Unit:
        full = self.unit
        self.unit = Unit(full.number + full.makes_part)
        self.unit.current += full.current[-1:]  # the file may go on
        return full

    def take(self, source: str, message: Message) -> None:
        """Take one answer of a reader about the file ``source``."""
        kind, *rest = message
        if kind == "same":
            self._see(source, rest[0])
            self.unit.weight += rest[1]
            self.unit.skipped += rest[1]
        elif kind == "file":
            self._see(source, rest[0])
            self._version, self._bytes = rest
            self._articles = self._problems = self._counted = 0
        elif kind == "article":
            self._article(source, rest[0])
        elif kind == "problem":
            self._problem(source, rest[0])
        else:
            self._end(source)

    def _see(self, source: str, version: str) -> None:
        self._order += 1
        self.unit.current.append((source, version, self._order))

    def _article(self, source: str, found: Row) -> None:
        self._articles += 1
        self._advance(min(len(found["text"]), max(self._bytes - self._counted, 0)))
        row = {"source": source, "file_sha256": self._version, "position": self._articles, "order": self._order, **found}
        if self._index.has_article(row["id"], self._version):
            return
        if self._index.add_text(row["sha256"]):
            self.unit.articles.append(row)
            self.unit.characters += len(row["text"])
        else:
            del row["text"]
            self.unit.duplicates.append(row)

    def _problem(self, source: str, found: Row) -> None:
        self._problems += 1
        row = {
            "article_id": found["source"],
            "source": source,
            "file_sha256": self._version,
            "kind": found["kind"],
            "reason": found["reason"],
        }
        if not self._index.has_problem(problem_key(row)):
            self.unit.problems.append(row)

    def _end(self, source: str) -> None:
        self._advance(self._bytes - self._counted)
        if not self._index.has_file(source, self._version):
            row = {"source": source, "sha256": self._version, "bytes": self._bytes}
            self.unit.files.append({**row, "articles": self._articles, "problems": self._problems})

    def _advance(self, weight: int) -> None:
        self._counted += weight
        self.unit.weight += weight
