"""How the network is run: device, number type and batching, in one place."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from proptag.errors import UserError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from proptag.calibrate import Floats
    from proptag.model import JointModel


def choose_device(wanted: str) -> "torch.device":
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device; ``UserError`` if a GPU is asked for and none is there."""
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("device=cuda: torch sees no GPU on this machine; use device=auto or device=cpu")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def trains_in_bfloat16(wanted: str, device: "torch.device") -> bool:
    """Tell whether to train under bfloat16 autocast: ``auto`` does where the hardware multiplies bfloat16 matrices."""
    import torch

    if wanted != "auto":
        return wanted == "bfloat16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:  # not Linux
        return False
    return bool(flags & {"avx512_bf16", "amx_bf16"})


def batches_by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield batches of indices of like length, longest first, so that little is padded and memory peaks at once."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    for start in range(0, len(order), size):
        yield order[start : start + size]


def run_network(
    model: "JointModel", tokenizer: "PreTrainedTokenizerBase", encoded: Sequence[Mapping[str, Any]], size: int = 32
) -> tuple["Floats", list["Floats"]]:
    """Return the sentence logits (sentences, outputs), and per sentence the token logits (tokens, outputs), of tokenised sentences.

    Each item of ``encoded`` holds the tokenizer's lists for one sentence; ``size`` sentences of like length go through at once.
    """
    import torch

    device = next(model.parameters()).device
    width = model.span_head.out_features
    sentences = np.zeros((len(encoded), width))
    tokens = [np.zeros((0, width))] * len(encoded)
    model.eval()
    with torch.inference_mode():
        for batch in batches_by_length([len(item["input_ids"]) for item in encoded], size):
            inputs = tokenizer.pad([dict(encoded[i]) for i in batch], return_tensors="pt").to(device)
            found = model(**inputs)
            logits, token_logits = (found[name].double().cpu().numpy() for name in ("logits", "token_logits"))
            for row, i in enumerate(batch):
                sentences[i] = logits[row]
                tokens[i] = token_logits[row, : len(encoded[i]["input_ids"])].copy()
    return sentences, tokens


def be_quiet() -> None:
    """Silence the progress bars and hints of transformers and datasets; proptag prints its own."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if "datasets" in sys.modules:
        from datasets import disable_progress_bars

        disable_progress_bars()
