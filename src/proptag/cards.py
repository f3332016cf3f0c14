"""The README.md of dataset and model folders, and the page about the techniques."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from proptag import manifest
from proptag.config import TrainConfig
from proptag.taxonomy import Taxonomy, Technique


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
            "Made by proptag's `scripts/build_dataset.py`. Splits are by `group`: an article and its near-duplicates. A sentence has a",
            "technique if a span of it covers a non-space character of the sentence; a span over several sentences counts in each.",
            "`known` lists the techniques whose presence or absence is known; any other is unknown there, not absent. `any_of` holds a",
            "list for each label that the corpus merged: at least one of these techniques is there. `spans` are offsets into the",
            "sentence, end exclusive.",
            "",
            f"| | {header} |",
            "|---|" + "---:|" * len(splits),
            *rows,
            "",
            *_oddities(counts["faults"]),
            f"| sentences with the technique | {header} | all |",
            "|---|" + "---:|" * (len(splits) + 1),
            *techniques,
            "",
            "| leak guard | |",
            "|---|---:|",
            *(f"| {what} | {number} |" for what, number in counts["leaks"].items()),
            "",
            "Near-duplicates share half of the smaller one's word 5-grams, and are never on both sides of a split. A boilerplate sentence",
            "stands in articles of several groups; one that validation or test holds too is left out of training.",
            "",
        ]
    )


def _oddities(faults: Mapping[str, Any]) -> list[str]:
    """Write a table of what the reader left out and repaired; nothing if that is nothing."""
    left_out = {"faulty row, left out (manifest.json lists them)": len(faults["left out"])} if faults["left out"] else {}
    rows = [f"| {kind} | {number} |" for kind, number in (left_out | faults["repairs"]).items()]
    return ["| oddities of the corpus | rows |", "|---|---:|", *rows, ""] if rows else []


def taxonomy_page(techniques: Taxonomy) -> str:
    """Write ``docs/taxonomy.md``: every technique by group with definition and example, and every corpus's label for it, as Markdown."""
    lines = [
        "# The techniques",
        "",
        "Made by `make docs` from `src/proptag/taxonomy.yaml`: change that file, not this page. Brackets in an example enclose the span.",
        "Canonical names are those of SemEval-2023 Task 3, Slavic NLP 2025, and one of our own.",
    ]
    for group, about in techniques.groups.items():
        members = [t for t in techniques.techniques if t.group == group]
        lines += ["", f"## {group.replace('_', ' ')}", about, "", "| technique | definition | example |", "|---|---|---|"]
        lines += [f"| `{t.name}` | {_cell(t.definition)} | {_cell(t.example)} |" for t in members]
    lines += [
        "",
        "## Labels of the corpora",
        "A label in several rows is merged: it says *at least one of these*. – means that the corpus did not annotate the technique: it is",
        "unknown there, not absent. [Data](data.md) says which labels are only the nearest ones.",
        "",
    ]
    lines += [f"- `{corpus}`: {about}" for corpus, about in techniques.corpora.items()]
    lines += ["", "| technique | " + " | ".join(techniques.corpora) + " |", "|---" * (len(techniques.corpora) + 1) + "|"]
    for t in techniques.techniques:
        lines.append(f"| `{t.name}` | " + " | ".join(_label(techniques, t, corpus) for corpus in techniques.corpora) + " |")
    return "\n".join(lines) + "\n"


def _label(techniques: Taxonomy, technique: Technique, corpus: str) -> str:
    """Write a corpus's label for a technique; "same" for the canonical name where it means nothing else."""
    label = technique.names.get(corpus)
    if label is None:
        return "–"
    return "same" if techniques.canonical(corpus)[label] == label == technique.name else _cell(label)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


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
