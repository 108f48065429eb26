"""The REST API of a line: the calls of its description, for signed requests or for holders of an API key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from assembly_line.handler import Handler
from assembly_line.logbook import Logbook
from assembly_line.permissions import acknowledge
from assembly_line.shared import Shared
from config.rest import Rest
from runtime.delivery.api import JSON, STAGE, Body, Operation

_WHY = {
    "iam": "the callers are the company's own services with IAM roles, so requests are signed, not logged in",
    "api_key": "the line asks for API keys, which its callers hold, with a usage plan; people do not log in here",
}


class PredictionApi(Construct):
    """A throttled REST API with access logs and a schema for what is posted; ``document`` is its OpenAPI document."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shared: Shared,
        name: str,
        rest: Rest,
        operations: Sequence[Operation],
        handlers: Mapping[str, Handler],
        document: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, id_)
        self._rest, self._handlers, self._document = rest, handlers, document
        log = Logbook(self, "AccessLog", environment=shared.environment, key=shared.key)
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=name,
            cloud_watch_role=False,  # the account's role is the foundation's
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            default_method_options=self._authorization(),
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                access_log_destination=apigateway.LogGroupLogDestination(log.group),
                access_log_format=apigateway.AccessLogFormat.json_with_standard_fields(
                    caller=True,
                    http_method=True,
                    ip=True,
                    protocol=True,
                    request_time=True,
                    resource_path=True,
                    response_length=True,
                    status=True,
                    user=True,
                ),
                logging_level=apigateway.MethodLoggingLevel.ERROR,
                data_trace_enabled=False,  # bodies hold what may be personal
                metrics_enabled=True,
                throttling_rate_limit=rest.rate,
                throttling_burst_limit=rest.burst,
                tracing_enabled=True,
            ),
        )
        checked = self.api.add_request_validator(
            "Request", validate_request_body=True, validate_request_parameters=True
        )
        for operation in operations:
            self._add(operation, checked)
        self.key = self._plan(name) if rest.authorization == "api_key" else None
        self._name_bad_fields()
        self._accept_findings()

    def _authorization(self) -> apigateway.MethodOptions:
        if self._rest.authorization == "iam":
            return apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM)
        return apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.NONE, api_key_required=True)

    def _add(self, operation: Operation, checked: apigateway.IRequestValidator) -> None:
        models = {JSON: self._model(operation.body)} if operation.body is not None else None
        named = {"method.request.path.id": True} if "{id}" in operation.path else None
        mock = operation.part == "document"
        self.api.root.resource_for_path(operation.path).add_method(
            operation.verb,
            self._shown() if mock else _integration(self._handlers[operation.part]),
            operation_name=operation.id,
            request_models=models,
            request_parameters=named,
            request_validator=checked,
            method_responses=[apigateway.MethodResponse(status_code=str(operation.status))] if mock else None,
        )

    def _model(self, body: Body) -> apigateway.IModel:
        """Add a model with the schema as it is: CDK's own classes know no list of types beside other keywords."""
        schema = {"$schema": "http://json-schema.org/draft-04/schema#", "title": body.name, **body.schema}
        model = apigateway.CfnModel(
            self, body.name, rest_api_id=self.api.rest_api_id, content_type=JSON, schema=schema, name=body.name
        )
        deployment = self.api.latest_deployment
        assert deployment is not None  # noqa: S101 (the API deploys itself)
        deployment.node.add_dependency(model)
        deployment.add_to_logical_id({"model": schema})
        return apigateway.Model.from_model_name(self, f"{body.name}Named", model.ref)

    def _shown(self) -> apigateway.MockIntegration:
        """Answer with the document; as a template it may hold neither $ nor #, which JSON can write in another way."""
        text = json.dumps(self._document).replace("$", "\\u0024").replace("#", "\\u0023")
        return apigateway.MockIntegration(
            request_templates={JSON: '{"statusCode": 200}'},
            integration_responses=[apigateway.IntegrationResponse(status_code="200", response_templates={JSON: text})],
        )

    def _plan(self, name: str) -> apigateway.IApiKey:
        """Count the requests of each key, and make the first; further callers get keys of the same plan."""
        rest = self._rest
        quota = rest.quota_per_day
        plan = self.api.add_usage_plan(
            "Plan",
            name=name,
            throttle=apigateway.ThrottleSettings(rate_limit=rest.rate, burst_limit=rest.burst),
            quota=apigateway.QuotaSettings(limit=quota, period=apigateway.Period.DAY) if quota else None,
        )
        plan.add_api_stage(stage=self.api.deployment_stage)
        key = self.api.add_api_key("Key")
        plan.add_api_key(key)
        return key

    def _name_bad_fields(self) -> None:
        """API Gateway's own answer to a bad body names no field; its plain text cannot stand inside JSON."""
        self.api.add_gateway_response(
            "BadBody",
            type=apigateway.ResponseType.BAD_REQUEST_BODY,
            status_code="400",
            response_headers={"Content-Type": "'text/plain'"},
            templates={"application/json": "$context.error.validationErrorString"},
        )

    def _accept_findings(self) -> None:
        acknowledge(
            self.api.deployment_stage,
            "AwsSolutions-APIG3",
            "every request is signed or carries a key, and is throttled: a web firewall adds nothing to that",
        )
        for method in self.api.methods:
            acknowledge(method, "AwsSolutions-COG4", _WHY[self._rest.authorization])
            if self._rest.authorization == "api_key":
                acknowledge(method, "AwsSolutions-APIG4", _WHY["api_key"])


def _integration(handler: Handler) -> apigateway.LambdaIntegration:
    return apigateway.LambdaIntegration(handler.function, allow_test_invoke=False)
