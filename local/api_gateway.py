"""REST APIs that answer: a route on the server → authorisation, validation → the method's integration.

``http://127.0.0.1:PORT/restapis/<api>/<stage>/_user_request_/<path>`` stands for
``https://<api>.execute-api.<region>.amazonaws.com/<stage>/<path>``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.apigateway.models import apigateway_backends

from local import proxy_integration, request_validation, requests
from local.fidelity import Row
from local.iam_checks import Check
from local.proxy_integration import HttpAnswer, HttpRequest, answer

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("API Gateway", "REST APIs: Lambda proxy and mock integrations", "real", "under a local URL"),
    Row("API Gateway", "IAM authorisation", "approximated", "who signed is checked, the signature itself is not"),
    Row("API Gateway", "API keys, request validators and models", "real", ""),
    Row("API Gateway", "authorizers, usage quotas, throttling, access logs, other integrations", "absent", ""),
]

_ROUTE = re.compile(r"/restapis/(?P<api>[^/]+)/(?P<stage>[^/]+)/_user_request_(?P<path>/.*)?")


@dataclass(frozen=True)
class Target:
    """The method that a request meant, and what its path named."""

    api: Any
    stage: Any
    resource: Any
    method: Any
    path_parameters: Mapping[str, str]


def install(aws: EmbeddedAws) -> None:
    """Answer requests to REST APIs."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        given = _handle(aws, environ)
        headers = [("Content-Length", str(len(given.body))), *given.headers]
        start_response(f"{given.status} {'OK' if given.status < 400 else 'Error'}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [given.body]

    aws.add_route(lambda path: _ROUTE.fullmatch(path) is not None, app)


def _handle(aws: EmbeddedAws, environ: dict[str, Any]) -> HttpAnswer:
    request = HttpRequest.read(environ)
    match = _ROUTE.fullmatch(request.raw_path)
    backend = apigateway_backends[aws.account][aws.region]
    api = backend.apis.get(match["api"]) if match else None
    stage = api.stages.get(match["stage"]) if api and match else None
    if match is None or api is None or stage is None:
        return answer(403, {"message": "Forbidden"})
    path = match["path"] or "/"
    target = _find(api, stage, request.method, path)
    if target is None:
        return answer(403, {"message": "Missing Authentication Token"})
    refused = (
        _authorise(aws, environ, target, path)
        or _demand_key(backend, target, request)
        or request_validation.refuse(target.api, target.method, request)
    )
    return refused or proxy_integration.integrate(aws, target, request, path)


def _find(api: Any, stage: Any, verb: str, path: str) -> Target | None:
    """Return the method for a path: fixed parts win over parameters, and parameters over greedy ones."""
    trimmed = path.rstrip("/") or "/"
    ranked = sorted(api.resources.values(), key=lambda resource: (_rank(resource), -len(resource.get_path())))
    for resource in ranked:
        pattern = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", resource.get_path())
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        match = re.fullmatch(pattern, trimmed)
        method = resource.resource_methods.get(verb) or resource.resource_methods.get("ANY")
        if match and method:
            return Target(api, stage, resource, method, match.groupdict())
    return None


def _rank(resource: Any) -> int:
    path = resource.get_path()
    return 2 if "+}" in path else 1 if "{" in path else 0


def _authorise(aws: EmbeddedAws, environ: dict[str, Any], target: Target, path: str) -> HttpAnswer | None:
    kind = target.method.authorization_type or "NONE"
    if kind == "NONE":
        return None
    if kind != "AWS_IAM":
        return answer(500, {"message": f"authorization {kind} is not available in the embedded AWS"})
    signed = requests.signature(environ)
    if signed is None:
        return answer(403, {"message": "Missing Authentication Token"})
    role = aws.authorizer.role_of(signed.access_key)
    if role is None:
        return None  # the operator
    verb = target.method.http_method if target.method.http_method != "ANY" else environ["REQUEST_METHOD"]
    arn = f"arn:aws:execute-api:{aws.region}:{aws.account}:{target.api.id}/{target.stage.name}/{verb}{path}"
    verdict, _ = aws.authorizer.decide(role, Check("execute-api:Invoke", (arn,)))
    if verdict == "allowed":
        return None
    user = f"arn:aws:sts::{aws.account}:assumed-role/{role}/{role[:64]}"
    text = f"User: {user} is not authorized to perform: execute-api:Invoke on resource: {arn}"
    return answer(403, {"Message": text})


def _demand_key(backend: Any, target: Target, request: HttpRequest) -> HttpAnswer | None:
    """Refuse a request without a key of a usage plan of this stage, where the method demands one."""
    if not target.method.api_key_required:
        return None
    given = request.headers.get("X-Api-Key")
    for plan in backend.usage_plans.values():
        stages = {(stage.get("apiId"), stage.get("stage")) for stage in plan.api_stages}
        if (target.api.id, target.stage.name) in stages:
            for key in backend.usage_plan_keys.get(plan.id, {}).values():
                if key.value == given:
                    return None
    return answer(403, {"message": "Forbidden"})
