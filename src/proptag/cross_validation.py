"""Cross-validation by article: every fold's dataset, model and figures in folders of their own, and one table over all.

Every fold goes through the same steps as a user's own training, so each is skipped when it is there already, and a run that was cut off
goes on. Thresholds, calibration and the best epoch come from validation articles inside the training part.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import hypot
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from proptag import dataset as datasets_
from proptag import leaks, manifest
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
    articles, faults = datasets_.read_corpus(config.corpus)
    print("\n".join(faults.report()))
    training = label_articles(articles, config.corpus.segmenter)
    scored = training
    if config.score_on is not None:
        gold, _ = datasets_.read_corpus(config.scored)
        training, scored = with_common_groups(training, label_articles(gold, config.corpus.segmenter))
    _refuse_vague_gold(scored, config)
    results = []
    for number, fold in enumerate(folds(training, scored, config), 1):
        folder = output / f"fold-{number}"
        _store(folder / "dataset", fold, (training, scored, faults), config)
        for seed in config.seeds.split():
            print(f"fold {number} of {config.folds}, seed {seed}")
            results.append({"fold": number, "seed": int(seed), "figures": _run(folder, seed, scored, config)})
    return _write(output, results, config)


def with_common_groups(training: Labelled, scored: Labelled) -> tuple[Labelled, Labelled]:
    """Group the articles of both sides together, since an article may have another id, or another version, on the other side."""
    renamed = {i: replace(article, id=f"scored/{i}") for i, article in scored.articles.items()}
    pairs = leaks.near_duplicates([*training.articles.values(), *renamed.values()])
    groups = leaks.groups([*training.articles, *(article.id for article in renamed.values())], pairs)
    return (
        replace(training, groups={i: groups[i] for i in training.articles}),
        replace(scored, groups={i: groups[article.id] for i, article in renamed.items()}),
    )


def _refuse_vague_gold(scored: Labelled, config: CrossValidateConfig) -> None:
    """Say before anything is trained that a task needs exact spans and the corpus has none."""
    tasks = [task for task in config.tasks.split() if task in ("si", "flc", "tc")]
    if tasks and any(not span.exact for article in scored.articles.values() for span in article.spans):
        raise UserError(f"{config.scored.path}: {', '.join(tasks)} need exact spans; {config.scored.name} labels whole passages")


def folds(training: Labelled, scored: Labelled, config: CrossValidateConfig) -> Iterator[Fold]:
    """Yield the folds: each article of the scored corpus is in one test, with its group; everything else may be trained on.

    Raises ``UserError`` if a fold would be left without an article.
    """
    tests = assign(scored, [1 / config.folds] * config.folds, config.seed)
    if not all(tests):
        raise UserError(f"{len(scored.articles)} articles are too few for {config.folds} folds")
    own_groups = set(scored.groups.values())
    for test in tests:
        held_out = {scored.groups[i] for i in test}
        free = [i for i in training.articles if training.groups[i] not in held_out]
        own = [i for i in free if training.groups[i] in own_groups]
        kept, validation = assign(training, [1 - config.validation, config.validation], config.seed, among=own)
        if not kept or not validation:
            raise UserError(f"{len(scored.articles)} articles are too few for {config.folds} folds with validation articles in each")
        chosen = {training.groups[i] for i in validation}
        yield Fold([i for i in free if training.groups[i] not in chosen], validation, test)


def _store(folder: Path, fold: Fold, corpora: tuple[Labelled, Labelled, Faults], config: CrossValidateConfig) -> None:
    description = manifest.describe("cross_validation", config) | {"articles": asdict(fold)}
    if manifest.is_current(folder, description):
        return
    training, scored, faults = corpora
    tally = Counter(training.leak_counts)
    dataset = datasets_.fill((training, fold.train), (training, fold.validation), (scored, fold.test), tally)
    datasets_.store(dataset, folder, config.corpus.name, description, {"leaks": dict(tally), "faults": faults.counts()})


def _run(folder: Path, seed: str, scored: Labelled, config: CrossValidateConfig) -> dict[str, dict[str, Any]]:
    """Train one model and return its figures by task."""
    dataset, model = folder / "dataset", folder / f"seed-{seed}"
    fit(TrainConfig(str(dataset), str(model), config.encoder, config.train, int(seed), config.device))
    corpus = next(iter(scored.articles.values())).corpus
    labels = corpus if corpus in load_taxonomy().corpora else CANONICAL
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
    tasks = {
        task: summarise([{"fold": result["fold"], "figures": result["figures"][task]} for result in results])
        for task in config.tasks.split()
    }
    figures = {"folds": config.folds, "seeds": config.seeds, "tasks": tasks, "runs": results}
    manifest.write_text(output / "metrics.json", json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    manifest.write_text(output / "metrics.md", table(figures, config))
    manifest.write(output, manifest.describe("cross_validation", config), ["metrics.json", "metrics.md"], {"runs": len(results)})
    return figures


def summarise(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mean, spread (sample standard deviation over the runs) and 95 % interval of each figure of the runs of one task.

    Each run is ``{"fold", "figures"}``. The interval is that of the mean, the folds' intervals put together in quadrature, since their test
    articles are disjoint: what other articles would change, not what other training articles would. ``techniques`` holds mean and spread of
    each technique's F1 and average precision, over the runs whose test has it, and its support in all.
    """
    figures = [result["figures"] for result in results]
    summary = {}
    for name in figures[0]["summary"]:
        widths: dict[int, list[float]] = {}
        for result in results:
            low, high = result["figures"]["intervals"].get(name, (None, None))
            if low is not None and high is not None:
                widths.setdefault(result["fold"], []).append((high - low) / 2)
        found = _spread([run["summary"][name] for run in figures])
        half = hypot(*map(mean, widths.values())) / len(widths) if widths else None
        interval = None if half is None or found["mean"] is None else [found["mean"] - half, found["mean"] + half]
        summary[name] = {**found, "interval": interval}
    techniques = {}
    for name in dict.fromkeys(name for run in figures for name in run.get("techniques", ())):
        own = [run["techniques"][name] for run in figures if name in run["techniques"]]
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
        f"{config.encoder.name}. Spread: over the runs. Interval: of the mean, by bootstrap over the articles.",
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
