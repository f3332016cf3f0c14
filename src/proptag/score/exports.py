"""The tables as JSON lines and as CSV, for tools that read no Parquet."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from proptag.errors import SettingsError
from proptag.manifest import whole_file
from proptag.score.tables import TABLES, Row, read_each, schemas

FORMATS = ("parquet", "jsonl", "csv")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is a formula to spreadsheets, and the texts are anybody's
_ROWS = 1000  # turned into Python values at once


def check(formats: str) -> tuple[str, ...]:
    """Split the setting ``formats``; ``SettingsError`` for one that there is not."""
    names = tuple(name.strip() for name in formats.split(",") if name.strip())
    if wrong := [name for name in names if name not in FORMATS]:
        raise SettingsError([f"formats: there is no {', '.join(map(repr, wrong))}; choose among {', '.join(FORMATS)}"])
    return names


def write(output: Path, formats: str) -> None:
    """Write the wanted formats anew, each as a folder with one file a table; Parquet is there already."""
    wanted = check(formats)
    for name, writer in _WRITERS.items():
        if name not in wanted:
            _remove(output / name, name)  # it would tell of an earlier state
            continue
        for table in TABLES:
            with whole_file(output / name / f"{table}.{name}") as path, path.open("w", encoding="utf-8", newline="") as file:
                writer(file, table, _rows(output, table))


def _remove(folder: Path, name: str) -> None:
    """Delete our own files, and the folder unless somebody keeps others there."""
    for table in TABLES:
        (folder / f"{table}.{name}").unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _rows(output: Path, table: str) -> Iterator[Row]:
    for part in read_each(output, table):
        for batch in part.to_batches(max_chunksize=_ROWS):
            yield from batch.to_pylist()


def _write_jsonl(file: TextIO, table: str, rows: Iterable[Row]) -> None:  # noqa: ARG001
    file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_csv(file: TextIO, table: str, rows: Iterable[Row]) -> None:
    """Write lists joined by ``|``, and a column for each field of the probabilities."""
    fields = {field.name: [inner.name for inner in field.type] if field.name == "probabilities" else None for field in schemas()[table]}
    writer = csv.writer(file)
    writer.writerow([title for name, inner in fields.items() for title in ([f"{name}.{i}" for i in inner] if inner else [name])])
    for row in rows:
        writer.writerow([cell for name, inner in fields.items() for cell in _cells(row[name], inner)])


def _cells(value: Any, inner: Sequence[str] | None) -> list[Any]:  # noqa: ANN401
    if inner:
        return [value[name] for name in inner]
    if isinstance(value, str):
        return [f"'{value}" if value.startswith(_FORMULA) else value]
    return ["|".join(value) if isinstance(value, list) else value]


_WRITERS: dict[str, Callable[[TextIO, str, Iterable[Row]], None]] = {"jsonl": _write_jsonl, "csv": _write_csv}
