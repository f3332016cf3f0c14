"""The end of a run: rows of duplicates are copied, those of files that changed or are gone are taken out.

Afterwards the rows are those of a run on an empty output folder. Every step can be killed and done again.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from proptag.score.index import Index
from proptag.score.tables import Part, Row, copied_tables, parts

_MOST_SENTENCES = 50_000  # in a part of copies
_FIRST = """
CREATE TABLE firsts (sha256 BLOB PRIMARY KEY, id TEXT, place INT) WITHOUT ROWID;
INSERT INTO firsts SELECT sha256, id, min(place * 4294967296 + position) FROM (
    SELECT a.sha256, a.id, c.place, a.position FROM articles a JOIN current c USING (source, version)
    UNION ALL SELECT sha256, id, place, position FROM pending
) GROUP BY sha256;
"""
_COPIES = """
SELECT a.part, a.id, p.row, f.id FROM pending p JOIN firsts f USING (sha256)
JOIN (SELECT sha256, id, min(part) AS part FROM articles WHERE sha256 IN (SELECT sha256 FROM pending) GROUP BY sha256) a USING (sha256)
WHERE NOT EXISTS (SELECT 1 FROM articles x WHERE (x.id, x.version) = (p.id, p.version))
ORDER BY a.part, p.place, p.position
"""
_MISNAMED = """
SELECT a.part, a.id, nullif(f.id, a.id) FROM articles a JOIN current c USING (source, version) JOIN firsts f USING (sha256)
WHERE a.duplicate_of IS NOT nullif(f.id, a.id)
"""
_STALE = """
SELECT DISTINCT part FROM (SELECT source, version, part FROM articles UNION SELECT source, version, part FROM problems
                           UNION SELECT source, version, part FROM files)
LEFT JOIN current c USING (source, version) WHERE c.place IS NULL
"""


def finish(index: Index, output: Path, part_size: int) -> int:
    """Copy the pending duplicates of ``index``, and take out what is not of the current version of a file.

    Returns how many files are gone since an earlier run.
    """
    found = {part.name: part for part in parts(output)}
    index.load(found.values())
    index.database.executescript(_FIRST)
    _copy(index, found, output, part_size)
    renamed: dict[str, dict[str, str | None]] = defaultdict(dict)
    for part, article, first in index.rows(_MISNAMED):
        renamed[part][article] = first
    for name in sorted({*renamed, *(part for (part,) in index.rows(_STALE))}):
        _rewrite(found[name], index, renamed[name])
    return index.gone()


def _copy(index: Index, found: dict[str, Part], output: Path, part_size: int) -> None:
    number = max((part.number for part in found.values()), default=-1) + 1
    waiting: dict[str, list[pa.Table]] = defaultdict(list)
    sentences = 0
    for tables in _copies(index, found):
        for table, rows in tables.items():
            waiting[table].append(rows)
        sentences += len(tables["sentences"])
        if len(waiting["articles"]) >= part_size or sentences >= _MOST_SENTENCES:
            _write(Part(output, number), waiting)
            number, sentences = number + 1, 0
            waiting.clear()
    if waiting:
        _write(Part(output, number), waiting)


def _write(part: Part, waiting: dict[str, list[pa.Table]]) -> None:
    part.write({table: pa.concat_tables(tables) for table, tables in waiting.items()})


def _copies(index: Index, found: dict[str, Part]) -> Iterator[dict[str, pa.Table]]:
    """Yield the tables of each copy; the parts with the originals are read one at a time."""
    for name, rows in groupby(index.rows(_COPIES), key=itemgetter(0)):
        yield from copied_tables(found[name], ((original, _copied(json.loads(row), first)) for _, original, row, first in rows))


def _copied(row: Row, first: str) -> Row:
    return {**row, "duplicate_of": first if first != row["id"] else None}


def _rewrite(part: Part, index: Index, renamed: dict[str, str | None]) -> None:
    """Write a part anew without the rows of old versions of files, and with the right originals of duplicates."""
    versions = dict[str, str | None]()

    def is_current(source: str, version: str) -> bool:
        if source not in versions:
            versions[source] = next((v for (v,) in index.rows("SELECT version FROM current WHERE source = ?", source)), None)
        return versions[source] == version

    tables = {}
    for table, version in (("articles", "file_sha256"), ("errors", "file_sha256"), ("files", "sha256")):
        rows = part.read(table)
        keep = [is_current(*pair) for pair in zip(rows["source"].to_pylist(), rows[version].to_pylist(), strict=True)]
        tables[table] = rows.filter(pa.array(keep, pa.bool_()))
    _replace(part, tables, renamed)


def _replace(part: Part, tables: dict[str, pa.Table], renamed: dict[str, str | None]) -> None:
    heads = tables["articles"]
    ids = heads["article_id"].to_pylist()
    originals = [renamed.get(i, old) for i, old in zip(ids, heads["duplicate_of"].to_pylist(), strict=True)]
    place = heads.schema.get_field_index("duplicate_of")
    tables["articles"] = heads.set_column(place, heads.schema.field(place), pa.array(originals, pa.string()))
    for table in ("sentences", "spans"):
        rows = part.read(table)
        tables[table] = rows.filter(pc.is_in(rows["article_id"], pa.array(ids, pa.string())))
    if any(len(rows) for rows in tables.values()):
        replace(part, generation=part.generation + 1).write(tables)
    part.delete()


def forget_failures(found: list[Part]) -> None:
    """Take out all errors and that their files were read, so that they are read again; articles that were scored stay."""
    for part in found:
        files = part.read("files")
        failed = pc.greater(files["problems"], 0)
        if len(part.read("errors")) or pc.any(failed).as_py():
            tables = {"articles": part.read("articles"), "files": files.filter(pc.invert(failed))}
            _replace(part, tables, {})
