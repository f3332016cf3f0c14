"""Articles to sentences with what their spans say of each."""

from dataclasses import replace

from proptag import taxonomy
from proptag.records import Article, Sentence, Span
from proptag.segment import SEGMENTERS


def segmenter_of(article: Article, wanted: str) -> str:
    """Return the segmenter for an article: the wanted one, or with ``auto`` the one that its corpus needs."""
    if wanted != "auto":
        return wanted
    return "lines" if article.corpus in taxonomy.load().corpora else "sentences"


def label_sentences(article: Article, segmenter: str) -> list[Sentence]:
    """Cut an article into sentences with what its spans say of each.

    A sentence has the techniques whose spans cover a non-space character of it. A merged label says "at least one of these", and the
    label of a passage longer than the sentence says "perhaps"; both leave the techniques in question unknown.
    """
    known = taxonomy.known_techniques(article)
    return [
        _label(article, known, Sentence(article.id, index, start, end, article.text[start:end]))
        for index, (start, end) in enumerate(SEGMENTERS[segmenter](article.text))
    ]


def _label(article: Article, known: frozenset[str], sentence: Sentence) -> Sentence:
    spans = [span for span in article.spans if inside(span, sentence.start, sentence.end, article.text)]
    sure = [span for span in spans if span.exact or _within(span, sentence, article.text)]
    techniques = frozenset(span.technique for span in sure if len(span.alternatives) == 1)
    merged = frozenset(span.technique for span in sure if len(span.alternatives) > 1)
    any_of = frozenset(label for label in merged if techniques.isdisjoint(label.split("|")))
    unclear = {name for span in spans if span not in sure for name in span.alternatives} | {n for label in merged for n in label.split("|")}
    return replace(
        sentence,
        techniques=techniques,
        known=(known - unclear) | techniques,
        any_of=any_of,
        propaganda=True if sure else None if unclear else False,
    )


def _within(span: Span, sentence: Sentence, text: str) -> bool:
    """Tell whether no word of the span lies outside of the sentence."""
    return not (text[span.start : max(span.start, sentence.start)] + text[min(span.end, sentence.end) : span.end]).strip()


def inside(span: Span, start: int, end: int, text: str) -> tuple[int, int] | None:
    """Return the part of a span in ``start:end``, counted from ``start``; None if it holds only white space."""
    first, last = max(span.start, start), min(span.end, end)
    return (first - start, last - start) if first < last and text[first:last].strip() else None
