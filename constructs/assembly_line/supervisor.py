"""Who watches over a run: says that a station started, reads how it ended, ends the run early or at its end."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from assembly_line.handler import Handler, Handlers
from assembly_line.jobs import Jobs, allow_object
from assembly_line.permissions import allow, allow_key, allow_read, allow_write
from assembly_line.pinned import pins_of
from assembly_line.shared import Shared
from assembly_line.tasks import call, retry_events
from config.sources import lines_read
from runtime import events

RUN = "$$.Execution.Name"
"""A run's id is the name of its execution."""


class Supervisor(Construct):
    """The handlers behind every station of a line, and the states that call them."""

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, handlers: Handlers, jobs: Jobs) -> None:
        super().__init__(scope, id_)
        self.line = line = jobs.line
        self.bus = shared.bus
        lake, bus = {"LAKE_BUCKET": shared.lake.bucket_name}, {"EVENT_BUS": shared.bus.event_bus_name}
        ledger = {"LEDGER_TABLE": shared.ledger.table_name}
        self.freshness = Handler(
            self,
            "Freshness",
            handlers=handlers,
            module="lambdas.run.freshness",
            environment={
                **lake,
                **ledger,
                "RAW_BUCKET": shared.raw.bucket_name,
                "PLAN": jobs.plan.s3_object_url,
                "PINS": (pins := pins_of(shared.environment, line)),
            },
        )
        self.verdict = Handler(
            self, "Verdict", handlers=handlers, module="lambdas.run.verdict", environment={**lake, **bus, **ledger}
        )
        self.failure = Handler(
            self,
            "Failure",
            handlers=handlers,
            module="lambdas.run.failure",
            environment={**lake, **bus, "ALARM_TOPIC": shared.alarms.topic_arn},
        )
        self.finish = Handler(self, "Finish", handlers=handlers, module="lambdas.run.finish", environment=bus)
        for handler in (self.freshness, self.verdict, self.failure):
            allow_read(handler.role, shared.lake, f"runs/{line}/")
            allow_write(handler.role, shared.lake, f"runs/{line}/")
            allow_key(handler.role, shared.key, write=True)
        for handler in (self.verdict, self.failure, self.finish):
            allow(handler.role, "events:PutEvents", on=[shared.bus.event_bus_arn])
        allow(self.failure.role, "sns:Publish", on=[shared.alarms.topic_arn])
        allow_object(self.freshness.role, jobs.plan)
        allow(self.freshness.role, "s3:ListBucket", on=[shared.raw.bucket_arn])
        if pins:
            allow_read(self.freshness.role, shared.lake, f"pins/{line}/", listing=False)
        others = sorted(lines_read(jobs.bundle.definition.sources))
        if others:
            allow_read(self.freshness.role, shared.lake, *(f"published/{other}/" for other in others))
        shared.allow_ledger(self.freshness.role, "dynamodb:GetItem", "dynamodb:DeleteItem")
        shared.allow_ledger(self.verdict.role, "dynamodb:PutItem")

    def named(self, station: str | None = None) -> dict[str, str]:
        """Return what each handler is told: the line, the run and, for some, the station."""
        return {"line": self.line, "run": sfn.JsonPath.string_at(RUN), **({"station": station} if station else {})}

    def started(self, scope: Construct, name: str, *, detail_type: str, station: str) -> tasks.EventBridgePutEvents:
        """Return the state that tells the event bus what begins."""
        detail = events.started(
            line=self.line,
            run=sfn.JsonPath.string_at(RUN),
            station=station,
            at=sfn.JsonPath.string_at("$$.State.EnteredTime"),
        )
        task = tasks.EventBridgePutEvents(
            scope,
            name,
            entries=[
                tasks.EventBridgePutEventsEntry(
                    event_bus=self.bus,
                    source=events.SOURCE,
                    detail_type=detail_type,
                    detail=sfn.TaskInput.from_object(dict(detail)),
                )
            ],
            task_timeout=sfn.Timeout.duration(Duration.minutes(1)),
            result_path=sfn.JsonPath.DISCARD,
        )
        retry_events(task)
        return task

    def looked(self, scope: Construct, name: str, *, station: str) -> tasks.LambdaInvoke:
        """Return the state that asks whether a station is fresh: ``$.freshness.fresh``."""
        payload = {
            **self.named(station),
            "parameters": sfn.JsonPath.object_at("$.parameters"),
            "force": sfn.JsonPath.object_at("$.force"),
        }
        return call(scope, name, self.freshness, payload, keep=["fresh", "why"], as_="freshness")

    def judged(self, scope: Construct, name: str, *, station: str) -> tasks.LambdaInvoke:
        """Return the state that reads a station's receipt and announces how it ended."""
        return call(scope, name, self.verdict, self.named(station), keep=["status", "message"], as_="verdict")
