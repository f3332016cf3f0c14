"""A file to its articles."""

import dataclasses
import datetime
import errno
import hashlib
import re
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate
from pathlib import Path
from typing import Any

from proptag.config import IngestConfig
from proptag.errors import UserError
from proptag.ingest import documents, pdf, tables
from proptag.ingest.formats import SUFFIXES, TABLES, split_suffixes
from proptag.ingest.language import check_language
from proptag.ingest.problems import Problem, Raw, Unreadable, too_large
from proptag.ingest.text import decode, find_title, normalize_lines, repair
from proptag.ingest.unpack import read_bytes
from proptag.records import Article

DOCUMENTS: Mapping[str, Callable[[bytes, int], Raw]] = {
    ".txt": documents.plain,
    ".md": documents.markdown,
    ".html": documents.html,
    ".htm": documents.html,
    ".pdf": pdf.read,
    ".docx": documents.word,
}
"""How the formats with one article are read: bytes and the largest size of what is packed in them."""
_OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE)
"""Errors that say nothing of the file that is read: the disk is full, as libraries that unpack their models find, or too much is open."""
_META = ("date", "author", "outlet", "url", "language", "id")


def read_all(path: Path, config: IngestConfig, source: str | None = None) -> Iterator[Article | Problem]:
    """Read the articles of a file, lazily; whatever cannot be read comes as a ``Problem``, never as an exception.

    Only what is no fault of the file is raised: ``MemoryError``, and ``OSError`` where the disk is full or too many files are open.
    ``source`` is the name of the file in the results, the path if it is left out; it is the id of the article, and with ``#row``
    that of a row of a table.
    """
    return _guarded(path, split_suffixes(path)[0], config, str(path) if source is None else source)


def read(path: Path) -> Article:
    """Read a file that holds one article, in any language; its id is the file's name without suffixes.

    A name without a known suffix is taken for that of a text. Raises ``UserError`` if the file cannot be read or holds no text.
    """
    suffix, packing = split_suffixes(path)
    if suffix in TABLES:
        raise UserError(f"{path}: {suffix} files hold many articles; scripts/score_folder.py reads them")
    suffix = suffix if suffix in SUFFIXES else ".txt"
    result = next(_guarded(path, suffix, IngestConfig(languages="any"), str(path)))
    if isinstance(result, Problem):
        raise UserError(f"{path}: {result.reason}")
    return dataclasses.replace(result, id=(Path(path.stem) if packing else path).stem)


def read_standard_input() -> Article:
    """Read standard input to its end; ``UserError`` if it is too large, empty or not text."""
    limit = IngestConfig().max_bytes
    data = sys.stdin.buffer.read(limit + 1)
    if len(data) > limit:
        raise UserError(f"standard input: {too_large(limit).reason}")
    return from_text(decode(data, "standard input"), "standard-input", "standard input")


def from_text(text: str, name: str, source: str) -> Article:
    """Make an article of a text; ``UserError`` if it holds no letter or digit."""
    try:
        return _article(Raw(text), source, IngestConfig(languages="any"), name)
    except Unreadable as problem:
        raise UserError(f"{source}: {problem.reason}") from problem


def _guarded(path: Path, suffix: str, config: IngestConfig, source: str) -> Iterator[Article | Problem]:
    try:
        yield from _results(path, suffix, config, source)
    except Unreadable as problem:
        yield Problem(source, problem.kind, problem.reason)
    except FileNotFoundError:
        yield Problem(source, "unreadable", "no such file")
    except OSError as error:
        if error.errno in _OF_THE_MACHINE:
            raise
        # without a number it is not from the system but from a parser of pyarrow
        yield Problem(source, "unreadable", f"cannot be read ({error.strerror})") if error.errno else _broken(source, error)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  (parsers of foreign formats raise whatever they like; one file must not end a run)
        yield _broken(source, error)


def _results(path: Path, suffix: str, config: IngestConfig, source: str) -> Iterator[Article | Problem]:
    if suffix not in SUFFIXES:
        raise Unreadable("unsupported", f"{suffix or 'a name without a suffix'} is no format that is read")
    if not stat.S_ISREG(path.stat().st_mode):
        raise Unreadable("unreadable", "not a file")
    if not path.stat().st_size:
        raise Unreadable("empty", "the file is empty")
    packing = split_suffixes(path)[1]
    if suffix not in TABLES:
        yield _article(DOCUMENTS[suffix](read_bytes(path, packing, config.max_bytes), config.max_bytes), source, config)
        return
    number = 0
    for number, row in tables.rows(path, suffix, packing, config):
        try:
            if isinstance(row, Unreadable):
                raise row
            yield _article(row, f"{source}#{number}", config)
        except Unreadable as problem:
            yield Problem(f"{source}#{number}", problem.kind, problem.reason)
    if not number:
        raise Unreadable("empty", "there are no rows in it")


def _article(raw: Raw, source: str, config: IngestConfig, name: str | None = None) -> Article:
    if "\0" in raw.text:
        raise Unreadable("binary", "holds NUL characters")
    text = repair(normalize_lines(raw.text))
    if not any(map(str.isalnum, text)):
        raise Unreadable("empty", "there is no text in it")
    meta = {name: told for name in _META if (told := _metadata(name, raw.meta.get(name)))}
    if language := check_language(text, config):
        meta["language"] = language
    digest = hashlib.sha256(text.encode()).hexdigest()
    title = _metadata("title", raw.title) or find_title(text)
    return Article(source if name is None else name, text, title, meta={"source": source, "sha256": digest, **meta})


def _metadata(name: str, value: Any) -> str:  # noqa: ANN401
    """Return a value of the metadata as a text of one line, a date as ``iso_date`` has it, empty if there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | datetime.date):
        return ""
    told = value.isoformat() if isinstance(value, datetime.date) else str(value)
    told = " ".join(told.replace("\0", " ").encode("utf-8", "replace").decode().split())[:500]
    return iso_date(told) if name == "date" else told


def iso_date(told: str) -> str:
    """Return the day of a date as YYYY-MM-DD, or its month as YYYY-MM if it has no day; empty for what is no date or ambiguous.

    Read are ISO 8601, also without hyphens or with a time, and days whose month is an English word: ``5 March 2024``,
    ``Mar. 5, 2024``, ``Tue, 05 Mar 2024 10:00:00 GMT`` (RFC 5322). The day is that of the date's own time zone.
    """
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", told, re.ASCII):
        return told
    try:
        if iso := re.match(r"(\d{4}-\d\d-\d\d|\d{8})(?!\d)", told, re.ASCII):
            return datetime.date.fromisoformat(iso[0]).isoformat()
        if re.search(r"\b[12]\d{3}\b", told, re.ASCII) and (found := parsedate(f"{told.replace('.', ' ')} 00:00:00")):
            return datetime.date(*found[:3]).isoformat()
    except (ValueError, TypeError, IndexError):  # parsedate raises what it likes
        pass
    return ""


def _broken(source: str, error: Exception) -> Problem:
    said = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
    return Problem(source, "broken", f"damaged, or not of the format that its name says ({said})")
