"""The README.md of dataset and model folders."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from proptag import manifest
from proptag.config import TrainConfig


def dataset(corpus: str, counts: Mapping[str, Any]) -> str:
    """Write the dataset card: what is in it, per split and per technique, as Markdown."""
    splits = counts["splits"]
    rows = [f"| {what} | " + " | ".join(str(splits[s][what]) for s in splits) + " |" for what in next(iter(splits.values()))]
    techniques = [
        f"| {name} | " + " | ".join(str(found[s]) for s in splits) + f" | {sum(found.values())} |"
        for name, found in counts["techniques"].items()
    ]
    header = " | ".join(splits)
    return "\n".join(
        [
            "---",
            "task_categories: [text-classification, token-classification]",
            "language: [en]",
            "tags: [propaganda, persuasion-techniques]",
            "---",
            f"# Sentences of `{corpus}` with propaganda techniques",
            "",
            "Made by proptag's `scripts/build_dataset.py`. Splits are by article. A sentence has a technique if a span of it covers a",
            "non-space character of the sentence; a span over several sentences counts in each. `known` lists the techniques whose",
            "presence or absence is known; any other is unknown there, not absent. `any_of` holds a list for each label that the corpus",
            "merged: at least one of these techniques is there. `spans` are offsets into the sentence, end exclusive.",
            "",
            f"| | {header} |",
            "|---|" + "---:|" * len(splits),
            *rows,
            "",
            f"| sentences with the technique | {header} | all |",
            "|---|" + "---:|" * (len(splits) + 1),
            *techniques,
            "",
        ]
    )


def model(config: TrainConfig, figures: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    """Write the model card: what the folder holds, how it was trained, how good it is, and what it must not be used for."""
    sums = figures["summary"]
    settings = ", ".join(f"{name} {value}" for name, value in asdict(config.train).items())
    return "\n".join(
        [
            "---",
            "library_name: transformers",
            "pipeline_tag: text-classification",
            "language: [en]",
            "---",
            "# Propaganda techniques in sentences",
            "",
            f"`{config.encoder.name}` fine-tuned by proptag {manifest.versions()['proptag']}: the first output, `propaganda`, is the",
            "probability that a sentence uses any technique, the others are the techniques of the taxonomy. `span_head.safetensors`",
            "marks the words, and `tagger.json` holds calibration and thresholds; `proptag.Tagger.load(folder)` uses all of it,",
            '`pipeline("text-classification", model=folder, top_k=None)` the uncalibrated sentence part.',
            "",
            f"Trained on {counts['train sentences']} sentences (seed {config.seed}; {settings}).",
            "On its validation split, where the thresholds were chosen (so these are upper bounds): any technique F1",
            f"{sums['propaganda_f1']:.2f}, techniques micro-F1 {sums['micro_f1']:.2f}. Evaluate on other articles before you rely on it.",
            "",
            "A tag describes rhetoric. It says nothing about whether a statement is true or what its author meant, and it is often",
            "wrong: do not use it to judge, rank or block people or outlets without a human reading the text.",
            "",
        ]
    )
