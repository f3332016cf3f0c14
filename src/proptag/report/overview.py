"""A whole folder on one self-contained HTML page: techniques by outlet, folder and month, and the articles with the most marks."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proptag import taxonomy
from proptag.report.html import environment
from proptag.report.pieces import COLOURS

_KINDS = {"outlet": "outlet", "folder": "folder", "month": "month"}
_COLUMNS = 24
"""Most groups that a table shows: those with the most sentences, of the months the last ones."""


@dataclass(frozen=True)
class Leader:
    """An article with many marks."""

    title: str
    source: str
    page: str
    """Where its highlighted page is, relative to the overview."""
    about: str
    marked: int
    sentences: int
    techniques: list[tuple[str, int]]
    """The most frequent ones, with their spans."""


@dataclass(frozen=True)
class Overview:
    """What the page shows."""

    summary: Any
    """The totals, as ``proptag.score.summary.Summary`` has them."""
    model: str
    sentences: Mapping[tuple[str, str], int]
    """Number of sentences by kind of group and group."""
    hits: Mapping[tuple[str, str, str], int]
    """Those of them with a technique, by kind, group and technique; of the groups that are ``shown``."""
    leaders: list[Leader]


def render(found: Overview) -> str:
    """Return the page; all text is escaped, and nothing is loaded from elsewhere."""
    techniques = found.summary.techniques
    return environment().get_template("overview.html.j2").render(
        summary=found.summary,
        model=found.model,
        most=max(techniques.values(), default=1),
        tables=[table for kind in _KINDS if (table := _table(kind, found, list(techniques)))],
        leaders=found.leaders,
        legend=[(group, COLOURS[group], about) for group, about in taxonomy.load().groups.items()],
    )  # fmt: skip


def shown(sentences: Mapping[tuple[str, str], int]) -> set[tuple[str, str]]:
    """Return the groups, as (kind, name), that the tables have columns for."""
    return {(kind, name) for kind in _KINDS for name in _columns(kind, _sizes(kind, sentences))}


def _sizes(kind: str, sentences: Mapping[tuple[str, str], int]) -> Counter[str]:
    return Counter({name: count for (k, name), count in sentences.items() if k == kind and count})


def _columns(kind: str, sizes: Counter[str]) -> list[str]:
    return sorted(sizes)[-_COLUMNS:] if kind == "month" else [name for name, _ in sizes.most_common(_COLUMNS)]


def _table(kind: str, found: Overview, techniques: list[str]) -> dict[str, Any] | None:
    """Lay out the shares of sentences with each technique (rows) in each group (columns); None where there are no groups."""
    sizes = _sizes(kind, found.sentences)
    if not sizes or not techniques:
        return None
    columns = _columns(kind, sizes)
    shares = {t: [found.hits.get((kind, name, t), 0) / sizes[name] for name in columns] for t in techniques}
    rows = [{"technique": t, "shares": row, "most": max(row)} for t, row in shares.items() if max(row)]
    return {"kind": _KINDS[kind], "columns": [(name, sizes[name]) for name in columns], "rows": rows, "left_out": len(sizes) - len(columns)}
