"""The closed loop: what starts a line's run by itself, through one handler that starts one at a time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.handler import Handler, Handlers
from assembly_line.permissions import allow, allow_key, allow_read
from assembly_line.queue import DeadLetters
from assembly_line.run import Run
from assembly_line.shared import Shared
from config.line import Line
from config.parameters import resolve
from config.retraining import Reason
from runtime.retraining import ENDED, EXECUTION_ENDED, SCHEDULED

LOOK_AGAIN = Duration.minutes(15)
"""How often it is seen to what waits: for a cooldown, for quiet, or for an alarm that goes on."""


class Retraining(Construct):
    """Rules for the schedule, alarms, new raw files and the end of runs, and the handler that all of them call."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shared: Shared,
        handlers: Handlers,
        line: Line,
        run: Run,
        alarms: Mapping[Reason, Sequence[cloudwatch.Alarm]],
    ) -> None:
        super().__init__(scope, id_)
        self._shared, self._line, self._run = shared, line, run
        self._alarms = {reason: alarms.get(reason, []) for reason in line.retraining.on}
        self.letters = DeadLetters(self, "Unheard", key=shared.key, alarms=shared.alarms)
        self.handler = self._handler(handlers)
        self._rules()

    def _handler(self, handlers: Handlers) -> Handler:
        shared, line, machine = self._shared, self._line, self._run.state_machine.state_machine_arn
        names = {alarm.alarm_name: reason for reason, alarms in self._alarms.items() for alarm in alarms}
        handler = Handler(
            self,
            "Retrain",
            handlers=handlers,
            module="lambdas.monitoring.retrain",
            environment={
                "LEDGER_TABLE": shared.ledger.table_name,
                "LAKE_BUCKET": shared.lake.bucket_name,
                "STATE_MACHINE": machine,
                "LINE": line.line,
                "COOLDOWN_HOURS": str(line.retraining.cooldown_hours),
                "QUIET_MINUTES": str(line.retraining.quiet_minutes),
                "SCORE_DATE": line.scoring.date,
                "DATES": json.dumps(self._dates()),
                "ALARMS": Stack.of(self).to_json_string(names),
            },
            dead_letters=self.letters.queue,
        )
        shared.allow_ledger(handler.role, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
        allow_read(handler.role, shared.lake, f"runs/{line.line}/")
        allow_key(handler.role, shared.key)
        allow(handler.role, "states:StartExecution", "states:ListExecutions", on=[machine])
        watched = [alarm.alarm_arn for alarms in self._alarms.values() for alarm in alarms]
        if watched:
            allow(handler.role, "cloudwatch:DescribeAlarms", on=watched)
        error_alarm(
            self,
            "RetrainErrors",
            topic=shared.alarms,
            function=handler.function,
            says=f"line {line.line} cannot start its runs by itself: read the log of its handler",
            page="starts",
        )
        return handler

    def _dates(self) -> dict[str, str]:
        """Return the dates that move together, with the values that this environment gives to them."""
        line = self._line
        if not line.retraining.move_dates:
            return {}
        given = resolve(line.parameters, self._shared.environment.parameters.get(line.line, {}))
        split = line.dataset.split
        names = {line.scoring.date, *split.train, *split.validation, *split.test}
        values = {name: given[name] for name in sorted(names)}
        return {name: value.isoformat() for name, value in values.items() if isinstance(value, dt.date)}

    def _rules(self) -> None:
        line, machine = self._line, self._run.state_machine.state_machine_arn
        if line.schedule is not None:
            when = {"detail-type": SCHEDULED, "time": events.EventField.time}
            self._rule("Schedule", schedule=events.Schedule.expression(line.schedule), given=when)
        self._rule(
            "RunEnded",
            source=["aws.states"],
            detail_type=[EXECUTION_ENDED],
            detail={"stateMachineArn": [machine], "status": list(ENDED)},
        )
        names = [alarm.alarm_name for alarms in self._alarms.values() for alarm in alarms]
        if names:
            self._rule(
                "Alarms",
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={"alarmName": names, "state": {"value": ["ALARM"]}},
            )
        if "data" in self._alarms:
            self._rule(
                "NewData",
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._shared.raw.bucket_name]},
                    "object": {"key": events.Match.prefix(f"{line.line}/")},
                },
            )
        if self._alarms:
            look = {"detail-type": "Look Again", "time": events.EventField.time}
            self._rule("LookAgain", schedule=events.Schedule.rate(LOOK_AGAIN), given=look)

    def _rule(
        self, id_: str, *, schedule: events.Schedule | None = None, given: dict[str, Any] | None = None, **pattern: Any
    ) -> None:
        target = targets.LambdaFunction(
            self.handler.function,
            event=events.RuleTargetInput.from_object(given) if given else None,
            dead_letter_queue=self.letters.queue,
            retry_attempts=8,
            max_event_age=Duration.hours(6),
        )
        matched = events.EventPattern(**pattern) if pattern else None
        events.Rule(self, id_, schedule=schedule, event_pattern=matched, targets=[target])
