"""How far two annotations of the same articles agree, by sentence and by span."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from proptag.errors import UserError
from proptag.records import Article, Span
from proptag.sentences import label_sentences

ANY = "any technique"


@dataclass(frozen=True, slots=True)
class Pairs:
    """How often both annotators marked something, only the first, or only the second."""

    both: int = 0
    first: int = 0
    second: int = 0

    @property
    def f1(self) -> float:
        """The F1 of either against the other, 0 to 1; 1 if neither marked anything."""
        marked = 2 * self.both + self.first + self.second
        return 2 * self.both / marked if marked else 1.0

    def __add__(self, other: "Pairs") -> "Pairs":
        """Add the counts."""
        return Pairs(self.both + other.both, self.first + other.first, self.second + other.second)


@dataclass
class Agreement:
    """Agreement over all articles that were annotated twice."""

    articles: int = 0
    sentences: dict[str, Pairs] = field(default_factory=dict)
    """By technique, and of ``ANY``: over sentences."""
    spans: dict[str, Pairs] = field(default_factory=dict)
    """By technique: over spans of exactly the same borders."""

    @property
    def micro(self) -> Pairs:
        """The techniques' sentences together."""
        return sum((pairs for name, pairs in self.sentences.items() if name != ANY), Pairs())

    @property
    def exact(self) -> Pairs:
        """All spans together."""
        return sum(self.spans.values(), Pairs())


def compare(first: Iterable[Article], second: Iterable[Article]) -> Agreement:
    """Compare the second annotations with the first ones of the same ids.

    Raises ``UserError`` if an article has no first annotation, or another text there.
    """
    by_id = {article.id: article for article in first}
    found = Agreement()
    for other in second:
        if other.id not in by_id:
            raise UserError(f"{other.id}: annotated a second time, but there is no first annotation")
        one = by_id[other.id]
        if one.text != other.text:
            raise UserError(f"{other.id}: the two annotations have different texts")
        found.articles += 1
        for a, b in zip(label_sentences(one, "sentences"), label_sentences(other, "sentences"), strict=True):
            _count(found.sentences, _labels(a.techniques), _labels(b.techniques))
        _count(found.spans, _spans(one.spans), _spans(other.spans))
    return found


def _labels(techniques: Iterable[str]) -> Counter[tuple[str, int]]:
    names = Counter((name, 0) for name in techniques)
    return names + Counter({(ANY, 0): 1}) if names else names


def _spans(spans: Iterable[Span]) -> Counter[tuple[str, int, int]]:
    return Counter((span.technique, span.start, span.end) for span in spans)


def _count(into: dict[str, Pairs], first: Counter[tuple], second: Counter[tuple]) -> None:  # type: ignore[type-arg]
    """Add what two annotators marked, each item a tuple that begins with the technique."""
    for item in first | second:
        pairs = Pairs(int(item in first and item in second), int(item not in second), int(item not in first))
        into[item[0]] = into.get(item[0], Pairs()) + pairs
