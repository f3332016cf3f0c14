"""Overlap of predicted and gold spans: SI of SemEval-2020 and FLC of NLP4IF-2019.

With S predicted and T gold spans over all articles, precision = (1/|S|) Σ_s Σ_t |s∩t|/|s| and recall = (1/|T|) Σ_s Σ_t |s∩t|/|t|, in
characters (Da San Martino et al., EMNLP 2019, and SemEval-2020 Task 11). Overlapping spans are merged first.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import datasets
import evaluate
import numpy as np

from proptag.labels import Extent, merge
from proptag.metrics.bootstrap import Floats, bootstrap_intervals, plain, ratio
from proptag.records import Span

Spans = Sequence[Mapping[str, Any]]


def overlap_sums(predicted: Iterable[Extent], gold: Iterable[Extent]) -> tuple[float, float, int, int]:
    """Return Σ|s∩t|/|s|, Σ|s∩t|/|t|, |S| and |T| of one article's spans, merged first."""
    found, wanted = merge(predicted), merge(gold)
    by_found = by_wanted = 0.0
    for start, end in found:
        for first, last in wanted:
            common = max(0, min(end, last) - max(start, first))
            by_found += common / (end - start)
            by_wanted += common / (last - first)
    return by_found, by_wanted, len(found), len(wanted)


class SpanListMetric(evaluate.Metric):  # type: ignore[misc]  # evaluate ships no types
    """What the measures over the spans of each article have in common."""

    about = ""

    def _info(self) -> evaluate.MetricInfo:
        span = {"start": datasets.Value("int64"), "end": datasets.Value("int64"), "technique": datasets.Value("string")}
        return evaluate.MetricInfo(
            description=self.about,
            citation="Da San Martino et al.: SemEval-2020 Task 11: Detection of Propaganda Techniques in News Articles.",
            inputs_description="Per article the spans, as start, end and technique; offsets in code points, end exclusive.",
            features=datasets.Features({"predictions": datasets.List(span), "references": datasets.List(span)}),
        )

    def measure(
        self, predicted: Sequence[Iterable[Span]], gold: Sequence[Iterable[Span]], samples: int = 0, seed: int = 0
    ) -> dict[str, Any]:
        """Compute on the spans of each article; see ``_compute``."""
        found: dict[str, Any] = self.compute(
            predictions=[as_rows(spans) for spans in predicted], references=[as_rows(spans) for spans in gold], samples=samples, seed=seed
        )
        return found


class SpanMetrics(SpanListMetric):
    """SI of SemEval-2020 Task 11: where propaganda is, whatever the technique."""

    about = "Overlap of predicted and gold spans, in characters."
    labelled = False

    def _compute(self, predictions: list[Spans], references: list[Spans], samples: int = 0, seed: int = 0) -> dict[str, Any]:
        """Return ``summary`` (precision, recall, F1), its 95 % ``intervals`` (bootstrap over articles) and, of FLC, ``techniques``."""
        names = sorted({span["technique"] for spans in (*predictions, *references) for span in spans}) if self.labelled else [None]
        sums = np.array(
            [
                [overlap_sums(_extents(found, name), _extents(wanted, name)) for name in names]
                for found, wanted in zip(predictions, references, strict=True)
            ]
        ).reshape(len(predictions), len(names), 4)
        totals = sums.sum(1)
        once = np.ones(len(predictions))

        def summarise(weights: Floats) -> dict[str, float]:
            return _figures(weights @ totals)

        articles = [str(number) for number in range(len(predictions))]
        found: dict[str, Any] = {
            "articles": len(predictions),
            "summary": summarise(once),
            "intervals": bootstrap_intervals(summarise, articles, samples, seed),
        }
        if self.labelled:
            found["techniques"] = {name: _technique(row) for name, row in zip(names, sums.sum(0), strict=True)}
        result: dict[str, Any] = plain(found)
        return result


class LabelledSpanMetrics(SpanMetrics):
    """FLC of NLP4IF-2019: a pair of spans counts only where the techniques agree; spans are merged within each technique."""

    labelled = True


def as_rows(spans: Iterable[Span]) -> list[dict[str, Any]]:
    """Return spans as the rows that the metrics take."""
    return [{"start": span.start, "end": span.end, "technique": span.technique} for span in spans]


def _extents(spans: Spans, technique: str | None) -> list[Extent]:
    return [(span["start"], span["end"]) for span in spans if technique is None or span["technique"] == technique]


def _figures(sums: Floats) -> dict[str, float]:
    by_found, by_wanted, found, wanted = sums.tolist()
    precision, recall = ratio(by_found, found), ratio(by_wanted, wanted)
    return {"precision": precision, "recall": recall, "f1": _f1(precision if found else 0.0, recall)}


def _technique(sums: Floats) -> dict[str, float]:
    by_found, _, found, wanted = sums.tolist()
    # The official scorer divides the sum for the precision by |T| as well when it comes to single techniques.
    scorer_f1 = _f1(ratio(by_found, found) if found else 0.0, ratio(by_found, wanted))
    return {"support": int(wanted), **_figures(sums), "scorer_f1": scorer_f1}


def _f1(precision: float, recall: float) -> float:
    if math.isnan(recall):
        return math.nan
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
