"""A file to its articles."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from proptag.config import IngestConfig
from proptag.errors import UserError
from proptag.ingest.formats import is_readable
from proptag.ingest.problems import Problem
from proptag.ingest.text import decode, find_title
from proptag.records import Article


def read_all(path: Path, config: IngestConfig, source: str | None = None) -> Iterator[Article | Problem]:  # noqa: ARG001
    """Read the articles of a file, lazily; whatever cannot be read comes as a ``Problem``, never as an exception.

    ``source`` is the name of the file in the results, the path if it is left out.
    """
    source = source or str(path)
    try:
        if not is_readable(path):
            yield Problem(source, "unsupported", f"{path.suffix or 'a name without a suffix'} is no format that is read")
            return
        yield from_text(decode(path.read_bytes(), source), source, source)
    except UserError as error:
        yield Problem(source, "unreadable", str(error).removeprefix(f"{source}: "))
    except OSError as error:
        yield Problem(source, "unreadable", f"cannot be read ({error.strerror})")


def read(path: Path) -> Article:
    """Read the article of a file in one of the formats that hold one article; its id is the file's name without suffixes.

    Raises ``UserError`` if the file is missing, unreadable or holds no text.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    return from_text(decode(data, str(path)), path.stem, str(path))


def read_standard_input() -> Article:
    """Read standard input to its end; ``UserError`` if it is empty or not text."""
    return from_text(decode(sys.stdin.buffer.read(), "standard input"), "standard-input", "standard input")


def from_text(text: str, name: str, source: str) -> Article:
    """Make an article of a text; ``UserError`` if it holds no letter or digit."""
    if not any(map(str.isalnum, text)):
        raise UserError(f"{source}: there is no text in it")
    return Article(name, text, find_title(text), meta={"source": source, "sha256": hashlib.sha256(text.encode()).hexdigest()})
