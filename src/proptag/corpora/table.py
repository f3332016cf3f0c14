"""Users' own labelled sentences as CSV or Parquet: a row each, with the columns ``text`` and ``techniques``."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proptag.corpora.faults import Faults
from proptag.corpora.rows import read_text
from proptag.corpora.users import check_known, data_files, split_names, technique_name, unique
from proptag.errors import UserError
from proptag.records import Article, Span

_Located = tuple[str, Mapping[str, Any]]


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield an article of every ``article_id`` with its sentences in the order of the rows, a line each; or of every row without an id.

    The techniques of a sentence become spans over it without an exact place. Raises ``UserError`` if nothing is there or a column is
    missing.
    """
    yield from unique(_articles(path, faults), faults)


def _articles(path: Path, faults: Faults) -> Iterator[tuple[str, Article | None]]:
    for file in data_files(path, ".csv", ".parquet"):
        groups: dict[str, list[_Located]] = {}
        for number, (where, row) in enumerate(_parquet(file) if file.suffix.lower() == ".parquet" else _csv(file, faults), 1):
            name = str(row["article_id"]) if row.get("article_id") not in (None, "") else f"{file.stem}-{number}"
            groups.setdefault(name, []).append((where, row))
        for name, rows in groups.items():
            yield rows[0][0], _article(name, rows, faults)


def _article(name: str, rows: list[_Located], faults: Faults) -> Article | None:
    text, spans, known = "", list[Span](), list[tuple[str, ...] | None]()
    for where, row in rows:
        before = len(faults.messages)
        sentence = " ".join(str(row["text"] or "").split())
        if not sentence:
            faults.skip(where, "needs a text")
        names = {str(technique_name(label, where, faults)) for label in split_names(row["techniques"])}
        looked_for = tuple(str(technique_name(label, where, faults)) for label in split_names(row.get("known"))) or None
        if looked_for:
            check_known(names, looked_for, where, faults)
        if known and looked_for != known[0]:
            faults.skip(where, f"the known techniques differ from those of the first row of the article {name!r}")
        if len(faults.messages) > before:
            continue
        if sentence != str(row["text"]).strip():
            faults.repair("sentence of a table with line ends or repeated spaces, which became one space")
        spans += [Span(len(text), len(text) + len(sentence), label, exact=False) for label in sorted(names)]
        text += sentence + "\n"
        known.append(looked_for)
    meta = {"known": known[0]} if known and known[0] else {}
    return Article(name, text, "", tuple(spans), "table", meta) if text else None


def _csv(file: Path, faults: Faults) -> Iterator[_Located]:
    # Spreadsheets put U+FEFF before the first column's name.
    reader = csv.DictReader(io.StringIO(read_text(file, faults).removeprefix("\ufeff"), newline=""), strict=True)
    try:
        _check_columns(reader.fieldnames or (), file)
        for row in reader:
            where = f"{file}:{reader.line_num}"
            if None in row or None in row.values():
                faults.skip(where, f"needs {len(reader.fieldnames or ())} columns")
            else:
                yield where, row
    except csv.Error as error:
        raise UserError(f"{file}:{reader.reader.line_num}: not CSV ({error})") from None


def _parquet(file: Path) -> Iterator[_Located]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file}: not Parquet ({error})") from None
    _check_columns(table.column_names, file)
    for number, row in enumerate(table.to_pylist(), 1):
        yield f"{file}: row {number}", row


def _check_columns(columns: Any, file: Path) -> None:  # noqa: ANN401
    if missing := {"text", "techniques"} - set(columns):
        raise UserError(f"{file}: lacks the column {', '.join(sorted(missing))}; it has {', '.join(columns) or 'none'}")
