"""The run: one state machine that leads through the line's stations, and ends early where one of them says so."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.alarms import alarm
from assembly_line.machine import machine_role, state_machine, with_defaults
from assembly_line.naming import slug
from assembly_line.permissions import allow
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from assembly_line.tasks import call
from runtime import events as announcements

_ERROR = "$.error"


class Run(Construct):
    """A Standard state machine, logged and traced: its stations in order, one way out for failures and halts."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shared: Shared,
        supervisor: Supervisor,
        stations: Sequence[Station],
    ) -> None:
        super().__init__(scope, id_)
        self._shared, self._supervisor, self._stations = shared, supervisor, stations
        self.role = machine_role(self)
        self._grant()
        self.state_machine = state_machine(
            self,
            shared=shared,
            role=self.role,
            name=slug(shared.environment.name, supervisor.line),
            definition=self._definition(),
            timeout=Duration.days(1),
        )
        self._alarm()

    def _definition(self) -> sfn.IChainable:
        early = self._early_end()
        failed = sfn.Pass(
            self,
            "RunFailed",
            parameters={
                "station": announcements.WHOLE_RUN,
                "status": "failed",
                "error": sfn.JsonPath.object_at(_ERROR),
            },
        )
        failed.next(early)
        supervisor = self._supervisor
        started = supervisor.started(
            self, "RunStarted", detail_type=announcements.RUN_STARTED, station=announcements.WHOLE_RUN
        )
        finish = call(self, "Finish", supervisor.finish, supervisor.named())
        for state in (started, finish):
            state.add_catch(failed, errors=[sfn.Errors.ALL], result_path=_ERROR)
        finish.next(sfn.Succeed(self, "Done"))
        following: sfn.IChainable = finish
        for station in reversed(self._stations):
            station.join(then=following, early=early, end=finish)
            following = station.started
        return self._with_defaults(started.next(following))

    def _with_defaults(self, then: sfn.IChainable) -> sfn.IChainable:
        """A run that was started without them has no values of its own for parameters, and forces no station."""
        return with_defaults(self, {"parameters": {}, "force": []}, then)

    def _early_end(self) -> sfn.IChainable:
        """Record why, tell everyone, and end as halted or failed."""
        failure = call(
            self,
            "Failure",
            self._supervisor.failure,
            {
                **self._supervisor.named(),
                "station": sfn.JsonPath.string_at("$.station"),
                "status": sfn.JsonPath.string_at("$.status"),
                "error": sfn.JsonPath.object_at(_ERROR),
            },
            keep=["message"],
            as_="failure",
        )
        unrecorded = sfn.Fail(self, "Unrecorded", error_path=f"{_ERROR}.Error", cause_path=f"{_ERROR}.Cause")
        failure.add_catch(unrecorded, errors=[sfn.Errors.ALL], result_path="$.unrecorded")
        halted = sfn.Fail(self, "Halted", error="Halted", cause_path="$.failure.message")
        failed = sfn.Fail(self, "Failed", error_path=f"{_ERROR}.Error", cause_path="$.failure.message")
        ended = sfn.Choice(self, "HaltedOrFailed")
        ended.when(sfn.Condition.string_equals("$.status", "halted"), halted).otherwise(failed)
        return failure.next(ended)

    def _grant(self) -> None:
        for station in self._stations:
            station.grant_run(self.role)
        functions = [handler.function.function_arn for handler in (self._supervisor.failure, self._supervisor.finish)]
        allow(self.role, "lambda:InvokeFunction", on=functions)
        allow(self.role, "events:PutEvents", on=[self._shared.bus.event_bus_arn])

    def _alarm(self) -> None:
        alarm(
            self,
            "Failures",
            topic=self._shared.alarms,
            metric=self.state_machine.metric_failed(period=Duration.minutes(5)),
            threshold=1,
            says=f"a run of line {self._supervisor.line} failed or was halted: its receipt says why",
            page="run",
        )
