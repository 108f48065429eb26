"""Keeps what lines say on the event bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, ledger


@dataclass(frozen=True)
class Environment:
    ledger_table: str


ENVIRONMENT = environment.load(Environment)
DYNAMODB = boto3.client("dynamodb")
LOGGER = Logger(service="record")


def handler(event: dict[str, Any], _context: object) -> dict[str, bool]:
    LOGGER.append_keys(line=event["detail"]["line"], run=event["detail"]["run"])
    recorded = ledger.record(DYNAMODB, ENVIRONMENT.ledger_table, event)
    LOGGER.info(event["detail-type"], extra={"station": event["detail"]["station"], "recorded": recorded})
    return {"recorded": recorded}
