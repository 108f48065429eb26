"""Names and types between a state machine and an SDK: PascalCase there, each service's own spelling here.

moto 5.2.5 took the interpreter over without this part, so ``batch:submitJob`` finds no ``JobName``
(``stepfunctions/parser/asl/component/state/exec/state_task/service/state_task_service.py:208,216`` are ``pass``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService

if TYPE_CHECKING:
    from local.server import EmbeddedAws

SDK_NAMES = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "rdsdata": "rds-data",
    "redshiftdata": "redshift-data",
    "sagemakerfeaturestoreruntime": "sagemaker-featurestore-runtime",
    "sagemakerruntime": "sagemaker-runtime",
}
"""Services whose name in an aws-sdk task is not boto3's."""


def install(aws: EmbeddedAws) -> None:
    """Spell requests as the service wants them and results as the state machine expects them."""
    for name, boto_name in SDK_NAMES.items():
        aws.patches.item(StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES, name, boto_name)

    def normalise_parameters(
        self: Any, parameters: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        operation = _operation(aws, self, boto_service_name, service_action_name)
        if operation.input_shape is not None:
            self._to_boto_request(parameters, operation.input_shape)

    def normalise_response(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        operation = _operation(aws, self, boto_service_name, service_action_name)
        if operation.output_shape is not None:
            self._from_boto_response(response, operation.output_shape)
        if isinstance(response, dict):
            response.update({key: as_json(value) for key, value in response.items()})

    aws.patches.replace(StateTaskService, "_normalise_parameters", normalise_parameters)
    aws.patches.replace(StateTaskService, "_normalise_response", normalise_response)


def as_json(value: Any) -> Any:
    """Return the value with what JSON cannot hold written as text: dates in ISO 8601, bytes in UTF-8.

    >>> as_json({"at": dt.datetime(2013, 8, 15, tzinfo=dt.UTC), "body": b"x", "n": [1]})
    {'at': '2013-08-15T00:00:00+00:00', 'body': 'x', 'n': [1]}
    """
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _operation(aws: EmbeddedAws, task: Any, service: str | None, action: str | None) -> Any:
    client = aws.client(task._get_boto_service_name(service))
    method = task._get_boto_service_action(action)
    if method not in client.meta.method_to_api_mapping:
        raise ValueError(f"{task.resource.resource_arn}: the service has no action of that name")
    return client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
