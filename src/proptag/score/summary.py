"""The totals of an output folder."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.compute as pc

from proptag import manifest
from proptag.score.tables import read_each

NAME = "summary.json"
_SKIPPED = "language"  # the kind of problem that is a wish and no failure


@dataclass(frozen=True)
class Summary:
    """What an output folder holds."""

    files: int
    articles: int
    duplicates: int
    sentences: int
    marked: int
    """Sentences with a technique."""
    spans: int
    failed: int
    """Files and rows of tables that could not be read."""
    skipped: int
    """Those in a language that is not wanted."""
    reasons: dict[str, int]
    """Rows of ``errors/`` by kind."""
    techniques: dict[str, int]
    """Spans of each technique."""

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.articles} articles ({self.duplicates} of them with the text of another) in {self.files} files, "
            f"{self.sentences} sentences, {self.marked} of them with a technique, {self.spans} spans, "
            f"{self.failed} failed, {self.skipped} in other languages"
        )

    @property
    def failed_share(self) -> float:
        """Share of what was to be scored that could not be read, from 0 to 1; other languages count on neither side."""
        return self.failed / max(self.failed + self.articles, 1)

    def write(self, output: Path) -> None:
        """Write ``summary.json``."""
        manifest.write_text(output / NAME, json.dumps(asdict(self), indent=2) + "\n")


def summarise(output: Path) -> Summary:
    """Count what the parts hold."""
    totals, techniques, reasons = Counter[str](), Counter[str](), Counter[str]()
    for table in read_each(output, "articles", ["sentences", "marked", "spans", "duplicate_of"]):
        totals["articles"] += len(table)
        totals["duplicates"] += len(table) - table["duplicate_of"].null_count
        for name in ("sentences", "marked", "spans"):
            totals[name] += pc.sum(table[name]).as_py() or 0
    for table in read_each(output, "files", ["source"]):
        totals["files"] += len(table)
    for table in read_each(output, "spans", ["technique"]):
        techniques.update({pair["values"]: pair["counts"] for pair in pc.value_counts(table["technique"]).to_pylist()})
    for table in read_each(output, "errors", ["kind"]):
        reasons.update(table["kind"].to_pylist())
    return Summary(
        totals["files"], totals["articles"], totals["duplicates"], totals["sentences"], totals["marked"], totals["spans"],
        reasons.total() - reasons[_SKIPPED], reasons[_SKIPPED], _ranked(reasons), _ranked(techniques),
    )  # fmt: skip


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
