"""PTC version 1 in its two releases: of the shared task NLP4IF-2019, and of the EMNLP-2019 paper. 18 techniques, untrimmed spans."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from proptag.corpora import ptc
from proptag.corpora.faults import Faults
from proptag.corpora.rows import Row, number
from proptag.records import Article

CORPUS = "nlp4if2019"
_FLC = ptc.Layout("{}-articles", "{}-labels-FLC", "task-FLC.labels", "{}.task-FLC.labels")
_SLC = ptc.Layout("{}-articles", "{}-labels-SLC", "task-SLC.labels", "{}.task-SLC.labels")
_EMNLP = ptc.Layout("{}", "{}", "labels.tsv", "{}.labels.tsv")
_CLASSES = {"propaganda": True, "non-propaganda": False}


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the articles of every part of the NLP4IF-2019 release that has span labels (task FLC).

    An article that was annotated a second time comes as an article of its own, with the id of the first in
    ``meta["second_annotation_of"]``. Raises ``UserError`` if there are no labels.
    """
    for article in ptc.read_parts(ptc.find_parts(_root(path), (_FLC,), faults), CORPUS, faults):
        yield _with_first(article)


def read_emnlp2019(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the articles of the EMNLP-2019 release: ``article<ID>.labels.tsv`` beside the texts in ``train/``, ``dev/`` and ``test/``.

    Second annotations as in ``read``. Raises ``UserError`` if there are no labels.
    """
    root = ptc.find_root(path, ("datasets", "protechn_corpus_eval"), "*/article*.labels.tsv", "EMNLP-2019 release of PTC")
    for article in ptc.read_parts(ptc.find_parts(root, (_EMNLP,), faults), CORPUS, faults):
        yield _with_first(article)


def read_slc(path: Path, faults: Faults) -> dict[str, list[bool]]:
    """Return the gold of the task SLC by article id: for every line, blank ones included, whether it is labelled as propaganda.

    The annotators' spans say otherwise on some lines; sentence labels are therefore taken from spans. An
    article without rows is left out. Raises ``UserError`` if there are no
    labels.
    """
    found = {}
    for part in ptc.find_parts(_root(path), (_SLC,), faults):
        for article, rows in part.rows("id, line, class", faults).items():
            if rows:
                found[article] = _line_labels(rows, faults)
    return found


def _line_labels(rows: list[Row], faults: Faults) -> list[bool]:
    labels: dict[int, bool] = {}
    for row in rows:
        line, label = number(row.fields[1], row.where, faults), row.fields[2].strip()
        if label not in _CLASSES:
            faults.skip(row.where, f"the class must be one of {', '.join(_CLASSES)}, not {label!r}")
        elif line is not None and line != len(labels) + 1:
            faults.skip(row.where, f"line {line} stands where line {len(labels) + 1} is expected")
        elif line is not None:
            labels[line] = _CLASSES[label]
    return list(labels.values())


def _with_first(article: Article) -> Article:
    """Note the first annotation of a second one: its id is that of the first with a 9 behind it."""
    if len(article.id) == 10 and article.id.endswith("9"):
        return replace(article, meta={**article.meta, "second_annotation_of": article.id[:-1]})
    return article


def _root(path: Path) -> Path:
    return ptc.find_root(path, ("datasets",), "*-articles", "NLP4IF-2019")
