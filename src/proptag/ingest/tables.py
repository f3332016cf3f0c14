"""Formats that hold many articles: JSON lines, CSV, Parquet."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from proptag.config import IngestConfig
from proptag.ingest.problems import Raw, Unreadable, optional, too_large
from proptag.ingest.text import find_encoding
from proptag.ingest.unpack import opened, read_bytes

META = ("title", "date", "author", "outlet", "url", "language")
"""Columns that are kept beside the text, where there are any of these names."""
_SAMPLE = 1_000_000  # bytes that the encoding of a file is told from
_BATCH = 16  # rows of a Parquet file that are held at a time

Row = tuple[int, Raw | Unreadable]
"""The number of a row, from 1, and what it gave."""


def rows(path: Path, suffix: str, packing: str, config: IngestConfig) -> Iterator[Row]:
    """Read the rows of a table lazily; ``Unreadable`` is raised for what spoils the file, and given for what spoils a row."""
    if suffix == ".parquet":
        yield from _parquet(path, packing, config)
        return
    with opened(path, packing) as stream:
        encoding = find_encoding(stream.read(_SAMPLE), whole=False)
    with opened(path, packing) as stream:
        # a wrong byte later on spoils its own row only
        encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        lines = io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="\n" if suffix == ".jsonl" else "")
        yield from _json_lines(lines, config) if suffix == ".jsonl" else _csv(lines, config)


def _json_lines(stream: TextIO, config: IngestConfig) -> Iterator[Row]:
    lines = _Lines(stream, config.max_bytes)
    for number in count(1):
        lines.begin()
        try:
            line = next(lines)
            if line.strip():
                yield number, _checked(json.loads(line), config)
        except StopIteration:
            return
        except Unreadable as problem:
            yield number, problem
        except (ValueError, RecursionError) as error:
            yield number, Unreadable("broken", f"not JSON ({str(error).partition(': line')[0]})")


def _csv(stream: TextIO, config: IngestConfig) -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), config.max_bytes))  # of the whole process; the lines have their own limit
    lines = _Lines(stream, config.max_bytes)
    head = next(lines, "")
    for delimiter in ",;\t|":
        names = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
        if config.text_column in names:
            break
    else:
        raise _no_column(config, next(csv.reader([head]), []))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        lines.begin()
        try:
            values = next(reader)
        except StopIteration:
            return
        except (csv.Error, Unreadable) as error:
            number += 1
            yield number, error if isinstance(error, Unreadable) else Unreadable("broken", f"not CSV ({error})")
            continue
        if not values:
            continue
        number += 1
        if len(values) == len(names):
            yield number, _checked(dict(zip(names, values, strict=True)), config)
        else:
            yield number, Unreadable("broken", f"{len(values)} fields, but the head has {len(names)}: is a quotation mark missing?")


def _parquet(path: Path, packing: str, config: IngestConfig) -> Iterator[Row]:
    parquet = optional("pyarrow.parquet")
    origin: Any = io.BytesIO(read_bytes(path, packing, config.max_bytes)) if packing else path
    names = parquet.read_schema(origin).names
    if config.text_column not in names:
        raise _no_column(config, names)
    # As a dictionary, a text that is stored once and repeated in every row is held once.
    with parquet.ParquetFile(origin, read_dictionary=[config.text_column], page_checksum_verification=True) as file:
        wanted = [name for name in dict.fromkeys((config.text_column, config.id_column, *META)) if name in names]
        number = 0
        for batch in file.iter_batches(_BATCH, columns=wanted, use_threads=False):
            for i in range(len(batch)):
                number += 1
                try:
                    row = _checked({name: batch.column(name)[i].as_py() for name in wanted}, config)
                except (ValueError, OverflowError) as error:
                    yield number, Unreadable("broken", f"a value cannot be read ({error})")
                else:
                    yield number, row


def _checked(row: Any, config: IngestConfig) -> Raw | Unreadable:  # noqa: ANN401
    """Make a row an article's text and metadata."""
    if not isinstance(row, Mapping):
        return Unreadable("broken", f"not an object with the key {config.text_column!r}")
    text = row.get(config.text_column)
    if text is None:
        return Unreadable("empty", f"nothing under {config.text_column!r} (ingest.text_column)")
    if not isinstance(text, str):
        return Unreadable("broken", f"what is under {config.text_column!r} is no text (ingest.text_column)")
    if len(text) > config.max_bytes:
        return too_large(config.max_bytes)
    meta = {name: row.get(name) for name in META}
    return Raw(text, str(meta.pop("title") or ""), meta | {"id": row.get(config.id_column)})


def _no_column(config: IngestConfig, names: list[str]) -> Unreadable:
    there = ", ".join(names[:10])[:200] or "none"
    return Unreadable("broken", f"no column {config.text_column!r} (ingest.text_column); the columns are {there}")


class _Lines:
    """The lines of a file, as long as those since ``begin`` are no longer than the limit together."""

    def __init__(self, stream: TextIO, limit: int) -> None:
        self.stream, self.limit, self.left = stream, limit, limit

    def begin(self) -> None:
        """Begin a new record."""
        self.left = self.limit

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        """Return the next line; one that is too long is skipped to its end and raises ``Unreadable``."""
        line = self.stream.readline(self.left + 1)
        if len(line) <= self.left:
            if not line:
                raise StopIteration
            self.left -= len(line)
            return line
        while line and not line.endswith("\n"):
            line = self.stream.readline(1_000_000)
        raise too_large(self.limit)
