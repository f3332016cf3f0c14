"""The overview of an output folder, and highlighted pages of the articles with the most marks."""

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from proptag import manifest
from proptag.records import Article, Sentence, TaggedArticle, TaggedSentence, TaggedSpan
from proptag.report import html, overview
from proptag.report.overview import Leader, Overview
from proptag.score.summary import Summary
from proptag.score.tables import Part, Row, parts

_GROUPING = ["article_id", "source", "outlet", "date", "sentences"]
_LONGEST = 2000  # sentences of a page; more of them stop browsers
_PAGE = re.compile(r".*-[0-9a-f]{12}\.html")

Group = tuple[str, str]
"""Its kind and its name."""


def write(output: Path, pages: int, model: str, summary: Summary) -> None:
    """Write ``overview.html`` with the totals of ``summary``, and ``pages/`` with the ``pages`` articles of the most marked sentences."""
    leaders = _leaders(output, pages)
    names = {row["article_id"]: page_name(row["article_id"]) for _, row in leaders}
    for path in (output / "pages").glob("*.html"):
        if _PAGE.fullmatch(path.name) and path.name not in names.values():
            path.unlink()
    for part, row in leaders:
        tagged, text = _restored(part, row, model)
        page = html.render(tagged, Article(tagged.id, text, tagged.title))
        manifest.write_text(output / "pages" / names[tagged.id], page)
    listed = [
        Leader(
            row["title"] or row["article_id"], row["article_id"], f"pages/{names[row['article_id']]}",
            ", ".join(filter(None, (row["outlet"], row["author"], row["date"]))), row["marked"], row["sentences"],
            _techniques(part, row["article_id"]),
        )
        for part, row in leaders
    ]  # fmt: skip
    sentences, hits = _count(output)
    manifest.write_text(output / "overview.html", overview.render(Overview(summary, model, sentences, hits, listed)))


def page_name(article_id: str) -> str:
    """Return a file name for an article's page: safe on every system, and unlike that of every other article."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", article_id).strip("-")[:60]
    return f"{readable}-{hashlib.sha256(article_id.encode()).hexdigest()[:12]}.html"


def groups_of(row: Row) -> Iterator[tuple[str, str]]:
    """Yield the groups that an article counts for, as (kind, name): its outlet, its topic folder, its month."""
    if row["outlet"]:
        yield "outlet", row["outlet"]
    folder, slash, _ = row["source"].lstrip("/").partition("/")
    if slash:
        yield "folder", folder
    if re.match(r"\d{4}-\d{2}", row["date"] or ""):
        yield "month", row["date"][:7]


def _count(output: Path) -> tuple[Counter[Group], Counter[tuple[str, str, str]]]:
    """Count the sentences of each group, and those with each technique in the groups that the tables show."""
    sentences = Counter[Group]()
    for part in parts(output):
        for row in part.read("articles", _GROUPING).to_pylist():
            sentences.update(dict.fromkeys(groups_of(row), row["sentences"]))
    shown, hits = overview.shown(sentences), Counter[tuple[str, str, str]]()
    for part in parts(output):
        rows = part.read("articles", _GROUPING).to_pylist()
        groups = {row["article_id"]: [group for group in groups_of(row) if group in shown] for row in rows}
        table = part.read("sentences", ["article_id", "techniques"]).combine_chunks()
        articles = table["article_id"].take(pc.list_parent_indices(table["techniques"])).to_pylist()
        pairs = Counter(zip(articles, pc.list_flatten(table["techniques"]).to_pylist(), strict=True))
        for (article, technique), count in pairs.items():
            for kind, name in groups[article]:
                hits[kind, name, technique] += count
    return sentences, hits


def _leaders(output: Path, number: int) -> list[tuple[Part, Row]]:
    """Return the articles with the most marked sentences, each text once."""
    columns = ["article_id", "title", "author", "outlet", "date", "source", "sentences", "marked", "spans", "duplicate_of"]
    found = (
        (part, row)
        for part in parts(output)
        for row in part.read("articles", columns).to_pylist()
        if row["marked"] and row["duplicate_of"] is None
    )
    return heapq.nsmallest(number, found, key=lambda pair: (-pair[1]["marked"], -pair[1]["spans"], pair[1]["article_id"]))


def _techniques(part: Part, article: str) -> list[tuple[str, int]]:
    spans = part.read("spans", ["article_id", "technique"])
    return Counter(spans.filter(pc.equal(spans["article_id"], article))["technique"].to_pylist()).most_common(4)


def _restored(part: Part, head: Row, model: str) -> tuple[TaggedArticle, str]:
    """Make an article of its rows, the first of them if there are very many.

    Its text has the sentences in their places and only line breaks and blanks between.
    """
    article = head["article_id"]
    spans: dict[int, list[TaggedSpan]] = {}
    for r in _rows_of(part, "spans", article):
        span = TaggedSpan(r["start"], r["end"], r["technique"], r["probability"], r["voice"], r["speaker"])
        spans.setdefault(r["sentence"], []).append(span)
    pieces: list[str] = []
    end, line, sentences = 0, 1, []
    for r in _rows_of(part, "sentences", article)[:_LONGEST]:
        gap = r["start"] - end
        pieces += ["\n".ljust(gap) if gap and r["line"] > line else " " * gap, r["text"]]
        end, line = r["start"] + len(r["text"]), r["line"]
        sentences.append(
            TaggedSentence(
                Sentence(article, r["index"], r["start"], r["end"], r["text"]), r["probabilities"], tuple(r["techniques"]),
                r["propaganda"], r["voice"], r["speaker"], tuple(spans.get(r["index"], ())), r["truncated"],
            )
        )  # fmt: skip
    cut = f" (the first {_LONGEST} of {head['sentences']} sentences)" if head["sentences"] > _LONGEST else ""
    return TaggedArticle(article, head["source"], f"{head['title'] or article}{cut}" if cut else head["title"], tuple(sentences), model), (
        "".join(pieces)
    )


def _rows_of(part: Part, table: str, article: str) -> list[Row]:
    rows = part.read(table)
    found: list[Row] = rows.filter(pc.equal(rows["article_id"], article)).to_pylist()
    return found
