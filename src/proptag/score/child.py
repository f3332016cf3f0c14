"""The process that reads files: what hangs, crashes or eats memory there stops no run.

Requests and answers are JSON, not pickle: the parsers see hostile files, and nothing that they send is executed. A request is
``{"path", "source", "known"}``; the answers are ``["same", version, bytes]``, or ``["file", version, bytes]``, any number of
``["article", …]`` and ``["problem", …]``, and ``["end"]``; or ``["failed", errno, words]`` where a full disk is at fault. While a
large file is hashed, ``["alive"]`` comes now and then: the time limit is one for an article, not for the bytes of a file.
"""

import ctypes
import hashlib
import json
import os
import signal
import sys
from collections.abc import Generator, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from proptag import ingest
from proptag.config import IngestConfig
from proptag.ingest import Problem
from proptag.records import Article

Message = list[Any]
OUT_OF_MEMORY = 77
"""The exit code of a process that may have no more memory."""
_CHUNK = 1_000_000  # bytes that are hashed between two signs of life
_META = {"own_id": "id"} | {name: name for name in ("date", "author", "outlet", "url", "language")}
"""The columns that an article's metadata go to."""


def serve(descriptor: int, options: dict[str, Any]) -> None:
    """Answer requests until the other end closes; ``options`` are ``ingest`` (settings), ``seconds``, ``memory`` (MB) and ``parent``."""
    die_with(options["parent"])
    _limit_memory(options["memory"])
    config = IngestConfig(**options["ingest"])
    connection = Connection(descriptor)
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        answers = _answers(Path(request["path"]), request["source"], set(request["known"]), config)
        try:
            while answer := _timed(answers, options["seconds"]):
                connection.send_bytes(json.dumps(answer).encode())
        except BrokenPipeError:
            return
        except MemoryError:  # from now on every file would fail: a new process must go on
            os._exit(OUT_OF_MEMORY)


def _timed(answers: Iterator[Message], seconds: float) -> Message | None:
    """Take the next answer; the kernel ends this process if that takes too long, even where the parser never returns to Python."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
    answer = next(answers, None)
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    return answer


def _answers(path: Path, source: str, known: set[str], config: IngestConfig) -> Iterator[Message]:
    version, size = yield from _version(path)
    if version in known:
        yield ["same", version, size]
        return
    yield ["file", version, size]
    try:
        for item in ingest.read_all(path, config, source):
            yield _article(item) if isinstance(item, Article) else _problem(item)
    except MemoryError:
        raise
    except OSError as error:
        yield ["failed", error.errno, str(error.strerror)]
    except Exception as error:  # noqa: BLE001  (whatever a parser does, the run goes on)
        yield _problem(Problem(source, "crash", f"the parser failed ({type(error).__name__}: {error})"[:500]))
    yield ["end"]


def _version(path: Path) -> Generator[Message, None, tuple[str, int]]:
    """Return the SHA-256 of a file's bytes and their number; empty and 0 if it cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if len(chunk) == _CHUNK:
                    yield ["alive"]
    except OSError:
        return "", 0
    return digest.hexdigest(), size


def _article(article: Article) -> Message:
    text = article.text.encode("utf-8", "replace").decode()  # lone surrogates cannot be stored
    meta = {column: _clean(str(told)) for column, name in _META.items() if (told := article.meta.get(name)) not in (None, "")}
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return ["article", {"id": _clean(article.id), "text": text, "title": _clean(article.title), "sha256": sha256, **meta}]


def _problem(problem: Problem) -> Message:
    return ["problem", {"source": _clean(problem.source), "kind": problem.kind, "reason": _clean(problem.reason)}]


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def die_with(parent: int) -> None:
    """Leave no orphan behind when the parent is killed while a parser hangs; Linux only, elsewhere the time limit does it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and its end this process
    if sys.platform == "linux":
        set_parent_death_signal = 1  # the number of prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 10**6, megabytes * 10**6))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
