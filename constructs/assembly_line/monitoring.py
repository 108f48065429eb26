"""Monitoring: what was scored and captured is judged window by window, ground truth is joined, alarms tell."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.feedback import Feedback
from assembly_line.handler import Handler, Handlers
from assembly_line.monitors import monitor_alarm
from assembly_line.naming import slug
from assembly_line.permissions import allow, allow_key, allow_read, allow_write
from assembly_line.queue import DeadLetters
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from config.line import Line
from config.monitors import MONITORS
from config.retraining import Reason

LOOK = Duration.minutes(15)
"""How often it is seen to windows that are over."""
_TIMEOUT = Duration.minutes(5)


class MonitoringStation(Station):
    """A handler that counts and judges what a run scored, one that judges by the clock, and the alarms of both."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        supervisor: Supervisor,
        shared: Shared,
        handlers: Handlers,
        line: Line,
        feedback: Feedback,
    ) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        self._shared, self._builder, self._line, self._feedback = shared, handlers, line, feedback
        self.drift = self._drift()
        self.letters = DeadLetters(self, "Unjudged", key=shared.key, alarms=shared.alarms)
        self.judge = self._judge()
        self.monitors = {monitor: monitor_alarm(self, monitor, line=line) for monitor in MONITORS}
        self.alarms: dict[Reason, list[cloudwatch.Alarm]] = {
            "drift": [self.monitors["drift"]],
            "performance": [self.monitors["performance"]],
        }
        """Reason for another training -> the alarms that stand for it."""
        self._clock()
        self.works(self.handler_state("Drift", self.drift))

    def _drift(self) -> Handler:
        runs = f"runs/{self._line.line}/"
        handler = self._judging("DriftHandler", "drift", LAKE_BUCKET=self._shared.lake.bucket_name)
        allow_read(handler.role, self._shared.lake, runs)
        allow_write(handler.role, self._shared.lake, runs)
        return handler

    def _judge(self) -> Handler:
        handler = self._judging("JudgeHandler", "judge", letters=self.letters.queue)
        self._feedback.allow_waiting(handler.role)
        error_alarm(
            self,
            "JudgeErrors",
            topic=self._shared.alarms,
            function=handler.function,
            says=f"the windows of line {self._line.line} are not judged: read the log of its handler",
            page="monitoring",
        )
        return handler

    def _judging(self, id_: str, module: str, letters: sqs.IQueue | None = None, **environment: str) -> Handler:
        """A handler that judges windows, changes the monitors and tells of them."""
        line, shared = self._line, self._shared
        said = line.monitoring.model_dump(mode="json", exclude={"capture", "ground_truth", "window"})
        handler = Handler(
            self,
            id_,
            handlers=self._builder,
            module=f"lambdas.monitoring.{module}",
            environment={
                **self._feedback.environment(),
                "MODELS_BUCKET": shared.models.bucket_name,
                "LEDGER_TABLE": shared.ledger.table_name,
                "ALARMS_TOPIC": shared.alarms.topic_arn,
                "MONITORING": json.dumps(said),
                "METRIC": line.observed_metric,
                "HIDDEN": json.dumps(sorted(name.lower() for name in line.personal)),
                "LINK": self._link(),
                "RUNBOOKS": shared.environment.runbook_folder,
                **environment,
            },
            timeout=_TIMEOUT,
            memory_mb=512,
            dead_letters=letters,
        )
        allow_read(handler.role, shared.models, f"{line.line}/")
        self._feedback.allow_judging(handler.role)
        shared.allow_ledger(handler.role, "dynamodb:GetItem", "dynamodb:PutItem")
        allow(handler.role, "sns:Publish", on=[shared.alarms.topic_arn])
        allow_key(handler.role, shared.key, write=True)
        return handler

    def _link(self) -> str:
        """Where the line's figures are drawn."""
        region, name = Stack.of(self).region, slug(self._shared.environment.name, self._line.line)
        return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#dashboards/dashboard/{name}"

    def _clock(self) -> None:
        told: dict[str, Any] = {"detail-type": "Judge Windows", "time": events.EventField.time}
        target = targets.LambdaFunction(
            self.judge.function,
            event=events.RuleTargetInput.from_object(told),
            dead_letter_queue=self.letters.queue,
            retry_attempts=2,
            max_event_age=LOOK,
        )
        events.Rule(self, "Clock", schedule=events.Schedule.rate(LOOK), targets=[target])
