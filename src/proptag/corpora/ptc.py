"""The layout that the news corpora share: ``article<ID>.txt`` files and tab-separated labels beside them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proptag import taxonomy
from proptag.corpora.faults import Faults
from proptag.corpora.rows import LONGEST, Row, make_span, read_rows, read_text, technique
from proptag.errors import UserError
from proptag.records import Article, Span

PARTS = ("train", "dev", "test")
COLUMNS = "id, technique, start, end"
LOST = "article with a faulty row, left out whole"
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


def start_within(start: str, text: str) -> str:
    """Move a start that lies at most five characters beyond the text to its last visible character.

    One span of NLP4IF-2019 has such shifted offsets; its line label says that the last line is meant.
    """
    last = len(text.rstrip()) - 1
    return (
        str(last)
        if start.isascii() and start.isdigit() and len(start) <= LONGEST and len(text) <= int(start) <= len(text) + 5 and last >= 0
        else start
    )


def technique_spans(rows: Iterable[Row], text: str, names: Mapping[str, str], faults: Faults) -> tuple[Span, ...]:
    """Turn the rows ``id, technique, start, end`` of one article into spans, sorted by offset."""
    spans = []
    for row in rows:
        _, label, start, end = (field.strip() for field in row.fields)
        name = technique(label, names, row.where, faults)
        span = make_span((start_within(start, text), end), name, text, row.where, faults) if name else None
        if span:
            spans.append(span)
    return tuple(sorted(spans))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a release keeps articles and labels; ``{}`` stands for the name of the part: train, dev or test."""

    articles: str
    folder: str
    """Folder with a label file ``article<ID>.<kind>`` for every article."""
    kind: str
    merged: str
    """One file with the labels of all articles; read where a file for each article is not there."""


@dataclass(frozen=True, slots=True)
class Part:
    """The annotated articles of a part, by id, and the files with their labels."""

    name: str
    articles: Mapping[str, Path]
    labels: tuple[Path, ...]

    def rows(self, columns: str, faults: Faults) -> dict[str, list[Row]]:
        """Read the labels and group them by article; a row of an unknown article is a fault, a repeated row is taken once.

        An article that lost a row, by its id there or by the name of the file, is left out and counted: a lost label would count as absent.
        """
        groups: dict[str, dict[tuple[str, ...], Row]] = defaultdict(dict)
        faulty: set[str] = set()
        faults.articles.clear()
        for path in self.labels:
            before = len(faults.messages)
            for row in read_rows(path, columns, faults):
                article = row.fields[0].strip()
                if article not in self.articles:
                    faults.skip(row.where, f"there is no article {article!r}")
                elif row.fields in groups[article]:
                    faults.repair("row that stands twice, taken once")
                else:
                    groups[article][row.fields] = row
            if len(faults.messages) > before and (match := _FILE.fullmatch(path.name)):
                faulty.add(match["id"])
        faulty = self.articles.keys() & (faulty | faults.articles)
        for _ in faulty:
            faults.repair(LOST)
        return {article: list(groups[article].values()) for article in self.articles if article not in faulty}


def find_parts(root: Path, layouts: Sequence[Layout], faults: Faults) -> list[Part]:
    """Return the labelled parts in the order train, dev, test, each in the first layout whose labels are there.

    Articles of a part without labels are left out and counted. Raises ``UserError`` if no part has labels.
    """
    parts = []
    for name in PARTS:
        found = [part for layout in layouts if (part := _part(root, name, layout, faults))]
        parts += found[:1]
        if not found:
            for _ in article_files(root / layouts[0].articles.format(name)):
                faults.repair(f"article of the part {name}, which has no labels, left out")
    if not parts:
        names = " nor ".join(f"{layout.folder.format('train')}/article….{layout.kind}" for layout in layouts)
        raise UserError(f"{root}: no labels there, neither {names}; docs/data.md describes the folders")
    return parts


def _part(root: Path, name: str, layout: Layout, faults: Faults) -> Part | None:
    articles, merged = article_files(root / layout.articles.format(name)), root / layout.merged.format(name)
    folder = root / layout.folder.format(name)
    labels = article_files(folder, layout.kind)
    lacking = articles.keys() - labels.keys()
    # The merged file of line labels in NLP4IF-2019 lacks 57 articles, so a complete folder comes first.
    if lacking and merged.is_file():
        return Part(name, articles, (merged,))
    if not articles or not labels:
        return None
    for article in sorted(lacking):
        faults.skip(str(articles[article]), f"no label file in {folder}; an annotated article without spans has an empty one")
    return Part(name, {article: path for article, path in articles.items() if article in labels}, tuple(labels.values()))


def read_parts(parts: Iterable[Part], corpus: str, faults: Faults) -> Iterator[Article]:
    """Yield the articles of parts whose rows are ``id, technique, start, end``; one without rows is annotated and has no spans."""
    names = taxonomy.load().canonical(corpus)
    for part in parts:
        for article, rows in part.rows(COLUMNS, faults).items():
            text, before = read_text(part.articles[article], faults), len(faults.messages)
            spans = technique_spans(rows, text, names, faults)
            if len(faults.messages) > before:
                faults.repair(LOST)
            else:
                yield Article(article, text, title_of(text), spans, corpus, {"part": part.name})


def find_root(path: Path, inside: tuple[str, ...], pattern: str, corpus: str) -> Path:
    """Return ``path``, or the one of its sub-folders ``inside``, that holds something of the glob pattern; ``UserError`` if none does."""
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; docs/data.md says where to get {corpus}")
    for folder in (path, *(path / name for name in inside)):
        if any(folder.glob(pattern)):
            return folder
    raise UserError(f"{path}: no {pattern} there, so this is not the unpacked {corpus}; docs/data.md describes its folders")
