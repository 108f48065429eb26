"""The metrics that a line's handlers write, by the names under which they write them."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from runtime import measures


def line_metric(line: str, name: str, *, statistic: str = cloudwatch.Stats.MAXIMUM) -> cloudwatch.Metric:
    """Return one of a line's metrics, e.g. ``measures.DRIFT_MAX``."""
    return cloudwatch.Metric(
        namespace=measures.NAMESPACE,
        metric_name=name,
        dimensions_map={measures.LINE: line},
        statistic=statistic,
        period=Duration.hours(1),
    )
