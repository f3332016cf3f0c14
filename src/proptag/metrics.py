"""How good the tags are: ``evaluate.Metric`` classes that need no network, and intervals by bootstrap over articles."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import datasets
import evaluate
import numpy as np
from numpy.typing import NDArray

from proptag import taxonomy

Floats = NDArray[np.float64]


def average_precision(scores: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return sum of (recall step x precision) over falling scores, as scikit-learn defines it; nan without a positive.

    Both arrays are 1-d; labels that are nan (unknown) are left out.
    """
    from sklearn.metrics import average_precision_score

    known = ~np.isnan(labels)
    if not (labels[known] == 1).any():
        return math.nan
    return float(average_precision_score(labels[known] == 1, scores[known]))


def expected_calibration_error(probabilities: NDArray[Any], labels: NDArray[Any], bins: int = 15) -> float:
    """Return the mean distance between probability and observed share over ``bins`` equally wide bins (Guo et al., 2017).

    Both arrays are 1-d; labels that are nan are left out; nan if none is known.
    """
    known = ~np.isnan(labels)
    p, y = probabilities[known], labels[known]
    if not len(p):
        return math.nan
    index = np.minimum((p * bins).astype(int), bins - 1)
    gaps = np.bincount(index, p - y, minlength=bins)
    return float(np.abs(gaps).sum() / len(p))


def bootstrap_intervals(
    measure: Callable[[NDArray[np.intp]], Mapping[str, float]], groups: Sequence[str], samples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return the 2.5 and 97.5 percentiles of every figure that ``measure(rows)`` gives, over resampled articles.

    ``groups`` names the article of each row; articles are drawn with replacement, since sentences of one article are not independent.
    A figure that is nan in a resample (no positive drawn) is left out of its percentiles.
    """
    ids = np.asarray(groups)
    rows = [np.flatnonzero(ids == name) for name in dict.fromkeys(groups)]
    generator = np.random.default_rng(seed)
    drawn = [measure(np.concatenate([rows[i] for i in generator.integers(0, len(rows), len(rows))])) for _ in range(samples)]
    found = {}
    for name in drawn[0] if drawn else ():
        values = [d[name] for d in drawn if not math.isnan(d[name])]
        low, high = np.percentile(values, [2.5, 97.5]) if values else (math.nan, math.nan)
        found[name] = (float(low), float(high))
    return found


def f1_counts(found: NDArray[np.bool_], labels: Floats) -> tuple[Floats, Floats, Floats]:
    """Return per column the true positives, false positives and false negatives; unknown labels count as neither."""
    return (
        (found & (labels == 1)).sum(0).astype(float),
        (found & (labels == 0)).sum(0).astype(float),
        (~found & (labels == 1)).sum(0).astype(float),
    )


def f1(hits: Any, false: Any, missed: Any) -> Any:  # noqa: ANN401  (numbers or arrays)
    """Return 2 hits / (2 hits + false + missed); nan where nothing was there and nothing was found."""
    with np.errstate(invalid="ignore"):
        return np.divide(2 * hits, 2 * hits + false + missed)


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

    def measure(
        self,
        probabilities: Floats,
        labels: Floats,
        thresholds: Sequence[float],
        articles: Sequence[str],
        samples: int = 0,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Compute on arrays of shape (sentences, outputs); see ``_compute``."""
        found: dict[str, Any] = self.compute(
            predictions=probabilities.tolist(),
            references=labels.tolist(),
            thresholds=list(thresholds),
            articles=list(articles),
            samples=samples,
            seed=seed,
        )
        return found

    def _compute(
        self,
        predictions: list[list[float]],
        references: list[list[float]],
        thresholds: list[float],
        articles: list[str],
        samples: int = 0,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Return ``summary``, ``intervals`` (95 %, bootstrap over articles) and ``techniques``.

        Micro-F1 pools all technique decisions, macro-F1 is the mean over the techniques that occur in the references; precision, recall
        and F1 use the thresholds, average precision does not.
        """
        p, y, limits = np.array(predictions, dtype=float), np.array(references, dtype=float), np.array(thresholds)
        summary = _summary(p, y, limits)
        intervals = bootstrap_intervals(lambda rows: _summary(p[rows], y[rows], limits), articles, samples, seed)
        hits, false, missed = f1_counts(p >= limits, y)
        techniques = {}
        for i, name in enumerate(taxonomy.load().names, 1):
            techniques[name] = {
                "support": int(hits[i] + missed[i]),
                "precision": _ratio(hits[i], hits[i] + false[i]),
                "recall": _ratio(hits[i], hits[i] + missed[i]),
                "f1": _ratio(2 * hits[i], 2 * hits[i] + false[i] + missed[i]),
                "average_precision": average_precision(p[:, i], y[:, i]),
                "threshold": float(limits[i]),
            }
        summary["propaganda_share"] = float(np.nanmean(y[:, 0]))
        found: dict[str, Any] = _plain(
            {
                "sentences": len(p),
                "articles": len(set(articles)),
                "summary": summary,
                "intervals": intervals,
                "techniques": techniques,
            }
        )
        return found


def _summary(p: Floats, y: Floats, limits: Floats) -> dict[str, float]:
    hits, false, missed = f1_counts(p >= limits, y)
    occurs = (y[:, 1:] == 1).any(0)
    per_technique = f1(hits[1:][occurs], false[1:][occurs], missed[1:][occurs])
    precisions = [average_precision(p[:, i + 1], y[:, i + 1]) for i in np.flatnonzero(occurs)]
    return {
        "propaganda_f1": _ratio(2 * hits[0], 2 * hits[0] + false[0] + missed[0]),
        "propaganda_precision": _ratio(hits[0], hits[0] + false[0]),
        "propaganda_recall": _ratio(hits[0], hits[0] + missed[0]),
        "propaganda_average_precision": average_precision(p[:, 0], y[:, 0]),
        "micro_f1": _ratio(2 * hits[1:].sum(), (2 * hits + false + missed)[1:].sum()),
        "macro_f1": float(np.mean(per_technique)) if occurs.any() else math.nan,
        "mean_average_precision": float(np.mean(precisions)) if precisions else math.nan,
        "propaganda_calibration_error": expected_calibration_error(p[:, 0], y[:, 0]),
        "technique_calibration_error": expected_calibration_error(p[:, 1:].ravel(), y[:, 1:].ravel()),
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Replace nan by None, since JSON has no nan."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
