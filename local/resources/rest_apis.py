"""API Gateway: REST APIs, resources, methods, models, validators, stages, keys and plans."""

from __future__ import annotations

from typing import Any

from local.resources.kinds import (
    Answer,
    Create,
    Delete,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    again,
    anew,
    answered,
    creating,
    deleting,
    given,
    ref,
)
from local.resources.naming import Name

_METHOD_PARAMETERS = (
    "AuthorizationType",
    "AuthorizationScopes",
    "AuthorizerId",
    "ApiKeyRequired",
    "OperationName",
    "RequestModels",
    "RequestParameters",
    "RequestValidatorId",
)


def _create_api(site: Site, properties: Properties) -> Answer:
    api = site.call("apigateway", "create_rest_api", **properties)
    root = site.call("apigateway", "get_resources", restApiId=api["id"])["items"][0]["id"]
    return {"id": api["id"], "root": root}


def _create_method(site: Site, properties: Properties) -> Answer:
    method = {name: properties[name] for name in ("RestApiId", "ResourceId", "HttpMethod")}
    own = {name: properties[name] for name in _METHOD_PARAMETERS if name in properties}
    site.call("apigateway", "put_method", **{"AuthorizationType": "NONE", **own}, **method)
    for response in properties.get("MethodResponses", []):
        site.call("apigateway", "put_method_response", **method, **response)
    integration = properties.get("Integration")
    if integration:
        _put_integration(site, method, dict(integration))
    return {}


def _put_integration(site: Site, method: dict[str, Any], integration: dict[str, Any]) -> None:
    responses = integration.pop("IntegrationResponses", [])
    if integration.get("Type") != "MOCK":
        integration.setdefault("IntegrationHttpMethod", "POST")
    site.call("apigateway", "put_integration", **method, **integration)
    for response in responses:
        site.call("apigateway", "put_integration_response", **method, **response)


def _create_stage(site: Site, properties: Properties) -> Answer:
    settings = properties.get("MethodSettings", [])
    log = properties.get("AccessLogSetting", {})
    parameters = {n: v for n, v in properties.items() if n not in ("MethodSettings", "AccessLogSetting")}
    site.call("apigateway", "create_stage", **parameters)
    changes = [_change(f"accessLogSettings/{_lowered(name)}", value) for name, value in log.items()]
    for setting in settings:
        changes += _method_changes(setting)
    if changes:
        where = {"restApiId": properties["RestApiId"], "stageName": properties["StageName"]}
        site.call("apigateway", "update_stage", **where, patchOperations=changes)
    return {}


_SETTINGS = {
    "LoggingLevel": "logging/loglevel",
    "DataTraceEnabled": "logging/dataTrace",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingRateLimit": "throttling/rateLimit",
    "ThrottlingBurstLimit": "throttling/burstLimit",
}


def _method_changes(setting: dict[str, Any]) -> list[dict[str, str]]:
    path = setting.get("ResourcePath", "/*").strip("/").replace("/", "~1") or "~1"
    method = setting.get("HttpMethod", "*")
    return [
        _change(f"{path}/{method}/{_SETTINGS[name]}", value) for name, value in setting.items() if name in _SETTINGS
    ]


def _change(path: str, value: Any) -> dict[str, str]:
    return {"op": "replace", "path": f"/{path}", "value": str(value).lower() if isinstance(value, bool) else str(value)}


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def _create_account(site: Site, properties: Properties) -> Answer:
    role = properties.get("CloudWatchRoleArn")
    if role:
        changes = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
        site.call("apigateway", "update_account", patchOperations=changes)
    return {}


def _of_api(operation: str, **names: str) -> Delete:
    """Return a delete that names the API and what is in it."""

    def delete(made: Made) -> Answer:
        own = {parameter: made.properties[name] for parameter, name in names.items()}
        return made.site.call("apigateway", operation, restApiId=made.properties["RestApiId"], **own)

    return delete


def _named(operation: str, name: str) -> Delete:
    return lambda made: made.site.call(
        "apigateway", operation, restApiId=made.properties["RestApiId"], **{name: made.ref}
    )


def _create_response() -> Create:
    return creating("apigateway", "put_gateway_response")


