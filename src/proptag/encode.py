"""Labelled sentences to padded tensors with sentence and token labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from proptag import taxonomy

Row = Mapping[str, Any]
Features = dict[str, Any]
LABELS = ("labels", "token_labels", "token_mask")


def sentence_labels(row: Row) -> NDArray[np.float32]:
    """Return the labels (outputs,) of a dataset row: 1, 0, or nan where the corpus did not annotate the technique.

    The first output is "any technique".
    """
    labels = np.full(len(taxonomy.load().names) + 1, np.nan, dtype=np.float32)
    labels[[0, *(technique + 1 for technique in row["known"])]] = 0.0
    if row["techniques"]:
        labels[[0, *(technique + 1 for technique in row["techniques"])]] = 1.0
    return labels


def encode(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, max_length: int) -> tuple[list[Features], int]:
    """Tokenise dataset rows with sentence and token labels; also return how many sentences were cut at ``max_length`` tokens.

    Labels are 1, 0 or nan where the corpus did not annotate the technique.
    """
    encoded = tokenizer([row["text"] for row in rows], truncation=True, max_length=max_length, return_offsets_mapping=True)
    found, cut = [], 0
    for i, row in enumerate(rows):
        labels = sentence_labels(row)
        token_labels = np.tile(np.where(np.isnan(labels), labels, 0), (len(encoded["input_ids"][i]), 1))
        offsets = np.array(encoded["offset_mapping"][i])
        mask = offsets[:, 1] > offsets[:, 0]
        for span in row["spans"]:
            inside = mask & (offsets[:, 0] < span["end"]) & (offsets[:, 1] > span["start"])
            token_labels[np.ix_(inside, [0, span["technique"] + 1])] = 1.0
        cut += offsets[:, 1].max(initial=0) < len(row["text"].rstrip())
        inputs = {name: encoded[name][i] for name in encoded if name != "offset_mapping"}
        found.append({**inputs, "labels": labels, "token_labels": token_labels, "token_mask": mask})
    return found, int(cut)


class Collator:
    """Pads a batch to its longest sentence."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer

    def __call__(self, batch: Sequence[Features]) -> dict[str, Tensor]:
        """Return the padded tensors of a batch; padded tokens have mask 0 and unknown labels."""
        names = [n for n in batch[0] if n not in LABELS]
        inputs = self.tokenizer.pad([{n: f[n] for n in names} for f in batch], return_tensors="pt")
        length, width = inputs["input_ids"].shape[1], len(batch[0]["labels"])
        token_labels = torch.full((len(batch), length, width), torch.nan)
        mask = torch.zeros((len(batch), length))
        for i, features in enumerate(batch):
            size = len(features["token_mask"])
            token_labels[i, :size] = torch.from_numpy(features["token_labels"])
            mask[i, :size] = torch.from_numpy(features["token_mask"].astype(np.float32))
        labels = torch.from_numpy(np.stack([f["labels"] for f in batch]))
        return {**inputs, "labels": labels, "token_labels": token_labels, "token_mask": mask}
