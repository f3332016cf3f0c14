"""A whole run: from the settings to the output folder."""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from proptag import manifest
from proptag.config import ScoreConfig
from proptag.errors import UserError
from proptag.runtime import choose_device, uses_bfloat16
from proptag.score import exports, local, overview, ray
from proptag.score.finish import finish, forget_failures
from proptag.score.index import Index
from proptag.score.progress import Progress, tell
from proptag.score.summary import NAME as SUMMARY
from proptag.score.summary import Summary, summarise
from proptag.score.tables import Part, clean, leave_none_empty
from proptag.score.units import find_files
from proptag.score.work import Done

ENGINES: dict[str, Callable[[ScoreConfig, list[Part], int], Iterator[Done]]] = {"local": local.run, "ray": ray.run}
_SETTINGS = ("ingest", "dtype")
"""Those that a score depends on; how it is shown may change between two runs."""


def score(config: ScoreConfig) -> tuple[Summary, int]:
    """Score what is new or changed in the input; return what the output folder holds now, and how many articles were scored.

    Raises ``SettingsError`` for a wrong setting, ``UserError`` if there is nothing to read, if the output folder holds scores of another
    model, or, with all the rest done, if a larger share than ``max_failed`` of the articles could not be read.
    """
    output = Path(config.output)
    exports.check(config.formats)
    try:
        with _alone(output):
            scored = _score(config, output)
            summary = _conclude(config, output)
    except sqlite3.OperationalError as error:
        raise UserError(
            f"the folder for temporary files (TMPDIR) cannot be written ({error}); the same command goes on from here"
        ) from error
    if summary.failed_share > config.max_failed:
        raise UserError(
            f"{output}: {summary}; of all that was to be scored, {summary.failed_share:.1%} failed, "
            f"more than max_failed={config.max_failed:g}; {output}/errors says why"
        )
    return summary, scored


def _score(config: ScoreConfig, output: Path) -> int:
    """Bring the parts up to date; return how many articles were scored."""
    total = sum(_size(path) for path in find_files(config))
    check_output(config)
    (output / SUMMARY).unlink(missing_ok=True)  # it stands for a run that came to its end
    done = clean(output)
    if config.retry_failed:
        forget_failures(done)
        done = clean(output)
    progress, index = Progress(total), Index()
    first = max((part.number for part in done), default=-1) + 1
    for result in ENGINES[config.engine](config, done, first):
        index.add_current(result.current)
        index.add_pending(result.duplicates)
        progress.add(result)
        tell(progress)
    tell(progress, last=True)
    if gone := finish(index, output, config.part_size):
        print(f"{gone} files are no longer in the input; their rows were taken out", file=sys.stderr)
    return progress.articles


def _conclude(config: ScoreConfig, output: Path) -> Summary:
    """Write what is made of the parts."""
    leave_none_empty(output)
    exports.write(output, config.formats)
    overview.write(output, config.pages, config.model)
    summary = summarise(output)
    summary.write(output)
    return summary


def check_output(config: ScoreConfig) -> None:
    """Note what the scores depend on; refuse to mix those of two models."""
    output = Path(config.output)
    description = manifest.describe("predict", config)
    description["settings"] = {name: value for name, value in description["settings"].items() if name in _SETTINGS}
    if config.engine == "local":  # on other machines it is left to each
        description["settings"]["dtype"] = "bfloat16" if uses_bfloat16(config.dtype, choose_device(config.device)) else "float32"
    note = output / manifest.NAME
    if not note.is_file():
        manifest.write_text(note, json.dumps(description, indent=2) + "\n")
        return
    try:
        old: Any = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        old = {}
    if old != description:
        parts = [key for key in description if not isinstance(old, dict) or old.get(key) != description[key]]
        raise UserError(
            f"{output}: holds scores of another model, version of proptag or setting ({', '.join(parts)}); choose another output folder"
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Hold a lock on the output folder, which the system takes back when this process ends in whatever way."""
    output.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (output / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"{output}: another run is writing there") from None
        yield