_create_model = creating("apigateway", "create_model", fixed={"contentType": "application/json"})


KINDS = [
    Kind(
        type="AWS::ApiGateway::RestApi",
        name=Name("Name", pattern=r"[^\x00-\x1f]+"),
        create=_create_api,
        ref=answered("id"),
        attributes={"RootResourceId": answered("root"), "RestApiId": ref},
        delete=deleting("apigateway", "delete_rest_api", restApiId=ref),
    ),
    Kind(
        type="AWS::ApiGateway::Resource",
        create=creating("apigateway", "create_resource"),
        ref=answered("id"),
        attributes={"ResourceId": ref},
        delete=_named("delete_resource", "resourceId"),
    ),
    Kind(
        type="AWS::ApiGateway::Method",
        create=_create_method,
        ref=lambda made: f"{made.properties['ResourceId']}|{made.properties['HttpMethod']}",
        delete=_of_api("delete_method", resourceId="ResourceId", httpMethod="HttpMethod"),
        accepts=accepting(
            "RestApiId", "ResourceId", "HttpMethod", "Integration", "MethodResponses", *_METHOD_PARAMETERS
        ),
        update=anew(_create_method, _of_api("delete_method", resourceId="ResourceId", httpMethod="HttpMethod")),
    ),
    Kind(
        type="AWS::ApiGateway::Model",
        name=Name("Name", pattern=r"[A-Za-z0-9]+", joiner=""),
        create=_create_model,
        ref=given("Name"),
        delete=_named("delete_model", "modelName"),
        update=anew(_create_model, _named("delete_model", "modelName")),
    ),
    Kind(
        type="AWS::ApiGateway::RequestValidator",
        create=creating("apigateway", "create_request_validator"),
        ref=answered("id"),
        attributes={"RequestValidatorId": ref},
        delete=_named("delete_request_validator", "requestValidatorId"),
    ),
    Kind(
        type="AWS::ApiGateway::Deployment",
        create=creating("apigateway", "create_deployment"),
        ref=answered("id"),
        attributes={"DeploymentId": ref},
        delete=_named("delete_deployment", "deploymentId"),
        ignored=accepting("StageDescription"),
    ),
    Kind(
        type="AWS::ApiGateway::Stage",
        create=_create_stage,
        ref=given("StageName"),
        delete=_of_api("delete_stage", stageName="StageName"),
        update=anew(_create_stage, _of_api("delete_stage", stageName="StageName")),
    ),
    Kind(
        type="AWS::ApiGateway::GatewayResponse",
        create=_create_response(),
        ref=lambda made: f"{made.properties['RestApiId']}|{made.properties['ResponseType']}",
        delete=_of_api("delete_gateway_response", responseType="ResponseType"),
        update=again(_create_response()),
    ),
    Kind(
        type="AWS::ApiGateway::Account",
        create=_create_account,
        ref=lambda made: made.site.logical_id,
        accepts=accepting("CloudWatchRoleArn"),
        update=again(_create_account),
    ),
    Kind(
        type="AWS::ApiGateway::ApiKey",
        name=Name("Name", longest=1024, pattern=r"[^\x00-\x1f]+"),
        create=creating("apigateway", "create_api_key"),
        ref=answered("id"),
        attributes={"APIKeyId": ref},
        delete=deleting("apigateway", "delete_api_key", apiKey=ref),
    ),
    Kind(
        type="AWS::ApiGateway::UsagePlan",
        name=Name("UsagePlanName", pattern=r"[^\x00-\x1f]+"),
        create=creating("apigateway", "create_usage_plan", renamed={"UsagePlanName": "name"}),
        ref=answered("id"),
        attributes={"Id": ref},
        delete=deleting("apigateway", "delete_usage_plan", usagePlanId=ref),
    ),
    Kind(
        type="AWS::ApiGateway::UsagePlanKey",
        create=creating("apigateway", "create_usage_plan_key"),
        ref=lambda made: f"{made.properties['KeyId']}:{made.properties['UsagePlanId']}",
        delete=deleting("apigateway", "delete_usage_plan_key", usagePlanId=given("UsagePlanId"), keyId=given("KeyId")),
    ),
]
