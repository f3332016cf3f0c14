"""Which articles stand on which side: splits and folds by article, near-duplicates together."""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from proptag import leaks
from proptag.errors import UserError
from proptag.records import Article, Sentence
from proptag.sentences import label_sentences, segmenter_of


@dataclass(frozen=True)
class Labelled:
    """Articles cut into labelled sentences; ``groups`` maps each article id to the id of its near-duplicates' group."""

    articles: Mapping[str, Article]
    sentences: Mapping[str, Sequence[Sentence]]
    groups: Mapping[str, str]
    pairs: Sequence[leaks.Pair]

    @property
    def leak_counts(self) -> dict[str, int]:
        """What the leak guard found, by kind."""
        return leaks.count({i: [s.text for s in found] for i, found in self.sentences.items()}, self.pairs, self.groups)


def label_articles(articles: Iterable[Article], segmenter: str) -> Labelled:
    """Cut articles into labelled sentences and find their near-duplicates; ``UserError`` if an id stands twice."""
    by_id: dict[str, Article] = {}
    for article in articles:
        if by_id.setdefault(article.id, article) is not article:
            raise UserError(f"two articles have the id {article.id!r}; give each its own")
    sentences = {a.id: label_sentences(a, segmenter_of(a, segmenter)) for a in by_id.values()}
    pairs = leaks.near_duplicates(list(by_id.values()))
    found = {(pair.first, pair.second) for pair in pairs}
    pairs += [pair for pair in _second_annotations(by_id) if (pair.first, pair.second) not in found]
    return Labelled(by_id, sentences, leaks.groups(by_id, pairs), pairs)


def _second_annotations(articles: Mapping[str, Article]) -> Iterator[leaks.Pair]:
    """Yield the articles that a corpus itself calls second annotations of others."""
    for article in articles.values():
        first = article.meta.get("second_annotation_of")
        if first in articles:
            yield leaks.Pair(min(article.id, str(first)), max(article.id, str(first)), 1.0)


def assign(corpus: Labelled, shares: Sequence[float], seed: int, among: Collection[str] | None = None) -> list[list[str]]:
    """Distribute the articles (those of ``among``, or all) over parts of the wanted shares of sentences and labels, by whole groups.

    Returns the sorted article ids of each part.
    """
    ids = sorted(corpus.articles if among is None else among)
    counts = {corpus.groups[i]: Counter[str]() for i in ids}
    sizes = Counter[str]()
    for i in ids:
        counts[corpus.groups[i]].update(t for s in corpus.sentences[i] for t in s.techniques | s.any_of)
        sizes[corpus.groups[i]] += len(corpus.sentences[i])
    where = {group: part for part, found in enumerate(split_articles(counts, sizes, shares, seed)) for group in found}
    return [[i for i in ids if where[corpus.groups[i]] == part] for part in range(len(shares))]


def split_articles(labels: Mapping[str, Counter[str]], sizes: Mapping[str, int], shares: Sequence[float], seed: int) -> list[list[str]]:
    """Distribute articles over parts so that every label, and the sentences, come close to the wanted shares.

    ``labels`` counts per article id how many of its sentences have each label; ``sizes`` counts its sentences. The articles with most
    labels are placed first, each where its labels are missed most: iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011)
    with whole articles as the items. The same seed gives the same parts.
    """
    order = sorted(labels)
    random.Random(seed).shuffle(order)  # noqa: S311  (a split, not a secret)
    order.sort(key=lambda article: -labels[article].total())
    contents = {article: labels[article] + Counter({"": sizes[article]}) for article in order}
    totals = sum(contents.values(), Counter[str]())
    filled = [Counter[str]() for _ in shares]
    parts: list[list[str]] = [[] for _ in shares]

    def lack(part: int, content: Counter[str]) -> float:
        """Return how much of what the article brings the part still wants, each label weighing the same."""
        wanted = ((shares[part] - filled[part][label] / totals[label]) * count / totals[label] for label, count in content.items())
        return sum(wanted) / shares[part]

    for article in order:
        part = max((p for p in range(len(shares)) if shares[p] > 0), key=lambda p: lack(p, contents[article]))
        filled[part].update(contents[article])
        parts[part].append(article)
    return [sorted(part) for part in parts]
