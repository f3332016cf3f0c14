"""Techniques of given fragments: TC of SemEval-2020."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from proptag.errors import UserError
from proptag.labels import Extent
from proptag.metrics.bootstrap import Floats, bootstrap_intervals, plain, precision_recall_f1, ratio
from proptag.metrics.spans import SpanListMetric, Spans


class FragmentMetrics(SpanListMetric):
    """TC of SemEval-2020 Task 11: one technique for each gold fragment; a fragment with several is listed several times.

    Of a fragment that is listed several times, the predictions are matched to the gold techniques in the best order.
    """

    about = "Micro-F1 of the techniques of given fragments; the same fragments in both, in any order."

    def _compute(self, predictions: list[Spans], references: list[Spans], samples: int = 0, seed: int = 0) -> dict[str, Any]:
        """Return ``summary`` (micro-F1), its 95 % ``intervals`` (bootstrap over articles) and ``techniques``.

        Raises ``UserError`` if predictions and references are not of the same fragments.
        """
        names = sorted({span["technique"] for spans in (*predictions, *references) for span in spans})
        column = {name: index for index, name in enumerate(names)}
        counts = np.zeros((len(predictions), len(names), 3))
        for article, (found, wanted) in enumerate(zip(predictions, references, strict=True)):
            for kind, technique, count in _matches(found, wanted):
                counts[article, column[technique], kind] += count
        totals = counts.sum(1)

        def summarise(weights: Floats) -> dict[str, float]:
            hits, _, rows = (weights @ totals).tolist()
            return {"micro_f1": ratio(hits, rows)}

        articles = [str(number) for number in range(len(predictions))]
        result: dict[str, Any] = plain(
            {
                "articles": len(predictions),
                "fragments": int(totals[:, 2].sum()),
                "summary": summarise(np.ones(len(predictions))),
                "intervals": bootstrap_intervals(summarise, articles, samples, seed),
                "techniques": {name: _technique(row) for name, row in zip(names, counts.sum(0).tolist(), strict=True)},
            }
        )
        return result


def _matches(predicted: Spans, gold: Spans) -> list[tuple[int, str, int]]:
    """Return (0 for a match, 1 for predicted or 2 for gold; technique; how often) of one article."""
    found, wanted = _by_fragment(predicted), _by_fragment(gold)
    if {extent: bag.total() for extent, bag in found.items()} != {extent: bag.total() for extent, bag in wanted.items()}:
        raise UserError("the predictions are not for the same fragments as the gold techniques")
    bags = ((found[extent] & wanted[extent], found[extent], wanted[extent]) for extent in wanted)
    return [(kind, technique, count) for three in bags for kind, bag in enumerate(three) for technique, count in bag.items()]


def _by_fragment(spans: Spans) -> Mapping[Extent, Counter[str]]:
    bags: defaultdict[Extent, Counter[str]] = defaultdict(Counter)
    for span in spans:
        bags[span["start"], span["end"]][span["technique"]] += 1
    return bags


def _technique(counts: Sequence[float]) -> dict[str, float]:
    precision, recall, f1 = precision_recall_f1(*counts)
    return {"support": int(counts[2]), "precision": precision, "recall": recall, "f1": f1}
