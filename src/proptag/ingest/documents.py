"""Formats that hold one article: plain text, Markdown, HTML, Word."""

import io
import re
import zipfile
from typing import Any

import yaml

from proptag.ingest.problems import Raw, Unreadable, optional, too_large
from proptag.ingest.text import find_title, to_text

_FRONT = re.compile(r"\ufeff?---[ \t]*\n(?P<head>.{1,10000}?\n)---[ \t]*(?:\n\s*|$)", re.DOTALL)
_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_DECLARED = re.compile(rb"<meta[^<>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BREAKS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n"}
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def plain(data: bytes, _limit: int) -> Raw:
    """Read a text file."""
    return Raw(_no_page(to_text(data)))


def markdown(data: bytes, _limit: int) -> Raw:
    """Read a Markdown file; a YAML head is metadata and no text, the markup stays."""
    text = _no_page(to_text(data))
    found = _FRONT.match(text)
    try:
        # BaseLoader makes texts, lists and mappings only
        head = yaml.load(found["head"], Loader=yaml.BaseLoader) if found else None  # noqa: S506
    except (yaml.YAMLError, RecursionError):
        head = None
    if not found or not isinstance(head, dict):
        return Raw(text)
    head = {key: _flat(value) for key, value in head.items()}
    return Raw(text[found.end() :], head.pop("title", ""), head)


def _flat(value: Any) -> str:  # noqa: ANN401
    """Return a text, or the texts of a list with commas; what is nested is left out, aliases can make that endless."""
    return ", ".join(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))


def html(data: bytes, _limit: int) -> Raw:
    """Read the article of a web page: without navigation, comments and scripts; its headline is the first paragraph.

    Raises ``Unreadable`` if there is no article in it.
    """
    declared = _DECLARED.search(data[:5000])
    page = to_text(data, declared[1].decode("ascii", "replace") if declared else "")
    found = optional("trafilatura").bare_extraction(
        page,
        include_comments=False,
        with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": False},  # a date that is stated, none that is guessed
    )
    if found is None or not found.text:
        raise Unreadable("empty", "no article is found in this page")
    title, text = found.title or "", "\n\n".join(found.text.splitlines())
    if title and not text.startswith(title):
        text = f"{title}\n\n{text}"
    names = {"date": "date", "author": "author", "url": "url", "language": "language"}
    meta = {name: getattr(found, attribute) for name, attribute in names.items()}
    return Raw(text, title, meta | {"outlet": found.sitename or found.hostname})


def word(data: bytes, limit: int) -> Raw:
    """Read a Word file: the paragraphs, tables and text boxes of its body; deleted text, headers and notes are left out."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("encrypted", "a Word file with a password, or one of Word 2003 or older")
    docx = optional("docx")
    # No entry unpacks to more than the directory says: zipfile stops there.
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > limit:
            raise too_large(limit)
    document = docx.Document(io.BytesIO(data))
    paragraphs = [_paragraph(p) for p in document.element.body.iter(f"{_WORD}p") if not any(p.iterancestors(_FALLBACK))]
    text = "\n\n".join(filter(str.strip, paragraphs))
    known = document.core_properties
    return Raw(text, find_title(text) or known.title, {"author": known.author})


def _no_page(text: str) -> str:
    if _PAGE.match(text):
        raise Unreadable("unsupported", "a web page: its name should end in .html")
    return text


def _paragraph(paragraph: Any) -> str:  # noqa: ANN401
    """Join the text of a paragraph, without that of the text boxes that hang on it and without what was moved elsewhere."""
    own = (node for node in paragraph.iter(f"{_WORD}t", *_BREAKS) if next(node.iterancestors(f"{_WORD}p")) is paragraph)
    return "".join(_run_text(node) for node in own if not any(node.iterancestors(f"{_WORD}moveFrom")))


def _run_text(node: Any) -> str:  # noqa: ANN401
    # the stops of a ruler are called tab, too
    return _BREAKS[node.tag] if node.tag in _BREAKS and node.getparent().tag == f"{_WORD}r" else node.text or ""
