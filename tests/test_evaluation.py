import json

import pytest

from conftest import run_script
from proptag import taxonomy
from proptag.config import EvaluateConfig
from proptag.evaluation import evaluate


@pytest.fixture(scope="module")
def evaluated(model, dataset, tmp_path_factory):
    output = tmp_path_factory.mktemp("evaluation")
    done = run_script("evaluate", f"model={model}", f"dataset={dataset}", f"output={output}", "bootstrap=100")
    assert done.returncode == 0, done.stderr
    return output, done.stdout


def test_evaluation_writes_every_figure(evaluated):
    output, printed = evaluated
    figures = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert set(figures["techniques"]) == set(taxonomy.load().names)
    for row in figures["techniques"].values():
        assert set(row) == {"support", "precision", "recall", "f1", "average_precision", "threshold"}
    for name in ("propaganda_f1", "micro_f1", "macro_f1", "technique_calibration_error"):
        low, high = figures["intervals"][name]
        assert low <= high
    low, high = figures["intervals"]["propaganda_f1"]
    assert low <= figures["summary"]["propaganda_f1"] <= high
    assert (output / "metrics.md").read_text(encoding="utf-8") in printed
    row = next(line for line in printed.splitlines() if line.startswith("| techniques, micro-F1"))
    assert f"| {figures['summary']['micro_f1']:.3f} |" in row


def test_evaluating_again_is_skipped_and_another_split_is_not(evaluated, model, dataset, capsys):
    output, _ = evaluated
    settings = {"model": str(model), "dataset": str(dataset), "output": str(output), "bootstrap": 100}
    evaluate(EvaluateConfig(**settings))
    assert "up to date" in capsys.readouterr().out
    assert evaluate(EvaluateConfig(**settings, split="validation"))["split"] == "validation"


def test_evaluating_nothing_is_said(model, tmp_path):
    done = run_script("evaluate", f"model={model}", f"dataset={tmp_path}", f"output={tmp_path / 'o'}")
    assert done.returncode == 1
    assert "no dataset there" in done.stderr
