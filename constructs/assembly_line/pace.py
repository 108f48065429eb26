"""What a line's dashboard shows of its pace: runs per week, lead time, stations' seconds and waits, runs cut short."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from assembly_line.metrics import line_metric
from runtime import measures

WEEK = Duration.days(7)
_DAY = Duration.days(1)
_HALF = 12
"""Of the 24 columns that a dashboard is wide."""


def pace(line: str) -> list[cloudwatch.IWidget]:
    """Return the widgets, two of which stand side by side; figures that count are those of ``line throughput``."""
    return [
        cloudwatch.GraphWidget(
            title="Runs finished per week",
            width=_HALF,
            left=[_metric(line, measures.RUN_SECONDS, "SampleCount", "finished", WEEK)],
            right=[_metric(line, measures.HALTS, "Sum", "halted or failed", WEEK)],
        ),
        cloudwatch.GraphWidget(
            title="Lead time, data landed to delivered (s)",
            width=_HALF,
            left=[
                _metric(line, measures.LEAD_TIME, "p50", "median", _DAY),
                _metric(line, measures.LEAD_TIME, "p90", "9 of 10", _DAY),
            ],
        ),
        _by_station("Seconds of each station", line, measures.STATION_SECONDS),
        _by_station("Seconds that each station waited", line, measures.STATION_WAIT),
    ]


def _metric(line: str, name: str, statistic: str, label: str, period: Duration) -> cloudwatch.IMetric:
    return line_metric(line, name, statistic=statistic).with_(label=label, period=period)


def _by_station(title: str, line: str, name: str) -> cloudwatch.GraphWidget:
    query = f'{{{measures.NAMESPACE},{measures.LINE},{measures.STATION}}} {measures.LINE}="{line}" MetricName="{name}"'
    found = cloudwatch.SearchExpression(expression=f"SEARCH('{query}', 'Average')", label="", period=_DAY)
    return cloudwatch.GraphWidget(title=title, width=_HALF, left=[found])
