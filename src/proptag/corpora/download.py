"""Fetches a published corpus from its publisher, if the user asks for it, and unpacks it safely.

A download that breaks off stays beside the corpus folder as ``NAME.tgz.part``, and the next try goes on from there. The SHA-256 of
the first whole archive is recorded in ``NAME.tgz.sha256``; a later one must be the same.
"""

import errno
import gzip
import tarfile
import zlib
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from proptag import manifest
from proptag.config import CorpusConfig
from proptag.errors import UserError

TRIES = 3
TIMEOUT = 30.0
"""Seconds without an answer after which a try ends."""
MOST_UNPACKED = 200_000_000
"""Bytes that an archive may hold."""
MOST_MEMBERS = 20_000
_CHUNK = 1 << 16
_BAD_NAMES = (errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)
"""What the system says to names that are too long, and to a file that is also a folder."""


@dataclass(frozen=True)
class Archive:
    """Where a corpus lies, and how many bytes it has: fewer or more are another file, such as an error page."""

    url: str
    smallest: int = 1
    largest: int = 100_000_000


ARCHIVES = {"semeval2020": Archive("https://zenodo.org/records/3952415/files/datasets-v2.tgz?download=1", 800_000, 2_000_000)}
"""The corpora that can be had without registration."""


def ensure(corpus: CorpusConfig) -> None:
    """Fetch and unpack what of a corpus or mixture is not there, if its settings allow that; do nothing if it is there.

    Raises ``UserError`` if it cannot be had, saying what to fetch by hand.
    """
    for name, folder in corpus.sources.items():
        if not (folder.is_file() or (folder.is_dir() and any(folder.iterdir()))):
            _ensure(name, folder, corpus)


def _ensure(name: str, folder: Path, corpus: CorpusConfig) -> None:
    if corpus.url and len(corpus.sources) > 1:
        raise UserError(f"{folder}: it is not there, and corpus.url is for one corpus; fetch each by itself")
    archive = Archive(corpus.url) if corpus.url else ARCHIVES.get(name)
    if corpus.download and archive is None:
        raise UserError(f"{folder}: it is not there, and {name} cannot be fetched (only {', '.join(ARCHIVES)}); see data/README.md")
    if corpus.download and archive:
        obtain(archive, folder)
    elif archive:
        raise UserError(f"{folder}: it is not there; corpus.download=true fetches it from {archive.url}")


def obtain(archive: Archive, folder: Path) -> None:
    """Make ``folder`` hold the archive's files; an archive that lies beside it as ``NAME.tgz`` is not fetched again.

    Raises ``UserError`` if the archive cannot be fetched, is not the one of before, or is unsafe; the folder is not made then.
    """
    if urlsplit(archive.url).scheme not in ("http", "https"):
        raise UserError(f"corpus.url: needs an address that begins with http:// or https://, not {archive.url!r}")
    whole, part, record = (folder.with_name(folder.name + ending) for ending in (".tgz", ".tgz.part", ".tgz.sha256"))
    if whole.exists():
        print(f"{whole}: it is here already and is not fetched again")
        files = _checked_and_unpacked(whole, archive, record, folder)
    else:
        fetch(archive, part, whole)
        try:
            files = _checked_and_unpacked(part, archive, record, folder)
        except UserError:
            part.unlink()  # going on from it would end the same way
            raise
        part.replace(whole)
    print(f"{folder}: {files} files from {archive.url}")


def _checked_and_unpacked(path: Path, archive: Archive, record: Path, folder: Path) -> int:
    """Check the archive, record its SHA-256 if none is recorded yet, and unpack it; the record goes if it cannot be unpacked."""
    digest = _check(path, archive, record)
    if record.exists():
        return unpack(path, folder)
    manifest.write_text(record, f"{digest}  {record.stem}\n")
    try:
        files = unpack(path, folder)
    except UserError:
        record.unlink()
        raise
    print(f"{record}: recorded SHA-256 {digest}; a later download must have the same")
    return files


def _check(path: Path, archive: Archive, record: Path) -> str:
    """Return the SHA-256 of the file; ``UserError`` if its size or the SHA-256 is not what it should be."""
    size, digest = path.stat().st_size, manifest.hash_path(path)
    if not archive.smallest <= size <= archive.largest:
        raise UserError(
            f"{path}: {size} bytes, but {archive.url} should have {archive.smallest} to {archive.largest}; this is another file"
        )
    expected = record.read_text(encoding="utf-8").split(" ")[0].strip() if record.exists() else digest
    if digest != expected:
        raise UserError(
            f"{path}: its SHA-256 is {digest}, but {record} has {expected} from the first download: it is damaged or was changed. "
            f"Try again; if the publisher has a new version that you trust, delete {record} first"
        )
    return digest


