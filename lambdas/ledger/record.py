"""Keeps what lines, deploys and alarms say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, recorder


@dataclass(frozen=True)
class Environment:
    ledger_table: str
    environment_name: str


ENVIRONMENT = environment.load(Environment)
DYNAMODB = boto3.client("dynamodb")
LOGGER = Logger(service="record")


def handler(event: dict[str, Any], _context: object) -> dict[str, bool]:
    recorded = recorder.record(DYNAMODB, ENVIRONMENT.ledger_table, ENVIRONMENT.environment_name, event)
    LOGGER.info(event["detail-type"], extra={**recorder.about(event), "recorded": recorded})
    return {"recorded": recorded}
