"""SemEval-2020 Task 11 (PTC version 2): the unpacked ``datasets-v2.tgz``.

The archive of the task and the later release name the same label files differently; both are read.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from proptag.corpora import ptc
from proptag.corpora.faults import Faults
from proptag.corpora.rows import make_span, read_text
from proptag.errors import UserError
from proptag.records import Article

CORPUS = "semeval2020"
_TC = (
    ("labels-task2-technique-classification", "task2-TC.labels"),
    ("labels-task-flc-tc", "task-flc-tc.labels"),
)
_SI = (
    ("labels-task1-span-identification", "task1-SI.labels"),
    ("labels-task-si", "task-si.labels"),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """The articles of a part and where its labels are: in one merged file, or in a folder with a file for each article."""

    name: str
    articles: Mapping[str, Path]
    folder: Path
    kind: str
    merged: Path | None


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the articles of every part that has technique labels, in the order train, dev, test; ``path`` may be the parent of the parts.

    An article with an empty label file, or without a row in the merged file, is annotated and has no spans. Raises ``UserError`` if there
    are no labels.
    """
    for part in _parts(path, _TC, faults):
        rows = ptc.label_rows(part.folder, part.kind, part.merged, ptc.COLUMNS, faults)
        yield from ptc.read_articles(part.articles, rows, CORPUS, faults, {"part": part.name})


def read_si(path: Path, faults: Faults) -> dict[str, list[tuple[int, int]]]:
    """Return the gold spans of the task Span Identification, start and end, by article id; articles without spans have an empty list."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for part in _parts(path, _SI, faults):
        rows = ptc.label_rows(part.folder, part.kind, part.merged, "id, start, end", faults)
        grouped = ptc.group_rows(rows, part.articles, faults)
        for article, file in part.articles.items():
            text = read_text(file, faults)
            spans = [make_span((row.fields[1], row.fields[2]), "any", text, row.where, faults) for row in grouped.get(article, ())]
            found[article] = sorted((span.start, span.end) for span in spans if span)
    return dict(found)


def _parts(path: Path, places: tuple[tuple[str, str], ...], faults: Faults) -> list[_Part]:
    root = ptc.find_root(path, ("datasets",), "*-articles", "SemEval-2020 Task 11")
    parts = []
    for name in ptc.PARTS:
        articles = ptc.article_files(root / f"{name}-articles")
        for folder, kind in places:
            merged, single = root / f"{name}-{kind}", ptc.article_files(root / f"{name}-{folder}", kind)
            if articles and merged.is_file():
                parts.append(_Part(name, articles, root / f"{name}-{folder}", kind, merged))
                break
            if articles and single:
                kept = ptc.labelled(articles, single, root / f"{name}-{folder}", faults)
                parts.append(_Part(name, kept, root / f"{name}-{folder}", kind, None))
                break
    if not parts:
        raise UserError(f"{root}: no labels there: neither {' nor '.join(f'train-{kind}' for _, kind in places)}")
    return parts
