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
    if _true(validator.validate_request_body) and not _body_is_valid(api, method, request):
        return answer(400, {"message": "Invalid request body"})
    return None


def _required(method: Any) -> list[str]:
    return [name for name, needed in (method.request_parameters or {}).items() if _true(needed)]


def _has(request: HttpRequest, name: str) -> bool:
    _, _, place, key = name.split(".", 3)
    if place == "querystring":
        return key in request.query
    if place == "header":
        return key.lower() in {header.lower() for header in request.headers}
    return True  # a path parameter is there, else the path would not have matched


def _body_is_valid(api: Any, method: Any, request: HttpRequest) -> bool:
    models = method.request_models or {}
    content_type = request.headers.get("Content-Type", "application/json").split(";")[0].strip()
    model = api.models.get(models.get(content_type)) if models else None
    model = model or next((m for m in api.models.values() if m.name == models.get(content_type)), None)
    if model is None:
        return True
    try:
        jsonschema.Draft4Validator(json.loads(model.schema)).validate(json.loads(request.body or b"null"))
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
