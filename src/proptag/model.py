"""One encoder with two heads: which techniques a sentence uses, and which of its tokens carry them.

The sentence part is a stock Hugging Face sequence classifier, so that any tool can load it. Its outputs are ``propaganda`` (any technique)
and then the techniques in the taxonomy's order; the span head gives the same outputs for every token.
"""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from proptag import taxonomy
from proptag.config import EncoderConfig
from proptag.errors import UserError
from proptag.manifest import hash_path
from proptag.runtime import batches_by_length, be_quiet

Floats = NDArray[np.float64]
SPAN_HEAD = "span_head.safetensors"
TAGGER = "tagger.json"
FORMAT = 2
"""Of ``tagger.json``; it rises when the numbers in there change their meaning: 2 since "any technique" hears the techniques."""


def outputs() -> tuple[str, ...]:
    """Return the names of the model's outputs, in order."""
    return (taxonomy.PROPAGANDA, *taxonomy.load().names)


class JointModel(nn.Module):
    """A sequence classifier and a span head over one pass of its encoder."""

    def __init__(self, classifier: PreTrainedModel, span_head: nn.Linear, span_weight: float = 0.5) -> None:
        super().__init__()
        self.classifier = classifier
        self.span_head = span_head
        self.span_weight = span_weight

    def forward(
        self,
        labels: Tensor | None = None,
        token_labels: Tensor | None = None,
        token_mask: Tensor | None = None,
        groups: Tensor | None = None,
        token_groups: Tensor | None = None,
        **inputs: Tensor,
    ) -> dict[str, Tensor]:
        """Return ``logits`` (batch, outputs) and ``token_logits`` (batch, tokens, outputs), and ``loss`` if labels are given.

        ``labels`` are 1, 0 or nan (unknown: left out of the loss); ``token_labels`` likewise per token, ``token_mask`` (batch, tokens)
        is 0 at special tokens and padding. ``groups`` (batch, groups, outputs) marks the techniques of merged labels, ``token_groups``
        (batch, tokens, groups) the tokens that carry them.
        """
        result = self.classifier(**inputs, output_hidden_states=True)
        token_logits = self.span_head(result.hidden_states[-1])
        found = {"logits": result.logits, "token_logits": token_logits}
        if labels is None:
            return found
        loss = masked_loss(result.logits, labels)
        if groups is not None:
            # A sentence is one row here: (batch, 1, outputs).
            loss = loss + merged_loss(result.logits[:, None], groups, groups.any(-1)[:, None].float()) / len(labels)
        if token_labels is not None and token_mask is not None:
            real = token_mask.bool()
            token_loss = masked_loss(token_logits[real], token_labels[real])
            if groups is not None and token_groups is not None:
                token_loss = token_loss + merged_loss(token_logits, groups, token_groups) / real.sum()
            loss = loss + self.span_weight * token_loss
        return {"loss": loss, **found}


