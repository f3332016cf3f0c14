"""Which word n-grams speak for a technique: log-odds ratios with an informative Dirichlet prior.

Monroe, Colaresi and Quinn (2008), "Fightin' Words", equations 16 to 22. An n-gram counts once per article, however often it comes there,
so that no single article can make a phrase typical of a technique.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LONGEST = 4
"""Words in the longest n-gram."""
FEWEST_ARTICLES = 3
"""Articles in which an n-gram must come to be looked at."""
PRIOR = 1000.0
"""Weight of the prior, in pseudo-counts spread over the n-grams of one length as the whole corpus spreads them."""
_WORD = re.compile(r"\w+(?:[-'’]\w+)*|[?!]")


@dataclass(frozen=True, slots=True)
class Ngram:
    """An n-gram with its weight for a technique."""

    words: str
    z: float
    """Log-odds ratio divided by its estimated standard deviation."""
    inside: int
    """Articles that have it in a sentence with the technique."""
    outside: int
    """Articles that have it in a sentence without the technique."""


def ngrams(text: str) -> set[str]:
    """Return the word n-grams of 1 to 4 words in small letters; a question mark or an exclamation mark is a word too."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    return {" ".join(words[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(words) - n + 1)}


class Counts:
    """In how many articles each n-gram comes in a sentence with, and without, each technique."""

    def __init__(self, sentences: Iterable[tuple[str, str, frozenset[str]]]) -> None:
        """Count sentences given as article id, text and techniques."""
        found = [(article, ngrams(text), techniques) for article, text, techniques in sentences]
        articles = Counter(word for word, _ in {(word, article) for article, words, _ in found for word in words})
        kept = {word for word, count in articles.items() if count >= FEWEST_ARTICLES}
        self._sentences = [(article, words & kept, techniques) for article, words, techniques in found]
        self._all = Counter({word: articles[word] for word in kept})

    def most_predictive(self, technique: str, number: int) -> list[Ngram]:
        """Return the ``number`` n-grams that speak most for a technique, highest z first."""
        inside = self._articles([(a, w) for a, w, techniques in self._sentences if technique in techniques])
        outside = self._articles([(a, w) for a, w, techniques in self._sentences if technique not in techniques])
        scored = []
        for length in range(1, LONGEST + 1):
            vocabulary = [word for word in self._all if word.count(" ") == length - 1]
            scored += _scored(vocabulary, inside, outside, self._all)
        return sorted(scored, key=lambda ngram: (-ngram.z, ngram.words))[:number]

    @staticmethod
    def _articles(sentences: Sequence[tuple[str, set[str]]]) -> Counter[str]:
        return Counter(word for word, _ in {(word, article) for article, words in sentences for word in words})


def _scored(vocabulary: list[str], inside: Counter[str], outside: Counter[str], everywhere: Counter[str]) -> list[Ngram]:
    totals = [sum(counts[word] for word in vocabulary) for counts in (inside, outside, everywhere)]
    scored = []
    for word in vocabulary:
        if not inside[word]:
            continue
        prior = PRIOR * everywhere[word] / totals[2]
        first, second = inside[word] + prior, outside[word] + prior
        odds = math.log(first / (totals[0] + PRIOR - first)) - math.log(second / (totals[1] + PRIOR - second))
        scored.append(Ngram(word, odds / math.sqrt(1 / first + 1 / second), inside[word], outside[word]))
    return scored
