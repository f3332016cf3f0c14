"""What the readers share: text files, tab-separated rows, and rows to spans. All faults name the file and the line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeGuard
from unicodedata import normalize

from proptag.corpora.faults import Faults
from proptag.errors import UserError
from proptag.records import Span

NOT_JSON = (ValueError, RecursionError)
"""What ``json.loads`` raises: for bad syntax, for numbers of thousands of digits, for thousands of brackets."""
LONGEST = 18
"""Digits of the longest number that is read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a tab-separated file."""

    where: str
    """``file:line`` for messages."""
    fields: tuple[str, ...]


def read_text(path: Path, faults: Faults) -> str:
    """Read a UTF-8 file with newlines as line ends; U+FEFF stays, since the corpora's offsets count it.

    CRLF line ends are counted as a repair: the published offsets count a line end as one character. Raises ``UserError`` for a file that
    is missing or not UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from None
    if "\r" in text:
        faults.repair("file with CRLF line ends, read as LF")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def read_rows(path: Path, columns: str, faults: Faults) -> Iterator[Row]:
    """Yield the rows of a tab-separated file without header; ``columns`` names what every row holds, for counting and messages.

    Blank lines are counted as a repair; a row with another number of columns is a fault.
    """
    lines = read_text(path, faults).split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            # The end of the last line is no line of its own.
            if number < len(lines):
                faults.repair("blank line in a label file")
            continue
        row = Row(f"{path}:{number}", tuple(line.split("\t")))
        if len(row.fields) == len(columns.split(", ")):
            yield row
        else:
            faults.articles.add(line.split()[0])
            faults.skip(row.where, f"needs {columns}, separated by tabs, but has {len(row.fields)} columns")


def read_json(path: Path, faults: Faults) -> Any:  # noqa: ANN401  (whatever JSON holds)
    """Read a JSON file, without the U+FEFF that editors put first; ``UserError`` names the line at which it is not JSON."""
    text = read_text(path, faults).removeprefix("\ufeff")
    try:
        return json.loads(text)
    except NOT_JSON as error:
        raise UserError(f"{path}:{getattr(error, 'lineno', 1)}: not JSON ({getattr(error, 'msg', error)})") from None


def read_json_lines(path: Path, faults: Faults) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``file:line`` and the object of every line of a JSON Lines file; a line that holds no object is a fault.

    The U+FEFF that editors put first is taken off.
    """
    lines = read_text(path, faults).removeprefix("\ufeff").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            if number < len(lines):
                faults.repair("blank line in a JSON Lines file")
            continue
        where = f"{path}:{number}"
        try:
            value = json.loads(line)
        except NOT_JSON as error:
            faults.skip(where, f"not JSON ({getattr(error, 'msg', error)})")
            continue
        if isinstance(value, dict):
            yield where, value
        else:
            faults.skip(where, "needs an object, {…}")


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether a value is a text with something visible in it; JSON can hold halves of surrogate pairs, which are no characters."""
    return isinstance(value, str) and bool(value.strip()) and not any("\ud800" <= character <= "\udfff" for character in value)


def number(value: object, where: str, faults: Faults) -> int | None:
    """Return a whole number from 0 that is written in digits or given as such; anything else is a fault."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value.strip()) <= LONGEST:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    faults.skip(where, f"{repr(value)[:60]} is not a whole number from 0")
    return None


def technique(label: object, names: Mapping[str, str], where: str, faults: Faults) -> str | None:
    """Return the canonical name for a corpus's label, whatever its case and separators; near names are given for an unknown one.

    The published files vary: ``Flag-Waving``, ``Flag-waving`` and ``Flag_Waving``, ``Straw_Men`` and ``Straw_Man``.
    """
    if isinstance(label, str):
        if label in names:
            return names[label]
        for known, name in names.items():
            if _plain(known) == _plain(label):
                faults.repair("technique in another spelling")
                return name
    near = get_close_matches(str(label), names, n=2, cutoff=0.5)
    faults.skip(where, f"unknown technique {label!r}" + (f" (did you mean {' or '.join(near)}?)" if near else ""))
    return None


def make_span(bounds: tuple[object, object], name: str, text: str, where: str, faults: Faults) -> Span | None:
    """Make a span of the given offsets; None, and a fault, if they are no numbers, lie the wrong way round or begin beyond the text.

    A span that ends beyond the text is clipped, which is counted as a repair.
    """
    start, end = number(bounds[0], where, faults), number(bounds[1], where, faults)
    if start is None or end is None:
        return None
    if start >= end:
        faults.skip(where, f"the span {start}:{end} ends before it begins")
        return None
    if start >= len(text):
        faults.skip(where, f"the span {start}:{end} begins beyond the text of {len(text)} characters")
        return None
    if end > len(text):
        faults.repair("span that ended beyond its text, clipped")
    return Span(start, min(end, len(text)), name)


def whole_text(text: str, name: str) -> Span | None:
    """Return a span without an exact place over all of a text but the white space at its ends; None if nothing else is there."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    return Span(start, end, name, exact=False) if start < end else None


def once(spans: Sequence[Span], faults: Faults) -> tuple[Span, ...]:
    """Sort the spans; one that stands twice is taken once and counted."""
    for _ in range(len(spans) - len(set(spans))):
        faults.repair("label that stands twice, taken once")
    return tuple(sorted(set(spans)))


def _plain(label: str) -> str:
    """Reduce a label to what its spellings have in common."""
    letters = "".join(c for c in normalize("NFKD", label.casefold()) if c.isalnum())
    return letters.replace("minimiz", "minimis").replace("strawmen", "strawman").removesuffix("s")
