"""InvokeEndpoint: a request is passed to one of the endpoint's variants, chosen by their weights."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.sagemaker.models import sagemaker_backends

from local.fidelity import Row
from local.model_server import Answer
from local.traffic import Traffic

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("SageMaker", "InvokeEndpoint with its ModelError and ValidationError", "real"),
    Row("SageMaker", "payload limits, streaming answers, InvokeEndpointAsync", "absent"),
]

PATH = re.compile(r"^/endpoints/([^/]+)/invocations$")
CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
Start = Callable[[str, list[tuple[str, str]]], Any]


def install(aws: EmbeddedAws) -> None:
    """Answer ``POST /endpoints/NAME/invocations``."""
    aws.add_route(lambda path: PATH.match(path) is not None, lambda environ, start: invoke(aws, environ, start))


def invoke(aws: EmbeddedAws, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
    """Answer one invocation."""
    found = PATH.match(environ["PATH_INFO"])
    name = unquote(found[1]) if found else ""
    backend: Any = sagemaker_backends[aws.account][aws.region]
    traffic: Traffic | None = backend.serving.get(name)
    if traffic is None:
        message = f"Endpoint {name} of account {aws.account} not found."
        return _error(start, "400 Bad Request", "ValidationError", {"message": message})
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = {
        "Content-Type": environ.get("CONTENT_TYPE") or "application/octet-stream",
        "Accept": environ.get("HTTP_ACCEPT", "*/*"),
        CUSTOM: environ.get("HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES", ""),
    }
    with traffic.fleet() as fleet:
        variant = choose(fleet.variants, backend.endpoints[name].production_variants, environ)
        if variant is None:
            message = f"Variant {environ[TARGET]} not found for endpoint {name}"
            return _error(start, "400 Bad Request", "ValidationError", {"message": message})
        answer = fleet.answer(variant, body, headers)
    if answer.status != 200:
        return _model_error(start, variant, answer)
    return _reply(start, "200 OK", answer.body, answer.content_type, [("x-Amzn-Invoked-Production-Variant", variant)])


TARGET = "HTTP_X_AMZN_SAGEMAKER_TARGET_VARIANT"


def choose(
    variants: list[Mapping[str, Any]], described: list[Mapping[str, Any]], environ: Mapping[str, Any]
) -> str | None:
    """Return the variant that the caller wants (None when there is none), else one by the variants' weights."""
    names = [variant["VariantName"] for variant in variants]
    if target := environ.get(TARGET):
        return target if target in names else None
    weights = {variant["VariantName"]: float(variant.get("CurrentWeight", 1)) for variant in described}
    given = [weights.get(name, 1.0) for name in names]
    return str(random.choices(names, given)[0] if sum(given) else names[0])  # noqa: S311


def _model_error(start: Start, variant: str, answer: Answer) -> Iterable[bytes]:
    side = "client" if answer.status < 500 else "server"
    told = {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if side == "client" else "SERVER_ERROR_FROM_MODEL",
        "OriginalStatusCode": answer.status,
        "OriginalMessage": answer.body.decode("utf-8", "replace"),
        "LogStreamArn": "",
        "Message": f'Received {side} error ({answer.status}) from {variant} with message "'
        f'{answer.body.decode("utf-8", "replace")}".',
    }
    return _error(start, "424 Failed Dependency", "ModelError", told)


def _error(start: Start, status: str, kind: str, told: Mapping[str, Any]) -> Iterable[bytes]:
    return _reply(start, status, json.dumps(told).encode(), "application/json", [("x-amzn-ErrorType", kind)])


def _reply(
    start: Start, status: str, body: bytes, content_type: str, headers: list[tuple[str, str]]
) -> Iterable[bytes]:
    fixed = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", str(uuid.uuid4())),
    ]
    start(status, [*fixed, *headers])
    return [body]
