"""Custom resources: the function is invoked, and the resource exists once the function has said so."""

from __future__ import annotations

import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

from config.errors import LineError
from local.fidelity import Row
from local.resources.kinds import Answer, Kind, Made, Properties, Site

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [Row("CloudFormation", "custom resources", "real", "the function is invoked and its answer waited for")]

ROUTE = "/embedded/custom-resources/"
LONGEST = 3600.0
"""Seconds that CloudFormation waits for an answer when the resource does not say."""

AFTERWARDS = 60.0
"""Seconds that are waited once the function has returned: one that hands its work on answers later."""


class _Answers:
    """The answers that are waited for, by request."""

    def __init__(self) -> None:
        self._arrived: dict[str, threading.Event] = {}
        self._bodies: dict[str, dict[str, Any]] = {}

    def expect(self, request: str) -> None:
        self._arrived[request] = threading.Event()

    def accept(self, request: str, body: bytes) -> bool:
        if request not in self._arrived:
            return False
        self._bodies[request] = json.loads(body)
        self._arrived[request].set()
        return True

    def wait(self, request: str, seconds: float) -> dict[str, Any] | None:
        self._arrived[request].wait(seconds)
        self._arrived.pop(request)
        return self._bodies.pop(request, None)


_answers = _Answers()


def install(aws: EmbeddedAws) -> None:
    """Take answers where ResponseURL points."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        request = environ["PATH_INFO"].removeprefix(ROUTE)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        known = environ["REQUEST_METHOD"] == "PUT" and _answers.accept(request, body)
        start_response("200 OK" if known else "404 Not Found", [("Content-Length", "0")])
        return [b""]

    aws.add_route(lambda path: path.startswith(ROUTE), app)


def kind(type_: str) -> Kind:
    """Return the kind of a custom resource: each type is made the same way."""
    return Kind(
        type=type_,
        create=_create,
        ref=lambda made: made.answer["PhysicalResourceId"],
        delete=_delete,
        update=_update,
        data=True,
    )


def _create(site: Site, properties: Properties) -> Answer:
    return _ask(site, "Create", properties, physical_id=None)


def _update(made: Made, properties: Properties) -> Answer:
    """Ask for other properties; a resource that answers with another id has been replaced, so the old one goes."""
    answer = _ask(made.site, "Update", properties, physical_id=made.ref, former=made.properties)
    if answer["PhysicalResourceId"] != made.ref:
        _delete(made)
    return answer


def _delete(made: Made) -> None:
    _ask(made.site, "Delete", made.properties, physical_id=made.ref)


def _ask(
    site: Site, request_type: str, properties: Properties, *, physical_id: str | None, former: Properties | None = None
) -> Answer:
    request = str(uuid.uuid4())
    function = properties["ServiceToken"]
    if ":lambda:" not in function:
        raise LineError(f"the service token {function} is not a Lambda function, which the embedded AWS needs")
    event = {
        "RequestType": request_type,
        "ResponseURL": f"{site.aws.endpoint}{ROUTE}{request}",
        "StackId": stack.id if (stack := site.aws.stacks.find(site.stack)) else site.stack,
        "RequestId": request,
        "ResourceType": _type_of(site),
        "LogicalResourceId": site.logical_id,
        "ResourceProperties": _as_text(properties),
    }
    if physical_id:
        event["PhysicalResourceId"] = physical_id
    if former is not None:
        event["OldResourceProperties"] = _as_text(former)
    _answers.expect(request)
    result = site.aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    payload = json.loads(result["Payload"].read() or b"null")
    error = payload if result.get("FunctionError") else None
    limit = min(float(properties.get("ServiceTimeout", LONGEST)), AFTERWARDS)
    answer = _answers.wait(request, 0.0 if error else limit)
    name = function.rsplit(":", 1)[-1]
    if answer is None:
        why = error["errorMessage"] if error else f"it sent no answer to its ResponseURL within {limit:g} seconds"
        raise LineError(f"{request_type.lower()} of a custom resource failed in function {name}: {why}")
    if answer.get("Status") != "SUCCESS":
        reason = answer.get("Reason", "without a reason")
        raise LineError(f"{request_type.lower()} of a custom resource failed in function {name}: {reason}")
    return {
        "PhysicalResourceId": answer.get("PhysicalResourceId") or physical_id or request,
        "Data": answer.get("Data") or {},
    }


def _type_of(site: Site) -> str:
    stack = site.aws.stacks.find(site.stack)
    known = stack.wanted.resource(site.logical_id) if stack else {}
    return str(known.get("Type", "AWS::CloudFormation::CustomResource"))


def _as_text(value: Any) -> Any:
    """Return properties as CloudFormation sends them: every number and truth value as text."""
    if isinstance(value, dict):
        return {name: _as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
