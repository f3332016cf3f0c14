"""Cross-validation by article: every fold's dataset, model and figures in folders of their own, and one table over all.

Every fold goes through the same steps as a user's own training, so each is skipped when it is there already, and a run that was cut off
goes on. Thresholds, calibration and the best epoch come from validation articles inside the training part.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from proptag import dataset as datasets_
from proptag import manifest
from proptag.config import CrossValidateConfig, EvaluateConfig, TrainConfig
from proptag.corpora.faults import Faults
from proptag.errors import UserError
from proptag.evaluation import evaluate
from proptag.evaluation.tables import MEASURES
from proptag.labels import CANONICAL
from proptag.split import Labelled, assign, label_articles
from proptag.taxonomy import load as load_taxonomy
from proptag.train import fit


@dataclass(frozen=True)
class Fold:
    """The article ids of one fold; validation and test are articles of the scored corpus."""

    train: Sequence[str]
    validation: Sequence[str]
    test: Sequence[str]


def cross_validate(config: CrossValidateConfig) -> dict[str, Any]:
    """Train and score every fold with every seed; write ``metrics.json`` and ``metrics.md``, and go on where an earlier run stopped.

    Raises ``UserError`` for a corpus that is missing, faulty, or too small for the folds.
    """
    output = Path(config.output)
    if manifest.is_finished("cross_validation", config):
        return dict(json.loads((output / "metrics.json").read_text(encoding="utf-8")))
    articles, _ = datasets_.read_corpus(config.corpus)
    training = label_articles(articles, config.corpus.segmenter)
    scored = training
    if config.score_on is not None:
        scored = label_articles(datasets_.read_corpus(config.scored)[0], config.corpus.segmenter)
        scored = Labelled(scored.articles, scored.sentences, {i: training.groups.get(i, group) for i, group in scored.groups.items()}, ())
    results = []
    for number, fold in enumerate(folds(training, scored, config), 1):
        folder = output / f"fold-{number}"
        _store(folder / "dataset", fold, training, scored, config)
        for seed in config.seeds.split():
            print(f"fold {number} of {config.folds}, seed {seed}")
            results.append({"fold": number, "seed": int(seed), "figures": _run(folder, seed, config)})
    return _write(output, results, config)


def folds(training: Labelled, scored: Labelled, config: CrossValidateConfig) -> Iterator[Fold]:
    """Yield the folds: each article of the scored corpus is in one test, with its group; everything else may be trained on.

    Raises ``UserError`` if a fold would be left without an article.
    """
    tests = assign(scored, [1 / config.folds] * config.folds, config.seed)
    if not all(tests):
        raise UserError(f"{len(scored.articles)} articles are too few for {config.folds} folds")
    groups = {**scored.groups, **training.groups}
    for test in tests:
        held_out = {groups[i] for i in test}
        free = [i for i in training.articles if groups[i] not in held_out]
        own = [i for i in free if i in scored.articles]
        kept, validation = assign(training, [1 - config.validation, config.validation], config.seed, among=own)
        if not kept or not validation:
            raise UserError(f"{len(scored.articles)} articles are too few for {config.folds} folds with validation articles in each")
        chosen = {groups[i] for i in validation}
        yield Fold([i for i in free if groups[i] not in chosen], validation, test)


def _store(folder: Path, fold: Fold, training: Labelled, scored: Labelled, config: CrossValidateConfig) -> None:
    description = manifest.describe("cross_validation", config) | {"articles": asdict(fold)}
    if manifest.is_current(folder, description):
        return
    tally = Counter[str]()
    dataset = datasets_.fill((training, fold.train), (training, fold.validation), (scored, fold.test), tally)
    datasets_.store(dataset, folder, config.corpus.name, description, {"leaks": dict(tally), "faults": Faults().counts()})


def _run(folder: Path, seed: str, config: CrossValidateConfig) -> dict[str, dict[str, Any]]:
    """Train one model and return its figures by task."""
    dataset, model = folder / "dataset", folder / f"seed-{seed}"
    fit(TrainConfig(str(dataset), str(model), config.encoder, config.train, int(seed), config.device))
    labels = config.scored.name if config.scored.name in load_taxonomy().corpora else CANONICAL
    found = {}
    for task in config.tasks.split():
        settings = {"labels": labels} if task == "sentences" else {"corpus": config.scored}
        found[task] = evaluate(
            EvaluateConfig(
                output=str(folder / f"seed-{seed}-{task}"),
                model=str(model),
                dataset=str(dataset),
                task=task,
                bootstrap=config.bootstrap,
                seed=config.seed,
                device=config.device,
                **settings,
            )
        )
    return found


def _write(output: Path, results: Sequence[Mapping[str, Any]], config: CrossValidateConfig) -> dict[str, Any]:
    tasks = {task: summarise([result["figures"][task] for result in results]) for task in config.tasks.split()}
    figures = {"folds": config.folds, "seeds": config.seeds, "tasks": tasks, "runs": results}
    manifest.write_text(output / "metrics.json", json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    manifest.write_text(output / "metrics.md", table(figures, config))
    manifest.write(output, manifest.describe("cross_validation", config), ["metrics.json", "metrics.md"], {"runs": len(results)})
    return figures


def summarise(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mean and spread (sample standard deviation) of each figure over the runs, and the mean ends of its intervals.

    ``techniques`` holds the same of each technique's F1 and average precision, over the runs whose test has it, and its support in all.
    """
    summary = {}
    for name in runs[0]["summary"]:
        ends = [run["intervals"][name] for run in runs if name in run["intervals"]]
        interval = [_mean([low for low, _ in ends]), _mean([high for _, high in ends])] if ends else None
        summary[name] = {**_spread([run["summary"][name] for run in runs]), "interval": interval}
    techniques = {}
    for name in dict.fromkeys(name for run in runs for name in run.get("techniques", ())):
        own = [run["techniques"][name] for run in runs if name in run["techniques"]]
        keys = [key for key in ("f1", "average_precision") if key in own[0]]
        techniques[name] = {
            "support": sum(t["support"] for t in own),
            **{key: _spread([t[key] for t in own if t["support"]]) for key in keys},
        }
    return {"summary": summary, "techniques": techniques}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def _spread(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    return {"mean": _mean(known), "spread": stdev(known) if len(known) > 1 else None}


def table(figures: Mapping[str, Any], config: CrossValidateConfig) -> str:
    """Write the figures over all folds and seeds as Markdown."""
    lines = [
        f"{config.corpus.name}, scored on {config.scored.name}: {config.folds} folds by article, seeds {config.seeds}, encoder "
        f"{config.encoder.name}. The interval is the mean of the runs' 95 % intervals (bootstrap over articles).",
    ]
    for task, found in figures["tasks"].items():
        lines += ["", f"| {task:42} | mean  | spread | 95 % interval  |", f"|{'-' * 44}|------:|-------:|----------------|"]
        for name, about in MEASURES.items():
            if (figure := found["summary"].get(name)) and figure["mean"] is not None:
                low, high = figure["interval"] or (None, None)
                cells = f"{_number(figure['mean'])} | {_number(figure['spread']):>6} | {_number(low)} to {_number(high)}"
                lines.append(f"| {about:42} | {cells} |")
        if found["techniques"]:
            lines += ["", f"| {'technique':38} | gold | F1    | average precision |", f"|{'-' * 40}|-----:|------:|------------------:|"]
        for name, technique in found["techniques"].items():
            average = _number(technique.get("average_precision", {}).get("mean"))
            lines.append(f"| {name:38} | {technique['support']:4} | {_number(technique['f1']['mean'])} | {average:>17} |")
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "  –  " if value is None else f"{value:.3f}"
