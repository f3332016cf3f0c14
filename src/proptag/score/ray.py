"""The engine for many machines: Ray Data streams the units to workers, each of which holds a model that stays warm.

One task reads the input and yields a unit at a time; its sequence depends only on the files and on the parts that were there at the
start, so a task that Ray starts again yields the same. Workers write their parts themselves, under the number of the unit, so a unit
that is worked on twice is written once. The output folder must be one that all machines see.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa

from proptag.config import IngestConfig, ScoreConfig
from proptag.errors import UserError
from proptag.score.index import Index
from proptag.score.tables import Part, parts
from proptag.score.units import Unit, units
from proptag.score.work import Done, Worker

_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # Ray's switch for listening on 127.0.0.1 only; it works on Linux too
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no telemetry
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a worker without a GPU of its own leaves the environment as it is
}


def run(config: ScoreConfig, done: list[Part], first: int) -> Iterator[Done]:
    """Score what is not in the parts ``done``, in new parts numbered from ``first``; ``UserError`` if Ray is not installed or fails."""
    if find_spec("ray") is None:
        raise UserError("engine=ray: Ray is not installed; pip install 'proptag[ray]'")
    os.environ.update(_QUIET if config.address else _QUIET | _ALONE)
    import ray
    from ray.exceptions import RayError

    workers = config.workers or 1
    settings = asdict(config) | {name: str(Path(getattr(config, name)).resolve()) for name in ("model", "output")}
    ours = not ray.is_initialized()  # or else the caller's, who ends it
    try:
        if ours:
            _join(config)
        _prepare()
        dataset = ray.data.read_datasource(
            _source(settings, frozenset(part.name for part in done), first), override_num_blocks=1
        ).map_batches(
            RayWorker,
            fn_constructor_kwargs={"settings": settings},
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=2),
            num_cpus=0 if config.gpus else 1,
            num_gpus=config.gpus or None,
        )
        for row in dataset.iter_rows():
            done_or_failed = json.loads(row["done"])
            if "failed" in done_or_failed:
                raise UserError(f"{done_or_failed['failed']}; the same command goes on from here")
            yield Done(**done_or_failed)
    except RayError as error:
        root = _root(error)
        said = str(root) if isinstance(root, UserError) else f"engine=ray: {type(root).__name__}: {root}"
        raise UserError(f"{said}; the same command goes on from here") from error
    finally:
        if ours:
            ray.shutdown()


def _root(error: BaseException) -> BaseException:
    """Return what was raised first, in whatever process."""
    while (inner := getattr(error, "cause", None) or error.__cause__) and str(inner):  # Ray ends the chain with an empty one of its own
        error = inner
    return error


def _join(config: ScoreConfig) -> None:
    import ray

    alone = {} if config.address else {"include_dashboard": False, "num_cpus": (config.workers or 1) + 1}
    try:
        ray.init(address=config.address, logging_level=logging.ERROR, log_to_driver=False, **alone)
    except (ConnectionError, RuntimeError, ValueError) as error:
        at = f"address={config.address}: no cluster of Ray can be joined" if config.address else "engine=ray: Ray does not start"
        raise UserError(f"{at} ({error})") from error


def _prepare() -> None:
    import ray

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.target_max_block_size = 1  # every unit goes on its way at once
    context.enable_progress_bars = False
    context.print_on_execution_start = False


def _source(settings: dict[str, Any], done: frozenset[str], first: int) -> Any:  # noqa: ANN401  (a class of Ray, which may not be there)
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    class Units(Datasource):  # type: ignore[misc]
        """The input, read by one task."""

        def estimate_inmemory_data_size(self) -> int | None:
            """Nobody knows."""
            return None

        def get_read_tasks(self, parallelism: int, per_task_row_limit: int | None = None, **_: Any) -> list[ReadTask]:  # noqa: ANN401, ARG002
            """Return the one task."""
            metadata = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)
            return [ReadTask(_reading(settings, done, first), metadata)]

    return Units()


def _reading(settings: dict[str, Any], done: frozenset[str], first: int) -> Callable[[], Iterator[pa.Table]]:
    def read() -> Iterator[pa.Table]:
        config = _config(settings)
        before = [part for part in parts(Path(config.output)) if part.name in done]
        for unit in units(config, Index(before), first):
            yield pa.table({"unit": [json.dumps(asdict(unit))]})

    return read


class RayWorker:
    """A worker that takes and gives tables, as Ray Data does."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._work = Worker(_config(settings))

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Do the unit of a batch; a failure that is nobody's bug comes back in words, for Ray keeps only the trace of an exception."""
        try:
            results = [self._work(Unit(**json.loads(text))) for text in batch["unit"].to_pylist()]
        except (UserError, OSError) as error:
            return pa.table({"done": [json.dumps({"failed": str(error)})]})
        return pa.table({"done": [json.dumps(asdict(result)) for result in results]})


def _config(settings: dict[str, Any]) -> ScoreConfig:
    return ScoreConfig(**{**settings, "ingest": IngestConfig(**settings["ingest"])})
