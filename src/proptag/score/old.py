"""A folder of articles to Parquet parts, going on where an earlier run stopped.

``articles/``, ``sentences/`` and ``spans/`` hold parts of the same numbers. A part's file in ``articles/`` is written last, so what
stands there is complete; a file that changed or vanished since takes its part with it, and the rest of that part is scored again.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from proptag import ingest, manifest, taxonomy
from proptag.config import ScoreConfig
from proptag.errors import UserError
from proptag.predict import Tagger
from proptag.records import Article, TaggedArticle

TABLES = ("sentences", "spans", "articles")
"""In the order in which a part is written."""


def schemas() -> dict[str, pa.Schema]:
    """Return the columns of each table; ``docs/output.md`` describes them."""
    text, number, real = pa.string(), pa.int32(), pa.float32()
    probabilities = pa.struct([pa.field(name, real) for name in taxonomy.load().names])
    return {
        "articles": pa.schema(
            {"article_id": text, "source": text, "sha256": text, "title": text, "sentences": number, "marked": number,
             "density": real, "spans": number, "truncated": number}
        ),
        "sentences": pa.schema(
            {"article_id": text, "index": number, "start": number, "end": number, "text": text, "propaganda": real,
             "techniques": pa.list_(text), "probabilities": probabilities, "voice": text, "speaker": text, "truncated": pa.bool_()}
        ),
        "spans": pa.schema(
            {"article_id": text, "sentence": number, "start": number, "end": number, "text": text, "technique": text,
             "probability": real, "voice": text, "speaker": text}
        ),
    }  # fmt: skip


@dataclass(frozen=True)
class Found:
    """An input file: its path below the input folder, and the hash of its bytes."""

    source: str
    sha256: str


@dataclass(frozen=True)
class Summary:
    """What the output folder holds now."""

    output: str
    articles: int
    sentences: int
    marked: int
    spans: int
    failed: int
    scored_now: int
    techniques: dict[str, int]

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.output}: {self.articles} articles ({self.scored_now} scored now), {self.sentences} sentences, "
            f"{self.marked} of them with a technique, {self.spans} spans, {self.failed} files failed"
        )


def score(config: ScoreConfig) -> Summary:
    """Score all ``.txt`` and ``.md`` files below a folder; files that cannot be read are listed in ``errors/errors.jsonl``.

    Raises ``UserError`` if there is nothing to read, if the output folder holds scores of another model, or, with all the rest
    done, if a larger share than ``max_failed`` of the files could not be read.
    """
    folder, output = Path(config.input), Path(config.output)
    files = _list_files(folder, output)
    _check_output(config, output)
    found, failures = _hash_all(folder, files)
    done = _clear_stale(output, found)
    waiting = [f for f in found if f not in done]
    if waiting:
        failures += _score_all(config, waiting)
    _write_errors(output, failures)
    summary = _summarise(output, failures, len(waiting))
    if len(failures) > config.max_failed * len(files):
        print(summary)
        raise UserError(f"{len(failures)} of {len(files)} files could not be scored; {output}/errors/errors.jsonl says why")
    return summary


def _list_files(folder: Path, output: Path) -> list[str]:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    paths = (p for p in folder.rglob("*") if p.suffix.lower() in ingest.SUFFIXES and p.is_file() and output not in p.parents)
    files = sorted(p.relative_to(folder).as_posix() for p in paths)
    if not files:
        raise UserError(f"{folder}: no {' or '.join(ingest.SUFFIXES)} files in it")
    return files


def _check_output(config: ScoreConfig, output: Path) -> None:
    """Note what the scores depend on; refuse to mix those of two models."""
    description = manifest.describe("score_folder", config)
    for name in ("input", "engine", "part_size", "max_failed", "device"):
        del description["settings"][name]
    note = output / manifest.NAME
    if note.is_file():
        if json.loads(note.read_text(encoding="utf-8")) != description:
            raise UserError(f"{output}: holds scores of another model or version of proptag; choose another output folder")
    else:
        manifest.write_text(note, json.dumps(description, indent=2) + "\n")


def _hash_all(folder: Path, files: Sequence[str]) -> tuple[list[Found], list[dict[str, str]]]:
    found, failures = [], []
    for name in files:
        try:
            found.append(Found(name, manifest.hash_path(folder / name)))
        except OSError as error:
            failures.append({"source": name, "reason": f"cannot be read ({error.strerror})"})
    return found, failures


def _clear_stale(output: Path, found: Sequence[Found]) -> set[Found]:
    """Delete parts with an article that is no longer there or no longer the same; return what the others hold."""
    current, done = set(found), set[Found]()
    for part in sorted((output / "articles").glob("part-*.parquet")):
        rows = pq.read_table(part, columns=["source", "sha256"]).to_pylist()
        held = {Found(row["source"], row["sha256"]) for row in rows}
        if held <= current:
            done |= held
        else:
            part.unlink()
    whole = {p.name for p in (output / "articles").glob("part-*.parquet")}
    for table in TABLES:
        for file in (output / table).glob("*"):
            if file.name not in whole:
                file.unlink()
    return done


def _score_all(config: ScoreConfig, waiting: Sequence[Found]) -> list[dict[str, str]]:
    folder, output = Path(config.input), Path(config.output)
    tagger = Tagger.load(config.model, config.device)
    failures: list[dict[str, str]] = []
    numbers = (n for n in range(10**9) if not (output / "articles" / f"part-{n:05}.parquet").exists())
    sources = iter(waiting)
    with _progress(len(waiting)) as advance:
        while chunk := list(islice(sources, config.part_size)):
            articles = list(_read(folder, chunk, failures))
            if articles:
                hashes = {f.source: f.sha256 for f in chunk}
                _write_part(output, next(numbers), list(tagger.tag_many(articles)), articles, hashes)
            advance.advance(len(chunk))
    return failures


def _read(folder: Path, chunk: Sequence[Found], failures: list[dict[str, str]]) -> Iterator[Article]:
    for found in chunk:
        try:
            article = ingest.read(folder / found.source)
        except UserError as error:
            failures.append({"source": found.source, "reason": str(error).removeprefix(f"{folder / found.source}: ")})
            continue
        yield Article(found.source, article.text, article.title, meta={"source": found.source})


def _write_part(output: Path, number: int, tagged: Sequence[TaggedArticle], articles: Sequence[Article], hashes: dict[str, str]) -> None:
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for result, article in zip(tagged, articles, strict=True):
        rows["articles"].append(_article_row(result, hashes[article.id]))
        for s in result.sentences:
            rows["sentences"].append(
                {"article_id": result.id, "index": s.sentence.index, "start": s.sentence.start, "end": s.sentence.end,
                 "text": s.sentence.text, "propaganda": s.propaganda, "techniques": list(s.techniques),
                 "probabilities": dict(s.probabilities), "voice": s.voice, "speaker": s.speaker, "truncated": s.truncated}
            )  # fmt: skip
            rows["spans"] += [
                {"article_id": result.id, "sentence": s.sentence.index, "start": p.start, "end": p.end,
                 "text": article.text[p.start : p.end], "technique": p.technique, "probability": p.probability,
                 "voice": p.voice, "speaker": p.speaker}
                for p in s.spans
            ]  # fmt: skip
    for table in TABLES:
        with manifest.whole_file(output / table / f"part-{number:05}.parquet") as path:
            pq.write_table(pa.Table.from_pylist(rows[table], schema=schemas()[table]), path, compression="zstd")


def _article_row(result: TaggedArticle, digest: str) -> dict[str, Any]:
    return {
        "article_id": result.id,
        "source": result.source,
        "sha256": digest,
        "title": result.title,
        "sentences": len(result.sentences),
        "marked": sum(bool(s.techniques) for s in result.sentences),
        "density": result.density,
        "spans": sum(len(s.spans) for s in result.sentences),
        "truncated": sum(s.truncated for s in result.sentences),
    }


def _write_errors(output: Path, failures: Sequence[dict[str, str]]) -> None:
    lines = [json.dumps(failure, ensure_ascii=False) for failure in sorted(failures, key=lambda f: f["source"])]
    manifest.write_text(output / "errors" / "errors.jsonl", "".join(f"{line}\n" for line in lines))


def _summarise(output: Path, failures: Sequence[dict[str, str]], scored: int) -> Summary:
    totals, techniques = Counter[str](), Counter[str]()
    for part in sorted((output / "articles").glob("part-*.parquet")):
        table = pq.read_table(part, columns=["sentences", "marked", "spans"])
        totals["articles"] += len(table)
        totals.update({name: sum(table[name].to_pylist()) for name in table.column_names})
    for part in sorted((output / "spans").glob("part-*.parquet")):
        techniques.update(pq.read_table(part, columns=["technique"])["technique"].to_pylist())
    ranked = dict(sorted(techniques.items(), key=lambda item: (-item[1], item[0])))
    summary = Summary(
        str(output), totals["articles"], totals["sentences"], totals["marked"], totals["spans"], len(failures),
        scored - len(failures), ranked,
    )  # fmt: skip
    content = {k: getattr(summary, k) for k in ("articles", "sentences", "marked", "spans", "failed", "techniques")}
    manifest.write_text(output / "summary.json", json.dumps(content, indent=2) + "\n")
    return summary


class Advance(Protocol):
    """Takes note of finished articles."""

    def advance(self, count: int) -> None:
        """Count so many more articles as finished."""


class _Lines:
    """Progress for a log: a plain line at the start and then at most one a minute."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.begun, self.said = total, 0, time.monotonic(), 0.0

    def advance(self, count: int) -> None:
        """Count so many more articles, and say so if a minute has passed or all is done."""
        self.done += count
        now = time.monotonic()
        if self.done == self.total or now - self.said >= 60:
            self.said = now
            print(
                f"{self.done} of {self.total} articles, {self.done / max(now - self.begun, 1e-9):.1f} a second",
                file=sys.stderr,
                flush=True,
            )


@contextmanager
def _progress(total: int) -> Iterator[Advance]:
    """Show a bar on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines(total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("articles", total=total)

        class Bar:
            def advance(self, count: int) -> None:
                bar.advance(task, count)

        yield Bar()
