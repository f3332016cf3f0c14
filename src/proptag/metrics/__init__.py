"""How good tags are: ``evaluate.Metric`` classes that need no network, and intervals by bootstrap over articles."""

from proptag.metrics.bootstrap import bootstrap_intervals
from proptag.metrics.fragments import FragmentMetrics
from proptag.metrics.lines import LineMetrics, ParagraphMetrics
from proptag.metrics.sentences import RankedScores, TechniqueMetrics, average_precision, expected_calibration_error
from proptag.metrics.spans import LabelledSpanMetrics, SpanMetrics

__all__ = [
    "FragmentMetrics",
    "LabelledSpanMetrics",
    "LineMetrics",
    "ParagraphMetrics",
    "RankedScores",
    "SpanMetrics",
    "TechniqueMetrics",
    "average_precision",
    "bootstrap_intervals",
    "expected_calibration_error",
]
