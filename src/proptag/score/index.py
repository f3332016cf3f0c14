"""What the parts of an output folder hold, in a temporary SQLite database on disk: memory stays the same for any number of articles.

The parts are the truth; this is made of them anew at every start and vanishes with the process.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from proptag.score.tables import Part

Row = dict[str, Any]

_SCHEMA = """
CREATE TABLE articles (id TEXT, source TEXT, version TEXT, position INT, sha256 BLOB, duplicate_of TEXT, part TEXT,
                       PRIMARY KEY (id, version)) WITHOUT ROWID;
CREATE INDEX by_text ON articles (sha256);
CREATE TABLE texts (sha256 BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE problems (key BLOB PRIMARY KEY, source TEXT, version TEXT, part TEXT) WITHOUT ROWID;
CREATE TABLE files (source TEXT, version TEXT, articles INT, problems INT, part TEXT, PRIMARY KEY (source, version)) WITHOUT ROWID;
CREATE TABLE complete (source TEXT, version TEXT, PRIMARY KEY (source, version)) WITHOUT ROWID;
CREATE TABLE pending (id TEXT, version TEXT, sha256 BLOB, place INT, position INT, row TEXT, PRIMARY KEY (id, version)) WITHOUT ROWID;
CREATE TABLE current (source TEXT PRIMARY KEY, version TEXT, place INT) WITHOUT ROWID;
"""
_COMPLETE = """
INSERT INTO complete
SELECT f.source, f.version FROM files f
LEFT JOIN (SELECT source, version, count(*) n FROM articles GROUP BY 1, 2) a ON (a.source, a.version) = (f.source, f.version)
LEFT JOIN (SELECT source, version, count(*) n FROM problems GROUP BY 1, 2) p ON (p.source, p.version) = (f.source, f.version)
WHERE coalesce(a.n, 0) = f.articles AND coalesce(p.n, 0) = f.problems
"""


def problem_key(row: Row) -> bytes:
    """Return what tells one row of ``errors/`` from another."""
    text = "\0".join((row["article_id"], row["source"], row["file_sha256"], row["kind"], row["reason"]))
    return hashlib.sha256(text.encode()).digest()[:16]


class Index:
    """The database; use it in one thread."""

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        """Read the parts."""
        self.database = sqlite3.connect("")  # a temporary file that is gone even after a kill
        self.database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;" + _SCHEMA)
        self.load(parts)

    def load(self, parts: Iterable[Part]) -> None:
        """Read parts."""
        parts = list(parts)
        for part in parts:
            self._add(part)
        self.load_files(parts)
        self.database.execute("INSERT OR IGNORE INTO texts SELECT sha256 FROM articles")
        self.database.execute(_COMPLETE)

    def _add(self, part: Part) -> None:
        name = part.name
        self._many("articles", 7, (
            (r["article_id"], r["source"], r["file_sha256"], r["position"], bytes.fromhex(r["sha256"])[:16], r["duplicate_of"], name)
            for r in part.read("articles", ["article_id", "source", "file_sha256", "position", "sha256", "duplicate_of"]).to_pylist()
        ))  # fmt: skip
        self._many("problems", 4, ((problem_key(r), r["source"], r["file_sha256"], name) for r in part.read("errors").to_pylist()))

    def load_files(self, parts: Iterable[Part]) -> None:
        """Read of parts only which files were read to their end."""
        for part in parts:
            self._many("files", 5, (
                (r["source"], r["sha256"], r["articles"], r["problems"], part.name) for r in part.read("files").to_pylist()
            ))  # fmt: skip

    def _many(self, table: str, width: int, rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join("?" * width)
        self.database.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)  # noqa: S608  (names of our own)

    def complete_versions(self, source: str) -> tuple[str, ...]:
        """Return the versions of a file, as SHA-256, all of whose articles are in the parts."""
        found = self.database.execute("SELECT version FROM complete WHERE source = ?", (source,))
        return tuple(version for (version,) in found)

    def knows(self, source: str) -> bool:
        """Whether any version of a file was scored."""
        return self.database.execute("SELECT 1 FROM files WHERE source = ? LIMIT 1", (source,)).fetchone() is not None

    def has_article(self, article_id: str, version: str) -> bool:
        """Whether an article of a version of its file is in the parts."""
        query = "SELECT 1 FROM articles WHERE (id, version) = (?, ?)"
        return self.database.execute(query, (article_id, version)).fetchone() is not None

    def has_file(self, source: str, version: str) -> bool:
        """Whether it is in the parts that a version of a file was read to its end."""
        query = "SELECT 1 FROM files WHERE (source, version) = (?, ?)"
        return self.database.execute(query, (source, version)).fetchone() is not None

    def has_failed(self, source: str, version: str) -> bool:
        """Whether a version of a file, or a row of it, could not be read."""
        query = "SELECT 1 FROM files WHERE (source, version) = (?, ?) AND problems > 0"
        return self.database.execute(query, (source, version)).fetchone() is not None

    def has_problem(self, key: bytes) -> bool:
        """Whether a problem is in the parts."""
        return self.database.execute("SELECT 1 FROM problems WHERE key = ?", (key,)).fetchone() is not None

    def add_text(self, sha256: str) -> bool:
        """Take note of a text; tell whether it is new."""
        done = self.database.execute("INSERT OR IGNORE INTO texts VALUES (?)", (bytes.fromhex(sha256)[:16],))
        return done.rowcount == 1

    def add_current(self, rows: Iterable[tuple[str, str, int]]) -> None:
        """Take note of the present version of files and their place in the order of reading."""
        self._many("current", 3, rows)

    def add_pending(self, rows: Iterable[Row]) -> None:
        """Take note of articles whose text is scored under another name."""
        self._many("pending", 6, (
            (r["id"], r["file_sha256"], bytes.fromhex(r["sha256"])[:16], r["order"], r["position"], json.dumps(r)) for r in rows
        ))  # fmt: skip

    def known(self) -> int:
        """Return how many files the parts tell of."""
        return int(next(self.rows("SELECT count(DISTINCT source) FROM files"))[0])

    def gone(self) -> int:
        """Return how many of them are not current, in any version."""
        return int(next(self.rows("SELECT count(DISTINCT source) FROM files WHERE source NOT IN (SELECT source FROM current)"))[0])

    def rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
        """Ask the database."""
        return iter(self.database.execute(query, values))
