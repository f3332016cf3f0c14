import numpy as np
import pytest

from proptag.calibrate import LEAST, Calibration, choose_thresholds, fit, pool, sigmoid
from proptag.metrics import expected_calibration_error


def overconfident(rows=4000, width=5, seed=0):
    """Logits that are three times too far from zero."""
    generator = np.random.default_rng(seed)
    true = generator.normal(-2, 1.5, (rows, width))
    labels = (generator.random((rows, width)) < sigmoid(true)).astype(float)
    return 3 * true, labels


def test_fit_brings_probabilities_near_to_the_observed_shares():
    logits, labels = overconfident()
    fresh_logits, fresh_labels = overconfident(seed=1)
    calibration = fit(logits, labels, logits, labels)
    raw = expected_calibration_error(sigmoid(fresh_logits).ravel(), fresh_labels.ravel())
    calibrated = expected_calibration_error(calibration.sentence_probabilities(fresh_logits).ravel(), fresh_labels.ravel())
    assert calibrated < 0.02 < raw


def test_fit_keeps_the_order_of_sentences():
    logits, labels = overconfident(rows=300)
    for wanted in (labels, 1 - labels):  # even where the labels say the opposite
        found = fit(logits, wanted, logits, wanted).sentence_probabilities(logits)
        assert (np.argsort(found, axis=0) == np.argsort(pool(logits), axis=0)).all()


def test_pooling_weighs_any_technique_against_the_techniques_themselves():
    logits = np.array([[-2.0, 1.0, -1.0], [-2.0, -4.0, -4.0]])
    pooled = pool(logits)
    one_of_them = 1 - (1 - sigmoid(logits[:, 1])) * (1 - sigmoid(logits[:, 2]))
    assert pooled[:, 0] == pytest.approx((logits[:, 0] + np.log(one_of_them / (1 - one_of_them))) / 2)
    assert (pooled[:, 1:] == logits[:, 1:]).all()
    assert pool(logits[0]) == pytest.approx(pooled[0])  # one sentence alone


def test_pooling_bears_logits_far_from_zero():
    assert np.isfinite(pool(np.array([[0.0, -1000.0, -1000.0], [0.0, 1000.0, 1000.0]]))).all()


def test_a_column_without_positives_gets_a_low_probability_and_the_common_threshold():
    logits, labels = overconfident()
    labels[:, 3] = 0
    calibration = fit(logits, labels, logits, labels)
    assert calibration.sentence_probabilities(logits)[:, 3].mean() < 0.02
    assert calibration.thresholds[3] == pytest.approx(calibration.thresholds[2], abs=0.15)


def test_threshold_of_a_frequent_column_is_its_own_best():
    generator = np.random.default_rng(1)
    labels = (generator.random((5000, 1)) < 0.3).astype(float)
    probabilities = np.clip(0.4 * labels + 0.35 * generator.random((5000, 1)), 0, 1)
    assert choose_thresholds(probabilities, labels)[0] == pytest.approx(0.375, abs=0.03)


def test_unknown_labels_have_no_say():
    logits, labels = overconfident()
    hidden = labels.copy()
    hidden[::2] = np.nan
    flipped = logits.copy()
    flipped[::2] *= -1
    assert fit(logits, hidden, logits, hidden) == fit(flipped, hidden, flipped, hidden)


def test_calibration_survives_json():
    logits, labels = overconfident(rows=300)
    calibration = fit(logits, labels, logits, labels)
    assert Calibration.from_dict(calibration.as_dict()) == calibration
    with pytest.raises(KeyError):
        Calibration.from_dict({"slopes": []})


def test_no_sentence_threshold_is_so_low_that_most_tags_would_be_wrong():
    generator = np.random.default_rng(2)
    labels = (generator.random((5000, 1)) < 0.02).astype(float)
    probabilities = np.full((5000, 1), 0.02) + 0.01 * labels
    assert choose_thresholds(probabilities, labels, least=0.0)[0] < 0.05
    assert choose_thresholds(probabilities, labels)[0] >= LEAST
