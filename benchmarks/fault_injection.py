"""Kill scoring runs at random points, feed them bad files, fill their disk; check that nothing is lost and nothing comes twice.

``python benchmarks/fault_injection.py model=FOLDER [kills=200] [bad=2000] [seed=1] [workers=1]`` prints a table; the exit code is 1 if
a check fails. A run is a process forked from this one, in which torch is loaded already, and is killed by SIGKILL; Linux or macOS.
"""

import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyarrow.dataset as ds

from proptag import cli
from proptag.config import IngestConfig, ScoreConfig
from proptag.errors import UserError
from proptag.ingest.formats import TABLES as TABLE_FORMATS
from proptag.ingest.formats import split_suffixes
from proptag.score.run import score
from proptag.score.tables import TABLES

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
NOUNS = ("mayor", "council", "harbour", "library", "ministry", "border", "budget", "school", "railway", "farmers", "union", "river")
VERBS = ("betrays", "saves", "destroys", "defends", "abandons", "rebuilds", "attacks", "praises", "closes", "opens", "sells")
ADJECTIVES = ("corrupt", "glorious", "vile", "honest", "shameful", "brave", "ruinous", "great", "gutless", "patriotic")


def text_of(rng: random.Random) -> str:
    """Invent an article of a few sentences."""
    paragraphs = [" ".join(_sentence(rng) for _ in range(rng.randint(1, 4))) for _ in range(rng.randint(1, 3))]
    return "\n\n".join(paragraphs) + "\n"


def _sentence(rng: random.Random) -> str:
    return f"The {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)} {rng.choice(VERBS)} the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}."


def make_input(folder: Path, rng: random.Random) -> None:
    """Write articles in sub-folders, some with the text of another, files of many rows, and a few bad files."""
    texts = [text_of(rng) for _ in range(24)]
    for i, text in enumerate(texts):
        path = folder / f"topic{i % 3}" / f"{i:02}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for i in range(4):
        (folder / f"copy{i}.txt").write_text(texts[3 * i], encoding="utf-8")
    rows = [*(text_of(rng) for _ in range(12)), texts[1], "", *(text_of(rng) for _ in range(4))]
    lines = [f'{{"text": {text!r}, "outlet": "o{i % 2}"}}'.replace("'", '"') for i, text in enumerate(rows)]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\nno json\n", encoding="utf-8")
    (folder / "empty.txt").write_text("")
    (folder / "binary.txt").write_bytes(bytes(range(256)))


def change_input(folder: Path, rng: random.Random) -> None:
    """Change, remove and add files, the first of them to be read among them, so that parts must be written anew."""
    (folder / "topic0" / "00.txt").write_text(text_of(rng), encoding="utf-8")
    (folder / "topic1" / "04.txt").unlink()
    (folder / "a.txt").write_text((folder / "topic2" / "05.txt").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "empty.txt").write_text("Not empty any more.")
    rows = (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "rows.jsonl").write_text("\n".join([*rows[2:], '{"text": "One more row is here."}']) + "\n", encoding="utf-8")


def rows_of(output: Path) -> dict[str, list[tuple[str, list[float]]]]:
    """Return all rows of an output folder, sorted, each as what is exact in it and its real numbers."""
    return {table: sorted(map(_split, ds.dataset(output / table, format="parquet").to_table().to_pylist())) for table in TABLES}


def _split(row: dict[str, object]) -> tuple[str, list[float]]:
    flat = {**row, **row.get("probabilities", {})}  # type: ignore[dict-item]
    exact = {name: value for name, value in flat.items() if not isinstance(value, float) and name != "probabilities"}
    return repr(exact), [value for value in flat.values() if isinstance(value, float)]


def same(one: Path, other: Path, tolerance: float = 0.0) -> bool:
    """Tell whether two output folders hold the same rows, with real numbers that differ by no more than ``tolerance``."""
    first, second = rows_of(one), rows_of(other)
    return all(
        [exact for exact, _ in first[table]] == [exact for exact, _ in second[table]]
        and all(
            abs(a - b) <= tolerance for (_, x), (_, y) in zip(first[table], second[table], strict=True) for a, b in zip(x, y, strict=True)
        )
        for table in TABLES
    )


def settings(model: str, folder: Path, output: Path, **more: object) -> ScoreConfig:
    """Return the settings of the runs: small parts, so that there is much to interrupt."""
    return ScoreConfig(**{  # type: ignore[arg-type]
        "model": model, "workers": 1, "input": str(folder), "output": str(output), "part_size": 4, "max_failed": 1.0, "dtype": "float32",
        "device": "cpu", "pages": 2, "ingest": IngestConfig(languages="any"),
    } | more)  # fmt: skip


