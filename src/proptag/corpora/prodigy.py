"""Annotations of Prodigy as JSON Lines (``prodigy db-out``): spans, or choices for a whole text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proptag.corpora.faults import Faults
from proptag.corpora.rows import read_json_lines
from proptag.corpora.users import data_files, make_article, second_annotations
from proptag.records import Article

_ANSWERS = ("accept", "reject", "ignore")


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the accepted texts of a ``.jsonl`` file, or of a folder of them; rejected and ignored ones are left out and counted.

    A rejected task says that its labels are wrong, not which ones are right. The id is the task's ``id``, that in its ``meta``, or its
    ``_input_hash``; another annotation of it is an article of its own with ``meta["second_annotation_of"]``. Raises ``UserError`` if
    nothing is there.
    """
    yield from second_annotations(_articles(path, faults))


def _articles(path: Path, faults: Faults) -> Iterator[Article | None]:
    for file in data_files(path, ".jsonl"):
        for where, task in read_json_lines(file, faults):
            answer = task.get("answer", "accept")
            if answer not in _ANSWERS:
                faults.skip(where, f"the answer must be one of {', '.join(_ANSWERS)}, not {answer!r}")
            elif answer != "accept":
                faults.repair(f"task with the answer {answer}, left out")
            elif "label" in task and "spans" not in task:
                faults.skip(where, "a task about one label says nothing about the others; annotate spans, or choices with all techniques")
            elif task.keys().isdisjoint(("answer", "spans", "accept")):
                faults.skip(where, "neither answer nor spans nor accept: not annotated")
            else:
                yield make_article(_row(task, where), "prodigy", where, faults)


def _row(task: dict[str, Any], where: str) -> dict[str, Any]:
    meta = task["meta"] if isinstance(task.get("meta"), dict) else {}
    names = (task.get("id"), meta.get("id"), task.get("_input_hash"), where)
    spans = task.get("spans") or []
    if isinstance(spans, list):
        spans = [{**span, "technique": span.get("label")} if isinstance(span, dict) else span for span in spans]
    return {
        "id": next(name for name in names if name is not None),
        "text": task.get("text"),
        "title": meta.get("title"),
        "spans": spans,
        "labels": task.get("accept") or [],
    }
