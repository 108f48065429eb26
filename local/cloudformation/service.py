"""CloudFormation as the CDK CLI, the AWS CLI and boto3 reach it: each call answered by the engine of our own.

Seam: a gate before moto, so that moto's CloudFormation is never asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from moto.core.serialize import QuerySerializer
from moto.core.utils import get_service_model

from local import requests
from local.cloudformation.actions import Actions
from local.cloudformation.requested import RefusedError

if TYPE_CHECKING:
    from local.http_server import WsgiApp
    from local.server import EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    """Answer CloudFormation's calls, which the gate of authorisation has let through."""
    actions = Actions(aws)

    def gate(environ: dict[str, Any]) -> WsgiApp | None:
        signed = requests.signature(environ)
        if signed is None or signed.service != "cloudformation":
            return None
        call = requests.read(environ, "cloudformation")
        return _answer(actions, call) if call is not None else None

    aws.add_gate(gate)


def _answer(actions: Actions, call: requests.Call) -> WsgiApp:
    work: Callable[[Mapping[str, Any]], dict[str, Any]] | None = getattr(actions, xform_name(call.operation), None)
    if work is None:
        return requests.failure(
            call, "InvalidAction", f"the embedded AWS does not support cloudformation {call.operation}"
        )
    try:
        answer = work(call.parameters)
    except RefusedError as error:
        return requests.failure(call, error.code, str(error), error.status)
    operation = get_service_model("cloudformation").operation_model(call.operation)
    body = str(QuerySerializer(operation).serialize(answer)["body"]).encode()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))])
        return [body]

    return app
