"""Metrics, written to the log in the embedded metric format, from which CloudWatch makes them without a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "AssemblyLine"

DRIFT = "Drift"
DRIFT_MAX = "DriftMax"
PERFORMANCE = "Performance"
OUTCOME = "Outcome"
ALARMING = "Alarming"
"""1 while a monitor is in alarm, else 0."""
MISSING, UNSEEN, OUTSIDE = "Missing", "Unseen", "Outside"
"""Shares of a feature's values."""
GROUND_TRUTH_JOINED = "GroundTruthJoined"
GROUND_TRUTH_UNMATCHED = "GroundTruthUnmatched"
"""Labels that wait for their prediction."""
GROUND_TRUTH_REFUSED = "GroundTruthRefused"
STATION_SECONDS = "StationSeconds"
STATION_WAIT = "StationWait"
"""Seconds between the end of what a station waited for and its start."""
RUN_SECONDS = "RunSeconds"
LEAD_TIME = "LeadTime"
"""Seconds from the landing of the data to the delivery of what was decided with them."""
HALTS = "Halts"
"""1 for a run that did not reach its end, else 0."""
LINE = "Line"
STATION = "Station"
FEATURE = "Feature"
MONITOR = "Monitor"
SLICE = "Slice"

_UNITS = {
    **dict.fromkeys((GROUND_TRUTH_JOINED, GROUND_TRUTH_UNMATCHED, GROUND_TRUTH_REFUSED, HALTS), MetricUnit.Count),
    **dict.fromkeys((STATION_SECONDS, STATION_WAIT, RUN_SECONDS, LEAD_TIME), MetricUnit.Seconds),
}


def emit(dimensions: Mapping[str, str], values: Mapping[str, Sequence[float]]) -> None:
    """Write each metric's values under the dimensions; a metric without a value is left out."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, service="")
    for name, text in dimensions.items():
        metrics.add_dimension(name=name, value=text)
    for name, each in values.items():
        for value in each:
            metrics.add_metric(name=name, unit=_UNITS.get(name, MetricUnit.NoUnit), value=value)
    if any(values.values()):
        metrics.flush_metrics()
