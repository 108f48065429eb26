"""Metrics, written to the log in the embedded metric format, from which CloudWatch makes them without a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "AssemblyLine"

DRIFT = "Drift"
DRIFT_MAX = "DriftMax"
PERFORMANCE = "Performance"
GROUND_TRUTH_JOINED = "GroundTruthJoined"
ALARMING = "Alarming"
"""Whether a monitor alarms, 0 or 1."""
LINE = "Line"
MONITOR = "Monitor"
FEATURE = "Feature"

_UNITS = {GROUND_TRUTH_JOINED: MetricUnit.Count}


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
