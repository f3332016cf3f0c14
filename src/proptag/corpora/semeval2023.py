"""SemEval-2023 Task 3 subtask 3, English: techniques of paragraphs, and of spans where the files with spans are there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from proptag import taxonomy
from proptag.corpora import ptc
from proptag.corpora.faults import Faults
from proptag.corpora.rows import Row, number, read_text, technique
from proptag.records import Article, Span

CORPUS = "semeval2023"
_LABELS = ptc.Layout("{}-articles-subtask-3", "{}-labels-subtask-3", "labels-subtask-3.txt", "{}-labels-subtask-3.txt")
_SPANS = "{}-labels-subtask-3-spans.txt"


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the articles of every labelled part; ``path`` is the language's folder ``en`` or a parent of it.

    A technique of a paragraph is a span over the paragraph without an exact place, unless the file with spans places it.
    ``meta["known"]`` holds the techniques that occur in the label files: a technique that never does was not annotated in this language.
    Raises ``UserError`` if there are no labels.
    """
    root = ptc.find_root(path, ("en", "data/en"), "*-articles-subtask-3", "SemEval-2023 Task 3")
    articles = [article for part in ptc.find_parts(root, (_LABELS,), faults) for article in _read_part(root, part, faults)]
    occurring = {span.technique for article in articles for span in article.spans}
    known = tuple(name for name in taxonomy.load().names if name in occurring)
    for article in articles:
        yield Article(article.id, article.text, article.title, article.spans, CORPUS, {**article.meta, "known": known})


def _read_part(root: Path, part: ptc.Part, faults: Faults) -> Iterator[Article]:
    names = taxonomy.load().canonical(CORPUS)
    labels = part.rows("id, line, techniques", faults)
    file = root / _SPANS.format(part.name)
    placed = ptc.Part(part.name, part.articles, (file,) if file.is_file() else ()).rows(ptc.COLUMNS, faults)
    for article in (name for name in labels if name in placed):
        text, before = read_text(part.articles[article], faults), len(faults.messages)
        exact = ptc.technique_spans(placed[article], text, names, faults)
        paragraphs = _paragraph_spans(labels[article], text, names, faults)
        vague = {span for span in paragraphs if not any(_places(other, span) for other in exact)}
        if len(faults.messages) > before:
            faults.repair(ptc.LOST)
        else:
            yield Article(article, text, ptc.title_of(text), tuple(sorted({*exact, *vague})), CORPUS, {"part": part.name})


def _paragraph_spans(rows: list[Row], text: str, names: Mapping[str, str], faults: Faults) -> set[Span]:
    """Return a span over its paragraph for every technique of every row; line numbers count all lines, from 1."""
    bounds = _line_bounds(text)
    spans = set()
    for row in rows:
        line = number(row.fields[1], row.where, faults)
        if line is None:
            continue
        start, end = bounds.get(line, (0, 0))
        if start == end:
            faults.skip(row.where, f"line {line} of the article is blank or not there")
            continue
        # Names of this corpus hold no comma.
        found = [technique(label.strip(), names, row.where, faults) for label in row.fields[2].split(",") if label.strip()]
        spans |= {Span(start, end, name, exact=False) for name in found if name}
    return spans


def _line_bounds(text: str) -> dict[int, tuple[int, int]]:
    """Map the number of every line to its offsets without the white space at its ends."""
    bounds, start = {}, 0
    for line_number, line in enumerate(text.split("\n"), 1):
        left = len(line) - len(line.lstrip())
        bounds[line_number] = (start + left, start + max(left, len(line.rstrip())))
        start += len(line) + 1
    return bounds


def _places(exact: Span, vague: Span) -> bool:
    return exact.technique == vague.technique and exact.start < vague.end and vague.start < exact.end
