"""GET /predictions/{id}: the newest prediction of an id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.delivery import lookup, proxy


@dataclass(frozen=True)
class Environment:
    predictions_table: str
    line: str


ENVIRONMENT = environment.load(Environment)
DYNAMODB = boto3.client("dynamodb")
LOGGER = Logger(service="look-up")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    try:
        record = lookup.find(DYNAMODB, ENVIRONMENT.predictions_table, ENVIRONMENT.line, _id(event))
    except proxy.Refused as refused:
        LOGGER.info("refused", extra={"status": refused.status})
        return proxy.refusal(refused)
    return proxy.answer(200, record)


def _id(event: dict[str, Any]) -> str:
    """API Gateway hands the path's part on as it was sent, with its percent signs."""
    return unquote((event.get("pathParameters") or {}).get("id") or "")
