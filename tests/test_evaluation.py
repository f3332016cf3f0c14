import json

import numpy as np
import pytest

from conftest import run_script
from proptag import taxonomy
from proptag.config import EvaluateConfig
from proptag.evaluation import evaluate
from proptag.evaluation.sentences import any_found, label_row
from proptag.labels import LabelSet

NAMES = taxonomy.load().names


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


def test_figures_in_another_label_set(model, dataset, tmp_path):
    settings = {"model": str(model), "dataset": str(dataset), "output": str(tmp_path), "bootstrap": 10}
    canonical = evaluate(EvaluateConfig(**settings))
    found = evaluate(EvaluateConfig(**settings, labels="semeval2020"))
    assert tuple(found["techniques"]) == LabelSet.of("semeval2020").names
    assert found["techniques"]["Flag-Waving"] == canonical["techniques"]["Flag_Waving"]
    assert found["summary"]["propaganda_f1"] == canonical["summary"]["propaganda_f1"]
    merged = found["techniques"]["Bandwagon,Reductio_ad_hitlerum"]
    parts = [canonical["techniques"][name]["support"] for name in ("Appeal_to_Popularity", "Guilt_by_Association")]
    assert max(parts) <= merged["support"] <= sum(parts)
    assert merged["threshold"] is None
    assert "label set of semeval2020" in (tmp_path / "metrics.md").read_text(encoding="utf-8")


def row(techniques=(), known=NAMES, any_of=()):
    number = lambda names: [NAMES.index(name) for name in names]  # noqa: E731
    return {
        "propaganda": bool(techniques or any_of),
        "techniques": number(techniques),
        "known": number(known),
        "any_of": [number(group) for group in any_of],
    }


DISTRACTION = ("Appeal_to_Hypocrisy", "Straw_Man", "Red_Herring", "Whataboutism")


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        (row(), 0.0),
        (row(["Red_Herring"]), 1.0),
        (row(["Red_Herring"], known=["Red_Herring"]), 1.0),
        (row(known=["Red_Herring", "Doubt"]), np.nan),
        (row(known=["Doubt"], any_of=[DISTRACTION]), 1.0),
        (row(known=["Doubt"], any_of=[("Appeal_to_Hypocrisy", "Whataboutism")]), 1.0),
        (row(known=["Doubt"], any_of=[("Appeal_to_Popularity", "Guilt_by_Association")]), np.nan),
    ],
)
def test_gold_of_a_merged_label(gold, expected):
    labels = LabelSet.of("semeval2020")
    found = label_row(gold, labels)[1 + labels.names.index("Whataboutism,Straw_Men,Red_Herring")]
    assert found == pytest.approx(expected, nan_ok=True)


def test_a_group_that_only_overlaps_a_label_leaves_it_unknown():
    # Whataboutism of 2019 may be either; the label of 2023 is one of the two.
    labels = LabelSet.of("semeval2023")
    found = label_row(row(known=["Doubt"], any_of=[("Appeal_to_Hypocrisy", "Whataboutism")]), labels)
    assert np.isnan(found[1 + labels.names.index("Whataboutism")])


def test_a_merged_label_has_the_noisy_or_and_is_found_with_any_of_its_techniques():
    labels = LabelSet.of("semeval2020")
    p, found = np.zeros((1, len(NAMES))), np.zeros((1, len(NAMES) + 1), dtype=bool)
    p[0, [NAMES.index("Straw_Man"), NAMES.index("Red_Herring")]] = 0.5, 0.2
    found[0, 1 + NAMES.index("Red_Herring")] = True
    column = labels.names.index("Whataboutism,Straw_Men,Red_Herring")
    assert labels.probabilities(p)[0, column] == pytest.approx(0.6)
    assert np.flatnonzero(any_found(found, labels)[0]).tolist() == [1 + column]
