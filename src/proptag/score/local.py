"""The engine for one machine: files are read by processes of their own while the network is at work, here or in several workers."""

import os
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from proptag.config import ScoreConfig
from proptag.errors import UserError
from proptag.score.child import die_with
from proptag.score.index import Index
from proptag.score.tables import Part
from proptag.score.units import Unit, units
from proptag.score.work import Done, Worker

_CORES = 4  # of one worker: with more the network gains little, since its matrices are small
_WORKER: list[Worker] = []  # the one of a process that does units for another
Item = TypeVar("Item")


def run(config: ScoreConfig, done: list[Part], first: int) -> Iterator[Done]:
    """Score what is not in the parts ``done``, in new parts numbered from ``first``."""
    from proptag.runtime import choose_device

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = config.workers or (max(cores // _CORES, 1) if choose_device(config.device).type == "cpu" else 1)
    coming = _ahead(_units(config, done, first))
    if workers == 1:
        yield from map(Worker(config), coming)
    else:
        yield from _shared_out(config, workers, max(cores // workers, 1), coming)


def _shared_out(config: ScoreConfig, workers: int, threads: int, coming: Iterator[Unit]) -> Iterator[Done]:
    """Let processes with a model each do the units; results come in their order."""
    context = get_context("spawn")  # a fork would take over locks of torch's threads
    waiting = deque[Future[Done]]()
    with ProcessPoolExecutor(workers, context, _prepare, (config, threads, os.getpid())) as pool:
        try:
            for unit in coming:
                waiting.append(pool.submit(_work, unit))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise UserError("a worker died, perhaps for want of memory: try fewer workers; the same command goes on from here") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _prepare(config: ScoreConfig, threads: int, parent: int) -> None:
    import torch

    die_with(parent)
    torch.set_num_threads(threads)
    _WORKER.append(Worker(config))


def _work(unit: Unit) -> Done:
    return _WORKER[0](unit)


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
