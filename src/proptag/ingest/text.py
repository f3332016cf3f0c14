"""The bytes of a text file to its text."""

import re

from proptag.errors import UserError

_TITLE = re.compile(r"\ufeff?(?:# +)?(?P<title>[^\n]{1,200})\n[ \t]*\n")
_FRONT_END = re.compile(r"[.!?:;,]$")


def find_title(text: str) -> str:
    """Return the first line if it stands alone and without a full stop, else nothing."""
    found = _TITLE.match(text)
    return found["title"].strip() if found and not _FRONT_END.search(found["title"].strip()) else ""


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
