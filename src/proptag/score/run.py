"""A whole run: from the settings to the output folder."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from proptag.config import ScoreConfig
from proptag.errors import UserError
from proptag.score import exports, local, overview, ray
from proptag.score.description import compare, describe, note, with_number_type
from proptag.score.finish import finish, forget_failures
from proptag.score.index import Index
from proptag.score.progress import Progress, tell, telling
from proptag.score.summary import NAME as SUMMARY
from proptag.score.summary import Summary, summarise
from proptag.score.tables import Part, clean, leave_none_empty
from proptag.score.units import Names, find_files, split_inputs
from proptag.score.work import Done

ENGINES: dict[str, Callable[[ScoreConfig, list[Part], int], Iterator[Done]]] = {"local": local.run, "ray": ray.run}


def score(config: ScoreConfig) -> tuple[Summary, int]:
    """Score what is new or changed in the input; return what the output folder holds now, and how many articles were scored.

    Raises ``SettingsError`` for a wrong setting, ``UserError`` if there is nothing to read, if the output folder holds scores of another
    model or files of somebody else, if most of the files scored before are gone, or, with all the rest done, if a larger share than
    ``max_failed`` of the articles could not be read.
    """
    output = Path(config.output)
    exports.check(config.formats)
    if next(find_files(config), None) is None:
        raise UserError(f"input={config.input}: nothing to read but what lies in the output folder {output}")
    config = with_number_type(config)
    description = describe(config)
    compare(output, description)
    try:
        with _alone(output):
            compare(output, description)  # perhaps another run was at work until now
            note(output, description)
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
    done = clean(output)
    total = _look_through(config, done)
    (output / SUMMARY).unlink(missing_ok=True)  # it stands for a run that came to its end
    if config.retry_failed:
        forget_failures(done)
        done = clean(output)
    progress, index = Progress(total), Index()
    first = max((part.number for part in done), default=-1) + 1
    with telling(progress):
        for result in ENGINES[config.engine](config, done, first):
            index.add_current(result.current)
            index.add_pending(result.duplicates)
            progress.add(result)
            tell(progress)
    if gone := finish(index, output, config.part_size):
        print(f"{gone} files are no longer in the input; their rows were taken out", file=sys.stderr)
    return progress.articles


def _look_through(config: ScoreConfig, done: list[Part]) -> int:
    """Return the bytes of the input; ``UserError`` if most files of ``done`` are not in it, as with a slip in ``input``."""
    names, index, total = Names(split_inputs(config.input)), Index(), 0
    index.load_files(done)
    for path in find_files(config):
        total += _size(path)
        index.add_current([(names(path), "", 0)])
    gone, known = index.gone(), index.known()
    if 2 * gone > known and not config.remove_gone:
        raise UserError(
            f"input={config.input}: {gone} of the {known} files that {config.output} holds scores of are not in it; nothing was done. "
            "Is it the right input? With remove_gone=true their rows are taken out"
        )
    return total


def _conclude(config: ScoreConfig, output: Path) -> Summary:
    """Write what is made of the parts."""
    leave_none_empty(output)
    exports.write(output, config.formats)
    summary = summarise(output)
    overview.write(output, config.pages, config.model, summary)
    summary.write(output)
    return summary


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
        except BlockingIOError:
            raise UserError(f"{output}: another run is writing there") from None
        except OSError as error:  # some network file systems
            print(f"{output}: cannot be locked ({error.strerror}); take care that no other run writes there", file=sys.stderr)
        yield
