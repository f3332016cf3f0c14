"""Text files to articles."""

import re
import sys
from pathlib import Path

from proptag.errors import UserError
from proptag.records import Article

SUFFIXES = (".txt", ".md")
_TITLE = re.compile(r"\ufeff?(?:# +)?(?P<title>[^\n]{1,200})\n[ \t]*\n")
_FRONT_END = re.compile(r"[.!?:;,]$")


def read(path: Path) -> Article:
    """Read one text file; its id is the file's name, its title a first line that stands alone without a full stop.

    Raises ``UserError`` for a file that is missing, unreadable, empty, or not text.
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
    found = _TITLE.match(text)
    title = found["title"].strip() if found and not _FRONT_END.search(found["title"].strip()) else ""
    return Article(name, text, title, meta={"source": source})


def decode(data: bytes, source: str) -> str:
    """Decode UTF-8, or UTF-16 with its byte order mark; line ends become newlines.

    Raises ``UserError`` for anything else. A byte order mark of UTF-8 stays, as the corpora count it.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"{source}: not a text file (byte {error.start} is not {encoding.upper()})") from None
    if "\0" in text:
        raise UserError(f"{source}: not a text file (holds NUL characters)")
    return text.replace("\r\n", "\n").replace("\r", "\n")
