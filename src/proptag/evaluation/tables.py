"""Figures as Markdown tables that read well in a terminal, too."""

from collections.abc import Mapping, Sequence
from typing import Any

MEASURES = {
    "propaganda_f1": "any technique, F1",
    "propaganda_precision": "any technique, precision",
    "propaganda_recall": "any technique, recall",
    "propaganda_average_precision": "any technique, average precision",
    "propaganda_calibration_error": "any technique, expected calibration error",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "micro_f1": "techniques, micro-F1",
    "micro_precision": "techniques, precision",
    "micro_recall": "techniques, recall",
    "macro_f1": "techniques, macro-F1",
    "macro_f1_all": "macro-F1 over the whole label set",
    "mean_average_precision": "techniques, mean average precision",
    "technique_calibration_error": "techniques, expected calibration error",
}
_COLUMNS = {
    "support": "gold",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "scorer_f1": "F1 of the official scorer",
    "average_precision": "average precision",
    "threshold": "threshold",
}
_TITLES = {
    "si": "Span identification (SemEval-2020 Task 11 SI)",
    "flc": "Spans with techniques (NLP4IF-2019 FLC)",
    "tc": "Techniques of given fragments (SemEval-2020 Task 11 TC)",
    "slc": "Lines with any technique (NLP4IF-2019 SLC)",
    "subtask3": "Techniques of paragraphs (SemEval-2023 Task 3 subtask 3)",
}


def table(figures: Mapping[str, Any]) -> str:
    """Write the figures of any task as Markdown."""
    summary, intervals = figures["summary"], figures["intervals"]
    lines = [
        _about_sentences(figures) if figures["task"] == "sentences" else _about_official(figures),
        "",
        f"| {'measure':42} | value | 95 % interval  |",
        f"|{'-' * 44}|------:|----------------|",
    ]
    for name, about in MEASURES.items():
        if name in summary:
            low, high = intervals.get(name, (None, None))
            lines.append(f"| {about:42} | {_number(summary[name]):>5} | {_number(low)} to {_number(high)} |")
    if figures.get("techniques"):
        lines += ["", *_techniques(figures["techniques"])]
    if figures.get("notes"):
        lines += ["", *(f"- {count} x {what}" for what, count in figures["notes"].items())]
    return "\n".join(lines) + "\n"


def _about_sentences(figures: Mapping[str, Any]) -> str:
    labels = "" if figures["labels"] == "canonical" else f"; label set of {figures['labels']}"
    return (
        f"{figures['sentences']} sentences of {figures['articles']} articles ({figures['split']} split{labels}), "
        f"{figures['summary']['propaganda_share']:.1%} of them with a technique; {figures['truncated']} were cut."
    )


def _about_official(figures: Mapping[str, Any]) -> str:
    counts = [f"{figures[name]} {name}" for name in ("fragments", "lines", "paragraphs") if name in figures]
    split = f", {figures['split']} split of {figures['dataset']}" if "split" in figures else ""
    return f"{_TITLES[figures['task']]}: {', '.join([*counts, str(figures['articles'])])} articles of {figures['corpus']}{split}."


def _techniques(techniques: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    keys = [key for key in _COLUMNS if key in next(iter(techniques.values()))]
    header = [_COLUMNS[key] for key in keys]
    width = max(32, *map(len, techniques))
    lines = [
        f"| {'technique':{width}} | " + " | ".join(f"{title:>6}" for title in header) + " |",
        f"|{'-' * (width + 2)}|" + "".join(f"{'-' * (max(6, len(title)) + 1)}:|" for title in header),
    ]
    for name, found in techniques.items():
        cells = [str(found[key]) if key == "support" else _number(found[key]) for key in keys]
        lines.append(f"| {name:{width}} | " + " | ".join(f"{c:>{max(6, len(t))}}" for c, t in zip(cells, header, strict=True)) + " |")
    return lines


def _number(value: float | None) -> str:
    return "  –  " if value is None else f"{value:.3f}"
