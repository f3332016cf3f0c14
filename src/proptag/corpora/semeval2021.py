"""SemEval-2021 Task 6: the texts of memes with techniques (task 1) or with spans (task 2), as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from proptag import taxonomy
from proptag.corpora.faults import Faults
from proptag.corpora.rows import is_text, make_span, once, read_json, technique, whole_text
from proptag.errors import UserError
from proptag.records import Article, Span

CORPUS = "semeval2021"
_PARTS = ("training_set", "dev_set")


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the texts of one JSON file, or of the training and development set of a folder: of task 2 where both tasks are there.

    Labels of task 1 become spans over the whole text without an exact place; so do spans of task 2 that cover the whole text, since they
    say nothing about its lines. ``meta["placed"]`` tells that all spans are published ones, of task 2. A text with a fault is left out
    whole. Raises ``UserError`` if nothing is there.
    """
    seen: set[str] = set()
    for file in [path] if path.is_file() else _files(path):
        data = read_json(file, faults)
        if not isinstance(data, list):
            raise UserError(f"{file}: needs an array of texts, [{{…}}, …]")
        for number, entry in enumerate(data, 1):
            where = f"{file}: text {number}"
            article = _article(entry, where, faults)
            if article and article.id in seen:
                faults.skip(where, f"the id {article.id!r} stands twice")
            elif article:
                seen.add(article.id)
                yield article


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        raise UserError(f"{path}: no such file or folder; docs/data.md says where to get SemEval-2021 Task 6")
    found = []
    for folder in (path, path / "data"):
        for part in _PARTS:
            tasks = [folder / f"{part}_task{task}.txt" for task in (2, 1)]
            found += [file for file in tasks if file.is_file()][:1]
        if found:
            return found
    raise UserError(f"{path}: neither {_PARTS[0]}_task2.txt nor {_PARTS[0]}_task1.txt nor a development set is there")


def _article(entry: Any, where: str, faults: Faults) -> Article | None:  # noqa: ANN401  (whatever JSON holds)
    if not isinstance(entry, dict) or not is_text(entry.get("text")) or not is_text(str(entry.get("id", ""))):
        faults.skip(where, "needs an object with id, text and labels")
        return None
    if not isinstance(entry.get("labels"), list):
        faults.skip(where, "has no list of labels, so it is not annotated; an annotated text without a technique has []")
        return None
    text = entry["text"]
    names = taxonomy.load().canonical(CORPUS)
    before = len(faults.messages)
    spans = [_span(label, text, names, where, faults) for label in entry["labels"]]
    if len(faults.messages) > before:
        return None  # a lost label would count as absent
    placed = all(isinstance(label, dict) for label in entry["labels"])
    return Article(str(entry["id"]), text, "", once([span for span in spans if span], faults), CORPUS, {"placed": placed})


def _span(label: Any, text: str, names: Mapping[str, str], where: str, faults: Faults) -> Span | None:  # noqa: ANN401
    if not isinstance(label, dict):
        name = technique(label, names, where, faults)
        return whole_text(text, name) if name else None
    name = technique(label.get("technique"), names, where, faults)
    span = make_span((label.get("start"), label.get("end")), name, text, where, faults) if name else None
    if not span:
        return None
    fragment = label.get("text_fragment")
    if fragment is not None and fragment != text[span.start : span.end]:
        faults.skip(where, f"the span {span.start}:{span.end} is not its text_fragment {str(fragment)[:60]!r}")
        return None
    if text[span.start : span.end].strip() == text.strip():
        faults.repair("span over a whole text, taken as without an exact place")
        return replace(span, exact=False)
    return span
