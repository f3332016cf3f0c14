"""Probabilities and thresholds from the validation split."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GRID = np.linspace(0.02, 0.98, 97)
LEAST = 0.1
"""No sentence threshold lies below: a tag that is right less than one time in ten helps nobody, whatever it does to F1."""


@dataclass(frozen=True)
class Calibration:
    """Probability = sigmoid(slope * logit + bias), Platt scaling (Platt, 1999), per output; and for tokens, one for all outputs."""

    slopes: tuple[float, ...]
    biases: tuple[float, ...]
    token_slope: float
    token_bias: float
    thresholds: tuple[float, ...]
    """Smallest calibrated probability, per output, at which the output counts as found."""
    token_threshold: float

    def sentence_log_odds(self, logits: Floats) -> Floats:
        """Pool and calibrate sentence logits of shape (sentences, outputs) or (outputs,)."""
        return np.asarray(np.asarray(self.slopes) * pool(logits) + np.asarray(self.biases))

    def token_log_odds(self, logits: Floats) -> Floats:
        """Calibrate token logits of shape (tokens, outputs)."""
        return self.token_slope * logits + self.token_bias

    def sentence_probabilities(self, logits: Floats) -> Floats:
        """Pool and calibrate sentence logits of shape (sentences, outputs) or (outputs,)."""
        return sigmoid(self.sentence_log_odds(logits))

    def token_probabilities(self, logits: Floats) -> Floats:
        """Calibrate token logits of shape (tokens, outputs)."""
        return sigmoid(self.token_log_odds(logits))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``tagger.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Calibration":
        """Read what ``as_dict`` gave; ``KeyError`` or ``TypeError`` if something is missing or of another kind."""

        def numbers(name: str) -> tuple[float, ...]:
            return tuple(float(value) for value in values[name])

        return cls(
            numbers("slopes"),
            numbers("biases"),
            float(values["token_slope"]),
            float(values["token_bias"]),
            numbers("thresholds"),
            float(values["token_threshold"]),
        )


def sigmoid(values: Floats) -> Floats:
    """Return 1 / (1 + exp(-values)) without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(values, dtype=np.float64)))


def pool(logits: Floats) -> Floats:
    """Let the techniques have a say in "any technique", the first output, and leave the others.

    ``logits`` is (sentences, outputs) or (outputs,). The first becomes the mean of itself and of the logit of 1 - prod(1 - p) over the
    techniques (noisy-or). That ranks better than either alone, most of all on text unlike the training data (docs/design.md).
    """
    none = np.logaddexp(0.0, np.asarray(logits, dtype=np.float64)[..., 1:]).sum(-1)  # -log of the probability of no technique
    any_of_them = none + np.log(-np.expm1(-np.maximum(none, np.finfo(float).tiny)))
    return np.concatenate([((logits[..., 0] + any_of_them) / 2)[..., None], logits[..., 1:]], axis=-1)


def fit(logits: Floats, labels: Floats, token_logits: Floats, token_labels: Floats) -> Calibration:
    """Fit calibration and thresholds on validation data.

    ``logits`` and ``labels`` are (sentences, outputs), the first output being "any technique"; the token arrays are (tokens, outputs).
    Labels are 1, 0 or nan (unknown). A technique with few examples borrows strength from the others: they share one slope, and its
    bias is shrunk towards theirs.
    """
    logits = pool(logits)
    slope, bias = _platt(logits[:, :1], labels[:, :1])
    slopes, biases = _platt(logits[:, 1:], labels[:, 1:])
    token_slope, token_bias = _platt(token_logits[:, 1:], token_labels[:, 1:], per_output=False)
    all_slopes, all_biases = np.concatenate([slope, slopes]), np.concatenate([bias, biases])
    probabilities = sigmoid(all_slopes * logits + all_biases)
    tokens = sigmoid(token_slope[0] * token_logits[:, 1:] + token_bias[0])
    return Calibration(
        tuple(all_slopes.tolist()),
        tuple(all_biases.tolist()),
        float(token_slope[0]),
        float(token_bias[0]),
        (
            *choose_thresholds(probabilities[:, :1], labels[:, :1]),
            *choose_thresholds(probabilities[:, 1:], labels[:, 1:]),
        ),
        choose_thresholds(tokens.reshape(-1, 1), token_labels[:, 1:].reshape(-1, 1), least=0.0)[0],
    )


def _platt(logits: Floats, labels: Floats, *, per_output: bool = True) -> tuple[Floats, Floats]:
    """Fit one slope for all columns and a bias per column; the identity where the data cannot tell."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    width = logits.shape[1]
    known = ~np.isnan(labels)
    target, column = labels[known], np.nonzero(known)[1]
    if len(set(target.tolist())) < 2:
        return np.ones(width), np.zeros(width)
    parts = [csr_matrix(logits[known].reshape(-1, 1))]
    if per_output and width > 1:
        parts.append(csr_matrix((np.ones(len(column)), (np.arange(len(column)), column)), shape=(len(column), width)))
    model = LogisticRegression(C=1.0, max_iter=1000).fit(hstack(parts, format="csr"), target)
    if model.coef_[0, 0] <= 0:  # no signal: better uncalibrated than upside down
        return np.ones(width), np.zeros(width)
    offsets = model.coef_[0, 1:] if len(parts) > 1 else np.zeros(width)
    return np.full(width, model.coef_[0, 0]), model.intercept_[0] + offsets


def choose_thresholds(probabilities: Floats, labels: Floats, least: float = LEAST, prior: float = 40.0) -> list[float]:
    """Choose the threshold of best F1, but at least ``least``, for each column of (rows, columns).

    To a column's own counts are added those of all columns together, scaled to ``prior`` positives, so that a rare technique gets
    close to the common threshold and a frequent one its own. A column without a known label gets 1: it is never found.
    """
    grid = GRID[least - 1e-9 <= GRID]
    positive, negative = labels == 1, labels == 0
    hits = np.array([((probabilities >= t) & positive).sum(0) for t in grid], dtype=float)  # (grid, columns)
    false = np.array([((probabilities >= t) & negative).sum(0) for t in grid], dtype=float)
    totals = positive.sum(0).astype(float)
    everything = totals.sum()
    if everything == 0:
        return [0.5] * labels.shape[1]
    share = prior / everything if labels.shape[1] > 1 else 0.0
    hits, false = hits + share * hits.sum(1, keepdims=True), false + share * false.sum(1, keepdims=True)
    f1 = 2 * hits / (hits + false + totals + share * everything)
    # Of equally good thresholds take the middle one: it is the farthest from harm.
    best = [float(np.median(grid[np.isclose(column, column.max())])) for column in f1.T]
    return [threshold if known else 1.0 for threshold, known in zip(best, (positive | negative).any(0), strict=True)]
