"""API Gateway's request validators: required parameters, and bodies against a model."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from local.proxy_integration import HttpAnswer, HttpRequest, answer


def refuse(api: Any, method: Any, request: HttpRequest) -> HttpAnswer | None:
    """Return API Gateway's refusal of a request that its method's validator does not take, else None."""
    validator = api.request_validators.get(method.request_validator_id)
    if validator is None:
        return None
    if _true(validator.validate_request_parameters):
        missing = [name for name in _required(method) if not _has(request, name)]
        if missing:
            names = ", ".join(name.rsplit(".", 1)[-1] for name in missing)
            return answer(400, {"message": f"Missing required request parameters: [{names}]"})
    if _true(validator.validate_request_body):
        wrong = _wrong_in_body(api, method, request)
        return _bad_body(api, wrong) if wrong else None
    return None


def _bad_body(api: Any, wrong: str) -> HttpAnswer:
    """Return the answer to a bad body: the API's own gateway response, if it has one, or API Gateway's."""
    given = api.gateway_responses.get("BAD_REQUEST_BODY")
    templates = (given.response_templates if given else None) or {}
    text = templates.get("application/json", '{"message": $context.error.messageString}')
    text = text.replace("$context.error.messageString", '"Invalid request body"')
    text = text.replace("$context.error.validationErrorString", f"[{wrong}]")
    headers = {
        name.removeprefix("gatewayresponse.header."): value.strip("'")
        for name, value in ((given.response_parameters if given else None) or {}).items()
    }
    headers.setdefault("Content-Type", "application/json")
    return HttpAnswer(int((given.status_code if given else None) or 400), text.encode(), list(headers.items()))


def _required(method: Any) -> list[str]:
    return [name for name, needed in (method.request_parameters or {}).items() if _true(needed)]


def _has(request: HttpRequest, name: str) -> bool:
    _, _, place, key = name.split(".", 3)
    if place == "querystring":
        return key in request.query
    if place == "header":
        return key.lower() in {header.lower() for header in request.headers}
    return True  # a path parameter is there, else the path would not have matched


def _wrong_in_body(api: Any, method: Any, request: HttpRequest) -> str:
    """Return what a body has that its model does not allow, or nothing."""
    models = method.request_models or {}
    content_type = request.headers.get("Content-Type", "application/json").split(";")[0].strip()
    model = api.models.get(models.get(content_type)) if models else None
    model = model or next((m for m in api.models.values() if m.name == models.get(content_type)), None)
    if model is None:
        return ""
    try:
        jsonschema.Draft4Validator(json.loads(model.schema)).validate(json.loads(request.body or b"null"))
    except jsonschema.ValidationError as error:
        return str(error.message)
    except (ValueError, RecursionError):
        return "Unable to parse JSON"
    return ""


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
