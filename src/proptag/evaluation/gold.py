"""The gold of a corpus, in its own labels: articles, their spans, and their lines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from proptag import dataset as datasets_
from proptag.config import EvaluateConfig
from proptag.corpora import READERS
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


def read_gold(config: EvaluateConfig) -> Gold:
    """Read the corpus; with a dataset, only the articles of its split are scored.

    Raises ``UserError`` for a corpus that is missing or faulty, or of which no article is in the split.
    """
    path, faults = Path(config.corpus.path), Faults(config.corpus.faults == "fatal")
    articles = list(READERS[config.corpus.name](path, faults))
    notes = Counter(faults.repairs)
    notes["faulty gold row, left out"] += len(faults.messages)
    ids = frozenset(article.id for article in articles)
    if config.dataset:
        wanted = _split_ids(Path(config.dataset), config.split)
        articles = [article for article in articles if article.id in wanted]
        notes["article of the split that the corpus does not have, left out"] += len(wanted - ids)
    if not articles:
        raise UserError(f"{path}: no article " + (f"of the {config.split} split of {config.dataset} is there" if ids else "is there"))
    labels = LabelSet.of(articles[0].corpus)
    return Gold(articles, [labels.gold(article) for article in articles], labels, ids, +notes)


def read_lines(gold: Gold, config: EvaluateConfig) -> list[Line]:
    """Return the lines of the scored articles; a label counts where its span covers a character that is not white space.

    With ``config.gold == "lines"`` a line is positive where the corpus's own line labels say so. Raises ``UserError`` if these end before
    the article does.
    """
    official = read_slc(Path(config.corpus.path), Faults(config.corpus.faults == "fatal")) if config.gold == "lines" else None
    found = []
    for article, spans in zip(gold.articles, gold.spans, strict=True):
        for start, end in lines(article.text):
            number = article.text.count("\n", 0, start) + 1
            techniques = frozenset(span.technique for span in spans if _covers(span, start, end, article.text))
            positive = bool(techniques) if official is None else _line_label(official, article.id, number, config.corpus.path)
            found.append(Line(article.id, number, article.text[start:end], techniques, positive))
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
