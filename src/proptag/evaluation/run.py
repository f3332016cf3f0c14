"""A model or a submission file to ``metrics.json`` and ``metrics.md``."""

import json
from pathlib import Path
from typing import Any

from proptag import manifest
from proptag.config import EvaluateConfig
from proptag.evaluation import official, sentences
from proptag.evaluation.tables import table


def evaluate(config: EvaluateConfig) -> dict[str, Any]:
    """Score a model or a submission file and write ``metrics.json`` and ``metrics.md``; skip what is there and current.

    Raises ``UserError`` for anything that is missing, broken or faulty.
    """
    output = Path(config.output)
    if manifest.is_finished("evaluation", config):
        return dict(json.loads((output / "metrics.json").read_text(encoding="utf-8")))
    measure = sentences.measure if config.task == "sentences" else official.measure
    figures = {"task": config.task, **measure(config)}
    manifest.write_text(output / "metrics.json", json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    manifest.write_text(output / "metrics.md", table(figures))
    counts = {name: value for name, value in figures.items() if isinstance(value, int)} | figures.get("notes", {})
    manifest.write(output, manifest.describe("evaluation", config), ["metrics.json", "metrics.md"], counts)
    return figures
