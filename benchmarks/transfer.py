"""What the seeds teach about real news: train on other corpora alone, score on a gold corpus that was never trained or tuned on.

    python benchmarks/transfer.py gold=PATH memes=PATH output=runs/transfer [reference=runs/cv/metrics.json] [settings of train.py]

``gold`` is SemEval-2020 Task 11, ``memes`` SemEval-2021 Task 6 (the peer: the same recipe trained on it alone). The learning curve
takes the first 60, 120, 180, 240 of the seed articles in an order drawn once. Thresholds, calibration and the best epoch come from a
fifth of each model's own training articles. ``reference`` is the result of ``cross_validate.py`` on the gold, whose mean average
precision is what training in the domain reaches. Every step is skipped when it is there already.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from proptag import cli, manifest, settings
from proptag import dataset as datasets_
from proptag.config import BuildDatasetConfig, CorpusConfig, EvaluateConfig, TrainConfig
from proptag.corpora.faults import Faults
from proptag.evaluation import evaluate
from proptag.records import Article
from proptag.split import Labelled, assign, label_articles
from proptag.train import fit

OWN = ("gold", "memes", "output", "reference", "seeds")
CURVE = (60, 120, 180, 240)
MEASURES = ("propaganda_f1", "propaganda_average_precision", "micro_f1", "mean_average_precision")


def main(arguments: Sequence[str]) -> None:
    """Train and score every model, and print the tables."""
    given = cli.plain_settings(arguments, ("gold", "memes", "output"))
    own = {name: given.pop(name) for name in OWN if name in given}
    training = OmegaConf.to_container(OmegaConf.from_dotlist([f"{name}={value}" for name, value in given.items()]))
    output = Path(own["output"])
    gold_corpus = CorpusConfig("semeval2020", own["gold"], segmenter="lines")
    gold = label_articles(datasets_.read_corpus(gold_corpus)[0], "lines")
    _store(output / "gold", gold_corpus, gold, [[], [], list(gold.articles)])

    def run(name: str, corpus: CorpusConfig, articles: list[Article]) -> dict[str, Any]:
        folder = output / name
        labelled = label_articles(articles, corpus.segmenter)
        _store(folder / "dataset", corpus, labelled, [*assign(labelled, [0.8, 0.2], 13), []])
        fit(settings.build(TrainConfig, {**training, "dataset": str(folder / "dataset"), "output": str(folder / "model")}))
        found = evaluate(EvaluateConfig(str(folder / "figures"), str(folder / "model"), dataset=str(output / "gold"), labels="semeval2020"))
        return dict(found)

    seed_corpus = CorpusConfig("seeds", own.get("seeds", "seeds"))
    seeds = datasets_.read_corpus(seed_corpus)[0]
    random.Random(13).shuffle(seeds)  # noqa: S311  (an order, not a secret)
    meme_corpus = CorpusConfig("semeval2021", own["memes"], segmenter="lines")
    memes = datasets_.read_corpus(meme_corpus)[0]
    figures = {f"{len(memes)} memes": run("memes", meme_corpus, memes)}
    for size in (*(size for size in CURVE if size < len(seeds)), len(seeds)):
        figures[f"{size} seed articles"] = run(f"seeds-{size}", seed_corpus, seeds[:size])
    print(_table(figures))
    reference = json.loads(Path(own["reference"]).read_text(encoding="utf-8"))["tasks"]["sentences"] if "reference" in own else None
    print(_techniques(figures, reference))


def _store(folder: Path, corpus: CorpusConfig, labelled: Labelled, parts: Sequence[Sequence[str]]) -> None:
    description = manifest.describe("dataset", BuildDatasetConfig(corpus, str(folder))) | {"articles": parts}
    if not manifest.is_current(folder, description):
        tally = Counter[str]()
        train, validation, test = ((labelled, part) for part in parts)
        dataset = datasets_.fill(train, validation, test, tally)
        datasets_.store(dataset, folder, corpus.name, description, {"leaks": dict(tally), "faults": Faults().counts()})


def _table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "| trained on | any technique: F1 | any technique: average precision | 14 techniques: micro-F1 | mean average precision |",
        "|---|---|---|---|---|",
    ]
    for name, found in figures.items():
        cells = []
        for measure in MEASURES:
            low, high = found["intervals"][measure]
            cells.append(f"{found['summary'][measure]:.3f} ({low:.3f} to {high:.3f})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _techniques(figures: Mapping[str, Mapping[str, Any]], reference: Mapping[str, Any] | None) -> str:
    """Write the average precision of each technique, and what share of training in the domain that is."""
    lines = [f"| average precision | gold | {' | '.join(figures)} | in the domain |", "|---|---:|" + "---:|" * (len(figures) + 1)]
    for name, technique in next(iter(figures.values()))["techniques"].items():
        own = reference["techniques"][name]["average_precision"]["mean"] if reference else None
        cells = [*(found["techniques"][name]["average_precision"] for found in figures.values()), own]
        lines.append(f"| {name} | {technique['support']} | " + " | ".join("–" if c is None else f"{c:.3f}" for c in cells) + " |")
    if reference:
        whole = reference["summary"]["mean_average_precision"]["mean"]
        shares = [f"{found['summary']['mean_average_precision'] / whole:.0%}" for found in figures.values()]
        lines.append(f"| share of the mean in the domain | | {' | '.join(shares)} | 100% |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(cli.guarded(lambda: main(sys.argv[1:])))
