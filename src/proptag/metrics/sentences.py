"""Multi-label figures for sentences: F1, average precision, calibration error."""

import math
from collections.abc import Sequence
from typing import Any

import datasets
import evaluate
import numpy as np
from numpy.typing import NDArray

from proptag import taxonomy
from proptag.metrics.bootstrap import Floats, bootstrap_intervals, plain, ratio


def average_precision(scores: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the sum of (recall step x precision) over falling scores, as scikit-learn defines it; nan without a positive.

    Both arrays are 1-d; labels that are nan (unknown) are left out.
    """
    return float(RankedScores(scores[:, None], labels[:, None]).average_precision(np.ones(len(scores)))[0])


class RankedScores:
    """Scores sorted once, so that average precision under many weightings of the rows is quick."""

    def __init__(self, scores: NDArray[Any], labels: NDArray[Any]) -> None:
        """Take scores and labels of shape (rows, columns); nan labels are unknown."""
        self.order = np.argsort(-scores, axis=0, kind="stable")
        ranked = np.take_along_axis(scores, self.order, 0)
        sorted_labels = np.take_along_axis(labels, self.order, 0)
        self.known, self.positive = ~np.isnan(sorted_labels), sorted_labels == 1
        # Equal scores stand or fall together: each counts with the precision at the last of them.
        ends = np.where(
            np.append(ranked[1:] != ranked[:-1], np.ones((1, ranked.shape[1]), bool), 0), np.arange(len(ranked))[:, None], len(ranked)
        )
        self.ends = np.minimum.accumulate(ends[::-1], 0)[::-1]

    def average_precision(self, weights: NDArray[Any]) -> Floats:
        """Return the average precision of each column, with row ``i`` counted ``weights[i]`` times; nan without a positive."""
        weight = weights[self.order] * self.known
        hits = weight * self.positive
        with np.errstate(invalid="ignore"):
            precision = np.take_along_axis(hits.cumsum(0), self.ends, 0) / np.take_along_axis(weight.cumsum(0), self.ends, 0)
            return np.asarray(np.where(hits > 0, hits * precision, 0).sum(0) / hits.sum(0))


def expected_calibration_error(
    probabilities: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None, bins: int = 15
) -> float:
    """Return the mean distance between probability and observed share over ``bins`` equally wide bins (Guo et al., 2017).

    The arrays are 1-d; labels that are nan are left out; nan if none is known.
    """
    known = ~np.isnan(labels)
    weight = np.ones(len(labels))[known] if weights is None else weights[known]
    if not weight.sum():
        return math.nan
    index = np.minimum((probabilities[known] * bins).astype(int), bins - 1)
    gaps = np.bincount(index, weight * (probabilities[known] - labels[known]), minlength=bins)
    return float(np.abs(gaps).sum() / weight.sum())


def f1_counts(found: NDArray[np.bool_], labels: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return per column the true positives, false positives and false negatives; unknown labels count as neither."""
    return weights @ (found & (labels == 1)), weights @ (found & (labels == 0)), weights @ (~found & (labels == 1))


class TechniqueMetrics(evaluate.Metric):  # type: ignore[misc]  # evaluate ships no types
    """Sentence-level figures: per technique, micro, macro, and for "uses any technique"."""

    def _info(self) -> evaluate.MetricInfo:
        row = datasets.List(datasets.Value("float64"))
        return evaluate.MetricInfo(
            description="Multi-label figures for propaganda techniques in sentences.",
            citation="",
            inputs_description="Rows of probabilities and of labels (1, 0, nan for unknown): any technique first, then each technique.",
            features=datasets.Features({"predictions": row, "references": row}),
        )

    def measure(  # noqa: PLR0913  (two arrays, what belongs to their columns and rows, and the bootstrap)
        self,
        probabilities: Floats,
        labels: Floats,
        thresholds: Sequence[float],
        articles: Sequence[str],
        samples: int = 0,
        seed: int = 0,
        *,
        names: Sequence[str] = (),
        found: NDArray[np.bool_] | None = None,
    ) -> dict[str, Any]:
        """Compute on arrays of shape (sentences, outputs); see ``_compute``."""
        figures: dict[str, Any] = self.compute(
            predictions=probabilities.tolist(),
            references=labels.tolist(),
            thresholds=list(thresholds),
            articles=list(articles),
            samples=samples,
            seed=seed,
            names=tuple(names),
            found=found,
        )
        return figures

    def _compute(  # noqa: PLR0913  (as measure)
        self,
        predictions: list[list[float]],
        references: list[list[float]],
        thresholds: list[float],
        articles: list[str],
        samples: int = 0,
        seed: int = 0,
        *,
        names: Sequence[str] = (),
        found: NDArray[np.bool_] | None = None,
    ) -> dict[str, Any]:
        """Return ``summary``, ``intervals`` (95 %, bootstrap over articles) and ``techniques``.

        Micro-F1 pools all technique decisions, macro-F1 is the mean over the techniques that occur in the references; precision, recall
        and F1 use the thresholds, average precision does not. ``names`` are those of the outputs after "any technique", the canonical ones
        if left out; ``found`` says which outputs count as found where that is not a matter of one threshold.
        """
        p, y, limits = np.array(predictions, dtype=float), np.array(references, dtype=float), np.array(thresholds, dtype=float)
        decisions = p >= limits if found is None else found
        ranked = RankedScores(p, y)

        def summarise(weights: Floats) -> dict[str, float]:
            return _summary(p, y, decisions, ranked.average_precision(weights), weights)

        once = np.ones(len(p))
        summary = summarise(once)
        intervals = bootstrap_intervals(summarise, articles, samples, seed)
        precisions = ranked.average_precision(once)
        hits, false, missed = f1_counts(decisions, y, once)
        techniques = {}
        for i, name in enumerate(names or taxonomy.load().names, 1):
            techniques[name] = {
                "support": int(hits[i] + missed[i]),
                "precision": ratio(hits[i], hits[i] + false[i]),
                "recall": ratio(hits[i], hits[i] + missed[i]),
                "f1": ratio(2 * hits[i], 2 * hits[i] + false[i] + missed[i]),
                "average_precision": float(precisions[i]),
                "threshold": float(limits[i]),
            }
        summary["propaganda_share"] = float(np.nanmean(y[:, 0]))
        figures: dict[str, Any] = plain(
            {
                "sentences": len(p),
                "articles": len(set(articles)),
                "summary": summary,
                "intervals": intervals,
                "techniques": techniques,
            }
        )
        return figures


def _summary(p: Floats, y: Floats, decisions: NDArray[np.bool_], precisions: Floats, weights: Floats) -> dict[str, float]:
    hits, false, missed = f1_counts(decisions, y, weights)
    occurs = np.append(False, (hits + missed)[1:] > 0)
    return {
        "propaganda_f1": ratio(2 * hits[0], 2 * hits[0] + false[0] + missed[0]),
        "propaganda_precision": ratio(hits[0], hits[0] + false[0]),
        "propaganda_recall": ratio(hits[0], hits[0] + missed[0]),
        "propaganda_average_precision": float(precisions[0]),
        "micro_f1": ratio(2 * hits[1:].sum(), (2 * hits + false + missed)[1:].sum()),
        "macro_f1": float((2 * hits / np.maximum(2 * hits + false + missed, 1))[occurs].mean()) if occurs.any() else math.nan,
        "mean_average_precision": float(precisions[occurs].mean()) if occurs.any() else math.nan,
        "propaganda_calibration_error": expected_calibration_error(p[:, 0], y[:, 0], weights),
        "technique_calibration_error": expected_calibration_error(p[:, 1:].ravel(), y[:, 1:].ravel(), weights.repeat(p.shape[1] - 1)),
    }
