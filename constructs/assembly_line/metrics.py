"""The metrics that a line's handlers write, by the names under which they write them."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from runtime import measures


def line_metric(
    line: str,
    name: str,
    *,
    statistic: str = cloudwatch.Stats.MAXIMUM,
    period: Duration | None = None,
    more: Mapping[str, str] | None = None,
) -> cloudwatch.Metric:
    """Return one of a line's metrics, e.g. ``measures.DRIFT_MAX``; ``more`` are further dimensions."""
    return cloudwatch.Metric(
        namespace=measures.NAMESPACE,
        metric_name=name,
        dimensions_map={measures.LINE: line, **(more or {})},
        statistic=statistic,
        period=period or Duration.hours(1),
    )
