"""PDF to text: characters with their places, to lines, to paragraphs.

A line break inside a paragraph would cut a sentence, so lines are joined; PDF itself knows no paragraphs.
"""

import ctypes
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from proptag.ingest.problems import Raw, Unreadable, optional
from proptag.ingest.text import find_title

_HYPHENS = "-\u00ad\u2010"
_PDFIUM_HYPHENS = (0x02, 0xFFFE)  # what PDFium makes of a hyphen at the end of a line
_END = re.compile(r"[.!?…:][\"'”’»)\]]*$")
_BULLET = re.compile(r"[•▪◦‣●■*–—-] ")
_PAGE_NUMBER = re.compile(r"\W*(?:page|p\.|seite)?\s*\d{1,4}(?:\s*(?:of|/|von)\s*\d{1,4})?\W*", re.IGNORECASE)
_LETTERS = re.compile(r"\w+(?:[-\u2010]\w+)*")
_EDGE_LINES = 2  # lines at the top and at the bottom of a page that may be a header or footer


@dataclass(slots=True)
class Line:
    """A line of one column; lengths in points, ``y`` of the baseline, upwards."""

    text: str
    left: float
    right: float
    y: float
    size: float
    """Height of the highest character."""


def read(data: bytes, _limit: int) -> Raw:
    """Read a PDF; ``Unreadable`` if it needs a password or holds no text, as a scan does."""
    pdfium = optional("pypdfium2")
    try:
        with pdfium.PdfDocument(data) as document:
            pages = [list(_lines(page.get_textpage(), pdfium.raw)) for page in document]
            known = document.get_metadata_dict()
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("encrypted", "the PDF needs a password") from error
        raise Unreadable("broken", f"damaged, or no PDF ({error})") from error
    text = "\n\n".join(_paragraphs([_in_columns(page) for page in _without_edges(pages)]))
    if not text:
        raise Unreadable("empty", "there is no text in it: a scan, which needs text recognition (OCR) first?")
    stated = known.get("Title", "").strip()
    # what programs write there is often the name of a file
    title = stated if stated in text else find_title(text) or stated
    return Raw(text, title, {"author": known.get("Author")})


def _lines(page: Any, raw: Any) -> Iterator[Line]:  # noqa: ANN401
    """Group the characters of a page to lines: a new one begins at another baseline and after a wide gap."""
    x, y, *box = (ctypes.c_double() for _ in range(6))
    line: Line | None = None
    for i in range(page.count_chars()):
        code = raw.FPDFText_GetUnicode(page, i)
        raw.FPDFText_GetCharOrigin(page, i, x, y)
        raw.FPDFText_GetCharBox(page, i, *box)
        left, right, bottom, top = (value.value for value in box)
        character = "-" if code in _PDFIUM_HYPHENS else chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        if character.isspace():
            if line:
                line.text += " "
            continue
        if not character.isprintable() and character not in _HYPHENS:
            continue
        if line and (abs(y.value - line.y) > line.size / 2 or left - line.right > 1.5 * line.size or left < line.left - line.size):
            yield line
            line = None
        if line:
            line.text += character
            line.right, line.size = max(line.right, right), max(line.size, top - bottom)
        else:
            line = Line(character, left, right, y.value, max(top - bottom, 1.0))
    if line:
        yield line


def _in_columns(page: Sequence[Line]) -> Sequence[Line]:
    """Put lines that were drawn row by row across columns into the order of reading; other pages stay as they are."""
    across = sum(abs(a.y - b.y) < a.size / 2 and b.left > a.right for a, b in pairwise(page))
    if across <= len(page) / 4:
        return page
    starts: list[float] = []
    for line in sorted(page, key=lambda line: line.left):
        if not starts or line.left - starts[-1] > 6 * line.size:
            starts.append(line.left)
    return sorted(page, key=lambda line: (sum(start <= line.left for start in starts), -line.y))


def _without_edges(pages: Sequence[list[Line]]) -> Iterator[list[Line]]:
    """Leave out page numbers, and headers and footers that recur on at least two pages and on every other one."""

    def masked(line: Line) -> tuple[str, int]:
        return re.sub(r"\d+", "0", line.text.strip()), round(line.y / 3)

    def edges(page: list[Line]) -> list[Line]:
        ranked = sorted(page, key=lambda line: line.y)
        count = min(_EDGE_LINES, len(page) // 4)
        return [*ranked[:count], *ranked[len(page) - count :]]

    seen = Counter(key for page in pages for key in {masked(line) for line in edges(page)})
    for page in pages:
        ends = {id(line) for line in edges(page)}
        yield [
            line
            for line in page
            if id(line) not in ends or not (_PAGE_NUMBER.fullmatch(line.text.strip()) or seen[masked(line)] >= max(2, len(pages) / 2))
        ]


def _paragraphs(pages: Iterable[Sequence[Line]]) -> Iterator[str]:
    """Join lines to paragraphs, and words that a hyphen divided at the end of a line."""
    lines = [line for page in pages for line in page if line.text.strip()]
    words = Counter(word.lower() for line in lines for word in _LETTERS.findall(line.text))
    steps = [a.y - b.y for a, b in pairwise(lines) if a.y > b.y]
    step = statistics.median(steps) if steps else 0.0
    text = ""
    for i, line in enumerate(lines):
        if text and _begins_paragraph(lines, i, step):
            yield text
            text = ""
        text = _joined(text, " ".join(line.text.split()), words)
    if text:
        yield text


def _begins_paragraph(lines: Sequence[Line], i: int, step: float) -> bool:
    before, line = lines[i - 1], lines[i]
    if before.text.rstrip()[-1:] in _HYPHENS:
        return False
    if _BULLET.match(line.text) or abs(before.size - line.size) > 0.35 * max(before.size, line.size):
        return True
    down = before.y - line.y
    if down > 0:
        if down > 1.5 * step:
            return True
        column = [other.right for other in lines[max(0, i - 20) : i + 20] if abs(other.left - before.left) < 3 * before.size]
        short = before.right < max(column) - 0.15 * (max(column) - before.left)
    else:  # in the next column or on the next page
        short = False
    indented = line.size / 2 < line.left - before.left < 4 * line.size
    return bool(_END.search(before.text.rstrip())) and (short or indented)


def _joined(text: str, line: str, words: Counter[str]) -> str:
    """Append a line; a hyphen at the end stays where the text has the word with it elsewhere, or where no small letter follows."""
    if not text or text[-1] not in _HYPHENS or text[-2:-1].isspace():
        return f"{text} {line}".strip()
    head, tail = _LETTERS.findall(text[:-1])[-1:], _LETTERS.match(line)
    if not head or not tail:
        return text + line
    whole, divided = (head[0] + tail[0]).lower(), f"{head[0]}-{tail[0]}".lower()
    if text[-1] != "\u00ad" and (not line[0].islower() or (words[divided] and not words[whole])):
        return text + line
    return text[:-1] + line
