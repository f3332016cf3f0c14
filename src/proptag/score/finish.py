"""The end of a run: rows of duplicates are copied, those of files that changed or are gone are taken out.

Afterwards the rows are those of a run on an empty output folder. Every step can be killed and done again.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from proptag.score.index import Index
from proptag.score.tables import Part, Row, copied_tables, parts

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
    made: dict[str, list[pa.Table]] = defaultdict(list)
    waiting = 0
    for part, copies in _copies(index, part_size):
        for table, rows in copied_tables(found[part], copies).items():
            made[table].append(rows)
        waiting += len(copies)
        if waiting >= part_size:
            Part(output, number).write({table: pa.concat_tables(tables) for table, tables in made.items()})
            number, waiting = number + 1, 0
            made.clear()
    if waiting:
        Part(output, number).write({table: pa.concat_tables(tables) for table, tables in made.items()})


def _copies(index: Index, most: int) -> Iterator[tuple[str, list[tuple[str, Row]]]]:
    """Group the copies to be made by the part that holds the original, at most so many at a time."""
    group: list[tuple[str, Row]] = []
    last = ""
    for part, original, row, first in index.rows(_COPIES):
        if group and (part != last or len(group) >= most):
            yield last, group
            group = []
        content = json.loads(row)
        group.append((original, {**content, "duplicate_of": first if first != content["id"] else None}))
        last = part
    if group:
        yield last, group


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
