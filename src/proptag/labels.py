"""A corpus's own label set: what the model finds, in the names that the corpus uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proptag import taxonomy
from proptag.errors import UserError
from proptag.records import Article, Span, TaggedArticle

CANONICAL = "canonical"
Extent = tuple[int, int]


@dataclass(frozen=True)
class LabelSet:
    """The labels of a corpus; one that merged techniques stands for each of them."""

    corpus: str
    techniques: Mapping[str, tuple[str, ...]]
    """The canonical techniques that each label may mean."""

    @classmethod
    def of(cls, corpus: str) -> "LabelSet":
        """Return the label set of a published corpus; of any other name, the canonical techniques."""
        known = taxonomy.load()
        return cls(corpus, known.labels_of(corpus) if corpus in known.corpora else {name: (name,) for name in known.names})

    def within(self, known: frozenset[str]) -> "LabelSet":
        """Return the set without the labels that mean a technique which is not known."""
        return replace(self, techniques={label: names for label, names in self.techniques.items() if known.issuperset(names)})

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, in the taxonomy's order."""
        return tuple(self.techniques)

    @cached_property
    def by_technique(self) -> Mapping[str, str]:
        """The label for each technique that the corpus annotated."""
        return {name: label for label, names in self.techniques.items() for name in names}

    @cached_property
    def _by_gold(self) -> Mapping[str, str]:
        return {"|".join(names): label for label, names in self.techniques.items()}

    def gold(self, article: Article) -> list[Span]:
        """Return an article's spans with labels for techniques; ``UserError`` for a span with a label that the corpus does not have."""
        for span in article.spans:
            if span.technique not in self._by_gold:
                raise UserError(f"article {article.id}: {span.technique!r} at {span.start}:{span.end} is no label of {self.corpus}")
        return [Span(span.start, span.end, self._by_gold[span.technique], span.exact) for span in article.spans]

    def found(self, tagged: TaggedArticle) -> list[Span]:
        """Return the spans that the model found, with labels for techniques, sorted and without overlap within a label.

        A technique that the corpus did not annotate is left out.
        """
        extents: dict[str, list[Extent]] = {}
        for span in (span for sentence in tagged.sentences for span in sentence.spans):
            if label := self.by_technique.get(span.technique):
                extents.setdefault(label, []).append((span.start, span.end))
        return sorted(Span(start, end, label) for label, found in extents.items() for start, end in merge(found))

    def probabilities(self, techniques: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probability (rows, labels) of each label from those of all techniques (rows, techniques) in the taxonomy's order.

        Of a merged label it is 1 - Π(1 - p) over its techniques, the noisy-or.
        """
        return np.stack([1 - np.prod(1 - techniques[:, columns], axis=1) for columns in self.columns], axis=1)

    @cached_property
    def columns(self) -> tuple[list[int], ...]:
        """For each label the places of its techniques in the taxonomy."""
        place = {name: index for index, name in enumerate(taxonomy.load().names)}
        return tuple([place[name] for name in names] for names in self.techniques.values())


def merge(extents: Iterable[Extent]) -> list[Extent]:
    """Join extents (start, end) that share a character; such that only touch stay apart. The result is sorted and disjoint."""
    merged: list[Extent] = []
    for start, end in sorted(extents):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def marked(tagged: TaggedArticle, labels: LabelSet) -> list[Extent]:
    """Return where the model found any technique of a label set: sorted and disjoint."""
    spans = (span for sentence in tagged.sentences for span in sentence.spans)
    return merge((span.start, span.end) for span in spans if span.technique in labels.by_technique)
