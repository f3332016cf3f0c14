"""How the network is run: device, number type and batching, in one place."""

import ctypes
import os
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from proptag.errors import UserError

if TYPE_CHECKING:
    import torch


def choose_device(wanted: str) -> "torch.device":
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device; ``UserError`` if a GPU is asked for and none is there."""
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("device=cuda: torch sees no GPU on this machine; use device=auto or device=cpu")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def uses_bfloat16(wanted: str, device: "torch.device") -> bool:
    """Tell whether to compute under bfloat16 autocast: ``auto`` does where the hardware multiplies bfloat16 matrices."""
    import torch

    if wanted != "auto":
        return wanted == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:  # not Linux
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16"})


def keep_memory() -> None:
    """Let the C library keep freed memory for the next step instead of returning it.

    Activations and the gradient of the embeddings (47 MB for MiniLM) are made anew in every step; in pages that are taken from the
    system anew as well, an epoch took half as long again. Does nothing where the library is not glibc.
    """
    trim_threshold, mmap_max = -1, -4  # the numbers of mallopt(3)
    if mallopt := _c_function("mallopt"):
        mallopt(mmap_max, 0)
        mallopt(trim_threshold, 2**31 - 1)


def give_memory_back() -> None:
    """Return to the system what ``keep_memory`` has kept and nothing uses; does nothing where the C library is not glibc."""
    if trim := _c_function("malloc_trim"):
        trim(0)


def _c_function(name: str) -> Callable[..., int] | None:
    try:
        return typing.cast("Callable[..., int]", getattr(ctypes.CDLL(None), name))
    except (AttributeError, OSError, TypeError):
        return None


def bound_caches() -> None:
    """Let oneDNN keep what it compiled for 64 shapes of matrices instead of 1024: every length of sentence has shapes of its own.

    In bfloat16 on a CPU memory otherwise grows by hundreds of MB. Works if called before the first matrix product of the process.
    """
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(name, "64")


def batches_by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield batches of indices of like length, longest first, so that little is padded and memory peaks at once."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    for start in range(0, len(order), size):
        yield order[start : start + size]


def be_quiet() -> None:
    """Silence the progress bars and hints of transformers and datasets; proptag prints its own."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if "datasets" in sys.modules:
        from datasets import disable_progress_bars

        disable_progress_bars()
