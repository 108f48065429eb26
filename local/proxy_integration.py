"""API Gateway's integrations: the Lambda proxy's event and answer, and mock answers."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from local.function_policies import lets_service_call

if TYPE_CHECKING:
    from local.api_gateway import Target
    from local.server import EmbeddedAws

_FUNCTION = re.compile(r"/functions/(arn:[^/]+)/invocations")


@dataclass(frozen=True)
class HttpRequest:
    """An HTTP request as it came."""

    method: str
    raw_path: str
    """With its percent signs."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    caller: str

    @classmethod
    def read(cls, environ: Mapping[str, Any]) -> HttpRequest:
        """Read it from a WSGI environment."""
        headers = {
            name[5:].replace("_", "-").title(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        return cls(
            method=environ["REQUEST_METHOD"],
            raw_path=environ.get("RAW_URI", "").partition("?")[0]
            or quote(environ.get("PATH_INFO", ""), encoding="latin-1"),
            query=parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True),
            headers=headers,
            body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
            caller=environ.get("REMOTE_ADDR", ""),
        )


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)


def answer(status: int, content: Any) -> HttpAnswer:
    """Return a JSON answer."""
    return HttpAnswer(status, json.dumps(content).encode(), [("Content-Type", "application/json")])


_INTERNAL = answer(502, {"message": "Internal server error"})


def integrate(aws: EmbeddedAws, target: Target, request: HttpRequest, path: str) -> HttpAnswer:
    """Hand the request to what its method is integrated with."""
    integration = target.method.method_integration
    if integration is None:
        return answer(500, {"message": "No integration defined for method"})
    if integration.integration_type == "MOCK":
        return _mock(integration)
    function = _FUNCTION.search(integration.uri or "")
    if integration.integration_type != "AWS_PROXY" or function is None:
        text = f"integration {integration.integration_type} is not available in the embedded AWS"
        return answer(501, {"message": text})
    source = f"arn:aws:execute-api:{aws.region}:{aws.account}:{target.api.id}/{target.stage.name}/"
    source += f"{request.method}{target.resource.get_path()}"
    if not lets_service_call(aws, function[1], "apigateway.amazonaws.com", source):
        aws.problems.append(f"API {target.api.name}: its permission to call {function[1]} is missing (AWS answers 500)")
        return answer(500, {"message": "Internal server error"})
    event = _event(aws, target, request, path)
    result = aws.client("lambda").invoke(FunctionName=function[1], Payload=json.dumps(event))
    payload = json.loads(result["Payload"].read() or b"null")
    if result.get("FunctionError") or not isinstance(payload, dict) or "statusCode" not in payload:
        return _INTERNAL
    return _from_function(payload)


def _from_function(payload: dict[str, Any]) -> HttpAnswer:
    body = payload.get("body") or ""
    content = base64.b64decode(body) if payload.get("isBase64Encoded") else str(body).encode()
    headers = [(name, str(value)) for name, value in (payload.get("headers") or {}).items()]
    for name, values in (payload.get("multiValueHeaders") or {}).items():
        headers += [(name, str(value)) for value in values]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return HttpAnswer(int(payload["statusCode"]), content, headers)


def _mock(integration: Any) -> HttpAnswer:
    responses = list((integration.integration_responses or {}).values())
    chosen = next((item for item in responses if not item.selection_pattern), None)
    if chosen is None:
        return _INTERNAL
    prefix = "method.response.header."
    headers = [
        (name.removeprefix(prefix), value.strip("'"))
        for name, value in (chosen.response_parameters or {}).items()
        if name.startswith(prefix)
    ]
    body = (chosen.response_templates or {}).get("application/json") or ""
    return HttpAnswer(int(chosen.status_code), body.encode(), [*headers, ("Content-Type", "application/json")])


def _event(aws: EmbeddedAws, target: Target, request: HttpRequest, path: str) -> dict[str, Any]:
    """Return the event that a proxied function receives."""
    text, encoded = _text(request.body)
    now = dt.datetime.now(tz=dt.UTC)
    stage, resource = target.stage.name, target.resource.get_path()
    return {
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        "headers": dict(request.headers),
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in request.query.items()} or None,
        "multiValueQueryStringParameters": dict(request.query) or None,
        "pathParameters": dict(target.path_parameters) or None,
        "stageVariables": target.stage.variables or None,
        "requestContext": {
            "accountId": aws.account,
            "apiId": target.api.id,
            "domainName": f"{target.api.id}.execute-api.{aws.region}.amazonaws.com",
            "httpMethod": request.method,
            "identity": {"sourceIp": request.caller, "userAgent": request.headers.get("User-Agent", "")},
            "path": f"/{stage}{path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTime": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "resourceId": target.resource.id,
            "resourcePath": resource,
            "stage": stage,
        },
        "body": text,
        "isBase64Encoded": encoded,
    }


def _text(body: bytes) -> tuple[str | None, bool]:
    """Return a body as text, or as base64 when it is none."""
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True
