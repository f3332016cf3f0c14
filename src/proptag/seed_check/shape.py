"""How the sentences with a technique sit in their articles: length, place, neighbours, end marks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median

from proptag.records import Article, Sentence
from proptag.sentences import label_sentences


@dataclass(frozen=True)
class Shape:
    """How technique sentences sit in their text; lengths are in words."""

    plain_words: float
    technique_words: float
    several_spans: float
    """Share of the technique sentences with more than one span."""
    covered: float
    """Share of the technique sentences of which spans cover at least nine tenths."""
    paragraph: tuple[float, float, float]
    """Share with a technique among first, middle and last sentences of paragraphs of three or more."""
    plain_run: float
    """Mean number of plain sentences in a row."""
    marks: tuple[float, float, float, float]
    """Share of technique and of plain sentences that end with a question mark, then with an exclamation mark."""


def shape(articles: Sequence[Article]) -> Shape:
    """Measure how technique sentences sit in their text; the articles must have both kinds of sentences."""
    words: dict[bool, list[int]] = {True: [], False: []}
    ends: dict[bool, list[str]] = {True: [], False: []}
    several, covered, runs = [], [], []
    places: dict[str, list[bool]] = {"first": [], "middle": [], "last": []}
    for article in articles:
        found = label_sentences(article, "sentences")
        run = 0
        for sentence in found:
            marked = bool(sentence.techniques)
            words[marked].append(len(sentence.text.split()))
            ends[marked].append(sentence.text.rstrip("\"'”’)")[-1:])
            if marked:
                parts = [(max(s.start, sentence.start), min(s.end, sentence.end)) for s in article.spans]
                parts = [(start, end) for start, end in parts if start < end]
                several.append(len(parts) > 1)
                inside = {i for start, end in parts for i in range(start, end)}
                covered.append(len(inside) >= 0.9 * (sentence.end - sentence.start))
            if marked and run:
                runs.append(run)
            run = 0 if marked else run + 1
        for paragraph in _paragraphs(article.text, found):
            for i, sentence in enumerate(paragraph):
                places["first" if i == 0 else "last" if i == len(paragraph) - 1 else "middle"].append(bool(sentence.techniques))
    return Shape(
        mean(words[False]),
        mean(words[True]),
        mean(several),
        mean(covered),
        (mean(places["first"]), mean(places["middle"]), mean(places["last"])),
        mean(runs),
        tuple(mean(end == mark for end in ends[marked]) for mark in "?!" for marked in (True, False)),  # type: ignore[arg-type]
    )


def _paragraphs(text: str, sentences: Iterable[Sentence]) -> list[list[Sentence]]:
    """Return the paragraphs of three sentences or more."""
    found: dict[int, list[Sentence]] = {}
    for sentence in sentences:
        found.setdefault(text.count("\n", 0, sentence.start), []).append(sentence)
    return [paragraph for paragraph in found.values() if len(paragraph) > 2]


def length_of_spans(articles: Iterable[Article]) -> dict[str, float]:
    """Return the median length of each technique's spans, in words."""
    lengths: dict[str, list[int]] = {}
    for article in articles:
        for span in article.spans:
            lengths.setdefault(span.technique, []).append(len(article.text[span.start : span.end].split()))
    return {name: median(found) for name, found in lengths.items()}
