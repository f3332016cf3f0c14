"""Which word n-grams speak for a technique: log-odds ratios with an informative Dirichlet prior.

Monroe, Colaresi and Quinn (2008), "Fightin' Words", equations 16 to 22, over sentences. An n-gram is listed only if several articles have
it in sentences with the technique, so that no single article can make a phrase typical.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 4
"""Words in the longest n-gram."""
FEWEST_ARTICLES = 3
"""Articles in which an n-gram must come with a technique to be looked at."""
PRIOR = 1000.0
"""Weight of the prior, in pseudo-counts spread over the n-grams of one length as the whole corpus spreads them."""
_WORD = re.compile(r"\w+(?:[-'’]\w+)*|[?!]")


@dataclass(frozen=True, slots=True)
class Ngram:
    """An n-gram with its weight for a technique."""

    words: str
    z: float
    """Log-odds ratio divided by its estimated standard deviation."""
    articles: int
    """Articles that have it in a sentence with the technique."""
    inside: int
    """Sentences that have it, with the technique."""
    outside: int
    """Sentences that have it, without the technique."""


def ngrams(text: str) -> set[str]:
    """Return the word n-grams of 1 to 4 words in small letters; a question mark or an exclamation mark is a word too."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    return {" ".join(words[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(words) - n + 1)}


class Counts:
    """The n-grams of annotated sentences."""

    def __init__(self, sentences: Iterable[tuple[str, str, frozenset[str]]]) -> None:
        """Count sentences given as article id, text and techniques."""
        found = [(article, ngrams(text), techniques) for article, text, techniques in sentences]
        counts = Counter(word for _, words, _ in found for word in words)
        self._everywhere = Counter({word: count for word, count in counts.items() if count >= FEWEST_ARTICLES})
        kept = self._everywhere.keys()
        self._sentences = [(article, words & kept, techniques) for article, words, techniques in found]
        self._totals = _totals(self._everywhere)

    def most_predictive(self, technique: str, number: int) -> list[Ngram]:
        """Return the ``number`` n-grams that speak most for a technique, highest z first."""
        having = [(article, words) for article, words, techniques in self._sentences if technique in techniques]
        inside = Counter(word for _, words in having for word in words)
        articles = Counter(word for word, _ in {(word, article) for article, words in having for word in words})
        totals = _totals(inside)
        scored = []
        for word in (word for word, count in articles.items() if count >= FEWEST_ARTICLES):
            length, outside = word.count(" "), self._everywhere[word] - inside[word]
            prior = PRIOR * self._everywhere[word] / self._totals[length]
            first, second = inside[word] + prior, outside + prior
            rest = totals[length] + PRIOR - first, self._totals[length] - totals[length] + PRIOR - second
            odds = math.log(first / rest[0]) - math.log(second / rest[1])
            scored.append(Ngram(word, odds / math.sqrt(1 / first + 1 / second), articles[word], inside[word], outside))
        return sorted(scored, key=lambda ngram: (-ngram.z, ngram.words))[:number]


def _totals(counts: Counter[str]) -> Counter[int]:
    """Add up the counts of the n-grams of each length."""
    totals = Counter[int]()
    for word, count in counts.items():
        totals[word.count(" ")] += count
    return totals
