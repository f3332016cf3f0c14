"""Intervals by bootstrap over articles, and the small things that all metrics share."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def bootstrap_intervals(
    measure: Callable[[Floats], Mapping[str, float]], groups: Sequence[str], samples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return the 2.5 and 97.5 percentiles of every figure that ``measure`` gives, over resampled articles.

    ``groups`` names the article of each row. Articles are drawn with replacement, since sentences of one article are not independent;
    ``measure`` is handed how often each row was drawn. A figure that is nan in a resample is left out of its percentiles.
    """
    _, article = np.unique(np.asarray(groups), return_inverse=True)
    count = article.max() + 1
    generator = np.random.default_rng(seed)
    drawn = [measure(np.bincount(generator.integers(0, count, count), minlength=count)[article].astype(float)) for _ in range(samples)]
    found = {}
    for name in drawn[0] if drawn else ():
        values = [d[name] for d in drawn if not math.isnan(d[name])]
        low, high = np.percentile(values, [2.5, 97.5]) if values else (math.nan, math.nan)
        found[name] = (float(low), float(high))
    return found


def sum_by_article(counts: NDArray[Any], articles: Sequence[str]) -> tuple[list[str], Floats]:
    """Return the article ids and what ``counts`` (rows, …) sums to over the rows of each: all that a resample needs to know."""
    ids, article = np.unique(np.asarray(articles), return_inverse=True)
    sums = np.zeros((len(ids), *counts.shape[1:]))
    np.add.at(sums, article, counts)
    return [str(i) for i in ids], sums


def precision_recall_f1(hits: float, found: float, wanted: float) -> tuple[float, float, float]:
    """Return precision, recall and F1 of counts; nan where there is nothing to divide by."""
    return ratio(hits, found), ratio(hits, wanted), ratio(2 * hits, found + wanted)


def ratio(part: float, whole: float) -> float:
    """Return ``part / whole``; nan for nothing out of nothing."""
    return float(part / whole) if whole else math.nan


def plain(value: Any) -> Any:  # noqa: ANN401
    """Replace nan by None, since JSON has no nan."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
