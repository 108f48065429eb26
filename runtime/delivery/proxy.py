"""The REST endpoint's side of API Gateway's proxy integration: bodies in, answers out."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NoReturn

LARGEST_BODY = 512 * 1024
"""Characters: a batch of rows or labels is well below."""


class Refused(Exception):  # noqa: N818 (an answer, not a fault)
    """A request that gets an answer other than 200; the message is for its sender."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def body_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object in the body; raises Refused (400 or 413) with one message saying what is wrong."""
    body = event.get("body") or ""
    if len(body) > LARGEST_BODY:
        raise Refused(413, f"the body has {len(body)} characters, expected at most {LARGEST_BODY}: send fewer at once")
    try:
        text = base64.b64decode(body, validate=True).decode() if event.get("isBase64Encoded") else body
        given = json.loads(text, parse_constant=_no_constant, parse_float=_number, object_pairs_hook=_fields)
        json.dumps(given, ensure_ascii=False).encode()  # an escaped half of a surrogate pair is no text
    except (ValueError, binascii.Error, RecursionError):
        raise Refused(400, "the body is not JSON: send one JSON object (without NaN or Infinity)") from None
    if not isinstance(given, dict):
        raise Refused(400, "the body is not a JSON object: send one, with a field per column")
    return given


def answer(status: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response that API Gateway passes on."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(content)}


def refusal(refused: Refused) -> dict[str, Any]:
    """Return the response for a request that was refused: ``{"message": ...}``."""
    return answer(refused.status, {"message": str(refused)})


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refused(400, "the body names a field twice, expected each once: send one of its values")
    return found


def _number(text: str) -> float:
    """Return a number, a whole one as such: to JSON 7.0 is 7."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
