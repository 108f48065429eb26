"""REST APIs answer as API Gateway does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.server import EmbeddedAws
from tests.local.assemblies import allow, function, role_for, write_assembly

ECHO = """
import base64, json
def handler(event, context):
    if event["path"].endswith("broken"): raise RuntimeError("x")
    if event["path"].endswith("binary"):
        return {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\\x00\\x01").decode(),
                "headers": {"Content-Type": "application/octet-stream"}}
    return {"statusCode": 201, "body": json.dumps(event), "headers": {"X-Line": "flights"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}}
"""
API = {"Ref": "Api"}


def resource(parent: Any, part: str) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGateway::Resource",
        "Properties": {"RestApiId": API, "ParentId": parent, "PathPart": part},
    }


def method(at: Any, verb: str, **properties: Any) -> dict[str, Any]:
    path = "lambda:path/2015-03-31/functions/${Echo.Arn}/invocations"
    uri = {"Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:{path}"}
    return {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": API,
            "ResourceId": at,
            "HttpMethod": verb,
            "AuthorizationType": "NONE",
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
            **properties,
        },
    }


SCHEMA = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
RESOURCES: dict[str, Any] = {
    "Role": role_for("lambda"),
    "Caller": role_for("ec2", allow("execute-api:Invoke", {"Fn::Sub": "arn:aws:execute-api:*:*:${Api}/*/GET/signed"})),
    "Echo": function(ECHO),
    "Silent": function(ECHO),
    "Permission": {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": {"Ref": "Echo"},
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/*/*"},
        },
    },
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "line"}},
    "Predictions": resource({"Fn::GetAtt": ["Api", "RootResourceId"]}, "predictions"),
    "Id": resource({"Ref": "Predictions"}, "{id}"),
    "Latest": resource({"Ref": "Predictions"}, "latest"),
    "Rest": resource({"Fn::GetAtt": ["Api", "RootResourceId"]}, "{rest+}"),
    "Signed": resource({"Fn::GetAtt": ["Api", "RootResourceId"]}, "signed"),
    "Keyed": resource({"Fn::GetAtt": ["Api", "RootResourceId"]}, "keyed"),
    "Mute": resource({"Fn::GetAtt": ["Api", "RootResourceId"]}, "mute"),
    "Model": {
        "Type": "AWS::ApiGateway::Model",
        "Properties": {"RestApiId": API, "Name": "Request", "ContentType": "application/json", "Schema": SCHEMA},
    },
    "Validator": {
        "Type": "AWS::ApiGateway::RequestValidator",
        "Properties": {"RestApiId": API, "ValidateRequestBody": True, "ValidateRequestParameters": True},
    },
    "Post": method(
        {"Ref": "Predictions"},
        "POST",
        RequestValidatorId={"Ref": "Validator"},
        RequestModels={"application/json": {"Ref": "Model"}},
        RequestParameters={"method.request.querystring.day": True},
    ),
    "Get": method({"Ref": "Id"}, "GET"),
    "GetLatest": method({"Ref": "Latest"}, "GET"),
    "AnyRest": method({"Ref": "Rest"}, "ANY"),
    "GetSigned": method({"Ref": "Signed"}, "GET", AuthorizationType="AWS_IAM"),
    "PostSigned": method({"Ref": "Signed"}, "POST", AuthorizationType="AWS_IAM"),
    "GetKeyed": method({"Ref": "Keyed"}, "GET", ApiKeyRequired=True),
    "GetMute": method(
        {"Ref": "Mute"},
        "GET",
        Integration={
            "Type": "AWS_PROXY",
            "Uri": {
                "Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Silent.Arn}/invocations"
            },
        },
    ),
    "Options": method(
        {"Ref": "Predictions"},
        "OPTIONS",
        Integration={
            "Type": "MOCK",
            "RequestTemplates": {"application/json": '{"statusCode": 204}'},
            "IntegrationResponses": [
                {"StatusCode": "204", "ResponseParameters": {"method.response.header.Allow": "'GET,POST'"}}
            ],
        },
        MethodResponses=[{"StatusCode": "204", "ResponseParameters": {"method.response.header.Allow": True}}],
    ),
    "Deployment": {
        "Type": "AWS::ApiGateway::Deployment",
        "Properties": {"RestApiId": API},
        "DependsOn": ["Post", "Get"],
    },
    "Stage": {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {"RestApiId": API, "DeploymentId": {"Ref": "Deployment"}, "StageName": "live"},
    },
    "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": True, "Value": "k" * 20}},
    "Plan": {
        "Type": "AWS::ApiGateway::UsagePlan",
        "Properties": {"ApiStages": [{"ApiId": API, "Stage": {"Ref": "Stage"}}]},
    },
    "PlanKey": {
        "Type": "AWS::ApiGateway::UsagePlanKey",
        "Properties": {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}},
    },
}
OUTPUTS = {
    "Url": {"Value": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}/"}},
    "Caller": {"Value": {"Ref": "Caller"}},
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.deploy(write_assembly(tmp_path_factory.mktemp("s"), {"S": {"Resources": RESOURCES, "Outputs": OUTPUTS}}))
        yield aws


def url(aws: EmbeddedAws, path: str) -> str:
    return aws.deployments[0].outputs["S"]["Url"] + path


def test_a_request_reaches_the_function_as_a_proxy_event(aws: EmbeddedAws) -> None:
    answer = httpx.get(url(aws, "predictions/a%20b?day=1&day=2"), headers={"X-Trace": "t"}, timeout=30)
    event = answer.json()
    assert answer.status_code == 201
    assert answer.headers["x-line"] == "flights"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert (event["resource"], event["httpMethod"]) == ("/predictions/{id}", "GET")
    assert event["pathParameters"] == {"id": "a%20b"}  # a REST API hands on what was sent
    assert event["queryStringParameters"] == {"day": "2"}
    assert event["multiValueQueryStringParameters"] == {"day": ["1", "2"]}
    assert event["headers"]["X-Trace"] == "t"
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
    assert event["requestContext"]["resourcePath"] == "/predictions/{id}"


def test_a_fixed_path_wins_over_a_parameter_and_that_over_a_greedy_one(aws: EmbeddedAws) -> None:
    resources = [
        httpx.get(url(aws, path), timeout=30).json()["resource"]
        for path in ("predictions/latest", "predictions/x", "else/where")
    ]
    assert resources == ["/predictions/latest", "/predictions/{id}", "/{rest+}"]


def test_a_binary_answer_is_decoded(aws: EmbeddedAws) -> None:
    assert httpx.get(url(aws, "a/binary"), timeout=30).content == b"\x00\x01"


def test_a_function_that_raises_is_a_bad_gateway(aws: EmbeddedAws) -> None:
    answer = httpx.get(url(aws, "broken"), timeout=30)
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})


def test_a_body_that_the_model_does_not_take_is_refused(aws: EmbeddedAws) -> None:
    answer = httpx.post(url(aws, "predictions?day=1"), json={"id": 3}, timeout=30)
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid request body"})
    assert httpx.post(url(aws, "predictions?day=1"), json={"id": "x"}, timeout=30).status_code == 201


def test_a_missing_parameter_is_named(aws: EmbeddedAws) -> None:
    answer = httpx.post(url(aws, "predictions"), json={"id": "x"}, timeout=30)
    assert (answer.status_code, answer.json()) == (400, {"message": "Missing required request parameters: [day]"})


def test_a_mock_answers_by_itself(aws: EmbeddedAws) -> None:
    answer = httpx.options(url(aws, "predictions"), timeout=30)
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET,POST")


def test_an_unknown_method_or_stage_is_forbidden(aws: EmbeddedAws) -> None:
    answer = httpx.delete(url(aws, "predictions"), timeout=30)
    assert (answer.status_code, answer.json()) == (201, answer.json())  # the greedy path takes any method
    stageless = httpx.get(url(aws, "predictions/x").replace("/live/", "/absent/"), timeout=30)
    assert (stageless.status_code, stageless.json()) == (403, {"message": "Forbidden"})
    rootless = httpx.get(url(aws, ""), timeout=30)
    assert (rootless.status_code, rootless.json()) == (403, {"message": "Missing Authentication Token"})


def signed(aws: EmbeddedAws, verb: str, path: str) -> httpx.Response:
    role = aws.deployments[0].outputs["S"]["Caller"]
    known = aws.credentials(f"arn:aws:iam::123456789012:role/{role}")
    request = AWSRequest(verb, url(aws, path))
    SigV4Auth(Credentials(known.access_key, known.secret_key, known.token), "execute-api", "us-east-1").add_auth(
        request
    )
    return httpx.request(verb, url(aws, path), headers=dict(request.headers), timeout=30)


def test_iam_authorisation_wants_a_signature(aws: EmbeddedAws) -> None:
    answer = httpx.get(url(aws, "signed"), timeout=30)
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_iam_authorisation_checks_the_callers_role(aws: EmbeddedAws) -> None:
    assert signed(aws, "GET", "signed").status_code == 201
    refused = signed(aws, "POST", "signed")
    assert refused.status_code == 403
    assert "is not authorized to perform: execute-api:Invoke on resource: " in refused.json()["Message"]


def test_a_key_of_a_usage_plan_is_demanded(aws: EmbeddedAws) -> None:
    assert httpx.get(url(aws, "keyed"), timeout=30).json() == {"message": "Forbidden"}
    assert httpx.get(url(aws, "keyed"), headers={"x-api-key": "k" * 20}, timeout=30).status_code == 201


def test_a_function_without_permission_is_not_called(aws: EmbeddedAws) -> None:
    answer = httpx.get(url(aws, "mute"), timeout=30)
    assert (answer.status_code, json.loads(answer.content)) == (500, {"message": "Internal server error"})
    assert any("its permission to call" in problem for problem in aws.problems)


def test_a_bad_body_is_answered_as_the_apis_gateway_response_says(aws: EmbeddedAws) -> None:
    api = url(aws, "").split("/restapis/")[1].split("/")[0]
    client = aws.client("apigateway")
    client.put_gateway_response(
        restApiId=api,
        responseType="BAD_REQUEST_BODY",
        statusCode="422",
        responseParameters={"gatewayresponse.header.Content-Type": "'text/plain'"},
        responseTemplates={"application/json": "wrong: $context.error.validationErrorString"},
    )
    try:
        answer = httpx.post(url(aws, "predictions?day=1"), json={}, timeout=30)
    finally:
        client.delete_gateway_response(restApiId=api, responseType="BAD_REQUEST_BODY")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/plain")
    assert answer.text == "wrong: ['id' is a required property]"
