"""The line's dashboard: its runs, its drift and performance, its handlers, what could not be handled."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from assembly_line.metrics import line_metric
from assembly_line.run import Run
from runtime import measures


class LineDashboard(Construct):
    """Four graphs, each of what a person on call asks first."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        line: str,
        run: Run,
        functions: Mapping[str, lambda_.IFunction],
        queues: Mapping[str, sqs.IQueue],
    ) -> None:
        super().__init__(scope, id_)
        period, machine = Duration.hours(1), run.state_machine
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=name)
        self.dashboard.add_widgets(
            cloudwatch.GraphWidget(
                title="Runs",
                left=[
                    machine.metric_started(period=period),
                    machine.metric_succeeded(period=period),
                    machine.metric_failed(period=period),
                ],
            ),
            cloudwatch.GraphWidget(
                title="Model",
                left=[
                    line_metric(line, measures.DRIFT_MAX),
                    line_metric(line, measures.PERFORMANCE, statistic=cloudwatch.Stats.AVERAGE),
                ],
                right=[line_metric(line, measures.GROUND_TRUTH_JOINED, statistic=cloudwatch.Stats.SUM)],
            ),
            cloudwatch.GraphWidget(
                title="Errors of handlers",
                left=[function.metric_errors(label=label, period=period) for label, function in functions.items()],
            ),
            cloudwatch.GraphWidget(
                title="Messages waiting",
                left=[
                    queue.metric_approximate_number_of_messages_visible(label=label, period=period)
                    for label, queue in queues.items()
                ],
            ),
        )