def forked(work: Callable[[], object]) -> int:
    """Do the work in a process of its own; return its id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        work()
        code = 0
    except UserError:
        code = 3
    except OSError:
        code = 4
    finally:
        os._exit(code)


def finish(process: int) -> int:
    """Wait for a process; return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def parts_of(output: Path) -> dict[str, int]:
    """Return the whole parts with the time at which each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (output / "articles").glob("part-*.parquet")}


def kill_runs(model: str, kills: int, workers: int, rng: random.Random, base: Path) -> Iterator[tuple[str, str, bool]]:
    """Kill runs on a new and on an outdated output folder, over and over, until so many were killed."""
    first, second = base / "first", base / "second"
    make_input(first, rng)
    shutil.copytree(first, second)
    change_input(second, rng)
    plain, outdated = base / "plain", base / "outdated"
    seconds = []
    for folder, output in ((first, outdated), (second, plain)):
        begun = time.monotonic()
        if finish(forked(partial(score, settings(model, folder, output, workers=workers)))):
            raise SystemExit("the run without any kill failed")
        seconds.append(time.monotonic() - begun)
    killed = rounds = redone = wrong = 0
    stages: list[float] = []
    while killed < kills:
        output = base / f"round{rounds}"
        if rounds % 2:
            shutil.copytree(outdated, output)
        rounds += 1
        while True:
            before = parts_of(output)
            process = forked(partial(score, settings(model, second, output, workers=workers)))
            delay = rng.uniform(0, seconds[1]) if killed < kills else 600.0
            end = time.monotonic() + delay
            while (ended := os.waitpid(process, os.WNOHANG))[0] == 0 and time.monotonic() < end:
                time.sleep(0.001)
            if ended[0]:
                wrong += ended[1] != 0
                break
            os.kill(process, signal.SIGKILL)
            finish(process)
            killed += 1
            stages.append(delay / seconds[1])
            if rounds % 2:  # on a new folder no part is ever written twice
                redone += any(parts_of(output).get(name) != when for name, when in before.items())
        # Where files have changed, or several workers share them, the sentences are in other batches: the last digits may differ.
        wrong += not same(output, plain, 0.0 if workers == 1 and rounds % 2 else 1e-4)
        shutil.rmtree(output)
    span = f"{min(stages):.0%} to {max(stages):.0%} of an uninterrupted run" if stages else ""
    yield "runs killed by SIGKILL", f"{killed}, at {span}", killed >= kills
    yield "output folders finished", f"{rounds}, {rounds // 2} of them outdated before", True
    yield "of these not the rows of an uninterrupted run", str(wrong), wrong == 0
    yield "kills after which a finished part was written again", str(redone), redone == 0


def fill_disk(model: str, rng: random.Random, base: Path) -> Iterator[tuple[str, str, bool]]:
    """Stop runs by a limit on the size of files, which makes writing fail in the middle as a full disk does."""
    folder, output, plain = base / "small", base / "full", base / "enough"
    make_input(folder, rng)
    finish(forked(partial(score, settings(model, folder, plain, part_size=30))))

    def limited(size: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        score(settings(model, folder, output, part_size=30))

    codes = [finish(forked(partial(limited, size))) for size in (1_000, 3_000, 6_000, 9_000, 12_000, 20_000)]
    finish(forked(partial(score, settings(model, folder, output, part_size=30))))
    alike = same(output, plain)
    failed = sum(code == 4 for code in codes)
    yield "runs whose writing failed", f"{failed} of {len(codes)}, each said so", failed > 0 and set(codes) <= {0, 4}
    yield "afterwards exactly the rows of an uninterrupted run", "yes" if alike else "no", alike


def feed_bad_files(model: str, number: int, rng: random.Random, base: Path) -> Iterator[tuple[str, str, bool]]:
    """Score a folder of good and of generated bad files."""
    from bad_inputs import bad_files

    folder, output = base / "bad", base / "bad-out"
    make_input(folder, rng)
    (folder / "generated").mkdir()
    for _, (name, content) in zip(range(number), bad_files(rng), strict=False):
        (folder / "generated" / name).write_bytes(content)
    begun = time.monotonic()
    code = finish(forked(partial(score, settings(model, folder, output, part_size=100, ingest=IngestConfig()))))
    seconds = time.monotonic() - begun
    found = {table: ds.dataset(output / table, format="parquet").to_table().to_pylist() for table in ("articles", "errors", "files")}
    told = {row["source"] for table in ("articles", "errors") for row in found[table]}
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.suffix}
    passed_over = {name for name in present - told if name.endswith(".doc")}
    silent = present - told - passed_over
    kinds = Counter(row["kind"] for row in found["errors"])
    yield "generated bad files", f"{number}, read in {seconds:.0f} s", code == 0
    yield "rows in errors/", ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())), True
    yield "files with neither an article nor an error", str(len(silent)), not silent
    lone = Counter(row["source"] for table in ("articles", "errors") for row in found[table] if not is_table(row["source"]))
    yield "files of one article with more than one row", str(sum(n > 1 for n in lone.values())), max(lone.values()) == 1
    good = sum(not row["source"].startswith("generated/") for row in found["articles"])
    yield "articles of the good files", f"{good} of {24 + 4 + 17}", good == 24 + 4 + 17


def is_table(name: str) -> bool:
    """Whether the file is of a format with many articles."""
    return split_suffixes(Path(name))[0] in TABLE_FORMATS


def main(arguments: list[str]) -> None:
    """Run all checks and print the table; ``UserError`` if one failed."""
    values = {"kills": "200", "bad": "2000", "seed": "1", "workers": "1"} | cli.plain_settings(arguments, ("model",))
    rng = random.Random(int(values["seed"]))  # noqa: S311
    import torch

    torch.set_num_threads(1)  # a pool of threads would not survive the fork
    good = True
    with tempfile.TemporaryDirectory() as base:
        for check in (
            lambda: kill_runs(values["model"], int(values["kills"]), int(values["workers"]), rng, Path(base) / "kills"),
            lambda: fill_disk(values["model"], rng, Path(base) / "disk"),
            lambda: feed_bad_files(values["model"], int(values["bad"]), rng, Path(base) / "bad"),
        ):
            for what, how_many, well in check():
                print(f"| {what} | {how_many} | {'ok' if well else 'FAILED'} |", flush=True)
                good &= well
    if not good:
        raise UserError("a check failed; see the table")


if __name__ == "__main__":
    raise SystemExit(cli.guarded(lambda: main(sys.argv[1:])))
