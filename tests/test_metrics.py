import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, precision_recall_fscore_support

from proptag import taxonomy
from proptag.metrics import RankedScores, TechniqueMetrics, bootstrap_intervals, expected_calibration_error

NAMES = taxonomy.load().names
WIDTH = len(NAMES) + 1


def random_case(seed, rows=60):
    generator = np.random.default_rng(seed)
    labels = (generator.random((rows, WIDTH)) < 0.2).astype(float)
    probabilities = np.clip(0.3 * labels + generator.random((rows, WIDTH)) * 0.7, 0, 1)
    return probabilities, labels, [f"article-{i // 10}" for i in range(rows)]


@pytest.mark.parametrize("seed", range(3))
def test_figures_agree_with_scikit_learn(seed):
    probabilities, labels, articles = random_case(seed)
    thresholds = [0.5] * WIDTH
    found = TechniqueMetrics().measure(probabilities, labels, thresholds, articles)
    predicted = probabilities >= 0.5
    summary = found["summary"]
    assert summary["micro_f1"] == pytest.approx(f1_score(labels[:, 1:], predicted[:, 1:], average="micro"))
    assert summary["macro_f1"] == pytest.approx(f1_score(labels[:, 1:], predicted[:, 1:], average="macro"))
    assert summary["propaganda_f1"] == pytest.approx(f1_score(labels[:, 0], predicted[:, 0]))
    precision, recall, f1, support = precision_recall_fscore_support(labels[:, 1:], predicted[:, 1:])
    for i, name in enumerate(NAMES):
        row = found["techniques"][name]
        assert [row["precision"], row["recall"], row["f1"], row["support"]] == pytest.approx([precision[i], recall[i], f1[i], support[i]])


def test_unknown_labels_count_neither_for_nor_against():
    probabilities, labels, articles = random_case(1)
    hidden = labels.copy()
    hidden[:, 5] = np.nan
    changed = probabilities.copy()
    changed[:, 5] = 1 - changed[:, 5]
    first = TechniqueMetrics().measure(probabilities, hidden, [0.5] * WIDTH, articles)
    second = TechniqueMetrics().measure(changed, hidden, [0.5] * WIDTH, articles)
    assert first["summary"] == second["summary"]
    assert first["techniques"][NAMES[4]]["f1"] is None


def test_no_positive_gives_null_and_no_error():
    probabilities, labels, articles = random_case(2)
    found = TechniqueMetrics().measure(probabilities, np.zeros_like(labels), [0.5] * WIDTH, articles, samples=5)
    assert found["summary"]["propaganda_average_precision"] is None
    assert found["summary"]["macro_f1"] is None


def test_intervals_hold_the_figure_and_are_the_same_again():
    probabilities, labels, articles = random_case(3, rows=200)
    run = lambda: TechniqueMetrics().measure(probabilities, labels, [0.5] * WIDTH, articles, samples=200, seed=4)  # noqa: E731
    found = run()
    for name in ("micro_f1", "propaganda_f1", "propaganda_average_precision"):
        low, high = found["intervals"][name]
        assert low < found["summary"][name] < high
    assert run()["intervals"] == found["intervals"]


def test_intervals_resample_whole_articles():
    # Two articles, one all right and one all wrong: the share of right rows is 0, a half or 1 in every resample.
    right = np.array([1.0] * 9 + [0.0] * 9)
    seen = set()

    def measure(weights):
        share = float(right @ weights / weights.sum())
        seen.add(share)
        return {"right": share}

    assert bootstrap_intervals(measure, ["a"] * 9 + ["b"] * 9, 50, 1)["right"] == (0.0, 1.0)
    assert seen == {0.0, 0.5, 1.0}


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30))
def test_weighted_average_precision_is_that_of_scikit_learn(rows):
    scores, labels, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = RankedScores(scores[:, None], labels[:, None]).average_precision(weights)[0]
    if weights @ labels:
        assert found == pytest.approx(average_precision_score(labels, scores, sample_weight=weights))
    else:
        assert math.isnan(found)


def test_calibration_error_is_zero_for_a_calibrated_and_large_for_a_boasting_model():
    generator = np.random.default_rng(0)
    p = generator.random(200_000)
    y = (generator.random(200_000) < p).astype(float)
    assert expected_calibration_error(p, y) < 0.01
    assert expected_calibration_error(np.ones(1000), np.zeros(1000)) == 1.0
