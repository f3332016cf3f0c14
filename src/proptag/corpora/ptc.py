"""The layout that the news corpora share: ``article<ID>.txt`` files and tab-separated labels beside them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from proptag import taxonomy
from proptag.corpora.faults import Faults
from proptag.corpora.rows import Row, make_span, read_rows, read_text, technique
from proptag.errors import UserError
from proptag.records import Article, Span

PARTS = ("train", "dev", "test")
COLUMNS = "id, technique, start, end"
_FILE = re.compile(r"article(?P<id>\d+)\.(?P<kind>.+)")


def article_files(folder: Path, kind: str = "txt") -> dict[str, Path]:
    """Map article ids to the files ``article<ID>.<kind>`` of a folder, in the order of the ids; empty if there is no such folder."""
    names = {path: _FILE.fullmatch(path.name) for path in folder.glob("article*")}
    return {match["id"]: path for path, match in sorted(names.items()) if match and match["kind"] == kind}


def title_of(text: str) -> str:
    """Return the title: the lines before the first blank one, as the title of some articles has several; or else the first line."""
    head, blank, _ = text.partition("\n\n")
    lines = head.split("\n") if blank and head.count("\n") < 4 else head.split("\n")[:1]
    return " ".join(line.strip("\ufeff ") for line in lines)


def group_rows(rows: Iterable[Row], texts: Mapping[str, object], faults: Faults) -> dict[str, list[Row]]:
    """Group rows by the article id in their first field; a row of an article that is not there is a fault, a repeated row is dropped."""
    groups: dict[str, dict[tuple[str, ...], Row]] = defaultdict(dict)
    for row in rows:
        article = row.fields[0].strip()
        if article not in texts:
            faults.skip(row.where, f"there is no article {article!r}")
        elif row.fields in groups[article]:
            faults.repair("row that stands twice, taken once")
        else:
            groups[article][row.fields] = row
    return {article: list(found.values()) for article, found in groups.items()}


def technique_spans(rows: Iterable[Row], text: str, names: Mapping[str, str], faults: Faults) -> tuple[Span, ...]:
    """Turn the rows ``id, technique, start, end`` of one article into spans, sorted by offset."""
    spans = []
    for row in rows:
        _, label, start, end = (field.strip() for field in row.fields)
        name = technique(label, names, row.where, faults)
        span = make_span((start, end), name, text, row.where, faults) if name else None
        if span:
            spans.append(span)
    return tuple(sorted(spans))


def read_articles(
    files: Mapping[str, Path], rows: Iterable[Row], corpus: str, faults: Faults, meta: Mapping[str, object]
) -> Iterable[Article]:
    """Yield the articles of ``files`` with the spans of ``rows``; an article without rows is an annotated one without spans."""
    names = taxonomy.load().canonical(corpus)
    grouped = group_rows(rows, files, faults)
    for article, path in files.items():
        text = read_text(path, faults)
        spans = technique_spans(grouped.get(article, ()), text, names, faults)
        yield Article(article, text, title_of(text), spans, corpus, meta)


def label_rows(folder: Path, kind: str, merged: Path | None, columns: str, faults: Faults) -> Iterable[Row]:
    """Yield the rows of the merged label file where there is one, else those of the files ``article<ID>.<kind>`` of a folder."""
    for path in [merged] if merged else article_files(folder, kind).values():
        yield from read_rows(path, columns, faults)


def labelled(files: Mapping[str, Path], labels: Mapping[str, Path], folder: Path, faults: Faults) -> dict[str, Path]:
    """Keep the articles that have a label file, if only an empty one; the others are not annotated, which is a fault."""
    for article in files.keys() - labels.keys():
        faults.skip(str(files[article]), f"no label file for it in {folder}; an article without spans needs an empty one")
    return {article: path for article, path in files.items() if article in labels}


def find_root(path: Path, inside: tuple[str, ...], pattern: str, corpus: str) -> Path:
    """Return ``path``, or the one of its sub-folders ``inside``, that holds something of the glob pattern; ``UserError`` if none does."""
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; docs/data.md says where to get {corpus}")
    for folder in (path, *(path / name for name in inside)):
        if any(folder.glob(pattern)):
            return folder
    raise UserError(f"{path}: no {pattern} there, so this is not the unpacked {corpus}; docs/data.md describes its folders")
