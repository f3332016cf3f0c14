"""SemEval-2020 Task 11 (PTC version 2): the unpacked ``datasets-v2.tgz``.

The archive of the task and the later release name the same label files differently; both are read.
"""

from collections.abc import Iterator
from pathlib import Path

from proptag.corpora import ptc
from proptag.corpora.faults import Faults
from proptag.records import Article

_ARTICLES = "{}-articles"
_TC = (
    ptc.Layout(_ARTICLES, "{}-labels-task2-technique-classification", "task2-TC.labels", "{}-task2-TC.labels"),
    ptc.Layout(_ARTICLES, "{}-labels-task-flc-tc", "task-flc-tc.labels", "{}-task-flc-tc.labels"),
)


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the articles of every part that has technique labels, in the order train, dev, test; ``path`` is ``datasets`` or its parent.

    An article with an empty label file, or without a row in the merged file, is annotated and has no spans. Raises ``UserError`` if there
    are no labels.
    """
    yield from ptc.read_parts(ptc.find_parts(_root(path), _TC, faults), "semeval2020", faults)


def _root(path: Path) -> Path:
    return ptc.find_root(path, ("datasets",), "*-articles", "SemEval-2020 Task 11")