def masked_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the binary cross-entropy of the known labels, summed over the outputs and averaged over the rows.

    Both tensors are (rows, outputs); nan is unknown. A sum, not a mean, over the techniques: each is rare, and in a mean would hardly
    be felt.
    """
    known = ~labels.isnan()
    loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), labels.nan_to_num(), reduction="none")
    return (loss * known).sum() / len(labels)


def merged_loss(logits: Tensor, groups: Tensor, present: Tensor) -> Tensor:
    """Return the summed negative log-probability that at least one technique of each merged label is there.

    ``logits`` (batch, rows, outputs), ``groups`` (batch, groups, outputs) and ``present`` (batch, rows, groups) are 0 or 1. With
    independent techniques that probability is 1 - prod(1 - p), and -log(1 - p) is the softplus of the logit.
    """
    none = nn.functional.softplus(logits.float()) @ groups.transpose(1, 2)  # -log of the probability of none of them
    chosen = none[present.bool()]
    return -torch.log(-torch.expm1(-chosen.clamp(min=1e-6))).sum()


def new(encoder: EncoderConfig, span_weight: float) -> tuple[JointModel, PreTrainedTokenizerBase]:
    """Make an untrained model over a pre-trained encoder; ``UserError`` if the encoder is nowhere to be found."""
    be_quiet()
    folder, local = _find(encoder)
    names = outputs()
    extra = {"num_hidden_layers": encoder.layers} if encoder.layers else {}
    try:
        config = AutoConfig.from_pretrained(
            folder,
            local_files_only=local,
            id2label=dict(enumerate(names)),
            label2id={name: i for i, name in enumerate(names)},
            problem_type="multi_label_classification",
            **extra,
        )
        classifier = AutoModelForSequenceClassification.from_pretrained(folder, config=config, local_files_only=local, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=local)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"encoder {encoder.name}: cannot be loaded from {folder}: {reason}") from error
    if not tokenizer.is_fast:
        raise UserError(f"encoder {encoder.name}: its tokenizer gives no character offsets (not a fast tokenizer)")
    tokenizer.model_max_length = encoder.max_length
    span_head = nn.Linear(classifier.config.hidden_size, len(names))
    nn.init.normal_(span_head.weight, std=0.02)
    nn.init.zeros_(span_head.bias)
    return JointModel(classifier, span_head, span_weight), tokenizer


def _find(encoder: EncoderConfig) -> tuple[str, bool]:
    """Return where the encoder lies, and whether that needs no network: folder, Hugging Face cache, package, hub."""
    if Path(encoder.path).is_dir():
        return encoder.path, True
    try:
        AutoConfig.from_pretrained(encoder.path, local_files_only=True)
        return encoder.path, True
    except (OSError, ValueError):
        pass
    packaged = _packaged(encoder.package) if encoder.package else None
    if packaged:
        if encoder.sha256 and hash_path(packaged / "model.safetensors") != encoder.sha256:
            raise UserError(f"encoder {encoder.name}: the weights in the package {encoder.package} are not the expected ones")
        return str(packaged), True
    if encoder.download:
        return encoder.path, False
    package = f", nor the package {encoder.package.split('.')[0]}," if encoder.package else ""
    raise UserError(
        f"encoder {encoder.name}: neither a folder {encoder.path} nor a copy in the Hugging Face cache{package} is there; "
        "give encoder.path=FOLDER, or allow the network with encoder.download=true"
    )


def _packaged(package: str) -> Path | None:
    """Find a folder inside an installed package without importing the package."""
    name, _, folder = package.partition(".")
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return next((path for place in places or () if (path := Path(place, folder)).is_dir()), None)


def save(folder: Path, model: JointModel, tokenizer: PreTrainedTokenizerBase, tagger: Mapping[str, Any]) -> None:
    """Write the model folder: a stock checkpoint, the span head and ``tagger.json``."""
    model.classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    save_file({name: value.contiguous() for name, value in model.span_head.state_dict().items()}, folder / SPAN_HEAD)
    (folder / TAGGER).write_text(json.dumps(tagger, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Loaded:
    """What a model folder holds."""

    model: JointModel
    tokenizer: PreTrainedTokenizerBase
    tagger: Mapping[str, Any]


def load(folder: Path) -> Loaded:
    """Read a model folder without any network; ``UserError`` says what is missing or broken."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such model folder; train one with scripts/train.py output={folder}")
    be_quiet()
    needed = ("config.json", "model.safetensors", "tokenizer.json", SPAN_HEAD, TAGGER)
    if missing := [name for name in needed if not (folder / name).is_file()]:
        raise UserError(f"{folder}: not a complete model folder: {', '.join(missing)} missing; train it again")
    try:
        tagger = json.loads((folder / TAGGER).read_text(encoding="utf-8"))
        classifier = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        names = tuple(classifier.config.id2label[i] for i in range(classifier.config.num_labels))
        span_head = nn.Linear(classifier.config.hidden_size, len(names))
        span_head.load_state_dict(load_file(folder / SPAN_HEAD))
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"{folder}: the model folder is broken ({reason}); train it again") from error
    if names != outputs():
        raise UserError(f"{folder}: the model was trained for another taxonomy (version {tagger.get('taxonomy')}); train it again")
    if tagger.get("format") != FORMAT:
        raise UserError(
            f"{folder}: the model was trained by another version of proptag, whose probabilities mean something else; train it again"
        )
    return Loaded(JointModel(classifier, span_head).eval(), tokenizer, tagger)


def run_network(
    model: JointModel, tokenizer: PreTrainedTokenizerBase, encoded: Sequence[Mapping[str, Any]], size: int = 32
) -> tuple[Floats, list[Floats]]:
    """Return the sentence logits (sentences, outputs), and per sentence the token logits (tokens, outputs), of tokenised sentences.

    Each item of ``encoded`` holds the tokenizer's lists for one sentence; ``size`` sentences of like length go through at once.
    """
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
