"""Task ``sentences``: which techniques a model finds in the sentences of a dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proptag import dataset as datasets_
from proptag.config import EvaluateConfig
from proptag.encode import sentence_labels
from proptag.errors import UserError
from proptag.labels import LabelSet
from proptag.metrics import TechniqueMetrics
from proptag.predict import Tagger

Floats = NDArray[np.float64]
Row = Mapping[str, Any]


def measure(config: EvaluateConfig) -> dict[str, Any]:
    """Score a model on the sentences of a split, in the label set that the settings name.

    Raises ``UserError`` for a model or dataset that is missing or broken, or a split without sentences.
    """
    folder = Path(config.dataset or "")
    tagger = Tagger.load(config.model or "", config.device)
    splits = datasets_.load(folder)
    rows = list(splits[config.split]) if config.split in splits else []
    if not rows:
        raise UserError(f"{folder}: the split {config.split!r} holds no sentences; it has {', '.join(splits)}")
    readings = tagger.read([row["text"] for row in rows])
    probabilities = tagger.calibration.sentence_probabilities(np.stack([reading.logits for reading in readings]))
    limits, labels = np.array(tagger.calibration.thresholds), LabelSet.of(config.labels)
    figures = TechniqueMetrics().measure(
        np.column_stack([probabilities[:, 0], labels.probabilities(probabilities[:, 1:])]),
        np.stack([label_row(row, labels) for row in rows]),
        [limits[0], *(limits[1:][columns[0]] if len(columns) == 1 else np.nan for columns in labels.columns)],
        [row["article_id"] for row in rows],
        config.bootstrap,
        config.seed,
        names=labels.names,
        found=any_found(probabilities >= limits, labels),
    )
    return {"split": config.split, "labels": config.labels, "truncated": sum(reading.truncated for reading in readings), **figures}


def any_found(found: NDArray[np.bool_], labels: LabelSet) -> NDArray[np.bool_]:
    """Turn decisions (rows, outputs) on techniques into decisions on labels: one that is merged is found if any of its techniques is."""
    return np.column_stack([found[:, 0], *(found[:, 1:][:, columns].any(1) for columns in labels.columns)])


def label_row(row: Row, labels: LabelSet) -> Floats:
    """Return the gold (1 + labels,) of a dataset row in a label set, "any technique" first: 1, 0, or nan for unknown.

    A merged label is there if one of its techniques is, or if the row has at least one of techniques that all belong to it; it is not
    there if all of its techniques are known to be absent.
    """
    techniques = sentence_labels(row).astype(np.float64)
    return np.array(
        [techniques[0], *(_label(techniques[1:], columns, [set(group) for group in row["any_of"]]) for columns in labels.columns)]
    )


def _label(techniques: Floats, columns: Sequence[int], any_of: Sequence[set[int]]) -> float:
    own = techniques[columns]
    if (own == 1).any() or any(group <= set(columns) for group in any_of):
        return 1.0
    return 0.0 if (own == 0).all() else np.nan
