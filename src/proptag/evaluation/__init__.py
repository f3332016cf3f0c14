"""How well a model or a submission file does: ``metrics.json`` and a readable table."""

from proptag.evaluation.run import evaluate
from proptag.evaluation.tables import table

__all__ = ["evaluate", "table"]
