"""The dashboards: a line's, with what a person on call asks first, and an environment's, with every line's alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from assembly_line.metrics import line_metric
from assembly_line.run import Run
from config.line import Line
from runtime import measures

_PERIOD = Duration.hours(1)
_MOST = 12
"""Columns whose drift a graph shows."""
_HALF = 12
"""Of the 24 columns that a dashboard is wide."""


class LineDashboard(Construct):
    """Runs, drift, performance, alarms, queues, REST and delivery of one line."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        line: Line,
        run: Run,
        functions: Mapping[str, lambda_.IFunction],
        queues: Mapping[str, sqs.IQueue],
        alarms: Sequence[cloudwatch.IAlarm] = (),
        api: apigateway.RestApi | None = None,
        topics: Mapping[str, sns.ITopic] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self._line = line
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=name)
        self.dashboard.add_widgets(self._runs(run), _errors(functions))
        self.dashboard.add_widgets(self._drift(), self._performance())
        if alarms:
            self.dashboard.add_widgets(
                cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24, height=4)
            )
        self.dashboard.add_widgets(*_queues(queues))
        if api is not None:
            self.dashboard.add_widgets(*_rest(api))
        if topics:
            self.dashboard.add_widgets(_delivered(topics))

    def _runs(self, run: Run) -> cloudwatch.GraphWidget:
        machine = run.state_machine
        return cloudwatch.GraphWidget(
            title="Runs",
            width=_HALF,
            left=[
                machine.metric_started(period=_PERIOD),
                machine.metric_succeeded(period=_PERIOD),
                machine.metric_failed(period=_PERIOD),
            ],
        )

    def _drift(self) -> cloudwatch.GraphWidget:
        """The columns that are watched, each with its own line, and the bar; all of them where none is named."""
        name, drift = self._line.line, self._line.monitoring.drift
        search = f'{{{measures.NAMESPACE},{measures.LINE},{measures.FEATURE}}} {measures.LINE}="{name}"'
        columns: list[cloudwatch.IMetric] = [
            cloudwatch.Metric(
                namespace=measures.NAMESPACE,
                metric_name=measures.DRIFT,
                dimensions_map={measures.LINE: name, measures.FEATURE: column},
                statistic=cloudwatch.Stats.MAXIMUM,
                period=_PERIOD,
                label=column,
            )
            for column in (drift.columns or [])[:_MOST]
        ]
        columns = columns or [
            cloudwatch.SearchExpression(
                expression=f"SEARCH('{search} MetricName=\"{measures.DRIFT}\"', 'Maximum')", label="", period=_PERIOD
            )
        ]
        return cloudwatch.GraphWidget(
            title="Drift",
            width=_HALF,
            left=[line_metric(name, measures.DRIFT_MAX), *columns],
            left_annotations=[_bar(drift.threshold)] if drift.threshold is not None else [],
        )

    def _performance(self) -> cloudwatch.GraphWidget:
        name, wanted = self._line.line, self._line.monitoring.performance
        return cloudwatch.GraphWidget(
            title=f"Performance: {self._line.observed_metric}",
            width=_HALF,
            left=[line_metric(name, measures.PERFORMANCE, statistic=cloudwatch.Stats.AVERAGE)],
            left_annotations=[_bar(bar) for bar in (wanted.minimum, wanted.maximum) if bar is not None],
            right=[line_metric(name, measures.GROUND_TRUTH_JOINED, statistic=cloudwatch.Stats.SUM)],
        )


class EnvironmentDashboard(Construct):
    """Every line of an environment, whichever there are: found by searching, because the foundation knows none."""

    def __init__(self, scope: Construct, id_: str, *, name: str) -> None:
        super().__init__(scope, id_)
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=name)
        by_line = f"{{{measures.NAMESPACE},{measures.LINE}}}"
        by_monitor = f"{{{measures.NAMESPACE},{measures.LINE},{measures.MONITOR}}}"
        self.dashboard.add_widgets(
            _search("Alarming monitors (1: it alarms)", f'{by_monitor} MetricName="{measures.ALARMING}"', "Maximum")
        )
        self.dashboard.add_widgets(
            _search("Drift: the largest of each line", f'{by_line} MetricName="{measures.DRIFT_MAX}"', "Maximum"),
            _search("Performance", f'{by_line} MetricName="{measures.PERFORMANCE}"', "Average"),
        )
        self.dashboard.add_widgets(
            _search(
                "Failed executions, of all machines of the account",
                '{AWS/States,StateMachineArn} MetricName="ExecutionsFailed"',
                "Sum",
            ),
            _search("Labels joined", f'{by_line} MetricName="{measures.GROUND_TRUTH_JOINED}"', "Sum"),
        )


def _search(title: str, query: str, statistic: str) -> cloudwatch.GraphWidget:
    expression = cloudwatch.SearchExpression(expression=f"SEARCH('{query}', '{statistic}')", label="", period=_PERIOD)
    return cloudwatch.GraphWidget(title=title, width=_HALF, left=[expression])


def _bar(value: float) -> cloudwatch.HorizontalAnnotation:
    return cloudwatch.HorizontalAnnotation(value=value, label="bar", color=cloudwatch.Color.RED)


def _errors(functions: Mapping[str, lambda_.IFunction]) -> cloudwatch.GraphWidget:
    errors = [function.metric_errors(label=label, period=_PERIOD) for label, function in functions.items()]
    return cloudwatch.GraphWidget(title="Errors of handlers", width=_HALF, left=errors)


def _queues(queues: Mapping[str, sqs.IQueue]) -> list[cloudwatch.GraphWidget]:
    counts = [
        queue.metric_approximate_number_of_messages_visible(label=label, period=_PERIOD)
        for label, queue in queues.items()
    ]
    ages = [
        queue.metric_approximate_age_of_oldest_message(label=label, period=_PERIOD) for label, queue in queues.items()
    ]
    return [
        cloudwatch.GraphWidget(title="Messages waiting", width=_HALF, left=counts),
        cloudwatch.GraphWidget(title="Age of the oldest message", width=_HALF, left=ages),
    ]


def _rest(api: apigateway.RestApi) -> list[cloudwatch.GraphWidget]:
    latencies = [
        api.metric_latency(label=statistic, statistic=statistic, period=_PERIOD) for statistic in ("p50", "p95", "p99")
    ]
    return [
        cloudwatch.GraphWidget(title="REST: latency", width=_HALF, left=latencies),
        cloudwatch.GraphWidget(
            title="REST: requests and errors",
            width=_HALF,
            left=[api.metric_count(period=_PERIOD)],
            right=[api.metric_client_error(period=_PERIOD), api.metric_server_error(period=_PERIOD)],
        ),
    ]


def _delivered(topics: Mapping[str, sns.ITopic]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title="Messages delivered",
        width=_HALF,
        left=[
            topic.metric_number_of_messages_published(label=f"{label}: published", period=_PERIOD)
            for label, topic in topics.items()
        ],
        right=[
            topic.metric_number_of_notifications_failed(label=f"{label}: failed", period=_PERIOD)
            for label, topic in topics.items()
        ],
    )
