"""The engine for one machine: files are read by other processes while the network is at work in this one."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from proptag.config import ScoreConfig
from proptag.score.index import Index
from proptag.score.tables import Part
from proptag.score.units import Unit, units
from proptag.score.work import Done, work

Item = TypeVar("Item")


def run(config: ScoreConfig, done: list[Part], first: int) -> Iterator[Done]:
    """Score what is not in the parts ``done``, in new parts numbered from ``first``."""
    from proptag.predict import Tagger

    tagger = None
    for unit in _ahead(_units(config, done, first)):
        if unit.articles and tagger is None:
            tagger = Tagger.load(config.model, config.device, config.dtype)
        yield work(unit, tagger, Path(config.output))


def _units(config: ScoreConfig, done: list[Part], first: int) -> Generator[Unit]:
    yield from units(config, Index(done), first)  # made here, so that it lives in the thread that uses it


def _ahead(items: Generator[Item]) -> Iterator[Item]:
    """Make the items in a thread, one ahead of what is taken."""
    with ThreadPoolExecutor(1, "reading") as thread:
        try:
            coming = thread.submit(next, items, None)
            while (item := coming.result()) is not None:
                coming = thread.submit(next, items, None)
                yield item
        finally:
            thread.submit(items.close).result()
