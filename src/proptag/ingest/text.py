"""Bytes to text: encodings, line ends, and text that was decoded wrongly before."""

import codecs
import re

from proptag.errors import UserError
from proptag.ingest.problems import Unreadable, optional

_TITLE = re.compile(r"\ufeff?(?:# +)?(?P<title>[^\n]{1,200})\n[ \t]*\n")
_FRONT_END = re.compile(r"[.!?:;,]$")
# UTF-32 first: its mark begins with that of UTF-16. The mark of UTF-8 is no encoding's here: it stays, as the corpora count it.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes({*range(32)} - set(b"\t\n\f\r\x1a\x1b"))
_SAMPLE = 200_000  # bytes that an encoding is guessed from
# What UTF-8 looks like after it was decoded as Windows-1252 or as Mac Roman.
_GARBLED = re.compile("[ÂÃÐÑ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â[\x80-\x9f€„†™]|ð[\x9fŸ]|ï»¿|‚Ä")

_WESTERN = frozenset("€‚„…†•–—‘’“”‹›™¡¢£§©«®°´·»¼½¾¿×ÀÂÄÅÆÇÈÉÊÎÏÑÖØÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüŒœ\u00a0")
# What else ftfy would change.
_LEFT_ALONE = (
    *("unescape_html", "remove_terminal_escapes", "fix_latin_ligatures", "fix_character_width", "uncurl_quotes"),
    *("fix_line_breaks", "fix_surrogates", "remove_control_chars", "fix_c1_controls"),
)


def decode(data: bytes, source: str) -> str:
    """Decode the bytes of a text; ``UserError`` if they are none. Line ends become newlines."""
    try:
        return to_text(data)
    except Unreadable as error:
        raise UserError(f"{source}: {error.reason}") from error


def to_text(data: bytes, declared: str = "") -> str:
    """Decode as a byte order mark says, else as UTF-8, else as ``declared``, else as guessed; line ends become newlines.

    Raises ``Unreadable`` for what is no text.
    """
    try:
        text = data.decode(find_encoding(data, declared))
    except UnicodeDecodeError as error:
        text = _mostly_utf8(data)
        if not text:
            raise Unreadable("encoding", f"the encoding cannot be told (byte {error.start} is not {error.encoding})") from None
    if "\0" in text or data.startswith(b"%PDF-"):  # PDF can be pure ASCII
        raise Unreadable("binary", "not a text file (a PDF, or it holds NUL characters)")
    return normalize_lines(text)


def normalize_lines(text: str) -> str:
    """Make all line ends newlines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def find_encoding(data: bytes, declared: str = "", *, whole: bool = True) -> str:
    """Return the encoding of a text, or with ``whole=False`` of the text that begins so; ``Unreadable`` for what is no text.

    Bytes that are UTF-8 but for a few are called UTF-8.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        if _mostly_utf8(data):
            return "utf-8"
    else:
        return _wide(data) or "utf-8"
    try:
        if declared and data.decode(declared):
            return declared
    except (LookupError, UnicodeError):
        pass  # the declaration is wrong
    return _wide(data) or _guess(data)


def repair(text: str) -> str:
    """Undo a wrong decoding in the text's past, such as ``â€™`` for an apostrophe; any other text comes back as it is.

    Raises ``Unreadable`` for characters that no file can hold.
    """
    if _GARBLED.search(text):
        ftfy = optional("ftfy")
        text = ftfy.fix_text(text, ftfy.TextFixerConfig(**dict.fromkeys(_LEFT_ALONE, False), normalization=None))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable("encoding", "holds half of a character (a lone surrogate)") from None
    return text


def find_title(text: str) -> str:
    """Return the first line if it stands alone and without a full stop, else nothing."""
    found = _TITLE.match(text)
    return found["title"].strip() if found and not _FRONT_END.search(found["title"].strip()) else ""


def _mostly_utf8(data: bytes) -> str:
    """Decode UTF-8 with replacement characters if at most one in ten characters beyond ASCII is damaged, else give nothing."""
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    return text if damaged * 10 <= sum(len(run) for run in re.findall(r"[^\x00-\x7f]+", text)) else ""


def _wide(data: bytes) -> str:
    """Recognise UTF-16 without a mark by its NULs; they also are UTF-8."""
    odd, even = data[1:_SAMPLE:2].count(0), data[:_SAMPLE:2].count(0)
    third = min(len(data), _SAMPLE) / 6
    return "utf-16-le" if odd > third and not even else "utf-16-be" if even > third and not odd else ""


def _guess(data: bytes) -> str:
    sample = data if len(data) <= _SAMPLE else data[: data.rfind(b"\n", 0, _SAMPLE) + 1 or _SAMPLE]
    if len(sample) - len(sample.translate(None, _CONTROLS)) > len(sample) / 100:
        raise Unreadable("binary", "not a text file")
    if _is_western(sample):
        return "cp1252"
    best = optional("charset_normalizer").from_bytes(sample).best()
    if best is None:
        raise Unreadable("encoding", "not a text file, or in an encoding that cannot be told")
    return str(best.encoding)


def _is_western(sample: bytes) -> bool:
    """Recognise the usual code page of English: too little beyond ASCII to guess from, and all of it what is usual there."""
    beyond = sample.translate(None, bytes(range(128)))
    return len(beyond) < len(sample) / 12 and set(beyond.decode("cp1252", "replace")) <= _WESTERN
