"""The tasks of the shared tasks: what a model predicts for each, and its figures."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from proptag.config import EvaluateConfig
from proptag.errors import UserError
from proptag.evaluation import submissions
from proptag.evaluation.gold import Gold, Line, read_gold, read_lines
from proptag.labels import LabelSet, marked
from proptag.metrics import FragmentMetrics, LabelledSpanMetrics, LineMetrics, ParagraphMetrics, SpanMetrics
from proptag.predict import Tagger, best_labels
from proptag.records import Span, TaggedArticle

ANY = "any"
"""Stands for the technique where it does not matter."""


def measure(config: EvaluateConfig) -> dict[str, Any]:
    """Score a model or a submission file on a corpus; ``notes`` in the figures counts what was repaired, left out or cut.

    Raises ``UserError`` for a corpus, model or file that is missing or faulty.
    """
    gold = read_gold(config)
    figures = _TASKS[config.task](config, gold)
    split = {"dataset": config.dataset, "split": config.split} if config.dataset else {}
    return {"corpus": gold.labels.corpus, **split, **figures, "notes": dict(sorted((+gold.notes).items()))}


def _si_or_flc(config: EvaluateConfig, gold: Gold) -> dict[str, Any]:
    _need_exact(gold, config)
    labelled = config.task == "flc"
    if config.submission:
        found = (submissions.read_spans if labelled else submissions.read_extents)(Path(config.submission), gold)
    elif labelled:
        found = [gold.labels.found(tagged) for tagged in _tag(config, gold)]
    else:
        found = [[Span(*extent, ANY) for extent in marked(tagged, gold.labels)] for tagged in _tag(config, gold)]
    return (LabelledSpanMetrics if labelled else SpanMetrics)().measure(found, gold.spans, config.bootstrap, config.seed)


def _tc(config: EvaluateConfig, gold: Gold) -> dict[str, Any]:
    _need_exact(gold, config)
    if config.submission:
        found = submissions.read_fragments(Path(config.submission), gold)
    else:
        tagger = Tagger.load(_model(config), config.device)
        found = []
        for article, spans in zip(gold.articles, gold.spans, strict=True):
            extents = [(span.start, span.end) for span in spans]
            rankings = dict(zip(extents, tagger.classify(article, extents, gold.asked[article.id]), strict=True))
            found.append(best_labels(extents, rankings))
            gold.notes["fragment of which the model read only a part"] += sum(rankings[extent].truncated for extent in extents)
    return FragmentMetrics().measure(found, gold.spans, config.bootstrap, config.seed)


def _slc(config: EvaluateConfig, gold: Gold) -> dict[str, Any]:
    lines = read_lines(gold, config)
    if config.submission:
        found = submissions.read_line_labels(Path(config.submission), gold, lines)
    else:
        tagger = Tagger.load(_model(config), config.device)
        readings = tagger.read([line.text for line in lines])
        gold.notes["line of which the model read only a part"] += sum(reading.truncated for reading in readings)
        probabilities = tagger.calibration.sentence_probabilities(np.stack([reading.logits for reading in readings]))
        found = (probabilities[:, 0] >= tagger.calibration.thresholds[0]).tolist()
    wanted, articles = [line.positive for line in lines], [line.article for line in lines]
    return LineMetrics().measure(found, wanted, articles, config.bootstrap, config.seed)


def _subtask3(config: EvaluateConfig, gold: Gold) -> dict[str, Any]:
    paragraphs = read_lines(gold, config)
    if config.submission:
        found = submissions.read_paragraph_labels(Path(config.submission), gold, paragraphs)
    else:
        found = _paragraph_labels(_tag(config, gold), gold, paragraphs)
    wanted, articles = [p.techniques for p in paragraphs], [p.article for p in paragraphs]
    return ParagraphMetrics().measure(found, wanted, articles, gold.labels.names, config.bootstrap, config.seed)


def _paragraph_labels(tagged: Sequence[TaggedArticle], gold: Gold, paragraphs: Sequence[Line]) -> list[frozenset[str]]:
    """Return for each paragraph the labels of the techniques that were found in any of its sentences."""
    found: dict[tuple[str, int], set[str]] = {(p.article, p.number): set() for p in paragraphs}
    for article, result in zip(gold.articles, tagged, strict=True):
        for s in result.sentences:
            # Sentences never cross a line break.
            number = article.text.count("\n", 0, s.sentence.start) + 1
            found[article.id, number] |= {gold.labels.by_technique[t] for t in s.techniques if t in gold.labels.by_technique}
    return [frozenset(found[p.article, p.number]) for p in paragraphs]


_TASKS: dict[str, Callable[[EvaluateConfig, Gold], dict[str, Any]]] = {
    "si": _si_or_flc,
    "tc": _tc,
    "flc": _si_or_flc,
    "slc": _slc,
    "subtask3": _subtask3,
}


def _tag(config: EvaluateConfig, gold: Gold) -> list[TaggedArticle]:
    tagged = list(Tagger.load(_model(config), config.device).tag_many(gold.articles))
    gold.notes["sentence of which the model read only a part"] += sum(s.truncated for article in tagged for s in article.sentences)
    return [_asked(found, gold.asked[article.id], gold) for article, found in zip(gold.articles, tagged, strict=True)]


def _asked(tagged: TaggedArticle, labels: LabelSet, gold: Gold) -> TaggedArticle:
    """Take out the techniques that the article's annotators did not look for: nobody knows whether they are there."""
    if labels is gold.labels:
        return tagged
    known, sentences = labels.by_technique, []
    for s in tagged.sentences:
        spans = tuple(span for span in s.spans if span.technique in known)
        gold.notes[submissions.NOT_ASKED] += len(s.spans) - len(spans)
        sentences.append(replace(s, techniques=tuple(t for t in s.techniques if t in known), spans=spans))
    return replace(tagged, sentences=tuple(sentences))


def _model(config: EvaluateConfig) -> str:
    return config.model or ""


def _need_exact(gold: Gold, config: EvaluateConfig) -> None:
    """Refuse labels without a place; where all spans are as published, such over a whole text are as exact as the others."""
    unplaced = (spans for article, spans in zip(gold.articles, gold.spans, strict=True) if not article.meta.get("placed"))
    if any(not span.exact for spans in unplaced for span in spans):
        raise UserError(
            f"{config.corpus.path}: task={config.task} needs exact spans, but {gold.labels.corpus} has labels of whole paragraphs or texts"
        )
