"""Submission files in the official formats, checked against the gold articles; all faults name the file and the line."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from proptag.corpora.faults import Faults
from proptag.corpora.rows import Row, make_span, number, read_rows, technique
from proptag.errors import UserError
from proptag.evaluation.gold import Gold, Line
from proptag.records import Span

NOT_ASKED = "finding of a technique that was not looked for in its article, left out"
_OUTSIDE = "submission: row of an article that is not scored, left out"
_CLASSES = {"propaganda": True, "non-propaganda": False}


class _Fatal(Faults):
    """Ends the reading at the first fault: the official scorers take no submission with a wrong row."""

    def skip(self, where: str, problem: str) -> None:
        """Raise ``UserError`` with the file, the line and what is wrong there."""
        raise UserError(f"{where}: {problem}")


def read_extents(path: Path, gold: Gold) -> list[list[Span]]:
    """Read a file of SI (id, start, end) to the spans of each scored article; ``UserError`` for a wrong row or an unknown article."""
    return _read(path, "id, start, end", gold)


def read_spans(path: Path, gold: Gold) -> list[list[Span]]:
    """Read a file of FLC (id, technique, start, end), as ``read_extents``; ``UserError`` also for an unknown technique."""
    found = []
    for article, spans in zip(gold.articles, _read(path, "id, technique, start, end", gold), strict=True):
        asked = gold.asked[article.id].techniques
        found.append([span for span in spans if span.technique in asked])
        gold.notes[NOT_ASKED] += len(spans) - len(found[-1])
    return found


def read_fragments(path: Path, gold: Gold) -> list[list[Span]]:
    """Read a file of TC, as ``read_spans``; ``UserError`` also if its rows are not for the gold fragments, each as often as in the gold."""
    found = _read(path, "id, technique, start, end", gold)
    rows, wanted = sum(map(len, found)), sum(map(len, gold.spans))
    if rows != wanted:
        raise UserError(f"{path}: {rows} rows for the scored articles, but the gold has {wanted} fragments; each needs one row")
    for article, predicted, fragments in zip(gold.articles, found, gold.spans, strict=True):
        listed, expected = (Counter((span.start, span.end) for span in spans) for spans in (predicted, fragments))
        if extra := listed - expected:
            (start, end), count = min(extra.items())
            raise UserError(f"{path}: article {article.id}: {count} row(s) more for {start}:{end} than the gold has fragments there")
    return found


def read_line_labels(path: Path, gold: Gold, lines: Sequence[Line]) -> list[bool]:
    """Read a file of SLC (id, line, propaganda or non-propaganda) to the label of each line; blank lines may be left out.

    Raises ``UserError`` for a wrong row, an unknown article or a line without a row.
    """
    rows = _numbered_rows(path, "id, line, class", gold)
    for row in rows.values():
        if row.fields[2].strip() not in _CLASSES:
            raise UserError(f"{row.where}: the class must be one of {', '.join(_CLASSES)}, not {row.fields[2]!r}")
    return [_CLASSES[row.fields[2].strip()] for row in _rows_of(lines, rows, path)]


def read_paragraph_labels(path: Path, gold: Gold, paragraphs: Sequence[Line]) -> list[frozenset[str]]:
    """Read a file of subtask 3 (id, line, techniques between commas or nothing) to the techniques of each paragraph.

    Raises ``UserError`` for a wrong row, an unknown article or technique, or a paragraph without a row.
    """
    names, faults, found = {name: name for name in gold.labels.names}, _Fatal(), []
    for paragraph, row in zip(paragraphs, _rows_of(paragraphs, _numbered_rows(path, "id, line, techniques", gold), path), strict=True):
        labels = {technique(label.strip(), names, row.where, faults) for label in row.fields[2].split(",") if label.strip()}
        found.append(frozenset(gold.asked[paragraph.article].names) & labels)
        gold.notes[NOT_ASKED] += len(labels) - len(found[-1])
    _note(faults, gold)
    return found


def _read(path: Path, columns: str, gold: Gold) -> list[list[Span]]:
    faults, names = _Fatal(), {name: name for name in gold.labels.names}
    texts = {article.id: article.text for article in gold.articles}
    found: dict[str, list[Span]] = {article: [] for article in texts}
    for row in _known_rows(path, columns, gold, faults):
        article, *label, start, end = (field.strip() for field in row.fields)
        name = technique(label[0], names, row.where, faults) if label else "any"
        if article in texts and name and (span := make_span((start, end), name, texts[article], row.where, faults)):
            found[article].append(span)
        gold.notes[_OUTSIDE] += article not in texts
    _note(faults, gold)
    return list(found.values())


def _known_rows(path: Path, columns: str, gold: Gold, faults: Faults) -> list[Row]:
    rows = list(read_rows(path, columns, faults))
    for row in rows:
        if row.fields[0].strip() not in gold.ids:
            raise UserError(f"{row.where}: there is no article {row.fields[0].strip()!r} in the corpus")
    return rows


def _numbered_rows(path: Path, columns: str, gold: Gold) -> dict[tuple[str, int], Row]:
    faults, rows = _Fatal(), dict[tuple[str, int], Row]()
    for row in _known_rows(path, columns, gold, faults):
        key = (row.fields[0].strip(), number(row.fields[1], row.where, faults) or 0)
        if key in rows:
            raise UserError(f"{row.where}: line {key[1]} of article {key[0]} has a row already: {rows[key].where}")
        rows[key] = row
        gold.notes[_OUTSIDE] += key[0] not in gold.asked
    _note(faults, gold)
    return rows


def _rows_of(lines: Sequence[Line], rows: dict[tuple[str, int], Row], path: Path) -> list[Row]:
    for line in lines:
        if (line.article, line.number) not in rows:
            raise UserError(f"{path}: no row for line {line.number} of article {line.article}")
    return [rows[line.article, line.number] for line in lines]


def _note(faults: Faults, gold: Gold) -> None:
    gold.notes.update({f"submission: {kind}": count for kind, count in faults.repairs.items()})
