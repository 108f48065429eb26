"""The OpenAPI 3.1 document of a line's REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runtime.delivery.api import JSON, REFUSAL, STAGE, Operation, operations

if TYPE_CHECKING:
    from config.line import Line

_SECURITY = {
    "iam": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
        "description": "AWS Signature Version 4, service execute-api",
    },
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}
_ALWAYS = {
    403: "the request is not signed, its key is unknown, or there is no such call",
    429: "too many requests: wait a moment",
    500: "API Gateway failed: try again",
    502: "the call failed unexpectedly: its log tells why",
    504: "no answer within 29 seconds: try again",
}


def document(line: Line, *, endpoint: bool = True, url: str = f"/{STAGE}") -> dict[str, Any]:
    """Return the document; ``url`` is where the API is, by default a path on the host that serves the document."""
    calls = operations(line, endpoint=endpoint)
    scheme = line.delivery.rest.authorization if line.delivery.rest else "iam"
    schemas: dict[str, Any] = {"Refusal": REFUSAL}
    paths: dict[str, Any] = {}
    for call in calls:
        schemas[call.answer] = call.schema
        if call.body is not None:
            schemas[call.body.name] = call.body.schema
        paths.setdefault(call.path, {})[call.verb.lower()] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Predictions of line {line.line}", "version": STAGE, "description": line.question},
        "servers": [{"url": url.rstrip("/")}],
        "security": [{scheme: []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {scheme: _SECURITY[scheme]}},
    }


def _operation(call: Operation) -> dict[str, Any]:
    good = {**_content(call.answer), "description": "as asked"}
    good["content"][JSON]["example"] = call.example
    answers: dict[str, Any] = {str(call.status): good}
    if call.body is not None:
        bad = {**_content("Refusal"), "description": "something in the body is wrong: the message says what"}
        bad["content"]["text/plain"] = {"schema": {"type": "string"}}  # what API Gateway itself found
        answers["400"] = bad
    for status, meaning in sorted({**_ALWAYS, **call.refusals}.items()):
        plain = {**_content("Refusal"), "description": meaning}
        answers[str(status)] = {"description": meaning} if status in _ALWAYS else plain
    made: dict[str, Any] = {"operationId": call.id, "summary": call.does, "responses": answers}
    if "{id}" in call.path:
        text = {"type": "string", "minLength": 1}
        made["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": text, "example": "example-1"}]
    if call.body is not None:
        content = {"schema": {"$ref": f"#/components/schemas/{call.body.name}"}, "example": call.body.example}
        made["requestBody"] = {"required": True, "content": {JSON: content}}
    return made


def _content(name: str) -> dict[str, Any]:
    return {"content": {JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