def fetch(archive: Archive, part: Path, whole: Path) -> None:
    """Download into ``part``, going on from what it holds; ``UserError`` says what to do by hand and to save it as ``whole``."""
    part.parent.mkdir(parents=True, exist_ok=True)
    problem = ""
    for _ in range(TRIES):
        try:
            problem = _try(archive, part)
        except HTTPError as error:
            problem = f"the server answers {error.code} {error.reason}"
            if error.code < 500:
                break
        except (OSError, HTTPException) as error:
            problem = str(getattr(error, "reason", None) or error) or type(error).__name__
        if not problem:
            return
    kept = part.stat().st_size if part.exists() else 0
    again = f"{kept} bytes are kept in {part}, and the same command goes on from there. Or f" if kept else "F"
    raise UserError(
        f"{archive.url}: could not be fetched ({problem}). {again}etch it by hand, save it as {whole}, and run the same command again"
    )


def _try(archive: Archive, part: Path) -> str:
    """Download once; return what is wrong with the result, or nothing if it is whole."""
    begin = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "proptag", "Accept-Encoding": "identity"} | ({"Range": f"bytes={begin}-"} if begin else {})
    try:
        response: HTTPResponse = urlopen(Request(archive.url, headers=headers), timeout=TIMEOUT)  # noqa: S310  (obtain has looked at the scheme)
    except HTTPError as error:
        if error.code != 416:
            raise
        # Nothing comes after what we have: it is whole, or it is no beginning of this file.
        if error.headers.get("Content-Range") == f"bytes */{begin}":
            return ""
        part.unlink()
        return "the partial download did not fit"
    with response:
        goes_on = response.status == 206 and (response.headers.get("Content-Range") or "").startswith(f"bytes {begin}-")
        if response.status == 206 and not goes_on:
            part.unlink()
            return "the server sent another part than it was asked for"
        size = begin if goes_on else 0
        length = response.headers.get("Content-Length")
        total = size + int(length) if length else None
        with part.open("ab" if goes_on else "wb") as file:
            while chunk := response.read(_CHUNK):
                size += len(chunk)
                if size > archive.largest:
                    break
                file.write(chunk)
    if size > archive.largest:
        part.unlink()
        raise UserError(f"{archive.url}: more than {archive.largest} bytes; this is another file than the corpus, and nothing was kept")
    return "" if total is None or size == total else f"the connection ended after {size} of {total} bytes"


def unpack(path: Path, folder: Path) -> int:
    """Unpack a tar.gz into a new folder, without its one top folder if it has one, and return the number of files.

    Raises ``UserError``, and writes nothing, if the archive is damaged, too large, has links or devices, or leads out of the folder.
    """
    if not hasattr(tarfile, "data_filter"):
        raise UserError("unpacking safely needs Python 3.11.4 or newer")
    try:
        _measure(path)
        with tarfile.open(path, "r:gz") as tar:
            members = _without_top(_checked(path, tar))
            if not members:
                raise UserError(f"{path}: there are no files in it")
            with manifest.whole_folder(folder) as temporary:
                tar.extractall(temporary, members, filter="data")
    except OSError as error:
        if not isinstance(error, gzip.BadGzipFile) and error.errno not in _BAD_NAMES:
            raise
        raise UserError(f"{path}: not a whole tar.gz archive, or with impossible names ({error}); nothing was unpacked") from error
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise UserError(f"{path}: not a whole tar.gz archive ({error}); fetch it again") from error
    return sum(member.isfile() for member in members)


def _measure(path: Path) -> None:
    """Read all of a gzip file, so that its checksum is looked at and a tiny file that swells is refused before anything is unpacked."""
    size = 0
    with gzip.open(path) as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > MOST_UNPACKED:
                raise UserError(f"{path}: it unpacks to more than {MOST_UNPACKED} bytes; nothing was unpacked")


def _checked(path: Path, tar: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """Return the members, all of them plain files and folders that stay in the folder and within the bounds."""
    members: list[tarfile.TarInfo] = []
    size = 0  # of a sparse file more than what the archive holds of it
    for member in tar:
        members.append(member)
        size += member.size
        inside = PurePosixPath(member.name)
        if not (member.isfile() or member.isdir()):
            raise UserError(f"{path}: {member.name!r} is a link or a device; nothing was unpacked")
        if inside.is_absolute() or ".." in inside.parts:
            raise UserError(f"{path}: {member.name!r} leads out of the folder; nothing was unpacked")
        if len(members) > MOST_MEMBERS or size > MOST_UNPACKED:
            raise UserError(f"{path}: it holds more than {MOST_MEMBERS} members or {MOST_UNPACKED} bytes; nothing was unpacked")
    return members


def _without_top(members: list[tarfile.TarInfo]) -> list[tarfile.TarInfo]:
    """Take the one top folder, if all members but hidden ones are in one, off their names."""
    paths = [PurePosixPath(member.name) for member in members]
    top, *others = {path.parts[0] for path in paths if path.parts and not path.parts[0].startswith(".")} or {""}
    if others or any(member.isfile() and str(path) == top for member, path in zip(members, paths, strict=True)):
        top = ""
    inside = [path.relative_to(top) if path.parts[:1] == (top,) else path for path in paths]
    return [member.replace(name=str(path)) for member, path in zip(members, inside, strict=True) if path.parts]
