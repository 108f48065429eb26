"""The ledger: every station of every run, kept as the event bus tells of it."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.handler import Handler, Handlers
from assembly_line.naming import slug
from assembly_line.queue import DeadLetters
from assembly_line.table import Table
from config.environment import Environment
from config.naming import stack_name
from runtime import events as announcements
from runtime import projection


class Ledger(Construct):
    """An event bus for the lines, a table, and the recorder between them; a lost event leaves a dead letter."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        key: kms.IKey,
        handlers: Handlers,
        alarms: sns.ITopic,
    ) -> None:
        super().__init__(scope, id_)
        self.bus = events.EventBus(
            self, "Bus", event_bus_name=slug(environment.name), description="what lines say of their runs"
        )
        self.table = Table(
            self,
            "Ledger",
            environment=environment,
            key=key,
            partition="pk",
            sort="sk",
            indexes={projection.INDEX: (projection.LISTED, projection.AT)},
        )
        letters = DeadLetters(self, "Unrecorded", key=key, alarms=alarms)
        self.recorder = Handler(
            self,
            "Record",
            handlers=handlers,
            module="lambdas.ledger.record",
            environment={"LEDGER_TABLE": self.table.name, "ENVIRONMENT_NAME": environment.name},
            timeout=Duration.seconds(30),
            dead_letters=letters.queue,
        )
        self.table.allow(self.recorder.role, "dynamodb:PutItem", "dynamodb:Query")
        self.rule = self._record(
            "Announcements",
            events.EventPattern(source=[announcements.SOURCE], detail_type=list(announcements.RECORDED)),
            letters=letters,
            bus=self.bus,
        )
        self._record(
            "AlarmsChanged",
            events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=[announcements.ALARM_CHANGED],
                detail={"alarmName": events.Match.prefix(stack_name(environment.name, ""))},
            ),
            letters=letters,
        )
        error_alarm(
            self,
            "RecordErrors",
            topic=alarms,
            function=self.recorder.function,
            says="an event of a run was not recorded at once: read the recorder's log",
            page="ledger",
        )

    def _record(
        self, id_: str, pattern: events.EventPattern, *, letters: DeadLetters, bus: events.IEventBus | None = None
    ) -> events.Rule:
        """Have the recorder keep what matches on a bus; on the account's own where none is named."""
        target = targets.LambdaFunction(
            self.recorder.function, dead_letter_queue=letters.queue, retry_attempts=8, max_event_age=Duration.hours(6)
        )
        return events.Rule(self, id_, event_bus=bus, event_pattern=pattern, targets=[target])
