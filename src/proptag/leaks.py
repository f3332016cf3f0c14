"""Finds what must not stand on both sides of a split: near-duplicate articles, and sentences that many articles repeat.

Containment, not Jaccard similarity, decides: the share of the smaller text's word 5-grams that the larger one has too (Broder, 1997,
"On the resemblance and containment of documents"), so that a short article inside a long one is found as well.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from proptag.records import Article

SHINGLE = 5
"""Words in a shingle."""
CONTAINMENT = 0.5
"""Share of the smaller text's shingles that makes a near-duplicate."""
FEWEST_SHARED = 5
"""Shingles that a near-duplicate shares at least; a text with fewer is one only of a text with the same words."""
EXACT_UP_TO = 10_000
"""Articles up to which every pair is compared; beyond, MinHash proposes the pairs."""
_ROWS = 256
_PERMUTATIONS = 256
_CANDIDATES = 0.4  # below CONTAINMENT, since MinHash only estimates
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two near-duplicate articles, ``first < second``."""

    first: str
    second: str
    containment: float
    """Share, from 0.5 to 1, of the smaller one's 5-grams that stand in the other."""


def normalised(text: str) -> str:
    """Return the words in small letters, or the stripped text if it has no word: equal for texts that differ in nothing that counts."""
    return " ".join(_WORD.findall(text.casefold())) or text.strip()


def shingles(text: str) -> frozenset[str]:
    """Return the word 5-grams of a text; of a shorter one all of its words as one, and nothing of an empty one."""
    words = normalised(text).split(" ")
    if len(words) < SHINGLE:
        return frozenset(filter(None, [" ".join(words)]))
    return frozenset(" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))


def near_duplicates(articles: Sequence[Article], exact_up_to: int = EXACT_UP_TO) -> list[Pair]:
    """Return the pairs of near-duplicates, sorted; the ids must differ.

    Up to ``exact_up_to`` articles every pair with a common 5-gram is looked at. Beyond, MinHash LSH Ensemble (Zhu et al., 2016) proposes
    pairs, which may miss a text that is much shorter than its partner. The exact containment decides either way.
    """
    sets = [shingles(article.text) for article in articles]
    shared = _shared(sets) if len(sets) <= exact_up_to else _shared_by_minhash(sets)
    pairs = []
    for i, j, count in shared:
        smaller, larger = sorted((len(sets[i]), len(sets[j])))
        if count >= CONTAINMENT * smaller and (count >= FEWEST_SHARED or count == larger):
            first, second = sorted((articles[i].id, articles[j].id))
            pairs.append(Pair(first, second, count / smaller))
    return sorted(pairs)


def _shared(sets: Sequence[frozenset[str]]) -> Iterator[tuple[int, int, int]]:
    """Yield i < j and the number of common shingles of all pairs that could reach the containment."""
    import numpy as np
    from scipy.sparse import csr_array

    number: dict[str, int] = {}
    columns = np.fromiter((number.setdefault(shingle, len(number)) for found in sets for shingle in found), np.int64)
    sizes = np.array([len(found) for found in sets], np.int64)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    matrix = csr_array((np.ones(len(columns), np.int32), columns, ends), shape=(len(sets), len(number)))
    transposed = matrix.T.tocsr()
    for begin in range(0, len(sets), _ROWS):  # in blocks, since one footer on all articles makes every pair a candidate
        block = (matrix[begin : begin + _ROWS] @ transposed).tocoo()
        first, second = block.coords[0] + begin, block.coords[1]
        kept = (first < second) & (block.data >= CONTAINMENT * np.minimum(sizes[first], sizes[second]))
        yield from zip(first[kept].tolist(), second[kept].tolist(), block.data[kept].tolist(), strict=True)


def _shared_by_minhash(sets: Sequence[frozenset[str]]) -> Iterator[tuple[int, int, int]]:
    """Yield i < j and the number of common shingles of the pairs that MinHash finds likely."""
    from datasketch import MinHash, MinHashLSHEnsemble

    filled = [i for i, found in enumerate(sets) if found]
    sketches = {i: MinHash(num_perm=_PERMUTATIONS) for i in filled}
    for i, sketch in sketches.items():
        sketch.update_batch([shingle.encode() for shingle in sets[i]])
    ensemble = MinHashLSHEnsemble(threshold=_CANDIDATES, num_perm=_PERMUTATIONS, num_part=16)
    ensemble.index((i, sketches[i], len(sets[i])) for i in filled)
    # The query is the contained text, so either of a pair may find the other.
    found = {(min(i, j), max(i, j)) for i in filled for j in ensemble.query(sketches[i], len(sets[i])) if i != j}
    yield from ((i, j, len(sets[i] & sets[j])) for i, j in sorted(found))


def groups(ids: Iterable[str], pairs: Iterable[Pair]) -> dict[str, str]:
    """Map every id to its group: all that near-duplicates join, directly or over others, named by the smallest id."""
    group = {name: name for name in ids}

    def root(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    for pair in pairs:
        first, second = sorted((root(pair.first), root(pair.second)))
        group[second] = first
    return {name: root(name) for name in group}


def boilerplate(texts: Mapping[str, Iterable[str]], group: Mapping[str, str]) -> frozenset[str]:
    """Return the normalised sentences that stand in articles of more than one group; ``texts`` has each article's sentences."""
    seen: dict[str, str] = {}
    recurring = set()
    for article, sentences in texts.items():
        for key in map(normalised, sentences):
            if seen.setdefault(key, group[article]) != group[article]:
                recurring.add(key)
    return frozenset(recurring)


def count(texts: Mapping[str, Sequence[str]], pairs: Sequence[Pair], group: Mapping[str, str]) -> dict[str, int]:
    """Count the near-duplicates, and the sentences that several groups have in common; ``texts`` has each article's sentences."""
    recurring = boilerplate(texts, group)
    return {
        "near-duplicate pairs": len(pairs),
        "articles with a near-duplicate": len({name for pair in pairs for name in (pair.first, pair.second)}),
        "groups of near-duplicates": sum(size > 1 for size in Counter(group.values()).values()),
        "boilerplate sentences": sum(normalised(text) in recurring for sentences in texts.values() for text in sentences),
    }
