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
LABELS = ("labels", "token_labels", "token_mask", "groups", "token_groups")


def sentence_labels(row: Row) -> NDArray[np.float32]:
    """Return the labels (outputs,) of a dataset row: 1, 0, or nan where it is unknown.

    The first output is "any technique".
    """
    labels = np.full(len(taxonomy.load().names) + 1, np.nan, dtype=np.float32)
    labels[[technique + 1 for technique in row["known"]]] = 0.0
    labels[[technique + 1 for technique in row["techniques"]]] = 1.0
    if row["propaganda"] is not None:
        labels[0] = row["propaganda"]
    return labels


def encode(rows: Sequence[Row], tokenizer: PreTrainedTokenizerBase, max_length: int) -> tuple[list[Features], int]:
    """Tokenise dataset rows with sentence and token labels; also return how many sentences were cut at ``max_length`` tokens.

    ``labels`` (outputs,) and ``token_labels`` (tokens, outputs) are 1, 0 or nan for unknown. ``groups`` (groups, outputs) marks the
    techniques of each merged label of the sentence, ``token_groups`` (tokens, groups) the tokens that carry it.
    """
    encoded = tokenizer([row["text"] for row in rows], truncation=True, max_length=max_length, return_offsets_mapping=True)
    found, cut = [], 0
    for i, row in enumerate(rows):
        offsets = np.array(encoded["offset_mapping"][i])
        cut += offsets[:, 1].max(initial=0) < len(row["text"].rstrip())
        inputs = {name: encoded[name][i] for name in encoded if name != "offset_mapping"}
        found.append({**inputs, **_labels(row, offsets)})
    return found, int(cut)


def _labels(row: Row, offsets: NDArray[np.int64]) -> Features:
    labels = sentence_labels(row)
    mask = offsets[:, 1] > offsets[:, 0]
    groups = np.zeros((len(row["any_of"]), len(labels)), dtype=bool)
    for group, techniques in zip(groups, row["any_of"], strict=True):
        group[[technique + 1 for technique in techniques]] = True
    # Of a technique of the sentence without a span nobody knows which words carry it.
    marked = {technique for span in row["spans"] for technique in span["techniques"]}
    outside = np.where(np.isnan(labels), labels, 0)
    unmarked = [technique + 1 for technique in row["techniques"] if technique not in marked]
    unmarked_groups = any(marked.isdisjoint(techniques) for techniques in row["any_of"])
    outside[unmarked + [0] * bool(unmarked or unmarked_groups)] = np.nan
    token_labels = np.tile(outside, (len(offsets), 1))
    token_groups = np.zeros((len(offsets), len(groups)), dtype=bool)
    for span in row["spans"]:
        inside = mask & (offsets[:, 0] < span["end"]) & (offsets[:, 1] > span["start"])
        token_labels[inside, 0] = 1.0
        if len(span["techniques"]) == 1:
            token_labels[inside, span["techniques"][0] + 1] = 1.0
        else:
            token_groups[inside] |= [set(span["techniques"]) == set(techniques) for techniques in row["any_of"]]
    return {"labels": labels, "token_labels": token_labels, "token_mask": mask, "groups": groups, "token_groups": token_groups}


class Collator:
    """Pads a batch to its longest sentence."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer

    def __call__(self, batch: Sequence[Features]) -> dict[str, Tensor]:
        """Return the padded tensors of a batch; padded tokens have mask 0 and unknown labels, padded groups no technique."""
        names = [n for n in batch[0] if n not in LABELS]
        inputs = self.tokenizer.pad([{n: f[n] for n in names} for f in batch], return_tensors="pt")
        length, width = inputs["input_ids"].shape[1], len(batch[0]["labels"])
        most = max(len(f["groups"]) for f in batch)
        token_labels = torch.full((len(batch), length, width), torch.nan)
        mask = torch.zeros((len(batch), length))
        groups, token_groups = torch.zeros((len(batch), most, width)), torch.zeros((len(batch), length, most))
        for i, features in enumerate(batch):
            size, count = len(features["token_mask"]), len(features["groups"])
            token_labels[i, :size] = torch.from_numpy(features["token_labels"])
            mask[i, :size] = torch.from_numpy(features["token_mask"])
            groups[i, :count] = torch.from_numpy(features["groups"])
            token_groups[i, :size, :count] = torch.from_numpy(features["token_groups"])
        labels = torch.from_numpy(np.stack([f["labels"] for f in batch]))
        return dict(zip(LABELS, (labels, token_labels, mask, groups, token_groups), strict=True)) | dict(inputs)
