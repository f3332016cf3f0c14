"""Exports of Label Studio: its JSON, with every annotation of a task, and JSON-MIN, flat."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proptag import taxonomy
from proptag.corpora.faults import Faults
from proptag.corpora.rows import read_json
from proptag.corpora.users import data_files, make_article, second_annotations
from proptag.errors import UserError
from proptag.records import Article

_LABELS = ("labels", "taxonomy")
"""What the names of all kinds of labels end with."""
_STANDARD = frozenset(
    ("id", "text", "title", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "inner_id", "comment", "project")
)
"""Keys of JSON-MIN that hold no annotation."""


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the annotated tasks of a ``.json`` export, or of a folder of them.

    Labels on text are spans; choices for a whole task are labels of the whole text. Cancelled annotations and tasks without any are left
    out and counted; a further annotation of a task is an article of its own with ``meta["second_annotation_of"]``. Raises ``UserError``
    if nothing is there.
    """
    yield from second_annotations(_articles(path, faults))


def _articles(path: Path, faults: Faults) -> Iterator[Article | None]:
    for file in data_files(path, ".json"):
        tasks = read_json(file, faults)
        if not isinstance(tasks, list):
            raise UserError(f"{file}: needs an array of tasks, [{{…}}, …], as Label Studio exports it")
        for position, task in enumerate(tasks, 1):
            where = f"{file}: task {task.get('id', position) if isinstance(task, dict) else position}"
            if not isinstance(task, dict):
                faults.skip(where, "needs an object, {…}")
                continue
            before = len(faults.messages)
            rows = [_row(task, results, where, faults) for results in _annotations(task, where, faults)]
            if len(faults.messages) == before:
                yield from (make_article(row, "label_studio", where, faults) for row in rows)


def _annotations(task: Mapping[str, Any], where: str, faults: Faults) -> Iterator[object]:
    """Yield the results of each annotation that counts."""
    if "data" not in task:
        yield _flat_results(task)
        return
    annotations = _dicts(task.get("annotations"), where, faults)
    if not annotations:
        faults.repair("task without an annotation, left out")
    for annotation in annotations:
        if annotation.get("was_cancelled"):
            faults.repair("cancelled annotation, left out")
        else:
            yield annotation.get("result")


def _flat_results(task: Mapping[str, Any]) -> list[Any]:
    """Bring JSON-MIN into the form of the full export: lists of labelled regions, multiple choices, or the name of a single choice."""
    results: list[Any] = []
    for value in (value for key, value in task.items() if key not in _STANDARD):
        if isinstance(value, list):
            regions = (region for region in value if isinstance(region, dict))
            results += [{"type": kind, "value": region} for region in regions for kind in region if kind.endswith(_LABELS)]
        elif isinstance(value, dict) and "choices" in value:
            results.append({"type": "choices", "value": value})
        elif value in taxonomy.load().names:
            results.append({"type": "choices", "value": {"choices": [value]}})
    return results


def _row(task: Mapping[str, Any], results: object, where: str, faults: Faults) -> dict[str, Any]:
    """Make what ``make_article`` takes of a task and the results of one annotation."""
    data = task["data"] if isinstance(task.get("data"), dict) else task
    spans: list[Any] = []
    labels: list[Any] = []
    for result in _dicts(results, where, faults):
        kind, value = result.get("type"), result.get("value")
        if str(kind).endswith(_LABELS) and kind != "labels":
            faults.skip(where, f"a result of the type {kind} may hold techniques, but only labels and choices are read")
        elif kind not in ("labels", "choices"):
            faults.repair("result that is neither a label nor a choice, left out")
        elif not isinstance(value, dict) or not isinstance(value.get(kind, []), list):
            faults.skip(where, f"the value of a result of the type {kind} needs a list of {kind}")
        elif "start" in value:
            spans += [_placed(value, str(data.get("text")), name, faults) for name in value.get(kind, [])]
        else:
            labels += value.get(kind, [])
    return {"id": data.get("id", task.get("id")), "text": data.get("text"), "title": data.get("title"), "spans": spans, "labels": labels}


def _dicts(value: object, where: str, faults: Faults) -> list[dict[str, Any]]:
    """Return a list of objects; anything else but null is a fault."""
    items = [] if value is None else value
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        faults.skip(where, "annotations and their results must be lists of objects")
        return []
    return items


def _placed(value: Mapping[str, Any], text: str, name: object, faults: Faults) -> dict[str, Any]:
    """Make a span of a region, whose offsets a browser may have counted in UTF-16 units: its text tells."""
    start, end = value.get("start"), value.get("end")
    expected = str(value["text"]).replace("\\n", "\n") if value.get("text") is not None else None
    if expected is not None and isinstance(start, int) and isinstance(end, int) and text[start:end] != expected:
        units = text.encode("utf-16-le", "surrogatepass")
        before, inside = units[: 2 * start].decode("utf-16-le", "ignore"), units[2 * start : 2 * end].decode("utf-16-le", "ignore")
        if inside == expected:
            faults.repair("offsets in UTF-16 units, counted again in characters")
            start, end = len(before), len(before) + len(inside)
    return {"start": start, "end": end, "technique": name, "text": expected}
