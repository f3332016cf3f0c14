"""Measure a model: ``python scripts/evaluate.py model=runs/seeds dataset=data/seeds output=runs/seeds-test``.

Or a submission file: ``python scripts/evaluate.py submission=FILE task=flc corpus=semeval2020 corpus.path=DIR output=DIR``.
"""

from pathlib import Path

from proptag.cli import script
from proptag.config import EvaluateConfig
from proptag.corpora.download import ensure
from proptag.manifest import is_finished


def main(config: EvaluateConfig) -> None:
    """Evaluate, print the table, and say where the figures lie."""
    if config.task != "sentences":
        ensure(config.corpus)
    if not is_finished("evaluation", config):  # asked before torch is loaded, which takes seconds
        from proptag.evaluation import evaluate

        evaluate(config)
    print(Path(config.output, "metrics.md").read_text(encoding="utf-8"))
    print(f"figures: {config.output}/metrics.json")


if __name__ == "__main__":
    script(main, EvaluateConfig, "evaluate")
