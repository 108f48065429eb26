"""Monitoring: drift of what was scored, performance once ground truth arrives, alarms, and the line's dashboard."""

from __future__ import annotations

import json

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from assembly_line.alarms import ABOVE, BELOW, alarm, error_alarm
from assembly_line.handler import Handler, Handlers
from assembly_line.metrics import line_metric
from assembly_line.permissions import allow, allow_key, allow_read, allow_write
from assembly_line.queue import WorkQueue
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from assembly_line.table import Table
from config.line import Line
from config.retraining import Reason
from runtime import measures

_JOIN_TIMEOUT = Duration.seconds(30)


class MonitoringStation(Station):
    """A handler that measures drift in each run, and one that joins ground truth with predictions as it arrives."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        supervisor: Supervisor,
        shared: Shared,
        handlers: Handlers,
        line: Line,
        predictions: Table,
    ) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        self._shared, self._builder, self._line = shared, handlers, line
        self.windows = Table(self, "Windows", environment=shared.environment, key=shared.key, partition="window")
        self.ground_truth = WorkQueue(
            self, "GroundTruth", key=shared.key, alarms=shared.alarms, handled_within=_JOIN_TIMEOUT
        )
        self.drift = self._drift()
        self.join_ground_truth = self._join(predictions)
        self.alarms: dict[Reason, list[cloudwatch.Alarm]] = {
            "drift": [self._drift_alarm()],
            "performance": self._performance_alarms(),
        }
        """Reason for another training -> the alarms that stand for it."""
        self._errors()
        self.works(self.handler_state("Drift", self.drift))

    def _drift(self) -> Handler:
        runs, line = f"runs/{self._line.line}/", self._line
        handler = Handler(
            self,
            "DriftHandler",
            handlers=self._builder,
            module="lambdas.monitoring.drift",
            environment={
                "LAKE_BUCKET": self._shared.lake.bucket_name,
                "MODELS_BUCKET": self._shared.models.bucket_name,
                "LEDGER_TABLE": self._shared.ledger.table_name,
                "COLUMNS": json.dumps(line.monitoring.drift.columns or []),
                "THRESHOLD": str(line.monitoring.drift.threshold),
                "MINIMUM_SAMPLE": str(line.monitoring.drift.minimum_sample),
                "LINE": line.line,
            },
        )
        allow_read(handler.role, self._shared.lake, runs)
        allow_write(handler.role, self._shared.lake, runs)
        allow_read(handler.role, self._shared.models, f"{line.line}/")
        self._shared.allow_ledger(handler.role, "dynamodb:GetItem")
        allow_key(handler.role, self._shared.key, write=True)
        return handler

    def _join(self, predictions: Table) -> Handler:
        queue, performance = self.ground_truth.queue, self._line.monitoring.performance
        handler = Handler(
            self,
            "GroundTruthHandler",
            handlers=self._builder,
            module="lambdas.monitoring.ground_truth",
            environment={
                "PREDICTIONS_TABLE": predictions.name,
                "WINDOWS_TABLE": self.windows.name,
                "TASK": self._line.dataset.task,
                "METRIC": self._line.observed_metric,
                "MINIMUM_SAMPLE": str(performance.minimum_sample),
                "LINE": self._line.line,
            },
            timeout=_JOIN_TIMEOUT,
        )
        predictions.allow(handler.role, "dynamodb:BatchGetItem", "dynamodb:UpdateItem")
        self.windows.allow(handler.role, "dynamodb:GetItem", "dynamodb:UpdateItem")
        consume = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        allow(handler.role, *consume, on=[queue.queue_arn])
        lambda_.EventSourceMapping(
            self,
            "Arrivals",
            target=handler.function,
            event_source_arn=queue.queue_arn,
            batch_size=100,
            max_batching_window=Duration.seconds(1),
            report_batch_item_failures=True,
        )
        return handler

    def _drift_alarm(self) -> cloudwatch.Alarm:
        line = self._line
        return alarm(
            self,
            "DriftAlarm",
            topic=self._shared.alarms,
            metric=line_metric(line.line, measures.DRIFT_MAX),
            threshold=line.monitoring.drift.threshold,
            when=ABOVE,
            says=f"what line {line.line} scores has moved away from what its champion was trained on: retrain it",
        )

    def _performance_alarms(self) -> list[cloudwatch.Alarm]:
        line, bar = self._line, self._line.monitoring.performance
        bounds = {"PerformanceLow": (bar.minimum, BELOW), "PerformanceHigh": (bar.maximum, ABOVE)}
        return [
            alarm(
                self,
                id_,
                topic=self._shared.alarms,
                metric=line_metric(line.line, measures.PERFORMANCE),
                threshold=bound,
                when=beyond,
                says=f"{line.observed_metric} of line {line.line} on its ground truth is out of bounds: retrain it",
            )
            for id_, (bound, beyond) in bounds.items()
            if bound is not None
        ]

    def _errors(self) -> None:
        error_alarm(
            self,
            "GroundTruthErrors",
            topic=self._shared.alarms,
            function=self.join_ground_truth.function,
            says=f"the ground truth of line {self._line.line} is not joined: read the log of its handler",
        )
