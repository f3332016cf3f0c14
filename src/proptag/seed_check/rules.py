"""The rules that the seed articles keep: counts, balance, clean spans, no near-duplicates, no stock phrases."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from proptag import leaks, taxonomy
from proptag.config import CheckSeedsConfig
from proptag.corpora import seeds
from proptag.errors import UserError
from proptag.records import Article, Sentence
from proptag.seed_check.agreement import Agreement, compare
from proptag.seed_check.ngrams import Counts, Ngram
from proptag.sentences import label_sentences

ARTICLES, SENTENCES, SPANS = 240, 5000, 3500
"""Fewest of each."""
TECHNIQUE_SPANS, TECHNIQUE_ARTICLES = 80, 30
"""Fewest spans of every technique, and articles with it."""
PLAIN = (0.45, 0.60)
"""Share of the sentences without a technique."""
PLAIN_REPORT = 3
"""Most spans of a plain report; any other article is a propagandistic piece."""
PROPAGANDISTIC = (8, 20)
"""Fewest and most spans of a propagandistic piece; real ones hold 13 on average."""
TOPICS, GENRES = 12, 10
"""Fewest classes, each of at least ``CLASS_ARTICLES``."""
CLASS_ARTICLES = 3
STOCK_ARTICLES, STOCK_SHARE = 8, 0.8
"""A phrase of two words or more is stock if so many articles have it with a technique, in that share of the sentences that have it."""
REPORTED = 50
"""N-grams listed per technique."""
_EDGES = ",;:-–—"


class SeedCheck:
    """The seed articles of a folder with everything that is counted about them."""

    def __init__(self, articles: Sequence[Article], classes: Mapping[str, Any], twice: Agreement | None = None) -> None:
        """Take the articles, the classes of ``seeds/classes.yaml``, and how two annotations of some articles agree."""
        self.articles = articles
        self.classes = classes
        self.agreement = twice

    @cached_property
    def sentences(self) -> list[tuple[Article, Sentence]]:
        """Every sentence with its article."""
        return [(article, s) for article in self.articles for s in label_sentences(article, "sentences")]

    @cached_property
    def spans(self) -> Counter[str]:
        """Spans by technique."""
        return Counter(span.technique for article in self.articles for span in article.spans)

    @cached_property
    def with_technique(self) -> Counter[str]:
        """Articles by technique."""
        return Counter(name for article in self.articles for name in {span.technique for span in article.spans})

    @cached_property
    def plain_share(self) -> float:
        """Share of the sentences without a technique."""
        return sum(not s.techniques for _, s in self.sentences) / len(self.sentences)

    @cached_property
    def propagandistic(self) -> list[Article]:
        """The articles that are no plain reports."""
        return [article for article in self.articles if len(article.spans) > PLAIN_REPORT]

    @cached_property
    def density(self) -> tuple[float, float]:
        """Mean spans and mean sentences of a propagandistic piece."""
        ids = {article.id for article in self.propagandistic}
        pieces = max(1, len(ids))
        return sum(len(a.spans) for a in self.propagandistic) / pieces, sum(a.id in ids for a, _ in self.sentences) / pieces

    def by_class(self, key: str) -> Counter[str]:
        """Count the articles by class of ``topic``, ``genre`` or ``register``; "" counts those of no class."""
        if key == "register":
            register = {genre: name for name, genres in self.classes["registers"].items() for genre in genres}
            found = Counter[str]()
            for genre, count in self.by_class("genre").items():
                found[register.get(genre, "")] += count
            return found
        return Counter(class_of(str(article.meta[key]), self.classes[f"{key}s"]) for article in self.articles)

    @cached_property
    def ngrams(self) -> dict[str, list[Ngram]]:
        """The n-grams that speak for each technique, all that favour it, strongest first."""
        counts = Counts((article.id, s.text, s.techniques) for article, s in self.sentences)
        return {name: counts.most_predictive(name, 1000) for name in taxonomy.load().names}

    def problems(self) -> list[str]:
        """List every rule that is broken, in words."""
        rules: tuple[Callable[[SeedCheck], Iterable[str]], ...] = (_sizes, _techniques, _balance, _classes, _borders, _duplicates, _stock)
        return [problem for rule in rules for problem in rule(self)]


def class_of(text: str, classes: Mapping[str, Sequence[str]]) -> str:
    """Return the first class one of whose words stands in the text; "" if none does."""
    return next((name for name, words in classes.items() if any(word in text.lower() for word in words)), "")


def _sizes(check: SeedCheck) -> Iterable[str]:
    numbers = (("articles", len(check.articles), ARTICLES), ("sentences", len(check.sentences), SENTENCES))
    for name, number, least in (*numbers, ("spans", check.spans.total(), SPANS)):
        if number < least:
            yield f"{number} {name}, at least {least} are needed"


def _techniques(check: SeedCheck) -> Iterable[str]:
    for name in taxonomy.load().names:
        if check.spans[name] < TECHNIQUE_SPANS or check.with_technique[name] < TECHNIQUE_ARTICLES:
            have = f"{check.spans[name]} spans in {check.with_technique[name]} articles"
            yield f"{name}: {have}, at least {TECHNIQUE_SPANS} in {TECHNIQUE_ARTICLES} are needed"


def _balance(check: SeedCheck) -> Iterable[str]:
    if not PLAIN[0] <= check.plain_share <= PLAIN[1]:
        yield f"{check.plain_share:.1%} of the sentences are without a technique, it should be {PLAIN[0]:.0%} to {PLAIN[1]:.0%}"
    fewest, most = PROPAGANDISTIC
    for article in check.propagandistic:
        if not fewest <= len(article.spans) <= most:
            rule = f"a plain report has at most {PLAIN_REPORT}, a propagandistic piece {fewest} to {most}"
            yield f"{article.id}: {len(article.spans)} spans; {rule}"


def _classes(check: SeedCheck) -> Iterable[str]:
    for key, least in (("topic", TOPICS), ("genre", GENRES)):
        counts = check.by_class(key)
        if counts[""]:
            odd = [a.id for a in check.articles if not class_of(str(a.meta[key]), check.classes[f"{key}s"])]
            yield f"{', '.join(odd)}: the {key} has no class; add a word of it to classes.yaml"
        full = sum(count >= CLASS_ARTICLES for name, count in counts.items() if name)
        if full < least:
            yield f"{full} {key}s with {CLASS_ARTICLES} articles or more, at least {least} are needed"


def _borders(check: SeedCheck) -> Iterable[str]:
    for article in check.articles:
        for span in article.spans:
            words = article.text[span.start : span.end]
            if words[0] in _EDGES or words[-1] in _EDGES:
                yield f"{article.id}: a span begins or ends with outer punctuation: {words[:60]!r}"


def _duplicates(check: SeedCheck) -> Iterable[str]:
    for pair in leaks.near_duplicates(check.articles):
        yield f"{pair.first} and {pair.second} are near-duplicates ({pair.containment:.0%} of the shorter one's word 5-grams)"


def _stock(check: SeedCheck) -> Iterable[str]:
    earned = check.classes.get("phrases", {})
    for technique, found in check.ngrams.items():
        for ngram in found:
            stock = " " in ngram.words and ngram.articles >= STOCK_ARTICLES and ngram.inside >= STOCK_SHARE * (ngram.inside + ngram.outside)
            if stock and not any(phrase in ngram.words for phrase in earned.get(technique, ())):
                count = f"{ngram.articles} articles and {ngram.inside} of {ngram.inside + ngram.outside} sentences"
                yield f"{technique}: the phrase {ngram.words!r} carries it in {count}; vary it"


def read(config: CheckSeedsConfig) -> SeedCheck:
    """Read the articles, their classes and both annotations of some; ``UserError`` for a fault in one of them."""
    path = Path(config.path, "classes.yaml")
    try:
        classes = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; it gives the classes of topics and genres") from None
    articles = list(seeds.read(Path(config.path)))
    if not Path(config.second).exists():
        return SeedCheck(articles, classes)
    return SeedCheck(articles, classes, compare(seeds.read(Path(config.first)), seeds.read(Path(config.second))))
