"""The types that flow through proptag: frozen dataclasses without any I/O.

All offsets are Unicode code points into ``Article.text``, end exclusive.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Voice = Literal["author", "quoted", "mixed"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of an article's text that carries one technique."""

    start: int
    end: int
    technique: str
    """A canonical name; several joined by ``|`` where the corpus merged them: at least one of these."""
    exact: bool = True
    """False for a label of a whole line or paragraph: the technique is somewhere in it."""

    @property
    def alternatives(self) -> tuple[str, ...]:
        """The techniques that the span may carry: one, or several where the corpus merged them."""
        return tuple(self.technique.split("|"))

    def __post_init__(self) -> None:
        """Refuse an empty or reversed span."""
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span needs 0 <= start < end, not {self.start}:{self.end} ({self.technique})")


@dataclass(frozen=True, slots=True)
class Article:
    """A text with what is known about it; ``spans`` is empty for a text that nobody annotated."""

    id: str
    text: str
    title: str = ""
    spans: tuple[Span, ...] = ()
    corpus: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a span that ends beyond the text."""
        for span in self.spans:
            if span.end > len(self.text):
                raise ValueError(
                    f"article {self.id}: the span {span.start}:{span.end} ({span.technique}) "
                    f"ends beyond the text of {len(self.text)} characters"
                )


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an article; ``article.text[start:end] == text``."""

    article_id: str
    index: int
    start: int
    end: int
    text: str
    techniques: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    """The techniques whose presence or absence is known; any other is unknown here, not absent."""
    any_of: frozenset[str] = frozenset()
    """Merged labels, names joined by ``|``: the sentence has at least one technique of each."""
    propaganda: bool | None = None
    """Whether it uses any technique; None where a label of a longer passage leaves that open."""


@dataclass(frozen=True, slots=True)
class TaggedSpan:
    """A stretch of text in which the model finds a technique, and who is speaking there."""

    start: int
    end: int
    technique: str
    probability: float
    """Mean calibrated probability, over the span's tokens, that the token carries the technique."""
    voice: Voice = "author"
    speaker: str | None = None
    """Who is quoted, as the text names them; None for the author's own voice or an unnamed speaker."""


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence with the model's findings."""

    sentence: Sentence
    probabilities: Mapping[str, float]
    """Calibrated probability of every technique of the taxonomy."""
    techniques: tuple[str, ...]
    """The techniques whose probability reaches their threshold, most probable first."""
    propaganda: float
    """Calibrated probability that the sentence uses any technique at all."""
    voice: Voice
    speaker: str | None
    spans: tuple[TaggedSpan, ...]
    truncated: bool = False
    """True if the sentence was longer than the model reads; only its beginning was judged then."""


@dataclass(frozen=True, slots=True)
class TaggedArticle:
    """An article with every sentence tagged."""

    id: str
    source: str
    title: str
    sentences: tuple[TaggedSentence, ...]
    model: str

    @property
    def counts(self) -> dict[str, int]:
        """Number of spans per technique, most frequent first, then by name."""
        found = Counter(span.technique for sentence in self.sentences for span in sentence.spans)
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def density(self) -> float:
        """Share of the sentences, from 0 to 1, in which at least one technique was found."""
        return sum(bool(s.techniques) for s in self.sentences) / len(self.sentences) if self.sentences else 0.0
