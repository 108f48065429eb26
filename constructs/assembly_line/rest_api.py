"""Predictions over REST: POST one row or a batch, GET the newest prediction of an id; signed requests only.

Where an environment serves no endpoint there is nobody to POST to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from assembly_line.handler import Handler
from assembly_line.logbook import Logbook
from assembly_line.permissions import acknowledge
from assembly_line.shared import Shared
from runtime.delivery.request import MOST_ROWS

_SCALAR = [
    apigateway.JsonSchemaType.NUMBER,
    apigateway.JsonSchemaType.STRING,
    apigateway.JsonSchemaType.BOOLEAN,
    apigateway.JsonSchemaType.NULL,
]


class PredictionApi(Construct):
    """A throttled REST API with IAM authorization, access logs and a schema for what is posted."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shared: Shared,
        name: str,
        fields: Sequence[str],
        optional: Sequence[str] = (),
        predict: Handler | None,
        look_up: Handler,
    ) -> None:
        super().__init__(scope, id_)
        log = Logbook(self, "AccessLog", environment=shared.environment, key=shared.key)
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=name,
            cloud_watch_role=False,  # the account's role is the foundation's
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            default_method_options=apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM),
            deploy_options=apigateway.StageOptions(
                stage_name="v1",
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
                throttling_rate_limit=50,
                throttling_burst_limit=100,
                tracing_enabled=True,
            ),
        )
        checked = self.api.add_request_validator(
            "Request", validate_request_body=True, validate_request_parameters=True
        )
        predictions = self.api.root.add_resource("predictions")
        if predict is not None:
            self._post(predictions, predict, self._row(fields, optional), checked)
        predictions.add_resource("{id}").add_method(
            "GET",
            _integration(look_up),
            request_parameters={"method.request.path.id": True},
            request_validator=checked,
        )
        self._name_bad_fields()
        self._accept_findings()

    def _post(
        self,
        predictions: apigateway.Resource,
        predict: Handler,
        row: apigateway.JsonSchema,
        checked: apigateway.IRequestValidator,
    ) -> None:
        batch = apigateway.JsonSchema(
            type=apigateway.JsonSchemaType.OBJECT,
            required=["instances"],
            properties={
                "instances": apigateway.JsonSchema(
                    type=apigateway.JsonSchemaType.ARRAY, items=row, min_items=1, max_items=MOST_ROWS
                )
            },
            additional_properties=False,
        )
        predictions.add_method(
            "POST",
            _integration(predict),
            request_models={"application/json": self._model("Row", "one row to predict for", row)},
            request_validator=checked,
        )
        self.api.root.add_resource("batches").add_method(
            "POST",
            _integration(predict),
            request_models={"application/json": self._model("Batch", "rows to predict for", batch)},
            request_validator=checked,
        )

    @staticmethod
    def _row(fields: Sequence[str], optional: Sequence[str]) -> apigateway.JsonSchema:
        """The fields that a row has; what each may be, the handler says better than a schema can."""
        scalar: Any = apigateway.JsonSchema(type=_SCALAR)
        return apigateway.JsonSchema(
            type=apigateway.JsonSchemaType.OBJECT,
            required=[field for field in fields if field not in optional],
            properties=dict.fromkeys(fields, scalar),
            additional_properties=False,
        )

    def _model(self, id_: str, description: str, schema: apigateway.JsonSchema) -> apigateway.Model:
        return self.api.add_model(
            id_,
            content_type="application/json",
            description=description,
            schema=apigateway.JsonSchema(
                schema=apigateway.JsonSchemaVersion.DRAFT4,
                type=schema.type,
                required=schema.required,
                properties=schema.properties,
                additional_properties=False,
            ),
        )

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
            "every request is signed with IAM credentials and throttled: a web firewall adds nothing to that",
        )
        for method in self.api.methods:
            acknowledge(
                method,
                "AwsSolutions-COG4",
                "the callers are the company's own services with IAM roles, so requests are signed, not logged in",
            )


def _integration(handler: Handler) -> apigateway.LambdaIntegration:
    return apigateway.LambdaIntegration(handler.function, allow_test_invoke=False)
