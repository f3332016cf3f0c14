"""Annotated articles in Pandoc's bracketed-span notation under a YAML head; ``seeds/README.md`` describes the format.

``parse`` and ``format_article`` are inverse to each other: text -> Article -> text gives the same text (where the head is in YAML's
plain style, as ``format_article`` writes it).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from proptag import taxonomy
from proptag.corpora.faults import Faults
from proptag.errors import UserError
from proptag.records import Article, Span

HEAD_KEYS = ("id", "title", "genre", "topic", "outlet", "date")
_HEAD = re.compile(r"---\n(.*?)\n---\n\n", re.DOTALL)
_TOKEN = re.compile(r"\\(?P<escaped>.?)|(?P<open>\[)|\](?:\{(?P<classes>[^{}\n]*)\})?|(?P<text>[^\\\[\]]+)", re.DOTALL)
_CLASSES = re.compile(r"\.[^\s.]+(?: \.[^\s.]+)*")


def read(path: Path, faults: Faults | None = None) -> Iterator[Article]:
    """Yield the articles of a folder of ``.md`` files in the order of their names, or of one file.

    Upper-case names such as ``README.md`` are documentation. An article with a fault is left out whole. Raises ``UserError`` naming
    file and line if faults are fatal, which they are by default.
    """
    faults = faults or Faults()
    files = [path] if path.is_file() else sorted(p for p in path.glob("*.md") if not p.stem.isupper())
    if not files:
        raise UserError(f"{path}: no seed articles (*.md) there")
    seen: dict[str, Path] = {}
    for file in files:
        try:
            article = parse(file.read_bytes().decode("utf-8"), str(file))
        except UnicodeDecodeError as error:
            faults.skip(str(file), f"not UTF-8 text (byte {error.start})")
            continue
        except UserError as error:
            where, _, problem = str(error).partition(": ")
            faults.skip(where, problem)
            continue
        if article.id in seen:
            faults.skip(f"{file}:2", f"the id {article.id!r} stands in {seen[article.id]} already")
            continue
        seen[article.id] = file
        yield article


def parse(text: str, source: str = "seed") -> Article:
    """Turn one annotated file's text into an article; ``UserError`` gives ``source`` and the line number."""
    text = text.replace("\r\n", "\n")
    head = _HEAD.match(text)
    if not head:
        raise UserError(f"{source}:1: no YAML head: the file must begin with ---, a head, --- and an empty line")
    meta = _parse_head(head[1], source)
    first_line = head[0].count("\n") + 1
    body, spans = _parse_body(text[head.end() :], source, first_line)
    if not body.strip():
        raise UserError(f"{source}:{first_line}: no text after the head")
    names = {key: str(meta.pop(key)) for key in ("id", "title")}
    return Article(names["id"], body, names["title"], spans, corpus="seeds", meta=meta)


def format_article(article: Article) -> str:
    """Write an article in the notation; the inverse of ``parse``. Raises ``UserError`` if two spans cross."""
    values = {"id": article.id, "title": article.title, **article.meta}
    head = yaml.dump(values, Dumper=_StringDumper, sort_keys=False, allow_unicode=True, width=10**6)
    return f"---\n{head}---\n\n{_format_body(article)}"


def _parse_head(head: str, source: str) -> dict[str, Any]:
    try:
        meta = yaml.load(head, _StringLoader)  # noqa: S506  (a SafeLoader that leaves dates as they are written)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 2
        raise UserError(f"{source}:{line}: the head is not valid YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(meta, dict):
        raise UserError(f"{source}:2: the head must be lines of the form key: value")
    if missing := [key for key in HEAD_KEYS if not str(meta.get(key) or "").strip()]:
        raise UserError(f"{source}:2: the head lacks {', '.join(missing)}")
    return meta


class _StringLoader(yaml.SafeLoader):
    """Reads every plain scalar as a string, so that an id of digits or a date comes back as it was written."""


class _StringDumper(yaml.SafeDumper):
    """Writes strings without quotation marks wherever ``_StringLoader`` reads them back the same."""


_StringLoader.yaml_implicit_resolvers = {}
_StringDumper.yaml_implicit_resolvers = {}


def _parse_body(body: str, source: str, line: int) -> tuple[str, tuple[Span, ...]]:
    known = set(taxonomy.load().names)
    text: list[str] = []
    length = 0
    opened: list[tuple[int, int]] = []  # offset in the plain text, line
    spans: list[Span] = []

    def fail(problem: str, at: int | None = None) -> UserError:
        return UserError(f"{source}:{at or line}: {problem}")

    for token in _TOKEN.finditer(body):
        if token["open"]:
            opened.append((length, line))
        elif token["text"] or token["escaped"] is not None:
            if token["escaped"] is not None and token["escaped"] not in ("[", "]", "\\"):
                raise fail("a backslash stands only before [, ] or another backslash")
            text.append(str(token["text"] or token["escaped"]))
            length += len(text[-1])
            line += text[-1].count("\n")
        else:
            if token["classes"] is None or not _CLASSES.fullmatch(token["classes"]):
                raise fail("a ] must be followed by techniques, like ]{.Doubt .Slogans}; write a literal bracket as \\]")
            if not opened:
                raise fail("this ] closes nothing")
            (start, opening_line), techniques = opened.pop(), [c[1:] for c in token["classes"].split(" ")]
            spans += _make_spans("".join(text), start, techniques, spans, known, f"{source}:{opening_line}")
    if opened:
        raise fail("this [ is never closed; write a literal bracket as \\[", opened[-1][1])
    # Outer before inner; of one extent, in the order written.
    spans.sort(key=lambda span: (span.start, -span.end))
    return "".join(text), tuple(spans)


def _make_spans(text: str, start: int, techniques: list[str], so_far: list[Span], known: set[str], where: str) -> list[Span]:
    inside = text[start:]
    if unknown := [t for t in techniques if t not in known]:
        try:
            taxonomy.load()[unknown[0]]
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
    if inside != inside.strip() or not inside or "\n" in inside:
        raise UserError(f"{where}: a span must hold text of one paragraph, without spaces at its ends: {inside[:60]!r}")
    if len(set(techniques)) < len(techniques):
        raise UserError(f"{where}: a technique stands twice on one span")
    if any((span.start, span.end) == (start, len(text)) for span in so_far):
        raise UserError(f"{where}: two brackets around the same words; write both techniques in one: {{.A .B}}")
    return [Span(start, len(text), technique) for technique in techniques]


def _format_body(article: Article) -> str:
    extents: dict[tuple[int, int], list[str]] = {}
    for span in article.spans:
        extents.setdefault((span.start, span.end), []).append(span.technique)
    pieces: list[str] = []
    cursor, opened = 0, list[tuple[int, int]]()

    def write_to(offset: int) -> None:
        nonlocal cursor
        pieces.append(re.sub(r"[\\\[\]]", r"\\\g<0>", article.text[cursor:offset]))
        cursor = offset

    def close_until(offset: float) -> None:
        while opened and opened[-1][1] <= offset:
            extent = opened.pop()
            write_to(extent[1])
            pieces.append("]{" + " ".join(f".{technique}" for technique in extents[extent]) + "}")

    for start, end in sorted(extents, key=lambda extent: (extent[0], -extent[1])):
        close_until(start)
        if opened and end > opened[-1][1]:
            raise UserError(f"article {article.id}: the spans {opened[-1]} and {(start, end)} cross; nest or split them")
        write_to(start)
        pieces.append("[")
        opened.append((start, end))
    close_until(float("inf"))
    write_to(len(article.text))
    return "".join(pieces)
