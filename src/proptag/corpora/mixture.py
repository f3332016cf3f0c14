"""Several corpora as one: every article once, the versions of an article joined, what one version merged settled by the others.

The news corpora annotate the same articles with finer and finer labels. The version with the first place in ``FAMILY`` gives the text and
the spans; the others settle its merged labels and add the techniques that it did not annotate.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from proptag import taxonomy
from proptag.corpora.faults import Faults
from proptag.records import Article, Span

FAMILY = ("semeval2020", "emnlp2019", "nlp4if2019", "semeval2023")
"""Corpora that annotate the same news articles; the finest sentences first."""

Reader = Callable[[Path, Faults], Iterator[Article]]


def read(parts: Mapping[str, Path], readers: Mapping[str, Reader], faults: Faults) -> Iterator[Article]:
    """Yield the articles of all parts, each once; ``parts`` maps names of readers to paths.

    Left out, and counted in ``faults``: second annotations of a text, and versions whose text differs from the first one's in more than
    white space. An id that two unrelated articles share gets its corpus in front. Raises ``UserError`` for a part that is missing.
    """
    taken: set[str] = set()
    ordered = sorted(parts, key=lambda name: (name in FAMILY, FAMILY.index(name) if name in FAMILY else 0))
    versions: dict[str, list[Article]] = {}
    texts: dict[str, str] = {}
    for name in ordered:
        for article in readers[name](parts[name], faults):
            if name in FAMILY:
                _place(article, versions, texts, faults)
            else:
                yield _with_own_id(article, name, taken)
    for same in versions.values():
        yield _with_own_id(join(same, faults), same[0].corpus, taken)


def _place(article: Article, versions: dict[str, list[Article]], texts: dict[str, str], faults: Faults) -> None:
    """Put a version of a news article beside the others, if it is one; ``texts`` maps the letters of a text to its first article."""
    letters = "".join(article.text.split())
    first = texts.setdefault(letters, article.id)
    if article.id in versions and first != article.id:
        faults.repair("version of an article with another text, left out")
    elif first != article.id:
        faults.repair("second annotation of an article, left out")
    else:
        versions.setdefault(article.id, []).append(article)


def _with_own_id(article: Article, corpus: str, taken: set[str]) -> Article:
    own = article if article.id not in taken else replace(article, id=f"{corpus}/{article.id}")
    taken.add(own.id)
    return own


def join(versions: Sequence[Article], faults: Faults) -> Article:
    """Join the versions of one article, whose texts differ in white space only; the first gives the text.

    A merged label of the first is narrowed to those of its techniques that a later version finds at the same place. Techniques that the
    first did not annotate come from the later versions.
    """
    base, *others = versions
    spans, known = list(base.spans), taxonomy.known_techniques(base)
    for other in others:
        moved = _moved(other, base.text)
        narrowed = [_narrowed(span, moved) for span in spans]
        for old, new in zip(spans, narrowed, strict=True):
            if old.technique != new.technique:
                faults.repair("merged label settled by a finer version" if "|" not in new.technique else "merged label narrowed")
        added = [span for span in moved if known.isdisjoint(span.alternatives)]
        spans = [*narrowed, *added]
        known |= taxonomy.known_techniques(other)
    return replace(base, spans=tuple(sorted(spans)), meta={**base.meta, "known": sorted(known)})


def _narrowed(span: Span, others: Iterable[Span]) -> Span:
    """Keep of a merged span's techniques those that another version finds there; all of them where it finds none."""
    alternatives = set(span.alternatives)
    if len(alternatives) == 1:
        return span
    found = {
        name
        for other in others
        if other.start < span.end and span.start < other.end and alternatives.issuperset(other.alternatives)
        for name in other.alternatives
    }
    order = taxonomy.load().names
    return replace(span, technique="|".join(sorted(found, key=order.index))) if found else span


def _moved(article: Article, text: str) -> list[Span]:
    """Return the article's spans as offsets into ``text``, which has the same letters and other white space."""
    before = list(accumulate((not c.isspace() for c in article.text), initial=0))  # letters before each offset
    places = [offset for offset, c in enumerate(text) if not c.isspace()]
    return [
        replace(span, start=places[before[span.start]], end=places[before[span.end] - 1] + 1)
        for span in article.spans
        if before[span.start] < before[span.end]
    ]
