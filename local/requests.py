"""Reading a request as AWS would: whose it is, which operation of which service, with which parameters.

It leans on moto's routers and parsers (moto/core/routing.py, moto/core/parse.py), which are driven by botocore's
service descriptions and so know every operation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape, unescape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")

_MODELS = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "email": "ses",
    "tagging": "resourcegroupstaggingapi",
}
"""Botocore's name of a service whose signing name differs."""

_REFUSALS = {"json": ("AccessDeniedException", 400), "rest-json": ("AccessDeniedException", 403)}
_XML = {
    "ec2": "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>",
    "query": "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    "<RequestId>embedded</RequestId></ErrorResponse>",
    "rest-xml": "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>embedded</RequestId></Error>",
}
_CODES = {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}


@dataclass(frozen=True)
class Signature:
    """Who signed a request, for which service."""

    access_key: str
    region: str
    service: str


@dataclass(frozen=True)
class Call:
    """One operation with its parameters, as botocore names them."""

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    protocol: str = ""


def signature(environ: Mapping[str, Any]) -> Signature | None:
    """Return who signed, in the header or in a presigned URL, or None."""
    header = environ.get("HTTP_AUTHORIZATION", "")
    if not header and "X-Amz-Credential" in environ.get("QUERY_STRING", ""):
        value = parse_qs(environ["QUERY_STRING"]).get("X-Amz-Credential", [""])[0]
        header = f"Credential={value}"
    match = _CREDENTIAL.search(header)
    return Signature(*match.groups()) if match else None


def read(environ: dict[str, Any], service: str) -> Call | None:
    """Return the call that a request makes, or None when it is none that AWS knows.

    ``service`` is the signing name. The body, which the HTTP server holds in memory, can be read again afterwards.
    """
    name = _model_of(service, environ)
    if name == "s3":
        return _read_s3(environ)
    request = Request(environ)
    try:
        operation, labels = get_service_router(name).match(request)
        protocol = determine_request_protocol(operation.service_model, request.content_type)
        parsed = PROTOCOL_PARSERS[protocol](operation).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.get_data(),
                "url_path": request.path,
                "url_params": labels,
            }
        )
    except (HTTPException, NotImplementedError, KeyError, ValueError):
        return None
    finally:
        environ["wsgi.input"].seek(0)
    return Call(service=service, operation=operation.name, parameters=parsed, protocol=protocol)


def refusal(call: Call, message: str) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """Return the answer that refuses a call, in the shape of its protocol."""
    code, status = _REFUSALS.get(call.protocol, ("AccessDenied", 403))
    return failure(call, _CODES.get(call.service, code), message, status)


def failure(
    call: Call, code: str, message: str, status: int = 400
) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """Return the answer that an operation failed, in the shape of its protocol."""
    if call.protocol in _REFUSALS:
        content = json.dumps({"__type": code, "message": message}).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}
    else:
        shape = _XML.get(call.protocol, _XML["query"])
        content = shape.format(code=code, message=escape(message)).encode()
        headers = {"Content-Type": "text/xml"}
    headers["Content-Length"] = str(len(content))

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    return app


def _model_of(service: str, environ: Mapping[str, Any]) -> str:
    path, target = environ.get("PATH_INFO", ""), environ.get("HTTP_X_AMZ_TARGET", "")
    if service == "sagemaker" and path.startswith("/endpoints/"):
        return "sagemaker-runtime"
    if service == "dynamodb" and target.startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    return _MODELS.get(service, service)


def _read_s3(environ: dict[str, Any]) -> Call | None:
    """Read an S3 call from its path, query and headers; the body only where it names objects."""
    try:
        operation, labels = get_service_router("s3").match(Request(environ))
    except HTTPException:
        return None
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    parameters: dict[str, Any] = dict(labels)
    for name, key in (("versionId", "VersionId"), ("prefix", "Prefix"), ("delimiter", "Delimiter")):
        if name in query:
            parameters[key] = query[name][0]
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        parameters["CopySource"] = unquote(source).lstrip("/").split("?", 1)[0]
    if operation.name == "DeleteObjects":
        keys = re.findall(rb"<Key>(.*?)</Key>", environ["wsgi.input"].read(), re.DOTALL)
        environ["wsgi.input"].seek(0)
        parameters["Keys"] = [unescape(key.decode()) for key in keys]
    return Call(service="s3", operation=operation.name, parameters=parameters, protocol="rest-xml")
