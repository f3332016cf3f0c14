"""What the formats of users' own data share: canonical names, offsets that are checked, labels of whole texts, ids.

A text with a fault is left out whole, since a label that is lost would count as absent.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from proptag import taxonomy
from proptag.corpora.faults import Faults
from proptag.corpora.rows import is_text, make_span, once, whole_text
from proptag.errors import UserError
from proptag.records import Article, Span


def data_files(path: Path, *suffixes: str) -> list[Path]:
    """Return the file, or a folder's files with one of the suffixes in the order of their names; ``UserError`` if there is none."""
    if path.is_file():
        return [path]
    if files := sorted(file for file in path.glob("*") if file.suffix.lower() in suffixes):
        return files
    raise UserError(f"{path}: no {' or '.join(suffixes)} file there; docs/data.md describes the formats")


def make_article(row: Mapping[str, Any], corpus: str, where: str, faults: Faults) -> Article | None:
    """Make an article of ``id``, ``text``, ``title``, ``spans``, ``labels`` and ``known``; None, and a fault, if anything is wrong with it.

    ``spans`` are objects with ``start``, ``end``, ``technique`` and, to be checked, ``text``; ``labels`` are techniques of the whole text;
    ``known`` are the techniques that were looked for, all of them where it is left out.
    """
    before = len(faults.messages)
    text, spans, labels, known = row.get("text"), row.get("spans", []), row.get("labels", []), row.get("known")
    if not is_text(text):
        faults.skip(where, "needs a text")
    elif not is_text(str(row.get("id", ""))) or row["id"] is None:
        faults.skip(where, "needs an id")
    elif not all(isinstance(value, list) for value in (spans, labels, known if known is not None else [])):
        faults.skip(where, "spans, labels and known must be lists")
    else:
        found = [_span(value, text, where, faults) for value in spans]
        found += [whole_text(text, name) for label in labels if (name := technique_name(label, where, faults))]
        names = [technique_name(name, where, faults) for name in known or ()]
        kept = once([span for span in found if span], faults)
        if known is not None:
            check_known((span.technique for span in kept), names, where, faults)
        if len(faults.messages) == before:
            meta = {} if known is None else {"known": tuple(names)}
            return Article(str(row["id"]), text, str(row.get("title") or ""), kept, corpus, meta)
    return None


def check_known(marked: Iterable[str], known: Iterable[str | None], where: str, faults: Faults) -> None:
    """Note a fault if a technique is marked that nobody is said to have looked for, or if names among the known ones are joined."""
    known = set(known)
    if joined := sorted(name for name in known if name and "|" in name):
        faults.skip(where, f"known: {joined[0]!r} joins several techniques; give each by itself")
    elif outside := sorted({name for label in marked for name in label.split("|")} - known):
        faults.skip(where, f"{', '.join(outside)} is marked, but not among the known techniques")


def technique_name(label: object, where: str, faults: Faults) -> str | None:
    """Check that a label is a canonical name, or several joined by ``|`` (at least one of them); a fault gives the near names."""
    for name in str(label).split("|"):
        try:
            taxonomy.load()[name]
        except UserError as error:
            faults.skip(where, str(error))
            return None
    return str(label)


def unique(articles: Iterable[tuple[str, Article | None]], faults: Faults) -> Iterator[Article]:
    """Yield the articles whose id did not occur before, given with where they stand; any other is a fault."""
    seen: set[str] = set()
    for where, article in articles:
        if article and article.id in seen:
            faults.skip(where, f"the id {article.id!r} stands twice")
        elif article:
            seen.add(article.id)
            yield article


def second_annotations(articles: Iterable[Article | None]) -> Iterator[Article]:
    """Yield the articles; one whose id occurred before is another annotator's: it gets an id of its own and names the first."""
    seen = Counter[str]()
    for article in articles:
        if article:
            seen[article.id] += 1
            if (count := seen[article.id]) > 1:
                meta = {**article.meta, "second_annotation_of": article.id}
                yield replace(article, id=f"{article.id}-annotation-{count}", meta=meta)
            else:
                yield article


def split_names(value: object) -> list[object]:
    """Return the names of a cell: a list as it is, or a text in which they are separated by ``|``."""
    if isinstance(value, str):
        return [name.strip() for name in value.split("|") if name.strip()]
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _span(value: Any, text: str, where: str, faults: Faults) -> Span | None:  # noqa: ANN401  (whatever JSON holds)
    if not isinstance(value, Mapping):
        faults.skip(where, "a span must be an object with start, end and technique")
        return None
    name = technique_name(value.get("technique"), where, faults)
    span = make_span((value.get("start"), value.get("end")), name, text, where, faults) if name else None
    if span and value.get("text") is not None and value["text"] != text[span.start : span.end]:
        faults.skip(where, f"the span {span.start}:{span.end} holds {text[span.start : span.end][:60]!r}, not {str(value['text'])[:60]!r}")
        return None
    return span
