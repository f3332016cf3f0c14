"""The parent's side of reading: several reading processes, their answers in the order of the files."""

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from proptag.config import ScoreConfig
from proptag.score.child import OUT_OF_MEMORY, Message

_AHEAD = 4  # files that a reader knows of beyond the one it reads
_GRACE = 30.0  # seconds beyond the time limit, for its start
_CODE = """
import json, sys
options = json.loads(sys.argv[2])
sys.path[:] = options["path"]
from proptag.score.child import serve
serve(int(sys.argv[1]), options)
"""


@dataclass(frozen=True, slots=True)
class Request:
    """A file to read: its path, its name in the results, and the versions of it that are scored already."""

    path: Path
    source: str
    known: tuple[str, ...]


class Reader:
    """One reading process, started anew when it dies."""

    def __init__(self, config: ScoreConfig) -> None:
        self._config = config
        self._waiting: deque[Request] = deque()
        self._start()

    def ask(self, request: Request) -> None:
        """Hand in a file; its answers come after those of the files before it."""
        self._waiting.append(request)
        self._send(request)

    def answers(self) -> Iterator[Message]:
        """Yield the answers to the oldest request, ``["end"]`` or ``["same", …]`` last."""
        request = self._waiting[0]
        given = again = 0
        while True:
            answer = self._receive()
            if answer == ["alive"]:
                continue
            if answer and answer[0] == "failed":
                raise OSError(answer[1], f"{answer[2]}, while reading", str(request.path))
            if answer is None:
                problem = self._bury()
                if self._served and problem["kind"] != "timeout":  # perhaps the fault of a file before: once more, in a new process
                    again = given
                    self._start()
                    continue
                yield from [] if given else [["file", "", 0]]
                yield ["problem", {"source": request.source, **problem}]
                self._waiting.popleft()
                self._start()
                yield ["end"]
                return
            if again:  # was given before the process died
                again -= 1
                continue
            given += 1
            if answer[0] in ("end", "same"):
                self._waiting.popleft()
                self._served += 1
                yield answer
                return
            yield answer

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def _start(self) -> None:
        config = self._config
        self._served = 0  # files that this process read to their end
        self._connection, theirs = Pipe()
        options: dict[str, Any] = {
            "ingest": asdict(config.ingest), "seconds": config.read_seconds, "memory": config.read_memory,
            "parent": os.getpid(), "path": sys.path,
        }  # fmt: skip
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _CODE, str(theirs.fileno()), json.dumps(options)],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        for request in self._waiting:
            self._send(request)

    def _send(self, request: Request) -> None:
        message = {"path": str(request.path), "source": request.source, "known": request.known}
        try:
            self._connection.send_bytes(json.dumps(message).encode())
        except OSError:
            return  # it died; that shows when its answer is awaited, and the request is sent again

    def _receive(self) -> Message | None:
        try:
            if not self._connection.poll(self._config.read_seconds + _GRACE):
                return None
            answer: Message = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            return None
        return answer

    def _bury(self) -> dict[str, str]:
        """Say why the process died, or end it if it hangs."""
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = -signal.SIGALRM
        self.close()
        if code == -signal.SIGALRM:
            return {"kind": "timeout", "reason": f"reading it took longer than {self._config.read_seconds:g} seconds (read_seconds)"}
        if code == OUT_OF_MEMORY:
            return {"kind": "memory", "reason": "reading it takes more memory than allowed (read_memory)"}
        if code == -signal.SIGKILL:
            return {"kind": "memory", "reason": "the process that read it was killed, as happens when memory runs out"}
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return {"kind": "crash", "reason": f"the process that read it crashed ({name})"}


@contextmanager
def reading(config: ScoreConfig) -> Iterator[list[Reader]]:
    """Start the reading processes and end them."""
    readers: list[Reader] = []
    try:
        readers += [Reader(config) for _ in range(config.readers)]
        yield readers
    finally:
        for reader in readers:
            reader.close()


def read_files(requests: Iterable[Request], readers: list[Reader]) -> Iterator[tuple[Request, Message]]:
    """Yield the answers to all requests, file by file in order, while the readers are at work on the next ones."""
    turns, waiting = cycle(readers), deque[tuple[Request, Reader]]()
    for request in requests:
        reader = next(turns)
        reader.ask(request)
        waiting.append((request, reader))
        if len(waiting) > len(readers) * _AHEAD:
            yield from _oldest(waiting)
    while waiting:
        yield from _oldest(waiting)


def _oldest(waiting: deque[tuple[Request, Reader]]) -> Iterator[tuple[Request, Message]]:
    request, reader = waiting.popleft()
    for answer in reader.answers():
        yield request, answer
