"""Folders, globs, lists and single files to the paths of article files."""

import glob
import heapq
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from proptag.errors import UserError
from proptag.ingest.formats import SUFFIXES, is_readable


def find(inputs: Sequence[str], exclude: Path | None = None) -> Iterator[Path]:
    """Find the article files of folders (nested), globs, single files, and of ``@list.txt``, a file with one of these a line.

    Each file comes once, in the order of the paths; hidden files and folders, Office's lock files and whatever lies below
    ``exclude`` are passed over, and so are files of other formats unless they are named one by one. Paths in a list are relative to
    the working folder, as in the other inputs. Folders are walked as the paths are taken, one folder's names in memory at a time;
    links to folders are not followed. Broken links and what may not be looked at come too, for the reader to tell.
    Raises ``UserError``, at once, if an input is not there or holds nothing to read, and on the way if a folder cannot be listed.
    """
    lone: list[str] = []
    streams: list[Iterator[Path]] = []
    for place, text in _expanded(inputs):
        paths = _of_one(text)
        first = next(paths, None)
        if first is None:
            raise UserError(f"{place}{text}: {_nothing(text)}")
        if os.path.isfile(text):  # noqa: PTH113
            lone.append(text)
        else:
            streams.append(chain([first], paths))
    streams.append(iter(sorted(map(Path, lone), key=_whole)))
    return _different(heapq.merge(*streams, key=_whole), _whole(exclude) if exclude else None)


def _whole(path: Path) -> list[str]:
    """Return the parts of the absolute path, by which files are ordered and compared; links stay, resolving them is slow."""
    return os.path.abspath(path).split(os.sep)  # noqa: PTH100, PTH206


def _different(paths: Iterable[Path], exclude: list[str] | None) -> Iterator[Path]:
    last: list[str] = []
    for path in paths:
        whole = _whole(path)
        if whole != last and (exclude is None or whole[: len(exclude)] != exclude):
            yield path
        last = whole


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
    # os.path, unlike Path, says no where the file system refuses to look, as it does at names that are too long
    if os.path.isfile(text):  # noqa: PTH113
        yield Path(text)
    elif os.path.isdir(text):  # noqa: PTH112
        yield from _below(Path(text))
    elif not os.path.exists(text):  # noqa: PTH110
        for match in sorted(map(Path, glob.glob(text, recursive=True)), key=_whole):  # noqa: PTH207  (Path.glob takes no absolute patterns)
            if os.path.isdir(match):  # noqa: PTH112
                # what "**" matched is no invitation to walk each folder again
                yield from () if "**" in text else _below(match)
            elif _is_wanted(match):
                yield match


def _below(folder: Path) -> Iterator[Path]:
    """Walk a folder in the order of the names, sub-folders in their places.

    One that cannot be listed ends the walk: else its files would pass for deleted.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted((e.name, e.is_dir(follow_symlinks=False)) for e in entries if not e.name.startswith("."))
    except OSError as error:
        raise UserError(f"{folder}: the folder cannot be listed ({error.strerror})") from error
    for name, is_folder in found:
        path = folder / name
        if is_folder:
            yield from _below(path)
        elif _is_wanted(path):
            yield path


def _is_wanted(path: Path) -> bool:
    if path.name.startswith((".", "~$")) or not is_readable(path):
        return False
    # what is said not to be there, such as a broken link, is left for the reader to name
    return os.path.isfile(path) or not os.path.exists(path)  # noqa: PTH110, PTH113


def _nothing(text: str) -> str:
    if os.path.isdir(text):  # noqa: PTH112
        return f"no files in it of a format that is read ({' '.join(SUFFIXES)}, and .gz and .zst of these)"
    if os.path.exists(text):  # noqa: PTH110
        return "neither a file nor a folder"
    return "nothing matches" if glob.has_magic(text) else "no such file or folder"
