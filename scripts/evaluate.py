"""Measure a model on a dataset: ``python scripts/evaluate.py model=runs/seeds dataset=data/seeds output=runs/seeds-test``."""

from proptag.cli import script
from proptag.config import EvaluateConfig


def main(config: EvaluateConfig) -> None:
    """Evaluate, print the table, and say where the figures lie."""
    from proptag.evaluation import evaluate, table

    print(table(evaluate(config)))
    print(f"figures: {config.output}/metrics.json")


if __name__ == "__main__":
    script(main, EvaluateConfig, "evaluate")
