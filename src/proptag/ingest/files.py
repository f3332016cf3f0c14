"""Folders, globs, lists and single files to the paths of article files."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from proptag.errors import UserError
from proptag.ingest.formats import SUFFIXES, is_readable


def find(inputs: Sequence[str], exclude: Path | None = None) -> Iterator[Path]:
    """Find the article files of folders (nested), globs, single files, and of ``@list.txt``, a file with one of these a line.

    Each file comes once, in the order of the paths; hidden files and folders, Office's lock files and whatever lies below
    ``exclude`` are passed over, and so are files of other formats unless they are named one by one. Paths in a list are relative to
    the working folder, as in the other inputs. Raises ``UserError``, at once, if an input is not there or holds nothing to read.
    """
    found: dict[str, Path] = {}
    outside = os.path.abspath(exclude) if exclude else None  # noqa: PTH100  (resolving links is slow)
    for place, text in _expanded(inputs):
        paths = list(_of_one(text))
        if not paths:
            raise UserError(f"{place}{text}: {_nothing(text)}")
        for path in paths:
            whole = os.path.abspath(path)  # noqa: PTH100
            if outside is None or not (whole == outside or whole.startswith(outside + os.sep)):
                found.setdefault(whole, path)
    return iter(sorted(found.values()))


def _expanded(inputs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Replace lists by their lines; each input comes after the place that it was named at."""
    for text in inputs:
        if not text.startswith("@"):
            yield "", text
            continue
        try:
            lines = Path(text[1:]).read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            raise UserError(f"{text[1:]}: the list cannot be read ({error.strerror})") from error
        except UnicodeDecodeError:
            raise UserError(f"{text[1:]}: the list is not UTF-8") from None
        yield from ((f"{text[1:]}:{number}: ", line.strip()) for number, line in enumerate(lines, 1) if line.strip())


def _of_one(text: str) -> Iterator[Path]:
    path = Path(text)
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from _below(path)
    elif not path.exists():
        for match in map(Path, glob.glob(text, recursive=True)):  # noqa: PTH207  (Path.glob takes no absolute patterns)
            if match.is_dir():
                # what "**" matched is no invitation to walk each folder again
                yield from () if "**" in text else _below(match)
            elif _is_wanted(match):
                yield match


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if _is_wanted(path := Path(root, name)):
                yield path


def _is_wanted(path: Path) -> bool:
    return not path.name.startswith((".", "~$")) and is_readable(path) and path.is_file()


def _nothing(text: str) -> str:
    path = Path(text)
    if path.is_dir():
        return f"no files in it of a format that is read ({' '.join(SUFFIXES)}, and .gz and .zst of these)"
    if path.exists():
        return "neither a file nor a folder"
    return "nothing matches" if glob.has_magic(text) else "no such file or folder"
