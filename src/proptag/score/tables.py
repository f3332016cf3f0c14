"""The tables of an output folder and the parts that they come in.

A part is one file of the same name in each table. Its file in ``articles/`` is written last: what stands there is whole. A part that
must change is written anew with a higher generation in its name, and the old one deleted afterwards.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from proptag import taxonomy
from proptag.errors import UserError
from proptag.manifest import whole_file
from proptag.records import TaggedArticle

TABLES = ("sentences", "spans", "errors", "files", "articles")
"""In the order in which a part is written."""
SCHEMA_VERSION = 1
"""Of the tables; it changes with their columns or what these mean, and parts of two versions are not mixed."""
_NAME = re.compile(r"part-(?P<number>\d{6,})(?:\.(?P<generation>\d+))?\.parquet")
_LEFTOVER = re.compile(r"part-\d+.*|none\.parquet")
_TEMPORARY = re.compile(r"\..+\.\d+\.tmp")
"""As ``whole_file`` names them."""

Row = dict[str, Any]


@cache
def schemas() -> dict[str, pa.Schema]:
    """Return the columns of each table; ``docs/output.md`` describes them."""
    text, number, real = pa.string(), pa.int32(), pa.float32()
    probabilities = pa.struct([pa.field(name, real) for name in taxonomy.load().names])
    return {
        "articles": pa.schema(
            {"article_id": text, "source": text, "position": number, "sha256": text, "file_sha256": text, "duplicate_of": text,
             "own_id": text, "title": text, "date": text, "author": text, "outlet": text, "url": text, "language": text,
             "sentences": number, "marked": number, "density": real, "spans": number, "truncated": number}
        ),
        "sentences": pa.schema(
            {"article_id": text, "index": number, "line": number, "start": number, "end": number, "text": text, "propaganda": real,
             "techniques": pa.list_(text), "probabilities": probabilities, "voice": text, "speaker": text, "truncated": pa.bool_()}
        ),
        "spans": pa.schema(
            {"article_id": text, "sentence": number, "start": number, "end": number, "text": text, "technique": text,
             "probability": real, "voice": text, "speaker": text}
        ),
        "errors": pa.schema({"article_id": text, "source": text, "file_sha256": text, "kind": text, "reason": text}),
        "files": pa.schema({"source": text, "sha256": text, "bytes": pa.int64(), "articles": number, "problems": number}),
    }  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """The files of one part."""

    output: Path
    number: int
    generation: int = 0

    @property
    def name(self) -> str:
        """The name that its file has in each table."""
        return f"part-{self.number:06}{f'.{self.generation}' if self.generation else ''}.parquet"

    def path(self, table: str) -> Path:
        """Where its rows of a table are; without errors there is no such file in ``errors/``."""
        return self.output / table / self.name

    def read(self, table: str, columns: list[str] | None = None) -> pa.Table:
        """Read its rows of a table; ``UserError`` if the file is damaged."""
        path = self.path(table)
        if not path.exists():
            return schemas()[table].empty_table().select(columns or schemas()[table].names)
        try:
            return pq.read_table(path, columns=columns, schema=schemas()[table])
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # it comes from the system
                raise
            said = str(error).partition("\n")[0][:200]
            raise UserError(
                f"{path}: damaged ({said}); delete {self.output}/articles/{self.name}, and the same command scores its articles anew"
            ) from error

    def write(self, tables: Mapping[str, pa.Table]) -> None:
        """Write it; it counts from the moment when the last file is in its place."""
        for table in TABLES:
            rows = tables.get(table, schemas()[table].empty_table())
            if len(rows) or table != "errors":
                with whole_file(self.path(table)) as path:
                    _write(rows, path)

    def delete(self) -> None:
        """Delete it, the file that makes it count first."""
        for table in reversed(TABLES):
            self.path(table).unlink(missing_ok=True)


def parts(output: Path) -> list[Part]:
    """Return the whole parts in order."""
    names = (_NAME.fullmatch(p.name) for p in (output / "articles").glob("part-*.parquet"))
    return sorted(Part(output, int(m["number"]), int(m["generation"] or 0)) for m in names if m)


def clean(output: Path) -> list[Part]:
    """Delete what a killed run left unfinished; return the parts that count."""
    latest = {part.number: part for part in parts(output)}  # the highest generation comes last
    whole = {part.name for part in latest.values()}
    for table in reversed(TABLES):
        for path in (output / table).glob("*"):
            if path.name not in whole and _LEFTOVER.fullmatch(path.name):
                path.unlink()
    for folder in (output, *(output / name for name in (*TABLES, "jsonl", "csv", "pages"))):
        for path in folder.glob(".*.tmp"):
            if _TEMPORARY.fullmatch(path.name):
                path.unlink()
    return list(latest.values())


def leave_none_empty(output: Path) -> None:
    """Give a table without any part a file without rows, so that every reader finds its columns."""
    for table in TABLES:
        empty = output / table / "none.parquet"
        if any((output / table).glob("part-*.parquet")):
            empty.unlink(missing_ok=True)
        else:
            with whole_file(empty) as path:
                _write(schemas()[table].empty_table(), path)


def _write(rows: pa.Table, path: Path) -> None:
    """Write a file without row groups where there are no rows: an empty row group stops the datasets library."""
    with pq.ParquetWriter(path, rows.schema, compression="zstd") as writer:
        if len(rows):
            writer.write_table(rows)


def table_of(name: str, rows: Sequence[Row]) -> pa.Table:
    """Make a table of rows; what a row lacks is null, what it has beyond the columns is left out."""
    return pa.Table.from_pylist(list(rows), schema=schemas()[name])


def scored_tables(tagged: Sequence[TaggedArticle], articles: Sequence[Row]) -> dict[str, pa.Table]:
    """Make the tables of tagged articles; ``articles`` are what was known of each before, with ``text``."""
    sentences, spans, heads = [], [], []
    probabilities: list[list[float]] = []
    for result, article in zip(tagged, articles, strict=True):
        text = article["text"]
        heads.append(_head(result, article))
        line, counted = 1, 0
        for s in result.sentences:
            where = s.sentence
            line += text.count("\n", counted, where.start)
            counted = where.start
            sentences.append(
                {"article_id": result.id, "index": where.index, "line": line, "start": where.start, "end": where.end, "text": where.text,
                 "propaganda": s.propaganda, "techniques": s.techniques, "voice": s.voice, "speaker": s.speaker,
                 "truncated": s.truncated}
            )  # fmt: skip
            probabilities.append(list(s.probabilities.values()))
            spans += [
                {"article_id": result.id, "sentence": where.index, "start": p.start, "end": p.end, "text": text[p.start : p.end],
                 "technique": p.technique, "probability": p.probability, "voice": p.voice, "speaker": p.speaker}
                for p in s.spans
            ]  # fmt: skip
    return {
        "articles": table_of("articles", heads),
        "sentences": _with_probabilities(sentences, probabilities),
        "spans": table_of("spans", spans),
    }


def _head(result: TaggedArticle, article: Row) -> Row:
    counts = {
        "sentences": len(result.sentences),
        "marked": sum(bool(s.techniques) for s in result.sentences),
        "density": result.density,
        "spans": sum(len(s.spans) for s in result.sentences),
        "truncated": sum(s.truncated for s in result.sentences),
    }
    return {**article, "article_id": result.id, **counts}


def _with_probabilities(sentences: Sequence[Row], probabilities: Sequence[Sequence[float]]) -> pa.Table:
    """Fill the column of structs by its own columns; row by row it would take as long as a fast network."""
    schema = schemas()["sentences"]
    place = schema.get_field_index("probabilities")
    kind = schema.field(place).type
    columns = list(zip(*probabilities, strict=True)) or [()] * kind.num_fields
    structs = pa.StructArray.from_arrays([pa.array(column, kind.field(i).type) for i, column in enumerate(columns)], fields=list(kind))
    rest = pa.Table.from_pylist(list(sentences), schema=schema.remove(place))
    return rest.add_column(place, schema.field(place), structs)


def copied_tables(part: Part, copies: Iterable[tuple[str, Row]]) -> Iterator[dict[str, pa.Table]]:
    """Yield the tables of each article whose text is scored; ``copies`` are the id of the scored article in ``part`` and what is new."""
    heads = {row["article_id"]: row for row in part.read("articles").to_pylist()}
    whole = {table: part.read(table).combine_chunks() for table in ("sentences", "spans")}
    places = {table: _places(rows["article_id"].to_pylist()) for table, rows in whole.items()}
    for original, row in copies:
        known = dict.fromkeys(("own_id", "title", "date", "author", "outlet", "url", "language"))
        made = {"articles": table_of("articles", [{**heads[original], **known, **row, "article_id": row["id"]}])}
        for table, rows in whole.items():
            mine = rows.slice(*places[table].get(original, (0, 0)))
            made[table] = mine.set_column(0, rows.schema.field(0), pa.array([row["id"]] * len(mine), pa.string()))
        yield made


def _places(ids: list[str]) -> dict[str, tuple[int, int]]:
    """Return the place of the first row of each article and their number; the rows of an article stand together."""
    places, start = {}, 0
    for name, group in groupby(ids):
        places[name] = (start, number := sum(1 for _ in group))
        start += number
    return places


def read_each(output: Path, table: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Read a table part by part."""
    for part in parts(output):
        yield part.read(table, columns)
