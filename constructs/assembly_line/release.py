"""Release: gates, registration, and the endpoint that serves the champion."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.endpoint import Endpoint
from assembly_line.handler import Handler, Handlers
from assembly_line.looks import until_settled
from assembly_line.naming import slug
from assembly_line.permissions import allow_key, allow_read, allow_write
from assembly_line.registry import Registry
from assembly_line.release_machine import ReleaseMachine
from assembly_line.shadowing import Shadowing
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from config.line import Line


class ReleaseStation(Station):
    """Gate → register → deploy → verify, until the endpoint serves what was asked for; else the champion stays.

    Where a person approves versions, the run ends the station after register; the release machine does the rest later.
    The endpoint is made by runs; a custom resource deletes it, and the packages that runs registered, with the stack.
    """

    def __init__(
        self, scope: Construct, id_: str, *, supervisor: Supervisor, shared: Shared, handlers: Handlers, line: Line
    ) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        name = slug(shared.environment.name, line.line)
        self._shared, self._builder, self._line = shared, handlers, line
        self.registry = Registry(self, "Registry", name=name, question=line.question)
        self.endpoint = Endpoint(self, "Endpoint", shared=shared, handlers=handlers, name=name, line=line)
        self.gate = self._gate()
        self.register = self._register()
        self.deploy = self._deploy()
        self.verify = self._verify()
        made_by_runs = self._delete_with_stack()
        self.machine = ReleaseMachine(
            self,
            "Machine",
            shared=shared,
            handlers=handlers,
            line=line.line,
            registry=self.registry,
            endpoint=self.endpoint,
            deploy=self.deploy,
            verify=self.verify,
        )
        self.machine.node.add_dependency(made_by_runs)  # gone before the endpoint is, which it could make again
        self._states()

    def join(self, *, then: sfn.IChainable, early: sfn.IChainable, end: sfn.IChainable) -> None:
        """Let a run whose version waits for a person, while there is no champion, come to its end."""
        self.passed.when(sfn.Condition.string_equals("$.verdict.status", "waiting"), end)
        super().join(then=then, early=early, end=end)

    def _states(self) -> None:
        package = ["version", "model_package_arn", "model_data", "artefact", "manifest_sha256", "signature"]
        package += ["compared_with", "goes_on"]
        gate = self.handler_state("Gate", self.gate, keep=["decision"], as_="gate")
        register = self.handler_state("Register", self.register, keep=package, as_="package")
        more = {key: sfn.JsonPath.object_at(f"$.package.{key}") for key in package}
        shadowing = Shadowing(self) if self.endpoint.shadows else None
        deploy = self.handler_state(
            "Deploy",
            self.deploy,
            more=more | (shadowing.told if shadowing else {}),
            keep=["endpoint_config", *(shadowing.kept if shadowing else [])],
            as_="deployment",
        )
        decision = sfn.Choice(self, "Decision")
        decision.when(sfn.Condition.string_equals("$.gate.decision", "promote"), register).otherwise(self.verdict)
        self.fresh.otherwise(gate.next(decision))
        if shadowing:
            release = shadowing.around(deploy, then=self._until_in_service())
        else:
            release = deploy
            deploy.next(self._until_in_service())
        goes_on = sfn.Choice(self, "GoesOn")
        goes_on.when(sfn.Condition.string_equals("$.package.goes_on", "release"), release).otherwise(self.verdict)
        register.next(goes_on)

    def _until_in_service(self) -> sfn.IChainable:
        """Look at the endpoint until it has settled; what it settled on is in the receipt that the verdict reads."""
        verify = self.handler_state(
            "Verify",
            self.verify,
            more={
                "action": "run",
                "model_package_arn": sfn.JsonPath.string_at("$.package.model_package_arn"),
                "endpoint_config": sfn.JsonPath.string_at("$.deployment.endpoint_config"),
            },
            keep=["status"],
            as_="verification",
        )
        return until_settled(self, verify, endpoint=self.endpoint, settled=self.verdict, stuck=self.failed)

    def _gate(self) -> Handler:
        handler = self._handler(
            "Gate",
            LAKE_BUCKET=self._shared.lake.bucket_name,
            LEDGER_TABLE=self._shared.ledger.table_name,
            GATES=json.dumps(self._line.release.bars(self._line.dataset.task)),
            MARGIN=str(self._line.release.margin),
            METRIC=self._line.metric,
        )
        self._allow_receipts(handler)
        self._shared.allow_ledger(handler.role, "dynamodb:GetItem")
        return handler

    def _register(self) -> Handler:
        handler = self._handler(
            "Register",
            LAKE_BUCKET=self._shared.lake.bucket_name,
            MODEL_PACKAGE_GROUP=self.registry.name,
            IMAGE_URI=self._shared.image_uri,
            LEDGER_TABLE=self._shared.ledger.table_name,
            SIGNING_KEY=self._shared.signing_key.key_arn,
            APPROVAL=self._shared.environment.approval,
        )
        self._allow_receipts(handler)
        allow_read(handler.role, self._shared.models, f"{self._line.line}/")
        self._shared.allow_ledger(handler.role, "dynamodb:GetItem", "dynamodb:Query")
        self._shared.allow_signing(handler.role)
        self.registry.grant_register(handler.role)
        return handler

    def _deploy(self) -> Handler:
        handler = self._handler(
            "Deploy",
            timeout=Duration.minutes(5),  # it reads the whole artefact
            IMAGE_URI=self._shared.image_uri,
            LEDGER_TABLE=self._shared.ledger.table_name,
            SIGNING_KEY=self._shared.signing_key.key_arn,
            **self.endpoint.deploy_environment(),
        )
        self.endpoint.grant_deploy(handler.role)
        self._shared.allow_ledger(handler.role, "dynamodb:GetItem", "dynamodb:Query")
        self._shared.allow_verifying(handler.role)
        allow_read(handler.role, self._shared.models, f"{self._line.line}/")
        allow_key(handler.role, self._shared.key)
        return handler

    def _verify(self) -> Handler:
        handler = self._handler(
            "Verify",
            ENDPOINT_NAME=self.endpoint.name,
            ENDPOINT_KIND=self._shared.environment.endpoint.kind,
            SIGNING_KEY=self._shared.signing_key.key_arn,
            LAKE_BUCKET=self._shared.lake.bucket_name,
            LEDGER_TABLE=self._shared.ledger.table_name,
        )
        self._allow_receipts(handler)
        actions = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem")
        self._shared.allow_ledger(handler.role, *actions)
        self._shared.allow_verifying(handler.role)
        self.registry.grant_describe(handler.role)
        self.registry.grant_reject(handler.role)
        self.endpoint.grant_observe(handler.role)
        self.endpoint.grant_update(handler.role)
        return handler

    def _delete_with_stack(self) -> CustomResource:
        lifecycle = self._handler(
            "Lifecycle",
            timeout=Duration.minutes(15),
            ENDPOINT_NAME=self.endpoint.name,
            ENDPOINT_KIND=self.endpoint.kind,
            MODEL_PACKAGE_GROUP=self.registry.name,
        )
        self.endpoint.grant_delete(lifecycle.role)
        self.registry.grant_empty(lifecycle.role)
        resource = CustomResource(
            self,
            "MadeByRuns",
            service_token=lifecycle.function.function_arn,
            resource_type="Custom::MadeByRuns",
            properties={"Endpoint": self.endpoint.name, "ModelPackageGroup": self.registry.name},
            service_timeout=Duration.minutes(16),
        )
        # deleted in reverse: what runs made, then the group that must be empty, then the rights to do so
        resource.node.add_dependency(lifecycle.role, self.registry.group, self.endpoint.role)
        return resource

    def _allow_receipts(self, handler: Handler) -> None:
        runs = f"runs/{self._line.line}/"
        allow_read(handler.role, self._shared.lake, runs)
        allow_write(handler.role, self._shared.lake, runs)
        allow_key(handler.role, self._shared.key, write=True)

    def _handler(self, id_: str, *, timeout: Duration | None = None, **environment: Any) -> Handler:
        return Handler(
            self,
            f"{id_}Handler",
            handlers=self._builder,
            module=f"lambdas.release.{id_.lower()}",
            environment=environment,
            timeout=timeout,
        )
