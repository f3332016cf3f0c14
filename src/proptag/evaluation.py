"""How well a model folder does on a split of a dataset: ``metrics.json`` and a readable table."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proptag import dataset as datasets_
from proptag import manifest, taxonomy
from proptag.config import EvaluateConfig
from proptag.encode import sentence_labels
from proptag.errors import UserError
from proptag.metrics import TechniqueMetrics
from proptag.predict import Tagger

_SUMMARY = {
    "propaganda_f1": "any technique, F1",
    "propaganda_precision": "any technique, precision",
    "propaganda_recall": "any technique, recall",
    "propaganda_average_precision": "any technique, average precision",
    "propaganda_calibration_error": "any technique, expected calibration error",
    "micro_f1": "techniques, micro-F1",
    "macro_f1": "techniques, macro-F1",
    "mean_average_precision": "techniques, mean average precision",
    "technique_calibration_error": "techniques, expected calibration error",
}


def evaluate(config: EvaluateConfig) -> dict[str, Any]:
    """Score a model on a split and write ``metrics.json`` and ``metrics.md``; skip what is there and current.

    Raises ``UserError`` for a model or dataset that is missing or broken, or a split without sentences.
    """
    output, model, folder = Path(config.output), Path(config.model), Path(config.dataset)
    if manifest.is_finished("evaluate", config):
        return dict(json.loads((output / "metrics.json").read_text(encoding="utf-8")))
    tagger = Tagger.load(model, config.device)
    splits = datasets_.load(folder)
    rows = list(splits[config.split]) if config.split in splits else []
    if not rows:
        raise UserError(f"{folder}: the split {config.split!r} holds no sentences; it has {', '.join(splits)}")
    figures = {"split": config.split, **_measure(tagger, rows, config)}
    manifest.write_text(output / "metrics.json", json.dumps(figures, indent=2) + "\n")
    manifest.write_text(output / "metrics.md", table(figures))
    counts = {name: figures[name] for name in ("articles", "sentences", "truncated")}
    manifest.write(output, manifest.describe("evaluate", config), ["metrics.json", "metrics.md"], counts)
    return figures


def _measure(tagger: Tagger, rows: Sequence[Mapping[str, Any]], config: EvaluateConfig) -> dict[str, Any]:
    readings = tagger.read([row["text"] for row in rows])
    probabilities = tagger.calibration.sentence_probabilities(np.stack([reading.logits for reading in readings]))
    labels = np.stack([sentence_labels(row) for row in rows]).astype(np.float64)
    articles = [row["article_id"] for row in rows]
    figures = TechniqueMetrics().measure(probabilities, labels, tagger.calibration.thresholds, articles, config.bootstrap, config.seed)
    return {"truncated": sum(reading.truncated for reading in readings), **figures}


def table(figures: Mapping[str, Any]) -> str:
    """Write the figures as a Markdown table that reads well in a terminal, too."""
    summary, intervals = figures["summary"], figures["intervals"]
    lines = [
        f"{figures['sentences']} sentences of {figures['articles']} articles ({figures['split']} split), "
        f"{summary['propaganda_share']:.1%} of them with a technique; {figures['truncated']} were cut.",
        "",
        f"| {'measure':42} | value | 95 % interval  |",
        f"|{'-' * 44}|------:|----------------|",
    ]
    for name, about in _SUMMARY.items():
        low, high = intervals.get(name, (None, None))
        lines.append(f"| {about:42} | {_number(summary[name]):>5} | {_number(low)} to {_number(high)} |")
    header = ("sentences", "precision", "recall", "F1", "average precision", "threshold")
    lines += [
        "",
        f"| {'technique':32} | " + " | ".join(header) + " |",
        f"|{'-' * 34}|" + "".join(f"{'-' * (len(h) + 1)}:|" for h in header),
    ]
    for name in taxonomy.load().names:
        found = figures["techniques"][name]
        keys = ("precision", "recall", "f1", "average_precision", "threshold")
        cells = [str(found["support"]), *(_number(found[key]) for key in keys)]
        lines.append(f"| {name:32} | " + " | ".join(f"{cell:>{len(h)}}" for cell, h in zip(cells, header, strict=True)) + " |")
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "  –  " if value is None else f"{value:.3f}"
