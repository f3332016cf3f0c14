"""Users' own annotated texts as JSON Lines: an object with ``id``, ``text`` and ``spans`` or ``labels`` in every line."""

from collections.abc import Iterator
from pathlib import Path

from proptag.corpora.faults import Faults
from proptag.corpora.rows import read_json_lines
from proptag.corpora.users import data_files, make_article, unique
from proptag.records import Article

_KEYS = frozenset({"id", "text", "title", "spans", "labels", "known"})


def read(path: Path, faults: Faults) -> Iterator[Article]:
    """Yield the texts of a ``.jsonl`` file, or of a folder of them.

    A text without a technique has ``"spans": []``: one with neither spans nor labels is not annotated, which is a fault. So is a key that
    the format does not have. Raises ``UserError`` if nothing is there.
    """
    yield from unique(_articles(path, faults), faults)


def _articles(path: Path, faults: Faults) -> Iterator[tuple[str, Article | None]]:
    for file in data_files(path, ".jsonl"):
        for where, row in read_json_lines(file, faults):
            if unknown := sorted(row.keys() - _KEYS):
                faults.skip(where, f"unknown key {unknown[0]!r}; the keys are {', '.join(sorted(_KEYS))}")
            elif "spans" not in row and "labels" not in row:
                faults.skip(where, 'neither spans nor labels: not annotated; write "spans": [] for a text without a technique')
            else:
                yield where, make_article(row, "jsonl", where, faults)
