"""The engine for one machine: files are read by other processes and a thread while the network is at work in this one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

from proptag.config import ScoreConfig
from proptag.score.index import Index
from proptag.score.tables import Part
from proptag.score.units import units
from proptag.score.work import Done, work

Item = TypeVar("Item")


def run(config: ScoreConfig, done: list[Part], first: int) -> Iterator[Done]:
    """Score what is not in the parts ``done``, in new parts numbered from ``first``."""
    from proptag.predict import Tagger

    tagger = None
    with _ahead(lambda: units(config, Index(done), first)) as found:
        for unit in found:
            if unit.articles and tagger is None:
                tagger = Tagger.load(config.model, config.device, config.dtype)
            yield work(unit, tagger, Path(config.output))


@contextmanager
def _ahead(source: Callable[[], Iterator[Item]]) -> Iterator[Iterator[Item]]:
    """Run an iterator in a thread, one item ahead; it is closed when the block ends, however that happens."""
    queue: Queue[tuple[str, Any]] = Queue(maxsize=1)
    stopped = Event()

    def put(kind: str, value: Any) -> bool:  # noqa: ANN401
        while not stopped.is_set():
            try:
                queue.put((kind, value), timeout=0.2)
                return True
            except Full:
                continue
        return False

    def fill() -> None:
        iterator = source()
        try:
            for item in iterator:
                if not put("item", item):
                    break
            put("end", None)
        except BaseException as error:  # noqa: BLE001  (raised again where the items are taken)
            put("error", error)
        finally:
            iterator.close()  # type: ignore[attr-defined]  (a generator)

    def take() -> Iterator[Item]:
        while True:
            kind, value = queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value

    thread = Thread(target=fill, name="reading", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        thread.join()
