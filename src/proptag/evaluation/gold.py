"""The gold of a corpus, in its own labels: articles, their spans, and their lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from proptag import dataset as datasets_
from proptag import taxonomy
from proptag.config import EvaluateConfig
from proptag.corpora.faults import Faults
from proptag.corpora.nlp4if2019 import read_slc
from proptag.errors import UserError
from proptag.labels import LabelSet
from proptag.records import Article, Span
from proptag.segment import lines


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an article that is not blank, or a paragraph where a line holds one."""

    article: str
    number: int
    """Counted from 1, blank lines too, as in the official files."""
    text: str
    techniques: frozenset[str]
    """The gold labels."""
    positive: bool
    """Whether the gold finds any technique in it."""


@dataclass(frozen=True)
class Gold:
    """What is scored: the articles, and their spans in the corpus's labels."""

    articles: Sequence[Article]
    spans: Sequence[Sequence[Span]]
    labels: LabelSet
    ids: frozenset[str]
    """The ids of all articles of the corpus, those that are not scored too."""
    notes: Counter[str] = field(default_factory=Counter)
    """What was repaired or left out while reading, and how often."""

    @cached_property
    def asked(self) -> Mapping[str, LabelSet]:
        """For each scored article the labels that its annotators looked for; in a published corpus all of them."""
        if self.labels.corpus in taxonomy.load().corpora:
            return {article.id: self.labels for article in self.articles}
        return {article.id: self.labels.within(taxonomy.known_techniques(article)) for article in self.articles}


def read_gold(config: EvaluateConfig) -> Gold:
    """Read the corpus; with a dataset, only the articles of its split are scored.

    Raises ``UserError`` for a corpus that is missing, faulty or empty, or of which no article is in the split.
    """
    articles, faults = datasets_.read_corpus(config.corpus)
    notes = Counter(faults.repairs)
    notes["faulty gold row, left out"] += len(faults.messages)
    ids = frozenset(article.id for article in articles)
    if config.dataset:
        wanted = _split_ids(Path(config.dataset), config.split)
        articles = [article for article in articles if article.id in wanted]
        notes["article of the split that the corpus does not have, left out"] += len(wanted - ids)
    if not articles:
        raise UserError(f"{config.corpus.path}: no article of the {config.split} split of {config.dataset} is there")
    labels = LabelSet.of(articles[0].corpus)
    if labels.corpus not in taxonomy.load().corpora:
        articles = [_without_merged(article, config.task, notes) for article in articles]
    spans = [labels.gold(article) for article in articles]
    return Gold(articles, spans, labels, ids, +notes)


def _without_merged(article: Article, task: str, notes: Counter[str]) -> Article:
    """Take one technique of each merged label of users' own data where any will do for the task; else leave the label out."""
    if task in ("si", "slc"):
        return replace(article, spans=tuple(replace(span, technique=span.alternatives[0]) for span in article.spans))
    spans = tuple(span for span in article.spans if len(span.alternatives) == 1)
    notes["merged label, which cannot be scored, left out"] += len(article.spans) - len(spans)
    return replace(article, spans=spans)


def read_lines(gold: Gold, config: EvaluateConfig) -> list[Line]:
    """Return the lines of the scored articles; a label counts where its span covers a character that is not white space.

    With ``config.gold == "lines"`` a line is positive where the corpus's own line labels say so. Raises ``UserError`` if these end before
    the article does, or if there is no line.
    """
    faults = Faults(config.corpus.faults == "fatal")
    official = read_slc(Path(config.corpus.path), faults) if config.gold == "lines" else None
    gold.notes.update({f"line labels: {kind}": count for kind, count in faults.repairs.items()})
    gold.notes["faulty row of the line labels, left out"] += len(faults.messages)
    found = []
    for article, spans in zip(gold.articles, gold.spans, strict=True):
        for start, end in lines(article.text):
            number = article.text.count("\n", 0, start) + 1
            techniques = frozenset(span.technique for span in spans if _covers(span, start, end, article.text))
            positive = bool(techniques) if official is None else _line_label(official, article.id, number, config.corpus.path)
            found.append(Line(article.id, number, article.text[start:end], techniques, positive))
    if not found:
        raise UserError(f"{config.corpus.path}: the scored articles have no line that is not blank")
    return found


def _split_ids(folder: Path, split: str) -> frozenset[str]:
    splits = datasets_.load(folder)
    if split not in splits:
        raise UserError(f"{folder}: there is no split {split!r}; it has {', '.join(splits)}")
    return frozenset(splits[split]["article_id"])


def _covers(span: Span, start: int, end: int, text: str) -> bool:
    return bool(text[max(span.start, start) : min(span.end, end)].strip())


def _line_label(official: dict[str, list[bool]], article: str, number: int, path: str) -> bool:
    labels = official.get(article, [])
    if number > len(labels):
        raise UserError(f"{path}: article {article} has no line label for line {number}; use gold=spans")
    return labels[number - 1]
