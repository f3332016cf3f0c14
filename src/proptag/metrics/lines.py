"""Labels of whole lines: SLC of NLP4IF-2019, and of paragraphs: subtask 3 of SemEval-2023 Task 3."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import datasets
import evaluate
import numpy as np

from proptag.metrics.bootstrap import Floats, bootstrap_intervals, plain, precision_recall_f1, sum_by_article


class LineMetrics(evaluate.Metric):  # type: ignore[misc]  # evaluate ships no types
    """SLC of NLP4IF-2019: whether a line uses any technique."""

    def _info(self) -> evaluate.MetricInfo:
        label = datasets.Value("bool")
        return evaluate.MetricInfo(
            description="F1 of the positive class over lines.",
            citation="Da San Martino et al.: Findings of the NLP4IF-2019 Shared Task on Fine-Grained Propaganda Detection.",
            inputs_description="Per line whether it uses a technique.",
            features=datasets.Features({"predictions": label, "references": label}),
        )

    def measure(
        self, predicted: Sequence[bool], gold: Sequence[bool], articles: Sequence[str], samples: int = 0, seed: int = 0
    ) -> dict[str, Any]:
        """Compute on the lines, with the article of each; see ``_compute``."""
        found: dict[str, Any] = self.compute(
            predictions=list(predicted), references=list(gold), articles=list(articles), samples=samples, seed=seed
        )
        return found

    def _compute(
        self, predictions: list[bool], references: list[bool], articles: list[str], samples: int = 0, seed: int = 0
    ) -> dict[str, Any]:
        """Return ``summary`` (precision, recall, F1 of the positive class) and its 95 % ``intervals`` (bootstrap over articles)."""
        found, wanted = np.array(predictions, dtype=bool), np.array(references, dtype=bool)
        ids, sums = sum_by_article(np.stack([found & wanted, found, wanted], 1), articles)

        def summarise(weights: Floats) -> dict[str, float]:
            return dict(zip(("precision", "recall", "f1"), precision_recall_f1(*(weights @ sums).tolist()), strict=True))

        result: dict[str, Any] = plain(
            {
                "articles": len(ids),
                "lines": len(found),
                "positive": float(wanted.mean()),
                "summary": summarise(np.ones(len(ids))),
                "intervals": bootstrap_intervals(summarise, ids, samples, seed),
            }
        )
        return result


class ParagraphMetrics(evaluate.Metric):  # type: ignore[misc]  # evaluate ships no types
    """Subtask 3 of SemEval-2023 Task 3: the techniques of each paragraph."""

    def _info(self) -> evaluate.MetricInfo:
        techniques = datasets.List(datasets.Value("string"))
        return evaluate.MetricInfo(
            description="Micro- and macro-F1 of the techniques of paragraphs.",
            citation="Piskorski et al.: SemEval-2023 Task 3: Detecting the Category, the Framing, and the Persuasion Techniques.",
            inputs_description="Per paragraph its techniques.",
            features=datasets.Features({"predictions": techniques, "references": techniques}),
        )

    def measure(
        self,
        predicted: Sequence[Iterable[str]],
        gold: Sequence[Iterable[str]],
        articles: Sequence[str],
        labels: Sequence[str],
        samples: int = 0,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Compute on the techniques of paragraphs, with the article of each and all techniques that there are; see ``_compute``."""
        found: dict[str, Any] = self.compute(
            predictions=[sorted(set(techniques)) for techniques in predicted],
            references=[sorted(set(techniques)) for techniques in gold],
            articles=list(articles),
            labels=list(labels),
            samples=samples,
            seed=seed,
        )
        return found

    def _compute(
        self,
        predictions: list[list[str]],
        references: list[list[str]],
        articles: list[str],
        labels: list[str],
        samples: int = 0,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Return ``summary``, its 95 % ``intervals`` (bootstrap over articles) and ``techniques``.

        Micro-F1 pools all decisions. ``macro_f1`` is the mean over the techniques that occur in the references, ``macro_f1_all`` over
        the whole label set, where a technique that neither occurs nor is predicted counts 0, as in scikit-learn.
        """
        found, wanted = _indicators(predictions, labels), _indicators(references, labels)
        ids, sums = sum_by_article(np.stack([found & wanted, found, wanted], 2), articles)

        def summarise(weights: Floats) -> dict[str, float]:
            return _summary(np.tensordot(weights, sums, 1))

        techniques = {}
        for name, counts in zip(labels, sums.sum(0).tolist(), strict=True):
            precision, recall, f1 = precision_recall_f1(*counts)
            techniques[name] = {"support": int(counts[2]), "precision": precision, "recall": recall, "f1": f1}
        result: dict[str, Any] = plain(
            {
                "articles": len(ids),
                "paragraphs": len(found),
                "summary": summarise(np.ones(len(ids))),
                "intervals": bootstrap_intervals(summarise, ids, samples, seed),
                "techniques": techniques,
            }
        )
        return result


def _indicators(rows: Sequence[Iterable[str]], labels: Sequence[str]) -> Any:  # noqa: ANN401  (an array of truth values)
    column = {label: index for index, label in enumerate(labels)}
    found = np.zeros((len(rows), len(labels)), dtype=bool)
    for index, techniques in enumerate(rows):
        found[index, [column[technique] for technique in techniques]] = True
    return found


def _summary(counts: Floats) -> dict[str, float]:
    hits, found, wanted = counts.T
    precision, recall, micro = precision_recall_f1(*counts.sum(0).tolist())
    f1 = 2 * hits / np.maximum(found + wanted, 1)
    occurs = wanted > 0
    return {
        "micro_f1": micro,
        "micro_precision": precision,
        "micro_recall": recall,
        "macro_f1": float(f1[occurs].mean()) if occurs.any() else math.nan,
        "macro_f1_all": float(f1.mean()),
    }
