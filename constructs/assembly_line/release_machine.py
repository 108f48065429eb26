"""Releases that no run makes: of a version that a person approved, and back to the one that was there before."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.alarms import alarm
from assembly_line.endpoint import Endpoint
from assembly_line.handler import Handler, Handlers
from assembly_line.looks import until_settled
from assembly_line.machine import machine_role, state_machine, with_defaults
from assembly_line.naming import slug
from assembly_line.permissions import allow, allow_key, allow_read
from assembly_line.queue import DeadLetters
from assembly_line.registry import Registry
from assembly_line.shared import Shared
from assembly_line.tasks import call
from runtime import approval

_ERROR = "$.error"
_PACKAGE = (
    *("run", "version", "model_package_arn", "model_data", "artefact", "manifest_sha256", "signature"),
    *("compared_with", "goes_on"),
)


class ReleaseMachine(Construct):
    """A state machine with the run's own handlers: approve → deploy → verify, or roll back → verify.

    Its input is ``{"action": "approve", "line", "model_package_arn"}``, which a rule starts, or
    ``{"action": "rollback", "line", "by", "number"}``, which an operator starts.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shared: Shared,
        handlers: Handlers,
        line: str,
        registry: Registry,
        endpoint: Endpoint,
        deploy: Handler,
        verify: Handler,
    ) -> None:
        super().__init__(scope, id_)
        self._shared, self._builder, self._line = shared, handlers, line
        self._endpoint, self._deploy, self._verify = endpoint, deploy, verify
        self.approve = self._approve(registry)
        self.rollback = self._rollback()
        self.role = machine_role(self)
        used = [handler.function.function_arn for handler in (self.approve, deploy, self.rollback, verify)]
        allow(self.role, "lambda:InvokeFunction", on=used)
        self.state_machine = state_machine(
            self,
            shared=shared,
            role=self.role,
            name=f"{slug(shared.environment.name, line)}-release",
            definition=self._definition(),
            timeout=Duration.seconds(endpoint.longest_seconds).plus(Duration.hours(1)),
        )
        alarm(
            self,
            "Failures",
            topic=shared.alarms,
            metric=self.state_machine.metric_failed(period=Duration.minutes(5)),
            threshold=1,
            says=f"an approval or a rollback of line {line} was not carried out: the execution's cause says why",
            page="release",
        )
        self._hear(registry)

    def _definition(self) -> sfn.IChainable:
        self._failed = sfn.Fail(self, "Failed", error_path=f"{_ERROR}.Error", cause_path=f"{_ERROR}.Cause")
        done = sfn.Succeed(self, "Done")
        asked = self._asked(done)
        deploy = self._state("Deploy", self._deploy, of_package=_PACKAGE, keep=["endpoint_config"], as_="deployment")
        approve = self._state("Approve", self.approve, given=["model_package_arn"], keep=_PACKAGE, as_="package")
        roll_back = self._state(
            "RollBack",
            self.rollback,
            given=["number"],
            keep=["run", "version", "model_package_arn", "endpoint_config", "number", "to"],
            as_="asked",
        )
        deploy.next(self._what_was_deployed()).next(asked)
        goes_on = sfn.Choice(self, "GoesOn")
        goes_on.when(sfn.Condition.string_equals("$.package.goes_on", "release"), deploy).otherwise(done)
        unknown = sfn.Fail(self, "Unknown", error="Unknown", cause="expected the action approve or rollback")
        action = sfn.Choice(self, "Action")
        action.when(sfn.Condition.string_equals("$.action", "approve"), approve.next(goes_on))
        action.when(sfn.Condition.string_equals("$.action", "rollback"), roll_back.next(asked))
        return self._with_defaults(action.otherwise(unknown))

    def _asked(self, done: sfn.IChainable) -> sfn.IChainable:
        """Look whether what was asked for under ``$.asked`` is in service."""
        keys = ("run", "version", "model_package_arn", "endpoint_config", "number", "to")
        verify = self._caught(
            call(
                self,
                "Verify",
                self._verify,
                {
                    "line": self._line,
                    "action": sfn.JsonPath.string_at("$.action"),
                    "by": sfn.JsonPath.string_at("$.by"),
                    **{key: sfn.JsonPath.object_at(f"$.asked.{key}") for key in keys},
                },
                keep=["status", "message"],
                as_="verification",
            )
        )
        refused = sfn.Fail(self, "NotReleased", error="NotReleased", cause_path="$.verification.message")
        judged = sfn.Choice(self, "InService")
        judged.when(sfn.Condition.string_equals("$.verification.status", "InService"), done).otherwise(refused)
        return until_settled(self, verify, endpoint=self._endpoint, settled=judged, stuck=self._failed)

    def _what_was_deployed(self) -> sfn.Pass:
        return sfn.Pass(
            self,
            "Asked",
            parameters={
                **{key: sfn.JsonPath.object_at(f"$.package.{key}") for key in ("run", "version", "model_package_arn")},
                "endpoint_config": sfn.JsonPath.object_at("$.deployment.endpoint_config"),
                "number": 0,
                "to": 0,
            },
            result_path="$.asked",
        )

    def _with_defaults(self, then: sfn.IChainable) -> sfn.IChainable:
        """Whoever starts it by hand need not say everything."""
        return with_defaults(self, {"number": 0, "by": "an operator"}, then)

    def _state(
        self,
        name: str,
        handler: Handler,
        *,
        given: tuple[str, ...] | list[str] = (),
        of_package: tuple[str, ...] = (),
        keep: tuple[str, ...] | list[str],
        as_: str,
    ) -> sfn.TaskStateBase:
        payload: dict[str, Any] = {"line": self._line, "run": sfn.JsonPath.string_at("$$.Execution.Name")}
        payload |= {key: sfn.JsonPath.object_at(f"$.{key}") for key in given}
        payload |= {key: sfn.JsonPath.object_at(f"$.package.{key}") for key in of_package}
        return self._caught(call(self, name, handler, payload, keep=keep, as_=as_))

    def _caught(self, task: sfn.TaskStateBase) -> sfn.TaskStateBase:
        return task.add_catch(self._failed, errors=[sfn.Errors.ALL], result_path=_ERROR)

    def _hear(self, registry: Registry) -> None:
        """Start a release whenever a version of the line's group is approved, by whatever means."""
        letters = DeadLetters(self, "Unheard", key=self._shared.key, alarms=self._shared.alarms)
        arn = self.state_machine.state_machine_arn
        approved = self._handler("Approved", letters, LINE=self._line, STATE_MACHINE=arn)
        registry.grant_describe(approved.role)
        allow_key(approved.role, self._shared.key, write=True)  # of the queue for what it could not handle
        allow(approved.role, "states:StartExecution", on=[arn])
        pattern = approval.pattern(registry.name)
        events.Rule(
            self,
            "Approval",
            event_pattern=events.EventPattern(
                source=pattern["source"], detail_type=pattern["detail-type"], detail=pattern["detail"]
            ),
            targets=[targets.LambdaFunction(approved.function, dead_letter_queue=letters.queue, retry_attempts=8)],
        )

    def _approve(self, registry: Registry) -> Handler:
        handler = self._handler("Approve", LEDGER_TABLE=self._shared.ledger.table_name)
        self._shared.allow_ledger(handler.role, "dynamodb:GetItem", "dynamodb:Query")
        registry.grant_describe(handler.role)
        registry.grant_reject(handler.role)
        return handler

    def _rollback(self) -> Handler:
        handler = self._handler(
            "Rollback",
            timeout=Duration.minutes(5),  # it reads the whole artefact
            ENDPOINT_NAME=self._endpoint.name,
            ENDPOINT_KIND=self._shared.environment.endpoint.kind,
            LEDGER_TABLE=self._shared.ledger.table_name,
            SIGNING_KEY=self._shared.signing_key.key_arn,
        )
        self._shared.allow_ledger(handler.role, "dynamodb:GetItem", "dynamodb:Query")
        self._shared.allow_verifying(handler.role)
        allow_read(handler.role, self._shared.models, f"{self._line}/")
        allow_key(handler.role, self._shared.key)
        self._endpoint.grant_observe(handler.role)
        self._endpoint.grant_update(handler.role)
        return handler

    def _handler(
        self, id_: str, letters: DeadLetters | None = None, *, timeout: Duration | None = None, **environment: str
    ) -> Handler:
        return Handler(
            self,
            f"{id_}Handler",
            handlers=self._builder,
            module=f"lambdas.release.{id_.lower()}",
            environment=environment,
            timeout=timeout,
            dead_letters=letters.queue if letters else None,
        )
